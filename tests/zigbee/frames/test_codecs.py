"""What every codec of the ZigBee packages promises, one test for all of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.zigbee.frames import mac
from tests.zigbee.strategies import CODECS, Codec

every_codec = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)


def decoded(decode: Callable[[bytes], object], octets: bytes) -> object | None:
    """The value, or None for a DecodeError; any other exception fails the test."""
    try:
        return decode(octets)
    except DecodeError:
        return None


@every_codec
@given(data=st.data())
def test_what_is_encoded_decodes_to_the_same(codec: Codec, data: st.DataObject) -> None:
    value = data.draw(codec.values)
    assert codec.decode(codec.encode(value)) == value


@every_codec
@given(octets=st.binary(max_size=140))
def test_any_octets_decode_or_are_refused_as_undecodable(codec: Codec, octets: bytes) -> None:
    decoded(codec.decode, octets)


@every_codec
@given(data=st.data())
def test_damaged_octets_decode_or_are_refused_as_undecodable(codec: Codec, data: st.DataObject) -> None:
    octets = bytearray(codec.encode(data.draw(codec.values)))
    for _ in range(data.draw(st.integers(0, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    decoded(codec.decode, bytes(octets[: data.draw(st.integers(0, len(octets)))]))


@every_codec
@given(data=st.data())
def test_whatever_decodes_encodes_to_something_that_decodes_to_the_same(codec: Codec, data: st.DataObject) -> None:
    octets = bytearray(codec.encode(data.draw(codec.values)))
    octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    value = decoded(codec.decode, bytes(octets))
    # NaN is the one value that does not equal itself.
    if value is not None and "nan" not in repr(value):
        assert codec.decode(codec.encode(value)) == value


@given(octets=st.binary(max_size=140))
def test_peeking_at_any_octets_answers_or_refuses_as_undecodable(octets: bytes) -> None:
    decoded(mac.peek, octets)


@pytest.mark.parametrize(
    "codec",
    [codec for codec in CODECS if codec.name not in {"mac", "nwk", "aps", "zcl"}],
    ids=lambda codec: codec.name,
)
@given(data=st.data())
def test_an_octet_too_many_is_refused_unless_it_is_part_of_a_value(codec: Codec, data: st.DataObject) -> None:
    value = data.draw(codec.values)
    longer = decoded(codec.decode, codec.encode(value) + b"\x00")
    assert longer != value


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_a_value_that_fits_no_field_is_our_own_fault(codec: Codec) -> None:
    too_big = _with_a_field_too_big(codec)
    with pytest.raises(LocalProtocolError):
        codec.encode(too_big)


def _with_a_field_too_big(codec: Codec) -> object:
    from emulator.core.eui64 import Eui64
    from emulator.zigbee.clusters import gbcs_transport, identify, key_establishment, tunnelling
    from emulator.zigbee.frames import (
        aps,
        aps_commands,
        beacon,
        mac_commands,
        nwk,
        nwk_commands,
        zcl,
        zcl_foundation,
        zdo,
    )

    wide = Eui64(1 << 64)
    return {
        "mac": mac.MacFrame(mac.FrameType.DATA, 256, 1, 2, 1, 3),
        "mac-command": mac_commands.AssociationResponse(1 << 16, 0),
        "beacon": beacon.Beacon(True, True, True, True, 16, Eui64(0)),
        "nwk": nwk.NwkFrame(nwk.NwkFrameType.DATA, 0, 0, 1, 0, source_eui64=wide),
        "nwk-command": nwk_commands.RouteRecord(tuple(range(256))),
        "aps": aps.ApsFrame(aps.ApsFrameType.DATA, 0, cluster=0x19),
        "aps-command": aps_commands.RemoveDevice(wide),
        "zcl": zcl.ZclFrame(True, True, 0, 256),
        "foundation": zcl_foundation.DefaultResponse(0, 256),
        "zdo": zdo.NwkAddrReq(wide),
        "key-establishment": key_establishment.EphemeralData(b""),
        "tunnel-server": tunnelling.CloseTunnel(1 << 16),
        "tunnel-client": tunnelling.TransferData(-1, b""),
        "gbcs-transfer": gbcs_transport.GetResponse(256, b""),
        "identify": identify.IdentifyFor(1 << 16),
    }[codec.name]
