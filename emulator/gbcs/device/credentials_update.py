"""What a device makes of the payloads of CS02a and CS02b, once the message itself has been checked.

The processing steps of GBCS were not found.  Ours agree with the CS02b messages of RTDS 4.5.0: cells are replaced or
not one by one, and the floors of counters are reported with the authorising party first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from emulator.core.errors import DecodeError
from emulator.gbcs.certificate_reading import ReadCertificate, read_certificate
from emulator.gbcs.device.counters import Counters
from emulator.gbcs.device.trust_store import NO_ENTITY, ROOT_CELL, CellContents, TrustStore
from emulator.gbcs.paths import PathError, check_path
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases import cs02a, cs02b
from emulator.gbcs.use_cases.cells import Status, TrustAnchorCell
from emulator.gbcs.use_cases.cs02b_modes import MODES, Mode, ModeRule
from emulator.gbcs.use_cases.cs02b_outcome import ExecutionOutcome, KeyName, ReplacementOutcome
from emulator.gbcs.use_cases.seq_numbers import SeqNumberChange

_EMPTY = CellContents(NO_ENTITY, bytes(8), b"")


@dataclass(frozen=True, slots=True)
class CellFault:
    """Why one cell was not replaced, for the security log."""

    cell: TrustAnchorCell
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Update:
    """What a CS02b command comes to.

    Attributes:
        store: the cells afterwards.
        counters: the counters afterwards.
        outcome: for the response.
        faults: why cells were not replaced.
    """

    store: TrustStore
    counters: Counters
    outcome: ExecutionOutcome
    faults: tuple[CellFault, ...]


def details(store: TrustStore, counters: Counters, command: cs02a.Command) -> cs02a.Response:
    """What the device holds of each role asked for; a role that it does not hold says so in its place."""
    return cs02a.Response(tuple(_role_details(store, counters, role) for role in command.roles))


def _role_details(store: TrustStore, counters: Counters, role: int) -> cs02a.RoleDetails:
    held = store.of_role(role)
    if not held:
        return cs02a.RoleDetails(role, Status.TRUST_ANCHOR_NOT_FOUND)
    cells = tuple(
        cs02a.CellDetails(cell.key_usage, one.subject, one.subject_key_identifier, cell.cell_usage)
        for cell, one in held
    )
    return cs02a.RoleDetails(role, Status.SUCCESS, counters.accepted.get(RemotePartyRole(role), 0), cells)


def update(store: TrustStore, counters: Counters, command: cs02b.Command, at: datetime | None) -> Update:
    """Replace what can be replaced.

    Args:
        store: the cells before.
        counters: the counters before.
        command: from a message that is authorised and new.
        at: now, UTC; None = the device does not check validity periods.
    """
    rule = MODES[Mode(command.control.mode)]
    when = None if command.control.disapply_time_checks else at
    path = _readable(command)
    outcomes, faults, after = [], [], store
    for one in command.replacements:
        status, contents, fault = _judge(store, rule, one, path, when)
        existing = store.cells.get(one.cell, _EMPTY)
        if contents is not None:
            after = after.replacing(one.cell, contents)
        if fault is not None:
            faults.append(fault)
        outcomes.append(ReplacementOutcome(one.cell, status, _name(existing), _name(contents or existing)))
    replaced = {one.affected_cell for one in outcomes if one.status == Status.SUCCESS}
    counters, changes = _counters_after(counters, command.control, rule, replaced)
    outcome = ExecutionOutcome(command.control.authorising_seq_number, command.control.mode, changes, tuple(outcomes))
    return Update(after, counters, outcome, tuple(faults))


def _readable(command: cs02b.Command) -> list[ReadCertificate]:
    """The authorities of the path; one that cannot be read issues nothing."""
    found = []
    for one in command.certification_path:
        try:
            found.append(read_certificate(one.octets))
        except DecodeError:
            continue
    return found


def _judge(
    store: TrustStore, rule: ModeRule, one: cs02b.Replacement, path: list[ReadCertificate], at: datetime | None
) -> tuple[Status, CellContents | None, CellFault | None]:
    """The status of one replacement, what goes into its cell if it is good, and why not if it is not."""

    def fault(status: Status, reason: str, detail: str) -> tuple[Status, None, CellFault]:
        return status, None, CellFault(one.cell, reason, detail)

    if one.cell not in store.cells:
        return fault(Status.TRUST_ANCHOR_NOT_FOUND, "no-such-cell", "the device has no such cell")
    if rule.may_replace is not None and one.cell.role not in rule.may_replace:
        return fault(Status.OTHER, "wrong-role", f"{rule.name} may not replace this cell")
    try:
        certificate = read_certificate(one.certificate.octets)
        contents = CellContents.of(certificate)
    except DecodeError as error:
        return fault(Status.BAD_CERTIFICATE, "bad-certificate", str(error))
    if one.cell.role != certificate.subject.role or one.cell.key_usage is not certificate.extensions.key_usage:
        return fault(Status.BAD_CERTIFICATE, "wrong-role", "the certificate is for another cell")
    if one.cell != ROOT_CELL and certificate.entity_id is None:
        return fault(Status.BAD_CERTIFICATE, "bad-certificate", "the certificate names no party")
    root = store.cells.get(ROOT_CELL, _EMPTY)
    try:
        check_path(certificate, path, root.subject_key_identifier, root.point, at)
    except PathError as error:
        return fault(Status.NO_TRUST_ANCHOR, error.fault.value, str(error))
    return Status.SUCCESS, contents, None


def _name(contents: CellContents) -> KeyName:
    return KeyName(contents.subject, contents.subject_key_identifier)


def _counters_after(
    counters: Counters, control: cs02b.Control, rule: ModeRule, replaced: set[TrustAnchorCell]
) -> tuple[Counters, tuple[SeqNumberChange, ...]]:
    """The command counts as accepted; the floors that it sets hold for parties with a key replaced.

    A floor below the counter accepted last is for a new key alone: while the key that protects a party's Commands
    stays, lowering its counter would let the old ones in again.
    """
    after = counters.accept(rule.by, control.authorising_seq_number)
    changes = list(control.other_seq_number_changes or ())
    if control.new_floor_seq_number is not None:
        own = SeqNumberChange(rule.by, control.new_floor_seq_number, control.new_specialist_floor_seq_numbers)
        changes.insert(0, own)
    roles = {cell.role for cell in replaced}
    made = tuple(one for one in changes if one.role in roles)
    for one in made:
        role, floor = RemotePartyRole(one.role), one.floor_seq_number
        if _protecting(role) not in replaced:
            floor = max(floor, after.accepted.get(role, -1))
        after = after.with_floor(role, floor)
    return after, made


def _protecting(role: RemotePartyRole) -> TrustAnchorCell:
    """The cell whose key protects the Commands of a party: those of the broker have a MAC, the others are signed."""
    if role is RemotePartyRole.ROOT:
        return ROOT_CELL
    usage = KeyUsage.KEY_AGREEMENT if role is RemotePartyRole.ACCESS_CONTROL_BROKER else KeyUsage.DIGITAL_SIGNATURE
    return TrustAnchorCell(role, usage)
