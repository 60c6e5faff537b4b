"""A stick that its host has switched off, or gives back, is not lost when it says that it has started anew."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import cast

import pytest

from emulator.core.clock import MINUTE, SECOND
from emulator.ncp.ash.frames import ResetCode
from emulator.ncp.lines.memory import MemoryLine
from emulator.ports.aps import NetworkUp
from emulator.transports.ezsp.jobs import Job
from emulator.transports.ezsp.port import EzspPort
from emulator.transports.ezsp.settings import Recovery
from emulator.transports.ezsp.stick import Stick as HostStick
from emulator.transports.ezsp.stick import StickLost
from tests.transports.aps_port_conformance import HUB, Device, hub_of
from tests.transports.ezsp.stick_world import StickWorld

TURNS = range(6)
"""Of the loop, between one thing and the next: what a test is about happens in one of them."""


@pytest.fixture
def world() -> Iterator[StickWorld]:
    with StickWorld(13) as made:
        yield made


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


class Slow:
    """What the stick at a line says comes late."""

    def __init__(self, line: MemoryLine) -> None:
        assert line._take is not None
        self._line, self._take = line, line._take
        self._said: list[bytes] = []
        line._take = self._said.append

    def over(self) -> None:
        if self._line._take is not None:
            self._line._take = self._take
            for octets in self._said:
                self._take(octets)


def port_of(device: Device) -> EzspPort:
    return cast("EzspPort", device.port)


def start_anew(world: StickWorld) -> None:
    """The hub's stick resets itself."""
    world.sticks[HUB].reset(ResetCode.WATCHDOG, world.now)
    world.run(SECOND)


@pytest.mark.parametrize("number", TURNS)
def test_the_answer_to_a_reset_comes_while_the_stick_is_given_back(world: StickWorld, number: int) -> None:
    async def closed() -> None:
        closing = asyncio.create_task(port_of(hub).close())
        await turns(number)
        slow.over()
        await closing

    hub = hub_of(world)
    slow = Slow(world.lines[HUB])
    hub.call(hub.port.stop)
    world.run(SECOND)
    world.answer(closed())
    world.run(SECOND)
    assert world.reasons("stick.lost") == []


def test_what_becomes_of_a_stick_while_it_is_given_back_is_no_news(world: StickWorld) -> None:
    async def closed() -> None:
        world.sticks[HUB].reset(ResetCode.WATCHDOG, world.now)
        await port_of(hub).close()

    hub = hub_of(world)
    world.answer(closed())
    world.run(SECOND)
    assert world.reasons("stick.lost") == []


@pytest.mark.parametrize("order", ["stop", "resume"])
@pytest.mark.parametrize("number", TURNS)
def test_a_reset_that_is_cut_short_leaves_no_answer_over(world: StickWorld, number: int, order: str) -> None:
    hub = hub_of(world)
    slow = Slow(world.lines[HUB])
    hub.call(hub.port.resume)
    world.run(SECOND)
    hub.call(getattr(hub.port, order))
    world.answer(turns(number))
    slow.over()
    world.run(MINUTE)
    assert world.reasons("stick.lost") == []
    assert len(hub.of(NetworkUp)) == (1 if order == "stop" else 2)


def test_a_stick_that_is_off_may_start_anew_and_goes_on_when_it_is_on_again(world: StickWorld) -> None:
    hub = hub_of(world)
    hub.call(hub.port.stop)
    world.run(SECOND)
    start_anew(world)
    assert len(world.answer(port_of(hub).counters())) >= 40
    start_anew(world)
    world.run(Recovery().silence * 3)
    assert [world.reasons(kind) for kind in ("stick.lost", "stick.refused")] == [[], []]
    assert len(hub.events) == 1
    hub.call(hub.port.resume)
    world.run(MINUTE)
    assert len(hub.of(NetworkUp)) == 2
    assert world.reasons("stick.lost") == []


@pytest.mark.parametrize("number", TURNS)
def test_a_stick_that_answers_twice_to_the_reset_of_a_stop_is_not_lost(world: StickWorld, number: int) -> None:
    hub = hub_of(world)
    hub.call(hub.port.stop)
    world.answer(turns(number))
    world.sticks[HUB].reset(ResetCode.SOFTWARE, world.now)
    world.run(MINUTE)
    assert world.reasons("stick.lost") == []
    assert len(hub.events) == 1


def test_a_stick_that_is_on_and_starts_anew_is_lost_and_found(world: StickWorld) -> None:
    hub = hub_of(world)
    start_anew(world)
    world.run(MINUTE)
    assert world.reasons("stick.lost") == ["stick-reset"]
    assert len(hub.of(NetworkUp)) == 2


def test_who_asked_a_stick_that_starts_anew_waits_for_no_answer(world: StickWorld) -> None:
    async def asked(stick: HostStick) -> None:
        with pytest.raises(StickLost, match="stick-reset"):
            await stick.ask("nop")
        failed_at.append(world.now)

    failed_at: list[int] = []
    hub = hub_of(world)
    hub.call(hub.port.stop)
    world.run(SECOND)
    world.sticks[HUB]._session.obey = lambda frame, now: None  # type: ignore[method-assign]  # no answer
    port_of(hub).work.queue(Job(asked))
    world.run(SECOND)
    moment = world.now
    start_anew(world)
    assert failed_at == [moment]
