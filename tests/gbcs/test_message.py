"""The codec: every shape there and back, and nothing but a DecodeError for anything else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.gbcs.envelope import encode_length
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.message import SHAPES, Message
from tests.gbcs.strategies import messages


def command(**changes: object) -> Message:
    header = GroupingHeader(Cra.COMMAND, 7, Eui64(0xA0), Eui64(0xB0), 0x0129, None, Eui64(0xC0), 9)
    return replace(Message(header, b"\x05\x00", mac=bytes(range(12))), **changes)  # type: ignore[arg-type] # by name


@given(messages())
def test_what_is_encoded_decodes_to_the_same(message: Message) -> None:
    octets = message.encode()
    assert Message.decode(octets) == message
    assert Message.decode(octets).encode() == octets


@given(st.binary(max_size=400))
def test_garbage_is_a_decode_error_or_a_message(octets: bytes) -> None:
    try:
        message = Message.decode(octets)
    except DecodeError:
        return
    assert Message.decode(message.encode()) == message


@given(messages(), st.data())
def test_a_damaged_message_is_a_decode_error_or_a_message(message: Message, data: st.DataObject) -> None:
    octets = bytearray(message.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = Message.decode(bytes(octets))
    except DecodeError:
        return
    assert Message.decode(decoded.encode()) == decoded


@given(messages())
def test_no_shorter_and_no_longer_octets_are_the_same_message(message: Message) -> None:
    octets = message.encode()
    for other in (octets[:-1], octets[: len(octets) // 2], octets + b"\0"):
        try:
            assert Message.decode(other) != message
        except DecodeError:
            continue


def test_every_shape_of_the_table_has_its_letter() -> None:
    assert sorted(SHAPES.values()) == list("abcdefgh")
    for (cra, signed, has_mac), letter in SHAPES.items():
        header = replace(command().header, cra=cra)
        message = Message(header, b"", bytes(64) if signed else None, bytes(12) if has_mac else None)
        assert message.shape == letter
        assert Message.decode(message.encode()).shape == letter


@pytest.mark.parametrize(
    "cra,signed,has_mac",
    [
        (Cra.RESPONSE, False, False),
        (Cra.ALERT, False, False),
        (Cra.RESPONSE, True, True),
        (Cra.ALERT, True, True),
    ],
    ids=str,
)
def test_a_protection_that_no_shape_has_is_refused_both_ways(cra: Cra, signed: bool, has_mac: bool) -> None:
    message = command(signature=bytes(64) if signed else None, mac=bytes(12) if has_mac else None)
    octets = message.encode()
    with pytest.raises(DecodeError, match=r"no .* is protected like this"):
        Message.decode(octets.replace(b"\xdf\x09\x01", bytes((0xDF, 9, cra))))
    with pytest.raises(LocalProtocolError):
        replace(message, header=replace(message.header, cra=cra)).encode()


@pytest.mark.parametrize(
    "at,octets,where",
    [
        (0, "de", "grouping header"),
        (1, "01", "MAC header"),
        (7, "45", "MAC header: length"),
        (7, "80", "MAC header: length"),
        (7, "83", "MAC header: length"),
        (8, "31", "MAC header: security header"),
        (12, "01", "MAC header: security header"),
        (13, "dd", "grouping header: tag"),
        (14, "08", "grouping header: transaction id"),
        (15, "00", "grouping header: CRA flag"),
        (15, "04", "grouping header: CRA flag"),
        (24, "07", "grouping header: system titles"),
        (33, "09", "grouping header: system titles"),
        (42, "0b", "grouping header: date-time"),
        (43, "01", "grouping header: message code"),
        (43, "09", "grouping header: supplementary remote party id"),
        (43, "0b", "grouping header: supplementary remote party counter"),
        (43, "7f", "grouping header: other information"),
        (62, "7f", "grouping header: content length"),
        (65, "41", "signature length"),
        (65, "40", "signature"),
    ],
    ids=str,
)
def test_a_wrong_octet_is_named(at: int, octets: str, where: str) -> None:
    damaged = bytearray(command().encode())
    damaged[at : at + 1] = bytes.fromhex(octets)
    with pytest.raises(DecodeError, match=f"^{where}"):
        Message.decode(bytes(damaged))


@pytest.mark.parametrize("length", ["81", "8200"], ids=str)
@pytest.mark.parametrize("at", [7, 43, 62])
def test_longer_lengths_than_needed_are_read_and_shortest_are_written(at: int, length: str) -> None:
    octets = bytearray(command().encode())
    octets[at:at] = bytes.fromhex(length)
    if at != 7:
        octets[7] += len(length) // 2
    message = Message.decode(bytes(octets))
    assert message == command()
    assert message.encode() == command().encode()


def test_what_was_received_is_what_signature_and_mac_cover() -> None:
    octets = bytearray(command().encode())
    octets[62:62] = b"\x81"
    octets[7] += 1
    message = Message.decode(bytes(octets))
    assert message.to_be_authenticated == bytes(octets[13:-12])
    assert message.to_be_signed == bytes(octets[14:-13])
    assert replace(message, payload=b"\x05\x00\x00").to_be_signed == command(payload=b"\x05\x00\x00").to_be_signed


@pytest.mark.parametrize("length", [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF])
def test_lengths_have_their_shortest_form(length: int) -> None:
    octets = encode_length(length)
    assert len(octets) == 1 + (length > 0x7F) + (length > 0xFF)
    assert int.from_bytes(octets[-2:] if length > 0xFF else octets[-1:], "big") == length


def test_more_than_two_length_octets_hold_is_refused_when_encoding() -> None:
    with pytest.raises(LocalProtocolError, match="65536 octets"):
        command(payload=bytes(0x10000)).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"date_time": b"short"},
        {"originator_counter": -1},
        {"originator_counter": 2**64},
        {"recipient": 2**64},
        {"message_code": 0x10000},
        {"supplementary_remote_party_counter": 2**64},
        {"supplementary_remote_party_id": None},
        {"supplementary_remote_party_counter": None, "other_information": b"x"},
    ],
    ids=str,
)
def test_a_header_that_could_not_be_written_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(LocalProtocolError):
        replace(command().header, **changes)  # type: ignore[arg-type] # by name


def test_a_response_swaps_the_titles_and_echoes_counter_and_user() -> None:
    header = command().header
    response = header.response()
    assert (response.originator, response.recipient) == (header.recipient, header.originator)
    assert response.cra is Cra.RESPONSE
    assert response.originator_counter == header.originator_counter
    assert response.supplementary_remote_party_id == header.supplementary_remote_party_id
    assert response.supplementary_remote_party_counter == header.supplementary_remote_party_counter
    assert response.date_time is None
