"""The device's end: takes Commands, keeps their order, answers under its own keys, raises alerts.

The order of the checks is ours: what costs nothing first, and nothing of a message is believed before its protection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.gbcs import crypto
from emulator.gbcs.device.authorisation import BROKER_AGREES, Authorisation
from emulator.gbcs.device.security_log import SecurityLog, SecurityLogEntry
from emulator.gbcs.device.settings import DeviceSettings
from emulator.gbcs.device.state import DeviceState
from emulator.gbcs.device.use_case import Answer, Fault, Permit, Request, UseCase
from emulator.gbcs.dlms import date_time
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.message import Message
from emulator.gbcs.message_codes import message_code_text, use_case_name
from emulator.gbcs.refusal import Reason, Refusal, Refused
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases import generic_alert
from emulator.gbcs.use_cases.cells import TrustAnchorCell

COMMAND_NOT_SUPPORTED = 0x8F85
"""Alert code; RTDS 4.5.0 has it for meters, so that a bridge raises it is an assumption."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A Command that was acted upon, and the answer to send.

    Attributes:
        octets: the Response, ready to send.
        command: what was asked.
        response: what is answered.
        faults: parts of the Command that came to nothing.
    """

    octets: bytes
    command: Message
    response: Message
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Executed:
    """A future-dated Command whose date has come.

    Attributes:
        message_code: the Command's.
        alert: tells of it, ready to send; None where nobody holds the key to be told under.
        faults: parts of the Command that came to nothing.
    """

    message_code: int
    alert: bytes | None
    faults: tuple[Fault, ...] = ()


class GbcsDevice:
    """A device that takes GBCS Commands and raises alerts.

    Store `state` (and `security_log`) whenever it changed, before what was returned is sent, and hand it to the next
    object; what was refused changes the log alone.

    Args:
        state: as it was stored last.
        use_cases: what it takes, by message code.
        settings: the open questions; their defaults if None.
        security_log: as it was stored last.
    """

    def __init__(
        self,
        state: DeviceState,
        use_cases: Mapping[int, UseCase],
        settings: DeviceSettings | None = None,
        security_log: SecurityLog | None = None,
    ) -> None:
        self.security_log = SecurityLog() if security_log is None else security_log
        self.settings = settings or DeviceSettings()
        self._use_cases = use_cases
        self._state = state
        self._authorisation = Authorisation(state.store, state.own)

    @property
    def entity_id(self) -> Eui64:
        """Who it is."""
        return self._state.entity_id

    @property
    def state(self) -> DeviceState:
        """All that it must keep."""
        return self._state

    @state.setter
    def state(self, state: DeviceState) -> None:
        if state.store is not self._state.store or state.own is not self._state.own:
            self._authorisation = Authorisation(state.store, state.own)
        self._state = state

    # Commands

    def receive(self, octets: bytes, now: int, date: datetime) -> Reply | Refusal:
        """Take what the hub brought; the answer, or why there is none.

        Args:
            octets: the message.
            now: µs since the run began.
            date: the same as a date, UTC.
        """
        message = None
        try:
            message = Message.decode(octets)
            return self._obey(message, date)
        except DecodeError as error:
            reason = Reason.PAYLOAD_UNDECODABLE if message else Reason.UNDECODABLE
            refusal = Refusal(now, reason, str(error), message)
        except Refused as error:
            refusal = Refusal(now, error.reason, error.detail, message)
        self._log(message, date, Fault(refusal.reason.value, refusal.detail))
        return self._with_alert(refusal, date)

    def _obey(self, command: Message, date: datetime) -> Reply:
        header = command.header
        if header.recipient != self.entity_id:
            raise Refused(Reason.WRONG_TARGET, f"meant for {header.recipient:016x}")
        if header.cra is not Cra.COMMAND:
            raise Refused(Reason.NOT_A_COMMAND, f"a device takes no {header.cra.name.lower()}")
        use_case = self._use_case(header.message_code)
        permit = self._authorisation.check(command, use_case.permits)
        if use_case.replay_protected:
            self._check_counter(permit.role, header.originator_counter)
        answer = use_case.act(Request(command, self._state, date, permit))
        # Under the keys that were in force when the Command came: whoever sent it knows no others yet.
        response = self._respond(command, answer, use_case, permit, date)
        self.state = _accepting(answer.state, permit.role, header.originator_counter, use_case)
        self._log(command, date, *answer.faults)
        return Reply(response.encode(), command, response, answer.faults)

    def _use_case(self, message_code: int) -> UseCase:
        found = self._use_cases.get(message_code)
        if found is None:
            name = use_case_name(message_code) or "no use case known"
            raise Refused(Reason.UNKNOWN_USE_CASE, f"message code {message_code_text(message_code)}: {name}")
        if found.not_allowed:
            raise Refused(Reason.MODE_NOT_ALLOWED, f"{found.not_allowed} is not for this device")
        return found

    def _check_counter(self, role: RemotePartyRole, counter: int) -> None:
        counters = self._state.counters
        if not counters.is_new(role, counter):
            raise Refused(Reason.COUNTER_REPEATED, f"counter {counter}, {counters.accepted[role]} was accepted")

    def _respond(self, command: Message, answer: Answer, use_case: UseCase, permit: Permit, date: datetime) -> Message:
        header = command.header.response(date_time(date) if use_case.dated else None)
        response = Message(header, answer.payload)
        if command.signature is not None or use_case.always_signed:
            return self._sign(response)
        cell = TrustAnchorCell(permit.role, KeyUsage.KEY_AGREEMENT)
        return crypto.authenticate(response, self._authorisation.secret(cell))

    # Future-dated Commands

    def next_date(self) -> datetime | None:
        """When `on_date` is to be called next, UTC."""
        return min((one.at for one in self._state.scheduled.values()), default=None)

    def on_date(self, date: datetime) -> Executed | None:
        """Act upon one Command whose date has come; call again until it gives None."""
        due = [(one.at, code) for code, one in self._state.scheduled.items() if one.at <= date]
        if not due:
            return None
        _, code = min(due)
        waiting, state = self._state.scheduled[code], self._state.scheduling(code, None)
        command, use_case = Message.decode(waiting.octets), self._use_cases.get(code)
        if use_case is None or use_case.execute is None:
            self.state = state
            return Executed(code, None)
        done = use_case.execute(Request(command, state, date, use_case.permits[0]))
        self.state = done.state
        self._log(command, date, *done.faults)
        return Executed(code, self.alert(done.message_code, done.payload), done.faults)

    # Alerts

    def alert(self, message_code: int, payload: bytes) -> bytes:
        """A signed alert to the Access Control Broker; takes the next alert counter.

        LocalProtocolError where no trust anchor says who that is.
        """
        return self._sign(self._alert(message_code, payload)).encode()

    def alert_with_mac(self, message_code: int, payload: bytes) -> bytes:
        """The same, not critical: with a MAC instead of a signature."""
        return crypto.authenticate(
            self._alert(message_code, payload), self._authorisation.secret(BROKER_AGREES)
        ).encode()

    def next_counter(self) -> int:
        """The Originator Counter of the next alert, which some payloads repeat."""
        return self._state.counters.alert + 1

    def _alert(self, message_code: int, payload: bytes) -> Message:
        broker = self._state.store.of_role(RemotePartyRole.ACCESS_CONTROL_BROKER)
        if not broker:
            raise LocalProtocolError("an alert has nobody to go to: no trust anchor of the Access Control Broker")
        self.state = replace(self._state, counters=self._state.counters.next_alert())
        subject = broker[0][1].subject
        return Message(
            GroupingHeader(Cra.ALERT, self._state.counters.alert, self.entity_id, subject, message_code), payload
        )

    def _sign(self, message: Message) -> Message:
        key = self._state.own.keys.digital_signature
        return crypto.sign(message, key, ecdsa_deterministic=self.settings.ecdsa_deterministic)

    def _with_alert(self, refusal: Refusal, date: datetime) -> Refusal:
        """Tell of a Command that is not known, where the switch wants it; nobody but the broker can cause that."""
        command = refusal.message
        if not self.settings.unsupported_alert or refusal.reason is not Reason.UNKNOWN_USE_CASE or command is None:
            return refusal
        if not self._authorisation.has_mac_of_broker(command):
            return refusal
        payload = generic_alert.Alert.of(COMMAND_NOT_SUPPORTED, date).encode()
        return replace(refusal, alert=self.alert(generic_alert.CRITICAL_MESSAGE_CODE, payload))

    def _log(self, message: Message | None, date: datetime, *faults: Fault) -> None:
        entries = (SecurityLogEntry.about(message, date, fault.reason, fault.detail) for fault in faults)
        if faults:
            self.security_log = self.security_log.adding(*entries)


def _accepting(state: DeviceState, role: RemotePartyRole, counter: int, use_case: UseCase) -> DeviceState:
    """The Command counts as accepted, unless the use case has set the counter itself or wants none."""
    if not use_case.replay_protected or use_case.sets_counters:
        return state
    return replace(state, counters=state.counters.accept(role, counter))
