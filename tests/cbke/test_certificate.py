"""Implicit certificates: every field in its place, and what makes one unfit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.cbke.certificate import (
    NO_END,
    CertificateCS1,
    CertificateCS2,
    certificate_hash,
    decode_certificate,
    suite_of_certificate,
)
from emulator.cbke.suite import SUITES
from emulator.core.clock import VIRTUAL_EPOCH
from emulator.core.errors import DecodeError
from tests.cbke.parties import BRIDGE, credentials

Exchange = dict[str, Any]


def test_the_fields_of_the_suite_2_certificate_of_annex_c6(exchanges: list[Exchange]) -> None:
    (annex,) = (one for one in exchanges if one["suite"] == 2)
    certificate = decode_certificate(bytes.fromhex(annex["initiator"]["cert"]), SUITES[2])
    assert certificate == CertificateCS2(
        serial_number=0x84A933B37F018DEC,
        issuer=0x1112131415161718,
        valid_from=0x5292A38A,
        valid_for=NO_END,
        subject=certificate.subject,
        key_usage=0x88,
        reconstruction=bytes.fromhex(annex["initiator"]["cert"])[37:],
        form=0x00,
        curve=0x0D,
        hash=0x08,
    )
    assert certificate.subject == 0x0A0B0C0D0E0F1012


def test_the_fields_of_the_suite_1_certificate_of_annex_c5(exchanges: list[Exchange]) -> None:
    annex = next(one for one in exchanges if one["suite"] == 1)
    certificate = decode_certificate(bytes.fromhex(annex["responder"]["cert"]), SUITES[1])
    assert isinstance(certificate, CertificateCS1)
    assert certificate.subject == 1
    assert certificate.issuer.to_bytes(8, "big") == b"TESTSECA"
    assert certificate.profile_data.hex() == "01090006000000000000"


def test_published_certificates_are_written_as_they_were_read(exchanges: list[Exchange]) -> None:
    for one in exchanges:
        for side in ("initiator", "responder"):
            octets = bytes.fromhex(one[side]["cert"])
            certificate = decode_certificate(octets, SUITES[one["suite"]])
            assert certificate.encode() == octets
            assert certificate.flaw is None
            assert f"{certificate.subject:016x}" == one[side]["eui64"]
            assert suite_of_certificate(octets) is SUITES[one["suite"]]


def test_the_hash_covers_the_whole_certificate(exchanges: list[Exchange]) -> None:
    for one in exchanges:
        if "e" in one["initiator"]:
            assert certificate_hash(bytes.fromhex(one["initiator"]["cert"])) == int(one["initiator"]["e"], 16)


@given(st.sampled_from([1, 2]), st.binary(min_size=40, max_size=80))
def test_any_octets_of_the_right_length_are_read_and_written_back(number: int, octets: bytes) -> None:
    suite = SUITES[number]
    if len(octets) != suite.certificate_octets:
        with pytest.raises(DecodeError):
            decode_certificate(octets, suite)
    else:
        assert decode_certificate(octets, suite).encode() == octets


@pytest.mark.parametrize(
    "change, flaw",
    [
        ({"form": 1}, "certificate type 0x01"),
        ({"curve": 0x0C}, "certificate curve 0x0c"),
        ({"hash": 0x04}, "certificate hash 0x04"),
        ({"key_usage": 0x80}, "certificate key usage 0x80"),
    ],
    ids=["type", "curve", "hash", "key-usage"],
)
def test_a_certificate_of_another_kind_is_unfit(change: dict[str, int], flaw: str) -> None:
    certificate = credentials(BRIDGE).certificate
    assert isinstance(certificate, CertificateCS2)
    assert replace(certificate, **change).flaw == flaw  # type: ignore[arg-type] # by name


# --- dates -----


DAY = 86_400


def dated(valid_from: int, valid_for: int) -> CertificateCS2:
    certificate = credentials(BRIDGE).certificate
    assert isinstance(certificate, CertificateCS2)
    return replace(certificate, valid_from=valid_from, valid_for=valid_for)


@pytest.mark.parametrize(
    "moment, found",
    [(-1, "not-yet-valid"), (0, None), (DAY, None), (DAY + 0.9, None), (DAY + 1, "expired")],
    ids=["a-second-before", "first-second", "last-second", "in-the-last-second", "a-second-after"],
)
def test_a_certificate_is_valid_from_its_first_second_to_its_last(moment: float, found: str | None) -> None:
    certificate = dated(int(VIRTUAL_EPOCH.timestamp()), DAY)
    assert certificate.untimely(VIRTUAL_EPOCH + timedelta(seconds=moment)) == found


def test_a_certificate_without_an_end_does_not_expire() -> None:
    assert dated(0, NO_END).untimely(datetime.max.replace(tzinfo=UTC)) is None
    assert dated(0, NO_END - 1).untimely(datetime.max.replace(tzinfo=UTC)) == "expired"


def test_a_certificate_of_suite_1_has_no_dates_and_is_always_valid() -> None:
    certificate = credentials(BRIDGE, 1).certificate
    assert certificate.untimely(datetime(1970, 1, 1, tzinfo=UTC)) is None
    assert certificate.untimely(datetime.max.replace(tzinfo=UTC)) is None
    assert certificate.validity == "for ever"


def test_published_certificates_are_valid_from_their_issue_on(exchanges: list[Exchange]) -> None:
    for one in exchanges:
        for side in ("initiator", "responder"):
            certificate = decode_certificate(bytes.fromhex(one[side]["cert"]), SUITES[one["suite"]])
            assert certificate.untimely(VIRTUAL_EPOCH) is None
            assert certificate.untimely(datetime.max.replace(tzinfo=UTC)) is None


@pytest.mark.parametrize(
    "valid_from, valid_for, text",
    [
        (0x5292A38A, NO_END, "from 2013-11-25 01:10:34 UTC on"),
        (0x5292A38A, DAY, "from 2013-11-25 01:10:34 UTC to 2013-11-26 01:10:34 UTC"),
        (2**40 - 1, 1, "from 1099511627775 seconds after 1970 to 1099511627776 seconds after 1970"),
    ],
    ids=["no-end", "a-day", "beyond-the-calendar"],
)
def test_the_dates_of_a_certificate_can_be_said(valid_from: int, valid_for: int, text: str) -> None:
    assert dated(valid_from, valid_for).validity == text


@given(st.integers(0, 2**40 - 1), st.integers(0, 2**32 - 1), st.datetimes(timezones=st.just(UTC)))
def test_any_dates_are_judged_and_said(valid_from: int, valid_for: int, date: datetime) -> None:
    certificate = dated(valid_from, valid_for)
    assert certificate.untimely(date) in {None, "not-yet-valid", "expired"}
    assert certificate.validity.startswith("from ")


# --- length -----


def test_a_length_of_neither_suite_is_named() -> None:
    with pytest.raises(DecodeError, match="50 octets, neither 48 nor 74"):
        suite_of_certificate(bytes(50))
