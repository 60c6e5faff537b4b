"""CS02a and CS02b on a device: what it holds of remote parties, shown and replaced.

A PPMID's modes beside recovery and contingency were not found: the Access Control Broker replaces its own, and where
`DeviceSettings.authority` says so a supplier its own and the root's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from emulator.gbcs.device.credentials_update import CellFault, Update, details, update
from emulator.gbcs.device.settings import DeviceSettings
from emulator.gbcs.device.state import DeviceState, ScheduledCommand
from emulator.gbcs.device.use_case import Answer, Execution, Fault, Permit, Request, UseCase, permits
from emulator.gbcs.refusal import Reason, Refused
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases import cs02a, cs02b, cs02b_outcome
from emulator.gbcs.use_cases.cells import Status, TrustAnchorCell
from emulator.gbcs.use_cases.cs02b_modes import MODES, Mode, ModeRule
from emulator.gbcs.use_cases.payload import FUTURE_DATED_ACTIONED, FUTURE_DATED_NOT_ACTIONED, NEVER

_BROKER = RemotePartyRole.ACCESS_CONTROL_BROKER
_SIGNERS = (
    RemotePartyRole.RECOVERY,
    RemotePartyRole.SUPPLIER,
    RemotePartyRole.NETWORK_OPERATOR,
    _BROKER,
    RemotePartyRole.TRANSITIONAL_COS,
    RemotePartyRole.WAN_PROVIDER,
)
"""Who may ask what a device holds under a signature alone, if the device holds the key of it."""

_ALWAYS = frozenset(
    (Mode.ACCESS_CONTROL_BROKER_BY_ACB, Mode.ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY, Mode.ANY_BY_CONTINGENCY)
)
MODES_BY_AUTHORITY = {
    "acb": _ALWAYS,
    "supplier": _ALWAYS | {Mode.ROOT_BY_SUPPLIER, Mode.SUPPLIER_BY_SUPPLIER},
}
"""The modes that a bridge or PPMID allows."""
HUB_MODES = _ALWAYS | {Mode.ROOT_BY_WAN_PROVIDER, Mode.WAN_PROVIDER_BY_WAN_PROVIDER}
"""Those of a Communications Hub, whose known remote party is the WAN provider."""


def details_use_case() -> UseCase:
    """CS02a: a read, so a repeated counter does no harm."""
    return UseCase((Permit("b", _BROKER), *permits("g", _SIGNERS)), _details, replay_protected=False)


def _details(request: Request) -> Answer:
    asked, state = cs02a.Command.decode(request.command.payload), request.state
    if asked.authorising_cell != request.permit.cell:
        raise Refused(Reason.WRONG_ORIGINATOR, "the authorising cell is not that of the originator")
    return Answer(details(state.store, state.counters, asked).encode(), state)


def update_use_cases(settings: DeviceSettings, modes: frozenset[Mode], *, hub: bool = False) -> dict[int, UseCase]:
    """CS02b in every mode, by message code; one that the device does not allow is refused as such.

    Args:
        settings: the open questions.
        modes: those that it allows.
        hub: whether it is a Communications Hub, where the Access Control Broker signs.
    """
    return {mode.message_code: _update_use_case(mode, settings, allowed=mode in modes, hub=hub) for mode in Mode}


def _update_use_case(mode: Mode, settings: DeviceSettings, *, allowed: bool, hub: bool) -> UseCase:
    rule = MODES[mode]
    ways = tuple(_permits(mode, rule, hub=hub))
    return UseCase(
        ways,
        partial(_update, mode, settings),
        always_signed=True,
        sets_counters=True,
        dated=True,
        execute=partial(_execute, settings),
        not_allowed="" if allowed else rule.name,
    )


def _permits(mode: Mode, rule: ModeRule, *, hub: bool) -> Iterator[Permit]:
    """A device that knows the broker's signature takes its replacement either way; a hub takes it signed alone."""
    if mode is not Mode.ACCESS_CONTROL_BROKER_BY_ACB or not hub:
        yield Permit(rule.shape, rule.by)
    if mode is Mode.ACCESS_CONTROL_BROKER_BY_ACB:
        yield Permit("a", rule.by)


def _update(mode: Mode, settings: DeviceSettings, request: Request) -> Answer:
    asked = cs02b.Command.decode(request.command.payload)
    _check_control(request, mode, asked.control)
    if asked.execution_date_time is not None:
        return _schedule(request, asked)
    done = _carry_out(request, asked, settings)
    return Answer(cs02b_outcome.Response(done.outcome).encode(), _after(request.state, done), _faults(done))


def _schedule(request: Request, asked: cs02b.Command) -> Answer:
    """Accepted, and nothing more for now; NEVER takes back what waits."""
    code, header = request.command.header.message_code, request.command.header
    when = asked.execution_date_time
    assert when is not None
    waiting = None if when == NEVER else ScheduledCommand(when, request.command.encode())
    counters = request.state.counters.accept(request.permit.role, header.originator_counter)
    state = replace(request.state.scheduling(code, waiting), counters=counters)
    return Answer(cs02b_outcome.Response(None).encode(), state)


def _execute(settings: DeviceSettings, request: Request) -> Execution:
    asked = cs02b.Command.decode(request.command.payload)
    done = _carry_out(request, asked, settings)
    replaced = any(one.status == Status.SUCCESS for one in done.outcome.replacement_outcomes)
    code = FUTURE_DATED_ACTIONED if replaced else FUTURE_DATED_NOT_ACTIONED
    alert = cs02b_outcome.Alert(code, request.date.replace(microsecond=0), done.outcome)
    return Execution(cs02b_outcome.ALERT_MESSAGE_CODE, alert.encode(), _after(request.state, done), _faults(done))


def _carry_out(request: Request, asked: cs02b.Command, settings: DeviceSettings) -> Update:
    at = request.date if settings.time_checks else None
    return update(request.state.store, request.state.counters, asked, at)


def _after(state: DeviceState, done: Update) -> DeviceState:
    return replace(state, store=done.store, counters=done.counters)


def _faults(done: Update) -> tuple[Fault, ...]:
    return tuple(Fault(one.reason, f"{_cell_text(one)}: {one.detail}") for one in done.faults)


def _cell_text(fault: CellFault) -> str:
    return f"{RemotePartyRole(fault.cell.role).name.lower()} {fault.cell.key_usage.value}"


def _check_control(request: Request, mode: Mode, control: cs02b.Control) -> None:
    rule, header, cell = MODES[mode], request.command.header, request.permit.cell
    if control.mode != mode:
        raise Refused(Reason.WRONG_MESSAGE_CODE, f"mode {control.mode} under the message code of {rule.name}")
    if control.authorising_seq_number != header.originator_counter:
        raise Refused(Reason.COUNTER_MISMATCH, "the authorising counter is not that of the message")
    by_broker = mode is Mode.ACCESS_CONTROL_BROKER_BY_ACB
    allowed = {cell, rule.cell, TrustAnchorCell(_BROKER, KeyUsage.DIGITAL_SIGNATURE)} if by_broker else {cell}
    if control.authorising_cell is None and not by_broker:
        raise Refused(Reason.WRONG_ORIGINATOR, "no authorising cell")
    if control.authorising_cell is not None and control.authorising_cell not in allowed:
        raise Refused(Reason.WRONG_ORIGINATOR, "the authorising cell is not that of the mode")
    if (control.plaintext_symmetric_key is None) == (mode is Mode.ANY_BY_CONTINGENCY):
        raise Refused(Reason.PAYLOAD_UNDECODABLE, "a symmetric key belongs to contingency, and to nothing else")
