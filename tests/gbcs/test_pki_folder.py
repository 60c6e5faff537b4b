"""A PKI on disk: what was written is read again, keys are for their owner alone, half a folder never stands there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from emulator.core.errors import BadInput, DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.gbcs import folder_writing
from emulator.gbcs.pem import certificate_pem, certificates_in, private_key_pem, private_keys_in
from emulator.gbcs.pki import PREPAYMENT_TOP_UP, SUPPLIERS, Pki, StoredCredential, generate_pki
from emulator.gbcs.pki_folder import (
    FILE_LIMIT,
    MARKER,
    is_pki_folder,
    load_pki,
    name_of,
    read_ring,
    stem_of,
    stored_credentials,
    write_pki,
)
from emulator.gbcs.pki_import import import_pki, read_any_ring
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from tests.gbcs.parties import BRIDGE, STRANGER


@pytest.fixture
def folder(pki: Pki, tmp_path: Path) -> Path:
    folder = tmp_path / "pki"
    write_pki(folder, stored_credentials(pki))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- there and back --------------------------------------------------------------------------------------------------


def test_what_was_written_is_read_again(pki: Pki, folder: Path) -> None:
    loaded = load_pki(folder)
    assert stored_credentials(loaded).keys() == stored_credentials(pki).keys()
    assert list(loaded.devices) == [BRIDGE, STRANGER]
    for name, credential in pki.credentials.items():
        other = loaded.credentials[name]
        assert other.certificate_octets == credential.certificate_octets
        assert other.public_key == credential.public_key
        assert other.private_key.private_numbers() == credential.private_key.private_numbers()
        assert other.certificate == credential.certificate


def test_a_loaded_pki_makes_devices_that_its_own_issuer_signs(folder: Path) -> None:
    loaded = load_pki(folder, SeededStreams(9))
    made = loaded.device(Eui64(0x00DB1234567890FF))
    made.key_agreement.certificate.verify_directly_issued_by(loaded.device_issuer.certificate)


def test_private_keys_are_for_their_owner_alone(folder: Path) -> None:
    keys = list(folder.rglob("*.key"))
    assert len(keys) == len(list(folder.rglob("*.pem"))) == 24
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}


@pytest.mark.parametrize(
    "name,stem",
    [
        ("organisation-root", "authorities/organisation-root"),
        ("organisation/90b3d51f30000002/keyAgreement", "organisations/90b3d51f30000002-ka"),
        ("organisation/90b3d51f30010000/prePaymentTopUp", "organisations/90b3d51f30010000-pp-ka"),
        ("organisation/90b3d51f30010000/xmlSigning", "organisations/90b3d51f30010000-xml"),
        ("device/00db1234567890b1/digitalSignature", "devices/00db1234567890b1-ds"),
    ],
)
def test_files_are_named_by_entity_and_usage(name: str, stem: str) -> None:
    assert stem_of(name) == stem
    assert name_of(Path("anywhere") / f"{stem}.pem") == name


def test_every_party_of_the_reference_is_there(folder: Path) -> None:
    found = {one.certificate.subject.role for one in read_ring(folder).credentials} - {None}
    assert found == set(RemotePartyRole) - {RemotePartyRole.LOAD_CONTROLLER, RemotePartyRole.OTHER}


# --- written as a whole ----------------------------------------------------------------------------------------------


class Killed(BaseException):
    """As if the process had ended here."""


@pytest.mark.parametrize("at", [1, 2, 20, 40])
def test_whoever_is_killed_leaves_the_old_folder(folder: Path, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before, calls = contents(folder), 0

    def fsync(_: int) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise Killed

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(Killed):
        write_pki(folder, stored_credentials(generate_pki(SeededStreams(2), [BRIDGE])))
    assert contents(folder) == before


@pytest.mark.parametrize("in_one_step", [True, False])
def test_a_folder_of_ours_is_replaced_as_a_whole(
    folder: Path, in_one_step: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not in_one_step:
        monkeypatch.setattr(folder_writing, "_exchanged", lambda *_: False)
    other = stored_credentials(generate_pki(SeededStreams(2), []))
    write_pki(folder, other)
    assert {one.name for one in read_ring(folder).credentials} == set(other)
    assert sorted(path.name for path in folder.parent.iterdir()) == [folder.name]


def test_an_empty_folder_is_filled(pki: Pki, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_pki(tmp_path / "empty", stored_credentials(pki))
    assert is_pki_folder(tmp_path / "empty")


def test_what_is_not_ours_is_left_alone(pki: Pki, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    for target in (tmp_path, tmp_path / "letter.txt"):
        with pytest.raises(BadInput):
            write_pki(target, stored_credentials(pki))
    assert contents(tmp_path) == {"letter.txt": b"dear"}


def test_where_nothing_can_be_written_is_bad_input(pki: Pki, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be"):
        write_pki(tmp_path / "file" / "pki", stored_credentials(pki))


# --- damaged ---------------------------------------------------------------------------------------------------------


def _no_marker(folder: Path) -> None:
    (folder / MARKER).unlink()


def _no_certificate(folder: Path) -> None:
    (folder / "devices" / "00db1234567890b1-ds.pem").write_text("nothing")


def _not_base64(folder: Path) -> None:
    text = "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n"
    (folder / "devices" / "00db1234567890b1-ds.pem").write_text(text)


def _other_key(folder: Path) -> None:
    (folder / "devices" / "00db1234567890b1-ds.key").write_bytes(
        (folder / "devices" / "00db1234567890b1-ka.key").read_bytes()
    )


def _too_long(folder: Path) -> None:
    (folder / "devices" / "00db1234567890b1-ds.pem").write_bytes(b" " * (FILE_LIMIT + 1))


@pytest.mark.parametrize(
    "damage,words",
    [
        (_no_marker, "is no PKI"),
        (_no_certificate, "holds not just one"),
        (_not_base64, "base64"),
        (_other_key, "is not the key"),
        (_too_long, "more than"),
    ],
)
def test_a_damaged_folder_is_bad_input_that_names_the_file(
    folder: Path, damage: Callable[[Path], None], words: str
) -> None:
    damage(folder)
    with pytest.raises(BadInput, match=words) as caught:
        read_ring(folder)
    assert "pki" in caught.value.where


def test_only_the_devices_asked_for_are_read(folder: Path) -> None:
    (folder / "devices" / "00db1234567890b2-ds.pem").write_text("damaged")
    ring = read_ring(folder, [BRIDGE])
    assert ring.of(BRIDGE, KeyUsage.KEY_AGREEMENT)
    assert not ring.of(STRANGER, KeyUsage.KEY_AGREEMENT)


# --- others' keys ----------------------------------------------------------------------------------------------------


def test_keys_in_any_files_are_found_by_what_the_certificates_say(pki: Pki, tmp_path: Path) -> None:
    source = tmp_path / "theirs" / "deep"
    source.mkdir(parents=True)
    broker, supplier = pki.access_control_broker, pki.suppliers[0]
    several = [broker.digital_signature, broker.key_agreement, pki.organisation_issuer]
    (source / "all.txt").write_bytes(b"noise\n" + b"".join(certificate_pem(one.certificate_octets) for one in several))
    old_style = broker.key_agreement.private_key.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    (source / "a").write_bytes(old_style)
    (source / "device.der").write_bytes(pki.device(BRIDGE).key_agreement.certificate_octets)
    (source / "x-pp-ka.pem").write_bytes(certificate_pem(pki.prepayment[SUPPLIERS[0]].certificate_octets))
    (source / "x-ka.pem").write_bytes(certificate_pem(supplier.key_agreement.certificate_octets))
    (source / "nobody.key").write_bytes(private_key_pem(pki.recovery.digital_signature.private_key))
    (source / "p384.key").write_bytes(
        ec.generate_private_key(ec.SECP384R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    imported = import_pki(tmp_path / "theirs")
    assert sorted(imported.credentials) == [
        "device/00db1234567890b1/keyAgreement",
        "organisation-issuer",
        "organisation/90b3d51f30000002/digitalSignature",
        "organisation/90b3d51f30000002/keyAgreement",
        "organisation/90b3d51f30010000/keyAgreement",
        f"organisation/90b3d51f30010000/{PREPAYMENT_TOP_UP}",
    ]
    held = {name for name, one in imported.credentials.items() if one.private_key is not None}
    assert held == {"organisation/90b3d51f30000002/keyAgreement"}
    assert len(imported.left_out) == 2
    assert any("P-256" in reason for reason in imported.left_out)
    ring = read_any_ring(tmp_path / "theirs")
    secret = ring.shared_secret(broker.entity_id, BRIDGE)
    assert secret == pki.device(BRIDGE).key_agreement.private_key.exchange(ec.ECDH(), broker.key_agreement.public_key)


def test_of_several_certificates_the_one_with_a_key_comes_first_and_none_is_lost(pki: Pki, tmp_path: Path) -> None:
    other = generate_pki(SeededStreams(2), [])
    for number, one in enumerate((pki, other)):
        octets = one.access_control_broker.key_agreement.certificate_octets
        (tmp_path / f"{number}.pem").write_bytes(certificate_pem(octets))
    key = other.access_control_broker.key_agreement.private_key
    (tmp_path / "key").write_bytes(private_key_pem(key))
    credentials = import_pki(tmp_path).credentials
    assert len(credentials) == 2
    first = credentials["organisation/90b3d51f30000002/keyAgreement"]
    assert first.private_key is not None
    write_pki(tmp_path / "ours", credentials)
    assert len(read_ring(tmp_path / "ours").credentials) == 2


def test_a_certificate_alone_can_be_used_but_cannot_sign(pki: Pki) -> None:
    name = "organisation/90b3d51f30000002/digitalSignature"
    octets = pki.access_control_broker.digital_signature.certificate_octets
    partial = Pki(SeededStreams(3), stored={name: StoredCredential(octets)})
    credential = partial.access_control_broker.digital_signature
    assert credential.public_key == pki.access_control_broker.digital_signature.public_key
    assert not credential.has_private_key
    with pytest.raises(LocalProtocolError):
        _ = credential.private_key


def test_a_folder_without_certificates_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no certificate"):
        import_pki(tmp_path)
    with pytest.raises(BadInput, match="no folder"):
        import_pki(tmp_path / "absent")


@pytest.mark.parametrize("text", [b"", b"\0", b"-----BEGIN X-----", b"-----BEGIN CERTIFICATE-----\n"], ids=repr)
def test_what_is_no_pem_holds_nothing(text: bytes) -> None:
    assert list(certificates_in(text)) == []
    assert list(private_keys_in(text)) == []


def test_a_private_key_that_cannot_be_read_is_a_decode_error() -> None:
    with pytest.raises(DecodeError, match="private key"):
        list(private_keys_in(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"))
