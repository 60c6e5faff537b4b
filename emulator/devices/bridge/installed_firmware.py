"""The images in the flash of a bridge, and which of them runs: the switch to a new one, whatever cuts it short."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from emulator.core.clock import date_at
from emulator.core.events import Report
from emulator.devices.bridge.memory import Activation, BridgeMemory
from emulator.devices.profile import JoinerProfile
from emulator.gbcs.use_cases.cs09 import Result
from emulator.image.store import ImageStore
from emulator.zigbee.clusters.ota import ImageIdentity

IMAGE_LOST: Final = "image-lost"
"""Why an image that was to be activated does not run: it was not there any more, or not whole."""


class InstalledFirmware:
    """That of one bridge.

    Args:
        profile: says what it was shipped with.
        memory: images, and what is being activated.
        limit: octets of the largest image that there is room for.
        epoch: the date of `now` = 0.
        report: told of what runs, and of what does not.

    Attributes:
        images: the one that runs, and the slot for the next.
    """

    def __init__(
        self, profile: JoinerProfile, memory: BridgeMemory, limit: int, epoch: datetime, report: Report
    ) -> None:
        self.images: ImageStore[ImageIdentity] = memory.images(limit, profile.firmware_version)
        self._shipped_version = profile.firmware_version
        self._memory = memory
        self._limit = limit
        self._epoch = epoch
        self._report = report
        self._seen = self.version

    @property
    def version(self) -> int:
        """The firmware version that runs."""
        active = self.images.active
        assert active is not None
        return active.file_version

    def boot(self, now: int) -> None:
        """Power is back: flash alone says what there is; an activation that was cut short is finished."""
        self.images = self._memory.images(self._limit, self._shipped_version)
        self.switch_over(now)

    def decide(self, image: ImageIdentity) -> None:
        """Activate the image in the slot: from here on a cut does not undo that, the next boot carries it out.

        Raises:
            PowerCut: as the flash's fault wanted it.
        """
        self._memory.change(activating=image)

    def switch_over(self, now: int) -> Activation | None:
        """Run the image that is being activated, if there is one; how that went.

        One record in flash says what runs: until it is written the old image does, from then on the new one.  A cut
        anywhere in here is made good by doing it again at the next boot.
        """
        image = self._memory.state.activating
        over = None if image is None else self._activate(image, now)
        self._tell(now)
        return over

    def _activate(self, image: ImageIdentity, now: int) -> Activation:
        if self.images.complete and self.images.identity == image:
            self.images.activate()
        done = self.version == image.file_version
        if not done:
            fields: dict[str, object] = {"before": f"{self.version:08X}", "after": f"{self.version:08X}"}
            self._report("bridge.activation-failed", IMAGE_LOST, fields, now)
        result = Result.SUCCESS if done else Result.FAILURE
        over = Activation(date_at(now, self._epoch), self.version, result, image.file_version)
        self._memory.change(activating=None, unreported=over)
        return over

    def _tell(self, now: int) -> None:
        """Say it once when another version runs than before, whatever was cut in between."""
        if self.version != self._seen:
            fields: dict[str, object] = {"before": f"{self._seen:08X}", "after": f"{self.version:08X}"}
            self._seen = self.version
            self._report("bridge.activated", None, fields, now)
