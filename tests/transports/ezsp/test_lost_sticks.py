"""A stick that is lost at a bad moment: what was asked for meanwhile counts, and nothing of before comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from emulator.core.clock import MINUTE
from emulator.ports.aps import DeviceJoined, JoinSettings, NetworkDown, NetworkEvent, NetworkUp, NodeType, Outcome
from tests.transports.ezsp.fake_stick import KEY, NETWORK, OTHER, Bench, ember, on_stick

JOIN = JoinSettings(channels=(15,))
SHORT = 0x4321


def kinds(bench: Bench, since: int = 0) -> list[type[NetworkEvent]]:
    return [type(event) for event in bench.user.events[since:]]


def gone(bench: Bench) -> None:
    """Unplugged, and there again at the first try."""
    assert bench.lost is not None
    bench.lost("stick-unplugged")


async def asked(bench: Bench, command: str) -> None:
    """Until the stick is asked that; a moment later it has answered."""
    for _ in range(60_000):
        if bench.stick.of(command):
            return
        await asyncio.sleep(0.001)
    raise AssertionError(f"{command} was never asked")


def answers(bench: Bench, command: str, status: str) -> None:
    bench.stick.answers[command] = lambda _: bench.stick.later("stackStatusHandler", ember(bench.stick.version, status))


async def without_parent(bench: Bench) -> None:
    """A bridge that has lost its parent and found none so far."""
    await bench.bridge()
    answers(bench, "findAndRejoinNetwork", "MOVE_FAILED")
    bench.stick.say("stackStatusHandler", ember(bench.stick.version, "NETWORK_DOWN"))
    await asyncio.sleep(5)


# --- looking for a parent --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("away", [1.0, 30.0], ids=["in the rest", "over its end"])
def test_a_stick_that_was_lost_in_a_rest_between_two_searches_looks_again_when_it_has_to(away: float) -> None:
    async def test(bench: Bench) -> None:
        await without_parent(bench)
        bench.unplugged = True
        gone(bench)
        await asyncio.sleep(away)
        bench.unplugged = False
        await asyncio.sleep(60)
        assert kinds(bench) == [NetworkUp, NetworkDown, NetworkUp]
        answers(bench, "findAndRejoinNetwork", "NETWORK_UP")
        bench.stick.asked.clear()
        await asyncio.sleep(3_600)
        assert bench.stick.of("findAndRejoinNetwork") == [], "it has a place"
        bench.stick.say("pollCompleteHandler", ember(bench.stick.version, "MAC_NO_ACK_RECEIVED"))
        await asyncio.sleep(60)
        assert len(bench.stick.of("findAndRejoinNetwork")) == 1

    on_stick(test)


def test_words_in_a_burst_make_it_look_once() -> None:
    async def test(bench: Bench) -> None:
        await bench.bridge()
        for status in ("NETWORK_DOWN", "NO_BEACONS", "MOVE_FAILED"):
            bench.stick.say("stackStatusHandler", ember(bench.stick.version, status))
        await asyncio.sleep(60)
        assert len(bench.stick.of("findAndRejoinNetwork")) == 1
        assert kinds(bench) == [NetworkUp, NetworkUp]

    on_stick(test)


def test_nothing_is_left_to_be_done_once_the_port_is_closed() -> None:
    async def test(bench: Bench) -> None:
        await without_parent(bench)
        searches = len(bench.stick.of("findAndRejoinNetwork"))
        await bench.port.close()
        await asyncio.sleep(3_600)
        assert len(bench.stick.of("findAndRejoinNetwork")) == searches

    on_stick(test)


# --- what is asked for while it is away ------------------------------------------------------------------------------


def test_who_stops_and_joins_while_the_stick_is_away_is_on_the_network_when_it_is_back() -> None:
    async def test(bench: Bench) -> None:
        await bench.bridge()
        gone(bench)
        bench.port.stop(bench.now)
        bench.port.join(JOIN, bench.now)
        await asyncio.sleep(60)
        assert kinds(bench) == [NetworkUp, NetworkDown, NetworkUp]
        handle = bench.send(b"x", 0)
        await asyncio.sleep(1)
        bench.stick.outcome(bench.stick.unicasts()[0][2])
        assert bench.user.outcomes == [(handle, Outcome.DELIVERED)]

    on_stick(test)


def test_after_a_stop_and_a_join_a_stick_that_resets_itself_is_lost_as_ever() -> None:
    async def test(bench: Bench) -> None:
        await bench.bridge()
        bench.port.stop(bench.now)
        await asyncio.sleep(1)
        gone(bench)
        bench.port.join(JOIN, bench.now)
        await asyncio.sleep(60)
        before = len(bench.user.events)
        assert bench.lost is not None
        bench.lost("stick-reset")
        await asyncio.sleep(60)
        assert kinds(bench, before) == [NetworkDown, NetworkUp]

    on_stick(test)


@pytest.mark.parametrize("call", ["stop", "leave"])
def test_who_stops_or_leaves_while_the_stick_goes_on_is_not_told_that_it_is_up(call: str) -> None:
    async def test(bench: Bench) -> None:
        await bench.bridge()
        gone(bench)
        bench.stick.asked.clear()
        await asked(bench, "networkInit")
        before = len(bench.user.events)
        getattr(bench.port, call)(bench.now)
        await asyncio.sleep(60)
        assert kinds(bench, before) == ([NetworkDown] if call == "leave" else [])
        handle = bench.send(b"x", 0)
        await asyncio.sleep(1)
        assert bench.user.outcomes == [(handle, Outcome.NOT_JOINED)]

    on_stick(test)


@pytest.mark.parametrize("call, told", [("stop", []), ("resume", [NetworkDown])])
def test_a_join_that_something_else_took_the_place_of_is_not_told_as_failed(
    call: str, told: list[type[NetworkEvent]]
) -> None:
    async def test(bench: Bench) -> None:
        await bench.bridge()
        bench.unplugged = True
        gone(bench)
        bench.port.join(JOIN, bench.now)
        await asyncio.sleep(1)
        before = len(bench.user.events)
        getattr(bench.port, call)(bench.now)
        await asyncio.sleep(3_600)
        assert kinds(bench, before) == told
        assert len(bench.failures) == 1

    on_stick(test)


def test_a_network_that_was_being_formed_is_formed_when_the_stick_is_back() -> None:
    async def test(bench: Bench) -> None:
        await bench.open()
        forms = bench.stick.answers.pop("formNetwork")
        bench.port.form(NETWORK, bench.now)
        await asked(bench, "formNetwork")
        bench.stick.answers["formNetwork"] = forms
        gone(bench)
        await asyncio.sleep(60)
        assert kinds(bench) == [NetworkDown, NetworkUp]
        assert bench.port.memory.network_key == NETWORK.network_key

    on_stick(test)


def test_who_may_join_for_an_hour_still_may_when_the_stick_is_back() -> None:
    async def test(bench: Bench) -> None:
        await bench.hub()
        bench.port.permit_joining(bench.now + 60 * MINUTE, bench.now)
        await asyncio.sleep(60)
        bench.stick.asked.clear()
        gone(bench)
        await asyncio.sleep(60)
        assert {"duration": 254} in bench.stick.of("permitJoining")
        bench.port.stop(bench.now)
        await asyncio.sleep(1)
        bench.port.resume(bench.now)
        await asyncio.sleep(600)
        assert bench.stick.of("permitJoining") == [], "who was switched off has forgotten it"

    on_stick(test)


# --- devices that the hub knows --------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["forbid", "remove"])
def test_a_device_that_knocked_and_is_not_wanted_any_more_is_no_harm_when_the_stick_is_back(call: str) -> None:
    async def test(bench: Bench) -> None:
        await bench.hub()
        bench.port.allow(OTHER, KEY)
        bench.stick.knock(OTHER, SHORT)
        await asyncio.sleep(1)
        bench.port.memory.link_keys.pop(OTHER)
        bench.port.forbid(OTHER)
        if call == "remove":
            bench.port.remove(OTHER, bench.now)
        await asyncio.sleep(1)
        bench.stick.answers["lookupNodeIdByEui64"] = {"nodeId": SHORT}
        gone(bench)
        await asyncio.sleep(60)
        assert kinds(bench) == [NetworkUp, NetworkDown, NetworkUp]
        await bench.port.settled()

    on_stick(test)


def test_who_knocked_at_one_network_has_not_knocked_at_the_next() -> None:
    async def test(bench: Bench) -> None:
        await bench.hub()
        bench.stick.announce(OTHER, SHORT)
        bench.port.leave(bench.now)
        await asyncio.sleep(5)
        await bench.hub_again()
        bench.port.allow(OTHER, KEY)
        bench.stick.knock(OTHER, SHORT)
        await asyncio.sleep(1)
        assert DeviceJoined not in kinds(bench)

    on_stick(test)


def test_a_stick_that_falls_silent_after_the_network_is_up_takes_that_back() -> None:
    async def test(bench: Bench) -> None:
        await bench.hub()
        bench.port.allow(OTHER, KEY)
        await asyncio.sleep(1)

        def silent(_: Mapping[str, Any]) -> Mapping[str, Any]:
            bench.stick.silent, bench.stick.api = True, None
            asyncio.get_running_loop().call_later(30, setattr, bench.stick, "silent", False)
            return {}

        bench.stick.answers["lookupNodeIdByEui64"] = silent
        gone(bench)
        await asyncio.sleep(20)
        bench.stick.answers["lookupNodeIdByEui64"] = {"nodeId": 0xFFFF}
        await asyncio.sleep(120)
        assert kinds(bench) == [NetworkUp, NetworkDown, NetworkUp, NetworkDown, NetworkUp]

    on_stick(test)


# --- faults of the device above --------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [NetworkDown, NetworkUp])
def test_a_device_that_fails_when_it_is_told_something_does_not_end_the_work(event: type[NetworkEvent]) -> None:
    async def test(bench: Bench) -> None:
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))
        await bench.hub()
        told: Callable[[NetworkEvent, int], None] = bench.user.network
        failing = [True]

        def fail_once(said: NetworkEvent, now: int) -> None:
            told(said, now)
            if isinstance(said, event) and failing.pop():
                failing.append(False)
                raise ValueError("a fault of the device")

        bench.user.network = fail_once  # type: ignore[assignment, method-assign]  # its only way to fail
        gone(bench)
        await asyncio.sleep(120)
        await bench.port.settled()
        assert kinds(bench)[-1] is NetworkUp
        assert [str(fault) for fault in faults] == ["a fault of the device"]
        assert ("stick.fault", "ValueError") in bench.reports

    on_stick(test)


# --- whoever waits ---------------------------------------------------------------------------------------------------


def test_whoever_waits_for_the_port_waits_no_longer_once_it_is_closed() -> None:
    async def test(bench: Bench) -> None:
        await bench.open(NodeType.ROUTER)
        bench.unplugged = True
        gone(bench)
        waiting = [asyncio.create_task(bench.port.settled()), asyncio.create_task(bench.port.counters())]
        await asyncio.sleep(1)
        await bench.port.close()
        async with asyncio.timeout(60):
            await asyncio.gather(*waiting)
            await bench.port.settled()
            assert await bench.port.counters() == ()

    on_stick(test)
