"""Signatures, key agreement and MACs of GBCS messages.

The formulae verify every message of RTDS 4.5.0 that can be checked:

    signature  ECDSA P-256 with SHA-256 over GH[1:] || P, plain r || s
    Z          x coordinate of the static ECDH of both parties' key agreement keys
    key        SHA-256(00000001 || Z || algorithm || originator || 09 || CRA || counter || recipient), first 16 octets
    MAC        AES-128-GCM tag over 11 0000000000 || GH || P || signature part, no plaintext, first 12 octets;
               IV is the originator's system title and four zero octets

The parties are those of the Grouping Header, so a Command and its Response have different keys.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha1, sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from emulator.core.errors import DecodeError
from emulator.core.eui64 import eui64_big
from emulator.gbcs.envelope import MAC_OCTETS, SECURITY_CONTROL
from emulator.gbcs.header import TRANSACTION_ID_OCTETS, GroupingHeader
from emulator.gbcs.message import SIGNATURE_OCTETS, Message

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey

PRIVATE_KEY_OCTETS = 48
"""Octets to hand to `private_key`: 16 more than the order has, so that the reduction favours no key."""

_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_COORDINATE_OCTETS = SIGNATURE_OCTETS // 2
_KEY_OCTETS = 16
_KEY_IDENTIFIER_TYPE = 0b0100
_KEY_IDENTIFIER_BITS = 60

_FIRST_ITERATION = (1).to_bytes(4, "big")
_ALGORITHM_AES_GCM_128 = bytes.fromhex("60857406080300")
_INVOCATION_COUNTER = bytes(4)
_AUTHENTICATED_PREFIX = bytes((SECURITY_CONTROL, 0, 0, 0, 0, 0))

_ECDSA = ec.ECDSA(SHA256())
_ECDSA_DETERMINISTIC = ec.ECDSA(SHA256(), deterministic_signing=True)


def private_key(octets: bytes) -> PrivateKey:
    """The P-256 key that `octets` (PRIVATE_KEY_OCTETS of them) stand for, reduced into 1 to n-1."""
    return ec.derive_private_key(1 + int.from_bytes(octets, "big") % (_ORDER - 1), _CURVE)


def public_key(point: bytes) -> PublicKey:
    """The key of an uncompressed point (04, x, y); DecodeError if the octets are no point of P-256."""
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
    except ValueError as error:
        raise DecodeError("public key: not a point of P-256") from error


def encode_point(key: PublicKey) -> bytes:
    """The uncompressed point of a public key: 04, x, y; 65 octets."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def key_identifier(key: PublicKey) -> bytes:
    """Method 2 of RFC 5280: four bits 0100 and the low 60 bits of the SHA-1 of the point; 8 octets."""
    digest = sha1(encode_point(key), usedforsecurity=False).digest()
    low = int.from_bytes(digest, "big") & ((1 << _KEY_IDENTIFIER_BITS) - 1)
    return (_KEY_IDENTIFIER_TYPE << _KEY_IDENTIFIER_BITS | low).to_bytes(8, "big")


class KeyAgreement:
    """One party's static key agreement key, with the secret it shares with each other party worked out once."""

    __slots__ = ("_key", "_secrets")

    def __init__(self, key: PrivateKey) -> None:
        self._key = key
        self._secrets: dict[bytes, bytes] = {}

    def shared_secret(self, peer: PublicKey) -> bytes:
        """Z: the x coordinate of the static ECDH, 32 octets."""
        point = encode_point(peer)
        secret = self._secrets.get(point)
        if secret is None:
            secret = self._secrets[point] = self._key.exchange(ec.ECDH(), peer)
        return secret


def key_derivation_info(header: GroupingHeader) -> bytes:
    """OtherInfo of the key derivation, 33 octets; not the Other Information of the Grouping Header."""
    return b"".join(
        (
            _ALGORITHM_AES_GCM_128,
            eui64_big(header.originator),
            bytes((TRANSACTION_ID_OCTETS, header.cra)),
            header.originator_counter.to_bytes(8, "big"),
            eui64_big(header.recipient),
        )
    )


def mac_key(header: GroupingHeader, shared_secret: bytes) -> bytes:
    """The AES-128 key of one message: NIST 800-56A single-step derivation, one iteration."""
    return sha256(_FIRST_ITERATION + shared_secret + key_derivation_info(header)).digest()[:_KEY_OCTETS]


def compute_mac(message: Message, shared_secret: bytes) -> bytes:
    """The MAC that `message` must have under this secret, 12 octets."""
    initialisation_vector = eui64_big(message.header.originator) + _INVOCATION_COUNTER
    cipher = AESGCM(mac_key(message.header, shared_secret))
    return cipher.encrypt(initialisation_vector, b"", _AUTHENTICATED_PREFIX + message.to_be_authenticated)[:MAC_OCTETS]


def authenticate(message: Message, shared_secret: bytes) -> Message:
    """The same message with its MAC.  Where it is signed as well, signing comes first."""
    unauthenticated = replace(message, mac=None)
    return replace(message, mac=compute_mac(unauthenticated, shared_secret))


def mac_is_valid(message: Message, shared_secret: bytes) -> bool:
    """Whether there is a MAC and it is the right one for the octets received."""
    return message.mac is not None and bytes_eq(message.mac, compute_mac(message, shared_secret))


def sign(message: Message, key: PrivateKey, *, ecdsa_deterministic: bool = True) -> Message:
    """The same message, signed.

    Args:
        message: what is signed; a MAC that it has is dropped, since it covers the signature.
        key: the digital signature key.
        ecdsa_deterministic: RFC 6979, the same signature every time; otherwise with the system's randomness.
    """
    unsigned = replace(message, signature=None, mac=None)
    algorithm = _ECDSA_DETERMINISTIC if ecdsa_deterministic else _ECDSA
    r, s = decode_dss_signature(key.sign(unsigned.to_be_signed, algorithm))
    return replace(unsigned, signature=r.to_bytes(_COORDINATE_OCTETS, "big") + s.to_bytes(_COORDINATE_OCTETS, "big"))


def sign_octets(octets: bytes, key: PrivateKey) -> bytes:
    """The signature of a certification request: DER, RFC 6979."""
    return key.sign(octets, _ECDSA_DETERMINISTIC)


def signature_is_valid(message: Message, key: PublicKey) -> bool:
    """Whether there is a signature and it is the right one for the octets received; s may be high."""
    if message.signature is None:
        return False
    r = int.from_bytes(message.signature[:_COORDINATE_OCTETS], "big")
    s = int.from_bytes(message.signature[_COORDINATE_OCTETS:], "big")
    try:
        key.verify(encode_dss_signature(r, s), message.to_be_signed, _ECDSA)
    except InvalidSignature:
        return False
    return True
