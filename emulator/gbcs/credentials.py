"""The device's side of credentials: whose Commands about them are obeyed, and what is kept of them.

A device that has this hands it every Command of CS02a to CS02e.  What it keeps is one value, `CredentialState`: store
it as a whole before the answer is sent, and a power cut leaves the old credentials or the new ones.  Not found in any
source, hence ours: who may send what to a PPMID, the order of the checks, and that a refused Command is not answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Self

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.gbcs import crypto
from emulator.gbcs.counters import Counters
from emulator.gbcs.credentials_update import details, update
from emulator.gbcs.crypto import KeyAgreement, PrivateKey
from emulator.gbcs.dlms import date_time
from emulator.gbcs.header import Cra
from emulator.gbcs.message import Message
from emulator.gbcs.own_credentials import OwnCredentials
from emulator.gbcs.refusal import Reason, Refusal, Refused
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.trust_store import CellContents, TrustStore
from emulator.gbcs.use_cases import cs02a, cs02b, cs02b_outcome, cs02c, cs02d, cs02e
from emulator.gbcs.use_cases.cells import TrustAnchorCell
from emulator.gbcs.use_cases.cs02b_modes import FIRST_MESSAGE_CODE, MODES, Mode

_BROKER = RemotePartyRole.ACCESS_CONTROL_BROKER
_BROKER_SIGNS = TrustAnchorCell(_BROKER, KeyUsage.DIGITAL_SIGNATURE)
_BROKER_AGREES = TrustAnchorCell(_BROKER, KeyUsage.KEY_AGREEMENT)

_ALWAYS = {
    Mode.ACCESS_CONTROL_BROKER_BY_ACB,
    Mode.ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY,
    Mode.ANY_BY_CONTINGENCY,
}
_MODES_BY_AUTHORITY = {
    "acb": frozenset(_ALWAYS),
    "supplier": frozenset(_ALWAYS | {Mode.ROOT_BY_SUPPLIER, Mode.SUPPLIER_BY_SUPPLIER}),
}
LONGEST_LOG = 100
"""Entries of the security log that are kept; the oldest give way."""


@dataclass(frozen=True, slots=True)
class CredentialSettings:
    """How a device reads what GBCS leaves open.

    Attributes:
        authority: who may replace credentials beside recovery and contingency.
        time_checks: whether certificates must be valid at the time.
        ecdsa_deterministic: RFC 6979 signatures.
    """

    authority: Literal["acb", "supplier"] = "acb"
    time_checks: bool = True
    ecdsa_deterministic: bool = True


@dataclass(frozen=True, slots=True)
class CredentialState:
    """Everything about credentials that must not be forgotten.

    Attributes:
        store: the cells of remote parties.
        own: the device's keys.
        counters: what was accepted from whom.
    """

    store: TrustStore
    own: OwnCredentials
    counters: Counters

    def to_dict(self) -> dict[str, object]:
        """A plain form for non-volatile memory, private keys included; JSON-ready."""
        own = {"entity_id": eui64_text(self.own.entity_id), "keys": self.own.to_dict()}
        return {"store": self.store.to_dict(), "own": own, "counters": self.counters.to_dict()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """What `to_dict` made; DecodeError if it is damaged."""
        try:
            store, own, counters = stored["store"], stored["own"], stored["counters"]
            entity_id = Eui64(int(own["entity_id"], 16))
            return cls(
                TrustStore.from_dict(store),
                OwnCredentials.from_dict(entity_id, own["keys"]),
                Counters.from_dict(counters),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DecodeError("stored credentials: damaged") from error


@dataclass(frozen=True, slots=True)
class SecurityLogEntry:
    """Something that was refused.

    Attributes:
        at: µs since the run began.
        reason: why, machine-readable.
        detail: the same in words.
    """

    at: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class CredentialReply:
    """A Command that was obeyed.

    Attributes:
        octets: the Response, ready to send.
        command: what was asked.
        response: what is answered.
        changed: whether the state did; then it must be stored first.
    """

    octets: bytes
    command: Message
    response: Message
    changed: bool


@dataclass(frozen=True, slots=True)
class _Answer:
    payload: bytes
    state: CredentialState
    faults: tuple[SecurityLogEntry, ...] = ()


class CredentialKeeper:
    """Obeys CS02a to CS02e.

    Args:
        state: as it was stored last.
        new_key: makes a key pair for CS02c.
        settings: the open questions; their defaults if None.
    """

    def __init__(
        self, state: CredentialState, new_key: Callable[[], PrivateKey], settings: CredentialSettings | None = None
    ) -> None:
        self.state = state
        self.security_log: list[SecurityLogEntry] = []
        self._new_key = new_key
        self._settings = settings or CredentialSettings()

    def receive(self, octets: bytes, now: int, date: datetime) -> CredentialReply | Refusal:
        """Take a Command; the answer, or why there is none.  What is refused changes nothing but the security log.

        Args:
            octets: the message.
            now: µs since the run began.
            date: the same as a date, UTC.
        """
        message = None
        try:
            message = Message.decode(octets)
            return self._obey(message, now, date)
        except DecodeError as error:
            reason = Reason.PAYLOAD_UNDECODABLE if message else Reason.UNDECODABLE
            refusal = Refusal(now, reason, str(error), message)
        except Refused as error:
            refusal = Refusal(now, error.reason, error.detail, message)
        self._log(SecurityLogEntry(now, refusal.reason.value, refusal.detail))
        return refusal

    def _log(self, *entries: SecurityLogEntry) -> None:
        self.security_log = [*self.security_log, *entries][-LONGEST_LOG:]

    def _obey(self, command: Message, now: int, date: datetime) -> CredentialReply:
        header = command.header
        if header.recipient != self.state.own.entity_id:
            raise Refused(Reason.WRONG_TARGET, f"meant for {header.recipient:016x}")
        if header.cra is not Cra.COMMAND:
            raise Refused(Reason.NOT_A_COMMAND, f"a device takes no {header.cra.name.lower()}")
        own = self.state.own
        answer, signed = self._act(command, now, date)
        dated = FIRST_MESSAGE_CODE <= header.message_code <= Mode.ANY_BY_CONTINGENCY.message_code
        response = Message(header.response(date_time(date) if dated else None), answer.payload)
        # Under the keys that were in force when the Command came: whoever sent it knows no others yet.
        if signed:
            key = own.keys.digital_signature
            response = crypto.sign(response, key, ecdsa_deterministic=self._settings.ecdsa_deterministic)
        else:
            response = crypto.authenticate(response, self._secret(_BROKER_AGREES))
        changed = answer.state != self.state
        self.state = answer.state
        self._log(*answer.faults)
        return CredentialReply(response.encode(), command, response, changed)

    def _act(self, command: Message, now: int, date: datetime) -> tuple[_Answer, bool]:
        """What comes of the Command, and whether the Response is signed."""
        code = command.header.message_code
        if code == cs02a.MESSAGE_CODE:
            return self._details(command)
        if FIRST_MESSAGE_CODE <= code <= Mode.ANY_BY_CONTINGENCY.message_code:
            return self._update(command, Mode(code - FIRST_MESSAGE_CODE), now, date), True
        if code in {cs02c.MESSAGE_CODE, cs02d.MESSAGE_CODE, cs02e.MESSAGE_CODE}:
            return self._own(command), True
        raise Refused(Reason.UNKNOWN_USE_CASE, f"message code {code:04x}")

    def _details(self, command: Message) -> tuple[_Answer, bool]:
        """CS02a, which is a read: no counter is asked for."""
        signed = command.shape == "g"
        asked = cs02a.Command.decode(command.payload)
        if signed:
            self._check(command, "g", asked.authorising_cell)
        else:
            self._check(command, "b", _BROKER_AGREES)
            if asked.authorising_cell != _BROKER_AGREES:
                raise Refused(Reason.WRONG_ORIGINATOR, "the authorising cell is not that of the MAC")
        payload = details(self.state.store, self.state.counters, asked).encode()
        return _Answer(payload, self.state), signed

    def _update(self, command: Message, mode: Mode, now: int, date: datetime) -> _Answer:
        rule = MODES[mode]
        if mode not in _MODES_BY_AUTHORITY[self._settings.authority]:
            raise Refused(Reason.MODE_NOT_ALLOWED, f"{rule.name} is not for this device")
        asked = cs02b.Command.decode(command.payload)
        shape = rule.shape
        if mode is Mode.ACCESS_CONTROL_BROKER_BY_ACB and command.shape == "a":
            shape = "a"  # a device that knows the broker's signature takes either
        self._check(command, shape, _BROKER_SIGNS if shape == "a" and rule.by is _BROKER else rule.cell)
        self._check_control(command, mode, asked.control)
        if asked.execution_date_time is not None:
            raise Refused(Reason.UNSUPPORTED, "a future-dated replacement")
        at = date if self._settings.time_checks else None
        done = update(self.state.store, self.state.counters, asked, at)
        faults = tuple(SecurityLogEntry(now, fault.reason, f"{fault.cell}: {fault.detail}") for fault in done.faults)
        state = replace(self.state, store=done.store, counters=done.counters)
        return _Answer(cs02b_outcome.Response(done.outcome).encode(), state, faults)

    def _check_control(self, command: Message, mode: Mode, control: cs02b.Control) -> None:
        rule = MODES[mode]
        if control.mode != mode:
            raise Refused(Reason.WRONG_MESSAGE_CODE, f"mode {control.mode} under the message code of {rule.name}")
        if control.authorising_seq_number != command.header.originator_counter:
            raise Refused(Reason.COUNTER_MISMATCH, "the authorising counter is not that of the message")
        if control.authorising_cell not in {None, rule.cell, _BROKER_SIGNS if rule.by is _BROKER else rule.cell}:
            raise Refused(Reason.WRONG_ORIGINATOR, "the authorising cell is not that of the mode")
        if control.authorising_cell is None and mode is not Mode.ACCESS_CONTROL_BROKER_BY_ACB:
            raise Refused(Reason.WRONG_ORIGINATOR, "no authorising cell")
        if (control.plaintext_symmetric_key is None) == (mode is Mode.ANY_BY_CONTINGENCY):
            raise Refused(Reason.PAYLOAD_UNDECODABLE, "a symmetric key belongs to contingency, and to nothing else")
        self._check_counter(rule.by, command.header.originator_counter)

    def _own(self, command: Message) -> _Answer:
        """CS02c, CS02d, CS02e: by the Access Control Broker, signed and with a MAC."""
        self._check(command, "a", _BROKER_SIGNS)
        code, own, counter = command.header.message_code, self.state.own, command.header.originator_counter
        if code == cs02e.MESSAGE_CODE:
            return _Answer(own.provide(cs02e.Command.decode(command.payload)).encode(), self.state)
        response: cs02c.Response | cs02d.Response
        if code == cs02c.MESSAGE_CODE:
            asked = cs02c.Command.decode(command.payload)
            self._check_counter(_BROKER, counter)
            own, response = own.issue(asked, self._new_key())
        else:
            certificate = cs02d.Command.decode(command.payload)
            self._check_counter(_BROKER, counter)
            own, response = own.update(certificate)
        counters = self.state.counters.accept(_BROKER, counter)
        return _Answer(response.encode(), replace(self.state, own=own, counters=counters))

    def _check_counter(self, role: RemotePartyRole, counter: int) -> None:
        if not self.state.counters.is_new(role, counter):
            accepted = self.state.counters.accepted[role]
            raise Refused(Reason.COUNTER_REPEATED, f"counter {counter}, {accepted} was accepted")

    def _check(self, command: Message, shape: str, cell: TrustAnchorCell) -> None:
        """The shape, the originator, then MAC and signature: Refused at the first that is wrong."""
        if command.shape != shape:
            raise Refused(Reason.WRONG_SHAPE, f"shape {command.shape}, not {shape}")
        held = self._held(cell)
        if command.header.originator != held.subject:
            raise Refused(Reason.WRONG_ORIGINATOR, f"from {command.header.originator:016x}, not in the cell")
        if command.mac is not None and not crypto.mac_is_valid(command, self._secret(_BROKER_AGREES)):
            raise Refused(Reason.MAC_INVALID, "the MAC does not match the octets and the parties' keys")
        if command.signature is not None and not crypto.signature_is_valid(command, crypto.public_key(held.point)):
            raise Refused(Reason.SIGNATURE_INVALID, "the signature does not match the octets and the party's key")

    def _held(self, cell: TrustAnchorCell) -> CellContents:
        held = self.state.store.cells.get(cell)
        if held is None:
            raise Refused(Reason.WRONG_ORIGINATOR, f"no trust anchor {cell}")
        return held

    def _secret(self, cell: TrustAnchorCell) -> bytes:
        peer = crypto.public_key(self._held(cell).point)
        return KeyAgreement(self.state.own.keys.key_agreement).shared_secret(peer)
