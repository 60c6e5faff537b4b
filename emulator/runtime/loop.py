"""An asyncio event loop in virtual time: waiting costs nothing, and the clock is exact.

Its selector never waits: it jumps to the moment of the earliest timer (the timer's own number, not "now and so long",
which would round), or, where an engine is attached, runs the engine's events up to there.  So unmodified asyncio code
(bellows on a virtual stick) and the air below it see one clock.  Ready-made loops round to a millisecond or burn turns.

Files and sockets are never ready here: nothing outside the process has a part in virtual time.
"""

from __future__ import annotations

import asyncio
import selectors
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from math import ulp
from typing import Any, TypeVar

from emulator.core.clock import SECOND
from emulator.core.errors import EmulatorError
from emulator.runtime.engine import Engine

Result = TypeVar("Result")


class DeadlockError(EmulatorError):
    """Every task waits, and nothing is left that could ever wake one."""


class _JumpingSelector(selectors.SelectSelector):
    """Asks its loop to pass the time instead of waiting for files."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self.loop.pass_time()
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is a number.

    Args:
        engine: discrete events that share the loop's clock; none by default.
    """

    # asyncio's own, of which typeshed says nothing.
    _scheduled: list[asyncio.TimerHandle]
    _ready: deque[asyncio.Handle]

    def __init__(self, engine: Engine | None = None) -> None:
        selector = _JumpingSelector()
        self._engine = engine or Engine()
        self._virtual_time = self._engine.now / SECOND
        super().__init__(selector)
        selector.loop = self
        self._go_to(self._virtual_time)

    def time(self) -> float:
        """Virtual seconds since the run began."""
        return self._virtual_time

    def pass_time(self) -> None:
        """Go on to whatever comes first: the next timer, or an event of the engine that makes a callback ready.

        Raises:
            DeadlockError: neither will ever come.
        """
        timers = self._scheduled
        due = timers[0].when() if timers else None
        if self._run_engine(due):
            return
        if due is None:
            raise DeadlockError("every task waits, and no timer or event is left to wake one")
        self._go_to(due)
        self._engine.run_until(max(self._engine.now, int(due * SECOND)))

    def _go_to(self, moment: float) -> None:
        self._virtual_time = max(self._virtual_time, moment)
        # The loop takes timers due before time + resolution: the least step that is one, at any time of any year.
        self._clock_resolution = ulp(self._virtual_time)

    def _run_engine(self, due: float | None) -> bool:
        """Run the events up to `due` (s); whether one of them gave the loop something to do first."""
        engine, ready = self._engine, self._ready
        limit = None if due is None else int(due * SECOND)
        while (when := engine.next_event) is not None and (limit is None or when <= limit):
            self._go_to(when / SECOND)
            engine.step()
            if ready or self._sooner_than(due):
                return True
        return False

    def _sooner_than(self, due: float | None) -> bool:
        """Whether an event has set a timer before `due`."""
        timers = self._scheduled
        return bool(timers) and (due is None or timers[0].when() < due)

    def run_in_executor(  # type: ignore[override]  # typeshed's generic parameters cannot be repeated on a subclass
        self,
        executor: Executor | None,  # noqa: ARG002 - asyncio's signature; no executor is used
        func: Callable[..., Result],
        *args: Any,  # noqa: ANN401 - as above
    ) -> asyncio.Future[Result]:
        """Run it here and now: a thread would finish at a moment that virtual time knows nothing of."""
        future: asyncio.Future[Result] = self.create_future()
        try:
            future.set_result(func(*args))
        except StopIteration as error:  # a future cannot carry it
            future.set_exception(RuntimeError(f"{func!r} raised StopIteration: {error}"))
        except Exception as error:  # noqa: BLE001 - as an executor does: whatever it raised belongs to who awaits it
            future.set_exception(error)
        return future


def run_virtual(main: Coroutine[Any, Any, Result], engine: Engine | None = None) -> Result:
    """Run `main` to its end in virtual time; its result or its exception.

    Raises:
        DeadlockError: all of it waits for something that cannot come.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(engine)) as runner:
        return runner.run(main)
