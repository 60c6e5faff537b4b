"""A host of the bootloader, and the line between them, in virtual time; written from the protocol, not from ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from emulator.core.clock import MILLISECOND, SECOND
from emulator.ncp.bootloader.effects import Effect, ImageReceived, WriteOctets
from emulator.ncp.bootloader.firmware_metadata import FirmwareMetadata
from emulator.ncp.bootloader.gbl_build import build_firmware
from emulator.ncp.bootloader.machine import Bootloader
from emulator.ncp.bootloader.machine_table import BootloaderState
from emulator.ncp.bootloader.settings import BootloaderSettings

SOH, EOT, ACK, NAK, CAN, POLL = b"\x01", b"\x04", b"\x06", b"\x15", b"\x18", b"C"
# As a real one logged it (home-assistant/addons, issue 3885).
MENU = b"\r\nGecko Bootloader v2.01.01\r\n1. upload gbl\r\n2. run\r\n3. ebl info\r\nBL > \0"
METADATA = FirmwareMetadata(
    metadata_version=2, sdk_version="4.4.3", ezsp_version="7.4.3.0", fw_type="zigbee_ncp", baudrate=115200
)
IMAGE = build_firmware(METADATA, bytes(range(256)) * 2 + b"odd")
TRIES = 4

Kind = TypeVar("Kind")
Tamper = Callable[[bytes], bytes]


def crc16(octets: bytes) -> int:
    """CRC-16/XMODEM, bit by bit."""
    crc = 0
    for octet in octets:
        crc ^= octet << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def frame(number: int, contents: bytes) -> bytes:
    return SOH + bytes([number & 0xFF, 0xFF - (number & 0xFF)]) + contents + crc16(contents).to_bytes(2, "big")


def frames(file: bytes) -> Iterator[bytes]:
    padded = file + b"\xff" * (-len(file) % 128)
    for start in range(0, len(padded), 128):
        yield frame(start // 128 + 1, padded[start : start + 128])


def same(octets: bytes) -> bytes:
    return octets


class Log:
    """What was reported."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str | None, dict[str, object]]] = []

    def __call__(self, kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
        self.lines.append((kind, reason, fields))

    def reasons(self, kind: str) -> list[str | None]:
        return [reason for each, reason, _ in self.lines if each == kind]


class Line:
    """A bootloader that has been started, and what comes out of it."""

    def __init__(self, settings: BootloaderSettings | None = None) -> None:
        self.log = Log()
        self.machine = Bootloader(self.log, settings)
        self.now = 0
        self.effects: list[Effect] = []
        self.text = bytearray()
        """Octets that the host has not read."""
        self._take(self.machine.start(self.now))

    def send(self, octets: bytes) -> None:
        self._take(self.machine.received(octets, self.now))

    def wait(self, span: int) -> None:
        """Let the time pass, with every timeout at its moment."""
        until = self.now + span
        while (due := self.machine.next_timeout()) is not None and due <= until:
            self.now = due
            self._take(self.machine.on_timeout(due))
        self.now = until

    def read(self) -> bytes:
        """Everything that has come since."""
        octets = bytes(self.text)
        self.text.clear()
        return octets

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def images(self) -> list[bytes]:
        return [effect.image.octets for effect in self.of(ImageReceived)]

    def _take(self, effects: list[Effect]) -> None:
        self.effects += effects
        for effect in effects:
            if isinstance(effect, WriteOctets):
                self.text += effect.octets

    # What a host does

    def open_upload(self) -> None:
        """To the first `C`, with whatever comes before it read."""
        self.send(b"1")
        self.wait(5 * MILLISECOND)
        assert self.read().endswith(POLL)

    def upload(self, file: bytes, tamper: Tamper = same) -> bool:
        """A whole upload, with `tamper` in the way of each frame; whether its end was acknowledged."""
        self.open_upload()
        return all(self._deliver(each, tamper) for each in frames(file)) and self._deliver(EOT, tamper)

    def _deliver(self, octets: bytes, tamper: Tamper) -> bool:
        for _ in range(TRIES):
            self.read()
            self.send(tamper(octets))
            if not self.text:
                self.wait(3 * SECOND)
            answer = self.read()[:1]
            if answer not in {NAK, POLL}:
                return answer == ACK
        return False

    def recover(self) -> None:
        """A host that finds the bootloader in any state gets it to its menu with line feeds, a few seconds apart."""
        for _ in range(2):
            self.wait(4 * SECOND)
            self.send(b"\n")
        self.wait(SECOND)
        assert self.machine.state is BootloaderState.MENU
        assert self.read().endswith(MENU)
