"""What a bridge keeps over a power cut, besides what its stack keeps.

Everything lies in the same flash as the images, so every change of it is a write that the power may be cut at.  What
belongs together changes in one write: an activation that is over becomes one to be reported, and one to be reported an
alert with a counter of its own, and no cut can leave half of that behind.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime

from emulator.gbcs.counters import Counters
from emulator.gbcs.use_cases.cs09 import Result
from emulator.image.flash import Flash
from emulator.image.store import (
    ActiveImage,
    ImageStore,
    Record,  # kept twice and checked: what the images' own records are made of
)
from emulator.zigbee.clusters.ota import ImageIdentity

MOST_ALERTS = 4
"""Alerts kept until the hub has them; the oldest gives way."""
_CAPACITY = 4096


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation that is over and still to be reported.

    Attributes:
        at: when, UTC.
        running: the version that runs now.
        result: how it went.
        attempted: the version that was to run.
    """

    at: datetime
    running: int
    result: Result
    attempted: int


@dataclass(frozen=True, slots=True)
class BridgeState:
    """Non-volatile state.

    Attributes:
        activating: the image that is being activated: a cut before it runs is made good at the next boot.
        unreported: the activation whose alert has not been raised yet.
        alerts: raised, and not yet known to be with the hub; the oldest first.
        counters: of GBCS.
    """

    activating: ImageIdentity | None = None
    unreported: Activation | None = None
    alerts: tuple[bytes, ...] = ()
    counters: Counters = field(default_factory=Counters)

    def encode(self) -> bytes:
        """As octets."""
        image, activation = self.activating, self.unreported
        stored = {
            "activating": image and [image.manufacturer_code, image.image_type, image.file_version, image.image_size],
            "unreported": activation
            and [activation.at.isoformat(), activation.running, int(activation.result), activation.attempted],
            "alerts": [alert.hex() for alert in self.alerts],
            "counters": self.counters.to_dict(),
        }
        return json.dumps(stored, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, octets: bytes) -> BridgeState:
        """What `encode` made; the record around it has seen to it that it is whole."""
        stored = json.loads(octets)
        image, activation = stored["activating"], stored["unreported"]
        return cls(
            image and ImageIdentity(*image),
            activation
            and Activation(datetime.fromisoformat(activation[0]), activation[1], Result(activation[2]), activation[3]),
            tuple(bytes.fromhex(alert) for alert in stored["alerts"]),
            Counters.from_dict(stored["counters"]),
        )


class BridgeMemory:
    """Non-volatile memory of a bridge.

    Attributes:
        flash: what it all lies in, with its power cuts.
    """

    def __init__(self, flash: Flash | None = None) -> None:
        self.flash = flash or Flash()
        self.reload()

    @property
    def state(self) -> BridgeState:
        """What is kept now."""
        return self._state

    def reload(self) -> None:
        """Power is back: flash alone says what is kept."""
        self._record = Record(self.flash, "bridge/state", f"H{_CAPACITY}s")
        length, octets = self._record.value or (0, b"")
        self._state = BridgeState.decode(octets[:length]) if length else BridgeState()

    def change(self, **values: object) -> None:
        """Keep other values, all of them in one write.

        Raises:
            PowerCut: as the flash's fault wanted it.
        """
        state = replace(self._state, **values)  # type: ignore[arg-type]  # passed on by name, checked by the tests
        octets = state.encode()
        self._record.write(len(octets), octets)
        self._state = state

    def images(self, limit: int, shipped_version: int) -> ImageStore[ImageIdentity]:
        """The image store; a new device has the firmware that it was shipped with."""
        store = ImageStore(self.flash, limit, ImageIdentity)
        if store.active is None:
            store.install(ActiveImage(shipped_version))
        return store
