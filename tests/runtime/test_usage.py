"""Where the time of a download went: it adds up, and nothing is counted twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator.core.events import Event
from emulator.image.catalogue import find_recipe
from emulator.ota.counters import ClientCounters
from emulator.runtime.simulation import Simulation
from emulator.runtime.usage import DownloadUsage
from emulator.transports.memory.topology import Link

SECOND = 1_000_000


class Bench:
    """A download that the test makes up."""

    def __init__(self) -> None:
        self.counters = ClientCounters()
        self.air = 0
        self.usage = DownloadUsage("bridge", lambda: "1234", lambda: self.counters, lambda: self.air)

    def tell(self, kind: str, at: float, source: str = "bridge", **fields: str | int) -> None:
        self.usage.take(Event(round(at * SECOND), source, kind, None, fields))

    def count(self, **values: int) -> None:
        self.counters = replace(self.counters, **values)


def spent(bench: Bench) -> tuple[float, float, float, float]:
    found = bench.usage.time_spent()
    assert list(found) == ["air_s", "wait_s", "retry_s", "pace_s"]
    return found["air_s"], found["wait_s"], found["retry_s"], found["pace_s"]


def test_without_a_download_no_time_is_spent() -> None:
    assert spent(Bench()) == (0, 0, 0, 0)


def test_what_is_neither_air_nor_retries_nor_pacing_is_waiting() -> None:
    bench = Bench()
    bench.air = 5 * SECOND
    bench.tell("ota.started", 10, offset=0, size=1_000)
    bench.air = 9 * SECOND
    bench.count(pace_us=2 * SECOND, retry_us=1 * SECOND)
    bench.tell("ota.downloaded", 30, size=1_000)
    bench.air = 50 * SECOND
    assert spent(bench) == (4, 13, 1, 2)


def test_overlapping_times_are_counted_once() -> None:
    bench = Bench()
    bench.tell("ota.started", 0, offset=0, size=1_000)
    bench.air = 6 * SECOND
    bench.count(pace_us=8 * SECOND, retry_us=4 * SECOND)
    bench.tell("ota.downloaded", 10, size=1_000)
    assert spent(bench) == (6, 0, 0, 4)


def test_what_happens_after_the_download_is_not_part_of_it() -> None:
    bench = Bench()
    bench.tell("ota.started", 0, offset=0, size=1_000)
    bench.tell("ota.downloaded", 10, size=1_000)
    bench.count(retry_us=5 * SECOND)
    bench.tell("aps.retry", 12, waited_us=SECOND)
    bench.tell("ota.end", 20)
    assert spent(bench) == (0, 10, 0, 0)


def test_retries_of_the_hub_count_where_they_are_for_this_bridge() -> None:
    bench = Bench()
    bench.tell("ota.started", 0, offset=0, size=1_000)
    bench.tell("aps.retry", 1, waited_us=SECOND)
    bench.tell("aps.retry", 3, "hub", to="1234", waited_us=2 * SECOND)
    bench.tell("aps.retry", 4, "hub", to="4321", waited_us=2 * SECOND)
    bench.tell("ota.downloaded", 10, size=1_000)
    assert spent(bench) == (0, 7, 3, 0)


def test_a_download_that_ends_badly_counts_up_to_its_last_sign() -> None:
    bench = Bench()
    bench.tell("ota.started", 5, offset=0, size=1_000)
    bench.air = SECOND
    bench.tell("ota.failed", 9)
    bench.tell("bridge.power", 90)
    assert spent(bench) == (1, 3, 0, 0)


def test_an_update_is_counted_from_its_own_beginning() -> None:
    bench = Bench()
    bench.count(blocks=7, bytes_resent=50, pace_us=3 * SECOND)
    bench.tell("ota.started", 0, offset=0, size=1_000)
    bench.usage.reset()
    bench.count(blocks=10)
    assert (bench.usage.counters.blocks, bench.usage.counters.bytes_resent) == (3, 0)
    assert spent(bench) == (0, 0, 0, 0)


def test_the_rate_is_that_since_the_download_began() -> None:
    bench = Bench()
    assert bench.usage.rate(500, 5 * SECOND) == 0
    bench.tell("ota.started", 10, offset=200, size=1_000)
    assert bench.usage.rate(200, 10 * SECOND) == 0
    assert bench.usage.rate(700, 15 * SECOND) == pytest.approx(100)


@pytest.mark.parametrize(
    "size, blocks, asked, pages, actual",
    [(4_096, 82, 50, False, 50), (20_000, 358, 64, False, 56), (20_000, 410, 50, True, 50), (100, 1, 255, False, 255)],
)
def test_the_block_size_is_the_one_that_came(size: int, blocks: int, asked: int, pages: bool, actual: int) -> None:
    bench = Bench()
    bench.tell("ota.started", 0, offset=0, size=size)
    bench.count(blocks=blocks)
    bench.tell("ota.downloaded", 10, size=size)
    assert bench.usage.block_octets(asked, pages=pages) == actual


def test_blocks_of_a_download_that_was_broken_off_are_as_long_as_they_were_asked_for() -> None:
    bench = Bench()
    bench.tell("ota.started", 1, offset=0, size=1_000)
    bench.count(blocks=9)
    bench.tell("ota.failed", 2)
    assert bench.usage.block_octets(50, pages=False) == 50


def test_the_digest_of_what_was_received_is_kept() -> None:
    bench = Bench()
    assert bench.usage.received_sha256 is None
    bench.tell("bridge.image-received", 1, sha256="ab" * 32)
    assert bench.usage.received_sha256 == "ab" * 32


@pytest.mark.parametrize("fidelity", ["frames", "aps"])
async def test_messages_sent_again_end_to_end_count_as_retries(fidelity: str) -> None:
    async with Simulation(3, fidelity=fidelity) as sim:
        han = await sim.han(link=Link(loss=0.3))
        bridge = han.bridges[0]
        await han.hub.offer(find_recipe("b1").build(size=20_000), to=bridge)
        assert (await bridge.update_finished()).activated
    spent = bridge.usage.time_spent()
    # One message that is not acknowledged waits 1.6 s before it is sent again.
    assert spent["retry_s"] > 3.2
