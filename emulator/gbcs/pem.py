"""Certificates and private keys as PEM, read from whatever else stands in the file."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from emulator.core.errors import DecodeError
from emulator.gbcs.crypto import PrivateKey

_CERTIFICATE = "CERTIFICATE"
_PRIVATE_KEYS = ("PRIVATE KEY", "EC PRIVATE KEY")
_LINE = 64
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----")


def certificate_pem(octets: bytes) -> bytes:
    """A certificate as PEM."""
    text = base64.b64encode(octets)
    lines = (text[at : at + _LINE] for at in range(0, len(text), _LINE))
    return b"\n".join((b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""))


def private_key_pem(key: PrivateKey) -> bytes:
    """A private key as PEM: PKCS #8, not encrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificates_in(text: bytes) -> Iterator[bytes]:
    """The DER octets of every certificate in a PEM file; DecodeError for one that is no base64."""
    return (octets for name, octets in _blocks(text) if name == _CERTIFICATE)


def private_keys_in(text: bytes) -> Iterator[PrivateKey]:
    """Every private key on P-256 in a PEM file; DecodeError for one that cannot be read, or is on another curve."""
    return (_private_key(octets) for name, octets in _blocks(text) if name in _PRIVATE_KEYS)


def _blocks(text: bytes) -> Iterator[tuple[str, bytes]]:
    for match in _BLOCK.finditer(text):
        name = match[1].decode("ascii")
        try:
            yield name, base64.b64decode(b"".join(match[2].split()), validate=True)
        except binascii.Error as error:
            raise DecodeError(f"PEM: {name.lower()}: not base64") from error


def _private_key(octets: bytes) -> PrivateKey:
    try:
        key = load_der_private_key(octets, None)
    except (ValueError, TypeError) as error:  # TypeError: it is encrypted
        raise DecodeError("PEM: private key: cannot be read") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise DecodeError("PEM: private key: not on P-256")
    return key
