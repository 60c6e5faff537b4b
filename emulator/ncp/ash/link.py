"""The stick's end of an ASH link.

A sans-IO machine: octets, EZSP frames and `now` (µs) in, effects out.  What follows stands in `link_table`, what the
actions do in `link_actions`; here it is found out what happened.

A new host on the same line needs no call: it begins with Cancel Bytes and RST, as after any other noise.
"""

from __future__ import annotations

from typing import Final

from emulator.core.errors import LocalProtocolError
from emulator.core.events import Report
from emulator.core.timers import Alarm
from emulator.ncp.ash.effects import Effect
from emulator.ncp.ash.frames import (
    SHORTEST_DATA,
    AckFrame,
    Damage,
    DataFrame,
    ErrorFrame,
    Frame,
    NakFrame,
    ResetCode,
    RstAckFrame,
    RstFrame,
)
from emulator.ncp.ash.link_actions import fire
from emulator.ncp.ash.link_session import LinkSession, LinkTimer
from emulator.ncp.ash.link_table import LinkState, LinkTrigger
from emulator.ncp.ash.reader import DamagedFrame
from emulator.ncp.ash.sender import Outgoing
from emulator.ncp.ash.settings import AshSettings

T = LinkTrigger

_TRIGGERS: Final[dict[type[Frame], LinkTrigger]] = {
    DataFrame: T.DATA,
    AckFrame: T.ACK,
    NakFrame: T.NAK,
    RstFrame: T.RST,
    RstAckFrame: T.FOREIGN,
    ErrorFrame: T.FOREIGN,
}
_OCTET: Final = 0xFF


def _nothing(kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
    """Nobody wants reports."""


class AshLink:
    """One serial link.  Nothing that comes from the host raises, and what it can make the link keep is bounded.

    Args:
        settings: how it goes about it.
        report: told of every drop, refusal and repetition, under `ash.…`.
        alarm: moved forward by every deadline.
    """

    def __init__(
        self, settings: AshSettings | None = None, report: Report | None = None, alarm: Alarm | None = None
    ) -> None:
        self._session = LinkSession(settings or AshSettings(), report or _nothing, alarm)

    @property
    def state(self) -> LinkState:
        """Where it stands."""
        return self._session.state

    @property
    def unfinished(self) -> int:
        """EZSP frames for the host that wait or are not acknowledged."""
        return self._session.sender.unfinished

    @property
    def t_rx_ack(self) -> int:
        """How long an acknowledgement is waited for now, µs."""
        return self._session.sender.t_rx_ack

    # What the host does

    def received(self, octets: bytes, now: int) -> list[Effect]:
        """Octets from the host, as they come."""
        session = self._session
        out = session.begin()
        for item in session.reader.feed(octets):
            fire(session, _trigger_of(item), item, now)
        return out

    # What the stick does

    def reset(self, code: int, now: int) -> list[Effect]:
        """The stick has started anew and is ready: tell the host, and be connected with nothing sent or received.

        Args:
            code: a `ResetCode`: SOFTWARE after `ResetRequested`, POWER_ON when plugged in, any other by itself.
            now: µs.

        Raises:
            LocalProtocolError: no octet.
        """
        _check_code(code)
        out = self._session.begin()
        fire(self._session, T.STARTED, code, now)
        return out

    def fail(self, code: int, now: int) -> list[Effect]:
        """The stick cannot go on: tell the host by ERROR, and take nothing but RST.

        Raises:
            LocalProtocolError: no octet.
        """
        _check_code(code)
        out = self._session.begin()
        fire(self._session, T.FAULT, code, now)
        return out

    def send(self, payload: bytes, now: int, *, callback: bool = False) -> list[Effect]:
        """An EZSP frame for the host: it goes in order, callbacks held back while the host is not ready.

        Where the link is not connected it is lost and reported, as there is nobody to hear it.

        Raises:
            LocalProtocolError: it is shorter or longer than an EZSP frame may be.
        """
        session = self._session
        if not SHORTEST_DATA <= len(payload) <= session.settings.longest_data:
            allowed = f"{SHORTEST_DATA} to {session.settings.longest_data}"
            raise LocalProtocolError(f"ASH: an EZSP frame of {len(payload)} octets, {allowed} allowed")
        out = session.begin()
        fire(session, T.SEND, Outgoing(payload, callback), now)
        return out

    # Time

    def next_timeout(self) -> int | None:
        """When `on_timeout` wants to be called (µs), or None."""
        return self._session.timers.next_timeout()

    def on_timeout(self, now: int) -> list[Effect]:
        """A deadline may have passed."""
        session = self._session
        out = session.begin()
        for timer in session.timers.due(now):
            # An earlier one may have been the end of the connection, and with it of all deadlines.
            if session.state is LinkState.CONNECTED:
                self._fell_due(timer, now)
        return out

    def _fell_due(self, timer: LinkTimer, now: int) -> None:
        session = self._session
        if timer is LinkTimer.TX_ACK:
            fire(session, T.ACK_DUE, None, now)
        elif timer is LinkTimer.REMOTE_NOT_READY:
            fire(session, T.READY_AGAIN, None, now)
        elif session.sender.late():
            fire(session, T.ACK_GIVEN_UP, ResetCode.ACK_TIMEOUTS, now)
        else:
            fire(session, T.ACK_LATE, None, now)


def _trigger_of(item: Frame | DamagedFrame) -> LinkTrigger:
    if not isinstance(item, DamagedFrame):
        return _TRIGGERS[type(item)]
    if item.looks_like_data and item.damage is not Damage.CANCELLED:
        return T.DAMAGED_DATA
    return T.DAMAGED


def _check_code(code: int) -> None:
    if not 0 <= code <= _OCTET:
        raise LocalProtocolError(f"ASH: code {code} is no octet")
