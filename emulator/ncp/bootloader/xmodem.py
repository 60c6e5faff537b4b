"""XMODEM-CRC with blocks of 128 octets: the receiver, as the Gecko bootloader has it.

A block is SOH, its number, the number's complement, 128 octets and their CRC-16 (polynomial 0x1021, from 0, most
significant octet first); EOT ends the file.  Each is answered by ACK, NAK or CAN (three times).  Source: Ward
Christensen's protocol with Chuck Forsberg's CRC option, and the receiver of GSDK 4.x (platform/bootloader), which
stops at the first octet that can begin nothing, and takes the last number once more for a repetition unseen.
"""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol

from emulator.core.errors import LocalProtocolError
from emulator.core.events import Report
from emulator.ncp.bootloader.effects import WriteOctets
from emulator.ncp.bootloader.settings import XmodemSettings
from emulator.ncp.bootloader.xmodem_table import XMODEM_TRANSITIONS, XmodemAction, XmodemState, XmodemTrigger

BLOCK_OCTETS: Final = 128
FRAME_OCTETS: Final = 1 + 2 + BLOCK_OCTETS + 2
"""SOH, number and complement, contents, CRC."""
BLOCK_NUMBERS: Final = 256
TOO_LONG: Final = "too-long"
NO_SENDER: Final = "no-sender"


class Control(IntEnum):
    """The octets that control a transfer."""

    SOH = 0x01
    CTRL_C = 0x03
    EOT = 0x04
    ACK = 0x06
    NAK = 0x15
    CAN = 0x18
    C = 0x43


class Inspector(Protocol):
    """Looks at the file while it comes."""

    def fault(self, file: bytearray) -> str | None:
        """What is wrong with what has come so far, machine-readable; None: nothing.  Not to be kept or changed."""

    def whole(self) -> bool:
        """Whether nothing is missing from what `fault` has seen."""


@dataclass(frozen=True, slots=True)
class TransferEnded:
    """The last word of a receiver.

    Attributes:
        file: what was sent, with its padding; None: not a whole one.
        reason: why not, machine-readable: what the inspector said, `TOO_LONG`, `NO_SENDER`, or a trigger of
            `xmodem_table`; None: it is whole.
    """

    file: bytes | None
    reason: str | None = None


XmodemEffect = WriteOctets | TransferEnded

_CANCELLING: Final = frozenset({Control.CAN, Control.CTRL_C, Control.C})
_CAN: Final = bytes([Control.CAN] * 3)

S, T, A = XmodemState, XmodemTrigger, XmodemAction


class XmodemReceiver:
    """Receives one file; it polls from the beginning and ends with exactly one `TransferEnded`.

    It keeps what has been received, never more than `limit` octets rounded up to whole blocks.

    Args:
        limit: octets of the largest file taken, without padding.
        inspector: looks at each block; a file that it does not call whole is refused at its end.
        report: told of every repetition and refusal.
        settings: waits.
    """

    def __init__(
        self, limit: int, inspector: Inspector, report: Report, settings: XmodemSettings | None = None
    ) -> None:
        self.state = S.POLLING
        self._settings = settings or XmodemSettings()
        self._room = -(-limit // BLOCK_OCTETS) * BLOCK_OCTETS
        self._inspector = inspector
        self._report = report
        self._file = bytearray()
        self._frame = bytearray()
        self._begun = False
        self._last = 0
        self._waits = 0
        self._deadline: int | None = None
        self._reason = ""
        self._out: list[XmodemEffect] = []

    def start(self, now: int) -> list[XmodemEffect]:
        """Ask for the first block, for the first time."""
        if self._deadline is not None or self.state is not S.POLLING:
            raise LocalProtocolError("XMODEM: started already")
        self._out = []
        _poll(self, now)
        return self._out

    def next_timeout(self) -> int | None:
        """When `on_timeout` wants to be called (µs), or None."""
        return self._deadline

    def on_timeout(self, now: int) -> list[XmodemEffect]:
        """A wait may be over."""
        self._out = []
        if self._deadline is not None and now >= self._deadline:
            self._waited(now)
        return self._out

    def received(self, octets: bytes, now: int) -> list[XmodemEffect]:
        """Octets of the sender, in pieces of any size; what comes after the end is dropped with a report."""
        self._out = []
        position = 0
        while position < len(octets) and self.state is not S.ENDED:
            if self._frame:
                position = self._collect(octets, position, now)
            else:
                self._begin(octets[position], now)
                position += 1
        if position < len(octets):
            self._report("ncp.xmodem.dropped", "after-end", {"octets": len(octets) - position}, now)
        return self._out

    # What happened

    def _waited(self, now: int) -> None:
        polling = self.state is S.POLLING
        self._waits += 1
        most = self._settings.polls if polling else self._settings.silences
        part = len(self._frame)
        self._frame.clear()
        if most is not None and self._waits >= most:
            self._fire(T.STALLED, now, NO_SENDER if polling else T.STALLED.value)
            return
        if not polling:
            self._report("ncp.xmodem.nak", "silence", {"block": self._next, "octets": part}, now)
        self._fire(T.SILENCE, now)

    def _begin(self, octet: int, now: int) -> None:
        """The octet that says what comes."""
        if octet == Control.SOH:
            self._waits = 0 if self.state is S.POLLING else self._waits
            self._fire(T.BLOCK_BEGUN, now)
        elif octet == Control.EOT:
            whole = self.state is S.RECEIVING and self._inspector.whole()
            self._fire(T.ENDED_WHOLE if whole else T.ENDED_EARLY, now)
        elif octet in _CANCELLING:
            self._fire(T.CANCELLED, now)
        else:
            self._fire(T.NOT_A_HEADER, now, octet=octet)

    def _collect(self, octets: bytes, position: int, now: int) -> int:
        """More of a block; the position after it."""
        end = position + FRAME_OCTETS - len(self._frame)
        self._frame += octets[position:end]
        if len(self._frame) == FRAME_OCTETS:
            frame = bytes(self._frame)
            self._frame.clear()
            self._waits = 0
            self._judge(frame, now)
        return end

    def _judge(self, frame: bytes, now: int) -> None:
        """A frame is there, whatever it is worth."""
        if self._begun and frame[1] == self._last:
            self._report("ncp.xmodem.ack", "repeated", {"block": self._last}, now)
            self._fire(T.BLOCK_REPEATED, now)
        elif (damage := self._damage(frame)) is not None:
            self._report("ncp.xmodem.nak", damage, {"block": self._next, "number": frame[1]}, now)
            self._fire(T.BLOCK_DAMAGED, now)
        else:
            self._take(frame, now)

    def _damage(self, frame: bytes) -> str | None:
        """What is wrong with the frame itself, in the order in which it is looked for."""
        if frame[1] != self._next:
            return "block-number"
        self._begun = True
        if frame[1] + frame[2] != BLOCK_NUMBERS - 1:
            return "complement"
        if crc_hqx(frame[3:], 0):  # over the contents and their own CRC
            return "bad-crc"
        return None

    def _take(self, frame: bytes, now: int) -> None:
        if len(self._file) >= self._room:
            self._fire(T.REFUSED, now, TOO_LONG)
            return
        self._last = frame[1]
        self._file += frame[3 : 3 + BLOCK_OCTETS]
        fault = self._inspector.fault(self._file)
        if fault is None:
            self._fire(T.BLOCK_TAKEN, now)
        else:
            self._fire(T.REFUSED, now, fault)

    @property
    def _next(self) -> int:
        """The number that the next block must have; the first has 1."""
        return (self._last + 1) % BLOCK_NUMBERS

    def _fire(self, trigger: XmodemTrigger, now: int, reason: str | None = None, **fields: object) -> None:
        row = XMODEM_TRANSITIONS[self.state].get(trigger)
        if row is None:
            raise LocalProtocolError(f"XMODEM: {trigger.value} while {self.state.value}")
        self._reason = reason or trigger.value
        self.state = row.next_state
        if row.action is A.CANCEL:
            self._report("ncp.xmodem.cancelled", self._reason, {"octets": len(self._file), **fields}, now)
        ACTIONS[row.action](self, now)


def _poll(receiver: XmodemReceiver, now: int) -> None:
    receiver._out.append(WriteOctets(bytes([Control.C])))
    receiver._deadline = now + receiver._settings.poll_interval


def _collect(receiver: XmodemReceiver, now: int) -> None:
    receiver._frame.append(Control.SOH)
    receiver._deadline = now + receiver._settings.silence


def _acknowledge(receiver: XmodemReceiver, now: int) -> None:
    receiver._out.append(WriteOctets(bytes([Control.ACK])))
    receiver._deadline = now + receiver._settings.silence


def _ask_again(receiver: XmodemReceiver, now: int) -> None:
    receiver._out.append(WriteOctets(bytes([Control.NAK])))
    receiver._deadline = now + receiver._settings.silence


def _complete(receiver: XmodemReceiver, now: int) -> None:  # noqa: ARG001 - the shape of every action
    receiver._deadline = None
    receiver._out += [WriteOctets(bytes([Control.ACK])), TransferEnded(bytes(receiver._file))]
    receiver._file.clear()


def _cancel(receiver: XmodemReceiver, now: int) -> None:  # noqa: ARG001 - as above
    receiver._deadline = None
    receiver._out += [WriteOctets(_CAN), TransferEnded(None, receiver._reason)]
    receiver._file.clear()


ACTIONS: Final[dict[XmodemAction, Callable[[XmodemReceiver, int], None]]] = {
    A.POLL: _poll,
    A.COLLECT: _collect,
    A.ACKNOWLEDGE: _acknowledge,
    A.ASK_AGAIN: _ask_again,
    A.COMPLETE: _complete,
    A.CANCEL: _cancel,
}
