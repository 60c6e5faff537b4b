"""The ASH frames of one direction of a line, each let through or not, out of octets that come in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from emulator.ncp.ash.frames import (
    CANCEL,
    FLAG,
    LONGEST_DATA,
    OVERHEAD,
    XOFF,
    XON,
    Frame,
    FrameError,
    decode,
    unstuff,
)

Judge = Callable[[Frame], bool]
"""Whether a frame may pass."""
_FLAG: Final = bytes((FLAG,))
_LINE_CONTROL: Final = bytes((XON, XOFF))
_MOST: Final = 4 * (LONGEST_DATA + OVERHEAD)
"""Octets without a Flag Byte that are kept: no frame is as long, even with all of it escaped."""


class FrameGate:
    """One direction; what is no frame always passes, and so does everything while there is no judge."""

    def __init__(self) -> None:
        self._held = bytearray()

    def clear(self) -> None:
        """Forget the unfinished frame."""
        self._held.clear()

    def write(self, octets: bytes, judge: Judge | None) -> bytes:
        """What comes through of these octets, and of those that were waiting for the end of their frame."""
        if judge is None and not self._held:
            return octets
        self._held += octets
        passed = b"".join(piece for piece in self._finished() if judge is None or self._may_pass(piece, judge))
        if judge is None or len(self._held) > _MOST:
            passed += bytes(self._held)
            self._held.clear()
        return passed

    def _finished(self) -> Iterator[bytes]:
        *pieces, rest = bytes(self._held).split(_FLAG)
        self._held[:] = rest
        return (piece + _FLAG for piece in pieces)

    def _may_pass(self, piece: bytes, judge: Judge) -> bool:
        body = piece[:-1].rpartition(bytes((CANCEL,)))[2].translate(None, _LINE_CONTROL)
        try:
            frame = decode(unstuff(body))
        except FrameError:
            return True
        return judge(frame)
