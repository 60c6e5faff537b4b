"""A stick that listens to everything on a channel, sends what it is given, and measures."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.ncp.ezsp.status import Status
from emulator.ncp.firmware import SERVED_VERSIONS
from emulator.transports.memory.medium import NOISE_FLOOR
from emulator.zigbee.frames.mac import fcs, fcs_is_good
from tests.ncp.commands.sticks import CHANNEL, PAN_ID, Air, HostedStick

every_version = pytest.mark.parametrize("version", SERVED_VERSIONS)
FRAME = bytes.fromhex("4188 01 2b1a 0100 0200") + b"payload"
NEED_IT: dict[str, dict[str, Any]] = {
    "mfglibEnd": {},
    "mfglibSetChannel": {"channel": CHANNEL},
    "mfglibSetPower": {"txPowerMode": 0, "power": 0},
    "mfglibSendPacket": {"packetContents": FRAME + bytes(2)},
    "mfglibStartTone": {},
    "mfglibStopTone": {},
    "mfglibStartStream": {},
    "mfglibStopStream": {},
}
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
    for name, values in NEED_IT.items():
        stick.refused(name, Status.ERR_FATAL, **values)
    stick.ask("mfglibStart", rxCallback=True)
    stick.refused("mfglibStart", Status.ERR_FATAL, rxCallback=True)
    stick.refused("mfglibSetChannel", Status.PHY_INVALID_CHANNEL, channel=27)
    stick.ask("mfglibEnd")
    stick.refused("mfglibEnd", Status.ERR_FATAL)


@every_version
def test_a_stick_in_a_network_does_not_start_it(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.form()
    stick.refused("mfglibStart", Status.ERR_FATAL, rxCallback=True)


@every_version
def test_after_it_a_network_can_be_formed(air: Air, version: int) -> None:
    stick = listener(air, version)
    stick.ask("mfglibEnd")
    stick.form()


# --- sending ---------------------------------------------------------------------------------------------------------


@every_version
def test_a_frame_that_it_sends_is_heard_with_its_fcs_and_by_nobody_else_on_another_channel(
    air: Air, version: int
) -> None:
    sender, near, elsewhere = (listener(air, version) for _ in range(3))
    for stick in (sender, near):
        stick.ask("mfglibSetChannel", channel=CHANNEL)
    sender.ask("mfglibSendPacket", packetContents=FRAME + b"\0\0")
    air.run(1)
    assert bytes(near.one_heard("mfglibRxHandler")["packetContents"]) == FRAME + fcs(FRAME).to_bytes(2, "little")
    assert elsewhere.all_heard("mfglibRxHandler") == sender.all_heard("mfglibRxHandler") == []


@every_version
@pytest.mark.parametrize("octets", [0, 4, 128])
def test_a_frame_that_no_radio_sends_is_refused(air: Air, version: int, octets: int) -> None:
    sender, near = listener(air, version), listener(air, version)
    sender.refused("mfglibSendPacket", Status.BAD_ARGUMENT, packetContents=bytes(octets))
    air.run(1)
    assert near.all_heard("mfglibRxHandler") == []


def test_the_longest_frame_goes_out(air: Air) -> None:
    sender, near = listener(air, 13), listener(air, 13)
    sender.ask("mfglibSendPacket", packetContents=FRAME.ljust(127, b"x"))
    air.run(1)
    assert len(near.one_heard("mfglibRxHandler")["packetContents"]) == 127


@every_version
def test_the_power_is_what_was_set_until_a_reset(air: Air, version: int) -> None:
    stick = listener(air, version)
    before = stick.ask("mfglibGetPower")["power"]
    stick.ask("mfglibSetPower", txPowerMode=0, power=-7)
    assert stick.ask("mfglibGetPower")["power"] == -7
    stick.refused("mfglibSetPower", Status.PHY_INVALID_POWER, txPowerMode=0, power=21)
    assert stick.ask("mfglibGetPower")["power"] == -7
    stick.power_cycle()
    assert stick.ask("mfglibGetPower")["power"] == before


# --- carriers --------------------------------------------------------------------------------------------------------


@every_version
@pytest.mark.parametrize("kind, other", [("Tone", "Stream"), ("Stream", "Tone")])
def test_while_a_carrier_is_on_nothing_else_is_done(air: Air, version: int, kind: str, other: str) -> None:
    stick = listener(air, version)
    stick.refused(f"mfglibStop{kind}", Status.ERR_FATAL)
    stick.ask(f"mfglibStart{kind}")
    for name in (f"mfglibStart{kind}", f"mfglibStart{other}", f"mfglibStop{other}"):
        stick.refused(name, Status.ERR_FATAL)
    for name in ("mfglibSendPacket", "mfglibSetChannel", "mfglibSetPower"):
        stick.refused(name, Status.ERR_FATAL, **NEED_IT[name])
    stick.ask(f"mfglibStop{kind}")
    stick.ask("mfglibSetChannel", channel=CHANNEL)


@pytest.mark.parametrize("kind", ["Tone", "Stream"])
def test_a_carrier_is_measured_on_its_channel_alone(air: Air, kind: str) -> None:
    sender, scanner = listener(air, 13, listens=False), air.stick(13)
    sender.ask("mfglibSetChannel", channel=CHANNEL)
    sender.ask(f"mfglibStart{kind}")
    mask = 1 << CHANNEL | 1 << (CHANNEL + 1)
    scanner.ask("startScan", scanType=0, channelMask=mask, duration=3)
    air.run(1)
    energies = {one["channel"]: one["maxRssiValue"] for one in scanner.all_heard("energyScanResultHandler")}
    assert energies == {CHANNEL: -50, CHANNEL + 1: NOISE_FLOOR}


@pytest.mark.parametrize("how", ["stopped", "ended", "reset"])
def test_frames_are_disturbed_until_a_carrier_ends(air: Air, how: str) -> None:
    jammer, sender, near = (listener(air, 13) for _ in range(3))
    jammer.ask("mfglibStartTone")
    sender.ask("mfglibSendPacket", packetContents=FRAME + b"\0\0")
    air.run(1)
    assert near.all_heard("mfglibRxHandler") == jammer.all_heard("mfglibRxHandler") == []
    if how == "reset":
        jammer.power_cycle()
    else:
        jammer.ask("mfglibStopTone" if how == "stopped" else "mfglibEnd")
    sender.ask("mfglibSendPacket", packetContents=FRAME + b"\0\0")
    air.run(1)
    assert near.one_heard("mfglibRxHandler")
