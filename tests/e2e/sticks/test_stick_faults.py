"""Whatever goes wrong at a stick during an update: it goes on, or ends with one reason; no image is half active.

Every case runs through bellows, ASH, EZSP and real frames, in memory and in virtual time, so waiting costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

import pytest

from emulator.core.eui64 import eui64_text
from emulator.core.events import Event
from emulator.devices.bridge.model import Life
from emulator.image.store import ActiveImage
from emulator.runtime.loop import run_virtual
from tests.devices.world import NEW, OLD, image
from tests.e2e.sticks.halves import BLOCK, BRIDGE, HUB, MEMORY, Halves, halves, kinds

pytestmark = pytest.mark.e2e

OCTETS = 1_500
BLOCKS = OCTETS // BLOCK
AFTERWARDS_S = 60
WHOSE = {"hub": HUB, "bridge": BRIDGE}
GOES_ON = ""
"""The outcome of a case that the update survives; any other is what the reason says."""


@dataclass(frozen=True, slots=True)
class Case:
    """A fault, and what comes of it."""

    fault: str
    outcome: str = GOES_ON


CASES = (
    Case("nak=100@0s:2s"),
    Case("nak=20"),
    Case("delay=250"),  # a host that is slower than its stick
    Case("lost-ack=100@0s:10s"),
    Case("lost-ack=20"),
    Case("hang@0s:1s"),
    Case("hang@0s:30s"),
    Case("hang@0s", "no answer"),
    Case("full@0s:1s"),
    Case("full@0s:20s"),
    Case("unplug@0s:200ms"),
    Case("unplug@0s:20s"),
    Case("unplug@0s:600s", "plug the stick in"),
    Case("reset@0s"),
    Case("error@0s"),
    Case("eui64=00db120000000099@0s", "00db120000000099 instead of {own}"),
    Case("version=16@0s:2s"),
    Case("version=8@0s:2s", "EZSP 8: update its firmware"),
    Case("version=20@0s:2s", "EZSP 20: update this program"),
)

Moment = Callable[[Halves, list[Event]], object]

MOMENTS: dict[str, Moment] = {
    "joining": lambda both, _: both.bridge.life is Life.JOINING,
    "establishing": lambda _, events: "cbke.initiator.started" in kinds(events),
    "first-block": lambda both, _: both.bridge.counters.blocks >= 1,
    "middle": lambda both, _: both.bridge.counters.blocks >= BLOCKS // 2,
    "last-block": lambda both, _: both.bridge.counters.blocks >= BLOCKS - 1,
    "verifying": lambda _, events: "ota.downloaded" in kinds(events),
    "activating": lambda both, _: both.bridge.life is Life.ACTIVATING,
}
AFTER_THE_DOWNLOAD = ("last-block", "verifying", "activating")

# Found to go wrong once.
ONCE_WRONG = {
    ("hang@0s:30s", "joining", "hub"),
    ("hang@0s:30s", "joining", "bridge"),
    ("hang@0s", "joining", "bridge"),
    ("unplug@0s:20s", "middle", "bridge"),
}


def matrix() -> Iterator[object]:
    """Every fault at each end and every moment at each end in as few runs as that takes; `--long` has all of them."""
    for number, case in enumerate(CASES):
        for position, moment in enumerate(MOMENTS):
            for which, whose in enumerate(WHOSE):
                few = (number + 3 * which - position) % len(MOMENTS) == 0
                few |= (case.fault, moment, whose) in ONCE_WRONG
                marks = () if few else (pytest.mark.long,)
                yield pytest.param(case, moment, whose, id=f"{case.fault}-{moment}-{whose}", marks=marks)


@pytest.mark.parametrize("case, moment, whose", list(matrix()))
def test_an_update_goes_on_or_ends_with_one_reason(case: Case, moment: str, whose: str) -> None:
    run_virtual(carried_out(case, moment, WHOSE[whose]))


async def carried_out(case: Case, moment: str, whose: int) -> None:
    events: list[Event] = []
    octets = image(OCTETS)
    async with halves(13, events, wire=MEMORY) as both:
        await both.form()
        both.begin_join()
        if moment in ("joining", "establishing"):
            await both.strike_when(lambda: MOMENTS[moment](both, events), case.fault, whose)
            both.offer(octets)
        else:
            await both.until(lambda: both.bridge.life is Life.RUNNING)
            both.offer(octets)
            await both.strike_when(lambda: MOMENTS[moment](both, events), case.fault, whose)
        if case.outcome is GOES_ON:
            await both.updated()
            assert both.failures == {}
        else:
            await ended(both, case, whose)
        assert_whole(both, octets, moment, case)


async def ended(both: Halves, case: Case, whose: int) -> None:
    """The stick is given up, in one line that says why."""
    own = (both.hub, both.bridge)[whose].eui64
    await both.until(lambda: both.failures)
    await asyncio.sleep(AFTERWARDS_S)
    assert list(both.failures) == [whose]
    line = str(both.failures[whose])
    assert case.outcome.format(own=eui64_text(own)) in line
    assert "\n" not in line


def assert_whole(both: Halves, octets: bytes, moment: str, case: Case) -> None:
    """What runs is the old image or the new one, whole."""
    active = both.bridge.images.active
    new = ActiveImage(NEW, sha256(octets).digest())
    if case.outcome is GOES_ON:
        assert active == new
    elif moment in AFTER_THE_DOWNLOAD:
        assert active in (new, ActiveImage(OLD))
    else:
        assert active == ActiveImage(OLD)
    assert both.bridge.version == (OLD if active is None else active.file_version)
