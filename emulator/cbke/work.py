"""The heavy parts of an exchange as values that can be called: pure, and fit to be sent to another process.

A piece of work takes tens of milliseconds; its result goes back to the machine that asked, whatever it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.cbke.agreement import KeyPair, Keys, Role, keys_of, shared_secret
from emulator.cbke.certificate import decode_certificate
from emulator.cbke.checks import Refusal
from emulator.cbke.credentials import Credentials
from emulator.cbke.curve import InvalidPoint
from emulator.cbke.ecqv import public_key_of
from emulator.cbke.suite import Suite
from emulator.zigbee.clusters.key_establishment import TerminateStatus


@dataclass(frozen=True, slots=True)
class Ephemeral:
    """An ephemeral key pair, and the public point as it travels."""

    pair: KeyPair
    point: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a responder needs from the ephemeral data on: its own point, and the keys."""

    point: bytes
    keys: Keys


@dataclass(frozen=True, slots=True)
class GenerateEphemeral:
    """Make the public half of an ephemeral key whose private half has been drawn."""

    suite: Suite
    private_key: int = field(repr=False)

    def __call__(self) -> Ephemeral:
        """Do it."""
        public_key = self.suite.curve.public_key(self.private_key)
        return Ephemeral(KeyPair(self.private_key, public_key), self.suite.curve.encode(public_key))


@dataclass(frozen=True, slots=True)
class DeriveKeys:
    """Make the keys.

    Attributes:
        role: ours.
        credentials: ours.
        ephemeral: ours.
        peer_certificate: as it came.
        peer_point: the partner's ephemeral key as it came.
    """

    role: Role
    credentials: Credentials
    ephemeral: Ephemeral
    peer_certificate: bytes
    peer_point: bytes

    def __call__(self) -> Keys | Refusal:
        """Do it; a key of the partner that is none is refused."""
        own = self.credentials
        try:
            peer_public_key = public_key_of(self.peer_certificate, own.suite, own.ca_public_key)
        except InvalidPoint as error:
            return Refusal(TerminateStatus.INVALID_CERTIFICATE, f"certificate-point-{error.reason}")
        try:
            peer_ephemeral = own.suite.curve.decode_public_key(self.peer_point)
            pair = self.ephemeral.pair
            secret = shared_secret(own.suite, own.private_key, pair, peer_public_key, peer_ephemeral)
        except InvalidPoint as error:
            return Refusal(TerminateStatus.BAD_MESSAGE, f"ephemeral-key-{error.reason}")
        return self._keys(secret)

    def _keys(self, secret: bytes) -> Keys:
        own = self.credentials
        peer = decode_certificate(self.peer_certificate, own.suite).subject
        if self.role is Role.INITIATOR:
            return keys_of(secret, own.eui64, peer, self.ephemeral.point, self.peer_point)
        return keys_of(secret, peer, own.eui64, self.peer_point, self.ephemeral.point)


@dataclass(frozen=True, slots=True)
class AnswerEphemeral:
    """Both at once, as a responder does.

    Attributes:
        credentials: ours.
        private_key: of our ephemeral key, drawn.
        peer_certificate: as it came.
        peer_point: the partner's ephemeral key as it came.
    """

    credentials: Credentials
    private_key: int = field(repr=False)
    peer_certificate: bytes
    peer_point: bytes

    def __call__(self) -> Answer | Refusal:
        """Do it; a key of the partner that is none is refused."""
        ephemeral = GenerateEphemeral(self.credentials.suite, self.private_key)()
        keys = DeriveKeys(Role.RESPONDER, self.credentials, ephemeral, self.peer_certificate, self.peer_point)()
        return keys if isinstance(keys, Refusal) else Answer(ephemeral.point, keys)


Work = GenerateEphemeral | DeriveKeys | AnswerEphemeral
Result = Ephemeral | Keys | Answer | Refusal
