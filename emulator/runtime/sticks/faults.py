"""What is made to go wrong between a virtual stick and its host: the octets of its line, and the stick by itself.

`stick_fault_plan` says what can.  A stick that hangs neither reads nor writes, and its stack goes on; one that is
unplugged has no power, and comes up again with nothing but its flash.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from emulator.core.clock import SECOND
from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.rng import Streams
from emulator.faults.serial_line import FaultyLine, LineFaults
from emulator.ncp.ash.frames import AckFrame, DataFrame, Frame, NakFrame, ResetCode, encode
from emulator.ncp.chip import PACKET_BUFFERS, Chip
from emulator.ncp.lines.ends import Write, nowhere
from emulator.ncp.stick import Stick
from emulator.ports.schedule import Scheduler
from emulator.runtime.sticks.fault_plan import FaultKind, StickFault, StickFaults, parse_faults
from emulator.runtime.sticks.frame_gate import FrameGate, Judge

__all__ = ["FaultyEnd", "FaultyStick", "Pluggable", "StickFault", "StickFaults", "parse_faults"]

EXCHANGE_TIME: Final = 1 * SECOND
"""How long it takes to put another stick, or another firmware, in the place of a stick."""

K = FaultKind
_EXCHANGES: Final = (K.EUI64, K.VERSION)
_AWAY: Final = (K.UNPLUG, *_EXCHANGES)
_OF_OCTETS: Final = (K.LOSE, K.FLIP, K.DOUBLE, K.DELAY, K.JITTER)


class Pluggable(Protocol):
    """What a stick may be plugged into."""

    def unplug(self) -> None:
        """No stick is there: a host loses it, and finds none."""

    def plug(self) -> None:
        """One is there again."""


class FaultyStick(Protocol):
    """The stick of a bench, which may be exchanged for another one."""

    stick: Stick
    chip: Chip
    lines: list[Pluggable]

    def keep(self, *, last: bool = False) -> None:
        """Write what it is to keep."""

    def exchange(self, eui64: Eui64 | None) -> None:
        """Put another stick in its place, with this EUI-64 or any other."""


class FaultyEnd:
    """A stick at the end of a line on which things go wrong; a `LineEnd`.

    Args:
        place: where the stick is.
        faults: what goes wrong, from now on.
        scheduler: when.
        streams, name: where chance comes from.
        report: told of everything that was done to the stick.
    """

    def __init__(
        self,
        place: FaultyStick,
        faults: StickFaults,
        scheduler: Scheduler,
        streams: Streams,
        name: str,
        report: Report,
    ) -> None:
        self._place = place
        self._scheduler = scheduler
        self._report = report
        self._chances = {way: streams.stream(f"{name}/line/{way}") for way in ("in", "out")}
        self._frames = streams.stream(f"{name}/line/frames")
        self._gates = FrameGate(), FrameGate()
        self._free_at = [0, 0]
        """When what was written last in a direction arrives: nothing overtakes it."""
        self._active: list[StickFault] = []
        self._write: Write = nowhere
        self._hosts = 0
        """How many have come: octets on their way to or from one that is gone are lost with it."""
        self._begin: dict[FaultKind, Callable[[StickFault, int], None]] = {
            K.RESET: self._reset,
            K.ERROR: self._fail,
            K.FULL: self._fill,
            **dict.fromkeys(_AWAY, self._unplug),
        }
        self._end: dict[FaultKind, Callable[[StickFault, int], None]] = {
            K.FULL: self._drain,
            **dict.fromkeys(_AWAY, self._plug),
        }
        self._rates_changed()
        for fault in faults.faults:
            if fault.at or fault.kind in self._begin:
                scheduler.call_at(scheduler.now + fault.at, self._due, fault)
            else:
                self.strike(fault, scheduler.now)

    # As LineEnd

    def connected(self, write: Write, now: int) -> None:
        """As `LineEnd`; a stick without power says nothing until it has some."""
        self._hosts += 1
        self._write = write
        for gate in self._gates:
            gate.clear()
        if not self._is_away:
            self._place.stick.connected(self._outwards, now)

    def received(self, octets: bytes, now: int) -> None:
        """As `LineEnd`."""
        if self._is_deaf:
            return
        passed = self._gates[0].write(octets, self._judge(self._judge_from_host))
        at, left = self._from_host.write(passed, now)
        self._free_at[0] = at = max(at, self._free_at[0])
        if at <= now:
            self._place.stick.received(left, now)
        else:
            self._scheduler.call_at(at, self._arrive, left, self._hosts)

    def disconnected(self, now: int) -> None:
        """As `LineEnd`."""
        self._hosts += 1
        self._write = nowhere
        self._place.stick.disconnected(now)

    def _arrive(self, octets: bytes, host: int) -> None:
        if host == self._hosts and not self._is_deaf:
            self._place.stick.received(octets, self._scheduler.now)
            self._place.keep()

    def _outwards(self, octets: bytes) -> None:
        if self._is_deaf:
            return
        now = self._scheduler.now
        passed = self._gates[1].write(octets, self._judge(self._judge_from_stick))
        at, left = self._from_stick.write(passed, now)
        self._free_at[1] = at = max(at, self._free_at[1])
        if at <= now:
            self._write(left)
        else:
            self._scheduler.call_at(at, self._depart, left, self._hosts)

    def _depart(self, octets: bytes, host: int) -> None:
        if host == self._hosts and not self._is_deaf:
            self._write(octets)

    # Frames

    def _judge(self, judge: Judge) -> Judge | None:
        """Nobody looks at frames as long as nothing befalls them; a bootloader has none."""
        wanted = self._amount(K.NAK) or self._amount(K.LOST_ACK)
        return judge if wanted and not self._place.stick.in_bootloader else None

    def _judge_from_host(self, frame: Frame) -> bool:
        if isinstance(frame, DataFrame) and self._befalls(K.NAK):
            self._tell(K.NAK, {"number": frame.frame_number})
            self._write(encode(NakFrame(frame.frame_number)))
            return False
        return self._judge_from_stick(frame)

    def _judge_from_stick(self, frame: Frame) -> bool:
        if isinstance(frame, AckFrame) and self._befalls(K.LOST_ACK):
            self._tell(K.LOST_ACK, {"ack_number": frame.ack_number})
            return False
        return True

    def _befalls(self, kind: FaultKind) -> bool:
        share = self._amount(kind)
        return share > 0 and self._frames.random() < share

    def _tell(self, kind: FaultKind, fields: dict[str, object]) -> None:
        self._report("line.fault", kind.value, fields, self._scheduler.now)

    # What is going wrong

    @property
    def _is_away(self) -> bool:
        return any(fault.kind in _AWAY for fault in self._active)

    @property
    def _is_deaf(self) -> bool:
        """Whether nothing is read and nothing written."""
        return any(fault.kind in (*_AWAY, K.HANG) for fault in self._active)

    def _amount(self, kind: FaultKind) -> float:
        return max((fault.amount for fault in self._active if fault.kind is kind), default=0)

    def strike(self, fault: StickFault, now: int) -> None:
        """Let it go wrong now, whatever its moment, and for as long as it says."""
        if fault.kind not in _OF_OCTETS or fault.at:
            self._report("stick.fault", fault.kind.value, _fields(fault), now)
        begin = self._begin.get(fault.kind)
        if begin is not None:
            begin(fault, now)
        if fault.kind in (K.RESET, K.ERROR):
            return
        self._active.append(fault)
        self._rates_changed()
        lasts = EXCHANGE_TIME if fault.lasts is None and fault.kind in _EXCHANGES else fault.lasts
        if lasts is not None:
            self._scheduler.call_at(now + lasts, self._over, fault)

    def _due(self, fault: StickFault) -> None:
        self.strike(fault, self._scheduler.now)
        self._place.keep()

    def _over(self, fault: StickFault) -> None:
        now = self._scheduler.now
        self._report("stick.fault-over", fault.kind.value, {}, now)
        self._active.remove(fault)
        self._rates_changed()
        end = self._end.get(fault.kind)
        if end is not None:
            end(fault, now)
        self._place.keep()

    def _rates_changed(self) -> None:
        lose, flip, double, delay, jitter = (self._amount(kind) for kind in _OF_OCTETS)
        line = LineFaults(lose, flip, double, round(delay), round(jitter))
        self._from_host = FaultyLine(line, self._chances["in"], self._report)
        self._from_stick = FaultyLine(line, self._chances["out"], self._report)

    # What is done to the stick

    def _reset(self, _: StickFault, now: int) -> None:
        self._place.stick.reset(ResetCode.WATCHDOG, now)

    def _fail(self, _: StickFault, now: int) -> None:
        self._place.stick.fail(ResetCode.ACK_TIMEOUTS, now)

    def _fill(self, _: StickFault, now: int) -> None:  # noqa: ARG002 - the shape of all of them
        self._place.chip.free_buffers = 0

    def _drain(self, _: StickFault, now: int) -> None:  # noqa: ARG002 - as above
        if not any(fault.kind is K.FULL for fault in self._active):
            self._place.chip.free_buffers = PACKET_BUFFERS

    def _unplug(self, _: StickFault, now: int) -> None:
        """It has no power any more."""
        self._hosts += 1
        self._place.stick.power_off(now)
        for line in self._place.lines:
            line.unplug()

    def _plug(self, fault: StickFault, now: int) -> None:
        """It, or what is in its place, has power again."""
        if fault.kind is K.EUI64:
            self._exchange(fault, now)
        elif fault.kind is K.VERSION:
            self._place.chip.speak(int(fault.amount))
        if self._is_away:
            return
        for line in self._place.lines:
            line.plug()
        if self._write is not nowhere:
            self._place.stick.connected(self._outwards, now)

    def _exchange(self, fault: StickFault, now: int) -> None:
        try:
            self._place.exchange(Eui64(int(fault.amount)) if fault.amount else None)
        except BadInput as error:
            self._report("stick.fault", "no-such-stick", {"error": str(error)}, now)


def _fields(fault: StickFault) -> dict[str, object]:
    fields: dict[str, object] = {}
    if fault.kind is K.EUI64:
        fields["eui64"] = eui64_text(int(fault.amount)) if fault.amount else None
    elif fault.amount:
        fields["amount"] = fault.amount
    if fault.lasts is not None:
        fields["us"] = fault.lasts
    return fields
