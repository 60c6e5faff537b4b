"""An exchange written down, computed anew from one side: what a key establishment must have come to.

    {"suite": 2, "role": "initiator", "ca_pub": "0207...",
     "initiator": {"cert": "00...", "private": "00...", "ephemeral_private": "00..."},
     "responder": {"cert": "00...", "ephemeral_public": "03..."}}

All values are hex.  The side that `role` names needs both private keys; of the other one the ephemeral key may be
given as `ephemeral_private` as well.  `eui64`, `public` and `ephemeral_public`, where given, must agree with the rest;
other names are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.cbke.agreement import Role
from emulator.cbke.certificate import decode_certificate
from emulator.cbke.checks import Refusal
from emulator.cbke.credentials import Credentials, Where, check_credentials
from emulator.cbke.curve import Point
from emulator.cbke.ecqv import public_key_of
from emulator.cbke.suite import SUITES, Suite
from emulator.cbke.work import DeriveKeys, Ephemeral, GenerateEphemeral
from emulator.core.errors import BadInput, DecodeError
from emulator.core.eui64 import eui64_text

ROLES = {"initiator": Role.INITIATOR, "responder": Role.RESPONDER, "U": Role.INITIATOR, "V": Role.RESPONDER}
_OTHER = {Role.INITIATOR: Role.RESPONDER, Role.RESPONDER: Role.INITIATOR}


@dataclass(frozen=True, slots=True)
class Transcript:
    """The object that was read, or one inside it.

    Attributes:
        values: by name.
        where: what errors call the whole.
        path: the names that lead to this one.
    """

    values: Mapping[str, object]
    where: str
    path: tuple[str, ...] = ()

    def part(self, name: str) -> Transcript:
        """An object inside it."""
        value = self.values.get(name)
        if not isinstance(value, dict):
            raise BadInput("is missing" if value is None else "is no object", where=self.place(name))
        return Transcript(value, self.where, (*self.path, name))

    def place(self, *names: str) -> str:
        """What errors call a value inside it, or itself."""
        return f"{self.where}: {'.'.join((*self.path, *names))}"

    def optional(self, name: str) -> bytes | None:
        """The octets of a hex value, None where there is none."""
        value = self.values.get(name)
        if value is None:
            return None
        try:
            return bytes.fromhex(value if isinstance(value, str) else "no hex")
        except ValueError as error:
            raise BadInput("is no hex", where=self.place(name), allowed="an even number of hex digits") from error

    def octets(self, name: str) -> bytes:
        """The octets of a hex value."""
        octets = self.optional(name)
        if octets is None:
            raise BadInput("is missing", where=self.place(name), allowed="hex digits")
        return octets

    def check(self, name: str, found: bytes) -> None:
        """BadInput where a value is given that is not this one."""
        given = self.optional(name)
        if given is not None and given != found:
            raise BadInput("contradicts the other values", where=self.place(name), allowed=found.hex())


def compute(values: Mapping[str, object], where: str) -> dict[str, str]:
    """Public keys, shared secret, keys and MACs, lower-case hex.

    Args:
        values: as above, from JSON.
        where: what errors call it.

    Raises:
        BadInput: a value is missing or damaged, or contradicts another.
    """
    transcript = Transcript(values, where)
    suite, role = _suite(transcript), _role(transcript)
    own, peer = transcript.part(role.value), transcript.part(_OTHER[role].value)
    credentials = _credentials(transcript, own, suite)
    ephemeral = _ephemeral(own, suite)
    peer_certificate = peer.octets("cert")
    public_key = suite.curve.public_key(credentials.private_key)
    peer_public_key = _public_key(peer, peer_certificate, suite, credentials.ca_public_key)
    for side, certificate, key in (
        (own, credentials.octets, public_key),
        (peer, peer_certificate, peer_public_key),
    ):
        side.check("public", suite.curve.encode(key))
        subject = decode_certificate(certificate, suite).subject
        side.check("eui64", bytes.fromhex(eui64_text(subject)))
    keys = DeriveKeys(role, credentials, ephemeral, peer_certificate, _peer_point(peer, suite))()
    if isinstance(keys, Refusal):
        raise BadInput(f"refused: {keys.reason}", where=peer.place())
    return {
        "public_key": suite.curve.encode(public_key).hex(),
        "peer_public_key": suite.curve.encode(peer_public_key).hex(),
        "z": keys.secret.hex(),
        "mac_key": keys.mac_key.hex(),
        "key_data": keys.link_key.hex(),
        "macu": keys.macu.hex(),
        "macv": keys.macv.hex(),
    }


def _suite(transcript: Transcript) -> Suite:
    number = transcript.values.get("suite")
    suite = SUITES.get(number) if isinstance(number, int) and not isinstance(number, bool) else None
    if suite is None:
        raise BadInput(f"is {number!r}", where=transcript.place("suite"), allowed="1, 2")
    return suite


def _role(transcript: Transcript) -> Role:
    name = transcript.values.get("role")
    role = ROLES.get(name) if isinstance(name, str) else None
    if role is None:
        raise BadInput(f"is {name!r}", where=transcript.place("role"), allowed=", ".join(ROLES))
    return role


def _credentials(transcript: Transcript, own: Transcript, suite: Suite) -> Credentials:
    where = Where(own.place("cert"), own.place("private"), transcript.place("ca_pub"))
    ca_public_key = transcript.octets("ca_pub")
    return check_credentials(suite, own.octets("cert"), own.octets("private"), ca_public_key, where=where)


def _ephemeral(side: Transcript, suite: Suite) -> Ephemeral:
    try:
        private_key = suite.private_key(side.octets("ephemeral_private"))
    except DecodeError as error:
        raise BadInput(str(error), where=side.place("ephemeral_private")) from error
    ephemeral = GenerateEphemeral(suite, private_key)()
    side.check("ephemeral_public", ephemeral.point)
    return ephemeral


def _peer_point(peer: Transcript, suite: Suite) -> bytes:
    if peer.optional("ephemeral_private") is not None:
        return _ephemeral(peer, suite).point
    return peer.octets("ephemeral_public")


def _public_key(peer: Transcript, certificate: bytes, suite: Suite, ca_public_key: Point) -> Point:
    try:
        return public_key_of(certificate, suite, ca_public_key)
    except DecodeError as error:
        raise BadInput(str(error), where=peer.place("cert")) from error
