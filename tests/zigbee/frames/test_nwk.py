from __future__ import annotations

import pytest

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.zigbee.frames import nwk
from emulator.zigbee.frames.nwk import NwkFrame, NwkFrameType
from emulator.zigbee.frames.nwk_commands import (
    Leave,
    Link,
    LinkStatus,
    ManyToOne,
    RouteRequest,
    decode_command,
    encode_command,
)


def test_a_header_is_these_octets() -> None:
    frame = NwkFrame(NwkFrameType.DATA, 0x0000, 0x7B21, 30, 0x55, security=True)
    assert nwk.encode_header(frame).hex() == "08020000217b1e55"


def test_optional_fields_stand_in_the_order_of_the_standard() -> None:
    frame = NwkFrame(
        NwkFrameType.COMMAND,
        0x0000,
        0x7B21,
        30,
        0x55,
        b"\xee",
        destination_eui64=Eui64(0xA0),
        source_eui64=Eui64(0xA4),
        discover_route=True,
        source_route=(0x1111, 0x2222),
        relay_index=1,
        end_device_initiator=True,
    )
    octets = "493c" + "0000217b1e55" + "a0" + "00" * 7 + "a4" + "00" * 7 + "0201" + "11112222" + "ee"
    assert nwk.encode(frame).hex() == octets
    assert nwk.decode(bytes.fromhex(octets)) == frame


def test_header_and_payload_come_apart_where_the_header_ends() -> None:
    frame = NwkFrame(NwkFrameType.DATA, 1, 2, 3, 4, b"beyond", source_eui64=Eui64(9))
    octets = nwk.encode(frame)
    header, length = nwk.decode_header(octets)
    assert (header.payload, octets[length:]) == (b"", b"beyond")
    assert octets[:length] == nwk.encode_header(frame)


@pytest.mark.parametrize(
    "why, control",
    [
        ("inter-PAN", 0x000B),
        ("inter-PAN", 0x000A),
        ("version", 0x000C),
        ("version", 0x0004),
        ("multicast", 0x0108),
        ("route discovery", 0x0088),
        ("route discovery", 0x00C8),
    ],
)
def test_what_is_not_supported_is_refused_by_name(why: str, control: int) -> None:
    with pytest.raises(DecodeError, match=why):
        nwk.decode(control.to_bytes(2, "little") + bytes(20))


def test_a_source_route_longer_than_the_frame_is_refused() -> None:
    header = bytes.fromhex("0804" + "0000217b1e55")
    with pytest.raises(DecodeError):
        nwk.decode(header + bytes([255, 0]) + bytes(20))
    with pytest.raises(DecodeError, match="relay index"):
        nwk.decode(header + bytes([2, 2]) + bytes(20))


def test_a_relay_index_beyond_the_route_is_our_own_fault() -> None:
    with pytest.raises(LocalProtocolError):
        nwk.encode(NwkFrame(NwkFrameType.DATA, 1, 2, 3, 4, source_route=(7,), relay_index=1))


def test_commands_are_these_octets() -> None:
    assert encode_command(RouteRequest(5, 0xFFFC, 0, ManyToOne.WITH_ROUTE_RECORDS)).hex() == "010805fcff00"
    assert encode_command(Leave(rejoin=True, request=True)).hex() == "0460"
    assert encode_command(LinkStatus((Link(0x0000, 1, 3),))).hex() == "0861000031"


def test_a_link_status_that_names_more_links_than_it_has_is_refused() -> None:
    with pytest.raises(DecodeError):
        decode_command(bytes.fromhex("0862000031"))


@pytest.mark.parametrize("links", [tuple(Link(n, 1, 1) for n in range(32)), (Link(0, 8, 1),), (Link(0, 1, -1),)])
def test_a_link_status_that_cannot_be_written_is_our_own_fault(links: tuple[Link, ...]) -> None:
    with pytest.raises(LocalProtocolError):
        encode_command(LinkStatus(links))


@pytest.mark.parametrize("octets", ["", "00", "0d00", "ff"])
def test_a_command_of_no_known_number_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        decode_command(bytes.fromhex(octets))
