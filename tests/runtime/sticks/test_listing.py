"""The listing of serial ports: what they may be, how they are named to other commands, and who has them."""

from __future__ import annotations

import os
import pty
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulator.runtime.sticks.listing import listed_sticks, profiles_at, who_has
from emulator.transports.ezsp.port_lock import PortLock
from emulator.transports.ezsp.uri import parse_stick


@dataclass(frozen=True)
class Port:
    device: str
    vid: int | None = None
    pid: int | None = None
    product: str | None = None
    serial_number: str | None = None
    manufacturer: str | None = None
    resolved_device: str = "/dev/null"


SONOFF = Port("/dev/serial/by-id/usb-ITEAD", 0x1A86, 0x55D4, "SONOFF Zigbee 3.0 USB Dongle Plus V2", "2022", "ITEAD")
BARE = Port("/dev/ttyUSB7", 0x10C4, 0xEA60, "CP2102N USB to UART Bridge Controller")
OTHER = Port("/dev/ttyACM3", 0x1366, 0x0105, "J-Link", "0004")
BOARD = Port("/dev/ttyAMA1")


def test_a_known_stick_is_named_with_its_baud_rate_and_flow_control() -> None:
    (one,) = listed_sticks([SONOFF])
    assert (one.usb, one.profiles) == ("1a86:55d4", ("zbdongle-e",))
    assert one.uri == "ezsp:/dev/serial/by-id/usb-ITEAD?baud=115200&flow=software"
    assert one.uri_by_number == "ezsp:serial=2022?baud=115200&flow=software"


def test_every_uri_can_be_given_to_port() -> None:
    for one in listed_sticks([SONOFF, BARE, OTHER, BOARD], every=True):
        assert parse_stick(one.uri).device == one.port
        assert one.uri_by_number is None or parse_stick(one.uri_by_number).serial_number == one.serial_number


def test_where_several_sticks_share_a_usb_chip_only_what_they_agree_on_is_said() -> None:
    (one,) = listed_sticks([BARE])
    assert {"connect-zbt-1", "slzb-07", "zbdongle-e"} <= set(one.profiles)
    assert one.uri == "ezsp:/dev/ttyUSB7?baud=115200"


def test_known_sticks_come_first_and_ports_of_a_board_only_when_wanted() -> None:
    ports = [BOARD, OTHER, SONOFF]
    assert [one.port for one in listed_sticks(ports)] == [SONOFF.device, OTHER.device]
    assert [one.port for one in listed_sticks(ports, every=True)] == [SONOFF.device, OTHER.device, BOARD.device]


def test_a_stick_at_a_port_is_known_by_the_port_s_other_name(tmp_path: Path) -> None:
    device, link = tmp_path / "ttyUSB0", tmp_path / "by-id"
    device.touch()
    link.symlink_to(device)
    port = Port(str(link), SONOFF.vid, SONOFF.pid, SONOFF.product, resolved_device=str(device))
    assert [one.name for one in profiles_at(str(device), [BARE, port])] == ["zbdongle-e"]
    assert profiles_at(str(tmp_path / "ttyUSB1"), [port]) == []


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    os.close(slave)
    yield name
    os.close(master)


def test_a_port_that_nobody_has_is_free_and_looking_leaves_nothing(terminal: str, tmp_path: Path) -> None:
    assert who_has(terminal) is None
    assert list(tmp_path.iterdir()) == []


def test_another_program_that_has_a_port_is_named(terminal: str) -> None:
    file = os.open(terminal, os.O_RDWR | os.O_NOCTTY)
    try:
        assert f"(process {os.getpid()})" in (who_has(terminal) or "")
    finally:
        os.close(file)


def test_a_program_of_ours_is_known_by_its_lock_where_processes_are_not_seen(terminal: str, tmp_path: Path) -> None:
    lock = PortLock(terminal)
    assert who_has(terminal, tmp_path / "no-proc") == "another althan"
    lock.release()
    assert who_has(terminal, tmp_path / "no-proc") is None


def test_a_user_without_access_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert [one.accessible for one in listed_sticks([SONOFF])] == [False]
