"""Everything that a device must not forget of GBCS, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.gbcs.device.counters import Counters
from emulator.gbcs.device.own_credentials import OwnCredentials
from emulator.gbcs.device.trust_store import TrustStore
from emulator.gbcs.refusal import Reason, Refused


@dataclass(frozen=True, slots=True)
class ScheduledCommand:
    """A future-dated Command that was accepted.

    Attributes:
        at: when to act upon it, UTC.
        octets: the message.
    """

    at: datetime
    octets: bytes


LONGEST_SCHEDULED = 8_192
"""Octets of the longest Command that a device keeps for later; an assumption, twice the longest published one."""


@dataclass(frozen=True, slots=True)
class JoinedDevice:
    """A device that CS03 has joined this one with.

    Attributes:
        entity_id: which.
        device_type: a `cs03.GbcsDeviceType`, or another octet.
    """

    entity_id: Eui64
    device_type: int


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What is kept.

    Attributes:
        store: the cells of remote parties.
        own: the device's keys.
        counters: its own, and what was accepted from whom.
        scheduled: future-dated Commands, by message code.
        joined: the devices that it is joined with.
    """

    store: TrustStore
    own: OwnCredentials
    counters: Counters = field(default_factory=Counters)
    scheduled: Mapping[int, ScheduledCommand] = field(default_factory=dict)
    joined: tuple[JoinedDevice, ...] = ()

    @property
    def entity_id(self) -> Eui64:
        """The device."""
        return self.own.entity_id

    def scheduling(self, message_code: int, command: ScheduledCommand | None) -> Self:
        """With another Command waiting under a message code, or none; Refused where it is too long to be kept."""
        if command is not None and len(command.octets) > LONGEST_SCHEDULED:
            raise Refused(Reason.TOO_LONG, f"{len(command.octets)} octets, at most {LONGEST_SCHEDULED} wait for a date")
        others = {code: one for code, one in self.scheduled.items() if code != message_code}
        return replace(self, scheduled=others if command is None else {**others, message_code: command})

    def to_dict(self) -> dict[str, object]:
        """A plain form for non-volatile memory, private keys included; JSON-ready."""
        return {
            "store": self.store.to_dict(),
            "own": {"entity_id": eui64_text(self.own.entity_id), "keys": self.own.to_dict()},
            "counters": self.counters.to_dict(),
            "scheduled": {
                f"{code:04x}": [one.at.isoformat(), one.octets.hex()] for code, one in self.scheduled.items()
            },
            "joined": [[eui64_text(one.entity_id), one.device_type] for one in self.joined],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """What `to_dict` made; DecodeError if it is damaged."""
        try:
            own = stored["own"]
            return cls(
                TrustStore.from_dict(stored["store"]),
                OwnCredentials.from_dict(Eui64(int(own["entity_id"], 16)), own["keys"]),
                Counters.from_dict(stored["counters"]),
                {int(code, 16): _scheduled(*one) for code, one in stored["scheduled"].items()},
                tuple(JoinedDevice(Eui64(int(device, 16)), int(kind)) for device, kind in stored["joined"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DecodeError("stored credentials: damaged") from error


def _scheduled(at: str, octets: str) -> ScheduledCommand:
    return ScheduledCommand(datetime.fromisoformat(at), bytes.fromhex(octets))
