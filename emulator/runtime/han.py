"""A HAN of one run, as the Python API gives it: the hub, the bridges, and the Access Control Broker behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.core.clock import DAY, MINUTE
from emulator.core.eui64 import Eui64
from emulator.core.events import Event
from emulator.devices.bridge.model import Bridge, Life
from emulator.devices.bridge.supply import BATTERY_EMPTY, LOW_BATTERY
from emulator.devices.hub.life import HubLife
from emulator.devices.hub.model import CommsHub
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.image.file import OtaFile, read_image
from emulator.observe.han_map import KEY_ESTABLISHED
from emulator.observe.summary import reason_text, version_text
from emulator.ota.client_table import ClientState
from emulator.ports.aps import ApsPort
from emulator.runtime.acb import AcbHandle
from emulator.runtime.charge import ChargeMeter
from emulator.runtime.driver import DeviceDriver
from emulator.runtime.light_handle import LightHandle
from emulator.runtime.outcome import Alert, Outcome
from emulator.runtime.stage import stage_of
from emulator.runtime.usage import DownloadUsage

if TYPE_CHECKING:
    from emulator.runtime.run import Run

JOIN_LIMIT = 30 * MINUTE
UPDATE_LIMIT = 14 * DAY
ROTATION_LIMIT = 2 * MINUTE
TIME_LIMIT = "time-limit"
NETWORK_KEY_OCTETS = 16
_AT_REST = (ClientState.IDLE, ClientState.SEEKING, ClientState.OFF)
_UP_TO_OTHERS = (*_AT_REST, ClientState.WAITING, ClientState.EXTERNAL, ClientState.MORE)
"""Where the OTA client does nothing before others do."""


class HubHandle:
    """The communications hub of a HAN.

    Attributes:
        stack: its stack, to be asked what the hub itself is not to ask again, as that may be recorded.
        keys_established: when each device and it established a link key of their own, µs of the run.
    """

    def __init__(self, run: Run, name: str, device: CommsHub, driver: DeviceDriver, stack: ApsPort) -> None:
        self.name = name
        self.stack = stack
        self.device = device
        self._run = run
        self._driver = driver
        self._rotations = 0
        self.keys_established: dict[Eui64, int] = {}
        run.recorder.watch(name, self._watch)

    @property
    def eui64(self) -> Eui64:
        """Its address, which is the extended PAN id too, unless it took over the HAN of another hub."""
        return self.device.eui64

    @property
    def entity_id(self) -> Eui64:
        """Who it is for GBCS: its CHF."""
        return self.device.chf.entity_id

    @property
    def speaks_gbcs(self) -> bool:
        """Whether it can be sent Commands."""
        return True

    @property
    def is_up(self) -> bool:
        """Its network is up, and it is at work."""
        return self.device.life is HubLife.RUNNING

    async def offer(self, image: bytes | OtaFile | Path, to: BridgeHandle | Iterable[BridgeHandle]) -> None:
        """Give the hub an image for these bridges; it notifies them, or lets them wait for their turn.

        Raises:
            BadInput: it is no OTA file, or over the limit.
        """
        octets, targets = self._octets(image), _several(to)
        for bridge in targets:
            bridge.expect_update()
        self.device.deliver_image(octets, [bridge.eui64 for bridge in targets], self._run.now)
        self._driver.arm()

    async def overwrite(self, image: bytes | OtaFile | Path, to: BridgeHandle | Iterable[BridgeHandle]) -> None:
        """Load an image at once, in the place of the one being served: whoever was not through with that one fails.

        Raises:
            BadInput: it is no OTA file, or over the limit.
        """
        octets, targets = self._octets(image), _several(to)
        for bridge in targets:
            bridge.expect_update()
        self.device.overwrite_image(octets, [bridge.eui64 for bridge in targets], self._run.now)
        self._driver.arm()

    async def rotate_network_key(self) -> None:
        """Give a new network key to every device, and wait until it is in force.

        Who is off meanwhile is given it when it comes back, under its link key.
        """
        self._rotations += 1
        key = self._run.streams.octets(f"{self.name}/network-key/{self._rotations}", NETWORK_KEY_OCTETS)
        self._run.tell_key(key, f"network key {self._rotations + 1} of {self.name}")
        changed: list[Event] = []
        self._run.recorder.watch(self.name, lambda event: collect(event, "hub.network-key-changed", changed))
        self.device.port.rotate_network_key(key, self._run.now)
        self._driver.arm()
        await self._run.until(lambda: bool(changed), self._run.now + ROTATION_LIMIT)

    def power_off(self) -> None:
        """Switch it off."""
        self.device.power_off(self._run.now)

    def restart(self) -> None:
        """Off and on again: sessions and tunnels are lost, images and keys are kept."""
        self.device.restart(self._run.now)
        self._driver.arm()

    def _watch(self, event: Event) -> None:
        if event.kind == KEY_ESTABLISHED:
            self.keys_established[Eui64(int(str(event.fields["peer"]), 16))] = event.at

    def _octets(self, image: bytes | OtaFile | Path) -> bytes:
        if isinstance(image, Path):
            image = read_image(image, self.device.image_limit)
        return image if isinstance(image, bytes) else image.octets


def collect(event: Event, kind: str, into: list[Event]) -> None:
    """Keep an event of that kind: for whoever watches and waits."""
    if event.kind == kind:
        into.append(event)


def _several(to: BridgeHandle | Iterable[BridgeHandle]) -> list[BridgeHandle]:
    return [to] if isinstance(to, BridgeHandle) else list(to)


class BridgeHandle:
    """One bridge of a HAN.

    Attributes:
        usage: where the time of its download goes.
        charge: what the update drew from its battery; None where it has none.
        install_code: without its CRC.
        alert: the last 0x8F8B of the update that it was last offered.
        refusal: why nothing comes of that update, or why it is not on the network; None where all is well.
        short, parent: its address and its parent's when it joined last, four hex digits; None before.
    """

    def __init__(
        self,
        run: Run,
        name: str,
        device: Bridge,
        driver: DeviceDriver,
        install_code: bytes,
        usage: DownloadUsage,
        charge: ChargeMeter | None = None,
    ) -> None:
        self.name = name
        self.usage = usage
        self.charge = charge
        self.device = device
        self.install_code = install_code
        self.alert: Alert | None = None
        self.refusal: str | None = None
        self.short: str | None = None
        self.parent: str | None = None
        self._run = run
        self._driver = driver
        self._was_up = False
        self._down: str | None = None
        self._pending = False
        self._refused: str | None = None
        self._halted: str | None = None
        """Why nothing goes on until somebody changes the battery."""
        self._activated: bool | None = None
        run.recorder.watch(name, self._watch)

    @property
    def eui64(self) -> Eui64:
        """Its address."""
        return self.device.eui64

    @property
    def entity_id(self) -> Eui64:
        """Who it is for GBCS."""
        return self.device.eui64

    @property
    def speaks_gbcs(self) -> bool:
        """Whether it can be sent Commands."""
        return self.device.speaks_gbcs

    @property
    def version(self) -> str:
        """What it runs, 8 upper-case hex digits."""
        return version_text(self.device.version)

    @property
    def han_device_type(self) -> HanDeviceType:
        """What it joins as."""
        return self.device.profile.han_device_type

    @property
    def is_up(self) -> bool:
        """On the network and at work."""
        return self.device.life is Life.RUNNING

    @property
    def is_updating(self) -> bool:
        """Whether its OTA client is busy with an image, and not only told to wait."""
        client = self.device.client
        return self.is_up and client is not None and client.state not in _UP_TO_OTHERS

    @property
    def progress(self) -> tuple[int, int]:
        """Octets received, and octets of the image under way (0 where there is none)."""
        identity = self.device.images.identity
        return self.device.images.received, 0 if identity is None else identity.image_size

    @property
    def stage(self) -> str:
        """Where its update stands, in words for people."""
        if self.refusal is not None:
            return f"failed: {self.refusal}"
        if self._halted is not None:
            return reason_text(self._halted)
        if self._activated is None:
            return stage_of(self.device)
        if not self.is_up:
            return "restarting"
        return "done" if self._finished() else "reporting the activation"

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

    def change_battery(self) -> None:
        """Put a fresh battery in: it starts anew, and takes up an update that it put off for want of charge.

        Raises:
            LocalProtocolError: its profile has no battery.
        """
        self.device.change_battery(self._run.now)
        self._halted = None
        self._driver.arm()

    def expect_update(self) -> None:
        """An image is on its way: what `update_finished` tells is about that one."""
        self.alert = None
        if self._was_up:
            self.refusal = None
        self.usage.reset()
        if self.charge is not None:
            self.charge.reset()
        if self._halted == LOW_BATTERY:
            self._halted = None
        self._pending = True
        self._refused = self._activated = None

    async def joined(self, limit: int = JOIN_LIMIT) -> bool:
        """Wait until it is on the network, `limit` µs at most; its tries in between may fail."""
        up = await self._run.until(lambda: self.is_up, self._run.now + limit)
        if not up:
            self.refusal = self._halted or self._down or TIME_LIMIT
        return up

    async def update_finished(self, limit: int = UPDATE_LIMIT) -> Outcome:
        """Wait until the update has come to an end, good or bad, `limit` µs of the run at most.

        A battery that is too low for it ends the wait as well; the update may still come once the battery is changed.
        """
        await self._run.until(self._finished, self._run.now + limit)
        reason = self.refusal or self._halted or (None if self._finished() else self._down or TIME_LIMIT)
        self._pending = self.refusal is None and self._halted is not None
        return Outcome(reason is None, self.version, reason, self.alert)

    def give_up(self, reason: str) -> None:
        """The hub says that nothing comes of it; what the bridge itself said before counts more."""
        if self._pending and self._activated is None:
            self.refusal = self.refusal or self._refused or self._halted or reason

    def take_alert(self, alert: Alert) -> None:
        """The Access Control Broker got the alert."""
        self.alert = alert

    def _finished(self) -> bool:
        """The alert comes last, after a good activation and after a bad one; a refusal ends it when the hub knows."""
        if self._halted is not None:
            return True
        if self._activated is not None:
            return self.is_up and (self.alert is not None or not self.device.speaks_gbcs)
        if self._refused is not None and self.refusal is None:
            client = self.device.client
            if client is not None and client.state in _AT_REST:
                self.refusal = self._refused
        return self.refusal is not None

    def _watch(self, event: Event) -> None:
        """Remember what decides the outcome."""
        kind = event.kind
        if kind == "bridge.joined":
            self._was_up, self._down = True, None
            self.short, self.parent = str(event.fields["short"]), str(event.fields["parent"])
            if not self._pending:
                self.refusal = None
        elif kind == "bridge.network-down":
            self._down = event.reason
        elif kind == "bridge.power" and event.reason == BATTERY_EMPTY:
            self._halted = BATTERY_EMPTY
        elif self._pending and self._activated is None:
            self._watch_update(event)

    def _watch_update(self, event: Event) -> None:
        """The same while an image is on its way."""
        kind = event.kind
        if kind == "bridge.activated":
            self._activated, self.refusal = True, None
        elif kind == "bridge.activation-failed":
            self._activated = False
            self.refusal = event.reason or "activation-failed"
        elif kind == "ota.deferred":
            self._halted = event.reason
        elif kind == "ota.started":
            self._halted = None
        elif kind == "ota.refused":
            self._refused = event.reason
        elif kind == "ota.failed" and not event.fields.get("resumable"):
            self.refusal = self.refusal or event.reason


class Han:
    """One HAN: `hub`, `bridges` in the order asked for, `relays` between them, `acb`, and the `others` around them."""

    def __init__(
        self,
        hub: HubHandle,
        bridges: Sequence[BridgeHandle],
        relays: Sequence[BridgeHandle],
        acb: AcbHandle,
        others: Sequence[LightHandle] = (),
    ) -> None:
        self.hub = hub
        self.bridges = list(bridges)
        self.relays = list(relays)
        self.others = list(others)
        self.acb = acb
