"""Discrete events in virtual time: the clock jumps from one event to the next.

Implements `ports.schedule.Scheduler`.  The loops are written out, with local names, because every frame of every run
goes through them: what they cost beyond `heapq` itself is paid some hundred thousand times in one update.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from heapq import heappop, heappush
from itertools import repeat
from time import perf_counter

from emulator.core.errors import LocalProtocolError

_EVENTS_PER_LOOK = 64
"""How many events run between two looks at the wall clock."""

_NEVER = 1 << 62


class SliceEnd(Enum):
    """Why `Engine.run_slice` came back."""

    STOPPED = "stopped"
    """An event set `stop`."""
    EMPTY = "empty"
    """Nothing is on the agenda any more."""
    REACHED = "reached"
    """Virtual time is at `until`."""
    BUDGET = "budget"
    """The wall time allowed is used up; there is more to do."""


class Engine:
    """An agenda of calls, run in order of time and, within one moment, of asking.

    Attributes:
        now: µs since the run began.
        stop: set it from inside an event to end the slice after that event; each slice clears it when it begins.
    """

    __slots__ = ("_agenda", "_serial", "now", "stop")

    def __init__(self) -> None:
        self.now = 0
        self.stop = False
        self._agenda: list[tuple[int, int, Callable[..., None], tuple[object, ...]]] = []
        self._serial = 0

    @property
    def events(self) -> int:
        """How many events have been run (one that raised included)."""
        return self._serial - len(self._agenda)

    @property
    def pending(self) -> int:
        """How many events are on the agenda."""
        return len(self._agenda)

    @property
    def next_event(self) -> int | None:
        """When the earliest event falls due (µs), or None."""
        return self._agenda[0][0] if self._agenda else None

    def call_at(self, when: int, function: Callable[..., None], *arguments: object) -> None:
        """Call `function(*arguments)` at `when` (µs).

        Raises:
            LocalProtocolError: `when` lies before now.
        """
        if when < self.now:
            raise LocalProtocolError(f"an event at {when} µs is asked for when it is {self.now} µs")
        self._serial = serial = self._serial + 1
        heappush(self._agenda, (when, serial, function, arguments))

    def step(self) -> bool:
        """Run the earliest event; whether there was one."""
        if not self._agenda:
            return False
        self.now, _, function, arguments = heappop(self._agenda)
        function(*arguments)
        return True

    def run_until(self, when: int) -> None:
        """Run every event up to `when` (µs) inclusive, whatever `stop` says; then it is `when`.

        Raises:
            LocalProtocolError: `when` lies before now.
        """
        if when < self.now:
            raise LocalProtocolError(f"it is {self.now} µs, later than {when} µs already")
        agenda, pop = self._agenda, heappop
        while agenda and agenda[0][0] <= when:
            self.now, _, function, arguments = pop(agenda)
            function(*arguments)
        self.now = when

    def run_for(self, span: int) -> None:
        """Run every event of the next `span` µs, the last moment included."""
        self.run_until(self.now + span)

    def run_slice(self, *, until: int | None = None, wall_milliseconds: float | None = None) -> SliceEnd:
        """Run events until one of them sets `stop`, none is left, it is `until` (µs), or the wall time is used up.

        Where `until` is given, an empty agenda ends in REACHED, as nothing can happen before it.  The wall clock is
        looked at every 64 events, so a slice is as exact as 64 events are short.
        """
        self.stop = False
        limit = _NEVER if until is None else until
        deadline = None if wall_milliseconds is None else perf_counter() + wall_milliseconds / 1_000
        while True:
            end = self._run_some(limit)
            if end is not None:
                return self._arrived(end, until)
            if deadline is not None and perf_counter() >= deadline:
                return SliceEnd.BUDGET

    def _run_some(self, limit: int) -> SliceEnd | None:
        """Run one look's worth of events; None if there may be more to do."""
        agenda, pop = self._agenda, heappop
        for _ in repeat(None, _EVENTS_PER_LOOK):
            if not agenda:
                return SliceEnd.EMPTY
            if agenda[0][0] > limit:
                return SliceEnd.REACHED
            self.now, _, function, arguments = pop(agenda)
            function(*arguments)
            if self.stop:
                return SliceEnd.STOPPED
        return None

    def _arrived(self, end: SliceEnd, until: int | None) -> SliceEnd:
        if end is SliceEnd.STOPPED or until is None:
            return end
        self.now = max(self.now, until)
        return SliceEnd.REACHED
