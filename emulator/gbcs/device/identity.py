"""What a device is made with."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.eui64 import Eui64
from emulator.gbcs.device.own_keys import OwnKeys
from emulator.gbcs.device.state import DeviceState


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """A new device, as GBCS sees it.

    Attributes:
        state: its keys, and whom it trusts, before anything was changed.
        own_keys: where its key pairs and its maker's certificates come from.
    """

    state: DeviceState
    own_keys: OwnKeys

    @property
    def entity_id(self) -> Eui64:
        """Who it is."""
        return self.state.entity_id
