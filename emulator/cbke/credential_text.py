"""Credentials in text files: hex digits, alone or under the labels that Certicom's test CA writes.

    CA Pub Key:
    0207a445...
    Device Implicit Cert:
    000b3ad5...
    Private Key Reconstruction Data:
    00997097...

A file may hold one part or several, the digits behind the label or on the lines after it; `#` begins a comment; labels
that are not known are passed over.  What is called "private key reconstruction data" there is the private key itself:
so it is in every published set.  The labels for a CA's private key and its name are our own.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Final

from emulator.cbke.credentials import BadCredentials, Credentials, Where, check_credentials
from emulator.cbke.suite import Suite

FILE_LIMIT: Final = 64 * 1024
"""Octets of the largest file that is looked at."""


class Part(Enum):
    """What a text can hold; the value is the label that we write."""

    CERTIFICATE = "Device Implicit Cert"
    PRIVATE_KEY = "Device Private Key"
    CA_PUBLIC_KEY = "CA Pub Key"
    CA_PRIVATE_KEY = "CA Private Key"
    CA_ISSUER = "CA Issuer"


_LABELS: Final = {
    **{part.value.lower(): part for part in Part},
    "implicit certificate": Part.CERTIFICATE,
    "certificate": Part.CERTIFICATE,
    "private key reconstruction data": Part.PRIVATE_KEY,
    "private key": Part.PRIVATE_KEY,
    "ca public key": Part.CA_PUBLIC_KEY,
}


def parts_of(text: str) -> tuple[dict[Part, str], str]:
    """The digits under each known label, and those under none; whether they are hex is not looked at."""
    found: dict[Part, str] = {}
    bare = ""
    label: Part | None = None
    known = True
    for line in text.splitlines():
        content = line.partition("#")[0].strip()
        before, colon, after = content.rpartition(":")
        if colon:
            label = _LABELS.get(" ".join(before.lower().split()))
            known = label is not None
        digits = "".join(after.split())
        if not known:
            continue
        if label is None:
            bare += digits
        else:
            found[label] = found.get(label, "") + digits
    return found, bare


def part_of(text: str, part: Part, where: str) -> bytes:
    """The octets of one part; a text without labels is taken for it as a whole.

    Raises:
        BadCredentials: `missing`, or `damaged-...` where the digits are no hex.
    """
    found, bare = parts_of(text)
    digits = found.get(part, "" if found else bare)
    if not digits:
        raise BadCredentials("missing", f"holds no {part.value}", where=where, allowed="hex digits, labelled or alone")
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise BadCredentials(_DAMAGED[part], f"{part.value} is no hex", where=where, allowed="hex digits") from error


_DAMAGED: Final = {
    Part.CERTIFICATE: "damaged-certificate",
    Part.PRIVATE_KEY: "damaged-private-key",
    Part.CA_PUBLIC_KEY: "damaged-ca-public-key",
    Part.CA_PRIVATE_KEY: "damaged-private-key",
    Part.CA_ISSUER: "damaged-ca-public-key",
}


def text_of(part: Part, octets: bytes, comment: str) -> str:
    """A text with one part, after a line that says what it is."""
    return f"# {comment}\n{part.value}:\n{octets.hex()}\n"


def read_text(path: Path) -> str:
    """A small text file; BadCredentials where it cannot be read."""
    where = str(path)
    try:
        with path.open("rb") as file:
            octets = file.read(FILE_LIMIT + 1)
    except FileNotFoundError as error:
        raise BadCredentials("missing", "no such file", where=where) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadCredentials("unreadable", f"cannot be read: {reason}", where=where) from error
    if len(octets) > FILE_LIMIT:
        raise BadCredentials("unreadable", f"has more than {FILE_LIMIT} octets", where=where)
    return octets.decode("latin-1")


def load_credentials(
    suite: Suite,
    certificate: Path,
    private_key: Path,
    ca_public_key: Path,
    *,
    eui64: int | None = None,
    at: datetime | None = None,
) -> Credentials:
    """Credentials from three text files, or from one that holds all three and is named three times.

    Args:
        suite: the one they must be of.
        certificate: file with the certificate.
        private_key: file with the private key.
        ca_public_key: file with the public key of the CA.
        eui64: the device they must be for; None: any.
        at: the date, UTC, at which the certificate must be valid; None: whatever its dates say.

    Raises:
        BadCredentials: with its reason, naming the file.
    """
    return check_credentials(
        suite,
        part_of(read_text(certificate), Part.CERTIFICATE, str(certificate)),
        part_of(read_text(private_key), Part.PRIVATE_KEY, str(private_key)),
        part_of(read_text(ca_public_key), Part.CA_PUBLIC_KEY, str(ca_public_key)),
        eui64=eui64,
        at=at,
        where=Where(str(certificate), str(private_key), str(ca_public_key)),
    )
