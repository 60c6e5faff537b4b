"""A battery and what empties it, by arithmetic from times and counts.

Charge is counted in picocoulombs, which are microamperes times microseconds.  Temperature, self-discharge and the
recovery of a cell at rest are left out.  The battery is no part of what a restart clears: what was drawn stays drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Final, NamedTuple, Self

from emulator.core.clock import HOUR, SECOND
from emulator.devices.profile import BatteryTable
from emulator.image.flash import Cut, Flash

PICOCOULOMBS_A_MICROCOULOMB: Final = 1_000_000
PICOCOULOMBS_A_MAH: Final = 1_000 * HOUR
"""A milliampere, which is 1000 microamperes, for an hour."""

SHORTEST_LOOK: Final = SECOND
LONGEST_LOOK: Final = HOUR


class RadioUse(NamedTuple):
    """How long (µs) a radio has sent, and received what was sent to it, so far; what it overhears is not counted."""

    transmitted: int = 0
    received: int = 0


RadioMeter = Callable[[], RadioUse]


def unmetered() -> RadioUse:
    """Of a stack that does not tell how long its radio was at work."""
    return RadioUse()


@dataclass(frozen=True, slots=True)
class BatteryRating:
    """What a battery holds, and what a device draws from it.

    Attributes:
        capacity: of a fresh one, picocoulombs.
        low: the charge (picocoulombs) below which no update is begun.
        idle: current (µA) whenever the device is on; of a router that includes its receiver, which never sleeps.
        transmit: current (µA) beside that while a frame of its own is on the air.
        receive: current (µA) beside that while a frame for it is on the air.
        poll: of each poll of a sleepy device, picocoulombs, beside the frame itself.
        flash_write: of each write to flash, picocoulombs; an erasure counts as one write, as `Flash` counts it.
    """

    capacity: int
    low: int
    idle: int
    transmit: int
    receive: int
    poll: int
    flash_write: int

    @classmethod
    def of(cls, table: BatteryTable) -> Self:
        """As a profile has it."""
        capacity = round(table.capacity_mah * PICOCOULOMBS_A_MAH)
        return cls(
            capacity,
            round(capacity * table.low_percent / 100),
            round(table.idle_ma * 1_000),
            round(table.transmit_ma * 1_000),
            round(table.receive_ma * 1_000),
            round(table.poll_uc * PICOCOULOMBS_A_MICROCOULOMB),
            round(table.flash_write_uc * PICOCOULOMBS_A_MICROCOULOMB),
        )


@dataclass(frozen=True, slots=True)
class ChargeUse:
    """Charge by what it went into, picocoulombs."""

    idle: int = 0
    transmit: int = 0
    receive: int = 0
    polls: int = 0
    flash: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.idle + self.transmit + self.receive + self.polls + self.flash

    def __add__(self, other: ChargeUse) -> ChargeUse:
        return ChargeUse(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, mark: ChargeUse) -> ChargeUse:
        return ChargeUse(*(mine - its for mine, its in zip(astuple(self), astuple(mark), strict=True)))


class Battery:
    """One battery in one device.

    Args:
        rating: what it holds, and what is drawn.
        flash: whose writes are counted.
        charge: what is in it, picocoulombs; a fresh one's if None.
        poll_interval: µs between the polls of a sleepy device; 0: it does not poll.

    Attributes:
        left: picocoulombs at the last `settle`, never below 0.
        use: everything drawn up to then, also from batteries before this one; its growth since a mark is what was used.
        radio: tells how long the radio was at work.
    """

    def __init__(self, rating: BatteryRating, flash: Flash, charge: int | None = None, poll_interval: int = 0) -> None:
        self.rating = rating
        self.left = rating.capacity if charge is None else charge
        self.use = ChargeUse()
        self.radio: RadioMeter = unmetered
        self._flash = flash
        self._poll_interval = poll_interval
        self._on = False
        self._at = 0
        self._radio_seen = RadioUse()
        self._writes_seen = flash.writes

    @property
    def percent(self) -> float:
        """What is left of a fresh one's charge."""
        return 100 * self.left / self.rating.capacity

    @property
    def is_low(self) -> bool:
        """Whether an update has to wait."""
        return self.left < self.rating.low

    @property
    def is_empty(self) -> bool:
        """Whether nothing runs on it any more."""
        return self.left <= 0

    def switch(self, *, on: bool, now: int) -> None:
        """The device goes on or off."""
        self.settle(now)
        self._on = on

    def exchange(self, now: int) -> None:
        """A fresh battery takes its place."""
        self.settle(now)
        self.left = self.rating.capacity

    def settle(self, now: int) -> None:
        """Take off what was drawn up to `now` (µs)."""
        drawn = self._drawn(now)
        self.use += drawn
        self.left = max(0, self.left - drawn.total)

    def _drawn(self, now: int) -> ChargeUse:
        """Since the last time; nothing of it is counted again."""
        rating, radio, writes = self.rating, self.radio(), self._flash.writes
        span = now - self._at if self._on else 0
        polls = now // self._poll_interval - self._at // self._poll_interval if span and self._poll_interval else 0
        drawn = ChargeUse(
            span * rating.idle,
            (radio.transmitted - self._radio_seen.transmitted) * rating.transmit,
            (radio.received - self._radio_seen.received) * rating.receive,
            polls * rating.poll,
            (writes - self._writes_seen) * rating.flash_write,
        )
        self._at, self._radio_seen, self._writes_seen = now, radio, writes
        return drawn

    def lasts(self) -> int | None:
        """µs for which what was left at the last `settle` lasts at most: with the radio at rest; None: for ever."""
        return self.left // self.rating.idle if self.rating.idle else None

    def look_again(self) -> int:
        """µs for which what was left at the last `settle` lasts without writes to flash; an hour at most.

        Never less than a second: by so much, and by what is written meanwhile, an empty battery may be noticed late.
        """
        rating = self.rating
        current = rating.idle + max(rating.transmit, rating.receive)
        if self._poll_interval:
            current += -(-rating.poll // self._poll_interval)
        lasts = self.left // current if current else LONGEST_LOOK
        return min(max(lasts, SHORTEST_LOOK), LONGEST_LOOK)

    def cut(self, write: int) -> Cut | None:
        """Whether the charge carries that write to flash: a `FlashFault`, which does not ask what time it is."""
        cost = self.rating.flash_write
        before = self.left - (write - 1 - self._writes_seen) * cost
        if before > cost:
            return None
        if before == cost:
            return Cut.AFTER
        return Cut.TORN if 2 * before >= cost else Cut.BEFORE


def milliampere_hours(charge: int) -> float:
    """Picocoulombs as people count charge, to six decimals."""
    return round(charge / PICOCOULOMBS_A_MAH, 6)
