"""Scans: energy and networks, refused and stopped."""

from __future__ import annotations

import pytest

from emulator.core.clock import SECOND
from emulator.ncp.ezsp.status import Status
from emulator.ncp.tables import VERSIONS
from emulator.zigbee.node.scanning import scan_time
from tests.ncp.commands.sticks import CHANNEL, EXTENDED_PAN_ID, PAN_ID, Air, HostedStick

ENERGY, ACTIVE = 0, 1
ALL_CHANNELS = 0x07FF_F800
NO_CHANNEL = 0xFF

every_version = pytest.mark.parametrize("version", VERSIONS)
both_kinds = pytest.mark.parametrize("kind", [ENERGY, ACTIVE])


@pytest.fixture
def air() -> Air:
    return Air()


def scan(stick: HostedStick, kind: int, mask: int = ALL_CHANNELS, duration: int = 3) -> None:
    stick.ask("startScan", scanType=kind, channelMask=mask, duration=duration)


def completed(stick: HostedStick) -> bool:
    done = stick.all_heard("scanCompleteHandler")
    assert [(one["channel"], one["status"]) for one in done] in ([], [(NO_CHANNEL, Status.SUCCESS)])
    return bool(done)


@every_version
def test_an_energy_scan_tells_of_every_channel_once_and_then_that_it_is_over(air: Air, version: int) -> None:
    stick = air.stick(version)
    scan(stick, ENERGY)
    air.run(16 * scan_time(3) / SECOND + 0.1)
    assert [one.name for one in stick.heard] == ["energyScanResultHandler"] * 16 + ["scanCompleteHandler"]
    assert completed(stick)
    results = stick.all_heard("energyScanResultHandler")
    assert [one["channel"] for one in results] == list(range(11, 27))
    assert all(-128 <= one["maxRssiValue"] < 0 for one in results)


@every_version
@pytest.mark.parametrize("duration", [0, 5])
def test_a_scan_lasts_as_long_as_asked_for(air: Air, version: int, duration: int) -> None:
    stick = air.stick(version)
    scan(stick, ENERGY, 1 << 11 | 1 << 26, duration)
    air.run(2 * scan_time(duration) / SECOND - 0.001)
    assert not completed(stick)
    air.run(0.1)
    assert completed(stick)


@every_version
@pytest.mark.parametrize("opened", [False, True])
def test_an_active_scan_finds_a_network_as_it_is(air: Air, version: int, opened: bool) -> None:
    hub, stick = air.stick(version), air.stick(version)
    hub.form()
    if opened:
        hub.ask("permitJoining", duration=60)
    scan(stick, ACTIVE)
    air.run(16 * scan_time(3) / SECOND + 0.1)
    found = stick.one_heard("networkFoundHandler")
    assert found["networkFound"] == {
        "channel": CHANNEL,
        "panId": PAN_ID,
        "extendedPanId": EXTENDED_PAN_ID,
        "allowingJoin": opened,
        "stackProfile": 2,
        "nwkUpdateId": 0,
    }
    assert found["lastHopLqi"] > 0
    assert found["lastHopRssi"] < 0
    assert completed(stick)


@every_version
def test_an_active_scan_of_other_channels_finds_nothing(air: Air, version: int) -> None:
    hub, stick = air.stick(version), air.stick(version)
    hub.form()
    scan(stick, ACTIVE, ALL_CHANNELS & ~(1 << CHANNEL))
    air.run(5)
    assert completed(stick)
    assert stick.heard == []


@every_version
@both_kinds
def test_a_scan_that_is_stopped_tells_nothing_more(air: Air, version: int, kind: int) -> None:
    stick = air.stick(version)
    scan(stick, kind, duration=5)
    air.run(0.1)
    stick.ask("stopScan")
    stick.heard.clear()
    air.run(30)
    assert stick.heard == []
    scan(stick, kind)
    air.run(30)
    assert completed(stick)


@every_version
@both_kinds
def test_there_is_one_scan_at_a_time(air: Air, version: int, kind: int) -> None:
    stick = air.stick(version)
    scan(stick, kind)
    stick.refused("startScan", Status.MAC_SCANNING, scanType=kind, channelMask=ALL_CHANNELS, duration=3)
    air.run(30)
    assert completed(stick)


@every_version
@both_kinds
def test_scans_that_make_no_sense_are_refused(air: Air, version: int, kind: int) -> None:
    stick = air.stick(version)
    stick.refused("startScan", Status.MAC_INVALID_CHANNEL_MASK, scanType=kind, channelMask=0, duration=3)
    stick.refused("startScan", Status.MAC_BAD_SCAN_DURATION, scanType=kind, channelMask=ALL_CHANNELS, duration=15)
    air.run(30)
    assert stick.heard == []


@every_version
@pytest.mark.parametrize("kind", [2, 3, 255])
def test_a_kind_of_scan_that_there_is_none_of_is_refused(air: Air, version: int, kind: int) -> None:
    stick = air.stick(version)
    asked = {"scanType": kind, "channelMask": ALL_CHANNELS, "duration": 3}
    stick.refused("startScan", Status.MAC_INCORRECT_SCAN_TYPE, **asked)
    air.run(30)
    assert stick.heard == []


@every_version
def test_a_stick_that_is_joining_does_not_scan(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.begin_join()
    stick.refused("startScan", Status.INVALID_CALL, scanType=ENERGY, channelMask=ALL_CHANNELS, duration=3)
    air.run(30)
    assert stick.statuses() == [Status.NO_BEACONS]
    assert stick.heard == []


@every_version
@both_kinds
def test_a_stick_that_scans_is_in_its_network_again_afterwards(air: Air, version: int, kind: int) -> None:
    hub, device = air.pair(version)
    for stick in (hub, device):
        scan(stick, kind)
        air.run(16 * scan_time(3) / SECOND + 1)
        assert completed(stick)
    air.run(20)
    device.heard.clear()
    frame = {"profileId": 0x0109, "clusterId": 0, "sourceEndpoint": 1, "destinationEndpoint": 1, "options": 0x40}
    hub.ask("sendUnicast", indexOrDestination=device.node_id(), apsFrame=frame, messageContents=b"back")
    air.run(2)
    assert device.one_heard("incomingMessageHandler")["messageContents"] == b"back"


@every_version
@both_kinds
def test_a_reset_ends_a_scan(air: Air, version: int, kind: int) -> None:
    stick = air.stick(version)
    scan(stick, kind, duration=6)
    stick.power_cycle()
    air.run(60)
    assert stick.heard == []
    scan(stick, kind)
