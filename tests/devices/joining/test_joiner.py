"""A device that joins, without a device around it: what it tells its user and its parts, and when."""

from __future__ import annotations

import random

from emulator.core.standards import Standards
from emulator.core.table import rows
from emulator.devices.discovery import NOT_SERVED
from emulator.devices.joining.joiner import Joiner
from emulator.devices.joining.life import JOINER_LIFE, Life, LifeAction, LifeEvent
from emulator.devices.joining.stack import REJOIN_PAUSE
from emulator.devices.profile_loading import load_light
from emulator.ports.aps import ApsIndication, NetworkDown, NetworkUp
from emulator.zigbee.clusters.energy import METERING_CLUSTER
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import DefaultResponse, decode_foundation
from emulator.zigbee.frames.zcl_status import Status
from tests.devices.fake_port import DEVICE, UP, FakePort, Reports, indication

OTHER_HUB = NetworkUp(UP.short, UP.pan_id, UP.extended_pan_id, UP.channel, UP.parent, DEVICE)


class Device:
    """The user of a joiner; `told` has what it was told, its parts' news among it."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.port = FakePort(DEVICE)
        self.now = 0
        self.joiner = Joiner(self, self.port, load_light("ihd"), None, Standards(), random.Random(1), Reports())

    def switched_on(self, now: int) -> None:
        self.told.append("on")

    def booted(self, now: int) -> None:
        self.told.append("booted")

    def switched_off(self, reason: str, now: int) -> None:
        self.told.append(f"off {reason}")

    def joining(self, now: int) -> None:
        self.told.append("joining")

    def joined(self, event: NetworkUp, now: int) -> None:
        self.told.append("joined")

    def network_lost(self, reason: str, now: int) -> None:
        self.told.append(f"lost {reason}")

    def service_missing(self, cluster: int, reason: str, now: int) -> None:
        self.told.append(f"missing {cluster:04x} {reason}")

    def wait(self) -> None:
        """Let time pass until something is due, and do that."""
        at = self.joiner.next_timeout()
        assert at is not None
        self.now = at
        self.joiner.on_timeout(at)

    def up(self) -> Device:
        self.joiner.step(LifeEvent.POWER_ON, self.now)
        self.wait()
        self.joiner.network(UP, self.now)
        assert self.joiner.life is Life.RUNNING
        return self


class Meter:
    """A part that is a client of Metering."""

    def __init__(self, device: Device, name: str = "meter") -> None:
        self._told = device.told
        self._name = name

    def start(self, now: int) -> None:
        self._told.append(f"{self._name} starts")

    def stop(self, now: int) -> None:
        self._told.append(f"{self._name} stops")

    def server_found(self, cluster: int, endpoint: int, now: int) -> None:
        self._told.append(f"{self._name} found {cluster:04x} on {endpoint}")

    def server_missing(self, cluster: int, reason: str, now: int) -> None:
        self._told.append(f"{self._name} misses {cluster:04x}")

    def received(self, message: ApsIndication, frame: ZclFrame, now: int) -> bool:
        self._told.append(f"{self._name} takes {frame.command}")
        return True

    def default_response(self, message: ApsIndication, frame: ZclFrame, response: DefaultResponse, now: int) -> None:
        self._told.append(f"{self._name} refused {response.status}")


def test_from_the_power_button_to_work_everybody_is_told_in_turn() -> None:
    device = Device()
    device.joiner.add(Meter(device, "first"))
    device.joiner.add(Meter(device, "second"))
    device.up()
    assert device.told == ["on", "booted", "joined", "first starts", "second starts"]
    assert device.port.calls == ["resume"]


def test_its_parts_stop_before_its_stack_and_its_user_is_told_last() -> None:
    device = Device()
    device.joiner.add(Meter(device))
    device.up().told.clear()
    device.joiner.step(LifeEvent.POWER_OFF, device.now, "unplugged")
    assert device.told == ["meter stops", "off unplugged"]
    assert device.port.calls[-1] == "stop"


def test_who_is_put_out_stops_its_work_and_joins_again_after_a_pause() -> None:
    device = Device()
    device.joiner.add(Meter(device))
    device.up().told.clear()
    device.joiner.network(NetworkDown("removed"), device.now)
    lost_at = device.now
    device.wait()
    assert device.told == ["lost removed", "meter stops", "joining"]
    assert (device.now - lost_at, device.port.calls[-1]) == (REJOIN_PAUSE, "join")


def test_under_another_trust_centre_all_work_begins_anew() -> None:
    device = Device()
    device.joiner.add(Meter(device))
    device.up().told.clear()
    device.joiner.network(UP, device.now)
    assert device.told == ["joined"]
    device.joiner.network(OTHER_HUB, device.now)
    assert device.told == ["joined", "joined", "meter stops", "meter starts"]


def test_what_comes_in_a_cluster_goes_to_the_part_that_is_its_client() -> None:
    device = Device()
    device.joiner.add(Meter(device), METERING_CLUSTER)
    device.joiner.add(Meter(device, "late"), METERING_CLUSTER)
    device.up().told.clear()
    device.joiner.service_found(0, METERING_CLUSTER, 3, device.now)
    device.joiner.service_missing(0, METERING_CLUSTER, NOT_SERVED, device.now)
    command = indication(METERING_CLUSTER, ZclFrame(True, True, 1, 5, b""))
    refusal = indication(METERING_CLUSTER, ZclFrame(False, True, 2, DefaultResponse.command, bytes((5, 1))))
    device.joiner.endpoint.received(command, device.now)
    device.joiner.endpoint.received(refusal, device.now)
    told = ["meter found 0702 on 3", "missing 0702 not-served", "meter misses 0702", "meter takes 5", "meter refused 1"]
    assert device.told == told


def test_a_command_of_a_cluster_that_nobody_uses_is_refused() -> None:
    device = Device().up()
    device.joiner.endpoint.received(indication(0x0B05, ZclFrame(True, True, 1, 0, b"")), device.now)
    answer = device.port.zcl()[-1]
    refused = decode_foundation(answer.command, answer.payload)
    assert refused == DefaultResponse(0, Status.UNSUPPORTED_CLUSTER)


def test_what_a_device_does_in_its_own_way_takes_the_place_of_what_others_do() -> None:
    done: list[tuple[int, str]] = []
    device = Device()
    device.joiner = Joiner(
        device, device.port, load_light("ihd"), None, Standards(), random.Random(1), Reports(),
        actions={LifeAction.BOOT: lambda now, reason: done.append((now, reason))},
    )  # fmt: skip
    device.joiner.step(LifeEvent.POWER_ON, 7, "why")
    assert (done, device.told) == ([(7, "why")], [])


def test_an_event_for_later_is_forgotten_with_the_power() -> None:
    device = Device().up()
    device.joiner.step_at(device.now + 1, LifeEvent.NETWORK_DOWN)
    device.joiner.step(LifeEvent.POWER_OFF, device.now, "off")
    assert device.joiner.next_timeout() is None


def test_a_device_without_firmware_never_activates_and_loses_no_power_in_a_write() -> None:
    own = {LifeAction.LOSE_POWER, LifeAction.GO_DEAD, LifeAction.WRITE_IMAGE, LifeAction.SWITCH_OVER}
    assert {row.action for _, _, row in rows(JOINER_LIFE)} == set(LifeAction) - own == set(Device().joiner.actions)
    assert set(JOINER_LIFE) == set(Life) - {Life.ACTIVATING}
