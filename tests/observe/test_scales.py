from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import DAY, HOUR, MINUTE, SECOND
from emulator.observe.report.scales import Axis, count_axis, duration, octet_axis, share, size, time_axis


def labels(axis: Axis) -> list[str]:
    return [label for _, label in axis.ticks()]


def test_750_kib_are_parted_so_that_the_axis_ends_with_them() -> None:
    axis = octet_axis(768_000, 300, 14)
    assert labels(axis) == ["0", "150", "300", "450", "600", "750"]
    assert (axis.unit, axis.at(0), axis.at(768_000)) == ("KiB", 300, 14)


@pytest.mark.parametrize(
    "span, unit, last",
    [
        (30 * SECOND, "s", "30"),
        (303 * SECOND, "min", "5"),
        (90 * MINUTE, "min", "90"),
        (11 * HOUR, "h", "11"),
        (2 * DAY, "h", "48"),
        (40 * DAY, "h", "900"),
        (200_000, "ms", "200"),
    ],
    ids=str,
)
def test_time_has_the_unit_that_people_would_use(span: int, unit: str, last: str) -> None:
    axis = time_axis(span, 0, 100)
    assert axis.unit == unit
    assert labels(axis)[-1] == last


@given(st.integers(1, 10**13))
def test_no_time_axis_is_crowded_and_none_is_bare(span: int) -> None:
    ticks = time_axis(span, 64, 948).ticks()
    assert 2 <= len(ticks) <= 13
    assert ticks[0] == (64, "0")
    assert all(64 <= x <= 948.001 for x, _ in ticks)


@given(st.integers(0, 2**32))
def test_octets_and_counts_have_room_and_whole_ticks(limit: int) -> None:
    for axis in (octet_axis(limit, 300, 14), count_axis(limit, 300, 14)):
        ticks = axis.ticks()
        assert 2 <= len(ticks) <= 7
        assert axis.limit >= limit
        assert len({label for _, label in ticks}) == len(ticks)
    assert all(float(label.replace(",", "")).is_integer() for label in labels(count_axis(limit, 300, 14)))


@pytest.mark.parametrize(
    "seconds, words",
    [
        (0, "0 s"),
        (0.003, "3 ms"),
        (0.99956, "999.56 ms"),
        (5.2134, "5.21 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0.0 s"),
        (289.24, "4 min 49.2 s"),
        (599.96, "10 min 0 s"),
        (1_151.2, "19 min 11 s"),
        (3_599.7, "1 h 0 min"),
        (40_000, "11 h 7 min"),
    ],
    ids=str,
)
def test_durations_read_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_shares_and_sizes_hide_nothing() -> None:
    assert [share(0, 5), share(1, 0), share(1, 10_000), share(1, 8)] == ["0 %", "0 %", "<0.1 %", "12.5 %"]
    assert [size(60), size(768_000)] == ["60 octets", "768,000 octets (750 KiB)"]
