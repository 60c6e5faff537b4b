"""A test CA on disk: one small text file a part, in the form of `credential_text`.

cbke.json                                    says that this folder is one of ours
ca-public-key.txt  ca-private-key.txt        the CA
00db1234567890b1-certificate.txt             a device
00db1234567890b1-private-key.txt
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from emulator.cbke.authority import TEST_ISSUER, CertificateAuthority
from emulator.cbke.credential_text import Part, part_of, parts_of, read_text, text_of
from emulator.cbke.credentials import BadCredentials, Credentials
from emulator.cbke.suite import SUITES, Suite
from emulator.core.errors import BadInput, DecodeError
from emulator.core.eui64 import eui64_text

MARKER: Final = "cbke.json"
CA_PUBLIC_KEY: Final = "ca-public-key.txt"
CA_PRIVATE_KEY: Final = "ca-private-key.txt"
_FORMAT: Final = {"format": "althan-cbke", "version": 1}
_ISSUER_OCTETS: Final = 8


class TextFile(NamedTuple):
    """What a file is to hold; a secret one is for its owner's eyes only."""

    text: str
    secret: bool


def certificate_file(eui64: int) -> str:
    """The file with a device's certificate."""
    return f"{eui64_text(eui64)}-certificate.txt"


def private_key_file(eui64: int) -> str:
    """The file with a device's private key."""
    return f"{eui64_text(eui64)}-private-key.txt"


def authority_files(authority: CertificateAuthority) -> dict[str, TextFile]:
    """The files of the CA itself, by name."""
    suite = authority.suite
    private_key = text_of(
        Part.CA_PRIVATE_KEY, suite.private_key_octets_of(authority.private_key), f"Test CA, {suite}: private key."
    )
    issuer = f"{Part.CA_ISSUER.value}:\n{authority.issuer:016x}\n"
    public_key = suite.curve.encode(authority.public_key)
    return {
        MARKER: TextFile(json.dumps(_FORMAT) + "\n", secret=False),
        CA_PUBLIC_KEY: TextFile(
            text_of(Part.CA_PUBLIC_KEY, public_key, f"Test CA, {suite}: public key."), secret=False
        ),
        CA_PRIVATE_KEY: TextFile(private_key + issuer, secret=True),
    }


def device_files(devices: Iterable[Credentials]) -> dict[str, TextFile]:
    """The files of the devices, by name."""
    files: dict[str, TextFile] = {}
    for one in devices:
        about = f"{eui64_text(one.eui64)}, {one.suite}"
        certificate = text_of(Part.CERTIFICATE, one.octets, f"Implicit certificate of {about}, by a test CA.")
        octets = one.suite.private_key_octets_of(one.private_key)
        private_key = text_of(Part.PRIVATE_KEY, octets, f"Private key of {about}.")
        files[certificate_file(one.eui64)] = TextFile(certificate, secret=False)
        files[private_key_file(one.eui64)] = TextFile(private_key, secret=True)
    return files


def read_folder(folder: Path) -> dict[str, TextFile]:
    """The files of a folder of ours, none where it is absent or empty; BadInput where it holds anything else."""
    try:
        names = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    except OSError as error:
        raise BadInput(f"cannot be used: {error.strerror}", where=str(folder), allowed="a folder") from error
    if names and not is_authority_folder(folder):
        allowed = "a new folder, or one that cbke issue made"
        raise BadInput("is not empty and no test CA of ours", where=str(folder), allowed=allowed)
    return {name: TextFile(read_text(folder / name), name.endswith("-private-key.txt")) for name in names}


def is_authority_folder(folder: Path) -> bool:
    """Whether the folder is one of ours."""
    try:
        return bool(json.loads((folder / MARKER).read_bytes()) == _FORMAT)
    except (OSError, ValueError):
        return False


def read_authority(path: Path) -> CertificateAuthority:
    """The CA in a folder of ours, or in a file with its private key.

    Raises:
        BadCredentials: it cannot be read.
    """
    file = path / CA_PRIVATE_KEY if path.is_dir() else path
    where, text = str(file), read_text(file)
    octets = part_of(text, Part.CA_PRIVATE_KEY, where)
    suite = _suite_of(octets, where)
    try:
        private_key = suite.private_key(octets)
    except DecodeError as error:
        raise BadCredentials("damaged-private-key", str(error), where=where) from error
    return CertificateAuthority(suite, private_key, _issuer(text, where))


def _suite_of(private_key: bytes, where: str) -> Suite:
    for suite in SUITES.values():
        if len(private_key) == suite.private_key_octets:
            return suite
    lengths = " or ".join(f"{suite.private_key_octets} for {suite}" for suite in SUITES.values())
    raise BadCredentials(
        "damaged-private-key", f"private key of {len(private_key)} octets", where=where, allowed=lengths
    )


def _issuer(text: str, where: str) -> int:
    """The name that the file gives the CA, or that of every test CA."""
    found, _ = parts_of(text)
    if Part.CA_ISSUER not in found:
        return TEST_ISSUER
    octets = part_of(text, Part.CA_ISSUER, where)
    if len(octets) != _ISSUER_OCTETS:
        raise BadCredentials(
            "damaged-ca-public-key", "CA Issuer has not 8 octets", where=where, allowed="16 hex digits"
        )
    return int.from_bytes(octets, "big")
