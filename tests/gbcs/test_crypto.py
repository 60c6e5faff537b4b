"""The formulae, worked out a second time with other means, and what keys are made of."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.gbcs import crypto
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.message import Message

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ALICE = crypto.private_key(b"alice")
BOB = crypto.private_key(b"bob")
HEADER = GroupingHeader(Cra.COMMAND, 0x0102030405060708, Eui64(0xA1A2A3A4A5A6A7A8), Eui64(0xB1B2B3B4B5B6B7B8), 0x0129)
MESSAGE = Message(HEADER, b"\x05\x00")


def test_the_mac_is_what_the_formulae_give() -> None:
    secret = ALICE.exchange(ec.ECDH(), BOB.public_key())
    other_info = bytes.fromhex("60857406080300 a1a2a3a4a5a6a7a8 09 01 0102030405060708 b1b2b3b4b5b6b7b8")
    key = sha256(b"\0\0\0\x01" + secret + other_info).digest()[:16]
    inner = bytes.fromhex("df09010102030405060708 08a1a2a3a4a5a6a7a8 08b1b2b3b4b5b6b7b8 00 020129 02 0500 00")
    encryptor = Cipher(algorithms.AES(key), modes.GCM(bytes.fromhex("a1a2a3a4a5a6a7a8 00000000"))).encryptor()
    encryptor.authenticate_additional_data(bytes.fromhex("110000000000") + inner)
    encryptor.finalize()
    assert crypto.authenticate(MESSAGE, secret).mac == encryptor.tag[:12]


def test_both_parties_have_the_same_secret() -> None:
    alice, bob = crypto.KeyAgreement(ALICE), crypto.KeyAgreement(BOB)
    secret = alice.shared_secret(BOB.public_key())
    assert secret == bob.shared_secret(ALICE.public_key())
    assert len(secret) == 32
    assert alice.shared_secret(BOB.public_key()) is secret
    assert alice.shared_secret(ALICE.public_key()) != secret


def test_a_signature_is_the_same_every_time_under_rfc_6979() -> None:
    first, second = crypto.sign(MESSAGE, ALICE), crypto.sign(MESSAGE, ALICE)
    assert first == second
    assert crypto.signature_is_valid(first, ALICE.public_key())
    assert not crypto.signature_is_valid(first, BOB.public_key())
    assert not crypto.signature_is_valid(MESSAGE, ALICE.public_key())


def test_a_signature_with_fresh_randomness_differs_and_verifies() -> None:
    first, second = (crypto.sign(MESSAGE, ALICE, ecdsa_deterministic=False) for _ in range(2))
    assert first.signature != second.signature
    assert crypto.signature_is_valid(first, ALICE.public_key())


def test_a_high_s_is_no_reason_to_refuse() -> None:
    signed = crypto.sign(MESSAGE, ALICE)
    assert signed.signature
    s = ORDER - int.from_bytes(signed.signature[32:], "big")
    other = replace(signed, signature=signed.signature[:32] + s.to_bytes(32, "big"))
    assert crypto.signature_is_valid(other, ALICE.public_key())


def test_the_mac_covers_the_signature() -> None:
    signed = crypto.sign(MESSAGE, ALICE)
    secret = bytes(32)
    authenticated = crypto.authenticate(signed, secret)
    assert crypto.mac_is_valid(authenticated, secret)
    assert not crypto.mac_is_valid(replace(authenticated, signature=bytes(64)), secret)
    assert not crypto.mac_is_valid(signed, secret)
    assert crypto.sign(authenticated, ALICE).mac is None


@given(st.binary(min_size=64, max_size=64))
def test_any_octets_for_a_signature_are_judged_without_an_error(signature: bytes) -> None:
    assert not crypto.signature_is_valid(replace(MESSAGE, signature=signature), ALICE.public_key())


@pytest.mark.parametrize(
    "octets,value",
    [
        (bytes(48), 1),
        ((ORDER - 2).to_bytes(48, "big"), ORDER - 1),
        ((ORDER - 1).to_bytes(48, "big"), 1),
    ],
    ids=["zero", "highest", "one-over"],
)
def test_any_octets_are_a_private_key(octets: bytes, value: int) -> None:
    assert crypto.private_key(octets).private_numbers().private_value == value


@pytest.mark.parametrize(
    "point", [b"", b"\0", b"\4" + bytes(64), b"\4" + b"\xff" * 64], ids=["none", "o", "zero", "off"]
)
def test_octets_that_are_no_point_are_a_decode_error(point: bytes) -> None:
    with pytest.raises(DecodeError):
        crypto.public_key(point)


def test_a_point_is_read_and_written() -> None:
    point = crypto.encode_point(ALICE.public_key())
    assert len(point) == 65
    assert crypto.encode_point(crypto.public_key(point)) == point
