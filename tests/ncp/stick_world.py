"""A whole stick in virtual time, and a host of ours at its line: ASH and EZSP while it listens, raw octets always."""

from __future__ import annotations

import random
import struct

from emulator.core.clock import MILLISECOND, SECOND
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.ncp.ash.settings import AshSettings
from emulator.ncp.bootloader.firmware_metadata import FirmwareMetadata
from emulator.ncp.bootloader.gbl_build import build_firmware
from emulator.ncp.chip import Chip
from emulator.ncp.flash import Flash
from emulator.ncp.stick import Stick
from emulator.runtime.engine import Engine
from emulator.transports.memory.instant_radio import InstantRadio
from emulator.transports.memory.medium import Medium
from emulator.transports.memory.soft_port import SoftPort
from emulator.transports.memory.topology import Topology
from emulator.zigbee.node.memory import NodeMemory
from tests.ncp.ash.host import Host
from tests.ncp.bootloader.host import ACK, EOT, POLL, Log, frames

EUI64 = Eui64(0x00DB_1200_0000_0001)
NOP = 0x0005
LAUNCH = 0x008F
BOOTLOADER_VERSION = 0x0091
SET_CONFIGURATION = 0x0053
GET_CONFIGURATION = 0x0052
INVALID_COMMAND = 0x0058
SET_TOKEN_DATA = 0x0103
GET_TOKEN_DATA = 0x0102
RESET_NODE = 0x0104


def firmware(stack: str | None = "8.1.0.0", fw_type: str | None = "zigbee_ncp", program: bytes = b"new") -> bytes:
    """A GBL file with that in its metadata."""
    return build_firmware(FirmwareMetadata(ezsp_version=stack, fw_type=fw_type), program)


class World:
    """One stick; it has power from the start, and a host once it is plugged in."""

    def __init__(self, flash: Flash | None = None, settings: AshSettings | None = None) -> None:
        self.log = Log()
        self.engine = Engine()
        radio = InstantRadio(Medium(self.engine, Topology(), random.Random(0)), EUI64, random.Random(1))
        port = SoftPort(self.engine, radio, SeededStreams(1), self.log, NodeMemory())
        self.flash = flash or Flash(EUI64)
        self.kept = 0
        self.chip = Chip(port, self.flash, random.Random(2), self.log)
        self.chip.kept = self._kept
        self.stick = Stick(self.chip, self.log, settings)
        self.host = Host()
        self.listening = True
        """Whether the host takes what comes for ASH."""
        self.text = bytearray()
        """Everything that the stick has written since this was read last."""
        self.inbox = bytearray()
        self.sequence = 0

    @property
    def now(self) -> int:
        return self.engine.now

    def _kept(self) -> None:
        self.kept += 1

    def _write(self, octets: bytes) -> None:
        self.text += octets
        self.inbox += octets

    # The line

    def plug(self) -> None:
        """A host opens the line."""
        self.inbox.clear()
        self.stick.connected(self._write, self.now)
        self.exchange()

    def unplug(self) -> None:
        self.stick.disconnected(self.now)

    def put(self, octets: bytes) -> None:
        """Octets to the stick, whatever they are."""
        self.stick.received(octets, self.now)
        self.exchange()

    def exchange(self) -> None:
        """Until neither end has anything to say at once."""
        while self.inbox or self.host.out:
            octets = bytes(self.inbox)
            self.inbox.clear()
            if self.listening:
                self.host.received(octets, self.now)
            octets = bytes(self.host.out)
            self.host.out.clear()
            if octets:
                self.stick.received(octets, self.now)

    def wait(self, span: int) -> None:
        """Let time pass, with everything at its moment."""
        until = self.now + span
        while (moment := self._next()) is not None and moment <= until:
            self.engine.run_until(max(self.now, moment))
            if self.listening and self.host.deadline is not None and self.host.deadline <= self.now:
                self.host.on_timeout(self.now)
            self.stick.on_timeout(self.now)
            self.exchange()
        self.engine.run_until(until)

    def _next(self) -> int | None:
        host = self.host.deadline if self.listening else None
        moments = [self.engine.next_event, self.stick.next_timeout(), host]
        return min((moment for moment in moments if moment is not None), default=None)

    def read(self) -> bytes:
        octets = bytes(self.text)
        self.text.clear()
        return octets

    # EZSP

    def connect(self) -> int:
        """ASH from the beginning, and a version agreed on: it."""
        self.listening = True
        self.host.connect(self.now)
        self.exchange()
        self.wait(SECOND)
        assert self.host.connected
        (offered,) = self.ask(bytes((0, 0, 0, 4)))
        version = offered[3]
        (again,) = self.ask(bytes((1, 0, 0, version)))
        assert again[3] == version
        return version

    def ask(self, frame: bytes) -> list[bytes]:
        """An EZSP frame; what comes for it."""
        before = len(self.host.delivered)
        self.host.send(frame, self.now)
        self.exchange()
        return self.host.delivered[before:]

    def frame(self, frame_id: int, parameters: bytes = b"") -> bytes:
        self.sequence = (self.sequence + 1) % 256
        return struct.pack("<BBBH", self.sequence, 0, 1, frame_id) + parameters

    def command(self, frame_id: int, parameters: bytes = b"", *, invalid: bool = False) -> bytes:
        """A command; the parameters of its response, or of the invalidCommand that it is to be answered by."""
        frame = self.frame(frame_id, parameters)
        (answer,) = self.ask(frame)
        assert answer[0] == frame[0]
        assert answer[3:5] == (INVALID_COMMAND if invalid else frame_id).to_bytes(2, "little")
        return answer[5:]

    # The bootloader

    def launch(self) -> None:
        """Into the bootloader, its menu read."""
        assert self.command(LAUNCH, b"\x01") == b"\x00"
        assert self.stick.in_bootloader
        self.listening = False
        self.read()

    def upload(self, file: bytes) -> None:
        """A whole upload, up to the menu after it."""
        self.open_upload()
        for octets in (*frames(file), EOT):
            self.put(octets)
            assert self.read() == ACK
        self.wait(SECOND)

    def open_upload(self) -> None:
        self.put(b"1")
        self.wait(5 * MILLISECOND)
        assert self.read().endswith(POLL)


def power_cycled(world: World) -> World:
    """Another process, with what the stick kept."""
    return World(Flash.from_dict(world.flash.to_dict()))
