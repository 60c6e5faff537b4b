"""Credentials on the device: who may replace what, cell by cell, once, and nothing half done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.gbcs import crypto
from emulator.gbcs.assembly import assemble
from emulator.gbcs.certificate_reading import read_certificate
from emulator.gbcs.device.settings import DeviceSettings
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.key_ring import HeldCredential, KeyRing
from emulator.gbcs.pki import ACCESS_CONTROL_BROKER, RECOVERY, SUPPLIERS, Pki, generate_pki
from emulator.gbcs.refusal import Reason, Refusal
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases import cs02a, cs02b, cs02e
from emulator.gbcs.use_cases.cells import Status
from emulator.gbcs.use_cases.cs02b_modes import MODES, Mode
from tests.gbcs.device.bench import (
    BROKER_DS,
    BROKER_KA,
    BROKER_ROLE,
    NOW,
    RECOVERY_DS,
    ROOT_ROLE,
    SUPPLIER_DS,
    Bench,
    both,
)
from tests.gbcs.parties import BRIDGE, STRANGER

# --- CS02b -----------------------------------------------------------------------------------------------------------


def test_the_brokers_credentials_are_replaced_and_the_old_ones_are_out(bench: Bench) -> None:
    old = bench.message(cs02e.MESSAGE_CODE, "a", cs02e.Command(KeyUsage.KEY_AGREEMENT).encode(), counter=200)
    outcome = bench.outcome(bench.by_broker(bench.replacing(*both(bench, bench.new_broker))))
    assert [one.status for one in outcome.replacement_outcomes] == [Status.SUCCESS, Status.SUCCESS]
    existing = bench.pki.trust_store().cells[BROKER_KA]
    assert outcome.replacement_outcomes[1].existing.subject_key_identifier == existing.subject_key_identifier
    point = crypto.encode_point(bench.new_broker.key_agreement.public_key)
    assert bench.device.state.store.cells[BROKER_KA].point == point
    refusal = bench.send(old.encode())
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.MAC_INVALID
    renewed = KeyRing(
        [
            *(one for one in bench.ring.credentials if one.certificate.entity_id == BRIDGE),
            *(
                HeldCredential("new", read_certificate(one.certificate_octets), one.private_key)
                for one in (bench.new_broker.digital_signature, bench.new_broker.key_agreement)
            ),
        ]
    )
    again = bench.message(
        cs02e.MESSAGE_CODE, "a", cs02e.Command(KeyUsage.KEY_AGREEMENT).encode(), ring=renewed, counter=201
    )
    assert bench.obeyed(again.encode())


def test_the_response_is_signed_to_whoever_asked(bench: Bench) -> None:
    reply = bench.obeyed(bench.by_broker(bench.replacing(*both(bench, bench.new_broker))))
    assert bench.device.state.store.cells[BROKER_KA] != bench.pki.trust_store().cells[BROKER_KA]
    assert reply.response.header.recipient == ACCESS_CONTROL_BROKER
    key = bench.pki.device(BRIDGE).public_keys.digital_signature
    assert crypto.signature_is_valid(reply.response, key)


def test_one_bad_certificate_does_not_undo_the_good_one(bench: Bench) -> None:
    foreign = generate_pki(SeededStreams(5), []).access_control_broker
    command = bench.replacing((foreign.digital_signature, BROKER_DS), (bench.new_broker.key_agreement, BROKER_KA))
    before = bench.device.state.store.cells
    outcome = bench.outcome(bench.by_broker(command))
    bad, good = outcome.replacement_outcomes
    assert (bad.status, good.status) == (Status.NO_TRUST_ANCHOR, Status.SUCCESS)
    assert bad.existing == bad.replacing
    assert bench.device.state.store.cells[BROKER_DS] == before[BROKER_DS]
    assert bench.device.state.store.cells[BROKER_KA] != before[BROKER_KA]
    assert [entry.reason for entry in bench.device.security_log] == ["no-issuer"]


def test_a_replayed_or_older_replacement_changes_nothing(bench: Bench) -> None:
    octets = bench.by_broker(bench.replacing((bench.new_broker.digital_signature, BROKER_DS), new_floor_seq_number=0))
    bench.counter = 99
    older = bench.by_broker(bench.replacing((bench.pki.access_control_broker.digital_signature, BROKER_DS)))
    bench.counter = 100
    bench.outcome(octets)
    before = bench.device.state
    for replayed in (octets, older):
        refusal = bench.send(replayed)
        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.COUNTER_REPEATED
    assert bench.device.state is before


def test_a_new_key_begins_above_its_floor(bench: Bench) -> None:
    command = bench.replacing((bench.new_broker.key_agreement, BROKER_KA), new_floor_seq_number=10)
    outcome = bench.outcome(bench.by_broker(command))
    assert [(one.role, one.floor_seq_number) for one in outcome.seq_number_changes] == [(BROKER_ROLE, 10)]
    assert bench.device.state.counters.accepted[BROKER_ROLE] == 10


def test_a_replacement_that_failed_moves_no_floor(bench: Bench) -> None:
    foreign = generate_pki(SeededStreams(5), []).access_control_broker
    outcome = bench.outcome(
        bench.by_broker(bench.replacing((foreign.key_agreement, BROKER_KA), new_floor_seq_number=10))
    )
    assert outcome.seq_number_changes == ()
    assert bench.device.state.counters.accepted[BROKER_ROLE] == 100


def test_recovery_replaces_anybodys(bench: Bench) -> None:
    mode = Mode.ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY
    command = bench.replacing(*both(bench, bench.new_broker), mode=mode)
    octets = bench.message(mode.message_code, "g", command.encode(), RECOVERY).encode()
    assert [one.status for one in bench.outcome(octets).replacement_outcomes] == [0, 0]


def test_contingency_is_signed_by_the_root_and_carries_its_key(bench: Bench) -> None:
    mode = Mode.ANY_BY_CONTINGENCY
    command = bench.replacing(*both(bench, bench.new_broker), mode=mode, plaintext_symmetric_key=bytes(16))
    header = GroupingHeader(Cra.COMMAND, bench.counter, Eui64(0), BRIDGE, mode.message_code)
    key = bench.pki.organisation_root.private_key
    message = assemble(header, command.encode(), "g", bench.ring, signing_key=key)
    assert [one.status for one in bench.outcome(message.encode()).replacement_outcomes] == [0, 0]


def test_the_brokers_replacement_is_taken_signed_as_well(bench: Bench) -> None:
    command = bench.replacing(*both(bench, bench.new_broker), authorising_cell=BROKER_DS)
    assert bench.outcome(bench.by_broker(command, "a")).replacement_outcomes[0].status == 0


OTHER_MODES = [mode for mode in Mode if mode not in (4, 8, 9)]


@pytest.mark.parametrize("mode", OTHER_MODES)
def test_a_mode_that_a_ppmid_does_not_allow_is_refused(bench: Bench, mode: Mode) -> None:
    command = bench.replacing(*both(bench, bench.new_broker), mode=mode)
    refusal = bench.send(bench.message(mode.message_code, MODES[mode].shape, command.encode()).encode())
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.MODE_NOT_ALLOWED
    assert [entry.reason for entry in bench.device.security_log] == ["mode-not-allowed"]


def test_a_supplier_may_replace_its_own_where_the_switch_says_so(pki: Pki) -> None:
    bench = Bench(pki, DeviceSettings(authority="supplier"))
    renewed = pki.renewed(SUPPLIERS[0], RemotePartyRole.SUPPLIER, 2)
    mode = Mode.SUPPLIER_BY_SUPPLIER
    command = bench.replacing((renewed.digital_signature, SUPPLIER_DS), mode=mode)
    octets = bench.message(mode.message_code, "a", command.encode(), SUPPLIERS[0]).encode()
    assert bench.outcome(octets).replacement_outcomes[0].status == Status.SUCCESS


CELL_FAULTS: list[tuple[str, Status, Callable[[Bench], cs02b.Command]]] = [
    (
        "no-such-cell",
        Status.TRUST_ANCHOR_NOT_FOUND,
        lambda bench: bench.replacing((bench.pki.suppliers[0].digital_signature, SUPPLIER_DS)),
    ),
    ("wrong-role", Status.OTHER, lambda bench: bench.replacing((bench.pki.recovery.digital_signature, RECOVERY_DS))),
    (
        "wrong-role",
        Status.BAD_CERTIFICATE,
        lambda bench: bench.replacing((bench.new_broker.digital_signature, BROKER_KA)),
    ),
    (
        "wrong-role",
        Status.BAD_CERTIFICATE,
        lambda bench: bench.replacing((bench.pki.suppliers[0].key_agreement, BROKER_KA)),
    ),
    (
        "no-issuer",
        Status.NO_TRUST_ANCHOR,
        lambda bench: bench.replacing((bench.new_broker.key_agreement, BROKER_KA), path=bench.pki.device_issuer),
    ),
]


@pytest.mark.parametrize("reason,status,make", CELL_FAULTS, ids=[f"{n}-{one[0]}" for n, one in enumerate(CELL_FAULTS)])
def test_a_wrong_certificate_leaves_its_cell_as_it_was(
    bench: Bench, reason: str, status: Status, make: Callable[[Bench], cs02b.Command]
) -> None:
    before = bench.device.state.store
    (outcome,) = bench.outcome(bench.by_broker(make(bench))).replacement_outcomes
    assert outcome.status == status
    assert bench.device.state.store == before
    assert [entry.reason for entry in bench.device.security_log] == [reason]


def test_an_expired_certificate_is_refused_unless_time_is_left_out_of_it(pki: Pki) -> None:
    late = datetime(2036, 1, 1, tzinfo=UTC)
    for settings, control, status in (
        (DeviceSettings(), False, Status.NO_TRUST_ANCHOR),
        (DeviceSettings(), True, Status.SUCCESS),
        (DeviceSettings(time_checks=False), False, Status.SUCCESS),
    ):
        bench = Bench(pki, settings)
        command = bench.replacing((bench.new_broker.key_agreement, BROKER_KA), disapply_time_checks=control)
        assert bench.outcome(bench.by_broker(command), late).replacement_outcomes[0].status == status


def _with_control(**control: object) -> Callable[[Bench], bytes]:
    return lambda bench: bench.by_broker(bench.replacing(*both(bench, bench.new_broker), **control))  # type: ignore[arg-type] # by name


def _flipped(bench: Bench) -> bytes:
    octets = bench.by_broker(bench.replacing(*both(bench, bench.new_broker)))
    return octets[:-1] + bytes((octets[-1] ^ 1,))


def _by_supplier(bench: Bench) -> bytes:
    command = bench.replacing(*both(bench, bench.new_broker))
    return bench.message(0x0104, "b", command.encode(), SUPPLIERS[0]).encode()


def _for_another(bench: Bench) -> bytes:
    message = bench.message(0x0104, "b", bench.replacing().encode())
    other = replace(message, header=replace(message.header, recipient=STRANGER), mac=None)
    return crypto.authenticate(other, bytes(32)).encode()


def _future(bench: Bench) -> bytes:
    command = replace(bench.replacing(*both(bench, bench.new_broker)), execution_date_time=NOW)
    return bench.by_broker(command)


REFUSALS: list[tuple[Reason, Callable[[Bench], bytes]]] = [
    (Reason.UNDECODABLE, lambda _: b"\xdd"),
    (Reason.WRONG_TARGET, _for_another),
    (Reason.WRONG_ORIGINATOR, _by_supplier),
    (Reason.MAC_INVALID, _flipped),
    (Reason.WRONG_SHAPE, lambda bench: bench.by_broker(bench.replacing(), "g")),
    (Reason.WRONG_MESSAGE_CODE, _with_control(mode=Mode.ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY)),
    (Reason.COUNTER_MISMATCH, _with_control(authorising_seq_number=101)),
    (Reason.WRONG_ORIGINATOR, _with_control(authorising_cell=RECOVERY_DS)),
    (Reason.PAYLOAD_UNDECODABLE, _with_control(plaintext_symmetric_key=bytes(16))),
    (Reason.PAYLOAD_UNDECODABLE, lambda bench: bench.message(0x0104, "b", b"\x05\x00").encode()),
    (Reason.UNKNOWN_USE_CASE, lambda bench: bench.message(0xFFFE, "b", b"\x05\x00").encode()),
]


@pytest.mark.parametrize("reason,make", REFUSALS, ids=[f"{n}-{reason}" for n, (reason, _) in enumerate(REFUSALS)])
def test_what_is_wrong_is_refused_logged_and_changes_nothing(
    bench: Bench, reason: Reason, make: Callable[[Bench], bytes]
) -> None:
    before = bench.device.state
    refusal = bench.send(make(bench))
    assert isinstance(refusal, Refusal), refusal
    assert refusal.reason is reason
    assert bench.device.state is before
    assert [(entry.at, entry.reason) for entry in bench.device.security_log] == [(NOW, reason.value)]
    assert bench.outcome(bench.by_broker(bench.replacing(*both(bench, bench.new_broker))))


@given(st.binary(max_size=200))
def test_any_octets_are_refused(octets: bytes) -> None:
    assert isinstance(Bench(SMALL).send(octets), Refusal)


SMALL = generate_pki(SeededStreams(1), [BRIDGE, STRANGER])


# --- CS02a -----------------------------------------------------------------------------------------------------------


def test_what_the_device_holds_is_told_role_by_role(bench: Bench) -> None:
    command = cs02a.Command(BROKER_KA, (BROKER_ROLE, RemotePartyRole.SUPPLIER, ROOT_ROLE))
    reply = bench.obeyed(bench.message(cs02a.MESSAGE_CODE, "b", command.encode()).encode())
    assert reply.response.shape == "c"
    broker, supplier, root = cs02a.Response.decode(reply.response.payload).roles
    assert [cell.key_usage for cell in broker.cells or ()] == [KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_AGREEMENT]
    assert (supplier.status, supplier.cells) == (Status.TRUST_ANCHOR_NOT_FOUND, None)
    assert root.cells
    assert root.cells[0].subject_unique_id == 0


def test_it_is_told_under_a_signature_to_whoever_signs(bench: Bench) -> None:
    command = cs02a.Command(RECOVERY_DS, (BROKER_ROLE,))
    reply = bench.obeyed(bench.message(cs02a.MESSAGE_CODE, "g", command.encode(), RECOVERY).encode())
    assert reply.response.shape == "d"
    mismatch = bench.send(bench.message(cs02a.MESSAGE_CODE, "b", command.encode()).encode())
    assert isinstance(mismatch, Refusal)
    assert mismatch.reason is Reason.WRONG_ORIGINATOR
