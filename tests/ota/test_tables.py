"""The transition tables, row by row."""

from __future__ import annotations

import random

import pytest

from emulator.core.errors import LocalProtocolError
from emulator.core.table import mermaid, rows
from emulator.ota.behaviour import WELL_BEHAVED
from emulator.ota.client_actions import ACTIONS, fire
from emulator.ota.client_session import Cause, ClientSession
from emulator.ota.client_table import LOCAL_TRIGGERS, TRANSITIONS, UPGRADE_STATUS, ClientState, Trigger
from emulator.ota.download import Download
from emulator.ota.errors import Unacceptable
from emulator.ota.policy import ServerPolicy
from emulator.ota.server_actions import ACTIONS as SERVER_ACTIONS
from emulator.ota.server_actions import Occasion
from emulator.ota.server_actions import fire as server_fire
from emulator.ota.server_table import LOCAL_SERVER_TRIGGERS, SERVER_TRANSITIONS, ServerState, ServerTrigger
from emulator.ota.session import ServerMemory
from emulator.ota.settings import ClientSettings
from emulator.ota.slot import MemorySlot
from emulator.zigbee.clusters.ota_blocks import ImagePageRequest
from emulator.zigbee.frames.zcl_status import Status
from tests.ota.link import CLIENT, IMAGE_TYPE, MANUFACTURER, ME, NEW_VERSION, identity_of, image

NOW = 1_000_000


def client_in(state: ClientState) -> ClientSession:
    """A client in the midst of things, whatever its state."""
    octets = image()
    slot = MemorySlot()
    slot.begin(identity_of(octets))
    slot.write(0, octets[:100])
    session = ClientSession(ME, ClientSettings(), slot, random.Random(1), WELL_BEHAVED)
    session.offered = identity_of(octets)
    session.download = Download(session.offered, slot, session.settings, ME, session.tally)
    session.state = state
    return session


def server_in(state: ServerState) -> tuple[ServerMemory, Occasion]:
    memory = ServerMemory(ServerPolicy(), random.Random(1), 0)
    served, _ = memory.shelf.put(image(), [CLIENT], 0)
    session = memory.session(CLIENT, served, 0)
    session.state = state
    session.page_octets, session.page_end = 50, 500
    page = ImagePageRequest(MANUFACTURER, IMAGE_TYPE, NEW_VERSION, 0, 50, 500, 20)
    return memory, Occasion(1, 2, "because", Status.ABORT, 0, 50, page)


CLIENT_ROWS = list(rows(TRANSITIONS))
SERVER_ROWS = list(rows(SERVER_TRANSITIONS))
CLIENT_GAPS = [(state, trigger) for state in ClientState for trigger in Trigger if trigger not in TRANSITIONS[state]]
SERVER_GAPS = [
    (state, trigger) for state in ServerState for trigger in ServerTrigger if trigger not in SERVER_TRANSITIONS[state]
]


@pytest.mark.parametrize("state, trigger", [row[:2] for row in CLIENT_ROWS])
def test_a_client_does_what_the_row_says(state: ClientState, trigger: Trigger) -> None:
    session = client_in(state)
    fire(session, trigger, Cause("because", Status.ABORT, 5), NOW)
    assert session.state is TRANSITIONS[state][trigger].next_state


@pytest.mark.parametrize("state, trigger", CLIENT_GAPS)
def test_a_client_says_whose_fault_it_is_where_there_is_no_row(state: ClientState, trigger: Trigger) -> None:
    session = client_in(state)
    with pytest.raises(LocalProtocolError if trigger in LOCAL_TRIGGERS else Unacceptable):
        fire(session, trigger, Cause(), NOW)
    assert (session.state, session.out, session.deadline) == (state, [], None)


@pytest.mark.parametrize("state, trigger", [row[:2] for row in SERVER_ROWS])
def test_a_server_does_what_the_row_says(state: ServerState, trigger: ServerTrigger) -> None:
    memory, occasion = server_in(state)
    session = memory.sessions[CLIENT]
    server_fire(memory, session, trigger, occasion, NOW)
    assert session.state is SERVER_TRANSITIONS[state][trigger].next_state


@pytest.mark.parametrize("state, trigger", SERVER_GAPS)
def test_a_server_says_whose_fault_it_is_where_there_is_no_row(state: ServerState, trigger: ServerTrigger) -> None:
    memory, occasion = server_in(state)
    session = memory.sessions[CLIENT]
    with pytest.raises(LocalProtocolError if trigger in LOCAL_SERVER_TRIGGERS else Unacceptable):
        server_fire(memory, session, trigger, occasion, NOW)
    assert (session.state, memory.out) == (state, [])


def test_every_action_is_used_and_has_code() -> None:
    assert {row.action for _, _, row in CLIENT_ROWS} == set(ACTIONS)
    assert {row.action for _, _, row in SERVER_ROWS} == set(SERVER_ACTIONS)


def test_every_trigger_and_every_state_is_used() -> None:
    assert {trigger for _, trigger, _ in CLIENT_ROWS} == set(Trigger)
    assert {trigger for _, trigger, _ in SERVER_ROWS} == set(ServerTrigger)
    assert set(TRANSITIONS) == set(UPGRADE_STATUS) == set(ClientState)
    assert set(SERVER_TRANSITIONS) == set(ServerState)


def test_every_state_can_be_reached_and_left() -> None:
    reached = {ClientState.OFF}
    for _ in ClientState:
        reached |= {row.next_state for state, _, row in CLIENT_ROWS if state in reached}
    assert reached == set(ClientState)
    for state in ClientState:
        assert any(row.next_state is not state for row in TRANSITIONS[state].values())


def test_power_may_come_and_go_in_every_state() -> None:
    for state in ClientState:
        assert TRANSITIONS[state][Trigger.STARTED].next_state is ClientState.SEEKING
        assert TRANSITIONS[state][Trigger.STOPPED].next_state is ClientState.OFF


def test_only_an_answer_or_the_timeout_policy_leads_to_activation() -> None:
    into = {
        (state, trigger)
        for state, trigger, row in CLIENT_ROWS
        if row.next_state is ClientState.ACTIVATING and state is not ClientState.ACTIVATING
    }
    told = {ClientState.ENDING, ClientState.WAITING, ClientState.COUNT_DOWN}
    assert into == {(state, Trigger.GO_NOW) for state in told} | {
        (ClientState.ENDING, Trigger.SPENT_APPLY),
        (ClientState.WAITING, Trigger.SPENT_APPLY),
        (ClientState.COUNT_DOWN, Trigger.TIMEOUT),
        (ClientState.EXTERNAL, Trigger.RELEASED),
    }


def test_nothing_but_verification_leads_to_upgrade_end_with_success() -> None:
    into = {
        trigger
        for state, trigger, row in CLIENT_ROWS
        if row.next_state is ClientState.ENDING and state is not ClientState.ENDING
    }
    assert into == {Trigger.VERIFIED, Trigger.END_EARLY}, "the second is a misdeed"


def test_the_diagram_has_a_line_for_every_row() -> None:
    diagram = mermaid(TRANSITIONS).splitlines()
    assert len(diagram) == 1 + len(CLIENT_ROWS)
    assert "    downloading --> paced: told-to-wait / pace" in diagram
