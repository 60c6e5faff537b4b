"""A hub as coordinator: it forms a HAN once, goes on with it after every start, and is at work while that is up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.timers import Alarm, Timers
from emulator.devices.hub.life import HUB_LIFE, HubAction, HubEvent, HubLife
from emulator.ports.aps import ApsPort, NetworkDown, NetworkEvent, NetworkKeyChanged, NetworkSettings, NetworkUp


class CoordinatorUser(Protocol):
    """The hub."""

    def serve(self, now: int) -> None:
        """The HAN is up: all parts are to be at work."""

    def stop_serving(self, now: int) -> None:
        """Power is gone, or another HAN is to be formed: all parts stop."""

    def classify(self, now: int) -> None:
        """A device that did not say what it is, is to be asked once more."""


class Coordinator:
    """One hub, as far as power and its network go.

    Args:
        user: the hub.
        port: its stack.
        boot_time: from power to its network, µs.
        settings: the HAN that it formed in an earlier life; None: it has had none.
        report: told of everything that happens.
        alarm: moved forward by every deadline.

    Attributes:
        life: where it stands.
        settings: the HAN that it forms or has formed; None before it was on.
        formed: whether it has been up.
    """

    def __init__(
        self,
        user: CoordinatorUser,
        port: ApsPort,
        boot_time: int,
        settings: NetworkSettings | None,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self.life = HubLife.OFF
        self.settings = settings
        self.formed = settings is not None
        self._user = user
        self._port = port
        self._boot_time = boot_time
        self._report = report
        self._timers: Timers[HubEvent] = Timers(alarm)

    # What happens

    def power_on(self, settings: NetworkSettings, now: int) -> None:
        """Power comes: form the HAN; once that was up, boot and go on with it, whatever `settings` are."""
        if not self.formed and self.life is HubLife.OFF:
            self.settings = settings
        self._power_on(now)

    def power_off(self, now: int, reason: str) -> None:
        """Power goes."""
        self.step(HubEvent.POWER_OFF, now, reason)

    def restart(self, now: int) -> None:
        """Off and on again; LocalProtocolError where it was never on."""
        if self.settings is None:
            raise LocalProtocolError("a hub that was never on has nothing to restart")
        self.power_off(now, "restart")
        self._power_on(now)

    def _power_on(self, now: int) -> None:
        self.step(HubEvent.POWER_ON if self.formed else HubEvent.FIRST_POWER, now)

    def restore_pan(self, extended_pan_id: Eui64, now: int) -> None:
        """The device log of the hub before this one was restored: its HAN is this one's now."""
        self._report("hub.restored", None, {"extended_pan_id": eui64_text(extended_pan_id)}, now)
        assert self.settings is not None
        self.settings = replace(self.settings, extended_pan_id=extended_pan_id)
        self.step(HubEvent.RESTORED, now)

    def network(self, event: NetworkEvent, now: int) -> None:
        """The network is up, or down, or has another key."""
        if isinstance(event, NetworkUp):
            self.formed = True
            self._report("hub.network-up", None, {"extended_pan_id": eui64_text(event.extended_pan_id)}, now)
            self.step(HubEvent.NETWORK_UP, now)
        elif isinstance(event, NetworkDown):
            self._report("hub.network-down", event.reason, {}, now)
            self.step(HubEvent.NETWORK_DOWN, now)
        elif isinstance(event, NetworkKeyChanged):
            self._report("hub.network-key-changed", None, {}, now)

    def classify_at(self, at: int) -> None:
        """Let the user `classify` at `at` (µs), if it is at work then."""
        self._timers.set(HubEvent.CLASSIFY_DUE, at)

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        return self._timers.next_timeout()

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        for event in self._timers.due(now):
            self.step(event, now)

    def step(self, event: HubEvent, now: int, reason: str = "") -> None:
        """Something happened: do what the table says."""
        row = HUB_LIFE[self.life].get(event)
        if row is not None:
            self.life = row.next_state
            ACTIONS[row.action](self, now, reason)

    # What it does

    def _form(self, now: int, _reason: str) -> None:
        settings = self.settings
        assert settings is not None
        self._report("hub.power", "on", {"channel": settings.channel, "pan_id": f"{settings.pan_id:04x}"}, now)
        self._port.form(settings, now)

    def _form_anew(self, now: int, _reason: str) -> None:
        assert self.settings is not None
        self._stop_work(now)
        self._port.form(self.settings, now)

    def _boot(self, now: int, _reason: str) -> None:
        self._timers.set(HubEvent.BOOTED, now + self._boot_time)

    def _stay_off(self, _now: int, _reason: str) -> None:
        """Nothing."""

    def _shut_down(self, now: int, reason: str) -> None:
        self._stop_work(now)
        self._port.stop(now)
        self._report("hub.power", reason, {}, now)

    def _resume(self, now: int, _reason: str) -> None:
        self._report("hub.power", "on", {}, now)
        self._port.resume(now)

    def _serve(self, now: int, _reason: str) -> None:
        self._user.serve(now)

    def _classify(self, now: int, _reason: str) -> None:
        self._user.classify(now)

    def _note(self, _now: int, _reason: str) -> None:
        """Nothing."""

    def _stop_work(self, now: int) -> None:
        self._timers.clear()
        self._user.stop_serving(now)


ACTIONS: Final[dict[HubAction, Callable[[Coordinator, int, str], None]]] = {
    HubAction.FORM: Coordinator._form,
    HubAction.FORM_ANEW: Coordinator._form_anew,
    HubAction.BOOT: Coordinator._boot,
    HubAction.STAY_OFF: Coordinator._stay_off,
    HubAction.SHUT_DOWN: Coordinator._shut_down,
    HubAction.RESUME: Coordinator._resume,
    HubAction.SERVE: Coordinator._serve,
    HubAction.CLASSIFY: Coordinator._classify,
    HubAction.NOTE: Coordinator._note,
}
