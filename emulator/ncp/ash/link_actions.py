"""What the stick's end of an ASH link does, action by action."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from emulator.core.errors import LocalProtocolError
from emulator.ncp.ash.effects import CallbackLost, Down, ResetRequested, Up, WriteOctets
from emulator.ncp.ash.frames import (
    CANCEL,
    AckFrame,
    DataFrame,
    ErrorFrame,
    Frame,
    NakFrame,
    ResetCode,
    RstAckFrame,
    encode,
)
from emulator.ncp.ash.link_session import LinkSession
from emulator.ncp.ash.link_table import LINK_TRANSITIONS, LinkAction, LinkState, LinkTrigger
from emulator.ncp.ash.reader import DamagedFrame
from emulator.ncp.ash.sender import Outgoing

A, S = LinkAction, LinkState

Subject = Frame | DamagedFrame | Outgoing | int | None
"""What a trigger is about; each action knows the kind of its own."""


def fire(session: LinkSession, trigger: LinkTrigger, subject: Subject, now: int) -> None:
    """Do what the table says.

    Raises:
        LocalProtocolError: it has no row for that.
    """
    row = LINK_TRANSITIONS[session.state].get(trigger)
    if row is None:
        raise LocalProtocolError(f"ASH: {trigger.value} while {session.state.value}")
    session.before, session.state = session.state, row.next_state
    ACTIONS[row.action](session, subject, now)


def describe(subject: Subject) -> dict[str, object]:
    """A frame in the words of the event log."""
    if isinstance(subject, DamagedFrame):
        return {} if subject.control is None else {"control": f"{subject.control:02x}"}
    fields: dict[str, object] = {"frame": type(subject).__name__.removesuffix("Frame").lower()}
    if isinstance(subject, DataFrame):
        fields["number"] = subject.frame_number
    if isinstance(subject, DataFrame | AckFrame | NakFrame):
        fields["ack_number"] = subject.ack_number
    return fields


def _come_up(session: LinkSession, subject: Subject, now: int) -> None:
    """UG101 4.2: RSTACK comes behind a Cancel Byte, which ends whatever the host has heard so far."""
    assert isinstance(subject, int)
    _lose_rest(session, "reset", now)
    session.forget()
    session.reader.clear()
    session.tell("ash.up", None, {"code": subject}, now)
    session.out.append(WriteOctets(bytes((CANCEL,)) + encode(RstAckFrame(subject))))
    session.out.append(Up(subject))


def _request_reset(session: LinkSession, subject: Subject, now: int) -> None:  # noqa: ARG001 - the shape of every action
    _lose_rest(session, "reset", now)
    session.forget()
    session.tell("ash.reset-requested", None, {"state": session.before.value}, now)
    session.out.append(ResetRequested())


def _fail(session: LinkSession, subject: Subject, now: int) -> None:
    assert isinstance(subject, int)
    _lose_rest(session, "failed", now)
    session.forget()
    session.error = subject
    reason = "ack-timeouts" if subject == ResetCode.ACK_TIMEOUTS else "fault"
    session.tell("ash.down", reason, {"code": subject}, now)
    session.write(ErrorFrame(subject))
    session.out.append(Down(subject))


def _repeat_error(session: LinkSession, subject: Subject, now: int) -> None:
    _drop(session, subject, now)
    session.write(ErrorFrame(session.error))


def _lose_rest(session: LinkSession, reason: str, now: int) -> None:
    """What has not got through gets through no more."""
    if session.sender.unfinished:
        session.tell("ash.lost", reason, {"frames": session.sender.unfinished}, now)


def _queue(session: LinkSession, subject: Subject, now: int) -> None:
    assert isinstance(subject, Outgoing)
    if subject.callback and not session.sender.room_for_a_callback:
        session.tell("ash.lost", "too-many-callbacks", {"frames": 1}, now)
        session.out.append(CallbackLost(subject.payload))
        return
    session.sender.queue(subject)
    session.send_new(now)


def _lose(session: LinkSession, subject: Subject, now: int) -> None:
    assert isinstance(subject, Outgoing)
    session.tell("ash.lost", session.before.value, {"frames": 1}, now)
    if subject.callback:
        session.out.append(CallbackLost(subject.payload))


def _take_data(session: LinkSession, subject: Subject, now: int) -> None:
    """The ackNum counts even where the frame does not (UG101 5)."""
    assert isinstance(subject, DataFrame)
    in_sequence = subject.frame_number == session.expected
    if not session.acknowledged(subject.ack_number, now):
        session.reject("bad-ack-number", describe(subject), now)
    elif in_sequence and session.sender.room_for_a_response:
        session.accept(subject, now)
    elif in_sequence:
        session.reject("no-memory", describe(subject), now)
    elif subject.retransmitted:
        session.tell("ash.dropped", "duplicate", describe(subject), now)
        session.owes_ack = True
    else:
        session.reject("out-of-sequence", describe(subject), now)
    session.send_new(now)
    # A host that sends again has missed an acknowledgement: it gets one at once.
    if session.owes_ack and (subject.retransmitted or not session.settings.t_tx_ack_delay):
        session.write_ack()


def _take_ack(session: LinkSession, subject: Subject, now: int) -> None:
    assert isinstance(subject, AckFrame)
    if session.acknowledged(subject.ack_number, now):
        session.heed_ready(subject, now)
    else:
        session.tell("ash.dropped", "bad-ack-number", describe(subject), now)
    session.send_new(now)


def _take_nak(session: LinkSession, subject: Subject, now: int) -> None:
    assert isinstance(subject, NakFrame)
    if session.acknowledged(subject.ack_number, now):
        session.heed_ready(subject, now)
        session.sender.refused(now)
        session.send_again("nak", now)
    else:
        session.tell("ash.dropped", "bad-ack-number", describe(subject), now)
    session.send_new(now)


def _reject(session: LinkSession, subject: Subject, now: int) -> None:
    assert isinstance(subject, DamagedFrame)
    session.reject(subject.damage.value, describe(subject), now)


def _drop(session: LinkSession, subject: Subject, now: int) -> None:
    """Damage has a reason of its own; the reason for anything else is where the link stands, or whose frame it is."""
    if isinstance(subject, DamagedFrame):
        reason = subject.damage.value
    else:
        reason = "not-from-a-host" if session.before is S.CONNECTED else session.before.value
    session.tell("ash.dropped", reason, describe(subject), now)


def _acknowledge(session: LinkSession, subject: Subject, now: int) -> None:  # noqa: ARG001 - as above
    if session.owes_ack:
        session.write_ack()


def _resend(session: LinkSession, subject: Subject, now: int) -> None:  # noqa: ARG001 - as above
    session.send_again("timeout", now)


def _release(session: LinkSession, subject: Subject, now: int) -> None:  # noqa: ARG001 - as above
    session.host_ready = True
    session.tell("ash.callbacks-resumed", "not-ready-too-long", {}, now)
    session.send_new(now)


ACTIONS: Final[dict[LinkAction, Callable[[LinkSession, Subject, int], None]]] = {
    A.COME_UP: _come_up,
    A.REQUEST_RESET: _request_reset,
    A.FAIL: _fail,
    A.REPEAT_ERROR: _repeat_error,
    A.QUEUE: _queue,
    A.LOSE: _lose,
    A.TAKE_DATA: _take_data,
    A.TAKE_ACK: _take_ack,
    A.TAKE_NAK: _take_nak,
    A.REJECT: _reject,
    A.DROP: _drop,
    A.ACKNOWLEDGE: _acknowledge,
    A.RESEND: _resend,
    A.RELEASE: _release,
}
"""Called with the session, what the trigger is about, and `now` (µs)."""
