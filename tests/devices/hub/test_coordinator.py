"""The power and the network of a hub, without its parts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator.core.clock import SECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.timers import Alarm
from emulator.devices.hub.coordinator import Coordinator
from emulator.devices.hub.life import HubLife
from emulator.ports.aps import NetworkDown, NetworkKeyChanged, NetworkSettings, NetworkUp
from tests.devices.fake_port import HUB, FakePort, Reports

SETTINGS = NetworkSettings(15, 0x1A62, HUB, bytes(16))
UP = NetworkUp(0, 0x1A62, HUB, 15, 0, HUB)
BOOT_TIME = 3 * SECOND


class Hub:
    """The user of a coordinator; `told` has what it was told."""

    def __init__(self, settings: NetworkSettings | None = None) -> None:
        self.told: list[str] = []
        self.port = FakePort(HUB)
        self.reports = Reports()
        self.alarm = Alarm()
        self.coordinator = Coordinator(self, self.port, BOOT_TIME, settings, self.reports, self.alarm)

    def serve(self, now: int) -> None:
        self.told.append("serve")

    def stop_serving(self, now: int) -> None:
        self.told.append("stop")

    def classify(self, now: int) -> None:
        self.told.append("classify")

    def at_work(self) -> Hub:
        self.coordinator.power_on(SETTINGS, 0)
        self.coordinator.network(UP, 0)
        assert self.coordinator.life is HubLife.RUNNING
        return self


def test_it_forms_its_network_once_and_serves_when_that_is_up() -> None:
    hub = Hub().at_work()
    assert (hub.port.calls, hub.told, hub.coordinator.settings) == (["form"], ["serve"], SETTINGS)


def test_it_goes_on_with_the_network_of_an_earlier_life_whatever_it_is_told() -> None:
    hub = Hub(SETTINGS)
    hub.coordinator.power_on(replace(SETTINGS, channel=20), 0)
    assert hub.alarm.at == hub.coordinator.next_timeout() == BOOT_TIME
    hub.coordinator.on_timeout(BOOT_TIME)
    assert (hub.port.calls, hub.coordinator.settings) == (["resume"], SETTINGS)


def test_a_network_that_never_came_up_is_formed_anew_as_it_is_asked_for_then() -> None:
    hub = Hub()
    hub.coordinator.power_on(SETTINGS, 0)
    hub.coordinator.network(NetworkDown("jammed"), 1)
    assert not hub.coordinator.formed
    hub.coordinator.restart(2)
    hub.coordinator.power_off(3, "off")
    other = replace(SETTINGS, channel=20)
    hub.coordinator.power_on(other, 4)
    assert hub.port.calls == ["form", "stop", "form", "stop", "form"]
    assert hub.coordinator.settings == other
    hub.coordinator.network(UP, 5)
    assert hub.coordinator.formed


def test_a_network_that_is_down_for_a_while_stops_nothing_but_counts_as_not_at_work() -> None:
    hub = Hub().at_work()
    hub.coordinator.network(NetworkDown("jammed"), 1)
    assert hub.coordinator.life is HubLife.STARTING
    hub.coordinator.network(UP, 2)
    assert hub.told == ["serve", "serve"]
    assert hub.reports.reasons("hub.network-down") == ["jammed"]


def test_a_restored_log_has_the_other_hubs_network_formed() -> None:
    hub = Hub().at_work()
    hub.coordinator.restore_pan(Eui64(7), 1)
    assert hub.coordinator.settings == replace(SETTINGS, extended_pan_id=Eui64(7))
    assert (hub.port.calls, hub.told) == (["form", "form"], ["serve", "stop"])


@pytest.mark.parametrize("down, told", [(False, ["serve", "classify"]), (True, ["serve"])])
def test_devices_are_asked_again_only_while_it_is_at_work(down: bool, told: list[str]) -> None:
    hub = Hub().at_work()
    hub.coordinator.classify_at(5)
    if down:
        hub.coordinator.network(NetworkDown("jammed"), 1)
    hub.coordinator.on_timeout(5)
    assert hub.told == told


def test_nothing_is_left_to_do_without_power() -> None:
    hub = Hub().at_work()
    hub.coordinator.classify_at(5)
    hub.coordinator.power_off(1, "unplugged")
    assert hub.coordinator.next_timeout() is None
    assert (hub.told, hub.port.calls[-1]) == (["serve", "stop"], "stop")
    assert hub.reports.reasons("hub.power") == ["on", "unplugged"]


def test_who_was_never_on_cannot_be_restarted() -> None:
    hub = Hub()
    with pytest.raises(LocalProtocolError):
        hub.coordinator.restart(0)
    assert hub.port.calls == []


def test_a_new_network_key_is_told_and_changes_nothing() -> None:
    hub = Hub().at_work()
    hub.coordinator.network(NetworkKeyChanged(bytes(16)), 1)
    assert hub.reports.reasons("hub.network-key-changed") == [None]
    assert hub.coordinator.life is HubLife.RUNNING
