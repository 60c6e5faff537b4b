"""The published reference messages: re-made, verified, and refused when a bit is flipped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from emulator.core.eui64 import Eui64
from emulator.gbcs import crypto
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.message import Message
from emulator.gbcs.use_cases import cs08, cs09
from tests.gbcs.parties import Rtds, Vector

BROKER = Eui64(0x90B3D51F30000002)
PPMID = Eui64(0x00DB1234567890A4)
SUPPLIER = Eui64(0x90B3D51F30010000)


def remade(message: Message) -> Message:
    """From its fields alone: nothing of the octets received is left but payload and signature."""
    header = message.header
    fresh = GroupingHeader(
        header.cra,
        header.originator_counter,
        header.originator,
        header.recipient,
        header.message_code,
        header.date_time,
        header.supplementary_remote_party_id,
        header.supplementary_remote_party_counter,
        header.other_information,
    )
    return Message(fresh, message.payload, message.signature)


def flips(octets: bytes, bits: Iterable[int]) -> Iterable[tuple[int, bytes]]:
    for bit in bits:
        damaged = bytearray(octets)
        damaged[bit // 8] ^= 1 << bit % 8
        yield bit, bytes(damaged)


def assert_refused_when_flipped(vector: Vector, bits: Iterable[int]) -> None:
    assert vector.accepts(vector.octets), vector.name
    for bit, damaged in flips(vector.octets, bits):
        assert not vector.accepts(damaged), f"{vector.name}: bit {bit}"


def test_every_message_encodes_to_its_own_octets(rtds: Rtds) -> None:
    for vector in rtds.all:
        assert Message.decode(vector.octets).encode() == vector.octets, vector.name


def test_every_mac_is_remade_byte_for_byte(rtds: Rtds) -> None:
    with_mac = [vector for vector in rtds.all if vector.shared_secret]
    assert len(with_mac) >= 20
    for vector in with_mac:
        assert vector.shared_secret
        message = remade(Message.decode(vector.octets))
        assert crypto.mac_key(message.header, vector.shared_secret) == vector.mac_key, vector.name
        authenticated = crypto.authenticate(message, vector.shared_secret)
        assert authenticated.mac == vector.mac, vector.name
        assert authenticated.encode() == vector.octets, vector.name


def test_every_signature_verifies(rtds: Rtds) -> None:
    signed = [vector for vector in rtds.all if vector.signer]
    assert len(signed) >= 15
    for vector in signed:
        assert vector.signer
        assert crypto.signature_is_valid(remade(Message.decode(vector.octets)), vector.signer), vector.name


def test_every_message_is_checked_by_mac_or_signature(rtds: Rtds) -> None:
    for vector in rtds.all:
        message = Message.decode(vector.octets)
        assert (message.mac is not None) == (vector.shared_secret is not None), vector.name
        assert (message.signature is not None) == (vector.signer is not None), vector.name


def test_a_flipped_bit_anywhere_in_cs08_and_cs09_is_refused(rtds: Rtds) -> None:
    chosen = rtds.group("CS08") + rtds.group("CS09")
    assert len(chosen) == 3
    for vector in chosen:
        assert_refused_when_flipped(vector, range(len(vector.octets) * 8))


def test_a_flipped_bit_in_any_message_is_refused(rtds: Rtds) -> None:
    for start, vector in enumerate(rtds.all):
        # Every octet of what surrounds the payload, and a bit of every 16 octets of the rest.
        head = range(start % 8, 80 * 8, 8)
        rest = range(80 * 8 + start, len(vector.octets) * 8, 127)
        assert_refused_when_flipped(vector, [bit for bit in (*head, *rest) if bit < len(vector.octets) * 8])


@pytest.mark.long
def test_a_flipped_bit_anywhere_in_any_message_is_refused(rtds: Rtds) -> None:
    for vector in rtds.all:
        assert_refused_when_flipped(vector, range(len(vector.octets) * 8))


def test_cs08_is_rebuilt_from_what_it_says(rtds: Rtds) -> None:
    command, response = rtds.named("CS08_11.2_SUCCESS_COMMAND"), rtds.named("CS08_11.2_SUCCESS_RESPONSE")
    assert command.shared_secret
    assert response.shared_secret
    header = GroupingHeader(Cra.COMMAND, 0x514, BROKER, PPMID, cs08.MESSAGE_CODE, None, SUPPLIER, 1_000)
    built = crypto.authenticate(Message(header, cs08.Command().encode()), command.shared_secret)
    assert built.encode() == command.octets
    answer = Message(header.response(), cs08.Response.of(0x0123ABCD).encode())
    assert crypto.authenticate(answer, response.shared_secret).encode() == response.octets


def test_cs09_is_rebuilt_but_for_its_signature(rtds: Rtds) -> None:
    vector = rtds.named("CS09")
    alert = cs09.Alert(datetime(2015, 1, 1, tzinfo=UTC), 0x1234ABCD, cs09.Result.SUCCESS)
    header = GroupingHeader(Cra.ALERT, 5_000, PPMID, BROKER, cs09.MESSAGE_CODE)
    published = Message.decode(vector.octets)
    assert Message(header, alert.encode(), published.signature).encode() == vector.octets
    assert cs09.Alert.decode(published.payload) == alert


def test_a_mac_does_not_fit_the_other_direction(rtds: Rtds) -> None:
    command, response = rtds.named("CS08_11.2_SUCCESS_COMMAND"), rtds.named("CS08_11.2_SUCCESS_RESPONSE")
    assert command.shared_secret == response.shared_secret
    assert command.mac_key != response.mac_key
    assert not command.accepts(response.octets[:-12] + command.octets[-12:])
