"""Keys of somebody else's PKI, in files of any names: told apart by what the certificates say.

A private key belongs to the certificate with its public key.  Only which key agreement key of a supplier is that for
prepayment top-ups is in no certificate: `pp` in the file's name says so, as in the published test keys.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from emulator.core.errors import BadInput, DecodeError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.gbcs import crypto
from emulator.gbcs.certificate_reading import ReadCertificate, read_certificate
from emulator.gbcs.crypto import PrivateKey, encode_point
from emulator.gbcs.key_ring import HeldCredential, KeyRing
from emulator.gbcs.pem import certificates_in, private_keys_in
from emulator.gbcs.pki import PREPAYMENT_TOP_UP, XML_SIGNING, StoredCredential
from emulator.gbcs.pki_folder import FILE_LIMIT, is_pki_folder, read_file, read_ring
from emulator.gbcs.roles import KeyUsage, RemotePartyRole

MOST_FILES = 20_000

_PREPAYMENT = re.compile(r"(^|[^a-z])(pp|prepay\w*)([^a-z]|$)")
_DER_START = b"\x30\x82"


@dataclass(slots=True)
class Imported:
    """What was found.

    Attributes:
        credentials: by name.
        left_out: what could not be used, file by file, and why.
    """

    credentials: dict[str, StoredCredential] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Found:
    certificate: ReadCertificate
    for_prepayment: bool


def import_pki(folder: Path) -> Imported:
    """Every certificate and private key anywhere under the folder; BadInput if there is no certificate."""
    imported = Imported()
    found: dict[bytes, _Found] = {}
    keys: dict[bytes, PrivateKey] = {}
    for path in _files(folder):
        try:
            _read(path, found, keys)
        except (DecodeError, BadInput) as error:
            imported.left_out.append(f"{path}: {error}")
    if not found:
        raise BadInput("no certificate was found", where=str(folder), allowed="a folder with PEM files")
    for one in _best_first(found.values(), keys):
        name = _free_name(one, imported.credentials)
        imported.credentials[name] = StoredCredential(one.certificate.octets, keys.get(one.certificate.point))
    points = {one.certificate.point for one in found.values()}
    imported.left_out += [f"a private key without a certificate: {key.hex()}" for key in keys if key not in points]
    return imported


def _files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise BadInput("is no folder", where=str(folder))
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    if len(paths) > MOST_FILES:
        raise BadInput(f"holds {len(paths)} files", where=str(folder), allowed=f"at most {MOST_FILES}")
    return (path for path in paths if path.stat().st_size <= FILE_LIMIT)


def _read(path: Path, found: dict[bytes, _Found], keys: dict[bytes, PrivateKey]) -> None:
    text = read_file(path)
    whole = [text] if text.startswith(_DER_START) else []
    for octets in (*whole, *certificates_in(text)):
        certificate = read_certificate(octets)
        crypto.public_key(certificate.point)
        for_prepayment = _PREPAYMENT.search(path.stem.lower()) is not None
        found.setdefault(octets, _Found(certificate, for_prepayment))
    for key in private_keys_in(text):
        keys[encode_point(key.public_key())] = key


def _best_first(found: Iterable[_Found], keys: dict[bytes, PrivateKey]) -> list[_Found]:
    """Those with a private key, then the newest: the first of its name gets it."""
    return sorted(
        found,
        key=lambda one: (one.certificate.point not in keys, -one.certificate.not_before.timestamp()),
    )


def _free_name(one: _Found, taken: dict[str, StoredCredential]) -> str:
    name = _name(one)
    if name not in taken:
        return name
    identifier = one.certificate.extensions.subject_key_identifier or b""
    return f"{name}-{identifier.hex()}-{one.certificate.serial:x}"


def _name(one: _Found) -> str:
    certificate = one.certificate
    entity_id, role = certificate.entity_id, certificate.subject.role
    if entity_id is None:
        tree = "device" if role is None else "organisation"
        return f"{tree}-root" if certificate.is_self_issued else f"{tree}-issuer"
    kind = "device" if certificate.extensions.hardware_serial is not None else "organisation"
    return f"{kind}/{eui64_text(entity_id)}/{_usage(one, role)}"


def _usage(one: _Found, role: int | None) -> str:
    usage = one.certificate.extensions.key_usage
    if role in {RemotePartyRole.USER_XML_SIGNING, RemotePartyRole.DSP_XML_SIGNING}:
        return XML_SIGNING
    if usage is KeyUsage.KEY_AGREEMENT and one.for_prepayment:
        return PREPAYMENT_TOP_UP
    return "other" if usage is None else usage.value


def read_any_ring(folder: Path, devices: Collection[Eui64] | None = None) -> KeyRing:
    """The keys in a folder of ours, or in any other with certificates and keys.

    Args:
        folder: where to look; BadInput where nothing can be found there.
        devices: leave out others than these, where that saves time; None = all.
    """
    if is_pki_folder(folder):
        return read_ring(folder, devices)
    return KeyRing(
        HeldCredential(name, read_certificate(one.certificate), one.private_key)
        for name, one in import_pki(folder).credentials.items()
    )
