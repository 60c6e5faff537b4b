"""The head of alerts in ZigBee form (GBZ): profile, further components, alert code, time.

Source: the GBZ alerts of RTDS 4.5.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from emulator.core.clock import ZIGBEE_EPOCH
from emulator.core.errors import DecodeError
from emulator.core.octets import Reader

PROFILE = bytes.fromhex("0109")
"""Smart Energy's profile identifier, most significant octet first."""

_HIGHEST_TIME = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class AlertHead:
    """What an alert in ZigBee form begins with.

    Attributes:
        components: how many parts follow.
        alert_code: 16 bits.
        time: seconds since 2000, 32 bits.
    """

    components: int
    alert_code: int
    time: int

    @classmethod
    def read(cls, reader: Reader, what: str) -> Self:
        """Read it; DecodeError names `what` otherwise."""
        profile = reader.octets(len(PROFILE), f"{what}: profile")
        if profile != PROFILE:
            raise DecodeError(f"{what}: profile {profile.hex()}, not {PROFILE.hex()}")
        components = reader.big(1, f"{what}: number of components")
        return cls(components, reader.big(2, f"{what}: alert code"), reader.big(4, f"{what}: time"))

    def encode(self) -> bytes:
        """The octets."""
        return b"".join(
            (PROFILE, bytes((self.components,)), self.alert_code.to_bytes(2, "big"), self.time.to_bytes(4, "big"))
        )

    @property
    def date(self) -> datetime:
        """The time as a date, UTC."""
        return ZIGBEE_EPOCH + timedelta(seconds=self.time)


def zigbee_time(date: datetime) -> int:
    """A date as ZigBee time: whole seconds since 2000, within 32 bits."""
    return min(max(int((date - ZIGBEE_EPOCH).total_seconds()), 0), _HIGHEST_TIME)
