"""Initiator and responder together: the whole exchange, its suites, its times, and what may go astray on the way."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest

from emulator.cbke.agreement import Role
from emulator.cbke.credentials import Credentials, check_credentials
from emulator.cbke.effects import Candidate, Compute, Effect, Established, Failed, ReadSuites, Send, SendDefaultResponse
from emulator.cbke.initiator import Initiator
from emulator.cbke.initiator_table import InitiatorState
from emulator.cbke.responder import Responder
from emulator.cbke.responder_table import ResponderState
from emulator.cbke.settings import InitiatorSettings, ResponderSettings
from emulator.cbke.suite import SUITES
from emulator.cbke.work import AnswerEphemeral, GenerateEphemeral
from emulator.core.clock import MINUTE, SECOND
from emulator.core.standards import Standards
from emulator.zigbee.clusters.key_establishment import (
    ConfirmKeyData,
    EphemeralData,
    InitiateKeyEstablishment,
    KeyEstablishmentMessage,
    TerminateKeyEstablishment,
    decode_key_establishment,
    encode_key_establishment,
)
from tests.cbke.parties import BRIDGE, HUB, LATENCY, SECOND_BRIDGE, Way, initiator, meeting, pass_on, responder

Exchange = dict[str, Any]


def kinds(effects: list[Effect]) -> list[str]:
    return [type(one.message).__name__ if isinstance(one, Send) else type(one).__name__ for one in effects]


@pytest.mark.parametrize("suite", SUITES)
def test_both_sides_come_to_one_key(suite: int) -> None:
    way = meeting(responder((suite,)), initiator(suites=(suite,)))
    way.start()
    way.run()
    (key,) = way.bridge.keys
    assert way.hub.keys == way.hub.candidates == [key]
    assert len(key) == 16
    assert way.bridge.failures == way.hub.failures == []
    assert (way.bridge.machine.state, way.hub.machine.state) == (InitiatorState.IDLE, ResponderState.IDLE)
    assert way.bridge.machine.next_timeout() is way.hub.machine.next_timeout() is None


def test_an_exchange_is_these_messages_in_this_order() -> None:
    way = meeting()
    way.start()
    way.run()
    assert kinds(way.bridge.effects) == [
        "ReadSuites",
        "Report",
        "InitiateKeyEstablishment",
        "Compute",
        "EphemeralData",
        "Compute",
        "ConfirmKeyData",
        "Established",
        "SendDefaultResponse",
        "Report",
    ]
    assert kinds(way.hub.effects) == [
        "Report",
        "InitiateKeyEstablishment",
        "Compute",
        "EphemeralData",
        "Candidate",
        "ConfirmKeyData",
        "Established",
        "Report",
    ]


def test_answers_carry_the_sequence_numbers_of_the_requests_and_the_default_response_that_of_the_last() -> None:
    way = meeting()
    way.start()
    way.run()
    assert [one.sequence for one in way.hub.effects if isinstance(one, Send)] == [1, 1, 1]
    assert [one.sequence for one in way.bridge.effects if isinstance(one, Send)] == [None] * 3
    assert [one for one in way.bridge.effects if isinstance(one, SendDefaultResponse)] == [
        SendDefaultResponse(HUB, 0x02, 0x00, 1)
    ]


def test_every_key_is_new() -> None:
    way = meeting()
    for _ in range(2):
        way.start()
        way.run()
    assert len(set(way.bridge.keys)) == len(set(way.hub.keys)) == 2


class Drawn(random.Random):
    """Draws the private key of the annex."""

    def __init__(self, private_key: int) -> None:
        super().__init__(0)
        self.private_key = private_key

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        return self.private_key


def test_the_machines_send_the_messages_of_annexes_c5_and_c6(exchanges: list[Exchange]) -> None:
    for one in exchanges:
        suite = SUITES[one["suite"]]
        frames = [bytes.fromhex(frame) for name, frame in one["zcl_frames"].items() if name.endswith(("est", "ponse"))]
        times = frames[0][5], frames[0][6]
        held = {side: held_in(one, side) for side in ("initiator", "responder")}
        drawn = {
            side: Drawn(suite.private_key(bytes.fromhex(one[side]["ephemeral_private"])))
            for side in ("initiator", "responder")
        }
        bridge = Initiator(
            [held["initiator"]],
            drawn["initiator"],
            InitiatorSettings(ephemeral_seconds=times[0], confirm_seconds=times[1]),
        )
        hub = Responder(
            [held["responder"]],
            drawn["responder"],
            ResponderSettings(ephemeral_seconds=times[0], confirm_seconds=times[1]),
        )
        sent = transcript(bridge, held["initiator"].eui64, hub, held["responder"].eui64)
        assert [frame[2:] for frame in frames[:6]] == sent
        assert frames[6][3:] == b"\x02\x00", "the Default Response"


def held_in(exchange: Exchange, side: str) -> Credentials:
    octets = (bytes.fromhex(text) for text in (exchange[side]["cert"], exchange[side]["private"], exchange["ca_pub"]))
    return check_credentials(SUITES[exchange["suite"]], *octets)


def transcript(bridge: Initiator, bridge_id: int, hub: Responder, hub_id: int) -> list[bytes]:
    """Command and payload of every message, in order, each decoded from its octets by the other side."""
    sent: list[bytes] = []
    waiting: list[tuple[bool, Effect]] = [(True, one) for one in bridge.start(hub_id, 0)]
    while waiting:
        is_bridge, effect = waiting.pop(0)
        machine: Initiator | Responder = bridge if is_bridge else hub
        if isinstance(effect, Compute):
            waiting += [(is_bridge, one) for one in machine.computed(effect.token, effect.work(), 0)]
        elif isinstance(effect, Send):
            command, payload = encode_key_establishment(effect.message)
            sent.append(bytes((command,)) + payload)
            other: Initiator | Responder = hub if is_bridge else bridge
            message = decode_key_establishment(command, payload)
            effects = other.received(bridge_id if is_bridge else hub_id, message, 1, 0)
            waiting += [(not is_bridge, one) for one in effects]
        elif isinstance(effect, ReadSuites):
            waiting += [(True, one) for one in bridge.suites_read(hub.suites, 0)]
    return sent


# --- suites ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ours, theirs, agreed",
    [((1, 2), (1, 2), 2), ((1, 2), (1,), 1), ((1,), (1, 2), 1), ((2,), (1, 2), 2)],
    ids=["both-both", "both-1", "1-both", "2-both"],
)
def test_the_highest_common_suite_is_taken(ours: tuple[int, ...], theirs: tuple[int, ...], agreed: int) -> None:
    way = meeting(responder(theirs), initiator(suites=ours))
    way.start()
    way.run()
    assert len(way.bridge.keys) == 1
    initiate = way.bridge.messages[0]
    assert isinstance(initiate, InitiateKeyEstablishment)
    assert initiate.suite == agreed


def test_without_a_common_suite_nothing_is_sent() -> None:
    way = meeting(responder((1,)), initiator(suites=(2,)))
    way.start()
    way.run()
    assert way.bridge.failures == ["no-common-suite"]
    assert way.bridge.messages == []
    assert way.bridge.machine.state is InitiatorState.IDLE


def test_without_reading_suites_a_refused_one_is_replaced_by_the_next() -> None:
    way = meeting(responder((1,)), initiator(suites=(1, 2), read_suites=False))
    way.start()
    way.run(until=MINUTE)
    assert way.bridge.failures == ["terminated"]
    assert way.hub.failures == ["unsupported-suite"]
    assert way.bridge.keys == way.hub.keys != []


def test_without_reading_suites_and_without_a_common_one_there_is_no_other_try() -> None:
    way = meeting(responder((1,)), initiator(suites=(2,), read_suites=False))
    way.start()
    way.run(until=60 * MINUTE)
    assert way.bridge.failures == ["no-common-suite"]


@pytest.mark.parametrize("suites, taken", [(0, 1), (None, 2), (3, 2)])
def test_an_attribute_of_zero_counts_as_suite_1_and_none_as_all(suites: int | None, taken: int) -> None:
    bridge = initiator(suites=(1, 2))
    bridge.start(HUB, 0)
    message = next(one.message for one in bridge.suites_read(suites, 0) if isinstance(one, Send))
    assert isinstance(message, InitiateKeyEstablishment)
    assert message.suite == taken


# --- times -----------------------------------------------------------------------------------------------------------


def test_the_times_advertised_are_waited_for_with_the_allowance() -> None:
    """`run` ends with the acknowledgement, LATENCY after the message was sent."""
    hub = responder(ephemeral_seconds=22, confirm_seconds=32)
    bridge = initiator(ephemeral_seconds=11, confirm_seconds=16)
    way = meeting(hub, bridge, tamper=lambda sender, message: None)
    way.start()
    way.run()
    way.deliver(way.hub, BRIDGE, way.bridge.messages[0])
    assert hub.next_timeout() == way.now + 11 * SECOND + 10 * SECOND
    way.deliver(way.bridge, HUB, way.hub.messages[0])
    way.run()
    assert bridge.next_timeout() == way.now - LATENCY + 22 * SECOND + 10 * SECOND
    way.deliver(way.hub, BRIDGE, way.bridge.messages[1])
    way.run()
    assert hub.next_timeout() == way.now - LATENCY + 16 * SECOND + 10 * SECOND
    way.deliver(way.bridge, HUB, way.hub.messages[1])
    way.run()
    assert bridge.next_timeout() == way.now - LATENCY + 32 * SECOND + 10 * SECOND


@pytest.mark.parametrize("lost", [InitiateKeyEstablishment, EphemeralData, ConfirmKeyData])
@pytest.mark.parametrize("loser", [BRIDGE, HUB])
def test_a_lost_message_is_a_timeout_of_which_nobody_is_told_and_the_next_try_succeeds(
    lost: type[KeyEstablishmentMessage], loser: int
) -> None:
    still_to_lose = [lost]

    def tamper(sender: int, message: KeyEstablishmentMessage) -> KeyEstablishmentMessage | None:
        if sender == loser and type(message) in still_to_lose:
            still_to_lose.clear()
            return None
        return message

    way = meeting(tamper=tamper)
    way.acknowledged = False
    way.start()
    way.run(until=5 * MINUTE)
    assert way.bridge.failures == ["timeout"]
    assert not any(isinstance(one, TerminateKeyEstablishment) for one in way.bridge.messages + way.hub.messages)
    assert way.bridge.keys == way.hub.keys[-1:]
    assert len(way.bridge.keys) == 1


def test_after_ten_tries_in_a_row_there_is_a_pause_of_a_quarter_of_an_hour() -> None:
    way = meeting(tamper=lambda sender, message: None)
    way.start()
    way.run(until=60 * MINUTE)
    retries = [one.retry_at for one in way.bridge.effects if isinstance(one, Failed) and one.retry_at is not None]
    gaps = [later - earlier for earlier, later in pairwise(retries)]
    assert max(gaps[:8]) < 2 * MINUTE
    assert gaps[8] > 15 * MINUTE, "from the tenth try to the eleventh"
    assert max(gaps[9:18]) < 2 * MINUTE
    assert gaps[18] > 15 * MINUTE
    assert gaps[0] < gaps[2] < gaps[4], "the delay grows"


def test_a_partner_is_left_alone_as_long_as_it_says() -> None:
    way = meeting()
    way.start()
    way.run(until=15_000)
    way.deliver(way.bridge, HUB, TerminateKeyEstablishment(0x04, 200, 2))
    at = way.bridge.machine.next_timeout()
    assert at is not None
    assert at >= way.now + 200 * SECOND


def test_computing_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Way, "_computed", lambda *_: None)
    way = meeting(bridge=initiator(ephemeral_seconds=3))
    way.start()
    way.run(until=4 * SECOND)
    assert way.bridge.failures == ["computing-too-slow"]


def test_a_result_that_comes_after_the_end_is_passed_over() -> None:
    bridge = initiator()
    bridge.start(HUB, 0)
    bridge.suites_read(2, 0)
    hub = responder()
    initiate = InitiateKeyEstablishment(2, 10, 15, hub._session.credentials[2].octets)
    (compute,) = bridge.received(HUB, initiate, 1, 0)
    assert isinstance(compute, Compute)
    bridge.on_timeout(60 * SECOND)
    late = bridge.computed(compute.token, compute.work(), 61 * SECOND)
    assert [getattr(one, "reason", None) for one in late] == ["stale-result"]
    assert bridge.state is InitiatorState.WAITING


def test_work_is_asked_for_and_never_done_by_the_machines() -> None:
    way = meeting()
    way.start()
    way.run()
    asked = [one.work for one in way.bridge.effects + way.hub.effects if isinstance(one, Compute)]
    assert isinstance(asked[0], GenerateEphemeral)
    assert [work.role for work in asked if hasattr(work, "role")] == [Role.INITIATOR]
    assert any(isinstance(work, AnswerEphemeral) for work in asked)


# --- one partner at a time, duplicates, order ------------------------------------------------------------------------


def test_whoever_comes_second_is_told_when_to_come_again_and_then_gets_a_key() -> None:
    way = Way(responder(busy_seconds=25), (BRIDGE, initiator()), (SECOND_BRIDGE, initiator(SECOND_BRIDGE)))
    for party in way.bridges:
        way.start(party)
    way.run(until=10 * SECOND)
    first, second = way.bridges
    assert TerminateKeyEstablishment(0x04, 25, 2) in way.hub.messages
    assert (len(first.keys), second.keys, second.failures) == (1, [], ["terminated"])
    way.run(until=2 * MINUTE)
    assert len(second.keys) == 1
    assert way.hub.keys == first.keys + second.keys
    assert way.hub.failures == []


@pytest.mark.parametrize("suite", SUITES)
def test_every_message_twice_does_no_harm(suite: int) -> None:
    way = meeting(responder((suite,)), initiator(suites=(suite,)))
    once = way._arrive

    def twice(sender: int, effect: Send) -> None:
        once(sender, effect)
        once(sender, effect)

    way._arrive = twice  # type: ignore[method-assign] # the way is the test's own
    way.start()
    way.run(until=2 * MINUTE)
    assert way.bridge.keys == way.hub.keys
    assert len(way.bridge.keys) == 1
    assert way.bridge.failures == way.hub.failures == []


def test_a_repeated_request_is_answered_with_the_same_key_again() -> None:
    way = meeting(tamper=lambda sender, message: None)
    way.start()
    way.run()
    hub = way.hub
    way.deliver(hub, BRIDGE, way.bridge.messages[0])
    way.deliver(way.bridge, HUB, hub.messages[0])
    way.run()
    for _ in range(2):
        way.deliver(hub, BRIDGE, way.bridge.messages[1], 7)
        way.run()
    assert hub.messages[1] == hub.messages[2]
    assert sum(isinstance(one, Compute) for one in hub.effects) == 1


@pytest.mark.parametrize("early", [EphemeralData(bytes(37)), ConfirmKeyData(bytes(16))], ids=["ephemeral", "confirm"])
def test_a_message_before_its_time_is_out_of_order(early: KeyEstablishmentMessage) -> None:
    way = meeting()
    way.deliver(way.hub, BRIDGE, early)
    assert way.hub.messages == [TerminateKeyEstablishment(0x03, 0, 2)]
    assert way.hub.dropped == ["no-exchange"]
    way.start()
    way.run()
    assert len(way.hub.keys) == 1


def test_a_confirmation_before_the_ephemeral_data_ends_the_exchange_and_the_next_succeeds() -> None:
    way = meeting()
    way.start()
    way.run(until=25_000)
    assert way.hub.machine.state is ResponderState.AWAITING_EPHEMERAL
    way.deliver(way.hub, BRIDGE, ConfirmKeyData(bytes(16)))
    way.run(until=MINUTE)
    assert way.hub.failures == ["out-of-order"]
    assert way.bridge.failures == ["terminated"]
    assert way.bridge.keys == way.hub.keys != []


def test_what_does_not_decode_ends_the_exchange_with_bad_message() -> None:
    way = meeting()
    way.start()
    way.run(until=25_000)
    hub = way.hub.machine
    assert isinstance(hub, Responder)
    way.take(way.hub, hub.undecodable(BRIDGE, 9, way.now))
    assert way.hub.failures == ["undecodable"]
    assert way.hub.messages[-1] == TerminateKeyEstablishment(0x03, 0, 2)
    bridge = way.bridge.machine
    assert isinstance(bridge, Initiator)
    assert bridge.undecodable(SECOND_BRIDGE, way.now) != []
    assert bridge.state is InitiatorState.GENERATING or bridge.state is InitiatorState.INITIATING
    way.take(way.bridge, bridge.undecodable(HUB, way.now))
    assert way.bridge.failures == ["undecodable"]


def test_the_same_partner_may_begin_anew_unless_the_switch_says_no() -> None:
    for restart, keys, failures in ((True, 1, ["restarted"]), (False, 0, ["out-of-order"])):
        way = meeting(responder(restart=restart), initiator(retry_delay=10 * MINUTE))
        way.start()
        way.run(until=55_000)
        assert way.hub.machine.state is not ResponderState.IDLE
        bridge = way.bridge.machine
        assert isinstance(bridge, Initiator)
        bridge.stop(way.now)
        way._queue.clear()
        way.start()
        way.run(until=MINUTE)
        assert way.hub.failures == failures
        assert len(way.bridge.keys) == keys


@pytest.mark.parametrize("status", [1, 2, 3, 4, 5, 6, 7, 8, 255])
def test_a_terminate_of_any_status_ends_the_try_and_only_some_allow_another(status: int) -> None:
    way = meeting(bridge=initiator(suites=(1, 2)))
    way.start()
    way.run(until=15_000)
    way.deliver(way.bridge, HUB, TerminateKeyEstablishment(status, 0, 3))
    (failed,) = (one for one in way.bridge.effects if isinstance(one, Failed))
    assert (failed.partner, failed.status) == (HUB, status)
    assert (failed.retry_at is None) == (status in {1, 2, 6})
    assert (way.bridge.machine.next_timeout() is None) == (status in {1, 2, 6})


@pytest.mark.parametrize("at", [25_000, 55_000, 65_000, 85_000])
def test_a_terminate_ends_the_exchange_of_a_responder_in_every_state(at: int) -> None:
    hub = responder()
    way = meeting(hub)
    way.acknowledged = False
    way.start()
    way.run(until=at)
    assert hub.partner == BRIDGE
    way.deliver(way.hub, BRIDGE, TerminateKeyEstablishment(0x03, 0, 2))
    assert way.hub.failures == ["terminated"]
    assert hub.partner is hub.next_timeout() is None


# --- when the key is in force ----------------------------------------------------------------------------------------


def settling() -> tuple[Way, Responder]:
    """The responder has sent its confirmation, and nothing of the initiator arrives any more."""
    way = meeting()
    way.acknowledged = False

    def tamper(sender: int, message: KeyEstablishmentMessage) -> KeyEstablishmentMessage | None:
        return None if sender == HUB and isinstance(message, ConfirmKeyData) else message

    way.tamper = tamper
    way.start()
    way.run()
    hub = way.hub.machine
    assert isinstance(hub, Responder)
    assert hub.state is ResponderState.SETTLING
    return way, hub


def test_the_initiator_stores_the_key_before_it_acknowledges() -> None:
    way = meeting()
    way.start()
    way.run()
    order = [one for one in way.bridge.effects if isinstance(one, Established | SendDefaultResponse)]
    assert [type(one) for one in order] == [Established, SendDefaultResponse]


def test_the_responder_understands_the_new_key_before_its_confirmation_goes_out_and_keeps_the_old_one() -> None:
    way, _ = settling()
    order = [one for one in way.hub.effects if isinstance(one, Candidate | Send)]
    assert isinstance(order[-2], Candidate)
    assert isinstance(order[-1], Send)
    assert way.hub.keys == []
    assert len(way.hub.candidates) == 1


@pytest.mark.parametrize("proof", ["acknowledgement", "default-response", "frame"])
def test_any_of_three_proofs_puts_the_new_key_in_force_at_the_responder(proof: str) -> None:
    way, hub = settling()
    if proof == "acknowledgement":
        effects = hub.sent(way.hub.messages[-1], way.now, delivered=True)
    elif proof == "default-response":
        effects = hub.default_response(BRIDGE, 0x02, 0, way.now)
    else:
        effects = hub.authenticated(BRIDGE, way.now)
    assert [one for one in effects if isinstance(one, Established)] == [Established(BRIDGE, way.hub.candidates[0])]
    assert hub.state is ResponderState.IDLE


def test_what_proves_nothing_puts_no_key_in_force() -> None:
    way, hub = settling()
    effects = hub.sent(way.hub.messages[0], way.now, delivered=True)
    effects += hub.default_response(SECOND_BRIDGE, 0x02, 0, way.now)
    effects += hub.default_response(BRIDGE, 0x01, 0, way.now)
    effects += hub.authenticated(SECOND_BRIDGE, way.now)
    assert effects == []
    assert hub.state is ResponderState.SETTLING


def test_a_lost_acknowledgement_leaves_the_question_open_until_the_time_is_up() -> None:
    way, hub = settling()
    way.take(way.hub, hub.sent(way.hub.messages[-1], way.now, delivered=False))
    assert hub.state is ResponderState.SETTLING
    way.bridges.clear()
    way.run(until=way.now + 21 * SECOND)
    assert way.hub.failures == ["unconfirmed"]
    assert way.hub.keys == []


@pytest.mark.parametrize("message", [0, 1, 2], ids=["initiate", "ephemeral", "confirm"])
def test_a_message_of_the_initiator_that_is_not_acknowledged_ends_the_try(message: int) -> None:
    way = meeting()
    way.acknowledged = False
    kind = (InitiateKeyEstablishment, EphemeralData, ConfirmKeyData)[message]
    way.tamper = lambda sender, one: None if isinstance(one, kind) else pass_on(sender, one)
    way.start()
    way.run()
    machine = way.bridge.machine
    way.take(way.bridge, machine.sent(way.bridge.messages[message], way.now, delivered=False))
    assert way.bridge.failures == ["send-failed"]
    assert machine.state is InitiatorState.WAITING


def test_a_repeated_confirmation_is_swallowed_for_a_while_after_the_end() -> None:
    way = meeting()
    way.start()
    way.run()
    confirm = way.hub.messages[-1]
    way.deliver(way.bridge, HUB, confirm)
    way.now += 6 * SECOND
    way.deliver(way.bridge, HUB, confirm)
    assert way.bridge.dropped == ["duplicate", "no-exchange"]
    assert len(way.bridge.keys) == 1


def test_power_off_ends_everything_on_both_sides_and_no_timer_is_left() -> None:
    way = meeting()
    way.start()
    way.run(until=35_000)
    for party in (way.bridge, way.hub):
        way.take(party, party.machine.stop(way.now))
        assert party.failures == ["stopped"]
        assert party.machine.next_timeout() is None
        assert party.machine.stop(way.now) == []


def test_the_switch_for_a_repeated_initiate_is_obeyed() -> None:
    assert ResponderSettings.of(Standards()) == ResponderSettings(restart=True)
    assert ResponderSettings.of(Standards({"cbke_repeated_initiate": "refuse"})) == ResponderSettings(restart=False)


def test_no_private_key_is_written_down_by_accident() -> None:
    way = meeting()
    way.start()
    way.run()
    shown = repr([*way.bridge.effects, *way.hub.effects])
    assert "private_key" not in shown
