"""A PKI on disk: PEM by entity and usage, one file a certificate, one a private key beside it.

    pki.json                                       says that this folder is one of ours
    authorities/organisation-root.pem .key         the roots and those who issue certificates under them
    organisations/90b3d51f30000002-ds.pem .key     digital signature; -ka key agreement, -pp-ka prepayment top-up,
                                                   -xml the signature on service requests
    devices/00db1234567890b1-ds.pem .key           the same for devices
    cbke/                                          whatever belongs to key establishment; not looked at here, and kept

The stems are those of the published test keys, so that tools made for these find ours.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from emulator.core.clock import VIRTUAL_EPOCH
from emulator.core.errors import BadInput, DecodeError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.rng import Streams, SystemStreams
from emulator.gbcs.certificate_reading import read_certificate
from emulator.gbcs.crypto import PrivateKey, encode_point
from emulator.gbcs.folder_writing import FileContent, write_folder
from emulator.gbcs.key_ring import HeldCredential, KeyRing
from emulator.gbcs.pem import certificate_pem, certificates_in, private_key_pem, private_keys_in
from emulator.gbcs.pki import PREPAYMENT_TOP_UP, XML_SIGNING, Pki, StoredCredential
from emulator.gbcs.roles import KeyUsage

MARKER = "pki.json"
FORMAT = {"format": "althan-pki", "version": 1}
CERTIFICATE_SUFFIX, KEY_SUFFIX = ".pem", ".key"
FILE_LIMIT = 64 * 1024
"""Octets of the largest file that is looked at; a certificate has one or two thousand."""

KEY_ESTABLISHMENT = "cbke"
"""Subfolder with the test CA of key establishment, in a PKI that hub and bridges share."""
_OTHERS = 0o077

_USAGES = {
    KeyUsage.DIGITAL_SIGNATURE.value: "ds",
    KeyUsage.KEY_AGREEMENT.value: "ka",
    PREPAYMENT_TOP_UP: "pp-ka",
    XML_SIGNING: "xml",
}
_USAGE_OF = {suffix: usage for usage, suffix in _USAGES.items()}
_FOLDERS = {"organisation": "organisations", "device": "devices"}
_KIND_OF = {folder: kind for kind, folder in _FOLDERS.items()}
_AUTHORITIES = "authorities"


def is_pki_folder(folder: Path) -> bool:
    """Whether the folder is one that `write_pki` made."""
    try:
        return bool(json.loads((folder / MARKER).read_bytes()) == FORMAT)
    except (OSError, ValueError):
        return False


def check_target(folder: Path) -> None:
    """BadInput unless the folder is absent, empty, or one of ours."""
    try:
        taken = folder.exists() and any(folder.iterdir())
    except OSError as error:
        raise BadInput(f"cannot be used: {error.strerror}", where=str(folder), allowed="a folder") from error
    if taken and not is_pki_folder(folder):
        raise BadInput(
            "is not empty and no PKI of ours", where=str(folder), allowed="a new folder, or one that pki create made"
        )


def write_pki(folder: Path, credentials: Mapping[str, StoredCredential]) -> None:
    """Write a whole PKI, in place of what the folder held before; BadInput where that may not or cannot be done."""
    check_target(folder)
    files = {MARKER: FileContent(json.dumps(FORMAT).encode() + b"\n")}
    for name, credential in credentials.items():
        stem = stem_of(name)
        files[stem + CERTIFICATE_SUFFIX] = FileContent(certificate_pem(credential.certificate))
        if credential.private_key is not None:
            files[stem + KEY_SUFFIX] = FileContent(private_key_pem(credential.private_key), secret=True)
    write_folder(folder, files | _kept(folder))


def _kept(folder: Path) -> dict[str, FileContent]:
    """What lies in the folder and is nothing of GBCS."""
    found = {}
    try:
        for path in sorted((folder / KEY_ESTABLISHMENT).glob("*")):
            if path.is_file() and not path.name.startswith("."):
                secret = not path.stat().st_mode & _OTHERS
                found[f"{KEY_ESTABLISHMENT}/{path.name}"] = FileContent(path.read_bytes(), secret=secret)
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=str(folder / KEY_ESTABLISHMENT)) from error
    return found


def stored_credentials(pki: Pki) -> dict[str, StoredCredential]:
    """Everything in a PKI, by name, as `write_pki` takes it."""
    return {
        name: StoredCredential(one.certificate_octets, one.private_key if one.has_private_key else None)
        for name, one in pki.credentials.items()
    }


def stem_of(name: str) -> str:
    """The file of a credential without its suffix: `organisation/<id>/keyAgreement` is `organisations/<id>-ka`."""
    kind, _, rest = name.partition("/")
    if kind not in _FOLDERS:
        return f"{_AUTHORITIES}/{name}"
    entity_id, _, usage = rest.partition("/")
    return f"{_FOLDERS[kind]}/{entity_id}-{_USAGES.get(usage, usage)}"


def name_of(path: Path) -> str:
    """The name of the credential in a file: what `stem_of` was given."""
    if path.parent.name not in _KIND_OF:
        return path.stem
    entity_id, _, suffix = path.stem.partition("-")
    return f"{_KIND_OF[path.parent.name]}/{entity_id}/{_USAGE_OF.get(suffix, suffix)}"


def read_ring(folder: Path, devices: Collection[Eui64] | None = None) -> KeyRing:
    """The keys in a folder of ours, of all devices or of some; BadInput names the file that is damaged."""
    if not is_pki_folder(folder):
        raise BadInput(
            "is no PKI", where=str(folder), allowed="a folder that althan pki create made, from others' keys by --from"
        )
    return KeyRing(_held(path) for path in _certificate_files(folder, devices))


def _certificate_files(folder: Path, devices: Collection[Eui64] | None) -> Iterator[Path]:
    wanted = None if devices is None else {eui64_text(device) for device in devices}
    for path in sorted(folder.glob(f"*/*{CERTIFICATE_SUFFIX}")):
        if wanted is None or path.parent.name != _FOLDERS["device"] or path.stem.partition("-")[0] in wanted:
            yield path


def _held(path: Path) -> HeldCredential:
    try:
        (octets,) = certificates_in(read_file(path))
        held = HeldCredential(name_of(path), read_certificate(octets), _private_key(path.with_suffix(KEY_SUFFIX)))
        point = encode_point(held.public_key)
    except (DecodeError, ValueError) as error:
        reason = str(error) if isinstance(error, DecodeError) else "holds not just one"
        raise BadInput(reason, where=str(path), allowed="one certificate, and its key beside it") from error
    if held.private_key is not None and encode_point(held.private_key.public_key()) != point:
        raise BadInput("is not the key of the certificate beside it", where=str(path.with_suffix(KEY_SUFFIX)))
    return held


def _private_key(path: Path) -> PrivateKey | None:
    if not path.exists():
        return None
    (key,) = private_keys_in(read_file(path))
    return key


def read_file(path: Path) -> bytes:
    """A file's octets; BadInput where it cannot be read, or is longer than FILE_LIMIT."""
    try:
        with path.open("rb") as file:
            octets = file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=str(path)) from error
    if len(octets) > FILE_LIMIT:
        raise BadInput(f"has more than {FILE_LIMIT} octets", where=str(path))
    return octets


def load_pki(folder: Path, streams: Streams | None = None, not_before: datetime = VIRTUAL_EPOCH) -> Pki:
    """The PKI in a folder of ours, with everything that is in it.

    Args:
        folder: as `write_pki` made it.
        streams: where the keys of parties come from that are not in it, when they are asked for; the system's if None.
        not_before: when certificates begin that are made then, UTC.
    """
    ring = read_ring(folder)
    stored = {one.name: StoredCredential(one.certificate.octets, one.private_key) for one in ring.credentials}
    pki = Pki(streams or SystemStreams(), not_before, stored)
    for one in ring.credentials:
        if one.name.startswith("device/") and one.certificate.entity_id is not None:
            pki.device(one.certificate.entity_id)
    return pki
