"""Ports on virtual sticks for the checks of every port: bellows, ASH, EZSP and real frames, all in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import ExitStack, closing
from functools import partial
from random import Random
from types import TracebackType
from typing import Any, Self, TypeVar

from emulator.core.clock import SECOND
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.ncp.chip import Chip
from emulator.ncp.flash import Flash
from emulator.ncp.lines.memory import MemoryLine
from emulator.ncp.stick import Stick
from emulator.ports.aps import ApsPort
from emulator.runtime.engine import Engine
from emulator.runtime.loop import VirtualLoop
from emulator.transports.ezsp.memory_line import offered
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.port import EzspPort, open_port
from emulator.transports.memory.medium import Medium
from emulator.transports.memory.radio import Radio
from emulator.transports.memory.soft_port import SoftPort
from emulator.transports.memory.topology import Topology
from tests.transports.aps_port_conformance import HUBS

Result = TypeVar("Result")


class StickWorld:
    """A world where every port has a virtual stick of EZSP `version`; to be left in the end."""

    wrong_key = "no-key"
    """All that a stick says of it is that no key came."""

    def __init__(self, version: int) -> None:
        self.reports: list[tuple[str, str | None, dict[str, object]]] = []
        self.ports: list[EzspPort] = []
        self.lines: dict[Eui64, MemoryLine] = {}
        self.chips: dict[Eui64, Chip] = {}
        self.sticks: dict[Eui64, Stick] = {}
        self.faults: list[dict[str, object]] = []
        self._version = version
        self._engine = Engine()
        self._loop = VirtualLoop(self._engine)
        self._loop.set_exception_handler(lambda _, context: self.faults.append(context))
        self._topology = Topology()
        self._streams = SeededStreams(7)
        self._medium = Medium(self._engine, self._topology, self._streams.stream("air/loss"))
        self._offers = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with closing(self._loop), self._offers:
            for port in self.ports:
                self._do(port.close())
            self.run(SECOND)
            assert asyncio.all_tasks(self._loop) == set()
        assert self.faults == []

    def _do(self, what: Coroutine[Any, Any, Result]) -> Result:
        return self._loop.run_until_complete(what)

    @property
    def now(self) -> int:
        return self._engine.now

    def run(self, span: int) -> None:
        self._do(asyncio.sleep(span / SECOND))

    def answer(self, question: Coroutine[Any, Any, Result]) -> Result:
        """What a coroutine of a port returns."""
        return self._do(question)

    def reasons(self, kind: str) -> list[str | None]:
        """Of what was reported of a kind."""
        return [reason for found, reason, _ in self.reports if found == kind]

    def port(self, eui64: Eui64) -> ApsPort:
        if eui64 not in HUBS:
            for hub in HUBS:
                self._topology.connect(hub, eui64)
        port = self._do(self._opened(eui64, self._stick(eui64)))
        self.ports.append(port)
        return port

    def _stick(self, eui64: Eui64) -> Stick:
        name = f"{eui64:x}"
        radio = Radio(self._medium, eui64, self._streams.stream(f"{name}/csma"))
        port = SoftPort(self._engine, radio, self._streams, self._report)
        self.chips[eui64] = chip = Chip(
            port, Flash(eui64, self._version), self._streams.stream(f"{name}/chip"), self._report
        )
        self.sticks[eui64] = stick = Stick(chip, self._report)
        stick.woken = partial(self._arm, stick)
        return stick

    async def _opened(self, eui64: Eui64, stick: Stick) -> EzspPort:
        self.lines[eui64] = line = MemoryLine(stick, lambda function: function(self.now))
        line.open()
        address = self._offers.enter_context(offered(line))
        return await open_port(partial(open_stick, address), Random(1), self._report, lambda: self.now)

    def _arm(self, stick: Stick) -> None:
        """Be woken at its earliest deadline; an early wake-up does no harm."""
        at = stick.next_timeout()
        if at is not None:
            self._engine.call_at(max(at, self.now), self._wake, stick, at)

    def _wake(self, stick: Stick, armed: int) -> None:
        if stick.next_timeout() == armed:
            stick.on_timeout(self.now)

    def _report(self, kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
        self.reports.append((kind, reason, fields))
