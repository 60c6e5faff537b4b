"""Time as every layer sees it: integer microseconds since the run began.

Nothing here reads a clock.  `now` is always an argument; `runtime` alone knows what it means.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

VIRTUAL_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""The date at which a run in virtual time begins, so that no wall time enters it."""

ZIGBEE_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""ZCL UTCTime counts seconds from here."""


def seconds(value: float) -> int:
    """The same span in microseconds, rounded."""
    return round(value * SECOND)


def date_at(now: int, epoch: datetime = VIRTUAL_EPOCH) -> datetime:
    """The date that `now` (µs) stands for in a run that began at `epoch`."""
    return epoch + timedelta(microseconds=now)


def zigbee_utc(now: int, epoch: datetime = VIRTUAL_EPOCH) -> int:
    """`now` (µs) as ZCL UTCTime: whole seconds since 2000-01-01."""
    return int((date_at(now, epoch) - ZIGBEE_EPOCH).total_seconds())
