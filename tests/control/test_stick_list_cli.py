"""`althan stick list`: what it prints of the ports that there are, and where there are none."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from emulator.transports.flasher import ports
from tests.control.running import runner


@dataclass(frozen=True)
class Port:
    device: str
    vid: int | None = None
    pid: int | None = None
    product: str | None = None
    serial_number: str | None = None
    manufacturer: str | None = None
    resolved_device: str = "/dev/null"


STICK = Port("/dev/serial/by-id/usb-ITEAD", 0x1A86, 0x55D4, "SONOFF Zigbee 3.0 USB Dongle Plus V2", "2022", "ITEAD")
KIT = Port("/dev/ttyACM3", 0x1366, 0x0105, "J-Link", "0004", resolved_device="/dev/no-access")
BOARD = Port("/dev/ttyAMA1")

PRINTED = """\
/dev/serial/by-id/usb-ITEAD
  what    zbdongle-e
  USB     1a86:55d4 ITEAD SONOFF Zigbee 3.0 USB Dongle Plus V2, serial number 2022
  --port  ezsp:/dev/serial/by-id/usb-ITEAD?baud=115200&flow=software
  or      ezsp:serial=2022?baud=115200&flow=software
/dev/ttyACM3
  what    no stick that has a profile
  USB     1366:0105 J-Link, serial number 0004
  --port  ezsp:/dev/ttyACM3
  or      ezsp:serial=0004
  access  may not be opened by this user: add yourself to the group that owns it (dialout), then log in again
"""


@pytest.fixture(autouse=True)
def plugged_in(monkeypatch: pytest.MonkeyPatch) -> list[Port]:
    there = [BOARD, KIT, STICK]
    monkeypatch.setattr(ports, "serial_ports", lambda: there)
    monkeypatch.setattr("emulator.runtime.sticks.listing.who_has", lambda _: None)
    return there


def test_every_usb_port_is_listed_with_what_to_give_to_port(capsys: pytest.CaptureFixture[str]) -> None:
    assert runner("stick", capsys)("list") == (0, PRINTED, "")


def test_who_has_a_port_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.runtime.sticks.listing.who_has", lambda _: "zigbee2mqtt (process 7)")
    assert "  in use  by zigbee2mqtt (process 7)\n" in runner("stick", capsys)("list").out


def test_as_json_nothing_else_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    run = runner("stick", capsys)("list", "--json", "--all")
    listed = json.loads(run.out)
    assert (run.status, run.err) == (0, "")
    assert [one["port"] for one in listed] == [STICK.device, KIT.device, BOARD.device]
    assert listed[0]["profiles"] == ["zbdongle-e"]
    assert listed[2]["usb"] is None


def test_where_there_is_nothing_one_line_says_what_to_do(
    capsys: pytest.CaptureFixture[str], plugged_in: list[Port]
) -> None:
    plugged_in.clear()
    run = runner("stick", capsys)("list")
    assert (run.status, run.err, run.out.count("\n")) == (0, "", 1)
    assert "/dev/serial/by-id" in run.out
    assert runner("stick", capsys)("list", "--json") == (0, "[]\n", "")
