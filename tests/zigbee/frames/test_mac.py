from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.zigbee.frames import mac
from emulator.zigbee.frames.beacon import Beacon, decode_beacon, encode_beacon
from emulator.zigbee.frames.mac import FrameType, MacFrame
from emulator.zigbee.frames.mac_commands import AssociationResponse, Capability, decode_command, encode_command
from tests.zigbee.strategies import mac_frames

DATA = MacFrame(FrameType.DATA, 0x42, 0x1AAA, 0x0000, 0x1AAA, 0x7B21, b"payload", acknowledge=True)


def with_fcs(body: bytes) -> bytes:
    return body + mac.fcs(body).to_bytes(2, "little")


def test_the_fcs_is_the_published_check_value() -> None:
    assert mac.fcs(b"123456789") == 0x2189


def test_a_data_frame_is_these_octets() -> None:
    assert mac.encode(DATA).hex() == "618842aa1a0000217b" + b"payload".hex() + "7590"


def test_an_acknowledgement_is_five_octets() -> None:
    assert mac.acknowledgement(0x42, pending=True) == with_fcs(bytes.fromhex("120042"))
    assert mac.decode(mac.acknowledgement(0x42, pending=False)) == MacFrame(
        FrameType.ACKNOWLEDGEMENT, 0x42, None, None, None, None
    )


def test_two_addresses_in_one_pan_name_it_once() -> None:
    both = MacFrame(FrameType.COMMAND, 1, 0x1AAA, 0, 0x1AAA, Eui64(5), source_extended=True)
    apart = MacFrame(FrameType.COMMAND, 1, 0x1AAA, 0, 0xFFFF, Eui64(5), source_extended=True)
    assert len(mac.encode(apart)) == len(mac.encode(both)) + 2


@given(octet=st.integers(0, len(mac.encode(DATA)) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_anywhere_is_refused(octet: int, bit: int) -> None:
    psdu = bytearray(mac.encode(DATA))
    psdu[octet] ^= 1 << bit
    assert not mac.fcs_is_good(bytes(psdu))
    with pytest.raises(DecodeError):
        mac.decode(bytes(psdu))


@given(frame=mac_frames())
def test_a_peek_shows_what_decoding_shows(frame: MacFrame) -> None:
    peeked = mac.peek(mac.encode(frame))
    assert peeked == (
        frame.type,
        frame.sequence,
        frame.acknowledge,
        frame.destination_pan,
        frame.destination,
        frame.destination_extended,
        frame.source,
        frame.source_extended,
    )


@pytest.mark.parametrize(
    "why, control",
    [
        ("MAC security", 0x8869),
        ("reserved MAC addressing mode", 0x8461),
        ("reserved MAC addressing mode", 0x4861),
        ("version", 0xA861),
        ("reserved MAC frame type", 0x8864),
    ],
)
def test_what_zigbee_does_not_use_is_refused(why: str, control: int) -> None:
    psdu = with_fcs(control.to_bytes(2, "little") + mac.encode(DATA)[2:-2])
    for read in (mac.decode, mac.peek):
        with pytest.raises(DecodeError, match=why):
            read(psdu)


@given(body=st.binary(min_size=1, max_size=125))
def test_a_good_fcs_does_not_make_a_frame_of_any_octets(body: bytes) -> None:
    try:
        frame = mac.decode(with_fcs(body))
    except DecodeError:
        return
    assert mac.decode(mac.encode(frame)) == frame


def test_reserved_bits_are_ignored() -> None:
    psdu = mac.encode(DATA)
    assert mac.decode(with_fcs(bytes([psdu[0] | 0x80]) + psdu[1:-2])) == DATA


def test_at_most_127_octets_go_into_a_frame() -> None:
    header = len(mac.encode(DATA)) - len(DATA.payload)
    full = MacFrame(FrameType.DATA, 0, 1, 2, 1, 3, bytes(127 - header))
    assert len(mac.encode(full)) == 127
    with pytest.raises(LocalProtocolError):
        mac.encode(MacFrame(FrameType.DATA, 0, 1, 2, 1, 3, bytes(128 - header)))
    with pytest.raises(DecodeError):
        mac.decode(with_fcs(bytes(126)))


@pytest.mark.parametrize(
    "frame",
    [
        MacFrame(FrameType.DATA, 0, None, 5, 1, 2),
        MacFrame(FrameType.DATA, 0, 1, None, 1, 2),
        MacFrame(FrameType.DATA, 0, None, None, 1, 2, destination_extended=True),
        MacFrame(FrameType.DATA, 0, None, 5, None, 2),
    ],
)
def test_half_an_address_is_our_own_fault(frame: MacFrame) -> None:
    with pytest.raises(LocalProtocolError):
        mac.encode(frame)


def test_a_capability_is_the_octet_of_the_standard() -> None:
    router = Capability(
        full_function_device=True, mains_powered=True, receiver_on_when_idle=True, allocate_address=True
    )
    assert int(router) == 0x8E
    assert int(Capability(allocate_address=True)) == 0x80
    assert Capability.from_int(0xFF) == Capability(True, True, True, True, True, True)


def test_an_association_response_is_these_octets() -> None:
    assert encode_command(AssociationResponse(0x7B21, 0)).hex() == "02217b00"


def test_a_mac_command_of_no_known_number_is_refused() -> None:
    with pytest.raises(DecodeError):
        decode_command(b"\x09\x00\x00")


def test_a_beacon_is_these_octets() -> None:
    beacon = Beacon(True, True, True, True, 0, Eui64(0x00DB1234567890A0))
    assert encode_beacon(beacon).hex() == "ffcf0000" + "002284" + "a09078563412db00" + "ffffff00"


def test_a_beacon_of_another_protocol_is_refused() -> None:
    with pytest.raises(DecodeError, match="another protocol"):
        decode_beacon(bytes.fromhex("ffcf0000" + "032284" + "a09078563412db00" + "ffffff00"))


def test_guaranteed_time_slots_are_skipped() -> None:
    plain = bytes.fromhex("ffcf0000002284a09078563412db00ffffff00")
    slotted = plain[:2] + bytes.fromhex("8100112233") + plain[3:]
    assert decode_beacon(slotted) == decode_beacon(plain)
