"""What a hub keeps over an end of the program that it runs in: its HAN, its device log, and what its CHF knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from emulator.core.errors import BadInput, DecodeError
from emulator.core.eui64 import eui64_text, parse_eui64
from emulator.devices.device_log.state import DeviceLogState
from emulator.gbcs.device.state import DeviceState
from emulator.ports.aps import NetworkSettings


@dataclass(frozen=True, slots=True)
class HubKept:
    """Images are not in it: whoever delivered them delivers them again, and devices go on where they were.

    Attributes:
        network: the HAN that it formed.
        log: its device log.
        chf: the credentials and counters of its CHF.
    """

    network: NetworkSettings
    log: DeviceLogState
    chf: DeviceState

    def to_dict(self) -> dict[str, object]:
        """JSON-ready, keys included."""
        network = self.network
        return {
            "network": {
                "channel": network.channel,
                "pan_id": network.pan_id,
                "extended_pan_id": eui64_text(network.extended_pan_id),
                "network_key": network.network_key.hex(),
            },
            "log": self.log.to_dict(),
            "chf": self.chf.to_dict(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """What `to_dict` made; DecodeError if it is damaged."""
        try:
            network = stored["network"]
            settings = NetworkSettings(
                int(network["channel"]),
                int(network["pan_id"]),
                parse_eui64(network["extended_pan_id"]),
                bytes.fromhex(network["network_key"]),
            )
            return cls(settings, DeviceLogState.from_dict(stored["log"]), DeviceState.from_dict(stored["chf"]))
        except (KeyError, TypeError, ValueError, AttributeError, BadInput) as error:
            raise DecodeError(f"stored hub: damaged: {error!r}") from error
