"""Links of their own between two radios, beside the air: rate, latency, loss, and that the air plays no part."""

from __future__ import annotations

import pytest

from emulator.core.clock import SECOND
from emulator.ports.phy import TxResult
from emulator.transports.memory.topology import Link
from tests.transports.aps_world import HUB, Device, World, bridge_address
from tests.transports.radios import CHANNEL, Air, Station, data, data_request, eui64
from tests.transports.test_radio import jam

RATE = 100_000
LATENCY = 10_000
ACKED, NO_ACK = TxResult.ACKED, TxResult.NO_ACK


def pair(loss: float = 0.0, seed: int = 1) -> tuple[Air, Station, Station]:
    air = Air(seed)
    air.topology.connect(eui64(1), eui64(2), Link(-70, loss, RATE, LATENCY))
    one, two = air.stations(1, 2)
    return air, one, two


@pytest.mark.parametrize("octets", [0, 60, 100])
def test_a_frame_takes_latency_and_what_the_rate_says(octets: int) -> None:
    air, one, two = pair()
    psdu = data(1, 2, bytes(octets))
    one.send(psdu)
    air.engine.run_for(SECOND)
    at = LATENCY + len(psdu) * 8 * SECOND // RATE
    assert one.results == [(at, ACKED, False)]
    assert [(moment, frame.psdu, frame.rssi) for moment, frame in two.heard] == [(at, psdu, -70)]


def test_it_is_not_on_the_air() -> None:
    air, one, _ = pair()
    one.send(data(1, 2, bytes(60)))
    air.engine.run_for(SECOND)
    assert (air.frames, air.booked) == ([], [])


def test_a_busy_channel_does_not_hold_it_up() -> None:
    air, one, two = pair()
    air.connect(3, 1)
    air.connect(3, 2)
    jam(air, 3, 100)
    psdu = data(1, 2)
    one.send(psdu)
    air.engine.run_for(SECOND)
    assert one.results == [(LATENCY + len(psdu) * 8 * SECOND // RATE, ACKED, False)]
    assert psdu in [frame.psdu for _, frame in two.heard]


def test_what_is_lost_is_known_at_once_and_the_other_end_hears_nothing() -> None:
    air, one, two = pair(loss=1.0)
    one.send(data(1, 2))
    air.engine.run_for(SECOND)
    assert (one.outcomes, two.heard) == ([NO_ACK], [])


def test_a_loss_in_ten_is_one_in_ten(seed: int) -> None:
    air, one, two = pair(loss=0.1, seed=seed)
    left = [1_000]

    def again(_result: TxResult) -> None:
        left[0] -= 1
        if left[0]:
            one.send(data(1, 2, sequence=left[0] & 0xFF))

    one.on_result = again
    one.send(data(1, 2))
    air.engine.run_for(1_000 * SECOND)
    assert len(one.results) == 1_000
    assert len(two.heard) == one.outcomes.count(ACKED) == pytest.approx(900, abs=60)


def test_who_is_switched_off_gets_nothing() -> None:
    air, one, two = pair()
    two.radio.listen(False, 0)
    one.send(data(1, 2))
    air.engine.run_for(SECOND)
    assert (one.outcomes, two.heard) == ([NO_ACK], [])


def test_a_frame_for_somebody_else_goes_over_the_air() -> None:
    air, one, two = pair()
    air.connect(1, 3)
    (three,) = air.stations(3)
    one.send(data(1, 3))
    air.engine.run_for(SECOND)
    assert (one.outcomes, len(three.heard), two.heard) == ([ACKED], 1, [])


def test_a_broadcast_goes_both_ways() -> None:
    air, one, two = pair()
    air.connect(1, 3)
    (three,) = air.stations(3)
    psdu = data(1, 0xFFFF, acknowledge=False)
    one.send(psdu)
    air.engine.run_for(SECOND)
    assert len(three.heard) == len(two.heard) == 1
    assert two.heard[0][0] - three.heard[0][0] == LATENCY + len(psdu) * 8 * SECOND // RATE


@pytest.mark.parametrize("held", [True, False])
def test_a_poll_is_told_whether_something_is_held(held: bool) -> None:
    air, one, two = pair()
    two.radio.hold_for(frozenset({1} if held else ()))
    one.send(data_request(1, 2))
    air.engine.run_for(SECOND)
    assert [(result, pending) for _, result, pending in one.results] == [(ACKED, held)]


def test_a_frame_that_is_given_up_ends_nowhere() -> None:
    air, one, two = pair()
    one.send(data(1, 2))
    one.radio.abort()
    air.engine.run_for(SECOND)
    assert (one.results, two.heard, one.radio.channel) == ([], [], CHANNEL)


def over_own_link(loss: float, **options: bool) -> tuple[World, Device, int]:
    """Without frames: a hub, a bridge that joined over a link of its own, and when a message was handed over."""
    world = World()
    far = world.bridge(1)
    world.topology.connect(HUB, bridge_address(1), Link(-70, 0.0, RATE, LATENCY))
    world.open(1)
    world.join(far)
    world.topology.connect(HUB, bridge_address(1), Link(-70, loss, RATE, LATENCY))
    begin = world.engine.now
    world.send(world.hub, far, bytes(60), **options)
    world.engine.run_for(60 * SECOND)
    return world, far, begin


def test_without_frames_a_message_takes_as_long() -> None:
    _, far, begin = over_own_link(0.0)
    ((moment, _),) = far.messages
    assert LATENCY + 60 * 8 * SECOND // RATE < moment - begin < LATENCY + 127 * 8 * SECOND // RATE


def test_without_frames_a_loss_is_a_reason_too() -> None:
    world, far, _ = over_own_link(1.0, acknowledge=True)
    assert far.messages == []
    assert ("aps.dropped", "no-ack") in [(kind, reason) for _, kind, reason in world.hub.reports]
