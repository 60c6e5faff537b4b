from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from emulator.observe.metrics import HISTORY_BUCKETS, PROGRESS_POINTS, Metrics, ProgressTrack, TroubleHistory


def test_airtime_and_frames_are_counted_by_device_and_class() -> None:
    metrics = Metrics()
    for _ in range(3):
        metrics.transmitted("hub", 3_000, "data")
    metrics.transmitted("hub", 352, "mac-ack")
    metrics.transmitted(0xDB, 500, "data")
    found = metrics.snapshot({0xDB: "bridge-1"})["devices"]
    assert found["hub"]["air_us"] == {"data": 9_000, "mac-ack": 352}
    assert found["hub"]["frames"] == {"data": 3, "mac-ack": 1}
    assert found["bridge-1"]["air_us"] == {"data": 500}
    assert (metrics.frames, metrics.airtime("hub"), metrics.airtime("nobody")) == (5, 9_352, 0)


def test_a_device_known_by_address_and_by_name_is_one() -> None:
    metrics = Metrics()
    metrics.transmitted(0xDB, 500, "data")
    metrics.transmitted("bridge-1", 70, "data")
    metrics.retry(0xDB, 5, "no-ack")
    metrics.retry("bridge-1", 6, "no-ack")
    metrics.progress("bridge-1", 7, 50)
    found = metrics.snapshot({0xDB: "bridge-1"})["devices"]
    assert list(found) == ["bridge-1"]
    assert found["bridge-1"]["air_us"] == {"data": 570}
    assert found["bridge-1"]["retries"] == {"no-ack": 2}
    assert found["bridge-1"]["progress"] == [(7, 50)]


def test_a_device_without_a_name_goes_by_its_eui64() -> None:
    metrics = Metrics()
    metrics.drop(0x00DB1234567890A4, 1, "replayed")
    assert list(metrics.snapshot()["devices"]) == ["00db1234567890a4"]


def test_retries_and_drops_are_counted_by_reason_and_over_time() -> None:
    metrics = Metrics()
    metrics.retry("a", 50_000, "no-ack")
    metrics.retry("b", 250_000, "block-timeout")
    metrics.drop("a", 250_001, "collision")
    found = metrics.snapshot()
    assert found["devices"]["a"]["drops"] == {"collision": 1}
    assert found["devices"]["b"]["retries"] == {"block-timeout": 1}
    assert found["history"] == {"bucket_us": 100_000, "retries": [1, 0, 1], "drops": [0, 0, 1]}


def test_a_snapshot_is_json_and_leaves_the_counting_alone() -> None:
    metrics = Metrics()
    metrics.transmitted("hub", 1, "data")
    metrics.progress("bridge-1", 1, 50)
    first = metrics.snapshot()
    first["devices"]["hub"]["air_us"]["data"] = 0
    first["devices"]["bridge-1"]["progress"].clear()
    found = json.loads(json.dumps(metrics.snapshot()))
    assert found["devices"]["hub"]["air_us"] == {"data": 1}
    assert found["devices"]["bridge-1"]["progress"] == [[1, 50]]


@given(st.lists(st.integers(0, 10**9), max_size=300), st.integers(2, 20))
def test_progress_keeps_the_first_and_the_last_point_and_never_too_many(octets: list[int], limit: int) -> None:
    track = ProgressTrack(limit)
    given_points = list(enumerate(octets))
    for at, amount in given_points:
        track.add(at, amount)
    kept = track.points()
    assert len(kept) <= limit
    assert kept[:1] == given_points[:1]
    assert kept[-1:] == given_points[-1:]
    assert [point for point in given_points if point in set(kept)] == kept


def test_a_whole_download_is_thinned_evenly() -> None:
    track = ProgressTrack()
    for block in range(15_360):
        track.add(block * 20_000, block * 50)
    points = track.points()
    assert PROGRESS_POINTS / 2 <= len(points) <= PROGRESS_POINTS
    steps = {later[0] - earlier[0] for earlier, later in pairwise(points[:-1])}
    assert len(steps) == 1


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10**12)), max_size=60))
def test_no_retry_or_drop_is_lost_when_the_stretches_grow(troubles: list[tuple[bool, int]]) -> None:
    history = TroubleHistory()
    for is_retry, at in troubles:
        history.add("retries" if is_retry else "drops", at)
    found = history.snapshot()
    width = found["bucket_us"]
    assert len(found["retries"]) == len(found["drops"]) <= HISTORY_BUCKETS
    for name, wanted in (("retries", True), ("drops", False)):
        expected = [0] * len(found["retries"])
        for is_retry, at in troubles:
            expected[at // width] += is_retry is wanted
        assert found[name] == expected  # type: ignore[literal-required] # the two names are keys of History
