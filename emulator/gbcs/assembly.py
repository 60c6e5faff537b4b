"""A message out of header and payload, protected as its shape asks for, with the keys of a ring."""

from __future__ import annotations

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.gbcs import crypto
from emulator.gbcs.crypto import PrivateKey
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.key_ring import KeyRing
from emulator.gbcs.message import SHAPES, Message

PROTECTION = {letter: (signed, has_mac) for (_, signed, has_mac), letter in SHAPES.items()}
"""By shape, whether a message is signed, and whether it has a MAC."""


def assemble(
    header: GroupingHeader,
    payload: bytes,
    shape: str,
    ring: KeyRing,
    *,
    mac_by: Eui64 | None = None,
    signing_key: PrivateKey | None = None,
) -> Message:
    """The message, signed and with its MAC where the shape has them.

    Args:
        header: who says what to whom.
        payload: the content, encoded.
        shape: its letter, see `message`.
        ring: whose keys are known; LocalProtocolError names the one that is missing.
        mac_by: whose key agreement key makes the MAC; the Access Control Broker's for a Command, whoever is its
            originator, and the originator's otherwise.
        signing_key: sign with this instead of the originator's key.
    """
    message = Message(header, payload)
    signed, has_mac = PROTECTION[shape]
    if signed:
        message = crypto.sign(message, signing_key or ring.signing_key(header.originator))
    if has_mac:
        message = crypto.authenticate(message, _shared_secret(header, ring, mac_by))
    if message.shape != shape:
        raise LocalProtocolError(f"a {header.cra.name.lower()} never has shape {shape}")
    return message


def _shared_secret(header: GroupingHeader, ring: KeyRing, mac_by: Eui64 | None) -> bytes:
    brokers = ring.brokers() if header.cra is Cra.COMMAND else []
    makers = [mac_by] if mac_by is not None else brokers or [header.originator]
    for maker in makers:
        secret = ring.shared_secret(maker, header.recipient)
        if secret is not None:
            return secret
    parties = f"{eui64_text(makers[0])} and {eui64_text(header.recipient)}"
    raise LocalProtocolError(f"the key agreement keys of {parties} are not known, of one of them the private one")
