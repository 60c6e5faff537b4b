"""A stick that listens, in virtual time: what is on the air comes to whoever takes it, and it stops at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64
from emulator.transports.ezsp.callbacks import FrameHeard, StackStatus
from emulator.transports.ezsp.memory_line import offered
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.sniffer import MOST_WAITING, SniffedFrame, Sniffer, listening
from emulator.transports.ezsp.stick import StickLost
from emulator.zigbee.frames.mac import fcs_is_good
from tests.transports.aps_port_conformance import NETWORK, hub_of
from tests.transports.ezsp.stick_world import StickWorld

LISTENER = Eui64(0x00DB_0000_0000_1003)
SECONDS = 40
"""Routers say every 15 s that they are there."""
ACK = bytes.fromhex("02 00 07 0000")


@pytest.fixture(params=[13, 18])
def world(request: pytest.FixtureRequest) -> Iterator[StickWorld]:
    with StickWorld(request.param) as world:
        yield world


def listened(world: StickWorld, channel: int, *, cut_short: bool = False) -> list[SniffedFrame]:
    """What a stick hears in a while, the stick left as it was."""
    port = world.port(LISTENER)
    world.answer(port.close())  # type: ignore[attr-defined]  # an EzspPort
    heard: list[SniffedFrame] = []

    async def listen() -> None:
        sniffer = Sniffer(lambda: world.now)
        with offered(world.lines[LISTENER]) as address:
            stick, _ = await open_stick(address, sniffer.lost)
            async with listening(stick, sniffer, channel, "here"):
                for _ in range(SECONDS):
                    while (frame := await sniffer.next(1.0)) is not None:
                        heard.append(frame)
                    if cut_short:
                        raise asyncio.CancelledError
            await stick.close()

    try:
        world.answer(listen())
    except asyncio.CancelledError:
        assert cut_short
    return heard


def test_every_frame_on_the_channel_comes_with_a_good_fcs_and_its_time(world: StickWorld) -> None:
    hub_of(world)
    heard = listened(world, NETWORK.channel)
    assert heard
    for frame in heard:
        assert fcs_is_good(frame.psdu)
        assert frame.psdu[3:5] == NETWORK.pan_id.to_bytes(2, "little")
        assert (frame.rssi, frame.lqi) == (-50, 188)
    moments = [frame.at for frame in heard]
    assert moments == sorted(moments)
    assert world.chips[LISTENER].ram.mfglib is None


def test_on_another_channel_there_is_none(world: StickWorld) -> None:
    hub_of(world)
    assert listened(world, NETWORK.channel + 1) == []


def test_it_is_told_to_stop_also_where_it_is_interrupted(world: StickWorld) -> None:
    hub_of(world)
    listened(world, NETWORK.channel, cut_short=True)
    assert world.chips[LISTENER].ram.mfglib is None


def test_a_stick_that_does_not_listen_is_said_so_in_a_line(world: StickWorld) -> None:
    world.answer(world.port(LISTENER).close())  # type: ignore[attr-defined]  # an EzspPort

    async def listen() -> None:
        with offered(world.lines[LISTENER]) as address:
            stick, _ = await open_stick(address, lambda _: None)
            try:
                # Somebody has left it listening.
                await stick.must("mfglibStart", rxCallback=True)
                async with listening(stick, Sniffer(lambda: 0), 15, "ezsp:here"):
                    pytest.fail("it listens")
            finally:
                await stick.close()

    with pytest.raises(BadInput, match="ezsp:here: the stick does not listen"):
        world.answer(listen())


# --- by itself -------------------------------------------------------------------------------------------------------


def test_the_octets_in_the_place_of_the_fcs_are_replaced() -> None:
    async def main() -> SniffedFrame | None:
        sniffer = Sniffer(lambda: 7)
        sniffer.heard(FrameHeard(ACK[:3] + b"\x12\x34", 200, -70))
        return await sniffer.next(0.01)

    frame = asyncio.run(main())
    assert frame is not None
    assert (frame.at, frame.rssi, frame.lqi, frame.psdu[:3]) == (7, -70, 200, ACK[:3])
    assert fcs_is_good(frame.psdu)


def test_what_is_too_short_or_too_much_is_counted_and_everything_else_passed_over() -> None:
    async def main() -> int:
        sniffer = Sniffer(lambda: 0)
        sniffer.heard(StackStatus(0))
        sniffer.heard(FrameHeard(b"\x02\x00\x07\x00", 0, 0))
        for _ in range(MOST_WAITING + 2):
            sniffer.heard(FrameHeard(ACK, 0, 0))
        return sniffer.dropped

    assert asyncio.run(main()) == 3


def test_a_stick_that_is_lost_is_told_once_everything_it_said_is_taken() -> None:
    async def main() -> None:
        sniffer = Sniffer(lambda: 0)
        sniffer.heard(FrameHeard(ACK, 0, 0))
        sniffer.lost("stick-unplugged")
        assert await sniffer.next(0.01) is not None
        for _ in range(2):
            with pytest.raises(StickLost, match="stick-unplugged"):
                await sniffer.next(0.01)

    asyncio.run(main())
