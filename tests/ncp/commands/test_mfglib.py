"""A stick that listens to everything on a channel."""

from __future__ import annotations

import pytest

from emulator.ncp.ezsp.status import Status
from emulator.ncp.firmware import SERVED_VERSIONS
from emulator.zigbee.frames.mac import fcs_is_good
from tests.ncp.commands.sticks import CHANNEL, PAN_ID, Air, HostedStick

every_version = pytest.mark.parametrize("version", SERVED_VERSIONS)
SECONDS = 40
"""Routers say every 15 s that they are there."""


@pytest.fixture
def air() -> Air:
    return Air()


def listener(air: Air, version: int, *, listens: bool = True) -> HostedStick:
    stick = air.stick(version)
    stick.ask("mfglibStart", rxCallback=listens)
    return stick


@every_version
def test_its_host_is_given_every_frame_of_another_network(air: Air, version: int) -> None:
    hub = air.stick(version)
    hub.form()
    stick = listener(air, version)
    stick.ask("mfglibSetChannel", channel=CHANNEL)
    assert stick.ask("mfglibGetChannel")["channel"] == CHANNEL
    air.run(SECONDS)
    heard = stick.all_heard("mfglibRxHandler")
    assert heard
    for frame in heard:
        contents = bytes(frame["packetContents"])
        assert fcs_is_good(contents)
        assert contents[3:5] == PAN_ID.to_bytes(2, "little")
        assert (frame["rssi"], frame["linkQuality"]) == (-50, 188)


@every_version
@pytest.mark.parametrize("how", ["other-channel", "no-callback", "ended", "reset"])
def test_it_is_given_none_that_it_did_not_ask_for(air: Air, version: int, how: str) -> None:
    hub = air.stick(version)
    hub.form()
    stick = listener(air, version, listens=how != "no-callback")
    stick.ask("mfglibSetChannel", channel=CHANNEL + 1 if how == "other-channel" else CHANNEL)
    if how == "ended":
        stick.ask("mfglibEnd")
    elif how == "reset":
        stick.power_cycle()
    air.run(SECONDS)
    assert stick.all_heard("mfglibRxHandler") == []


@every_version
def test_nothing_of_it_is_to_be_had_before_it_is_started_or_twice(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.refused("mfglibEnd", Status.INVALID_CALL)
    stick.refused("mfglibSetChannel", Status.INVALID_CALL, channel=CHANNEL)
    stick.ask("mfglibStart", rxCallback=True)
    stick.refused("mfglibStart", Status.INVALID_CALL, rxCallback=True)
    stick.refused("mfglibSetChannel", Status.PHY_INVALID_CHANNEL, channel=27)
    stick.ask("mfglibEnd")
    stick.refused("mfglibEnd", Status.INVALID_CALL)


@every_version
def test_a_stick_in_a_network_does_not_start_it(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.form()
    stick.refused("mfglibStart", Status.INVALID_CALL, rxCallback=True)


@every_version
def test_after_it_a_network_can_be_formed(air: Air, version: int) -> None:
    stick = listener(air, version)
    stick.ask("mfglibEnd")
    stick.form()
