"""The test CA: sound certificates, the same ones under a seed, and on disk what it was in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from emulator.cbke.authority import TEST_ISSUER, CertificateAuthority
from emulator.cbke.authority_folder import (
    CA_PRIVATE_KEY,
    CA_PUBLIC_KEY,
    TextFile,
    authority_files,
    certificate_file,
    device_files,
    private_key_file,
    read_authority,
    read_folder,
)
from emulator.cbke.certificate import NO_END, CertificateCS2
from emulator.cbke.credential_text import load_credentials
from emulator.cbke.credentials import BadCredentials
from emulator.cbke.ecqv import keys_belong_together
from emulator.cbke.suite import SUITES
from emulator.core.errors import BadInput
from emulator.core.rng import SeededStreams, SystemStreams
from tests.cbke.parties import BRIDGE, HUB, authority, credentials


def write(folder: Path, files: dict[str, TextFile]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, one in files.items():
        (folder / name).write_text(one.text)
    return folder


@pytest.mark.parametrize("number", SUITES)
def test_what_it_issues_belongs_together(number: int) -> None:
    own = credentials(BRIDGE, number)
    assert keys_belong_together(own.octets, own.suite, own.private_key, own.ca_public_key)
    assert own.eui64 == BRIDGE
    assert own.certificate.issuer == TEST_ISSUER
    assert own.certificate.flaw is None
    assert len(own.octets) == SUITES[number].certificate_octets


def test_a_seed_gives_the_same_certificates_whatever_else_is_issued(seed: int) -> None:
    one, two = (CertificateAuthority.generate(SUITES[2], SeededStreams(seed)) for _ in range(2))
    two.issue(HUB, SeededStreams(seed))
    assert one == two
    assert one.issue(BRIDGE, SeededStreams(seed)) == two.issue(BRIDGE, SeededStreams(seed))
    assert one.issue(BRIDGE, SeededStreams(seed)) != one.issue(BRIDGE, SeededStreams(seed + 1))


def test_without_a_seed_no_two_are_the_same() -> None:
    streams = SystemStreams()
    ca = CertificateAuthority.generate(SUITES[1], streams)
    assert ca != CertificateAuthority.generate(SUITES[1], streams)
    assert ca.issue(BRIDGE, streams).octets != ca.issue(BRIDGE, streams).octets


def test_a_certificate_is_valid_from_the_day_it_was_issued() -> None:
    issued = authority().issue(BRIDGE, SeededStreams(1), datetime(2026, 11, 1, tzinfo=UTC)).certificate
    assert isinstance(issued, CertificateCS2)
    assert issued.valid_from == 1_793_491_200
    assert issued.valid_for == NO_END


def test_a_certificate_may_have_an_end() -> None:
    own = authority().issue(BRIDGE, SeededStreams(1), valid_for=60)
    assert isinstance(own.certificate, CertificateCS2)
    assert own.certificate.valid_for == 60
    assert keys_belong_together(own.octets, own.suite, own.private_key, own.ca_public_key)


@pytest.mark.parametrize("number", SUITES)
def test_a_ca_and_its_devices_come_back_from_disk(number: int, tmp_path: Path) -> None:
    ca, own = authority(number), credentials(BRIDGE, number)
    folder = write(tmp_path / "ca", authority_files(ca) | device_files([own]))
    assert read_authority(folder) == read_authority(folder / CA_PRIVATE_KEY) == ca
    paths = (folder / name for name in (certificate_file(BRIDGE), private_key_file(BRIDGE), CA_PUBLIC_KEY))
    assert load_credentials(own.suite, *paths, eui64=BRIDGE) == own
    assert read_folder(folder) == authority_files(ca) | device_files([own])


def test_only_private_keys_are_secret() -> None:
    files = authority_files(authority()) | device_files([credentials(BRIDGE)])
    assert {name for name, one in files.items() if one.secret} == {CA_PRIVATE_KEY, private_key_file(BRIDGE)}


def test_another_issuer_is_kept_with_the_key(tmp_path: Path) -> None:
    ca = CertificateAuthority(SUITES[2], 5, issuer=0x1112131415161718)
    assert read_authority(write(tmp_path / "ca", authority_files(ca))) == ca


def test_a_folder_with_anything_else_in_it_is_not_taken_for_ours(tmp_path: Path) -> None:
    assert read_folder(tmp_path / "absent") == {}
    assert read_folder(tmp_path) == {}
    (tmp_path / "letter").write_text("dear")
    with pytest.raises(BadInput, match="not empty"):
        read_folder(tmp_path)
    with pytest.raises(BadInput, match="cannot be used"):
        read_folder(tmp_path / "letter")


@pytest.mark.parametrize(
    "text, reason",
    [
        ("CA Private Key:\n0011", "damaged-private-key"),
        ("CA Private Key:\nxyz", "damaged-private-key"),
        (f"CA Private Key:\n{'00' * 36}", "damaged-private-key"),
        (f"CA Private Key:\n{'01' * 36}\nCA Issuer:\n0011", "damaged-ca-public-key"),
        ("CA Pub Key:\n0011", "missing"),
    ],
    ids=["length", "no-hex", "zero", "issuer", "public-only"],
)
def test_a_ca_that_cannot_be_read_is_named(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "ca.txt"
    path.write_text(text)
    with pytest.raises(BadCredentials, match=r"ca\.txt") as caught:
        read_authority(path)
    assert caught.value.reason == reason
