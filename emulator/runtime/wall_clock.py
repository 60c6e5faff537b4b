"""Lets an engine follow the clock of an asyncio loop, event by event: for what talks to hosts outside.

`Pump` with a `Pace` looks at the clock every few milliseconds, and a host that waits for an answer is not kept so long.
Here every call from outside finds the engine at this very moment, and what follows from it at once has been done when
the call is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from emulator.core.clock import SECOND
from emulator.runtime.engine import Engine


class WallClock:
    """The driver of one engine, and the `Scheduler` of devices outside it; needs a running asyncio loop.

    Args:
        engine: whose time is to be that of the loop, from now on.

    Attributes:
        failure: told of an exception that an event of the engine raised; without one the loop's handler has it.
    """

    def __init__(self, engine: Engine) -> None:
        self.failure: Callable[[Exception], None] | None = None
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time() - engine.now / SECOND
        self._timer: asyncio.TimerHandle | None = None
        self._armed: int | None = None
        self._closed = False
        self._arm()

    @property
    def now(self) -> int:
        """µs; never less than the engine's own time."""
        return max(self._engine.now, round((self._loop.time() - self._began) * SECOND))

    @property
    def is_closed(self) -> bool:
        """Whether time stands still."""
        return self._closed

    def enter(self, function: Callable[[int], None]) -> None:
        """Call `function(now)` from outside the engine: after what was due before it, before what follows from it."""
        self._engine.run_until(self.now)
        function(self._engine.now)
        self._catch_up()

    def call_at(self, when: int, function: Callable[..., None], *arguments: object) -> None:
        """As `Scheduler`, from inside the engine or outside it."""
        self._engine.call_at(max(when, self._engine.now), function, *arguments)
        self._arm()

    def close(self) -> None:
        """Let time stand still."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    def _catch_up(self) -> None:
        self._engine.run_until(self.now)
        self._arm()

    def _arm(self) -> None:
        """Be woken when the next event falls due."""
        at = self._engine.next_event
        if self._closed or at == self._armed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._armed = at
        self._timer = None if at is None else self._loop.call_at(self._began + at / SECOND, self._wake)

    def _wake(self) -> None:
        self._armed = self._timer = None
        try:
            self._catch_up()
        except Exception as error:
            self._arm()
            if self.failure is None:
                raise
            self.failure(error)
