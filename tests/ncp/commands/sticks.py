"""Sticks on one air in virtual time, each with a host of ours that asks by the names of EZSP."""

from __future__ import annotations

import random
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.core.clock import SECOND
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.ncp.chip import Chip
from emulator.ncp.commands.callbacks import Callbacks
from emulator.ncp.commands.catalogue import commands as catalogue
from emulator.ncp.commands.session import Departure
from emulator.ncp.ezsp.command import Command
from emulator.ncp.ezsp.record import Field
from emulator.ncp.ezsp.status import Status
from emulator.ncp.ezsp.wire import Integer
from emulator.ncp.flash import Flash
from emulator.ncp.session import Session
from emulator.ncp.tables import commands
from emulator.runtime.engine import Engine
from emulator.transports.memory.instant_radio import InstantRadio
from emulator.transports.memory.medium import Medium
from emulator.transports.memory.soft_port import SoftPort
from emulator.transports.memory.topology import Topology
from emulator.zigbee.node.memory import NodeMemory
from tests.ncp.bootloader.host import Log

FIRST_EUI64 = 0x00DB_1200_0000_0001
CHANNEL = 15
PAN_ID = 0x1A2B
EXTENDED_PAN_ID = 0x00DB_1200_0000_00FF
NETWORK_KEY = bytes(range(16))
CODE_KEY = bytes.fromhex("66b6900981e1ee3ca4206b6b861c02bb")
"""What the hash of an install code is."""
ROUTER, SLEEPY = 2, 4
HAVE_PRECONFIGURED_KEY, HAVE_NETWORK_KEY = 0x0100, 0x0200
PARAMETERS = {"extendedPanId": EXTENDED_PAN_ID, "panId": PAN_ID, "radioChannel": CHANNEL}
OWN_SECURITY = {
    "bitmask": HAVE_PRECONFIGURED_KEY | HAVE_NETWORK_KEY,
    "preconfiguredKey": CODE_KEY[::-1],
    "networkKey": NETWORK_KEY,
}

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """A callback as the host had it; statuses are those of the stick, and have been compared with the octets."""

    name: str
    values: Values

    def __getitem__(self, field: str) -> Any:
        return self.values[field]


def _is_status(field: Field) -> bool:
    """Not all that is called so is one: networkState's and getLibraryStatus's are numbers of their own."""
    return not isinstance(field.wire, Integer)


class HostedStick:
    """One stick and its host."""

    def __init__(self, air: Air, flash: Flash, memory: NodeMemory | None = None) -> None:
        self.air = air
        self.flash = flash
        self.memory = memory or NodeMemory()
        self.log = Log()
        self.heard: list[Heard] = []
        self.departures: list[Departure] = []
        self.sequence = 0
        self.kept = 0
        radio = InstantRadio(air.medium, flash.own_eui64, random.Random(int(flash.eui64)))
        port = SoftPort(air.engine, radio, SeededStreams(1), self.log, self.memory)
        self.chip = Chip(port, flash, random.Random(2), self.log)
        self.chip.callback = self._callback
        self.chip.kept = self._keep
        self.chip.attach(Callbacks(self.chip))
        self.session = Session(self.chip, catalogue(lambda departure, _: self.departures.append(departure)), self.log)

    @property
    def version(self) -> int:
        return self.flash.version

    @property
    def eui64(self) -> int:
        return int(self.flash.own_eui64)

    def command(self, name: str) -> Command:
        return commands(self.version).named(name)

    def _keep(self) -> None:
        self.kept += 1

    # Octets

    def put(self, frame: bytes) -> bytes | None:
        """A frame of the host, whatever it is; what answers it."""
        answer = self.session.obey(frame, self.air.engine.now)
        self.air.engine.run_for(0)
        return answer

    def frame(self, name: str, values: Values) -> bytes:
        command = self.command(name)
        assert values.keys() <= command.request.names | command.absent.keys()
        own = {field: value for field, value in values.items() if field in command.request.names}
        return self.raw(command.frame_id, command.request.write(own))

    def raw(self, frame_id: int, parameters: bytes = b"") -> bytes:
        self.sequence = (self.sequence + 1) % 256
        return struct.pack("<BBBH", self.sequence, 0, 1, frame_id) + parameters

    # Commands

    def answered(self, name: str, values: Values) -> Values:
        """The response to a command, whatever its status."""
        answer = self.put(self.frame(name, values))
        assert answer is not None
        assert answer[:2] == bytes((self.sequence, 0x80))
        command = self.command(name)
        assert int.from_bytes(answer[3:5], "little") == command.frame_id
        read, end = command.response.read(answer, 5)
        assert end == len(answer)
        return read

    def ask(self, name: str, **values: Any) -> Values:
        """A command that is to succeed."""
        answer = self.answered(name, values)
        if any(field.name == "status" and _is_status(field) for field in self.command(name).response.fields):
            assert answer["status"] == self.number(name, Status.SUCCESS)
        return answer

    def refused(self, name: str, status: Status, **values: Any) -> None:
        """A command that is to be answered by this status."""
        assert self.answered(name, values)["status"] == self.number(name, status)

    def number(self, name: str, status: Status) -> int:
        """What a status is in the response or callback of that name."""
        (field,) = (field for field in self.command(name).response.fields if field.name == "status")
        return int(field.wire.read(field.wire.write(status), 0)[0])

    def agree(self) -> None:
        """The first thing every host does."""
        version = self.session.obey(bytes((0, 0, 0, 4)), self.air.engine.now)
        assert version is not None
        self.ask("version", desiredProtocolVersion=version[3])

    def power_cycle(self) -> None:
        """A reset, and a host that begins again."""
        self.reset()
        self.agree()

    def reset(self) -> None:
        self.chip.reset(self.air.engine.now)
        self.session.reset()
        self.heard.clear()

    # Callbacks

    def _callback(self, name: str, values: Values, now: int) -> None:
        octets = self.session.callback(name, values)
        if octets is None:
            return
        assert octets[:2] == bytes((self.sequence, 0x90))
        read, end = self.command(name).response.read(octets, 5)
        assert end == len(octets)
        status = values.get("status")
        if isinstance(status, Status):
            assert read["status"] == self.number(name, status)
            read = {**read, "status": status}
        self.heard.append(Heard(name, read))

    def all_heard(self, name: str) -> list[Heard]:
        """Take the callbacks of one name out of what was heard."""
        found = [one for one in self.heard if one.name == name]
        self.heard = [one for one in self.heard if one.name != name]
        return found

    def one_heard(self, name: str) -> Heard:
        (found,) = self.all_heard(name)
        return found

    def statuses(self) -> list[Status]:
        """What stackStatusHandler said."""
        return [one["status"] for one in self.all_heard("stackStatusHandler")]

    # Networks

    def form(self) -> None:
        """A network, with this stick as its coordinator."""
        self.ask("setInitialSecurityState", state=OWN_SECURITY)
        self.ask("formNetwork", parameters=PARAMETERS)
        self.air.run(1)
        assert self.statuses() == [Status.NETWORK_UP]

    def begin_join(self, key: bytes = CODE_KEY, node_type: int = ROUTER, **parameters: int) -> None:
        state = {"bitmask": HAVE_PRECONFIGURED_KEY, "preconfiguredKey": key}
        self.ask("setInitialSecurityState", state=state)
        self.ask("joinNetwork", nodeType=node_type, parameters={**PARAMETERS, **parameters})

    def node_id(self) -> int:
        return int(self.ask("getNodeId")["nodeId"])


class Air:
    """The air, and time."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.topology = Topology()
        self.medium = Medium(self.engine, self.topology, random.Random(0))
        self.sticks: list[HostedStick] = []

    def bare(self, version: int) -> HostedStick:
        """A stick that hears all others, with a host that has not yet said anything."""
        flash = Flash(Eui64(FIRST_EUI64 + len(self.sticks)), version)
        stick = HostedStick(self, flash)
        for other in self.sticks:
            self.topology.connect(other.flash.eui64, flash.eui64)
        self.sticks.append(stick)
        return stick

    def stick(self, version: int) -> HostedStick:
        stick = self.bare(version)
        stick.agree()
        return stick

    def run(self, seconds: float) -> None:
        until = self.engine.now + round(seconds * SECOND)
        while (at := self._due()) is not None and at <= until:
            self.engine.run_until(max(at, self.engine.now))
            for stick in self.sticks:
                stick.chip.on_timeout(self.engine.now)
        self.engine.run_until(until)

    def _due(self) -> int | None:
        """When the first chip wants to be woken."""
        return min((at for stick in self.sticks if (at := stick.chip.next_timeout()) is not None), default=None)

    def part(self, one: HostedStick, other: HostedStick) -> None:
        """Let two sticks not hear each other."""
        for sender, receiver in ((one, other), (other, one)):
            self.topology.set(sender.flash.eui64, receiver.flash.eui64, None)

    def pair(self, version: int, node_type: int = ROUTER) -> tuple[HostedStick, HostedStick]:
        """A coordinator, and a device that has joined it with the key of its install code."""
        hub, device = self.stick(version), self.stick(version)
        hub.form()
        admit(hub, device)
        device.begin_join(node_type=node_type)
        self.run(10)
        assert device.statuses() == [Status.NETWORK_UP]
        return hub, device


def admit(hub: HostedStick, device: HostedStick, key: bytes = CODE_KEY) -> None:
    """Let one device join for a minute."""
    hub.ask("importTransientKey", eui64=device.eui64, plaintextKey=key)
    hub.ask("permitJoining", duration=60)
