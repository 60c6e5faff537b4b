"""The transition table of the link, row by row."""

from __future__ import annotations

import pytest

from emulator.core.errors import LocalProtocolError
from emulator.core.table import mermaid, rows
from emulator.ncp.ash.effects import Down, ResetRequested, Up
from emulator.ncp.ash.frames import AckFrame, Damage, DataFrame, NakFrame, ResetCode, RstAckFrame, RstFrame
from emulator.ncp.ash.link_actions import ACTIONS, Subject, fire
from emulator.ncp.ash.link_session import LinkSession, LinkTimer
from emulator.ncp.ash.link_table import LINK_TRANSITIONS, LinkAction, LinkState, LinkTrigger
from emulator.ncp.ash.reader import DamagedFrame
from emulator.ncp.ash.sender import Outgoing
from emulator.ncp.ash.settings import AshSettings

NOW = 1_000_000
S, T, A = LinkState, LinkTrigger, LinkAction
ROWS = list(rows(LINK_TRANSITIONS))
GAPS = [(state, trigger) for state in S for trigger in T if trigger not in LINK_TRANSITIONS[state]]
SUBJECTS: dict[LinkTrigger, Subject] = {
    T.STARTED: ResetCode.SOFTWARE,
    T.FAULT: ResetCode.ASSERT,
    T.SEND: Outgoing(b"abc", callback=False),
    T.RST: RstFrame(),
    T.DATA: DataFrame(0, False, 0, b"abc"),
    T.ACK: AckFrame(0),
    T.NAK: NakFrame(0),
    T.FOREIGN: RstAckFrame(ResetCode.SOFTWARE),
    T.DAMAGED_DATA: DamagedFrame(Damage.BAD_CRC, 0x00),
    T.DAMAGED: DamagedFrame(Damage.BAD_CRC, 0x81),
    T.ACK_DUE: None,
    T.ACK_LATE: None,
    T.ACK_GIVEN_UP: ResetCode.ACK_TIMEOUTS,
    T.READY_AGAIN: None,
}


def session_in(state: LinkState) -> LinkSession:
    session = LinkSession(AshSettings(), lambda *_: None, None)
    session.state = state
    return session


@pytest.mark.parametrize("state, trigger", [row[:2] for row in ROWS])
def test_a_link_does_what_the_row_says(state: LinkState, trigger: LinkTrigger) -> None:
    session = session_in(state)
    fire(session, trigger, SUBJECTS[trigger], NOW)
    after = LINK_TRANSITIONS[state][trigger].next_state
    assert session.state is after
    told = [type(effect) for effect in session.out if isinstance(effect, Up | Down | ResetRequested)]
    wanted = {A.COME_UP: [Up], A.FAIL: [Down], A.REQUEST_RESET: [ResetRequested]}
    assert told == wanted.get(LINK_TRANSITIONS[state][trigger].action, []), "the stick is told, and of nothing else"


@pytest.mark.parametrize("state, trigger", GAPS)
def test_a_link_stays_as_it_is_where_there_is_no_row(state: LinkState, trigger: LinkTrigger) -> None:
    session = session_in(state)
    with pytest.raises(LocalProtocolError):
        fire(session, trigger, SUBJECTS[trigger], NOW)
    assert (session.state, session.out) == (state, [])


def test_every_action_is_used_and_has_code() -> None:
    assert {row.action for _, _, row in ROWS} == set(ACTIONS) == set(A)


def test_every_trigger_and_every_state_is_used() -> None:
    assert {trigger for _, trigger, _ in ROWS} == set(T)
    assert {row.next_state for _, _, row in ROWS} == set(S) == set(LINK_TRANSITIONS)
    assert {state for state, _, row in ROWS if row.next_state is S.WAITING} == {S.WAITING}, "before the first reset"


def test_a_link_is_dead_between_the_wish_for_a_reset_and_the_reset() -> None:
    leaving = {trigger for trigger, row in LINK_TRANSITIONS[S.RESETTING].items() if row.next_state is not S.RESETTING}
    assert leaving == {T.STARTED, T.FAULT}


def test_only_a_reset_leads_out_of_failure() -> None:
    leaving = {trigger for trigger, row in LINK_TRANSITIONS[S.FAILED].items() if row.next_state is not S.FAILED}
    assert leaving == {T.STARTED, T.RST}


def test_deadlines_are_those_of_a_connection_alone() -> None:
    for state in set(S) - {S.CONNECTED}:
        assert {T.ACK_DUE, T.ACK_LATE, T.ACK_GIVEN_UP, T.READY_AGAIN}.isdisjoint(LINK_TRANSITIONS[state])


@pytest.mark.parametrize("trigger", [T.STARTED, T.FAULT, T.RST])
def test_whatever_ends_a_connection_ends_its_deadlines(trigger: LinkTrigger) -> None:
    session = session_in(S.CONNECTED)
    for timer in LinkTimer:
        session.timers.set(timer, NOW + 1)
    fire(session, trigger, SUBJECTS[trigger], NOW)
    assert session.timers.next_timeout() is None


def test_the_diagram_has_a_line_for_every_row() -> None:
    assert len(mermaid(LINK_TRANSITIONS).splitlines()) == 1 + len(ROWS)
    assert "    connected --> failed: ack-given-up / fail" in mermaid(LINK_TRANSITIONS)
