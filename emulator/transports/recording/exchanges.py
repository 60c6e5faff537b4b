"""What a recorded stick was asked, and what it said: EZSP frames out of the octets of its serial line.

ASH is read by bellows' own reader.  A frame that was sent again counts once, one that came damaged not at all; what
the stick said by itself belongs to the command before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from bellows.ash import AshProtocol, DataFrame, ErrorFrame, RStackFrame, RstFrame  # type: ignore[import-untyped]  # no marker for type checkers

from emulator.transports.recording.entries import Entry, Kind

_RESPONSE: Final = 0x80
_CALLBACK: Final = 0x18
"""Bits of the control octet: a callback by itself, or one that was fetched."""
_SHORTEST: Final = 3
_MODULUS: Final = 8


@dataclass(frozen=True, slots=True)
class Lost:
    """The stick reset itself, or failed: it says so with this code, and the host has to begin again.

    Attributes:
        code: why.
        failed: it waits for a reset (ERROR), and has not made one (RSTACK).
    """

    code: int
    failed: bool


@dataclass(slots=True)
class Exchange:
    """One command.

    Attributes:
        request: its frame.
        answer: that which answers it; None: nothing did.
        after: what the stick said by itself before it was asked the next one.
    """

    request: bytes
    answer: bytes | None = None
    after: list[bytes | Lost] = field(default_factory=list)


class AshReader(AshProtocol):  # type: ignore[misc]  # its base is untyped
    """The frames in a stream of octets, of either direction."""

    def __init__(self) -> None:
        super().__init__(None)
        self._found: list[Any] = []

    def feed(self, octets: bytes) -> list[Any]:
        """What has been finished by these octets."""
        self._found = []
        self.data_received(octets)
        return self._found

    def frame_received(self, frame: object) -> None:
        """From bellows."""
        self._found.append(frame)

    def _reject_frame(self) -> None:
        """The one who was there has rejected it."""


class _Line:
    """A recorded line, octet by octet."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._opened()

    def _opened(self) -> None:
        self._from_host, self._from_stick = AshReader(), AshReader()
        self._waiting = True
        self._begin()

    def _begin(self) -> None:
        self._host_next = self._stick_next = 0
        self._open: dict[int, Exchange] = {}

    def take(self, entry: Entry) -> None:
        """One entry."""
        if entry.kind is Kind.LINE:
            self._opened()
        elif entry.kind is Kind.TX:
            for frame in self._from_host.feed(entry.octets):
                self._host_said(frame)
        elif entry.kind is Kind.RX:
            for frame in self._from_stick.feed(entry.octets):
                self._stick_said(frame)

    def _host_said(self, frame: object) -> None:
        if isinstance(frame, RstFrame):
            self._waiting = True
        elif isinstance(frame, DataFrame) and frame.frm_num == self._host_next:
            self._host_next = (self._host_next + 1) % _MODULUS
            request = bytes(frame.ezsp_frame)
            if len(request) >= _SHORTEST:
                exchange = Exchange(request)
                self.exchanges.append(exchange)
                self._open[request[0]] = exchange

    def _stick_said(self, frame: object) -> None:
        if isinstance(frame, RStackFrame):
            if not self._waiting:
                self._lost(Lost(int(frame.reset_code), failed=False))
            self._waiting = False
            self._begin()
        elif isinstance(frame, ErrorFrame):
            if not self._waiting:
                self._lost(Lost(int(frame.reset_code), failed=True))
            self._waiting = True
        elif isinstance(frame, DataFrame) and frame.frm_num == self._stick_next:
            self._stick_next = (self._stick_next + 1) % _MODULUS
            self._told(bytes(frame.ezsp_frame))

    def _told(self, frame: bytes) -> None:
        if len(frame) < _SHORTEST:
            return
        asked = None if frame[1] & _CALLBACK else self._open.pop(frame[0], None)
        if asked is not None:
            asked.answer = frame
        elif self.exchanges and frame[1] & _RESPONSE:
            self.exchanges[-1].after.append(frame)

    def _lost(self, loss: Lost) -> None:
        if self.exchanges:
            self.exchanges[-1].after.append(loss)


def exchanges_of(entries: Iterable[Entry]) -> list[Exchange]:
    """Every command that was asked, in order.

    Raises:
        DecodeError: an entry without octets.
    """
    line = _Line()
    for entry in entries:
        line.take(entry)
    return line.exchanges
