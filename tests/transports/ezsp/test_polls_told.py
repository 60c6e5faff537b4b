"""A stick that leaves it to its host to look for another parent: all that it says is that polls are not answered."""

from __future__ import annotations

import asyncio

import pytest

from emulator.ports.aps import NetworkDown, NetworkUp, NodeType
from tests.transports.ezsp.fake_stick import VERSIONS, Bench, ember, on_stick

versions = pytest.mark.parametrize("version", VERSIONS)


@versions
def test_a_host_that_hears_of_polls_that_fail_looks_for_another_parent(version: int) -> None:
    async def main(bench: Bench) -> None:
        await bench.bridge(NodeType.SLEEPY)
        bench.stick.say("pollCompleteHandler", ember(version, "MAC_NO_ACK_RECEIVED"))
        await asyncio.sleep(5)
        assert [bool(each["haveCurrentNetworkKey"]) for each in bench.stick.of("findAndRejoinNetwork")] == [True]
        assert [type(event) for event in bench.user.events] == [NetworkUp, NetworkUp]
        assert ("stick.parent-lost", "no-parent") in bench.reports

    on_stick(main, version)


@versions
@pytest.mark.parametrize("status", ["SUCCESS", "MAC_NO_DATA"])
def test_polls_that_are_answered_are_no_news(version: int, status: str) -> None:
    async def main(bench: Bench) -> None:
        await bench.bridge(NodeType.SLEEPY)
        name = "OK" if status == "SUCCESS" and version >= 14 else status
        bench.stick.say("pollCompleteHandler", ember(version, name))
        await asyncio.sleep(5)
        assert bench.stick.of("findAndRejoinNetwork") == []

    on_stick(main, version)


@pytest.mark.parametrize(
    "name, status", [("pollCompleteHandler", "MAC_NO_ACK_RECEIVED"), ("stackStatusHandler", "MOVE_FAILED")]
)
def test_however_often_it_is_said_the_parent_is_looked_for_in_one_way(name: str, status: str) -> None:
    async def main(bench: Bench) -> None:
        await bench.bridge(NodeType.SLEEPY)
        nobody = ember(13, "NO_BEACONS")
        good = bench.stick.answers["findAndRejoinNetwork"]
        bench.stick.answers["findAndRejoinNetwork"] = lambda _: bench.stick.later("stackStatusHandler", nobody)
        for _ in range(13):
            bench.stick.say(name, ember(13, status))
            await asyncio.sleep(1)
        once = len(bench.stick.of("findAndRejoinNetwork"))
        await asyncio.sleep(15)
        assert len(bench.stick.of("findAndRejoinNetwork")) == 2 * once
        assert bench.reports.count(("stick.parent-lost", "no-parent")) == 1
        bench.stick.answers["findAndRejoinNetwork"] = good
        await asyncio.sleep(60)
        assert [type(event) for event in bench.user.events] == [NetworkUp, NetworkUp]
        bench.stick.say(name, ember(13, status))
        await asyncio.sleep(5)
        assert [type(event) for event in bench.user.events] == [NetworkUp] * 3

    on_stick(main)


def test_who_is_put_out_while_it_looks_for_a_parent_looks_no_more() -> None:
    async def main(bench: Bench) -> None:
        await bench.bridge(NodeType.SLEEPY)
        nobody = ember(13, "NO_BEACONS")
        bench.stick.answers["findAndRejoinNetwork"] = lambda _: bench.stick.later("stackStatusHandler", nobody)
        bench.stick.say("pollCompleteHandler", ember(13, "MAC_NO_ACK_RECEIVED"))
        await asyncio.sleep(5)
        bench.stick.answers["networkState"] = {"status": 0}
        bench.stick.say("stackStatusHandler", ember(13, "NETWORK_DOWN"))
        await asyncio.sleep(5)
        before = len(bench.stick.of("findAndRejoinNetwork"))
        assert bench.user.events[-1] == NetworkDown("removed")
        await asyncio.sleep(600)
        assert len(bench.stick.of("findAndRejoinNetwork")) == before

    on_stick(main)
