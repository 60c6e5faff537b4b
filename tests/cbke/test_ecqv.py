"""Keys of implicit certificates, byte for byte as published, and what a forged one comes to."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.cbke.curve import InvalidPoint
from emulator.cbke.ecqv import keys_belong_together, private_key_of, public_key_of, reconstruction_data
from emulator.cbke.suite import SUITES
from tests.cbke.parties import BRIDGE, HUB, authority, credentials

Exchange = dict[str, Any]


def test_public_keys_from_certificates_are_the_published_ones(exchanges: list[Exchange]) -> None:
    for one in exchanges:
        suite = SUITES[one["suite"]]
        ca_public_key = suite.curve.decode_public_key(bytes.fromhex(one["ca_pub"]))
        for side in ("initiator", "responder"):
            certificate = bytes.fromhex(one[side]["cert"])
            public_key = public_key_of(certificate, suite, ca_public_key)
            assert suite.curve.encode(public_key).hex() == one[side]["public"]
            private_key = suite.private_key(bytes.fromhex(one[side]["private"]))
            assert keys_belong_together(certificate, suite, private_key, ca_public_key)


def test_a_device_reconstructs_its_private_key_from_what_the_authority_sends(exchanges: list[Exchange]) -> None:
    issued = [(one, one[side]) for one in exchanges if "ca_private" in one for side in ("initiator", "responder")]
    assert issued
    for one, side in issued:
        suite = SUITES[one["suite"]]
        certificate = bytes.fromhex(side["cert"])
        data = reconstruction_data(certificate, suite, int(side["ca_per_cert_k"], 16), int(one["ca_private"], 16))
        assert data == int(side["recon_private_r"], 16)
        assert private_key_of(certificate, suite, int(side["request_private_k_u"], 16), data) == int(
            side["private"], 16
        )


@pytest.mark.parametrize("number", SUITES)
def test_an_altered_certificate_is_another_public_key(number: int) -> None:
    own = credentials(BRIDGE, number)
    subject = 22 if number == 1 else 28
    altered = bytearray(own.octets)
    altered[subject] ^= 1
    assert keys_belong_together(own.octets, own.suite, own.private_key, own.ca_public_key)
    assert not keys_belong_together(bytes(altered), own.suite, own.private_key, own.ca_public_key)
    assert not keys_belong_together(own.octets, own.suite, own.private_key ^ 1, own.ca_public_key)
    assert not keys_belong_together(own.octets, own.suite, own.private_key, authority(number, seed=2).public_key)
    assert not keys_belong_together(credentials(HUB, number).octets, own.suite, own.private_key, own.ca_public_key)


def test_a_certificate_whose_point_is_none_has_no_public_key() -> None:
    own = credentials(BRIDGE)
    for point in (b"\x02" + bytes(36), b"\x03" + bytes(36), bytes(37), b"\x02" + b"\xff" * 36):
        with pytest.raises(InvalidPoint):
            public_key_of(own.octets[:37] + point, own.suite, own.ca_public_key)
