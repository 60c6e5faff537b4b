"""What a bridge keeps over a power cut, besides what its stack keeps.

Everything lies in the same flash as the images, so every change of it is a write that the power may be cut at.  What
belongs together changes in one write: an activation that is over becomes one to be reported, and one to be reported an
alert with a counter of its own, and no cut can leave half of that behind.  Credentials are part of the same value, so
that a cut leaves the old ones or the new ones.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime

from emulator.gbcs.device.security_log import SecurityLog
from emulator.gbcs.device.state import DeviceState
from emulator.gbcs.use_cases.cs09 import Result
from emulator.image.blob import Blob
from emulator.image.flash import Flash
from emulator.image.store import ActiveImage, ImageStore
from emulator.zigbee.clusters.ota import ImageIdentity

MOST_ALERTS = 4
"""Alerts kept until the hub has them; the oldest gives way."""
_STATE_OCTETS = 0x20000
_LOG_OCTETS = 0x10000


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
        gbcs: its credentials and counters; None: as they were when it was made.
    """

    activating: ImageIdentity | None = None
    unreported: Activation | None = None
    alerts: tuple[bytes, ...] = ()
    gbcs: DeviceState | None = None

    def encode(self) -> bytes:
        """As octets."""
        image, activation = self.activating, self.unreported
        stored = {
            "activating": image and [image.manufacturer_code, image.image_type, image.file_version, image.image_size],
            "unreported": activation
            and [activation.at.isoformat(), activation.running, int(activation.result), activation.attempted],
            "alerts": [alert.hex() for alert in self.alerts],
            "gbcs": self.gbcs and self.gbcs.to_dict(),
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
            stored["gbcs"] and DeviceState.from_dict(stored["gbcs"]),
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
        self._record = Blob(self.flash, "bridge/state", _STATE_OCTETS)
        self._log_record = Blob(self.flash, "bridge/security-log", _LOG_OCTETS)
        self._state = BridgeState.decode(self._record.octets) if self._record.octets else BridgeState()
        log = self._log_record.octets
        self._security_log = SecurityLog.from_dict(json.loads(log)) if log else SecurityLog()

    @property
    def security_log(self) -> SecurityLog:
        """What was refused."""
        return self._security_log

    def change(self, **values: object) -> None:
        """Keep other values, all of them in one write.

        Raises:
            PowerCut: as the flash's fault wanted it.
        """
        state = replace(self._state, **values)  # type: ignore[arg-type]  # passed on by name, checked by the tests
        self._record.write(state.encode())
        self._state = state

    def keep_log(self, log: SecurityLog) -> None:
        """Keep another security log, in a write of its own.

        Raises:
            PowerCut: as the flash's fault wanted it.
        """
        self._log_record.write(json.dumps(log.to_dict(), separators=(",", ":")).encode())
        self._security_log = log

    def images(self, limit: int, shipped_version: int) -> ImageStore[ImageIdentity]:
        """The image store; a new device has the firmware that it was shipped with."""
        store = ImageStore(self.flash, limit, ImageIdentity)
        if store.active is None:
            store.install(ActiveImage(shipped_version))
        return store
