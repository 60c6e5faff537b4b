"""A line that harms octets does so as often as it is told, reports it, and never changes their order."""

from __future__ import annotations

import random

import pytest

from emulator.core.errors import LocalProtocolError
from emulator.core.events import Value
from emulator.faults.serial_line import FaultyLine, LineFaults


class Line:
    """A line, and what it has reported."""

    def __init__(self, seed: int = 1, **faults: float) -> None:
        self.reasons: list[str | None] = []
        self.line = FaultyLine(LineFaults(**faults), random.Random(seed), self.report)  # type: ignore[arg-type]

    def report(self, kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
        assert kind == "line.fault"
        self.reasons.append(reason)

    def write(self, octets: bytes, now: int = 0) -> bytes:
        return self.line.write(octets, now)[1]


def test_a_line_without_faults_is_a_line() -> None:
    line = Line()
    assert line.line.write(b"abc", 5) == (5, b"abc")
    assert line.reasons == []


@pytest.mark.parametrize("what, reason", [("lose", "lost"), ("flip", "flipped"), ("double", "doubled")])
@pytest.mark.parametrize("rate", [0.001, 0.05, 0.5])
def test_each_octet_fares_as_badly_as_was_asked_however_it_is_written(what: str, reason: str, rate: float) -> None:
    count = 40_000
    for chunk in (1, 100, count):
        line = Line(**{what: rate})  # type: ignore[arg-type]  # by name
        for _ in range(count // chunk):
            line.write(bytes(chunk))
        assert set(line.reasons) == {reason}
        expected = rate * count
        assert abs(len(line.reasons) - expected) < 6 * expected**0.5


def test_a_lost_octet_is_gone_a_doubled_one_twice_there_and_a_flipped_one_differs_in_a_bit() -> None:
    assert Line(lose=1.0).write(b"abc") == b""
    assert Line(double=1.0).write(b"ab") == b"aabb"
    flipped = Line(flip=1.0).write(b"abc")
    assert [(one ^ other).bit_count() for one, other in zip(flipped, b"abc", strict=True)] == [1, 1, 1]


def test_all_kinds_together_still_give_what_is_left_in_its_order() -> None:
    line = Line(lose=0.2, double=0.2)
    out = line.write(bytes(range(200)))
    assert list(out) == sorted(out)
    assert set(line.reasons) == {"lost", "doubled"}


def test_delay_and_jitter_take_time_and_nothing_overtakes() -> None:
    line = Line(delay=1_000, jitter=5_000)
    moments = [line.line.write(b"x", now)[0] for now in range(0, 100_000, 500)]
    assert moments == sorted(moments)
    assert all(1_000 <= at - now <= 6_000 for at, now in zip(moments, range(0, 100_000, 500), strict=True))


def test_the_same_seed_does_the_same_harm() -> None:
    assert Line(5, lose=0.1, flip=0.1).write(bytes(1_000)) == Line(5, lose=0.1, flip=0.1).write(bytes(1_000))


@pytest.mark.parametrize("faults", [{"lose": -0.1}, {"flip": 1.1}, {"double": 2}, {"delay": -1}, {"jitter": -1}])
def test_faults_that_cannot_be_are_refused(faults: dict[str, Value]) -> None:
    with pytest.raises(LocalProtocolError):
        LineFaults(**faults)  # type: ignore[arg-type]  # by name
