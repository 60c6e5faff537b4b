"""Where a stick is: what can be written, what cannot and how that is said; its lock; who answers at the other end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from emulator.core.errors import BadInput
from emulator.transports.ezsp.opening import diagnosis, open_stick, unsupported
from emulator.transports.ezsp.port_lock import PortLock
from emulator.transports.ezsp.uri import FlowControl, StickAddress, locate, parse_stick


@dataclass(frozen=True)
class Port:
    device: str
    serial_number: str | None


@pytest.mark.parametrize(
    "text, device, baud, flow, number",
    [
        ("ezsp:/dev/ttyACM0", "/dev/ttyACM0", 115200, FlowControl.NONE, None),
        ("ezsp:/dev/ttyACM0?baud=57600&flow=software", "/dev/ttyACM0", 57600, FlowControl.SOFTWARE, None),
        ("ezsp:serial=ABC?flow=hardware", "", 115200, FlowControl.HARDWARE, "ABC"),
        ("ezsp+tcp:127.0.0.1:9999", "socket://127.0.0.1:9999", 115200, FlowControl.NONE, None),
        ("ezsp+tcp://[::1]:1", "socket://[::1]:1", 115200, FlowControl.NONE, None),
    ],
    ids=["path", "options", "serial", "tcp", "ipv6"],
)
def test_what_can_be_written(text: str, device: str, baud: int, flow: FlowControl, number: str | None) -> None:
    assert parse_stick(text) == StickAddress(text, device, baud, flow, number)


@pytest.mark.parametrize(
    "text",
    [
        "", "/dev/ttyACM0", "mem:frames", "ezsp:", "ezsp:?baud=1200", "ezsp:serial=", "ezsp:socket://a:1", "ezsp+tcp:",
        "ezsp+tcp:host", "ezsp+tcp:host:0", "ezsp+tcp:host:65536", "ezsp+tcp:host:x", "ezsp:/dev/x?baud=0",
        "ezsp:/dev/x?baud=fast", "ezsp:/dev/x?flow=maybe", "ezsp:/dev/x?speed=9", "ezsp:/dev/x?baud=9600&baud=9600",
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_said_in_one_line_with_what_can(text: str) -> None:
    with pytest.raises(BadInput) as error:
        parse_stick(text)
    assert error.value.where == text
    assert error.value.allowed
    assert "\n" not in str(error.value)


def test_a_stick_is_found_by_its_serial_number_and_by_no_other() -> None:
    address = parse_stick("ezsp:serial=ABC")
    assert locate(address, [Port("/dev/ttyS0", None), Port("/dev/ttyACM1", "ABC")]).device == "/dev/ttyACM1"
    for ports, said in (([], "none is plugged in"), ([Port("a", "XYZ")], "XYZ"), ([Port("a", "ABC")] * 2, "2 ports")):
        with pytest.raises(BadInput, match=said):
            locate(address, ports)


def test_a_port_is_locked_while_it_is_in_use_whatever_it_is_called(tmp_path: Path) -> None:
    device, link = tmp_path / "ttyACM0", tmp_path / "by-id"
    device.touch()
    link.symlink_to(device)
    first = PortLock(str(device), tmp_path)
    with pytest.raises(BadInput, match="in use"):
        PortLock(str(link), tmp_path)
    first.release()
    first.release()
    PortLock(str(link), tmp_path).release()


@pytest.mark.parametrize(
    "said, remedy",
    [
        (b"", "no answer"),
        (b"\r\nGecko Bootloader v2.1.1\r\n1. upload gbl\r\nBL > ", "bootloader"),
        (b"login: ", "another device"),
        (bytes(range(128, 160)), "baud rate"),
    ],
    ids=["silence", "bootloader", "text", "garbage"],
)
def test_who_answers_otherwise_than_a_stick_is_told_apart(said: bytes, remedy: str) -> None:
    assert remedy in diagnosis(said)


@pytest.mark.parametrize("version, remedy", [(8, "update its firmware"), (12, "7.4"), (99, "update this program")])
def test_a_version_that_cannot_be_used_is_refused_with_the_remedy(version: int, remedy: str) -> None:
    assert remedy in str(unsupported(parse_stick("ezsp:/dev/x"), version))


async def test_a_port_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such port"):
        await open_stick(parse_stick(f"ezsp:{tmp_path}/nothing"), print)


async def test_an_address_where_nobody_offers_a_stick_is_named(unused_tcp_port: int) -> None:
    with pytest.raises(BadInput, match="connection refused"):
        await open_stick(parse_stick(f"ezsp+tcp:127.0.0.1:{unused_tcp_port}"), print)
