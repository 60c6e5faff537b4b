"""The GBCS device of a bridge: whatever changes in it is in flash before anything of it is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from emulator.core.clock import date_at
from emulator.devices.bridge.memory import MOST_ALERTS, Activation, BridgeMemory
from emulator.devices.profile import JoinerProfile
from emulator.gbcs.device.catalogue import DeviceParts, use_cases
from emulator.gbcs.device.firmware import activation_alert
from emulator.gbcs.device.gbcs_device import Executed, GbcsDevice, Reply
from emulator.gbcs.device.identity import DeviceIdentity
from emulator.gbcs.device.settings import DeviceSettings
from emulator.gbcs.refusal import Refusal
from emulator.gbcs.use_cases import cs09


class StoredDevice:
    """That of one bridge; whatever stores raises PowerCut as the flash's fault wants it.

    Args:
        identity: what it was made with.
        version: gives the firmware version that runs.
        profile: says which use cases it takes.
        settings: the open questions.
        memory: credentials, counters, the security log, and alerts that the hub does not have yet.
        epoch: the date of `now` = 0.
    """

    def __init__(
        self,
        identity: DeviceIdentity,
        version: Callable[[], int],
        profile: JoinerProfile,
        settings: DeviceSettings,
        memory: BridgeMemory,
        epoch: datetime,
    ) -> None:
        self._identity = identity
        self._version = version
        self._use_cases = profile.gbcs.use_cases
        self._settings = settings
        self._memory = memory
        self._epoch = epoch
        self._device: GbcsDevice | None = None

    def boot(self) -> None:
        """Power is back: memory alone says what it knows."""
        self._device = None

    def receive(self, octets: bytes, now: int) -> Reply | Refusal:
        """A message came; an alert about its refusal is kept until the hub has it."""
        device = self._loaded()
        answer = device.receive(octets, now, date_at(now, self._epoch))
        self._store(device, answer.alert if isinstance(answer, Refusal) else None)
        return answer

    def alert_about(self, activation: Activation) -> bytes:
        """The alert about an activation that is over: its counter is taken in the same write that keeps it."""
        device, over = self._loaded(), activation
        payload = activation_alert(self._settings, over.running, over.result, over.at, over.attempted)
        alert = device.alert(cs09.MESSAGE_CODE, payload)
        self._store(device, alert, unreported=None)
        return alert

    def execute_due(self, now: int) -> Executed | None:
        """Do the next future-dated Command that has fallen due; None where there is none."""
        device = self._loaded()
        done = device.on_date(date_at(now, self._epoch))
        if done is not None:
            self._store(device, done.alert)
        return done

    def next_due(self) -> int | None:
        """When the next future-dated Command falls due, µs."""
        date = self._loaded().next_date()
        return None if date is None else (date - self._epoch) // timedelta(microseconds=1)

    def _loaded(self) -> GbcsDevice:
        """It, as memory has it."""
        if self._device is None:
            state = self._memory.state.gbcs or self._identity.state
            parts = DeviceParts(self._identity.own_keys, self._version)
            taken = use_cases(self._use_cases, parts, self._settings)
            self._device = GbcsDevice(state, taken, self._settings, self._memory.security_log)
        return self._device

    def _store(self, device: GbcsDevice, alert: bytes | None, **values: object) -> None:
        state = self._memory.state
        if device.state is not (state.gbcs or self._identity.state) or values:
            alerts = state.alerts if alert is None else (*state.alerts, alert)[-MOST_ALERTS:]
            self._memory.change(gbcs=device.state, alerts=alerts, **values)
        if device.security_log is not self._memory.security_log:
            self._memory.keep_log(device.security_log)
