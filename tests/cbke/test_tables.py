"""The transition tables, row by row."""

from __future__ import annotations

import random

import pytest

from emulator.cbke.checks import BAD_KEY_CONFIRM
from emulator.cbke.initiator_session import ACTIONS as INITIATOR_ACTIONS
from emulator.cbke.initiator_session import InitiatorSession
from emulator.cbke.initiator_session import Run as InitiatorRun
from emulator.cbke.initiator_table import EXPECTED as INITIATOR_EXPECTED
from emulator.cbke.initiator_table import INITIATOR_TRANSITIONS, SILENT, InitiatorState, InitiatorTrigger
from emulator.cbke.responder_session import ACTIONS as RESPONDER_ACTIONS
from emulator.cbke.responder_session import Cause, ResponderSession
from emulator.cbke.responder_session import Run as ResponderRun
from emulator.cbke.responder_table import EXPECTED as RESPONDER_EXPECTED
from emulator.cbke.responder_table import RESPONDER_TRANSITIONS, ResponderState, ResponderTrigger
from emulator.cbke.settings import InitiatorSettings, ResponderSettings
from emulator.cbke.work import Answer, AnswerEphemeral, GenerateEphemeral
from emulator.core.errors import LocalProtocolError
from emulator.core.table import mermaid, rows
from emulator.zigbee.clusters.key_establishment import InitiateKeyEstablishment
from tests.cbke.parties import BRIDGE, HUB, credentials

NOW = 1_000_000
EPHEMERAL = GenerateEphemeral(credentials(BRIDGE).suite, 5)()
ANSWER = AnswerEphemeral(credentials(HUB), 6, credentials(BRIDGE).octets, EPHEMERAL.point)()

INITIATOR_ROWS = list(rows(INITIATOR_TRANSITIONS))
RESPONDER_ROWS = list(rows(RESPONDER_TRANSITIONS))
INITIATOR_GAPS = [
    (state, trigger)
    for state in InitiatorState
    for trigger in InitiatorTrigger
    if trigger not in INITIATOR_TRANSITIONS[state]
]
RESPONDER_GAPS = [
    (state, trigger)
    for state in ResponderState
    for trigger in ResponderTrigger
    if trigger not in RESPONDER_TRANSITIONS[state]
]


def initiator_in(state: InitiatorState) -> InitiatorSession:
    """In the midst of things, whatever the state."""
    assert isinstance(ANSWER, Answer)
    session = InitiatorSession([credentials(BRIDGE)], random.Random(1), InitiatorSettings(), None)
    session.partner = HUB
    peer = InitiateKeyEstablishment(2, 10, 15, credentials(HUB).octets)
    session.run = InitiatorRun(peer, EPHEMERAL, ANSWER.point, ANSWER.keys, 1)
    session.state = state
    return session


def responder_in(state: ResponderState) -> ResponderSession:
    assert isinstance(ANSWER, Answer)
    session = ResponderSession([credentials(HUB)], random.Random(1), ResponderSettings(), None)
    session.partner = BRIDGE
    peer = InitiateKeyEstablishment(2, 10, 15, credentials(BRIDGE).octets)
    session.run = ResponderRun(peer, credentials(HUB), EPHEMERAL.point, ANSWER)
    session.last_reply = peer
    session.cause = Cause(BRIDGE, "because", 2, BAD_KEY_CONFIRM)
    session.state = state
    return session


@pytest.mark.parametrize("state, trigger", [row[:2] for row in INITIATOR_ROWS])
def test_an_initiator_does_what_the_row_says(state: InitiatorState, trigger: InitiatorTrigger) -> None:
    session = initiator_in(state)
    session.fire(trigger, NOW)
    assert session.state is INITIATOR_TRANSITIONS[state][trigger].next_state
    assert (session.deadline is None) == (session.state is InitiatorState.IDLE), "no state without a way out"


@pytest.mark.parametrize("state, trigger", INITIATOR_GAPS)
def test_an_initiator_stays_as_it_is_where_there_is_no_row(state: InitiatorState, trigger: InitiatorTrigger) -> None:
    session = initiator_in(state)
    with pytest.raises(LocalProtocolError):
        session.fire(trigger, NOW)
    assert (session.state, session.out) == (state, [])


@pytest.mark.parametrize("state, trigger", [row[:2] for row in RESPONDER_ROWS])
def test_a_responder_does_what_the_row_says(state: ResponderState, trigger: ResponderTrigger) -> None:
    session = responder_in(state)
    session.fire(trigger, NOW)
    after = RESPONDER_TRANSITIONS[state][trigger].next_state
    assert session.state is after
    if after is not state:
        assert (session.deadline is None) == (after is ResponderState.IDLE), "no state without a way out"


@pytest.mark.parametrize("state, trigger", RESPONDER_GAPS)
def test_a_responder_stays_as_it_is_where_there_is_no_row(state: ResponderState, trigger: ResponderTrigger) -> None:
    session = responder_in(state)
    with pytest.raises(LocalProtocolError):
        session.fire(trigger, NOW)
    assert (session.state, session.out) == (state, [])


def test_every_action_is_used_and_has_code() -> None:
    assert {row.action for _, _, row in INITIATOR_ROWS} == set(INITIATOR_ACTIONS)
    assert {row.action for _, _, row in RESPONDER_ROWS} == set(RESPONDER_ACTIONS)


def test_every_trigger_and_every_state_is_used() -> None:
    assert {trigger for _, trigger, _ in INITIATOR_ROWS} == set(InitiatorTrigger)
    assert {trigger for _, trigger, _ in RESPONDER_ROWS} == set(ResponderTrigger)
    assert {row.next_state for _, _, row in INITIATOR_ROWS} == set(InitiatorState) == set(INITIATOR_TRANSITIONS)
    assert {row.next_state for _, _, row in RESPONDER_ROWS} == set(ResponderState) == set(RESPONDER_TRANSITIONS)


def test_only_a_right_confirmation_leads_to_a_key() -> None:
    assert [(state, trigger) for state, trigger, row in INITIATOR_ROWS if row.action.value == "establish"] == [
        (InitiatorState.CONFIRMING, InitiatorTrigger.CONFIRMED)
    ]
    assert [(state, trigger) for state, trigger, row in RESPONDER_ROWS if row.action.value == "establish"] == [
        (ResponderState.SETTLING, ResponderTrigger.PROVEN)
    ]
    assert [state for state, _, row in RESPONDER_ROWS if row.action.value == "send-confirm"] == [
        ResponderState.AWAITING_CONFIRM
    ]


def test_an_exchange_can_fail_in_every_state_that_it_has() -> None:
    for state in set(InitiatorState) - {InitiatorState.IDLE, InitiatorState.WAITING}:
        assert {InitiatorTrigger.FAILED, InitiatorTrigger.GIVEN_UP} <= set(INITIATOR_TRANSITIONS[state])
    for responder_state in ResponderState:
        assert ResponderTrigger.FAILED in RESPONDER_TRANSITIONS[responder_state]


def test_where_a_message_is_expected_a_request_is_out() -> None:
    assert set(INITIATOR_EXPECTED) & SILENT == set()
    assert set(RESPONDER_EXPECTED) == {ResponderState.AWAITING_EPHEMERAL, ResponderState.AWAITING_CONFIRM}


def test_the_diagrams_have_a_line_for_every_row() -> None:
    assert len(mermaid(INITIATOR_TRANSITIONS).splitlines()) == 1 + len(INITIATOR_ROWS)
    assert len(mermaid(RESPONDER_TRANSITIONS).splitlines()) == 1 + len(RESPONDER_ROWS)
    assert "    confirming --> idle: confirmed / establish" in mermaid(INITIATOR_TRANSITIONS)
