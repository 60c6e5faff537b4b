"""Credentials from text: the forms that are read, and one error with one name for whatever is wrong with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.cbke.credential_text import FILE_LIMIT, Part, load_credentials, part_of, read_text
from emulator.cbke.credentials import BadCredentials, check_credentials, suites_of
from emulator.cbke.suite import SUITES
from emulator.core.clock import VIRTUAL_EPOCH
from emulator.core.rng import SeededStreams
from tests.cbke.parties import BRIDGE, HUB, authority, credentials

OWN = credentials(BRIDGE)
CERTIFICATE = OWN.octets
PRIVATE_KEY = OWN.suite.private_key_octets_of(OWN.private_key)
CA_PUBLIC_KEY = OWN.suite.curve.encode(OWN.ca_public_key)

CERTICOM = f"""CA Pub Key:
{CA_PUBLIC_KEY.hex()}
Device Implicit Cert:
{CERTIFICATE.hex()}
Private Key Reconstruction Data:
{PRIVATE_KEY.hex()}
Device Public Key:
0011
"""


def test_one_file_as_the_test_ca_of_certicom_writes_it_holds_all_three(tmp_path: Path) -> None:
    path = tmp_path / "device.txt"
    path.write_text(CERTICOM)
    assert load_credentials(OWN.suite, path, path, path, eui64=BRIDGE) == OWN


def test_three_files_of_bare_hex_will_do(tmp_path: Path) -> None:
    paths = []
    for name, octets in (("c", CERTIFICATE), ("k", PRIVATE_KEY), ("ca", CA_PUBLIC_KEY)):
        path = tmp_path / name
        path.write_text(f"# {name}\n{octets[:10].hex(' ')}  # the beginning\n{octets[10:].hex().upper()}\n")
        paths.append(path)
    assert load_credentials(OWN.suite, *paths) == OWN


def test_digits_behind_a_label_count_as_those_below_it() -> None:
    text = "Device  IMPLICIT cert: 0011\n2233\nLot:\n99\nca public key: 44"
    assert part_of(text, Part.CERTIFICATE, "x").hex() == "00112233"
    assert part_of(text, Part.CA_PUBLIC_KEY, "x").hex() == "44"


@given(st.text(max_size=80), st.sampled_from(Part))
def test_any_text_is_octets_or_refused(text: str, part: Part) -> None:
    try:
        octets = part_of(text, part, "x")
    except BadCredentials as error:
        octets = error.reason.encode()
    assert octets


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "eui64-of-another": ({"eui64": HUB}, "wrong-eui64"),
    "certificate-of-suite-1": ({"certificate": credentials(BRIDGE, 1).octets}, "wrong-suite"),
    "certificate-cut-short": ({"certificate": CERTIFICATE[:-1]}, "damaged-certificate"),
    "certificate-point-off-curve": ({"certificate": CERTIFICATE[:37] + b"\x03" + bytes(36)}, "damaged-certificate"),
    "certificate-with-a-flipped-bit": ({"certificate": CERTIFICATE[:8] + b"\xff" + CERTIFICATE[9:]}, "mismatch"),
    "certificate-of-another-hash": (
        {"certificate": CERTIFICATE[:10] + b"\x04" + CERTIFICATE[11:]},
        "unfit-certificate",
    ),
    "certificate-of-another-device": ({"certificate": credentials(HUB).octets}, "mismatch"),
    "private-key-of-suite-1": ({"private_key": bytes(20) + b"\1"}, "damaged-private-key"),
    "private-key-zero": ({"private_key": bytes(36)}, "damaged-private-key"),
    "private-key-of-another": ({"private_key": bytes(35) + b"\1"}, "mismatch"),
    "ca-public-key-off-curve": ({"ca_public_key": b"\x03" + bytes(36)}, "damaged-ca-public-key"),
    "ca-public-key-of-low-order": ({"ca_public_key": b"\x02" + bytes(36)}, "damaged-ca-public-key"),
    "another-ca": (
        {"ca_public_key": OWN.suite.curve.encode(authority(seed=2).public_key)},
        "mismatch",
    ),
}


@pytest.mark.parametrize("change, reason", CASES.values(), ids=CASES)
def test_whatever_is_wrong_has_one_name(change: dict[str, Any], reason: str) -> None:
    good = {"certificate": CERTIFICATE, "private_key": PRIVATE_KEY, "ca_public_key": CA_PUBLIC_KEY}
    with pytest.raises(BadCredentials) as caught:
        check_credentials(OWN.suite, **(good | change))
    assert caught.value.reason == reason
    assert "\n" not in str(caught.value)


def test_an_error_names_the_file_and_both_devices(tmp_path: Path) -> None:
    path = tmp_path / "hub.txt"
    path.write_text(CERTICOM)
    with pytest.raises(BadCredentials, match=r"hub\.txt: certificate of 00db1234567890b1, .* 00db1234567890a1"):
        load_credentials(OWN.suite, path, path, path, eui64=HUB)


@pytest.mark.parametrize(
    "valid_from, reason, words",
    [
        (
            datetime(2020, 1, 1, tzinfo=UTC),
            "expired",
            "expired: valid from 2020-01-01 00:00:00 UTC to 2020-01-31 00:00:00 UTC, but the run begins at 2026-01-01",
        ),
        (datetime(2026, 5, 1, tzinfo=UTC), "not-yet-valid", "not yet valid: valid from 2026-05-01 00:00:00 UTC to"),
    ],
    ids=["expired", "not-yet-valid"],
)
def test_a_certificate_outside_its_dates_is_named_with_its_file_and_both_dates(
    tmp_path: Path, valid_from: datetime, reason: str, words: str
) -> None:
    own = authority().issue(BRIDGE, SeededStreams(1), valid_from, 30 * 86_400)
    paths = [tmp_path / name for name in ("device.txt", "key.txt", "ca.txt")]
    parts = (own.octets, own.suite.private_key_octets_of(own.private_key), CA_PUBLIC_KEY)
    for path, octets in zip(paths, parts, strict=True):
        path.write_text(octets.hex())
    with pytest.raises(BadCredentials) as caught:
        load_credentials(own.suite, *paths, at=VIRTUAL_EPOCH)
    assert caught.value.reason == reason
    assert f"device.txt: certificate {words}" in str(caught.value)
    assert "cbke.time_checks=false" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert load_credentials(own.suite, *paths) == own
    assert load_credentials(own.suite, *paths, at=valid_from + timedelta(days=30)) == own


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"0" * (FILE_LIMIT + 1))
    for name, reason in (("absent", "missing"), ("", "unreadable"), ("long", "unreadable"), ("nul\0", "unreadable")):
        with pytest.raises(BadCredentials) as caught:
            read_text(tmp_path / name)
        assert caught.value.reason == reason


def test_the_suites_of_a_device_are_those_it_has_credentials_for() -> None:
    assert suites_of([]) == 0
    assert suites_of([credentials(BRIDGE, 1)]) == 1
    assert suites_of([credentials(BRIDGE, 1), OWN]) == 3
    assert {suite.number: suite.mask for suite in SUITES.values()} == {1: 1, 2: 2}
