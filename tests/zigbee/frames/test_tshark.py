"""Every kind of frame as Wireshark sees it: nothing malformed, nothing left encrypted, the fields that were meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from emulator.core.aes import CcmStar
from emulator.core.eui64 import Eui64
from emulator.ports.aps import SimpleDescriptor
from emulator.zigbee.clusters import gbcs_transport, key_establishment, tunnelling
from emulator.zigbee.clusters.definition import SMART_ENERGY_PROFILE, Side
from emulator.zigbee.frames import (
    aps,
    aps_commands,
    beacon,
    mac,
    mac_commands,
    nwk,
    nwk_commands,
    zcl,
    zcl_foundation,
    zdo,
)
from emulator.zigbee.frames.zcl_types import DataType, TypedValue
from emulator.zigbee.security import aps as aps_security
from emulator.zigbee.security import keys
from emulator.zigbee.security import nwk as nwk_security
from emulator.zigbee.security.aps import KeyIdentifier
from tests.zigbee.dissection import Packet, dissect

PAN = 0x1AAA
HUB, BRIDGE = 0x0000, 0x7B21
HUB_EUI64, BRIDGE_EUI64 = Eui64(0x00DB1234567890A0), Eui64(0x00DB1234567890A4)
NETWORK_KEY = bytes(range(16))
LINK_KEY = keys.install_code_key(bytes.fromhex("83FED3407A939723A5C639B26916D505"))
NETWORK, LINK = CcmStar(NETWORK_KEY), CcmStar(LINK_KEY)
TRANSPORT, LOAD = CcmStar(keys.transport_key(LINK_KEY)), CcmStar(keys.load_key(LINK_KEY))
ROUTER = mac_commands.Capability(
    full_function_device=True, mains_powered=True, receiver_on_when_idle=True, allocate_address=True
)


@dataclass(frozen=True)
class Golden:
    """A PSDU and what tshark must read in it."""

    name: str
    psdu: bytes
    fields: Mapping[str, int | bytes]


def on_air(npdu: bytes, source: int = BRIDGE, destination: int = HUB) -> bytes:
    return mac.encode(mac.MacFrame(mac.FrameType.DATA, 0x42, PAN, destination, PAN, source, npdu, acknowledge=True))


UP = nwk.NwkFrame(nwk.NwkFrameType.DATA, HUB, BRIDGE, 30, 0x55, security=True)


def network(payload: bytes, frame: nwk.NwkFrame = UP) -> bytes:
    header = nwk.encode_header(frame)
    return on_air(header + nwk_security.secure(header, payload, NETWORK, 1000, BRIDGE_EUI64, 0))


def command(message: nwk_commands.NwkCommand) -> bytes:
    frame = replace(UP, type=nwk.NwkFrameType.COMMAND, source_eui64=BRIDGE_EUI64)
    return network(nwk_commands.encode_command(message), frame)


def data(cluster: int, asdu: bytes, profile: int = SMART_ENERGY_PROFILE, fragment: aps.Fragment | None = None) -> bytes:
    endpoint = 1 if profile else 0
    frame = aps.ApsFrame(
        aps.ApsFrameType.DATA,
        0x21,
        aps.DeliveryMode.UNICAST,
        endpoint,
        endpoint,
        cluster,
        profile,
        asdu,
        acknowledge=True,
        fragment=fragment,
    )
    return network(aps.encode(frame))


def link_secured(asdu: bytes, extended_nonce: bool) -> bytes:
    frame = aps.ApsFrame(
        aps.ApsFrameType.DATA, 0x22, aps.DeliveryMode.UNICAST, 1, 1, 0x0019, SMART_ENERGY_PROFILE, security=True
    )
    header = aps.encode_header(frame)
    body = aps_security.secure(header, asdu, LINK, 77, BRIDGE_EUI64, extended_nonce=extended_nonce)
    return network(header + body)


def key_transport(message: aps_commands.ApsCommand, cipher: CcmStar, which: KeyIdentifier) -> bytes:
    header = aps.encode_header(aps.ApsFrame(aps.ApsFrameType.COMMAND, 9, security=True))
    body = aps_security.secure(header, aps_commands.encode_command(message), cipher, 5, HUB_EUI64, which)
    start = nwk.encode_header(nwk.NwkFrame(nwk.NwkFrameType.DATA, BRIDGE, HUB, 1, 3))
    return on_air(start + header + body, HUB, BRIDGE)


def aps_command(message: aps_commands.ApsCommand) -> bytes:
    return network(aps.encode(aps.ApsFrame(aps.ApsFrameType.COMMAND, 9, payload=aps_commands.encode_command(message))))


def of_zdo(message: zdo.ZdoMessage) -> bytes:
    cluster, payload = zdo.encode_zdo(0x11, message)
    return data(cluster, payload, profile=0)


def of_cluster(cluster: int, numbered: tuple[int, bytes], server_to_client: bool = False) -> bytes:
    return data(cluster, zcl.encode(zcl.ZclFrame(True, server_to_client, 0x33, *numbered)))


def general(cluster: int, message: zcl_foundation.FoundationCommand) -> bytes:
    return data(cluster, zcl.encode(zcl.ZclFrame(False, True, 0x34, *zcl_foundation.encode_foundation(message))))


def mac_command(message: mac_commands.MacCommand, frame: mac.MacFrame) -> bytes:
    return mac.encode(replace(frame, payload=mac_commands.encode_command(message)))


TO_ALL = mac.MacFrame(mac.FrameType.COMMAND, 1, 0xFFFF, 0xFFFF, None, None)
FROM_NEWCOMER = mac.MacFrame(
    mac.FrameType.COMMAND, 1, PAN, HUB, 0xFFFF, BRIDGE_EUI64, acknowledge=True, source_extended=True
)
TO_NEWCOMER = mac.MacFrame(
    mac.FrameType.COMMAND,
    1,
    PAN,
    BRIDGE_EUI64,
    PAN,
    HUB_EUI64,
    acknowledge=True,
    destination_extended=True,
    source_extended=True,
)
FROM_CHILD = mac.MacFrame(mac.FrameType.COMMAND, 1, PAN, HUB, PAN, BRIDGE, acknowledge=True)


def mac_frames() -> list[Golden]:
    heard = beacon.Beacon(True, True, True, True, 3, HUB_EUI64, update_id=4)
    beaconed = mac.MacFrame(mac.FrameType.BEACON, 7, None, None, PAN, HUB, beacon.encode_beacon(heard))
    return [
        Golden("beacon-request", mac_command(mac_commands.BeaconRequest(), TO_ALL), {"wpan.cmd": 7}),
        Golden(
            "beacon",
            mac.encode(beaconed),
            {
                "wpan.assoc_permit": 1,
                "zbee_beacon.profile": 2,
                "zbee_beacon.version": 2,
                "zbee_beacon.depth": 3,
                "zbee_beacon.router": 1,
                "zbee_beacon.end_dev": 1,
                "zbee_beacon.ext_panid": HUB_EUI64,
                "zbee_beacon.tx_offset": 0xFFFFFF,
                "zbee_beacon.update_id": 4,
            },
        ),
        Golden(
            "association-request",
            mac_command(mac_commands.AssociationRequest(ROUTER), FROM_NEWCOMER),
            {"wpan.cmd": 1, "wpan.src64": BRIDGE_EUI64, "wpan.dst16": HUB, "wpan.ack_request": 1},
        ),
        Golden(
            "association-response",
            mac_command(mac_commands.AssociationResponse(BRIDGE, 0), TO_NEWCOMER),
            {"wpan.cmd": 2, "wpan.asoc.addr": BRIDGE, "wpan.assoc.status": 0, "wpan.dst64": BRIDGE_EUI64},
        ),
        Golden(
            "data-request",
            mac_command(mac_commands.DataRequest(), FROM_CHILD),
            {"wpan.cmd": 4, "wpan.src16": BRIDGE, "wpan.pan_id_compression": 1},
        ),
        Golden(
            "disassociation",
            mac_command(mac_commands.Disassociation(1), TO_NEWCOMER),
            {"wpan.cmd": 3, "wpan.disassoc.reason": 1},
        ),
        Golden(
            "realignment",
            mac_command(
                mac_commands.CoordinatorRealignment(PAN, BRIDGE, 15, BRIDGE),
                replace(TO_NEWCOMER, destination_pan=0xFFFF, acknowledge=False),
            ),
            {"wpan.cmd": 8, "wpan.realign.channel": 15, "wpan.realign.addr": BRIDGE},
        ),
        Golden("acknowledgement", mac.acknowledgement(0x42, True), {"wpan.seq_no": 0x42, "wpan.pending": 1}),
    ]


def nwk_command_frames() -> list[Golden]:
    links = (nwk_commands.Link(HUB, 1, 3), nwk_commands.Link(0x1234, 7, 0))
    return [
        Golden(
            "route-request",
            command(nwk_commands.RouteRequest(5, 0x1234, 2, destination_eui64=HUB_EUI64)),
            {
                "zbee_nwk.cmd.id": 1,
                "zbee_nwk.cmd.route.id": 5,
                "zbee_nwk.cmd.route.dest": 0x1234,
                "zbee_nwk.cmd.route.dest_ext": HUB_EUI64,
                "zbee_nwk.cmd.route.cost": 2,
            },
        ),
        Golden(
            "route-request-many-to-one",
            command(nwk_commands.RouteRequest(5, 0xFFFC, 0, nwk_commands.ManyToOne.WITH_ROUTE_RECORDS)),
            {"zbee_nwk.cmd.route.opts.many2one": 1},
        ),
        Golden(
            "route-reply",
            command(nwk_commands.RouteReply(5, BRIDGE, HUB, 3, BRIDGE_EUI64, HUB_EUI64)),
            {
                "zbee_nwk.cmd.id": 2,
                "zbee_nwk.cmd.route.orig": BRIDGE,
                "zbee_nwk.cmd.route.resp": HUB,
                "zbee_nwk.cmd.route.orig_ext": BRIDGE_EUI64,
                "zbee_nwk.cmd.route.resp_ext": HUB_EUI64,
                "zbee_nwk.cmd.route.cost": 3,
            },
        ),
        Golden(
            "network-status",
            command(nwk_commands.NetworkStatus(nwk_commands.NetworkStatusCode.SOURCE_ROUTE_FAILURE, 0x1234)),
            {"zbee_nwk.cmd.id": 3, "zbee_nwk.cmd.status": 0x0B, "zbee_nwk.cmd.route.dest": 0x1234},
        ),
        Golden(
            "leave",
            command(nwk_commands.Leave(rejoin=True, request=True)),
            {
                "zbee_nwk.cmd.id": 4,
                "zbee_nwk.cmd.leave.rejoin": 1,
                "zbee_nwk.cmd.leave.request": 1,
                "zbee_nwk.cmd.leave.children": 0,
            },
        ),
        Golden(
            "route-record",
            command(nwk_commands.RouteRecord((0x1234, 0x4321))),
            {"zbee_nwk.cmd.id": 5, "zbee_nwk.cmd.relay_count": 2, "zbee_nwk.cmd.relay_device": 0x1234},
        ),
        Golden(
            "rejoin-request",
            command(nwk_commands.RejoinRequest(ROUTER)),
            {"zbee_nwk.cmd.id": 6, "zbee_nwk.cmd.cinfo.ffd": 1, "zbee_nwk.cmd.cinfo.alloc": 1},
        ),
        Golden(
            "rejoin-response",
            command(nwk_commands.RejoinResponse(BRIDGE, 0)),
            {"zbee_nwk.cmd.id": 7, "zbee_nwk.cmd.addr": BRIDGE, "zbee_nwk.cmd.rejoin_status": 0},
        ),
        Golden(
            "link-status",
            command(nwk_commands.LinkStatus(links)),
            {
                "zbee_nwk.cmd.id": 8,
                "zbee_nwk.cmd.link.count": 2,
                "zbee_nwk.cmd.link.first": 1,
                "zbee_nwk.cmd.link.last": 1,
                "zbee_nwk.cmd.link.address": HUB,
                "zbee_nwk.cmd.link.incoming_cost": 1,
                "zbee_nwk.cmd.link.outgoing_cost": 3,
            },
        ),
        Golden(
            "timeout-request",
            command(nwk_commands.EndDeviceTimeoutRequest(8)),
            {"zbee_nwk.cmd.id": 0x0B, "zbee_nwk.cmd.ed_tmo_req": 8},
        ),
        Golden(
            "timeout-response",
            command(nwk_commands.EndDeviceTimeoutResponse(0)),
            {
                "zbee_nwk.cmd.id": 0x0C,
                "zbee_nwk.cmd.ed_tmo_rsp_status": 0,
                "zbee_nwk.cmd.ed_prnt_info.mac_data_poll_keepalive": 1,
                "zbee_nwk.cmd.ed_prnt_info.ed_tmo_req_keepalive": 0,
            },
        ),
    ]


def aps_command_frames() -> list[Golden]:
    network_key = aps_commands.TransportNetworkKey(NETWORK_KEY, 0, BRIDGE_EUI64, HUB_EUI64)
    link_key = aps_commands.TransportTrustCentreLinkKey(bytes(16), BRIDGE_EUI64, HUB_EUI64)
    return [
        Golden(
            "transport-network-key",
            key_transport(network_key, TRANSPORT, KeyIdentifier.KEY_TRANSPORT),
            {
                "zbee.sec.key_id": 2,
                "zbee_aps.cmd.id": 5,
                "zbee_aps.cmd.key_type": 1,
                "zbee_aps.cmd.key": NETWORK_KEY,
                "zbee_aps.cmd.dst": BRIDGE_EUI64,
                "zbee_aps.cmd.src": HUB_EUI64,
            },
        ),
        Golden(
            "transport-link-key",
            key_transport(link_key, LOAD, KeyIdentifier.KEY_LOAD),
            {"zbee.sec.key_id": 3, "zbee_aps.cmd.key_type": 4, "zbee_aps.cmd.key": bytes(16)},
        ),
        Golden(
            "transport-application-key",
            aps_command(aps_commands.TransportApplicationLinkKey(LINK_KEY, HUB_EUI64, True)),
            {"zbee_aps.cmd.key_type": 3, "zbee_aps.cmd.partner": HUB_EUI64, "zbee_aps.cmd.init_flag": 1},
        ),
        Golden(
            "update-device",
            aps_command(aps_commands.UpdateDevice(BRIDGE_EUI64, BRIDGE, 1)),
            {
                "zbee_aps.cmd.id": 6,
                "zbee_aps.cmd.device": BRIDGE_EUI64,
                "zbee_aps.cmd.addr": BRIDGE,
                "zbee_aps.cmd.update_status": 1,
            },
        ),
        Golden(
            "remove-device",
            aps_command(aps_commands.RemoveDevice(BRIDGE_EUI64)),
            {"zbee_aps.cmd.id": 7, "zbee_aps.cmd.device": BRIDGE_EUI64},
        ),
        Golden(
            "request-key",
            aps_command(aps_commands.RequestKey(2, HUB_EUI64)),
            {"zbee_aps.cmd.id": 8, "zbee_aps.cmd.key_type": 2, "zbee_aps.cmd.partner": HUB_EUI64},
        ),
        Golden("switch-key", aps_command(aps_commands.SwitchKey(1)), {"zbee_aps.cmd.id": 9, "zbee_aps.cmd.seqno": 1}),
        Golden(
            "verify-key",
            aps_command(aps_commands.VerifyKey(4, BRIDGE_EUI64, keys.verify_key_hash(LINK_KEY))),
            {"zbee_aps.cmd.id": 0x0F, "zbee_aps.cmd.key_hash": keys.verify_key_hash(LINK_KEY)},
        ),
        Golden(
            "confirm-key",
            aps_command(aps_commands.ConfirmKey(0, 4, BRIDGE_EUI64)),
            {"zbee_aps.cmd.id": 0x10, "zbee_aps.cmd.status": 0, "zbee_aps.cmd.dst": BRIDGE_EUI64},
        ),
        Golden("tunnel", tunnelled(network_key), {"zbee_aps.cmd.id": 0x0E, "zbee_aps.cmd.dst": BRIDGE_EUI64}),
    ]


def tunnelled(message: aps_commands.ApsCommand) -> bytes:
    header = aps.encode_header(aps.ApsFrame(aps.ApsFrameType.COMMAND, 9, security=True))
    payload = aps_commands.encode_command(message)
    body = aps_security.secure(header, payload, TRANSPORT, 6, HUB_EUI64, KeyIdentifier.KEY_TRANSPORT)
    return aps_command(aps_commands.Tunnel(BRIDGE_EUI64, header + body))


def data_frames() -> list[Golden]:
    block = zcl.encode(
        zcl.ZclFrame(True, True, 0x44, 0x05, bytes.fromhex("00 5b10 0100 00000102 c8000000 04 deadbeef"))
    )
    read: dict[str, int | bytes] = {
        "zbee_aps.cluster": 0x0019,
        "zbee_zcl.cmd.tsn": 0x44,
        "zbee_zcl_general.ota.file.offset": 200,
        "zbee_zcl_general.ota.image.data": bytes.fromhex("deadbeef"),
    }
    acknowledged = aps.ApsFrame(aps.ApsFrameType.ACKNOWLEDGEMENT, 0x21, aps.DeliveryMode.UNICAST, 1, 1, 0x19, 0x109)
    block_ack = aps.Fragment(aps.FragmentKind.FIRST, 0, 0xFF)
    of_block = aps.ApsFrame(
        aps.ApsFrameType.ACKNOWLEDGEMENT, 0x21, aps.DeliveryMode.UNICAST, 1, 1, 0x19, 0x109, fragment=block_ack
    )
    return [
        Golden("ota-block", data(0x0019, block), {**read, "zbee.sec.key_id": 1, "zbee_aps.ack_req": 1}),
        Golden("ota-block-under-link-key", link_secured(block, extended_nonce=True), read),
        Golden("ota-block-under-link-key-short", link_secured(block, extended_nonce=False), read),
        Golden(
            "addresses-in-header",
            network(aps.encode(acknowledged), replace(UP, destination_eui64=HUB_EUI64, source_eui64=BRIDGE_EUI64)),
            {"zbee_nwk.dst64": HUB_EUI64, "zbee_nwk.src64": BRIDGE_EUI64, "zbee_aps.type": 2, "zbee_aps.counter": 0x21},
        ),
        Golden(
            "source-route",
            network(
                aps.encode(acknowledged),
                replace(UP, source_route=(0x1111, 0x2222), relay_index=1, discover_route=True),
            ),
            {
                "zbee_nwk.relay.count": 2,
                "zbee_nwk.relay.index": 1,
                "zbee_nwk.relay": 0x1111,
                "zbee_nwk.discovery": 1,
            },
        ),
        Golden(
            "first-fragment",
            data(0x0704, bytes(40), fragment=aps.Fragment(aps.FragmentKind.FIRST, 3)),
            {"zbee_aps.fragmentation": 1, "zbee_aps.block": 3},
        ),
        Golden(
            "later-fragment",
            data(0x0704, bytes(40), fragment=aps.Fragment(aps.FragmentKind.LATER, 1)),
            {"zbee_aps.fragmentation": 2, "zbee_aps.block": 1},
        ),
        Golden(
            "fragment-acknowledgement",
            network(aps.encode(of_block)),
            {"zbee_aps.ext_header": 1, "zbee_aps.block": 0, "zbee_aps.block_acks": 0xFF},
        ),
    ]


def zcl_frames() -> list[Golden]:
    version = TypedValue(DataType.CHARACTER_STRING, "bridge-1")
    return [
        Golden(
            "read-attributes",
            general(0x000A, zcl_foundation.ReadAttributes((0, 1))),
            {"zbee_zcl.cmd.id": 0, "zbee_zcl_general.time.attr_id": 0},
        ),
        Golden(
            "read-response",
            general(0x0000, zcl_foundation.ReadAttributesResponse((zcl_foundation.AttributeStatus(5, 0, version),))),
            {"zbee_zcl.cmd.id": 1, "zbee_zcl.attr.data.type": 0x42},
        ),
        Golden(
            "default-response",
            general(0x0019, zcl_foundation.DefaultResponse(5, 0x95)),
            {"zbee_zcl.cmd.id": 0x0B, "zbee_zcl.cmd.id.rsp": 5, "zbee_zcl.attr.status": 0x95},
        ),
        Golden(
            "initiate-key-establishment",
            of_cluster(
                0x0800,
                key_establishment.encode_key_establishment(
                    key_establishment.InitiateKeyEstablishment(2, 10, 15, bytes.fromhex("00") + bytes(73))
                ),
            ),
            {
                "zbee_zcl_se.ke.cmd.srv_rx.id": 0,
                "zbee_zcl_se.ke.init.ephemeral.time": 10,
                "zbee_zcl_se.ke.init.confirm.time": 15,
            },
        ),
        Golden(
            "ephemeral-data",
            of_cluster(
                0x0800,
                key_establishment.encode_key_establishment(key_establishment.EphemeralData(bytes(range(37)))),
                server_to_client=True,
            ),
            {"zbee_zcl_se.ke.cmd.srv_tx.id": 1},
        ),
        Golden(
            "confirm-key-data",
            of_cluster(
                0x0800, key_establishment.encode_key_establishment(key_establishment.ConfirmKeyData(NETWORK_KEY))
            ),
            {"zbee_zcl_se.ke.cmd.srv_rx.id": 2, "zbee_zcl_se.ke.macu": NETWORK_KEY},
        ),
        Golden(
            "terminate-key-establishment",
            of_cluster(
                0x0800,
                key_establishment.encode_key_establishment(
                    key_establishment.TerminateKeyEstablishment(key_establishment.TerminateStatus.NO_RESOURCES, 20, 2)
                ),
            ),
            {"zbee_zcl_se.ke.terminate.status": 4, "zbee_zcl_se.ke.terminate.wait.time": 20},
        ),
        *tunnel_frames(),
    ]


def tunnel_frames() -> list[Golden]:
    def to_server(message: tunnelling.TunnelMessage) -> bytes:
        return of_cluster(0x0704, tunnelling.encode_tunnelling(message, Side.SERVER))

    def to_client(message: tunnelling.TunnelMessage) -> bytes:
        return of_cluster(0x0704, tunnelling.encode_tunnelling(message, Side.CLIENT), server_to_client=True)

    sent = tunnelling.TransferData(7, gbcs_transport.encode_transfer(gbcs_transport.Get()))
    return [
        Golden(
            "request-tunnel",
            to_server(tunnelling.RequestTunnel()),
            {
                "zbee_zcl_se.tun.cmd.srv_rx.id": 0,
                "zbee_zcl_se.tun.protocol_id": 6,
                "zbee_zcl_se.tun.manufacturer_code": 0xFFFF,
                "zbee_zcl_se.tun.flow_control_supported": 0,
                "zbee_zcl_se.tun.max_in_transfer_size": 1500,
            },
        ),
        Golden(
            "request-tunnel-response",
            to_client(tunnelling.RequestTunnelResponse(7, 0)),
            {
                "zbee_zcl_se.tun.cmd.srv_tx.id": 0,
                "zbee_zcl_se.tun.tunnel_id": 7,
                "zbee_zcl_se.tun.transfer_status": 0,
                "zbee_zcl_se.tun.max_in_transfer_size": 1500,
            },
        ),
        Golden("transfer-to-server", to_server(sent), {"zbee_zcl_se.tun.cmd.srv_rx.id": 2}),
        Golden("transfer-to-client", to_client(sent), {"zbee_zcl_se.tun.cmd.srv_tx.id": 1}),
        Golden(
            "transfer-error",
            to_client(tunnelling.TransferDataError(7, tunnelling.TransferStatus.WRONG_DEVICE)),
            {"zbee_zcl_se.tun.cmd.srv_tx.id": 2, "zbee_zcl_se.tun.transfer_data_status": 1},
        ),
        Golden(
            "close-tunnel",
            to_server(tunnelling.CloseTunnel(7)),
            {"zbee_zcl_se.tun.cmd.srv_rx.id": 1, "zbee_zcl_se.tun.tunnel_id": 7},
        ),
        Golden(
            "tunnel-closure",
            to_client(tunnelling.TunnelClosureNotification(7)),
            {"zbee_zcl_se.tun.cmd.srv_tx.id": 6, "zbee_zcl_se.tun.tunnel_id": 7},
        ),
    ]


def zdo_frames() -> list[Golden]:
    node = zdo.NodeDescriptor(zdo.LogicalType.ROUTER, ROUTER, 0x105B, server_mask=0x0001)
    simple = SimpleDescriptor(1, 0x0109, 0x0502, 0, (0x0000, 0x0019), (0x000A,))
    neighbour = zdo.NeighbourRecord(HUB_EUI64, BRIDGE_EUI64, BRIDGE, 1, 1, 1, 0, 2, 200)
    return [
        Golden(
            "device-announce",
            of_zdo(zdo.DeviceAnnce(BRIDGE, BRIDGE_EUI64, ROUTER)),
            {"zbee_zdp.nwk_addr": BRIDGE, "zbee_zdp.ext_addr": BRIDGE_EUI64, "zbee_zdp.cinfo.ffd": 1},
        ),
        Golden(
            "address-request",
            of_zdo(zdo.NwkAddrReq(BRIDGE_EUI64, extended=True, start_index=2)),
            {"zbee_zdp.ext_addr": BRIDGE_EUI64, "zbee_zdp.req_type": 1, "zbee_zdp.index": 2},
        ),
        Golden(
            "address-response",
            of_zdo(zdo.IeeeAddrRsp(0, BRIDGE_EUI64, BRIDGE, (0x1111,), 0)),
            {"zbee_zdp.nwk_addr": BRIDGE, "zbee_zdp.assoc_device_count": 1, "zbee_zdp.assoc_device": 0x1111},
        ),
        Golden("node-request", of_zdo(zdo.NodeDescReq(BRIDGE)), {"zbee_zdp.nwk_addr": BRIDGE}),
        Golden(
            "node-response",
            of_zdo(zdo.NodeDescRsp(0, BRIDGE, node)),
            {
                "zbee_zdp.node.type": 1,
                "zbee_zdp.node.manufacturer": 0x105B,
                "zbee_zdp.node.freq.2400mhz": 1,
                "zbee_zdp.node.max_buffer": 82,
                "zbee_zdp.node.max_incoming_transfer": 1500,
                "zbee_zdp.server.pri_trust": 1,
            },
        ),
        Golden(
            "power-response",
            of_zdo(zdo.PowerDescRsp(0, BRIDGE)),
            {"zbee_zdp.power.avail.ac": 1, "zbee_zdp.power.source.ac": 1, "zbee_zdp.power.level": 12},
        ),
        Golden(
            "simple-response",
            of_zdo(zdo.SimpleDescRsp(0, BRIDGE, simple)),
            {
                "zbee_zdp.profile": 0x0109,
                "zbee_zdp.app.device": 0x0502,
                "zbee_zdp.in_count": 2,
                "zbee_zdp.out_count": 1,
                "zbee_zdp.out_cluster": 0x000A,
            },
        ),
        Golden("endpoints", of_zdo(zdo.ActiveEpRsp(0, BRIDGE, (1, 2))), {"zbee_zdp.ep_count": 2}),
        Golden(
            "match-request",
            of_zdo(zdo.MatchDescReq(HUB, 0x0109, (0x0800,))),
            {"zbee_zdp.profile": 0x0109, "zbee_zdp.in_cluster": 0x0800, "zbee_zdp.out_count": 0},
        ),
        Golden(
            "match-response", of_zdo(zdo.MatchDescRsp(0, HUB, (1,))), {"zbee_zdp.ep_count": 1, "zbee_zdp.endpoint": 1}
        ),
        Golden(
            "bind",
            of_zdo(zdo.BindReq(BRIDGE_EUI64, 1, 0x0019, HUB_EUI64, 2)),
            {"zbee_zdp.cluster": 0x0019, "zbee_zdp.addr_mode": 3},
        ),
        Golden(
            "neighbours",
            of_zdo(zdo.MgmtLqiRsp(0, 1, 0, (neighbour,))),
            {"zbee_zdp.table_size": 1, "zbee_zdp.table_count": 1},
        ),
        Golden(
            "leave-request", of_zdo(zdo.MgmtLeaveReq(BRIDGE_EUI64, rejoin=True)), {"zbee_zdp.ext_addr": BRIDGE_EUI64}
        ),
        Golden("permit", of_zdo(zdo.MgmtPermitJoiningReq(180)), {"zbee_zdp.duration": 180}),
    ]


GOLDEN = (
    *mac_frames(),
    *aps_command_frames(),
    *data_frames(),
    *zcl_frames(),
    *zdo_frames(),
    *nwk_command_frames(),
)


@pytest.fixture(scope="module")
def dissected(tshark: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Packet]:
    folder = tmp_path_factory.mktemp("tshark")
    packets = dissect(tshark, folder, [golden.psdu for golden in GOLDEN], [NETWORK_KEY, LINK_KEY])
    assert len(packets) == len(GOLDEN)
    return {golden.name: packet for golden, packet in zip(GOLDEN, packets, strict=True)}


each = pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)


@each
def test_wireshark_finds_nothing_wrong_and_nothing_hidden(golden: Golden, dissected: dict[str, Packet]) -> None:
    packet = dissected[golden.name]
    assert packet.value("wpan.fcs_ok") == "1"
    assert "_ws.malformed" not in packet
    assert "_ws.expert.message" not in packet, packet.values("_ws.expert.message")
    assert "data.data" not in packet or golden.name.endswith(("fragment", "transfer-to-server", "transfer-to-client"))


@each
def test_wireshark_reads_the_fields_that_were_written(golden: Golden, dissected: dict[str, Packet]) -> None:
    packet = dissected[golden.name]
    read = {
        name: packet.octets(name) if isinstance(wanted, bytes) else packet.number(name)
        for name, wanted in golden.fields.items()
    }
    assert read == dict(golden.fields)


def test_wireshark_refuses_what_is_wrong(tshark: str, tmp_path: Path) -> None:
    good = next(golden.psdu for golden in GOLDEN if golden.name == "ota-block")
    bad_fcs = good[:-1] + bytes([good[-1] ^ 1])
    body = good[:-3] + bytes([good[-3] ^ 1])
    bad_mic = body + mac.fcs(body).to_bytes(2, "little")
    first, second = dissect(tshark, tmp_path, [bad_fcs, bad_mic], [NETWORK_KEY])
    assert first.value("wpan.fcs_ok") == "0"
    assert "zbee_aps" not in second
