"""Bare radios on a medium, for the tests of both."""

from __future__ import annotations

import random
from collections.abc import Callable

from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.ports.phy import RxFrame, TxResult
from emulator.runtime.engine import Engine
from emulator.transports.memory.medium import Medium
from emulator.transports.memory.radio import Radio
from emulator.transports.memory.topology import Link, Topology
from emulator.zigbee.frames.mac import FrameType, MacFrame, decode, encode
from emulator.zigbee.frames.mac_commands import DataRequest, encode_command

PAN = 0x1A62
CHANNEL = 15


def eui64(number: int) -> Eui64:
    return Eui64(0x00DB_0000_0000_0000 + number)


def data(source: int, destination: int, payload: bytes = b"", sequence: int = 1, *, acknowledge: bool = True) -> bytes:
    return encode(MacFrame(FrameType.DATA, sequence, PAN, destination, PAN, source, payload, acknowledge))


def data_request(source: int, destination: int, sequence: int = 1) -> bytes:
    payload = encode_command(DataRequest())
    return encode(MacFrame(FrameType.COMMAND, sequence, PAN, destination, PAN, source, payload, acknowledge=True))


class Fixed(random.Random):
    """Draws the same number always."""

    def __init__(self, value: float) -> None:
        self.value = value
        super().__init__()

    def random(self) -> float:
        return self.value


class Station:
    """A radio and its user, which keeps what it is told; its number is its short address too."""

    def __init__(self, air: Air, number: int, draw: float | None = None) -> None:
        self.air = air
        self.number = number
        rng = air.streams.stream(f"{number}/csma") if draw is None else Fixed(draw)
        self.radio = Radio(air.medium, eui64(number), rng, CHANNEL)
        self.heard: list[tuple[int, RxFrame]] = []
        self.results: list[tuple[int, TxResult, bool]] = []
        self.on_result: Callable[[TxResult], None] | None = None
        self.radio.attach(self)
        self.radio.address(PAN, number, eui64(number))
        self.radio.listen(True, air.engine.now)

    def received(self, frame: RxFrame, now: int) -> None:
        self.heard.append((now, frame))

    def transmitted(self, result: TxResult, pending: bool, now: int) -> None:
        self.results.append((now, result, pending))
        if self.on_result is not None:
            self.on_result(result)

    def send(self, psdu: bytes) -> None:
        self.radio.submit(psdu, self.air.engine.now)

    @property
    def outcomes(self) -> list[TxResult]:
        return [result for _, result, _ in self.results]

    @property
    def payloads(self) -> list[bytes]:
        return [decode(frame.psdu).payload for _, frame in self.heard]


class Air:
    """A medium with stations; links as the test sets them."""

    def __init__(self, seed: int = 1, capture_db: int = 10) -> None:
        self.engine = Engine()
        self.streams = SeededStreams(seed)
        self.topology = Topology()
        self.frames: list[tuple[int, bytes, int, int, int]] = []
        self.lost: list[tuple[str | None, str]] = []
        self.booked: list[tuple[Eui64, int, bytes]] = []
        self.medium = Medium(
            self.engine,
            self.topology,
            self.streams.stream("air/loss"),
            capture=lambda *frame: self.frames.append(frame),
            report=lambda _, reason, fields, __: self.lost.append((reason, str(fields["to"])[-1])),
            booked=lambda *booking: self.booked.append(booking),
            capture_db=capture_db,
        )

    def stations(self, *numbers: int) -> list[Station]:
        return [Station(self, number) for number in numbers]

    def connect(self, one: int, other: int, rssi: int = -50, loss: float = 0.0) -> None:
        self.topology.connect(eui64(one), eui64(other), Link(rssi, loss))

    def hear(self, sender: int, receiver: int, rssi: int = -50, loss: float = 0.0) -> None:
        """One direction only."""
        self.topology.set(eui64(sender), eui64(receiver), Link(rssi, loss))
