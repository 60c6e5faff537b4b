"""How traffic is measured: what counts as lost, what as cut off, and who was off the network for how long."""

from __future__ import annotations

import pytest

from emulator.core.clock import SECOND
from emulator.core.events import Event
from emulator.scenarios.disturbance import Outage, TrafficWatch


def passed(device: str, began_s: float, span_ms: int) -> Event:
    at = round(began_s * SECOND) + span_ms * 1_000
    return Event(at, device, "traffic.passed", None, {"what": "read", "cluster": "0702", "us": span_ms * 1_000})


def lost(device: str, began_s: float, span_ms: int) -> Event:
    at = round(began_s * SECOND) + span_ms * 1_000
    return Event(at, device, "traffic.lost", "no-route", {"what": "read", "cluster": "0702", "us": span_ms * 1_000})


def restart(bridge: str, down_s: float, up_s: float) -> list[Event]:
    return [
        Event(round(down_s * SECOND), bridge, "bridge.power", "restart"),
        Event(round(down_s * SECOND), bridge, "bridge.power", "on"),
        Event(round(up_s * SECOND), bridge, "bridge.joined"),
    ]


def watch(*events: Event) -> TrafficWatch:
    found = TrafficWatch()
    for event in sorted(events, key=lambda event: event.at):
        found.take(event)
    return found


def test_latency_is_that_of_the_exchanges_that_passed() -> None:
    traffic = watch(*(passed("ihd", 10 * number, number) for number in range(1, 6)), lost("ihd", 70, 6_400))
    figures = traffic.figures("ihd", 0, 100 * SECOND)
    assert (figures.exchanges, figures.lost, figures.median_ms, figures.slowest_ms) == (6, 1, 3.0, 5.0)
    assert figures.lost_percent == pytest.approx(100 / 6)
    assert "6 exchanges, 1 lost, latency 3 ms median, 5 ms at most" in figures.words()


def test_an_exchange_belongs_to_the_span_it_began_in() -> None:
    traffic = watch(passed("ihd", 9.9, 500), passed("ihd", 10, 1), passed("esme", 5, 1))
    assert traffic.figures("ihd", 0, 10 * SECOND).exchanges == 1
    assert traffic.figures("ihd", 10 * SECOND, 20 * SECOND).exchanges == 1


def test_without_traffic_there_is_no_latency_and_no_loss() -> None:
    figures = watch().figures("ihd", 0, SECOND)
    assert (figures.exchanges, figures.lost_percent, figures.median_ms) == (0, 0.0, None)
    assert figures.words() == "0 exchanges, 0 lost"
    assert figures.figures("during")["during_median_ms"] is None


def test_a_restart_is_an_outage_from_power_to_network() -> None:
    traffic = watch(*restart("bridge-1", 20, 23.5))
    assert traffic.outages == [Outage("bridge-1", 20 * SECOND, 23_500_000)]
    assert traffic.outages[0].seconds == 3.5


def test_what_is_lost_in_an_excused_outage_is_kept_apart() -> None:
    traffic = watch(
        *restart("bridge-1", 20, 23), lost("ihd", 15, 6_000), lost("ihd", 22, 6_000), lost("ihd", 40, 6_000)
    )
    whole = traffic.figures("ihd", 0, 100 * SECOND)
    excused = traffic.figures("ihd", 0, 100 * SECOND, traffic.outages)
    assert (whole.lost, whole.cut_off) == (3, 0)
    assert (excused.lost, excused.cut_off) == (1, 2)
    assert traffic.lost_in("ihd", traffic.outages[0]) == 2


def test_the_first_message_after_a_moment_is_one_that_began_after_it() -> None:
    traffic = watch(passed("ihd", 9, 2_000), passed("ihd", 12, 10), passed("ihd", 11, 5_000))
    first = traffic.first_passed("ihd", 10 * SECOND)
    assert first is not None
    assert first.began == 12 * SECOND
    assert not traffic.has_passed("ihd", 13 * SECOND)


def test_a_bridge_that_does_not_come_back_is_off_until_now() -> None:
    gone = Event(50 * SECOND, "bridge-4", "bridge.power", "battery-empty")
    traffic = watch(*restart("bridge-4", 20, 23), gone, lost("ihd", 49, 6_000), lost("ihd", 60, 6_000))
    assert traffic.outages == [Outage("bridge-4", 20 * SECOND, 23 * SECOND)]
    assert traffic.outages_until(70 * SECOND)[1:] == [Outage("bridge-4", 50 * SECOND, 70 * SECOND)]
    assert traffic.run_down == {"bridge-4": 50 * SECOND}
    figures = traffic.figures("ihd", 0, 70 * SECOND, traffic.outages_until(70 * SECOND))
    assert (figures.lost, figures.cut_off) == (0, 2)
    assert figures.words() == "2 exchanges, 0 lost, 2 more while a bridge on the way was off"


@pytest.mark.parametrize(
    "since,until,seconds", [(0, 100, 53.0), (0, 20, 0.0), (22, 51, 2.0), (21, 22, 1.0), (30, 40, 0.0), (60, 100, 40.0)]
)
def test_how_long_a_bridge_was_off_between_two_moments(since: int, until: int, seconds: float) -> None:
    gone = Event(50 * SECOND, "bridge-4", "bridge.power", "battery-empty")
    traffic = watch(*restart("bridge-4", 20, 23), gone, *restart("bridge-1", 30, 40))
    assert traffic.seconds_off("bridge-4", since * SECOND, until * SECOND) == seconds


def test_an_update_begins_with_the_first_request_for_a_block() -> None:
    traffic = watch(Event(7, "bridge-1", "ota.started"), Event(9, "bridge-1", "ota.started", "resumed"))
    assert traffic.updates == {"bridge-1": 7}


def test_a_restart_is_no_want_of_charge() -> None:
    assert watch(*restart("bridge-1", 20, 23)).run_down == {}
