"""A device around the bridges of a HAN, as the Python API gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.core.clock import MINUTE
from emulator.core.eui64 import Eui64
from emulator.core.events import Event
from emulator.devices.joining.life import Life
from emulator.devices.light.model import LightDevice
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.runtime.driver import DeviceDriver

if TYPE_CHECKING:
    from emulator.runtime.run import Run

JOIN_LIMIT = 30 * MINUTE
TIME_LIMIT = "time-limit"


class LightHandle:
    """One ESME, GSME, IHD, CAD or HCALCS of a HAN.

    Attributes:
        install_code: without its CRC.
        refusal: why it is not on the network; None where it is.
        short, parent: its address and its parent's when it joined last, four hex digits; None before.
    """

    def __init__(self, run: Run, name: str, device: LightDevice, driver: DeviceDriver, install_code: bytes) -> None:
        self.name = name
        self.device = device
        self.install_code = install_code
        self.refusal: str | None = None
        self.short: str | None = None
        self.parent: str | None = None
        self._run = run
        self._driver = driver
        run.recorder.watch(name, self._watch)

    @property
    def eui64(self) -> Eui64:
        """Its address."""
        return self.device.eui64

    @property
    def han_device_type(self) -> HanDeviceType:
        """What it joins as."""
        return self.device.profile.han_device_type

    @property
    def is_up(self) -> bool:
        """On the network and at work."""
        return self.device.life is Life.RUNNING

    @property
    def stage(self) -> str:
        """What it is doing, in words for people."""
        return "at work" if self.is_up else self.device.life.value

    def power_on(self) -> None:
        """Switch it on: it joins, or goes on with its network."""
        self.device.power_on(self._run.now)
        self._driver.arm()

    def power_off(self) -> None:
        """Switch it off."""
        self.device.power_off(self._run.now)

    def restart(self) -> None:
        """Off and on again."""
        self.device.restart(self._run.now)
        self._driver.arm()

    async def joined(self, limit: int = JOIN_LIMIT) -> bool:
        """Wait until it is on the network, `limit` µs at most; its tries in between may fail."""
        up = await self._run.until(lambda: self.is_up, self._run.now + limit)
        if not up:
            self.refusal = self.refusal or TIME_LIMIT
        return up

    def _watch(self, event: Event) -> None:
        if event.kind == "device.joined":
            self.refusal = None
            self.short, self.parent = str(event.fields["short"]), str(event.fields["parent"])
        elif event.kind == "device.network-down":
            self.refusal = event.reason
