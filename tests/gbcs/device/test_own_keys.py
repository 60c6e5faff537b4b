"""New keys of the device: made, certified, in force only then, and shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography import x509

from emulator.core.eui64 import Eui64
from emulator.gbcs import crypto
from emulator.gbcs.certification_request import certification_request
from emulator.gbcs.message import Message
from emulator.gbcs.roles import KeyUsage
from emulator.gbcs.use_cases import cs02c, cs02d, cs02e
from emulator.gbcs.use_cases.cells import Certificate
from tests.gbcs.device.bench import NEW_KEYS, Bench, own
from tests.gbcs.parties import BRIDGE, STRANGER, Rtds

# --- CS02c, CS02d, CS02e ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("usage", [KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_AGREEMENT])
def test_a_new_key_waits_until_its_certificate_comes(bench: Bench, usage: KeyUsage) -> None:
    before = bench.device.state.own.held[usage]
    request = cs02c.Response.decode(own(bench, cs02c.MESSAGE_CODE, cs02c.Command(usage).encode()))
    assert request.certification_request
    asked = x509.load_der_x509_csr(request.certification_request)
    assert asked.is_signature_valid
    assert asked.public_key() == NEW_KEYS[0].public_key()
    assert bench.device.state.own.held[usage].private_key is before.private_key
    certificate = bench.pki.certify_device(BRIDGE, usage, NEW_KEYS[0].public_key(), 2)
    answer = own(bench, cs02d.MESSAGE_CODE, cs02d.Command(Certificate(certificate)).encode())
    assert cs02d.Response.decode(answer).response_code == cs02d.ResponseCode.SUCCESS
    assert bench.device.state.own.held[usage].private_key is NEW_KEYS[0]
    assert bench.device.state.own.held[usage].pending is None


def test_the_certification_request_is_made_like_the_published_one(rtds: Rtds) -> None:
    payload = Message.decode(rtds.named("CS02c_6.17_SUCCESS_RESPONSE").octets).payload
    published = x509.load_der_x509_csr(payload)
    entity = Eui64(0x00DB1234567890A0)
    key = crypto.private_key(b"any")
    ours = x509.load_der_x509_csr(certification_request(entity, KeyUsage.DIGITAL_SIGNATURE, key))
    point, other = (crypto.encode_point(one.public_key()) for one in (published, ours))  # type: ignore[arg-type] # P-256
    assert ours.tbs_certrequest_bytes.replace(other, point) == published.tbs_certrequest_bytes


def _certificate(bench: Bench, usage: KeyUsage = KeyUsage.KEY_AGREEMENT, device: Eui64 = BRIDGE, key: int = 0) -> bytes:
    return bench.pki.certify_device(device, usage, NEW_KEYS[key].public_key(), 2)


WRONG: list[tuple[cs02d.ResponseCode, Callable[[Bench], bytes]]] = [
    (cs02d.ResponseCode.INVALID_CERTIFICATE, lambda _: b"\x30\x00"),
    (cs02d.ResponseCode.WRONG_DEVICE_IDENTITY, lambda bench: _certificate(bench, device=STRANGER)),
    (cs02d.ResponseCode.WRONG_PUBLIC_KEY, lambda bench: _certificate(bench, key=1)),
    (
        cs02d.ResponseCode.NO_CORRESPONDING_KEY_PAIR_GENERATED,
        lambda bench: _certificate(bench, usage=KeyUsage.DIGITAL_SIGNATURE),
    ),
]


@pytest.mark.parametrize("code,make", WRONG, ids=[code.name for code, _ in WRONG])
def test_a_certificate_that_does_not_fit_changes_no_key(
    bench: Bench, code: cs02d.ResponseCode, make: Callable[[Bench], bytes]
) -> None:
    own(bench, cs02c.MESSAGE_CODE, cs02c.Command(KeyUsage.KEY_AGREEMENT).encode())
    before = bench.device.state.own
    answer = own(bench, cs02d.MESSAGE_CODE, cs02d.Command(Certificate(make(bench))).encode())
    assert cs02d.Response.decode(answer).response_code == code
    assert bench.device.state.own == before


def test_a_key_usage_that_no_device_has_is_refused_in_the_response(bench: Bench) -> None:
    for code, command in ((cs02c.MESSAGE_CODE, cs02c.Command), (cs02e.MESSAGE_CODE, cs02e.Command)):
        assert own(bench, code, command(KeyUsage.KEY_CERT_SIGN).encode()) == b"\x02\x01\x01"


def test_the_certificate_in_force_is_shown(bench: Bench) -> None:
    answer = own(bench, cs02e.MESSAGE_CODE, cs02e.Command(KeyUsage.KEY_AGREEMENT).encode())
    assert answer == bench.pki.device(BRIDGE).key_agreement.certificate_octets
