"""Jobs of a port: one after the other in one task, and what ends one of them ends no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest

from emulator.core.errors import BadInput
from emulator.runtime.loop import run_virtual
from emulator.transports.ezsp.callbacks import Callback
from emulator.transports.ezsp.jobs import Job
from emulator.transports.ezsp.recovery import Work
from emulator.transports.ezsp.settings import Recovery
from emulator.transports.ezsp.stick import Stick, StickLost


class Port:
    """The user of the work, and its stick, which does nothing."""

    over: BadInput | None = None

    def __init__(self) -> None:
        self.done: list[str] = []
        self.reports: list[tuple[str, str | None]] = []
        self.work = Work(self._open, Recovery(tries=2), self, self._report, lambda: 0)

    async def _open(self, _: Callable[[str], None]) -> tuple[Stick, None]:
        return cast("Stick", self), None

    def _report(self, kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
        self.reports.append((kind, reason))

    async def close(self) -> None:
        """As a stick."""

    def heard(self, callback: Callback) -> None:
        """As `WorkUser`."""

    def stick_lost(self, reason: str) -> None:
        self.done.append(f"lost {reason}")

    async def bring_back(self, stick: Stick) -> None:
        self.done.append("back")

    def gave_up(self, error: BadInput) -> None:
        """As `WorkUser`."""

    def queue(
        self, name: str, *, waits: float = 0, cut_short: bool = True, at_end: Callable[[], None] | None = None
    ) -> None:
        async def run(_: Stick) -> None:
            if waits:
                await asyncio.sleep(waits)
            self.done.append(name)
            if at_end is not None:
                at_end()

        self.work.queue(Job(run, lambda reason: self.done.append(f"{name} {reason}"), cut_short))


def at_work(test: Callable[[Port], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        port = Port()
        await port.work.open()
        port.work.start()
        await test(port)
        await port.work.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_virtual(main())


def test_a_stop_ends_what_it_may_and_leaves_the_rest() -> None:
    async def test(port: Port) -> None:
        port.queue("under way", waits=1)
        port.queue("waiting")
        port.queue("kept", cut_short=False)
        await asyncio.sleep(0.5)
        port.work.cut_short()
        port.queue("after")
        await asyncio.sleep(5)
        assert port.done == ["kept", "after"]

    at_work(test)


@pytest.mark.parametrize("waits", [0, 0.1])
def test_a_job_that_is_stopped_from_inside_at_its_end_ends_no_other(waits: float) -> None:
    async def test(port: Port) -> None:
        port.queue("first", waits=waits, at_end=port.work.cut_short)
        await asyncio.sleep(1)
        port.queue("second", waits=0.1)
        await asyncio.sleep(1)
        assert port.done == ["first", "second"]

    at_work(test)


def test_a_job_is_stopped_once_however_often_it_is_said() -> None:
    async def test(port: Port) -> None:
        port.queue("first", waits=1)
        await asyncio.sleep(0.1)
        port.work.cut_short()
        port.work.cut_short()
        port.queue("second", waits=0.1)
        await asyncio.sleep(1)
        assert port.done == ["second"]

    at_work(test)


def test_a_fault_is_told_and_the_next_job_done() -> None:
    async def test(port: Port) -> None:
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))

        def fail() -> None:
            raise ZeroDivisionError

        port.queue("bad", at_end=fail)
        port.queue("good")
        await asyncio.sleep(1)
        assert port.done == ["bad", "good"]
        assert [type(fault) for fault in faults] == [ZeroDivisionError]
        assert port.reports == [("stick.fault", "ZeroDivisionError")]

    at_work(test)


@pytest.mark.parametrize("inside", [False, True])
def test_a_stick_that_is_lost_ends_the_job_and_the_others_wait_until_it_is_back(inside: bool) -> None:
    async def test(port: Port) -> None:
        def lost() -> None:
            raise StickLost("no-answer")

        port.queue("first", waits=1, at_end=lost if inside else None)
        port.queue("second", waits=0.1)
        await asyncio.sleep(0.5)
        if not inside:
            port.work.lost("stick-unplugged")
        await asyncio.sleep(5)
        reason = "no-answer" if inside else "stick-unplugged"
        begun = ["first"] if inside else []
        assert port.done == [*begun, f"lost {reason}", "first stick-lost", "back", "second"]

    at_work(test)


def test_closing_ends_whatever_is_being_done_and_waits_and_says_so() -> None:
    async def test(port: Port) -> None:
        port.queue("first", waits=1, cut_short=False)
        port.queue("second", cut_short=False)
        await asyncio.sleep(0.1)
        await port.work.close()
        await asyncio.sleep(5)
        assert port.done == ["first closed", "second closed"]
        port.queue("third", cut_short=False)
        await asyncio.sleep(5)
        assert port.done == ["first closed", "second closed", "third closed"]

    at_work(test)
