"""The shared secret of both partners, the keys made from it, and the proofs that both have them.

    s        = d2 + avf(Q2)·d1 mod n                    d1, Q1: of the certificate; d2, Q2: ephemeral
    P        = h·s·(Q2' + avf(Q2')·Q1')                 ', of the partner; the cofactor is part of it
    Z        = x(P)                                     avf(Q) = the low t bits of x(Q), and bit t set
    MAC key  = AES-MMO(Z || 00000001)
    key data = AES-MMO(Z || 00000002)                   the new link key
    MACU     = HMAC(MAC key, 02 || ID_U || ID_V || Q2_U || Q2_V)
    MACV     = HMAC(MAC key, 03 || ID_V || ID_U || Q2_V || Q2_U)

U is the initiator, V the responder; identifiers are EUI-64s, most significant octet first.  Source: SEC 1 (MQV), ANSI
X9.63 (key derivation) and annexes C.5 and C.6 of the Smart Energy specification, which verify every line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from emulator.cbke.curve import InvalidPoint, Point
from emulator.cbke.suite import Suite
from emulator.core.aes import aes_mmo, hmac_aes_mmo
from emulator.core.eui64 import eui64_big


class Role(Enum):
    """Which side of the exchange."""

    INITIATOR = "initiator"
    """U: the client, normally the joiner."""
    RESPONDER = "responder"
    """V: the server, normally the trust centre."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key and its public point."""

    private_key: int = field(repr=False)
    public_key: Point


@dataclass(frozen=True, slots=True)
class Keys:
    """What both partners get out of it.

    Attributes:
        secret: Z, 21 or 36 octets.
        mac_key: of the proofs, 16 octets.
        link_key: key data, 16 octets.
        macu: the initiator's proof, 16 octets.
        macv: the responder's.
    """

    secret: bytes
    mac_key: bytes
    link_key: bytes
    macu: bytes
    macv: bytes


def shared_secret(
    suite: Suite, private_key: int, ephemeral: KeyPair, peer_public_key: Point, peer_ephemeral: Point
) -> bytes:
    """Z: cofactor ECMQV; 21 octets in suite 1, 36 in suite 2.

    Args:
        suite: of all keys.
        private_key: d1, of our certificate.
        ephemeral: d2 and Q2.
        peer_public_key: Q1' of the partner's certificate.
        peer_ephemeral: Q2' of the partner.

    Raises:
        InvalidPoint: the result is the point at infinity.
    """
    curve = suite.curve
    scalar = ephemeral.private_key + associated_value(suite, ephemeral.public_key) * private_key
    peer = curve.add(peer_ephemeral, curve.multiply(associated_value(suite, peer_ephemeral), peer_public_key))
    base = curve.times_cofactor(peer)
    product = None if base is None else curve.multiply(scalar, base)
    if product is None:
        raise InvalidPoint("infinity", "the shared point is infinity")
    return curve.encode_x(product)


def associated_value(suite: Suite, point: Point) -> int:
    """avf: t + 1 bits, not reduced."""
    top = 1 << suite.avf_bits
    return point.x & top - 1 | top


def derive(secret: bytes, count: int) -> bytes:
    """Block `count` of the key derivation, from 1; 16 octets."""
    return aes_mmo(secret + count.to_bytes(4, "big"))


def keys_of(secret: bytes, initiator: int, responder: int, initiator_point: bytes, responder_point: bytes) -> Keys:
    """The keys and proofs.

    Args:
        secret: Z.
        initiator: its EUI-64.
        responder: its EUI-64.
        initiator_point: its ephemeral public key, compressed, as it travelled.
        responder_point: the same of the responder.
    """
    mac_key = derive(secret, 1)
    u, v = eui64_big(initiator), eui64_big(responder)
    return Keys(
        secret=secret,
        mac_key=mac_key,
        link_key=derive(secret, 2),
        macu=hmac_aes_mmo(mac_key, b"\x02" + u + v + initiator_point + responder_point),
        macv=hmac_aes_mmo(mac_key, b"\x03" + v + u + responder_point + initiator_point),
    )
