"""What a stick counts of its stack."""

from __future__ import annotations

import pytest

from emulator.ncp.ezsp.status import Status
from emulator.ncp.tables import COUNTERS, VERSIONS, identifiers
from emulator.transports.memory.topology import Link
from tests.ncp.commands.sticks import SLEEPY, Air, HostedStick

TYPES = identifiers("EmberCounterType")
SECONDS = 40
"""Routers say every 15 s that they are there."""

every_version = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture
def air() -> Air:
    return Air()


def counted(stick: HostedStick, name: str = "readCounters") -> dict[str, int]:
    """What is not nothing, by its name."""
    values = stick.ask(name)["values"]
    assert len(values) == COUNTERS
    names = {number: name.removeprefix("COUNTER_") for name, number in TYPES.items()}
    return {names[number]: value for number, value in enumerate(values) if value}


def speak(sender: HostedStick, destination: int, options: int = 0) -> None:
    frame = {"profileId": 0x0109, "clusterId": 0, "sourceEndpoint": 1, "destinationEndpoint": 1, "options": options}
    sender.ask("sendUnicast", indexOrDestination=destination, apsFrame=frame, messageContents=b"x")


@every_version
def test_a_stick_that_has_done_nothing_has_counted_nothing(air: Air, version: int) -> None:
    assert counted(air.stick(version)) == {}


@every_version
def test_it_counts_what_it_sends_and_receives(air: Air, version: int) -> None:
    hub, device = air.pair(version)
    for stick in (hub, device):
        counted(stick, "readAndClearCounters")
    for _ in range(3):
        speak(device, 0)
        air.run(1)
    sent, received = counted(device), counted(hub)
    assert (sent["MAC_TX_UNICAST_SUCCESS"], sent["APS_DATA_TX_UNICAST_SUCCESS"]) == (3, 3)
    assert (received["MAC_RX_UNICAST"], received["APS_DATA_RX_UNICAST"]) == (3, 3)
    assert "APS_DATA_TX_UNICAST_FAILED" not in sent
    air.run(SECONDS)
    for stick in (hub, device):
        broadcasts = counted(stick)
        assert broadcasts["MAC_TX_BROADCAST"] > 1
        assert broadcasts["MAC_RX_BROADCAST"] > 1


@every_version
def test_who_joins_is_counted_as_a_neighbour_and_a_member(air: Air, version: int) -> None:
    hub, _ = air.pair(version)
    assert (counted(hub)["JOIN_INDICATION"], counted(hub)["NEIGHBOR_ADDED"]) == (1, 1)


@every_version
def test_reading_keeps_them_clearing_does_not_and_neither_does_a_reset(air: Air, version: int) -> None:
    hub, device = air.pair(version)
    before = counted(hub)
    assert counted(hub) == counted(hub, "readAndClearCounters") == before
    assert counted(hub) == {}
    assert counted(device)
    device.power_cycle()
    assert counted(device) == {}


def test_what_is_not_acknowledged_is_counted_as_retries_and_a_failure(air: Air) -> None:
    hub, device = air.pair(13)
    counted(device, "readAndClearCounters")
    air.topology.set(device.flash.eui64, hub.flash.eui64, Link(loss=1.0))
    speak(device, 0, options=0x40)
    air.run(30)
    failed = counted(device)
    assert failed["APS_DATA_TX_UNICAST_FAILED"] == 1
    assert failed["APS_DATA_TX_UNICAST_RETRY"] == 3
    assert failed["MAC_TX_UNICAST_RETRY"] == 3 * failed["MAC_TX_UNICAST_FAILED"] > 0
    assert "APS_DATA_TX_UNICAST_SUCCESS" not in failed


def test_what_goes_through_a_router_is_counted_there(air: Air) -> None:
    hub, router = air.pair(13)
    device = air.stick(13)
    for one, other in ((hub, device), (device, hub)):
        air.topology.set(one.flash.eui64, other.flash.eui64, None)
    hub.ask("importTransientKey", eui64=device.eui64, plaintextKey=bytes(16))
    hub.ask("permitJoining", duration=60)
    router.ask("permitJoining", duration=60)
    air.run(1)
    device.begin_join(key=bytes(16), node_type=SLEEPY)
    air.run(10)
    assert device.statuses() == [Status.NETWORK_UP]
    counted(router, "readAndClearCounters")
    speak(device, 0)
    air.run(2)
    assert counted(router)["RELAYED_UNICAST"] == 1


def test_a_frame_that_was_there_before_is_counted_as_such(air: Air) -> None:
    hub, device = air.pair(13)
    counted(hub, "readAndClearCounters")
    # What the device has sent since is taken back: its counters come a second time.
    device.memory.nwk_outgoing = type(device.memory.nwk_outgoing)(0)
    speak(device, 0)
    air.run(1)
    assert counted(hub)["NWK_FRAME_COUNTER_FAILURE"] == 1
