from __future__ import annotations

import pytest

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.zigbee.frames import aps
from emulator.zigbee.frames.aps import ApsFrame, ApsFrameType, DeliveryMode, Fragment, FragmentKind
from emulator.zigbee.frames.aps_commands import RequestKey, TransportNetworkKey, decode_command, encode_command

DATA = ApsFrame(ApsFrameType.DATA, 0x21, DeliveryMode.UNICAST, 1, 2, 0x0019, 0x0109, b"zcl", acknowledge=True)


def test_a_data_frame_is_these_octets() -> None:
    assert aps.encode(DATA).hex() == "4001190009010221" + b"zcl".hex()


def test_a_group_takes_the_place_of_the_destination_endpoint() -> None:
    frame = ApsFrame(ApsFrameType.DATA, 1, DeliveryMode.GROUP, None, 2, 0x0019, 0x0109, group=0x1234)
    assert aps.encode(frame).hex() == "0c34121900090102" + "01"


def test_the_acknowledgement_of_a_command_names_no_endpoints() -> None:
    frame = ApsFrame(ApsFrameType.ACKNOWLEDGEMENT, 7, ack_format=True)
    assert aps.encode(frame).hex() == "1207"


def test_fragments_are_these_octets() -> None:
    first = ApsFrame(
        ApsFrameType.DATA, 3, DeliveryMode.UNICAST, 1, 1, 0x0704, 0x0109, fragment=Fragment(FragmentKind.FIRST, 4)
    )
    assert aps.encode(first).hex() == "8001040709010103" + "0104"
    acknowledged = ApsFrame(
        ApsFrameType.ACKNOWLEDGEMENT,
        3,
        DeliveryMode.UNICAST,
        1,
        1,
        0x0704,
        0x0109,
        fragment=Fragment(FragmentKind.LATER, 1, 0xFE),
    )
    assert aps.encode(acknowledged).hex() == "8201040709010103" + "0201fe"


def test_an_extended_header_without_a_fragment_is_passed_over() -> None:
    octets = bytes.fromhex("8001040709010103" + "00" + "aabb")
    frame = aps.decode(octets)
    assert (frame.fragment, frame.payload) == (None, b"\xaa\xbb")


@pytest.mark.parametrize(
    "why, octets",
    [
        ("inter-PAN", "03" + "00" * 12),
        ("delivery mode", "04" + "00" * 12),
        ("acknowledgement format", "10" + "00" * 12),
        ("acknowledgement format", "11" + "00" * 12),
        ("fragmentation", "80" + "00" * 7 + "0300"),
        ("cut short", "80" + "00" * 7),
        ("cut short", "82" + "00" * 7 + "0100"),
        ("cut short", "00" * 7),
        ("cut short", "01"),
        ("without octets", ""),
    ],
)
def test_what_is_no_frame_is_refused_by_name(why: str, octets: str) -> None:
    with pytest.raises(DecodeError, match=why):
        aps.decode(bytes.fromhex(octets))


def test_a_bitfield_in_data_is_our_own_fault() -> None:
    fragment = Fragment(FragmentKind.FIRST, 1, 0xFF)
    with pytest.raises(LocalProtocolError):
        aps.encode(ApsFrame(ApsFrameType.DATA, 0, DeliveryMode.UNICAST, 1, 1, 1, 1, fragment=fragment))


def test_a_transported_network_key_is_these_octets() -> None:
    message = TransportNetworkKey(bytes(range(16)), 0, Eui64(0xA4), Eui64(0xA0))
    octets = "0501" + bytes(range(16)).hex() + "00" + "a4" + "00" * 7 + "a0" + "00" * 7
    assert encode_command(message).hex() == octets
    assert decode_command(bytes.fromhex(octets)) == message


def test_a_key_of_the_wrong_length_is_our_own_fault() -> None:
    with pytest.raises(LocalProtocolError):
        encode_command(TransportNetworkKey(bytes(15), 0, Eui64(1), Eui64(2)))


def test_a_partner_belongs_to_application_link_keys_only() -> None:
    for message in (RequestKey(4, Eui64(1)), RequestKey(2)):
        with pytest.raises(LocalProtocolError):
            encode_command(message)


@pytest.mark.parametrize("octets", ["", "05", "0500", "0502" + "00" * 40, "0a", "0d"])
def test_a_command_or_key_type_that_is_not_known_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        decode_command(bytes.fromhex(octets))
