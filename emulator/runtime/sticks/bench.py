"""Virtual sticks on one air, by the wall clock: what `althan ncp serve` serves, and what tests put hosts on.

`real` air: frames take the time that they take.  `instant`: they take none, only timers do; for hosts outside that are
not to be kept waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Final

from emulator.core.errors import BadInput, LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import EventSink
from emulator.core.rng import Streams
from emulator.ncp.chip import Chip
from emulator.ncp.firmware import SERVED_VERSIONS
from emulator.ncp.flash import Flash
from emulator.ncp.lines.ends import LineEnd
from emulator.ncp.stick import Stick
from emulator.runtime.air import Capture
from emulator.runtime.engine import Engine
from emulator.runtime.identities import eui64_for
from emulator.runtime.recorder import Recorder
from emulator.runtime.sticks.faults import FaultyEnd, Pluggable, StickFaults
from emulator.runtime.sticks.state import StickState, read_state
from emulator.runtime.wall_clock import WallClock
from emulator.transports.memory.instant_radio import InstantRadio
from emulator.transports.memory.medium import Medium
from emulator.transports.memory.radio import Radio
from emulator.transports.memory.soft_port import SoftPort
from emulator.transports.memory.topology import Link, Topology
from emulator.zigbee.node.memory import NodeMemory

REAL: Final = "real"
INSTANT: Final = "instant"
AIRS: Final = (REAL, INSTANT)
MESH: Final = "mesh"
LINE: Final = "line"
TOPOLOGIES: Final = (MESH, LINE)


@dataclass(frozen=True, slots=True)
class BenchSettings:
    """How the sticks stand to each other; BadInput for what there is none of.

    Attributes:
        air: `real` or `instant`.
        topology: `mesh`, everybody hears everybody; `line`, each hears the next one only.
        loss: percent of frames that every link loses.
    """

    air: str = REAL
    topology: str = MESH
    loss: float = 0.0

    def __post_init__(self) -> None:
        if self.air not in AIRS:
            raise BadInput(f"no air is called {self.air!r}", where="--air", allowed=", ".join(AIRS))
        if self.topology not in TOPOLOGIES:
            allowed = ", ".join(TOPOLOGIES)
            raise BadInput(f"no topology is called {self.topology!r}", where="--topology", allowed=allowed)


class StickBench:
    """The air, and the sticks on it; needs a running asyncio loop.

    Args:
        settings: how they stand.
        streams: randomness.
        sinks: told of every event.
        capture: told of every frame.

    Attributes:
        sticks: in the order in which they were added.
        radios: of everybody on the air, by address.
    """

    def __init__(
        self,
        settings: BenchSettings,
        streams: Streams,
        *,
        sinks: tuple[EventSink, ...] = (),
        capture: Capture | None = None,
    ) -> None:
        self.engine = Engine()
        self.recorder = Recorder(list(sinks))
        self.sticks: list[BenchStick] = []
        self.radios: dict[Eui64, Radio] = {}
        self._settings = settings
        self._streams = streams
        self._topology = Topology()
        self._placed: list[Eui64] = []
        self._reserved: set[Eui64] = set()
        self._medium = Medium(
            self.engine,
            self._topology,
            streams.stream("air/loss"),
            capture=capture,
            report=self.recorder.reporter("air"),
        )
        self.clock = WallClock(self.engine)

    def add(
        self, version: int = SERVED_VERSIONS[0], state: Path | None = None, faults: StickFaults | None = None
    ) -> BenchStick:
        """Another stick.

        Args:
            version: EZSP version of a stick that has kept nothing yet.
            state: the file that it keeps its flash in; None: it is forgotten with the bench.
            faults: what goes wrong between it and its host.

        Raises:
            BadInput: no such version, or a file that cannot be used.
        """
        if version not in SERVED_VERSIONS:
            allowed = ", ".join(map(str, SERVED_VERSIONS))
            raise BadInput(f"no stick has EZSP {version}", where="--ezsp", allowed=allowed)
        name = f"stick-{len(self.sticks)}"
        kept = None if state is None else read_state(state)
        flash, memory = kept or (self.fresh_flash(name, version), NodeMemory())
        stick = BenchStick(name, self, *self.parts(name, flash, memory))
        if faults is not None:
            stick.end = FaultyEnd(stick, faults, self.clock, self._streams, name, self.recorder.reporter(name))
        self.sticks.append(stick)
        if state is not None:
            stick.state = StickState(state, flash, memory)
            stick.chip.kept = stick.state.changed
            stick.state.keep()
        return stick

    def reserve(self, eui64s: Iterable[Eui64]) -> None:
        """Addresses that no stick is made with, as sticks that are still to come have them."""
        self._reserved.update(eui64s)

    def fresh_flash(self, name: str, version: int) -> Flash:
        """What a stick has that comes from its maker; its EUI-64 is nobody's."""
        names = chain((name,), (f"{name}/{number}" for number in count(2)))
        taken = self._reserved.union(self._placed)
        return Flash(next(one for each in names if (one := eui64_for(self._streams, each)) not in taken), version)

    def parts(self, name: str, flash: Flash, memory: NodeMemory) -> tuple[Chip, Stick]:
        """What a stick is made of, on this air; it may go by another EUI-64 than its maker's, and so may two.

        Raises:
            BadInput: somebody has its maker's EUI-64.
        """
        port = self.port(flash.eui64, name, memory)
        report = self.recorder.reporter(name)
        chip = Chip(port, flash, self._streams.stream(f"{name}/chip"), report)
        return chip, Stick(chip, report)

    def port(self, eui64: Eui64, name: str, memory: NodeMemory | None = None) -> SoftPort:
        """A stack on this air, for a stick or for a device that needs none.

        Raises:
            BadInput: there is one with that EUI-64.
        """
        make = InstantRadio if self._settings.air == INSTANT else Radio
        try:
            radio = make(self._medium, eui64, self._streams.stream(f"{name}/csma"))
        except LocalProtocolError as error:
            raise BadInput(f"two are {eui64_text(eui64)}", where=name, allowed="an EUI-64 of its own") from error
        for other in self._placed if self._settings.topology == MESH else self._placed[-1:]:
            self._topology.connect(other, eui64, Link(loss=self._settings.loss / 100))
        self._placed.append(eui64)
        self.radios[eui64] = radio
        self.recorder.names[eui64] = name
        return SoftPort(self.engine, radio, self._streams, self.recorder.reporter(name), memory)

    def close(self) -> None:
        """Everything is off from now on; what sticks keep is written."""
        for stick in self.sticks:
            stick.keep(last=True)
        self.clock.close()


class BenchStick:
    """One stick of a bench.

    Attributes:
        name: in events.
        chip: what is inside.
        stick: what speaks EZSP.
        end: the end of its line: the stick itself, unless something is to go wrong on the way.
        state: its file, if it has one.
        lines: what it may be unplugged from.
    """

    def __init__(self, name: str, bench: StickBench, chip: Chip, stick: Stick) -> None:
        self.name = name
        self.chip = chip
        self.stick = stick
        self.end: LineEnd = stick
        self.state: StickState | None = None
        self.lines: list[Pluggable] = []
        self._bench = bench
        self._armed: int | None = None
        stick.woken = self._arm

    def exchange(self, eui64: Eui64 | None) -> None:
        """Put another stick in its place, fresh from its maker; its file stays that of the one before.

        In a `line` it stands at the end.

        Raises:
            BadInput: somebody has this EUI-64.
        """
        self.keep(last=True)
        self.state = None
        flash = self._bench.fresh_flash(self.name, self.chip.flash.version)
        flash.eui64 = flash.eui64 if eui64 is None else eui64
        self.stick.woken = _nothing
        self.chip, self.stick = self._bench.parts(self.name, flash, NodeMemory())
        self._armed = None
        self.stick.woken = self._arm

    def enter(self, function: Callable[[int], None]) -> None:
        """Call into the stick from outside, and let follow what follows."""
        self._bench.clock.enter(function)
        self.keep()

    def keep(self, *, last: bool = False) -> None:
        """Write what it is to keep, where it has a file."""
        if self.state is not None:
            self.state.keep(last=last)

    def _arm(self) -> None:
        """Be woken no later than the stick's earliest deadline; an early wake-up does no harm."""
        at = self.stick.next_timeout()
        if at is not None and (self._armed is None or at < self._armed):
            self._armed = at
            self._bench.engine.call_at(max(at, self._bench.engine.now), self._wake, at)

    def _wake(self, armed: int) -> None:
        if armed == self._armed:
            self._armed = None
            self.stick.on_timeout(self._bench.engine.now)


def _nothing() -> None:
    """A stick that was taken away is not woken."""
