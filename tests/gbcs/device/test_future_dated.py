"""Commands with a date: accepted now, carried out then, told by an alert; taken back, kept over a restart."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from emulator.core.rng import SeededStreams
from emulator.gbcs import crypto
from emulator.gbcs.device.gbcs_device import GbcsDevice, Reply
from emulator.gbcs.device.state import LONGEST_SCHEDULED, DeviceState
from emulator.gbcs.message import Message
from emulator.gbcs.pki import Credential, generate_pki
from emulator.gbcs.refusal import Reason, Refusal
from emulator.gbcs.use_cases import cs02b_outcome
from emulator.gbcs.use_cases.cells import Status, TrustAnchorCell
from emulator.gbcs.use_cases.payload import FUTURE_DATED_ACTIONED, FUTURE_DATED_NOT_ACTIONED, NEVER
from tests.gbcs.device.bench import BROKER_DS, BROKER_KA, NOW, Bench, both
from tests.gbcs.parties import BRIDGE, device_of

LATER = NOW + timedelta(days=3)


def dated(bench: Bench, *pairs: tuple[Credential, TrustAnchorCell], when: datetime = LATER) -> bytes:
    return bench.by_broker(replace(bench.replacing(*pairs), execution_date_time=when))


def alert_of(bench: Bench, device: GbcsDevice, date: datetime = LATER) -> cs02b_outcome.Alert:
    done = device.on_date(date)
    assert done is not None
    assert done.alert is not None
    message = Message.decode(done.alert)
    assert (message.shape, message.header.message_code) == ("e", 0x00CB)
    assert crypto.signature_is_valid(message, bench.pki.device(BRIDGE).public_keys.digital_signature)
    return cs02b_outcome.Alert.decode(message.payload)


def test_a_dated_replacement_is_accepted_now_and_carried_out_then(bench: Bench) -> None:
    before = bench.device.state.store
    reply = bench.obeyed(dated(bench, *both(bench, bench.new_broker)))
    assert cs02b_outcome.Response.decode(reply.response.payload).execution_outcome is None
    assert bench.device.state.store is before
    assert bench.device.next_date() == LATER
    assert bench.device.on_date(LATER - timedelta(seconds=1)) is None
    alert = alert_of(bench, bench.device)
    assert (alert.alert_code, alert.execution_date_time) == (FUTURE_DATED_ACTIONED, LATER)
    assert [one.status for one in alert.execution_outcome.replacement_outcomes] == [Status.SUCCESS] * 2
    assert bench.device.state.store.cells[BROKER_KA].point == crypto.encode_point(
        bench.new_broker.key_agreement.public_key
    )
    assert (bench.device.next_date(), bench.device.on_date(LATER)) == (None, None)


def test_one_whose_certificates_are_bad_then_says_so(bench: Bench) -> None:
    foreign = generate_pki(SeededStreams(5), []).access_control_broker
    bench.obeyed(dated(bench, *both(bench, foreign)))
    before = bench.device.state.store
    alert = alert_of(bench, bench.device)
    assert alert.alert_code == FUTURE_DATED_NOT_ACTIONED
    assert bench.device.state.store == before
    assert [entry.reason for entry in bench.device.security_log] == ["no-issuer", "no-issuer"]


def test_never_takes_back_what_waits(bench: Bench) -> None:
    bench.obeyed(dated(bench, *both(bench, bench.new_broker)))
    bench.counter += 1
    bench.obeyed(dated(bench, *both(bench, bench.new_broker), when=NEVER))
    assert bench.device.next_date() is None


def test_a_later_one_takes_the_place_of_the_one_that_waits(bench: Bench) -> None:
    bench.obeyed(dated(bench, *both(bench, bench.new_broker)))
    bench.counter += 1
    bench.obeyed(dated(bench, *both(bench, bench.new_broker), when=LATER + timedelta(days=1)))
    assert bench.device.on_date(LATER) is None
    assert bench.device.next_date() == LATER + timedelta(days=1)


def test_what_waits_cannot_be_sent_again(bench: Bench) -> None:
    octets = dated(bench, *both(bench, bench.new_broker))
    bench.obeyed(octets)
    refusal = bench.send(octets)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.COUNTER_REPEATED


def test_a_counter_accepted_meanwhile_is_not_lowered_when_it_is_carried_out(bench: Bench) -> None:
    bench.obeyed(dated(bench, (bench.new_broker.digital_signature, BROKER_DS)))
    bench.counter = 150
    bench.obeyed(bench.by_broker(bench.replacing((bench.pki.access_control_broker.digital_signature, BROKER_DS))))
    alert_of(bench, bench.device)
    assert list(bench.device.state.counters.accepted.values()) == [150]


def test_it_waits_over_a_restart(bench: Bench) -> None:
    bench.obeyed(dated(bench, *both(bench, bench.new_broker)))
    stored = json.loads(json.dumps(bench.device.state.to_dict()))
    again = device_of(bench.pki, state=DeviceState.from_dict(stored))
    assert again.next_date() == LATER
    assert alert_of(bench, again, LATER + timedelta(hours=5)).alert_code == FUTURE_DATED_ACTIONED


def test_a_command_too_long_to_be_kept_is_refused(bench: Bench) -> None:
    many = [(bench.new_broker.digital_signature, BROKER_DS)] * (LONGEST_SCHEDULED // 400)
    refusal = bench.send(dated(bench, *many))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.TOO_LONG
    assert bench.device.next_date() is None


@pytest.mark.parametrize("when", [datetime(2020, 1, 1, tzinfo=UTC), NOW], ids=["past", "now"])
def test_a_date_that_has_passed_is_due_at_once(bench: Bench, when: datetime) -> None:
    assert isinstance(bench.send(dated(bench, *both(bench, bench.new_broker), when=when)), Reply)
    assert alert_of(bench, bench.device, NOW).alert_code == FUTURE_DATED_ACTIONED
