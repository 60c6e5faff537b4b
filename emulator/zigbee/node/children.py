"""A parent and its sleeping children: who of them is still there, and who asks that never was or is no more.

A child that has not polled for longer than its time-out is forgotten; when it polls again it is told to come back.
The time-outs are those of the End Device Timeout command, the default is general knowledge of ZigBee (256 minutes).
"""

from __future__ import annotations

from typing import Protocol

from emulator.core.clock import MINUTE, SECOND
from emulator.core.events import Report
from emulator.core.timers import Alarm, Timers
from emulator.zigbee.frames.mac import NO_SHORT_ADDRESS
from emulator.zigbee.frames.nwk_commands import (
    EndDeviceTimeoutRequest,
    EndDeviceTimeoutResponse,
    Leave,
    NetworkStatus,
    NetworkStatusCode,
    encode_command,
)
from emulator.zigbee.node.indirect import INDIRECT_PERSISTENCE
from emulator.zigbee.node.memory import Child, Membership, NodeMemory
from emulator.zigbee.node.nwk import NwkLayer

DEFAULT_TIMEOUT = 8
"""Of the requests that a device makes: 2^8 minutes."""
MOST_TOLD = 8
"""Answers that are held at a time for those who may be nobody."""
STRANGER_AFTER = 2 * SECOND
STRANGER_FOR = 10 * MINUTE
MOST_STRANGERS = 8
"""Who is remembered to have polled without being a child, when it counts, and for how long."""
_SHORTEST, _MOST = 10 * SECOND, 14
_SUCCESS, _INCORRECT_VALUE = 0, 1


def timeout_of(value: int) -> int | None:
    """A requested time-out in µs: 0 is 10 s, 1 to 14 are 2 to 2^14 minutes; None for a value that means nothing."""
    if value > _MOST:
        return None
    return MINUTE << value if value else _SHORTEST


class ChildrenUser(Protocol):
    """The stack."""

    def child_forgotten(self, child: Child, now: int) -> None:
        """A child is none any more."""


class Children:
    """Volatile state of the sleeping children of one router or coordinator."""

    def __init__(
        self,
        nwk: NwkLayer,
        memory: NodeMemory,
        membership: Membership,
        user: ChildrenUser,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self.timers: Timers[str] = Timers(alarm)
        self._nwk = nwk
        self._memory = memory
        self._membership = membership
        self._user = user
        self._report = report
        self._heard: dict[int, int] = {}
        self._told: dict[int, int] = {}
        self._strangers: dict[int, int] = {}

    def start(self, now: int) -> None:
        """Every sleeping child may be silent for its time-out from now on."""
        for child in self._memory.children.values():
            self.came(child, now)

    def came(self, child: Child, now: int) -> None:
        """A child is new, or back."""
        self._strangers.pop(child.short, None)
        if child.sleepy:
            self._heard[child.short] = now
            self._look_again(now)

    def polled(self, short: int, now: int) -> None:
        """Somebody with a short address asks what is held for it."""
        child = self._memory.children.get(short)
        if child is not None:
            self._heard[short] = now
        elif short < NO_SHORT_ADDRESS and self._persists(short, now) and self._may_tell(short, now):
            self._report("child.unknown", None, {"from": f"{short:04x}"}, now)
            self._nwk.hold_command(short, encode_command(Leave(rejoin=True, request=True)), now)

    def _persists(self, short: int, now: int) -> bool:
        """Whether a stranger goes on asking; one that only looks for a parent asks each for a moment."""
        first = self._strangers.get(short)
        if first is not None and now - first <= STRANGER_FOR:
            return now - first >= STRANGER_AFTER
        if first is None and len(self._strangers) >= MOST_STRANGERS:
            del self._strangers[next(iter(self._strangers))]
        self._strangers[short] = now
        return False

    def under_older_key(self, short: int, now: int) -> None:
        """A frame under a network key before ours: if a child sent it, it sees by our answer that it needs another."""
        child = self._memory.children.get(short)
        if child is not None and child.sleepy and self._may_tell(short, now):
            status = NetworkStatus(NetworkStatusCode.BAD_KEY_SEQUENCE_NUMBER, short)
            self._nwk.hold_command(short, encode_command(status), now)

    def _may_tell(self, short: int, now: int) -> bool:
        """Nothing proves who it was, so nobody is told the same thing again while it may still be held."""
        self._told = {known: at for known, at in self._told.items() if now - at < INDIRECT_PERSISTENCE}
        if short in self._told or len(self._told) >= MOST_TOLD:
            return False
        self._told[short] = now
        return True

    def timeout_requested(self, request: EndDeviceTimeoutRequest, short: int, now: int) -> None:
        """A child says after how long a silence it may be forgotten."""
        child = self._memory.children.get(short)
        if child is None:
            return
        span = timeout_of(request.timeout)
        if span is not None:
            child.timeout = span
            self.came(child, now)
        status = _INCORRECT_VALUE if span is None else _SUCCESS
        self._nwk.send_command(short, encode_command(EndDeviceTimeoutResponse(status)), now)

    def on_timeout(self, now: int) -> None:
        """Forget who was silent for too long."""
        if self.timers.due(now):
            for child in [child for child in self._memory.children.values() if child.sleepy]:
                if self._ends(child, now) <= now:
                    self._report("child.forgotten", "silent", {"child": f"{child.short:04x}"}, now)
                    self.forget(child.short, now)
            self._look_again(now)

    def forget(self, short: int, now: int) -> None:
        """A child went, or has another parent now."""
        child = self._memory.children.pop(short, None)
        self._heard.pop(short, None)
        if child is not None:
            self._user.child_forgotten(child, now)

    def _ends(self, child: Child, now: int) -> int:
        default = timeout_of(DEFAULT_TIMEOUT)
        assert default is not None
        return self._heard.get(child.short, now) + (default if child.timeout is None else child.timeout)

    def _look_again(self, now: int) -> None:
        ends = [self._ends(child, now) for child in self._memory.children.values() if child.sleepy]
        if ends:
            self.timers.set("silent", min(ends))
