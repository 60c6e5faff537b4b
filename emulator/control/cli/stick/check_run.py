"""Carries out what `althan stick check` was asked for: looks at the sticks, asks, tries every point, cleans up."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import typer

from emulator.control.cli.quiet import quiet_libraries
from emulator.control.cli.stick.check_text import Progress, identity_line, plan_lines, table_lines
from emulator.core.clock import SECOND
from emulator.core.errors import BadInput
from emulator.core.eui64 import eui64_text
from emulator.observe.part_file import PartFile
from emulator.transports.ezsp.check.before import StickBefore, look
from emulator.transports.ezsp.check.findings import Finding, Verdict
from emulator.transports.ezsp.check.points import POINTS
from emulator.transports.ezsp.check.run import empty_all, planned, try_all
from emulator.transports.ezsp.check.seat import Seat
from emulator.transports.ezsp.check.stage import Stage
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.stick import StickLost
from emulator.transports.ezsp.uri import parse_stick

OPTIONS: Final = ("--port", "--peer", "--third")
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_CHANNELS: Final = range(11, 27)


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """What is to be checked.

    Attributes:
        uris: one to three sticks.
        channel: where networks are formed.
        yes: nobody is asked.
        overwrite: sticks that are in a network are taken as well.
        output: where the JSON goes beside stdout.
    """

    uris: tuple[str, ...]
    channel: int
    yes: bool
    overwrite: bool
    output: Path | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    Attributes:
        findings: None: interrupted before the end.
        problems: by stick, why it could not be left without a network.
    """

    findings: list[Finding] | None
    problems: dict[str, str]

    @property
    def failed(self) -> bool:
        """Whether something is otherwise than it is taken to be."""
        refused = any(finding.verdict is Verdict.REFUSED for finding in self.findings or ())
        return refused or bool(self.problems)


def carry_out(plan: CheckPlan, *, as_json: bool) -> None:
    """Check, and print.

    Raises:
        BadInput: before anything is done to a stick.
        KeyboardInterrupt: it was interrupted or terminated; the sticks have been left without a network.
        typer.Exit: status 1, a point was refused, or a stick could not be left without a network.
    """
    _refuse_plan(plan)
    with _file(plan.output) as file:
        quiet_libraries()
        sticks = asyncio.run(_looked_at(plan.uris))
        _refuse_sticks(plan, sticks)
        _announce(plan, sticks)
        outcome = asyncio.run(_checked(plan))
        for name, problem in outcome.problems.items():
            typer.echo(f"{name} could not be left without a network: {problem}", err=True)
        if outcome.findings is None:
            raise KeyboardInterrupt
        text = json.dumps(_facts(sticks, plan, outcome, outcome.findings), indent=2)
        if file is not None:
            file.write(f"{text}\n".encode())
            file.publish()
    typer.echo(text if as_json else "\n".join(table_lines(outcome.findings)))
    if outcome.failed:
        raise typer.Exit(1)


@contextmanager
def _file(path: Path | None) -> Iterator[PartFile | None]:
    """Refused before anything is done, and not there unless the check came to its end."""
    if path is None:
        yield None
        return
    file = PartFile(path)
    try:
        yield file
    finally:
        file.discard()


# --- before anything is done -----------------------------------------------------------------------------------------


def _refuse_plan(plan: CheckPlan) -> None:
    if plan.channel not in _CHANNELS:
        raise BadInput(f"no channel {plan.channel}", where="--channel", allowed="11 to 26")
    for number, uri in enumerate(plan.uris):
        parse_stick(uri)
        if uri in plan.uris[:number]:
            raise BadInput("the same stick twice", where=uri, allowed="another stick")
    if not plan.yes and not sys.stdin.isatty():
        raise BadInput("nobody is there to be asked", where="stick check", allowed="--yes, or a terminal")


async def _looked_at(uris: Sequence[str]) -> list[StickBefore]:
    try:
        return [await look(uri) for uri in uris]
    except StickLost as lost:
        raise BadInput(f"the stick was lost while it was looked at: {lost}", where=", ".join(uris)) from lost


def _refuse_sticks(plan: CheckPlan, sticks: Sequence[StickBefore]) -> None:
    for number, stick in enumerate(sticks):
        if any(other.eui64 == stick.eui64 for other in sticks[:number]):
            raise BadInput(f"the same stick twice: {eui64_text(stick.eui64)}", where=stick.uri,
                           allowed="another stick")  # fmt: skip
        if stick.network is not None and not plan.overwrite:
            keep = f"--overwrite; `althan stick backup --port {stick.uri}` keeps it"
            raise BadInput(f"the stick is in a network ({stick.network}), which would be lost",
                           where=stick.uri, allowed=keep)  # fmt: skip


def _announce(plan: CheckPlan, sticks: Sequence[StickBefore]) -> None:
    trials = len(planned(POINTS, len(sticks)))
    lines = [identity_line(_name(number), stick) for number, stick in enumerate(sticks)]
    typer.echo("\n".join([*lines, *plan_lines(trials, len(sticks), plan.channel)]), err=True)
    if not plan.yes:
        typer.confirm("go on?", abort=True, err=True)


def _name(number: int) -> str:
    return f"stick {number + 1}"


# --- the check -------------------------------------------------------------------------------------------------------


async def _checked(plan: CheckPlan) -> Outcome:
    loop = asyncio.get_running_loop()
    rng, progress = random.SystemRandom(), Progress()

    def clock() -> int:
        return round(loop.time() * SECOND)

    async with AsyncExitStack() as stack:
        seats = []
        for number, uri in enumerate(plan.uris):
            seat = Seat(_name(number), partial(open_stick, parse_stick(uri)), rng, clock)
            stack.push_async_callback(seat.port.close)
            await seat.port.open()
            seats.append(seat)
        task = loop.create_task(try_all(Stage(seats, plan.channel, rng), POINTS, progress))
        with _ended_by_signals(task, progress):
            await asyncio.wait((task,))
            problems = await empty_all(seats)
    return Outcome(None if task.cancelled() else task.result(), problems)


@contextmanager
def _ended_by_signals(task: asyncio.Task[list[Finding]], progress: Progress) -> Iterator[None]:
    """A signal ends the task; another one while the sticks are being cleaned up, which is bounded, changes nothing."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        if not task.done() and task.cancelling() == 0:
            progress.say("interrupted: the sticks are being left without a network")
            task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def _facts(
    sticks: Sequence[StickBefore], plan: CheckPlan, outcome: Outcome, findings: Sequence[Finding]
) -> dict[str, object]:
    """The JSON."""
    verdicts = [finding.verdict for finding in findings]
    return {
        "sticks": [{"name": _name(number), **each.to_dict()} for number, each in enumerate(sticks)],
        "channel": plan.channel,
        "points": [finding.to_dict() for finding in findings],
        "counts": {each.value: verdicts.count(each) for each in Verdict},
        "not_clean": outcome.problems,
    }
