from __future__ import annotations

import pytest

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.zigbee.clusters.definition import Side
from emulator.zigbee.clusters.gbcs_transport import (
    GbcsTransfer,
    Get,
    GetResponse,
    Put,
    decode_transfer,
    encode_transfer,
)
from emulator.zigbee.clusters.key_establishment import (
    ConfirmKeyData,
    EphemeralData,
    InitiateKeyEstablishment,
    KeyEstablishmentMessage,
    TerminateKeyEstablishment,
    TerminateStatus,
    decode_key_establishment,
    encode_key_establishment,
)
from emulator.zigbee.clusters.tunnelling import (
    CloseTunnel,
    RequestTunnel,
    RequestTunnelResponse,
    TransferData,
    TransferDataError,
    TunnelClosureNotification,
    TunnelMessage,
    decode_tunnelling,
    encode_tunnelling,
)


@pytest.mark.parametrize(
    "message, octets",
    [
        (InitiateKeyEstablishment(2, 10, 15, bytes(74)), 78),
        (InitiateKeyEstablishment(1, 10, 15, bytes(48)), 52),
        (EphemeralData(bytes(37)), 37),
        (EphemeralData(bytes(22)), 22),
        (ConfirmKeyData(bytes(16)), 16),
        (TerminateKeyEstablishment(TerminateStatus.BAD_MESSAGE, 20, 2), 4),
    ],
)
def test_key_establishment_payloads_have_the_published_sizes(message: KeyEstablishmentMessage, octets: int) -> None:
    assert len(encode_key_establishment(message)[1]) == octets


def test_an_initiation_is_these_octets() -> None:
    command, payload = encode_key_establishment(InitiateKeyEstablishment(2, 10, 15, bytes(74)))
    assert (command, payload[:4].hex()) == (0x00, "02000a0f")


@pytest.mark.parametrize(
    "command, payload",
    [
        (0x00, bytes.fromhex("03000a0f") + bytes(74)),
        (0x00, bytes.fromhex("00000a0f") + bytes(74)),
        (0x00, bytes.fromhex("0200ff0f") + bytes(74)),
        (0x00, bytes.fromhex("02000aff") + bytes(74)),
        (0x00, bytes.fromhex("02000a0f") + bytes(73)),
        (0x00, bytes.fromhex("02000a0f") + bytes(75)),
        (0x00, bytes.fromhex("01000a0f") + bytes(74)),
        (0x01, bytes(36)),
        (0x01, b""),
        (0x02, bytes(15)),
        (0x02, bytes(17)),
        (0x03, bytes(3)),
        (0x04, b""),
    ],
)
def test_a_key_establishment_message_out_of_bounds_is_refused(command: int, payload: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_key_establishment(command, payload)


def test_a_suite_that_nobody_has_is_read_so_that_it_can_be_refused() -> None:
    message = decode_key_establishment(0x00, bytes.fromhex("04000a0f") + b"something else")
    assert message == InitiateKeyEstablishment(4, 10, 15, b"something else")


@pytest.mark.parametrize(
    "message", [InitiateKeyEstablishment(2, 255, 0, bytes(74)), ConfirmKeyData(bytes(15)), EphemeralData(bytes(1))]
)
def test_a_key_establishment_message_that_cannot_be_is_our_own_fault(message: KeyEstablishmentMessage) -> None:
    with pytest.raises(LocalProtocolError):
        encode_key_establishment(message)


@pytest.mark.parametrize(
    "message, receiver, command, octets",
    [
        (RequestTunnel(), Side.SERVER, 0x00, "06ffff00dc05"),
        (RequestTunnelResponse(7, 0), Side.CLIENT, 0x00, "070000dc05"),
        (CloseTunnel(7), Side.SERVER, 0x01, "0700"),
        (TransferData(7, b"\x01"), Side.SERVER, 0x02, "070001"),
        (TransferData(7, b"\x01"), Side.CLIENT, 0x01, "070001"),
        (TransferDataError(7, 1), Side.SERVER, 0x03, "070001"),
        (TransferDataError(7, 1), Side.CLIENT, 0x02, "070001"),
        (TunnelClosureNotification(7), Side.CLIENT, 0x06, "0700"),
    ],
)
def test_tunnelling_messages_are_these_octets(
    message: TunnelMessage, receiver: Side, command: int, octets: str
) -> None:
    assert encode_tunnelling(message, receiver) == (command, bytes.fromhex(octets))
    assert decode_tunnelling(command, bytes.fromhex(octets), receiver) == message


@pytest.mark.parametrize(
    "message, receiver",
    [(RequestTunnel(), Side.CLIENT), (RequestTunnelResponse(7, 0), Side.SERVER), (CloseTunnel(7), Side.CLIENT)],
)
def test_a_message_in_the_wrong_direction_is_our_own_fault(message: TunnelMessage, receiver: Side) -> None:
    with pytest.raises(LocalProtocolError, match=receiver.value):
        encode_tunnelling(message, receiver)


@pytest.mark.parametrize(
    "command, octets, receiver",
    [
        (0x06, "0700", Side.SERVER),
        (0x05, "0700", Side.CLIENT),
        (0x00, "06ffff02dc05", Side.SERVER),
        (0x00, "06ffff00dc0500", Side.SERVER),
        (0x02, "07", Side.SERVER),
    ],
)
def test_what_is_no_tunnelling_message_is_refused(command: int, octets: str, receiver: Side) -> None:
    with pytest.raises(DecodeError):
        decode_tunnelling(command, bytes.fromhex(octets), receiver)


@pytest.mark.parametrize(
    "transfer, octets",
    [(Get(), "01"), (GetResponse(0, b""), "0200"), (GetResponse(2, b"\xdf\x09"), "0202df09"), (Put(b"\xdf"), "03df")],
)
def test_gbcs_transfers_are_these_octets(transfer: GbcsTransfer, octets: str) -> None:
    assert encode_transfer(transfer).hex() == octets
    assert decode_transfer(bytes.fromhex(octets)) == transfer


@pytest.mark.parametrize("octets", ["", "00", "0100", "02", "04"])
def test_what_is_no_gbcs_transfer_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        decode_transfer(bytes.fromhex(octets))
