"""Where events go: files, counters, and those who watch one source or all."""

from __future__ import annotations

from emulator.core.events import Event
from emulator.runtime.recorder import Recorder


def recorder() -> tuple[Recorder, list[Event]]:
    seen: list[Event] = []
    return Recorder([seen.append]), seen


def test_a_reporter_reports_in_the_name_of_its_source() -> None:
    made, seen = recorder()
    made.reporter("bridge-1")("ota.query", "poll", {"running": "00010000"}, 7)
    assert seen == [Event(7, "bridge-1", "ota.query", "poll", {"running": "00010000"})]


def test_watchers_of_one_source_see_that_source_alone() -> None:
    made, _ = recorder()
    mine: list[str] = []
    everything: list[str] = []
    made.watch("bridge-1", lambda event: mine.append(event.kind))
    made.watchers.append(lambda event: everything.append(event.kind))
    made.reporter("bridge-1")("one", None, {}, 0)
    made.reporter("bridge-2")("two", None, {}, 0)
    assert (mine, everything) == (["one"], ["one", "two"])


def test_conditions_are_looked_at_after_everybody_has_seen_the_event() -> None:
    made, seen = recorder()
    order: list[str] = []
    made.noticed = lambda: order.append(f"noticed {len(seen)}")
    made.watch("hub", lambda event: order.append("watched"))
    made.reporter("hub")("one", None, {}, 0)
    assert order == ["watched", "noticed 1"]


def test_the_wall_clock_counts_from_the_first_event_to_the_last() -> None:
    made, _ = recorder()
    assert made.wall_seconds == 0
    made.reporter("hub")("one", None, {}, 0)
    assert made.wall_seconds == 0
    made.reporter("hub")("two", None, {}, 1)
    assert made.wall_seconds > 0


def test_retries_drops_and_progress_are_counted_for_their_device() -> None:
    made, _ = recorder()
    made.names[0x00DB120000000001] = "bridge-1"
    report = made.reporter("bridge-1")
    report("aps.retry", "no-aps-ack", {}, 1)
    report("mac.retry", "no-ack", {}, 2)
    report("aps.dropped", "duplicate", {}, 3)
    report("ota.progress", None, {"octets": 500}, 4)
    lost: dict[str, object] = {"from": "00db120000000002", "to": "00db120000000001", "octets": 50}
    made.reporter("air")("air.lost", "collision", lost, 5)
    devices = made.metrics.snapshot()["devices"]
    assert list(devices) == ["bridge-1"]
    assert devices["bridge-1"]["retries"] == {"no-aps-ack": 1, "no-ack": 1}
    assert devices["bridge-1"]["drops"] == {"duplicate": 1, "collision": 1}
    assert devices["bridge-1"]["progress"] == [(4, 500)]
