"""Axes and figures: round steps, units that fit, numbers as people read them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from emulator.core.clock import HOUR, MILLISECOND, MINUTE, SECOND

KIB = 1_024
_MOST_TICKS = 6
_TEN, _MINUTE_S, _HOUR_S = 10, 60, 3_600
_LEAST_PERCENT = 0.1
_DECIMAL_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MINUTE_STEPS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0)
_HOUR_STEPS = (1.0, 2.0, 3.0, 6.0, 12.0, 24.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """Values from 0 to `limit` on pixels from `start` to `end`, a tick every `step`, labelled in `unit`.

    `scale` is how many of the values make one `unit`.
    """

    limit: float
    start: float
    end: float
    step: float
    scale: float
    unit: str

    def at(self, value: float) -> float:
        """The pixel of `value`."""
        return self.start + (self.end - self.start) * value / self.limit

    def ticks(self) -> list[tuple[float, str]]:
        """Pixel and label of every tick."""
        count = math.floor(self.limit / self.step + 1e-9)
        values = [index * self.step for index in range(count + 1)]
        return [(self.at(value), f"{value / self.scale:,.10g}") for value in values]


def time_axis(limit_us: float, start: float, end: float) -> Axis:
    """Time from 0 to `limit_us`; ends where the run ends, not at a round figure."""
    limit = max(limit_us, float(MILLISECOND))
    for unit, scale, steps, from_us in (
        ("h", HOUR, _HOUR_STEPS, 3 * HOUR),
        ("min", MINUTE, _MINUTE_STEPS, 4 * MINUTE),
    ):
        fitting = [step for step in steps if limit / (step * scale) <= 2 * _MOST_TICKS]
        if limit >= from_us and fitting:
            return Axis(limit, start, end, fitting[0] * scale, scale, unit)
    scale, unit = (HOUR, "h") if limit >= 3 * HOUR else (SECOND, "s") if limit >= SECOND else (MILLISECOND, "ms")
    return Axis(limit, start, end, _round_step(limit / scale, 2 * _MOST_TICKS) * scale, scale, unit)


def octet_axis(limit: float, start: float, end: float) -> Axis:
    """Octets from 0 to at least `limit`, in KiB where there are many."""
    scale, unit = (KIB, "KiB") if limit >= 10 * KIB else (1, "octets")
    return _up_to(max(limit, 1.0), start, end, scale, unit)


def count_axis(limit: float, start: float, end: float) -> Axis:
    """A count from 0 to at least `limit`, in whole steps."""
    return _up_to(max(limit, 1.0), start, end, 1, "", whole=True)


def _up_to(limit: float, start: float, end: float, scale: float, unit: str, *, whole: bool = False) -> Axis:
    wanted = limit / scale
    step = _dividing_step(wanted) or _round_step(wanted, _MOST_TICKS)
    if whole:
        step = max(1.0, math.ceil(step))
    return Axis(math.ceil(wanted / step - 1e-9) * step * scale, start, end, step * scale, scale, unit)


def _round_step(span: float, most: int) -> float:
    """The smallest 1, 2, 2.5 or 5 times a power of ten that gives no more than `most` steps."""
    power = 10.0 ** math.floor(math.log10(span / most))
    return next(factor * power for factor in _DECIMAL_STEPS if span / (factor * power) <= most + 1e-9)


def _dividing_step(span: float) -> float | None:
    """A step with few digits that ends exactly at `span` in four to six steps, e.g. 150 for 750."""
    for count in (5, 4, 6):
        step = span / count
        power = 10.0 ** math.floor(math.log10(step))
        if math.isclose(round(step / power, 1) * power, step) and (2 * step / power) % 1 == 0:
            return step
    return None


def duration(seconds: float) -> str:
    """`4 min 49.2 s`: three or four digits of it."""
    if seconds < 1:
        return f"{round(seconds * 1_000, 2):g} ms" if seconds else "0 s"
    if seconds < _TEN:
        return f"{seconds:.2f} s"
    tenths, whole, minutes = round(seconds * 10), round(seconds), round(seconds / 60)
    if tenths < _MINUTE_S * 10:
        return f"{tenths / 10:.1f} s"
    if tenths < _TEN * _MINUTE_S * 10:
        return f"{tenths // 600} min {tenths % 600 / 10:.1f} s"
    return f"{whole // 60} min {whole % 60} s" if whole < _HOUR_S else f"{minutes // 60:,} h {minutes % 60} min"


def count(value: float) -> str:
    """A whole number with commas."""
    return f"{value:,.0f}"


def share(part: float, whole: float) -> str:
    """Percent; `<0.1 %` where rounding would hide something."""
    if not whole or not part:
        return "0 %"
    percent = 100 * part / whole
    return f"<{_LEAST_PERCENT} %" if percent < _LEAST_PERCENT else f"{percent:.1f} %"


def size(octets: int) -> str:
    """`768,000 octets (750 KiB)`."""
    return f"{octets:,} octets" if octets < KIB else f"{octets:,} octets ({octets / KIB:,.4g} KiB)"
