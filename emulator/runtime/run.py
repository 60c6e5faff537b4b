"""What the devices of a run need of it, whatever its time is: virtual, or that of the wall clock over real sticks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from emulator.core.rng import Streams
from emulator.core.standards import Standards
from emulator.gbcs.pki import Pki
from emulator.ports.schedule import Scheduler
from emulator.runtime.air import Air
from emulator.runtime.driver import DeviceDriver
from emulator.runtime.key_authority import KeyAuthority
from emulator.runtime.recorder import Recorder


class Run(Protocol):
    """A run as those see it who put a HAN together and handle its devices.

    Attributes:
        drivers: each device's.
    """

    drivers: dict[object, DeviceDriver]

    @property
    def now(self) -> int:
        """µs since the run began."""

    @property
    def epoch(self) -> datetime:
        """The date of `now` = 0, UTC."""

    @property
    def standards(self) -> Standards:
        """The open questions."""

    @property
    def scheduler(self) -> Scheduler:
        """Whose agenda the devices are on."""

    @property
    def recorder(self) -> Recorder:
        """Told of everything."""

    @property
    def streams(self) -> Streams:
        """Randomness."""

    @property
    def air(self) -> Air:
        """Has the stacks of the devices."""

    @property
    def authority(self) -> KeyAuthority | None:
        """Issues the certificates of key establishment; None: devices go without."""

    def pki(self) -> Pki:
        """Everybody's GBCS keys."""

    def arm(self, device: object) -> None:
        """A device was called from outside: its timer may have changed."""

    def tell_key(self, key: bytes, label: str) -> None:
        """A key (16 octets) has come into use that a capture needs."""

    async def until(self, condition: Callable[[], bool], limit: int | None = None) -> bool:
        """Wait until `condition` holds, or it is `limit` (µs); whether it holds."""
