"""Tries points one by one, each bounded in time, and leaves the sticks without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from emulator.core.clock import MINUTE, SECOND
from emulator.core.errors import EmulatorError
from emulator.transports.ezsp.check.findings import Finding, NotTried, Otherwise, Trial, Verdict
from emulator.transports.ezsp.check.point import Point
from emulator.transports.ezsp.check.seat import Seat
from emulator.transports.ezsp.check.stage import Order, Stage
from emulator.transports.ezsp.stick import StickLost, StickRefused
from emulator.transports.ezsp.structures import status_name

SCENE_WITHIN: Final = 3 * MINUTE
EMPTY_WITHIN: Final = 40 * SECOND
_NEEDS: Final = {2: "it takes a second stick (--peer)", 3: "it takes a third stick (--third)"}


class Progress(Protocol):
    """Who is told how far the check is."""

    def begun(self, point: Point, hub: str, number: int, trials: int) -> None:
        """A trial begins: which stick is the hub, its number, and how many there are in all."""

    def ended(self, trial: Trial) -> None:
        """It is over."""


async def try_all(stage: Stage, points: Sequence[Point], progress: Progress) -> list[Finding]:
    """Try every point that so many sticks can try; what is known of each then, in their order.

    All are tried with one stick as the hub before the next one is it, so that few networks are formed.
    """
    plan = planned(points, len(stage.seats))
    trials: dict[str, list[Trial]] = {point.name: [] for point in points}
    for number, (point, order) in enumerate(plan, start=1):
        progress.begun(point, stage.seats[order[0]].name, number, len(plan))
        trial = await _tried(stage, point, order)
        progress.ended(trial)
        trials[point.name].append(trial)
    return [Finding(point.assumption, tuple(trials[point.name]) or _too_few(point, stage)) for point in points]


def planned(points: Sequence[Point], sticks: int) -> list[tuple[Point, Order]]:
    """Which points are tried, and who plays what in each."""
    return sorted(
        ((point, order) for point in points for order in point.orders(sticks)), key=lambda planned: planned[1]
    )


def _too_few(point: Point, stage: Stage) -> tuple[Trial]:
    return (Trial(stage.seats[0].name, Verdict.NOT_TRIED, _NEEDS[point.sticks]),)


async def _tried(stage: Stage, point: Point, order: Order) -> Trial:
    verdict, seen = await _outcome(stage, point, order)
    if point.spoils or verdict is not Verdict.PROVEN:
        stage.spoil()
    return Trial(stage.hub.name, verdict, seen)


async def _outcome(stage: Stage, point: Point, order: Order) -> tuple[Verdict, str]:
    """How it ends, whatever happens: the points after it are tried all the same."""
    try:
        return Verdict.PROVEN, await _bounded(stage, point, order)
    except Otherwise as otherwise:
        return Verdict.REFUSED, str(otherwise)
    except StickRefused as refusal:
        return Verdict.REFUSED, f"{refusal.command}: {status_name(refusal.status)}"
    except StickLost as lost:
        return Verdict.NOT_TRIED, f"the stick was lost: {lost.reason}"
    except NotTried as reason:
        return Verdict.NOT_TRIED, str(reason)
    except TimeoutError:
        return Verdict.NOT_TRIED, f"given up: not over within {point.within // SECOND} s"
    except EmulatorError as error:
        return Verdict.NOT_TRIED, f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001 - a fault of ours in one point says nothing about the others
        return Verdict.NOT_TRIED, f"a fault of this program: {error!r}"


async def _bounded(stage: Stage, point: Point, order: Order) -> str:
    try:
        async with asyncio.timeout(SCENE_WITHIN / SECOND):
            await stage.set(point.scene, order)
    except TimeoutError:
        raise NotTried(f"the scene was not set within {SCENE_WITHIN // SECOND} s") from None
    stage.clear()
    async with asyncio.timeout(point.within / SECOND):
        return await point.run(stage)


async def empty_all(seats: Sequence[Seat]) -> dict[str, str]:
    """Leave every stick without a network and keys; by name, why that could not be done."""
    problems = {}
    for seat in seats:
        problem = await _emptied(seat)
        if problem is not None:
            problems[seat.name] = problem
    return problems


async def _emptied(seat: Seat) -> str | None:
    try:
        async with asyncio.timeout(EMPTY_WITHIN / SECOND):
            return await seat.empty()
    except TimeoutError:
        return "it does not answer"
    except (StickLost, StickRefused) as error:
        return str(error)
