"""The check itself: nothing stops it, every trial is bounded, and the sticks are left without a network."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from emulator.core.clock import SECOND
from emulator.ncp.ezsp.status import Status
from emulator.transports.ezsp.assumptions import ASSUMPTIONS
from emulator.transports.ezsp.check.findings import Finding, NotTried, Otherwise, Trial, Verdict
from emulator.transports.ezsp.check.point import Point
from emulator.transports.ezsp.check.points import POINTS
from emulator.transports.ezsp.check.run import empty_all, planned, try_all
from emulator.transports.ezsp.check.stage import Scene, Stage
from tests.transports.ezsp.check.sticks import Silence, World, answers, on_sticks

NAME = ASSUMPTIONS[0].name


async def proves(stage: Stage) -> str:
    return "as taken for granted"


async def refuses(stage: Stage) -> str:
    raise Otherwise("otherwise")


async def cannot(stage: Stage) -> str:
    raise NotTried("no reason to")


async def hangs(stage: Stage) -> str:
    await asyncio.Event().wait()
    return "never"


async def hangs_at_the_stick(stage: Stage) -> str:
    async def for_ever(stick: object) -> None:
        await asyncio.Event().wait()

    await stage.hub.run(for_ever)
    return "never"


async def is_wrong(stage: Stage) -> str:
    return ["too", "short"][stage.channel]


async def asks_what_is_unknown(stage: Stage) -> str:
    return str(await stage.hub.must("eraseKeyTableEntry", index=200))


@pytest.mark.parametrize(
    "run, verdict, seen",
    [
        (refuses, Verdict.REFUSED, "otherwise"),
        (cannot, Verdict.NOT_TRIED, "no reason to"),
        (hangs, Verdict.NOT_TRIED, "given up: not over within 5 s"),
        (hangs_at_the_stick, Verdict.NOT_TRIED, "given up: not over within 5 s"),
        (is_wrong, Verdict.NOT_TRIED, "a fault of this program: IndexError('list index out of range')"),
        (asks_what_is_unknown, Verdict.REFUSED, "eraseKeyTableEntry: INVALID_INDEX"),
    ],
)
@pytest.mark.parametrize("scene", [Scene.EMPTY, Scene.FORMED])
def test_whatever_a_point_does_the_next_one_is_tried(run: object, verdict: Verdict, seen: str, scene: Scene) -> None:
    async def main(world: World) -> list[Finding]:
        bad = Point(NAME, scene, run, within=5 * SECOND)  # type: ignore[arg-type]  # a table of coroutines
        return await try_all(world.stage, [bad, Point(NAME, scene, asks), Point(NAME, scene, proves)], Silence())

    async def asks(stage: Stage) -> str:
        return str(len(await stage.hub.ask("networkState")))

    found = on_sticks(main, 13)[0].trials
    assert found[0] == Trial("stick 1", verdict, seen)
    assert [trial.verdict for trial in found[1:]] == [Verdict.PROVEN, Verdict.PROVEN]


def test_a_stick_that_is_lost_in_a_point_is_sought_for_the_next_one() -> None:
    async def main(world: World) -> list[Finding]:
        async def loses(stage: Stage) -> str:
            asyncio.get_running_loop().call_later(1, world.lines[0].hang_up)
            return await hangs_at_the_stick(stage)

        points = [Point("stop", Scene.FORMED, loses), Point("leave", Scene.FORMED, proves)]
        return await try_all(world.stage, points, Silence())

    lost, after = on_sticks(main, 13)
    assert lost.trials == (Trial("stick 1", Verdict.NOT_TRIED, "the stick was lost: stick-lost"),)
    assert after.verdict is Verdict.PROVEN


def test_a_stick_that_does_not_come_back_costs_every_point_its_trial_and_no_more() -> None:
    async def main(world: World) -> tuple[list[Finding], dict[str, str]]:
        line = world.lines[0]
        line.hang_up()
        line.attach(lambda octets: None, lambda: None)
        found = await world.tried("stop", "keys.transient", "leave")
        return found, await empty_all(world.stage.seats)

    found, problems = on_sticks(main, 13)
    assert {finding.verdict for finding in found} == {Verdict.NOT_TRIED}
    assert list(problems) == ["stick 1"]


def test_a_scene_that_cannot_be_set_is_the_reason_of_its_points() -> None:
    async def main(world: World) -> list[Finding]:
        world.deviate(0, formNetwork=answers(Status.INVALID_CALL))
        return await world.tried("stop", "keys.transient", "leave", "form.network")

    *without, form = on_sticks(main, 13)
    assert {trial.seen for finding in without for trial in finding.trials} == {
        "no network to try it in: invalid-state (no stack status)"
    }
    assert form.verdict is Verdict.REFUSED


@pytest.mark.parametrize(
    "after", [0.0, 0.05, 0.3, 7.0, *(pytest.param(late, marks=pytest.mark.e2e) for late in (30.0, 60.0, 110.0))]
)
def test_a_check_that_is_cut_short_leaves_no_network(after: float) -> None:
    async def main(world: World) -> bool:
        task = asyncio.ensure_future(try_all(world.stage, POINTS, Silence()))
        await asyncio.wait((task,), timeout=after)
        assert not task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return await world.left_empty()

    assert on_sticks(main, 13, 13)


def test_a_stick_that_stays_in_its_network_is_told_of() -> None:
    async def main(world: World) -> dict[str, str]:
        await world.stage.set(Scene.FORMED, (0,))
        world.deviate(0, leaveNetwork=answers(Status.SUCCESS))
        return await empty_all(world.stage.seats)

    assert on_sticks(main, 13) == {"stick 1": "networkInit goes on with a network after leaveNetwork"}


def test_the_least_favourable_trial_decides() -> None:
    def finding(*verdicts: Verdict) -> Finding:
        return Finding(ASSUMPTIONS[0], tuple(Trial("stick 1", verdict, "") for verdict in verdicts))

    assert finding(Verdict.PROVEN, Verdict.PROVEN).verdict is Verdict.PROVEN
    assert finding(Verdict.PROVEN, Verdict.NOT_TRIED).verdict is Verdict.NOT_TRIED
    assert finding(Verdict.REFUSED, Verdict.NOT_TRIED, Verdict.PROVEN).verdict is Verdict.REFUSED
    assert finding().verdict is Verdict.NOT_TRIED


def test_every_stick_is_the_hub_once_where_that_matters() -> None:
    orders = [order for _, order in planned(POINTS, 3)]
    assert orders == sorted(orders)
    assert set(orders) == {(0, 1, 2), (1, 0, 2)}
    assert {order for _, order in planned(POINTS, 1)} == {(0,)}
