"""Credentials on the device: who may replace what, cell by cell, once, and nothing half done."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.gbcs import crypto
from emulator.gbcs.assembly import assemble
from emulator.gbcs.certificate_reading import read_certificate
from emulator.gbcs.counters import Counters
from emulator.gbcs.credentials import CredentialKeeper, CredentialReply, CredentialSettings, CredentialState
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.key_ring import HeldCredential, KeyRing
from emulator.gbcs.message import Message
from emulator.gbcs.pki import ACCESS_CONTROL_BROKER, RECOVERY, SUPPLIERS, Credential, Identity, Pki, generate_pki
from emulator.gbcs.refusal import Reason, Refusal
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases import cs02a, cs02b, cs02b_outcome, cs02c, cs02d, cs02e
from emulator.gbcs.use_cases.cells import Certificate, Status, TrustAnchorCell
from emulator.gbcs.use_cases.cs02b_modes import MODES, Mode
from tests.gbcs.parties import BRIDGE, STRANGER, Rtds

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ROOT_ROLE, BROKER_ROLE = RemotePartyRole.ROOT, RemotePartyRole.ACCESS_CONTROL_BROKER
BROKER_KA = TrustAnchorCell(BROKER_ROLE, KeyUsage.KEY_AGREEMENT)
BROKER_DS = TrustAnchorCell(BROKER_ROLE, KeyUsage.DIGITAL_SIGNATURE)
RECOVERY_DS = TrustAnchorCell(RemotePartyRole.RECOVERY, KeyUsage.DIGITAL_SIGNATURE)
SUPPLIER_DS = TrustAnchorCell(RemotePartyRole.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE)
NEW_KEYS = [crypto.private_key(bytes((number,)) * 48) for number in range(1, 5)]
Made = tuple[Mode, str, cs02b.Command]


class Bench:
    """A device with its keeper, and whoever sends it Commands."""

    def __init__(self, pki: Pki, settings: CredentialSettings | None = None) -> None:
        self.pki = pki
        self.keys = list(NEW_KEYS)
        self.counter = 100
        state = CredentialState(pki.trust_store(), pki.own_credentials(BRIDGE), Counters())
        self.keeper = CredentialKeeper(state, lambda: self.keys.pop(0), settings)
        self.ring = KeyRing(
            HeldCredential(name, read_certificate(one.certificate_octets), one.private_key)
            for name, one in pki.credentials.items()
        )
        self.new_broker = pki.renewed(ACCESS_CONTROL_BROKER, BROKER_ROLE, 2)

    def message(
        self,
        code: int,
        shape: str,
        payload: bytes,
        originator: Eui64 = ACCESS_CONTROL_BROKER,
        *,
        ring: KeyRing | None = None,
        counter: int | None = None,
    ) -> Message:
        header = GroupingHeader(Cra.COMMAND, counter or self.counter, originator, BRIDGE, code)
        return assemble(header, payload, shape, ring or self.ring)

    def replacing(
        self,
        *replacements: tuple[Credential, TrustAnchorCell],
        mode: Mode = Mode.ACCESS_CONTROL_BROKER_BY_ACB,
        path: Credential | None = None,
        **control: object,
    ) -> cs02b.Command:
        cell = None if mode is Mode.ACCESS_CONTROL_BROKER_BY_ACB else MODES[mode].cell
        asked = cs02b.Control(mode, self.counter, cell)
        return cs02b.Command(
            replace(asked, **control),  # type: ignore[arg-type] # by name
            tuple(cs02b.Replacement(Certificate(one.certificate_octets), cell) for one, cell in replacements),
            (Certificate((path or self.pki.organisation_issuer).certificate_octets),),
        )

    def by_broker(self, command: cs02b.Command, shape: str = "b") -> bytes:
        return self.message(0x0104, shape, command.encode()).encode()

    def send(self, octets: bytes, date: datetime = NOW) -> CredentialReply | Refusal:
        return self.keeper.receive(octets, 7, date)

    def obeyed(self, octets: bytes, date: datetime = NOW) -> CredentialReply:
        reply = self.send(octets, date)
        assert isinstance(reply, CredentialReply), reply
        assert Message.decode(reply.octets) == reply.response
        return reply

    def outcome(self, octets: bytes, date: datetime = NOW) -> cs02b_outcome.ExecutionOutcome:
        reply = self.obeyed(octets, date)
        assert reply.response.shape == "d"
        assert reply.response.header.date_time is not None
        outcome = cs02b_outcome.Response.decode(reply.response.payload).execution_outcome
        assert outcome is not None
        return outcome


@pytest.fixture
def bench(pki: Pki) -> Bench:
    return Bench(pki)


def both(bench: Bench, identity: Identity) -> tuple[tuple[Credential, TrustAnchorCell], ...]:
    return (identity.digital_signature, BROKER_DS), (identity.key_agreement, BROKER_KA)


# --- CS02b -----------------------------------------------------------------------------------------------------------


def test_the_brokers_credentials_are_replaced_and_the_old_ones_are_out(bench: Bench) -> None:
    old = bench.message(cs02e.MESSAGE_CODE, "a", cs02e.Command(KeyUsage.KEY_AGREEMENT).encode(), counter=200)
    outcome = bench.outcome(bench.by_broker(bench.replacing(*both(bench, bench.new_broker))))
    assert [one.status for one in outcome.replacement_outcomes] == [Status.SUCCESS, Status.SUCCESS]
    existing = bench.pki.trust_store().cells[BROKER_KA]
    assert outcome.replacement_outcomes[1].existing.subject_key_identifier == existing.subject_key_identifier
    point = crypto.encode_point(bench.new_broker.key_agreement.public_key)
    assert bench.keeper.state.store.cells[BROKER_KA].point == point
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
    assert reply.changed
    assert reply.response.header.recipient == ACCESS_CONTROL_BROKER
    key = bench.pki.device(BRIDGE).public_keys.digital_signature
    assert crypto.signature_is_valid(reply.response, key)


def test_one_bad_certificate_does_not_undo_the_good_one(bench: Bench) -> None:
    foreign = generate_pki(SeededStreams(5), []).access_control_broker
    command = bench.replacing((foreign.digital_signature, BROKER_DS), (bench.new_broker.key_agreement, BROKER_KA))
    before = bench.keeper.state.store.cells
    outcome = bench.outcome(bench.by_broker(command))
    bad, good = outcome.replacement_outcomes
    assert (bad.status, good.status) == (Status.NO_TRUST_ANCHOR, Status.SUCCESS)
    assert bad.existing == bad.replacing
    assert bench.keeper.state.store.cells[BROKER_DS] == before[BROKER_DS]
    assert bench.keeper.state.store.cells[BROKER_KA] != before[BROKER_KA]
    assert [entry.reason for entry in bench.keeper.security_log] == ["no-issuer"]


def test_a_replayed_or_older_replacement_changes_nothing(bench: Bench) -> None:
    octets = bench.by_broker(bench.replacing((bench.new_broker.digital_signature, BROKER_DS), new_floor_seq_number=0))
    bench.counter = 99
    older = bench.by_broker(bench.replacing((bench.pki.access_control_broker.digital_signature, BROKER_DS)))
    bench.counter = 100
    bench.outcome(octets)
    before = bench.keeper.state
    for replayed in (octets, older):
        refusal = bench.send(replayed)
        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.COUNTER_REPEATED
    assert bench.keeper.state is before


def test_a_new_key_begins_above_its_floor(bench: Bench) -> None:
    command = bench.replacing((bench.new_broker.key_agreement, BROKER_KA), new_floor_seq_number=10)
    outcome = bench.outcome(bench.by_broker(command))
    assert [(one.role, one.floor_seq_number) for one in outcome.seq_number_changes] == [(BROKER_ROLE, 10)]
    assert bench.keeper.state.counters.accepted[BROKER_ROLE] == 10


def test_a_replacement_that_failed_moves_no_floor(bench: Bench) -> None:
    foreign = generate_pki(SeededStreams(5), []).access_control_broker
    outcome = bench.outcome(
        bench.by_broker(bench.replacing((foreign.key_agreement, BROKER_KA), new_floor_seq_number=10))
    )
    assert outcome.seq_number_changes == ()
    assert bench.keeper.state.counters.accepted[BROKER_ROLE] == 100


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
    assert [entry.reason for entry in bench.keeper.security_log] == ["mode-not-allowed"]


def test_a_supplier_may_replace_its_own_where_the_switch_says_so(pki: Pki) -> None:
    bench = Bench(pki, CredentialSettings(authority="supplier"))
    supplier = pki.suppliers[0]
    contents = read_certificate(supplier.digital_signature.certificate_octets)
    cells = pki.trust_store().cells
    store = type(pki.trust_store()).holding([(SUPPLIER_DS, contents)])
    bench.keeper.state = replace(bench.keeper.state, store=type(store)({**cells, **store.cells}))
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
    before = bench.keeper.state.store
    (outcome,) = bench.outcome(bench.by_broker(make(bench))).replacement_outcomes
    assert outcome.status == status
    assert bench.keeper.state.store == before
    assert [entry.reason for entry in bench.keeper.security_log] == [reason]


def test_an_expired_certificate_is_refused_unless_time_is_left_out_of_it(pki: Pki) -> None:
    late = datetime(2036, 1, 1, tzinfo=UTC)
    for settings, control, status in (
        (CredentialSettings(), False, Status.NO_TRUST_ANCHOR),
        (CredentialSettings(), True, Status.SUCCESS),
        (CredentialSettings(time_checks=False), False, Status.SUCCESS),
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
    (Reason.UNSUPPORTED, _future),
    (Reason.PAYLOAD_UNDECODABLE, lambda bench: bench.message(0x0104, "b", b"\x05\x00").encode()),
    (Reason.UNKNOWN_USE_CASE, lambda bench: bench.message(0x0129, "b", b"\x05\x00").encode()),
]


@pytest.mark.parametrize("reason,make", REFUSALS, ids=[f"{n}-{reason}" for n, (reason, _) in enumerate(REFUSALS)])
def test_what_is_wrong_is_refused_logged_and_changes_nothing(
    bench: Bench, reason: Reason, make: Callable[[Bench], bytes]
) -> None:
    before = bench.keeper.state
    refusal = bench.send(make(bench))
    assert isinstance(refusal, Refusal), refusal
    assert refusal.reason is reason
    assert bench.keeper.state is before
    assert [(entry.at, entry.reason) for entry in bench.keeper.security_log] == [(7, reason.value)]
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
    assert not reply.changed
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


# --- CS02c, CS02d, CS02e ---------------------------------------------------------------------------------------------


def own(bench: Bench, code: int, payload: bytes) -> bytes:
    bench.counter += 1
    return bench.obeyed(bench.message(code, "a", payload).encode()).response.payload


@pytest.mark.parametrize("usage", [KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_AGREEMENT])
def test_a_new_key_waits_until_its_certificate_comes(bench: Bench, usage: KeyUsage) -> None:
    before = bench.keeper.state.own.held[usage]
    request = cs02c.Response.decode(own(bench, cs02c.MESSAGE_CODE, cs02c.Command(usage).encode()))
    assert request.certification_request
    asked = x509.load_der_x509_csr(request.certification_request)
    assert asked.is_signature_valid
    assert asked.public_key() == NEW_KEYS[0].public_key()
    assert bench.keeper.state.own.held[usage].private_key is before.private_key
    certificate = bench.pki.certify_device(BRIDGE, usage, NEW_KEYS[0].public_key(), 2)
    answer = own(bench, cs02d.MESSAGE_CODE, cs02d.Command(Certificate(certificate)).encode())
    assert cs02d.Response.decode(answer).response_code == cs02d.ResponseCode.SUCCESS
    assert bench.keeper.state.own.held[usage].private_key is NEW_KEYS[0]
    assert bench.keeper.state.own.held[usage].pending is None


def test_the_certification_request_is_made_like_the_published_one(rtds: Rtds) -> None:
    from emulator.gbcs.own_credentials import certification_request

    payload = Message.decode(rtds.named("CS02c_6.17_SUCCESS_RESPONSE").octets).payload
    published = x509.load_der_x509_csr(payload)
    entity = Eui64(0x00DB1234567890A0)
    key = crypto.private_key(b"any")
    ours = x509.load_der_x509_csr(certification_request(entity, KeyUsage.DIGITAL_SIGNATURE, key))
    point, other = (crypto.encode_point(one.public_key()) for one in (published, ours))  # type: ignore[arg-type] # P-256
    assert ours.tbs_certrequest_bytes.replace(other, point) == published.tbs_certrequest_bytes


def _certificate(bench: Bench, usage: KeyUsage = KeyUsage.KEY_AGREEMENT, device: Eui64 = BRIDGE, key: int = 0) -> bytes:
    return bench.pki.certify_device(device, usage, NEW_KEYS[key].public_key(), 2)


WRONG: list[tuple[cs02d.ResponseCode, Callable[[Bench], bytes]]] = [
    (cs02d.ResponseCode.INVALID_CERTIFICATE, lambda _: b"\x30\x00"),
    (cs02d.ResponseCode.WRONG_DEVICE_IDENTITY, lambda bench: _certificate(bench, device=STRANGER)),
    (cs02d.ResponseCode.WRONG_PUBLIC_KEY, lambda bench: _certificate(bench, key=1)),
    (
        cs02d.ResponseCode.NO_CORRESPONDING_KEY_PAIR_GENERATED,
        lambda bench: _certificate(bench, usage=KeyUsage.DIGITAL_SIGNATURE),
    ),
]


@pytest.mark.parametrize("code,make", WRONG, ids=[code.name for code, _ in WRONG])
def test_a_certificate_that_does_not_fit_changes_no_key(
    bench: Bench, code: cs02d.ResponseCode, make: Callable[[Bench], bytes]
) -> None:
    own(bench, cs02c.MESSAGE_CODE, cs02c.Command(KeyUsage.KEY_AGREEMENT).encode())
    before = bench.keeper.state.own
    answer = own(bench, cs02d.MESSAGE_CODE, cs02d.Command(Certificate(make(bench))).encode())
    assert cs02d.Response.decode(answer).response_code == code
    assert bench.keeper.state.own == before


def test_a_key_usage_that_no_device_has_is_refused_in_the_response(bench: Bench) -> None:
    for code, command in ((cs02c.MESSAGE_CODE, cs02c.Command), (cs02e.MESSAGE_CODE, cs02e.Command)):
        assert own(bench, code, command(KeyUsage.KEY_CERT_SIGN).encode()) == b"\x02\x01\x01"


def test_the_certificate_in_force_is_shown(bench: Bench) -> None:
    answer = own(bench, cs02e.MESSAGE_CODE, cs02e.Command(KeyUsage.KEY_AGREEMENT).encode())
    assert answer == bench.pki.device(BRIDGE).key_agreement.certificate_octets


# --- stored ----------------------------------------------------------------------------------------------------------


def test_what_is_stored_comes_back(bench: Bench) -> None:
    own(bench, cs02c.MESSAGE_CODE, cs02c.Command(KeyUsage.KEY_AGREEMENT).encode())
    bench.counter += 1
    bench.outcome(bench.by_broker(bench.replacing((bench.new_broker.digital_signature, BROKER_DS))))
    state = bench.keeper.state
    stored = json.loads(json.dumps(state.to_dict()))
    loaded = CredentialState.from_dict(stored)
    assert loaded.to_dict() == state.to_dict()
    assert (loaded.store, loaded.counters) == (state.store, state.counters)
    pending = loaded.own.held[KeyUsage.KEY_AGREEMENT].pending
    assert pending
    assert pending.private_numbers() == NEW_KEYS[0].private_numbers()


@pytest.mark.parametrize("part", ["store", "own", "counters"])
@pytest.mark.parametrize("value", [None, [], {"x": 1}, {"0/keyCertSign/0": ["00", "00", "00"]}], ids=str)
def test_damaged_storage_is_a_decode_error(bench: Bench, part: str, value: object) -> None:
    stored = bench.keeper.state.to_dict() | {part: value}
    with pytest.raises(DecodeError, match=r"^stored"):
        CredentialState.from_dict(stored)


def test_the_log_keeps_the_newest(bench: Bench) -> None:
    for _ in range(120):
        bench.send(b"")
    assert len(bench.keeper.security_log) == 100
