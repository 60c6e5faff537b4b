"""Frames out of a stream of octets that comes in pieces of any size and may hold anything (UG101 4.2 and 4.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from emulator.ncp.ash.frames import (
    CANCEL,
    FLAG,
    LONGEST_DATA,
    OVERHEAD,
    RESERVED,
    SUBSTITUTE,
    Damage,
    Frame,
    FrameError,
    decode,
    looks_like_data,
    unstuff,
)

_SIGNAL: Final = re.compile(b"[" + re.escape(RESERVED.replace(b"\x7d", b"")) + b"]")
"""The reserved bytes that mean something by themselves: all but the Escape Byte."""
_WAKE: Final = b"\xff"
"""Between frames a call to wake up; no control byte is like it."""


@dataclass(frozen=True, slots=True)
class DamagedFrame:
    """What stood where a frame should.

    Attributes:
        damage: what is wrong with it.
        control: its first octet; None where nothing of it is left.
    """

    damage: Damage
    control: int | None

    @property
    def looks_like_data(self) -> bool:
        """Whether it was a DATA frame, as far as can be told."""
        return self.control is not None and looks_like_data(self.control)


class AshReader:
    """Holds what has come of the frame that is coming in, never more than one of greatest length with all escapes.

    XON and XOFF are passed over wherever they stand: they belong to the line.

    Args:
        longest_data: octets taken as the data field of a DATA frame, at most 220.
    """

    __slots__ = ("_damage", "_held", "_limit", "_longest_data")

    def __init__(self, longest_data: int = LONGEST_DATA) -> None:
        self._longest_data = longest_data
        # One more than the longest frame, each octet escaped, is enough to know that it is too long.
        self._limit = 2 * (longest_data + OVERHEAD + 1)
        self._held = bytearray()
        self._damage: Damage | None = None

    @property
    def held(self) -> int:
        """Octets of an unfinished frame that are kept."""
        return len(self._held)

    def clear(self) -> None:
        """Forget the unfinished frame."""
        self._held.clear()
        self._damage = None

    def feed(self, octets: bytes) -> list[Frame | DamagedFrame]:
        """What has been finished by these octets, in order; nothing where two Flag Bytes stand side by side."""
        found: list[Frame | DamagedFrame] = []
        position = 0
        for match in _SIGNAL.finditer(octets):
            self._keep(octets[position : match.start()])
            position = match.end()
            item = self._signalled(octets[match.start()])
            if item is not None:
                found.append(item)
        self._keep(octets[position:])
        return found

    def _keep(self, octets: bytes) -> None:
        if not octets or self._damage is not None:
            return
        if not self._held:
            octets = octets.lstrip(_WAKE)
        room = self._limit - len(self._held)
        self._held += octets[:room]
        if len(octets) > room:
            self._damage = Damage.TOO_LONG

    def _signalled(self, signal: int) -> Frame | DamagedFrame | None:
        if signal == SUBSTITUTE:
            self._damage = Damage.LINE_ERROR
        elif signal == CANCEL:
            return self._cancelled()
        elif signal == FLAG:
            return self._finished()
        return None

    def _cancelled(self) -> DamagedFrame | None:
        """A Cancel Byte makes up for a Substitute Byte before it, so that an RST gets through after any noise."""
        octets = self._taken()
        return DamagedFrame(Damage.CANCELLED, octets[0]) if octets else None

    def _finished(self) -> Frame | DamagedFrame | None:
        damage = self._damage
        octets = self._taken()
        if damage is None:
            if not octets:
                return None
            try:
                return decode(octets, self._longest_data)
            except FrameError as error:
                damage = error.damage
        return DamagedFrame(damage, octets[0] if octets else None)

    def _taken(self) -> bytes:
        """The octets held, escapes undone; none are held any more."""
        octets = unstuff(bytes(self._held))
        self.clear()
        return octets
