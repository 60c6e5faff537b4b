"""What Hypothesis draws for every kind of frame and message: any value that the protocol allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from emulator.core.eui64 import Eui64
from emulator.ports.aps import SimpleDescriptor
from emulator.zigbee.clusters import gbcs_transport, identify, key_establishment, tunnelling
from emulator.zigbee.clusters.definition import Side
from emulator.zigbee.frames import aps, aps_commands, beacon, mac, mac_commands, nwk, nwk_commands, zcl, zdo
from emulator.zigbee.frames import zcl_foundation as foundation
from emulator.zigbee.frames import zcl_reporting as reporting
from emulator.zigbee.frames import zcl_types as types

Strategy = st.SearchStrategy


def unsigned(bits: int) -> Strategy[int]:
    return st.integers(0, (1 << bits) - 1)


u2, u3, u4, u5, u8, u16, u24, u32, u64 = (unsigned(bits) for bits in (2, 3, 4, 5, 8, 16, 24, 32, 64))
flag = st.booleans()
eui64 = u64.map(Eui64)
key = st.binary(min_size=16, max_size=16)
short_list = st.lists(u16, max_size=12).map(tuple)


def optional(strategy: Strategy[object]) -> Strategy[object]:
    return st.none() | strategy


# --- MAC -------------------------------------------------------------------------------------------------------------

_absent = st.just((None, None, False))
_short = st.tuples(u16, u16, st.just(False))
_extended = st.tuples(u16, u64, st.just(True))
_addressing = _absent | _short | _extended


@st.composite
def mac_frames(draw: st.DrawFn) -> mac.MacFrame:
    destination_pan, destination, destination_extended = draw(_addressing)
    source_pan, source, source_extended = draw(_addressing)
    if source_pan is not None and destination_pan is not None and draw(flag):
        source_pan = destination_pan
    return mac.MacFrame(
        draw(st.sampled_from(mac.FrameType)),
        draw(u8),
        destination_pan,
        destination,
        source_pan,
        source,
        draw(st.binary(max_size=100)),
        draw(flag),
        draw(flag),
        destination_extended,
        source_extended,
    )


capabilities = st.builds(mac_commands.Capability, flag, flag, flag, flag, flag, flag)
mac_messages: Strategy[mac_commands.MacCommand] = st.one_of(
    st.builds(mac_commands.AssociationRequest, capabilities),
    st.builds(mac_commands.AssociationResponse, u16, u8),
    st.builds(mac_commands.Disassociation, u8),
    st.builds(mac_commands.DataRequest),
    st.builds(mac_commands.PanIdConflict),
    st.builds(mac_commands.OrphanNotification),
    st.builds(mac_commands.BeaconRequest),
    st.builds(mac_commands.CoordinatorRealignment, u16, u16, u8, u16, optional(u8)),
)
beacons = st.builds(
    beacon.Beacon,
    association_permit=flag,
    pan_coordinator=flag,
    router_capacity=flag,
    end_device_capacity=flag,
    depth=u4,
    extended_pan_id=eui64,
    update_id=u8,
    stack_profile=u4,
    protocol_version=u4,
    transmit_offset=u24,
    beacon_order=u4,
    superframe_order=u4,
    final_slot=u4,
    battery_life_extension=flag,
    pending_short=st.lists(u16, max_size=3).map(tuple),
    pending_extended=st.lists(eui64, max_size=4).map(tuple),
)

# --- NWK -------------------------------------------------------------------------------------------------------------


@st.composite
def nwk_frames(draw: st.DrawFn) -> nwk.NwkFrame:
    route = draw(st.none() | short_list)
    return nwk.NwkFrame(
        draw(st.sampled_from(nwk.NwkFrameType)),
        draw(u16),
        draw(u16),
        draw(u8),
        draw(u8),
        draw(st.binary(max_size=100)),
        draw(flag),
        draw(st.none() | eui64),
        draw(st.none() | eui64),
        draw(flag),
        route,
        draw(st.integers(0, max(len(route) - 1, 0))) if route is not None else 0,
        draw(flag),
    )


links = st.builds(nwk_commands.Link, u16, u3, u3)
nwk_messages: Strategy[nwk_commands.NwkCommand] = st.one_of(
    st.builds(nwk_commands.RouteRequest, u8, u16, u8, st.sampled_from(nwk_commands.ManyToOne), st.none() | eui64),
    st.builds(nwk_commands.RouteReply, u8, u16, u16, u8, st.none() | eui64, st.none() | eui64),
    st.builds(nwk_commands.NetworkStatus, u8, u16),
    st.builds(nwk_commands.Leave, flag, flag, flag),
    st.builds(nwk_commands.RouteRecord, short_list),
    st.builds(nwk_commands.RejoinRequest, capabilities),
    st.builds(nwk_commands.RejoinResponse, u16, u8),
    st.builds(nwk_commands.LinkStatus, st.lists(links, max_size=31).map(tuple), flag, flag),
    st.builds(nwk_commands.EndDeviceTimeoutRequest, u8, u8),
    st.builds(nwk_commands.EndDeviceTimeoutResponse, u8, flag, flag),
)

# --- APS -------------------------------------------------------------------------------------------------------------


@st.composite
def aps_frames(draw: st.DrawFn) -> aps.ApsFrame:
    kind = draw(st.sampled_from(aps.ApsFrameType))
    acknowledgement = kind is aps.ApsFrameType.ACKNOWLEDGEMENT
    ack_format = acknowledgement and draw(flag)
    delivery = draw(st.sampled_from(aps.DeliveryMode))
    addressed = kind is not aps.ApsFrameType.COMMAND and not ack_format
    group = addressed and delivery is aps.DeliveryMode.GROUP
    fragment = st.builds(aps.Fragment, st.sampled_from(aps.FragmentKind), u8, u8 if acknowledgement else st.none())
    return aps.ApsFrame(
        kind,
        draw(u8),
        delivery,
        draw(u8) if addressed and not group else None,
        draw(u8) if addressed else None,
        draw(u16) if addressed else None,
        draw(u16) if addressed else None,
        draw(st.binary(max_size=100)),
        draw(flag),
        draw(flag),
        ack_format,
        draw(st.none() | fragment),
        draw(u16) if group else None,
    )


aps_messages: Strategy[aps_commands.ApsCommand] = st.one_of(
    st.builds(aps_commands.TransportNetworkKey, key, u8, eui64, eui64),
    st.builds(aps_commands.TransportTrustCentreLinkKey, key, eui64, eui64),
    st.builds(aps_commands.TransportApplicationLinkKey, key, eui64, flag),
    st.builds(aps_commands.UpdateDevice, eui64, u16, u8),
    st.builds(aps_commands.RemoveDevice, eui64),
    st.builds(aps_commands.RequestKey, u8.filter(lambda kind: kind != 2)),
    st.builds(aps_commands.RequestKey, st.just(2), eui64),
    st.builds(aps_commands.SwitchKey, u8),
    st.builds(aps_commands.Tunnel, eui64, st.binary(max_size=80)),
    st.builds(aps_commands.VerifyKey, u8, eui64, key),
    st.builds(aps_commands.ConfirmKey, u8, u8, eui64),
)

# --- ZCL -------------------------------------------------------------------------------------------------------------

zcl_frames = st.builds(zcl.ZclFrame, flag, flag, u8, u8, st.binary(max_size=100), st.none() | u16, flag)


_FLOATS = {
    types.DataType.SEMI_FLOAT: st.floats(width=16, allow_nan=False),
    types.DataType.SINGLE_FLOAT: st.floats(width=32, allow_nan=False),
    types.DataType.DOUBLE_FLOAT: st.floats(allow_nan=False),
}


def values(kind: types.DataType) -> Strategy[types.Value]:
    """Any value of a type that holds no other values."""
    if kind in types._SIGNED:
        bits = types._SIGNED[kind] * 8
        return st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)
    if kind in types._UNSIGNED:
        return unsigned(types._UNSIGNED[kind] * 8)
    if kind in types._FLOATS:
        return _FLOATS[kind]
    if kind in types._CHARACTERS:
        return st.none() | st.text(max_size=20)
    if kind in types._STRINGS:
        return st.none() | st.binary(max_size=60)
    special: dict[types.DataType, Strategy[types.Value]] = {
        types.DataType.BOOL: st.none() | flag,
        types.DataType.SECURITY_KEY: key,
    }
    return special.get(kind, st.none())


_NESTING = types._COLLECTIONS | {types.DataType.STRUCTURE}
flat_types = st.sampled_from([kind for kind in types.DataType if kind not in _NESTING])
flat_typed = flat_types.flatmap(lambda kind: st.builds(types.TypedValue, st.just(kind), values(kind)))


def _collection_of(kind: types.DataType) -> Strategy[types.Collection]:
    elements = st.lists(values(kind), max_size=0 if kind is types.DataType.NO_DATA else 4).map(tuple)
    return st.builds(types.Collection, st.just(kind), st.none() | elements)


def _nested(inner: Strategy[types.TypedValue]) -> Strategy[types.TypedValue]:
    structures = st.builds(
        types.TypedValue, st.just(types.DataType.STRUCTURE), st.none() | st.lists(inner, max_size=3).map(tuple)
    )
    collections = st.builds(
        types.TypedValue, st.sampled_from(sorted(types._COLLECTIONS)), flat_types.flatmap(_collection_of)
    )
    return structures | collections


typed_values: Strategy[types.TypedValue] = flat_typed | _nested(flat_typed | _nested(flat_typed))

_written = st.lists(st.builds(foundation.AttributeValue, u16, typed_values), max_size=4).map(tuple)
_read = st.builds(foundation.AttributeStatus, u16, st.just(0), typed_values) | st.builds(
    foundation.AttributeStatus, u16, u8.filter(bool)
)


@st.composite
def reporting_configurations(draw: st.DrawFn) -> reporting.ReportingConfiguration:
    kind = draw(st.sampled_from(types.DataType))
    change = draw(values(kind)) if types.is_analogue(kind) else None
    return reporting.ReportingConfiguration(draw(u16), kind, draw(u16), draw(u16), change)


foundation_messages: Strategy[foundation.FoundationCommand] = st.one_of(
    st.builds(foundation.ReadAttributes, short_list),
    st.builds(foundation.ReadAttributesResponse, st.lists(_read, max_size=4).map(tuple)),
    st.builds(foundation.WriteAttributes, _written),
    st.builds(foundation.WriteAttributesUndivided, _written),
    st.builds(foundation.WriteAttributesNoResponse, _written),
    st.builds(foundation.ReportAttributes, _written),
    st.builds(
        foundation.WriteAttributesResponse,
        st.lists(st.builds(foundation.AttributeStatus, u16, u8), max_size=4).map(tuple),
    ),
    st.builds(
        foundation.ConfigureReporting,
        st.lists(reporting_configurations() | st.builds(reporting.ReportingExpectation, u16, u16), max_size=4).map(
            tuple
        ),
    ),
    st.builds(
        foundation.ConfigureReportingResponse,
        st.lists(st.builds(reporting.ReportingStatus, u8, flag, u16), max_size=4).map(tuple),
    ),
    st.builds(foundation.DefaultResponse, u8, u8),
    st.builds(foundation.DiscoverAttributes, u16, u8),
    st.builds(
        foundation.DiscoverAttributesResponse,
        flag,
        st.lists(st.tuples(u16, st.sampled_from(types.DataType)), max_size=6).map(tuple),
    ),
)

# --- ZDO -------------------------------------------------------------------------------------------------------------

_bytes_list = st.lists(u8, max_size=10).map(tuple)
node_descriptors = st.builds(
    zdo.NodeDescriptor,
    st.sampled_from(zdo.LogicalType),
    capabilities,
    u16,
    u5,
    u8,
    u16,
    u16,
    u16,
    u8,
    flag,
    flag,
)
simple_descriptors = st.builds(SimpleDescriptor, u8, u16, u16, u4, short_list, short_list)
neighbours = st.builds(zdo.NeighbourRecord, eui64, eui64, u16, u2, u2, u3, u2, u8, u8)
_children = st.one_of(
    st.tuples(st.none(), st.just(0)),
    st.tuples(st.just(()), st.just(0)),
    st.tuples(st.lists(u16, min_size=1, max_size=9).map(tuple), u8),
)


def _addresses(kind: Callable[..., zdo.ZdoMessage]) -> Strategy[zdo.ZdoMessage]:
    return st.builds(lambda status, wide, short, tail: kind(status, wide, short, *tail), u8, eui64, u16, _children)


def _bindings(kind: Callable[..., zdo.ZdoMessage]) -> Strategy[zdo.ZdoMessage]:
    return st.builds(kind, eui64, u8, u16, eui64, u8) | st.builds(kind, eui64, u8, u16, st.none(), st.none(), u16)


zdo_messages: Strategy[zdo.ZdoMessage] = st.one_of(
    st.builds(zdo.NwkAddrReq, eui64, flag, u8),
    st.builds(zdo.IeeeAddrReq, u16, flag, u8),
    _addresses(zdo.NwkAddrRsp),
    _addresses(zdo.IeeeAddrRsp),
    st.builds(zdo.NodeDescReq, u16),
    st.builds(zdo.NodeDescRsp, u8, u16, st.none() | node_descriptors),
    st.builds(zdo.PowerDescReq, u16),
    st.builds(zdo.PowerDescRsp, u8, u16, u4, u4, u4, u4),
    st.builds(zdo.SimpleDescReq, u16, u8),
    st.builds(zdo.SimpleDescRsp, u8, u16, st.none() | simple_descriptors),
    st.builds(zdo.ActiveEpReq, u16),
    st.builds(zdo.ActiveEpRsp, u8, u16, _bytes_list),
    st.builds(zdo.MatchDescReq, u16, u16, short_list, short_list),
    st.builds(zdo.MatchDescRsp, u8, u16, _bytes_list),
    st.builds(zdo.DeviceAnnce, u16, eui64, capabilities),
    _bindings(zdo.BindReq),
    _bindings(zdo.UnbindReq),
    st.builds(zdo.BindRsp, u8),
    st.builds(zdo.UnbindRsp, u8),
    st.builds(zdo.MgmtLqiReq, u8),
    st.builds(zdo.MgmtLqiRsp, u8, u8, u8, st.lists(neighbours, max_size=3).map(tuple)),
    st.builds(zdo.MgmtLeaveReq, eui64, flag, flag),
    st.builds(zdo.MgmtLeaveRsp, u8),
    st.builds(zdo.MgmtPermitJoiningReq, u8, flag),
    st.builds(zdo.MgmtPermitJoiningRsp, u8),
    st.builds(zdo.MgmtNwkUpdateReq, u32, st.integers(0, 5), u8),
    st.builds(zdo.MgmtNwkUpdateReq, u32, st.integers(6, 0xFD)),
    st.builds(zdo.MgmtNwkUpdateReq, u32, st.just(0xFE), st.none(), u8),
    st.builds(zdo.MgmtNwkUpdateReq, u32, st.just(0xFF), st.none(), u8, u16),
    st.builds(zdo.MgmtNwkUpdateNotify, u8, u32, u16, u16, st.binary(max_size=27)),
)

# --- clusters --------------------------------------------------------------------------------------------------------

_time = st.integers(0, 0xFE)
key_establishment_messages: Strategy[key_establishment.KeyEstablishmentMessage] = st.one_of(
    st.builds(
        key_establishment.InitiateKeyEstablishment,
        st.just(1),
        _time,
        _time,
        st.binary(min_size=48, max_size=48),
    ),
    st.builds(
        key_establishment.InitiateKeyEstablishment,
        st.just(2),
        _time,
        _time,
        st.binary(min_size=74, max_size=74),
    ),
    st.builds(key_establishment.EphemeralData, st.binary(min_size=22, max_size=22)),
    st.builds(key_establishment.EphemeralData, st.binary(min_size=37, max_size=37)),
    st.builds(key_establishment.ConfirmKeyData, key),
    st.builds(key_establishment.TerminateKeyEstablishment, u8, u8, u16),
)
_data = st.binary(max_size=1500)
to_tunnel_server: Strategy[tunnelling.TunnelMessage] = st.one_of(
    st.builds(tunnelling.RequestTunnel, u8, u16, flag, u16),
    st.builds(tunnelling.CloseTunnel, u16),
    st.builds(tunnelling.TransferData, u16, _data),
    st.builds(tunnelling.TransferDataError, u16, u8),
)
to_tunnel_client: Strategy[tunnelling.TunnelMessage] = st.one_of(
    st.builds(tunnelling.RequestTunnelResponse, u16, u8, u16),
    st.builds(tunnelling.TransferData, u16, _data),
    st.builds(tunnelling.TransferDataError, u16, u8),
    st.builds(tunnelling.TunnelClosureNotification, u16),
)
gbcs_transfers: Strategy[gbcs_transport.GbcsTransfer] = st.one_of(
    st.builds(gbcs_transport.Get),
    st.builds(gbcs_transport.GetResponse, u8, _data),
    st.builds(gbcs_transport.Put, _data),
)

# --- all of them -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Codec:
    """An encoder, its decoder, and what can be encoded."""

    name: str
    values: Strategy[object]
    encode: Callable[..., bytes]
    decode: Callable[[bytes], object]


def _numbered(
    encode: Callable[..., tuple[int, bytes]], decode: Callable[..., object], width: int = 1
) -> tuple[Callable[..., bytes], Callable[[bytes], object]]:
    """Codecs whose messages are told apart by a number outside the octets: put it in front of them."""

    def join(message: object) -> bytes:
        number, payload = encode(message)
        return number.to_bytes(width, "big") + payload

    def split(octets: bytes) -> object:
        return decode(int.from_bytes(octets[:width], "big"), octets[width:])

    return join, split


CODECS: tuple[Codec, ...] = (
    Codec("mac", mac_frames(), mac.encode, mac.decode),
    Codec("mac-command", mac_messages, mac_commands.encode_command, mac_commands.decode_command),
    Codec("beacon", beacons, beacon.encode_beacon, beacon.decode_beacon),
    Codec("nwk", nwk_frames(), nwk.encode, nwk.decode),
    Codec("nwk-command", nwk_messages, nwk_commands.encode_command, nwk_commands.decode_command),
    Codec("aps", aps_frames(), aps.encode, aps.decode),
    Codec("aps-command", aps_messages, aps_commands.encode_command, aps_commands.decode_command),
    Codec("zcl", zcl_frames, zcl.encode, zcl.decode),
    Codec("foundation", foundation_messages, *_numbered(foundation.encode_foundation, foundation.decode_foundation)),
    Codec(
        "zdo",
        zdo_messages,
        *_numbered(
            lambda message: zdo.encode_zdo(7, message), lambda cluster, octets: zdo.decode_zdo(cluster, octets)[1], 2
        ),
    ),
    Codec(
        "key-establishment",
        key_establishment_messages,
        *_numbered(key_establishment.encode_key_establishment, key_establishment.decode_key_establishment),
    ),
    Codec(
        "tunnel-server",
        to_tunnel_server,
        *_numbered(
            lambda message: tunnelling.encode_tunnelling(message, Side.SERVER),
            lambda command, octets: tunnelling.decode_tunnelling(command, octets, Side.SERVER),
        ),
    ),
    Codec(
        "tunnel-client",
        to_tunnel_client,
        *_numbered(
            lambda message: tunnelling.encode_tunnelling(message, Side.CLIENT),
            lambda command, octets: tunnelling.decode_tunnelling(command, octets, Side.CLIENT),
        ),
    ),
    Codec("gbcs-transfer", gbcs_transfers, gbcs_transport.encode_transfer, gbcs_transport.decode_transfer),
    Codec("identify", st.builds(identify.IdentifyFor, u16), identify.encode_identify, identify.decode_identify),
)
