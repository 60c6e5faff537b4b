"""A stick out of a recording: answers each command with what the recorded one answered to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import bellows.ezsp  # type: ignore[import-untyped]  # as in `exchanges`

from emulator.core.errors import BadInput, DecodeError
from emulator.transports.recording.exchanges import Exchange, Lost, exchanges_of
from emulator.transports.recording.reading import read_recording

_EXTENDED: Final = 0x01
_FORMAT: Final = 0x03
_EXTENDED_OCTETS: Final = 5
_LEGACY_OCTETS: Final = 3
_VERSION: Final = 0
_NOP: Final = bytes((0x00, 0x01, 0x05, 0x00))
"""The command without its sequence number, in the extended format."""
_NOP_ANSWER: Final = bytes((0x80, 0x01, 0x05, 0x00))
_SHOWN: Final = 80


class NotRecorded(BadInput):
    """A stick out of a recording was asked what is not in it: there is nothing to go on with."""


class ReplayedStick:
    """Commands in, answers and what the stick said by itself out.

    A command is known by all its octets but the sequence number.  Asked the n-th time it has its n-th answer, with what
    followed that one; asked more often than it was recorded, the last answer again, alone.

    Args:
        exchanges: what was recorded.
        where: named in errors.
    """

    def __init__(self, exchanges: Sequence[Exchange], where: str) -> None:
        self._where = where
        self._exchanges = exchanges
        self._coming: dict[bytes, deque[Exchange]] = {}
        self._last: dict[bytes, bytes | None] = {}
        for exchange in exchanges:
            self._coming.setdefault(exchange.request[1:], deque()).append(exchange)

    def asked(self, frame: bytes) -> list[bytes | Lost]:
        """What the stick says to a command, under the sequence number of that.

        Raises:
            NotRecorded: it was never asked that.
        """
        known = frame[1:]
        waiting = self._coming.get(known)
        if waiting is None and frame[1:] == _NOP:
            # Asked only to see whether the stick is there, whenever the host has been silent for a while.
            return [frame[:1] + _NOP_ANSWER]
        if waiting is None:
            raise self._never(frame)
        after: Sequence[bytes | Lost] = ()
        if waiting:
            exchange = waiting.popleft()
            self._last[known], after = exchange.answer, exchange.after
        answer = self._last[known]
        said = [] if answer is None else [answer]
        return [each if isinstance(each, Lost) else frame[:1] + each[1:] for each in (*said, *after)]

    def _never(self, frame: bytes) -> NotRecorded:
        number, parameters = _parts(frame)
        names = _names(self._exchanges)
        name = names.get(number, f"command 0x{number:04x}")
        if not any(_parts(one.request)[0] == number for one in self._exchanges):
            what = f"{name} was never asked when this was recorded"
        else:
            shown = parameters.hex()
            shown = f"{shown[:_SHOWN]}..." if len(shown) > _SHOWN else shown
            what = f"{name} was asked when this was recorded, but never with parameters {shown or '(none)'}"
        return NotRecorded(what, where=self._where, allowed="what the recorded host asked its stick")


def replayed_stick(path: Path, where: str) -> ReplayedStick:
    """The stick of a recording.

    Raises:
        BadInput: the file cannot be read or is damaged, or no serial line was recorded.
    """
    session = read_recording(path, serial=True)
    try:
        exchanges = exchanges_of(session.entries)
    except DecodeError as error:
        raise BadInput(f"damaged: {error}", where=where, allowed="a file that --record wrote") from error
    if not exchanges:
        raise BadInput("no stick was asked anything in this recording", where=where, allowed="one made with a stick")
    return ReplayedStick(exchanges, where)


def _parts(frame: bytes) -> tuple[int, bytes]:
    """The number of a command, and its parameters."""
    if len(frame) >= _EXTENDED_OCTETS and frame[2] & _FORMAT == _EXTENDED:
        return int.from_bytes(frame[3:5], "little"), frame[_EXTENDED_OCTETS:]
    return frame[2], frame[_LEGACY_OCTETS:]


def _names(exchanges: Sequence[Exchange]) -> dict[int, str]:
    """Names of commands by number, in the version that the stick answered last."""
    version = 0
    for exchange in exchanges:
        if exchange.answer is not None and _parts(exchange.request)[0] == _VERSION:
            version = next(iter(_parts(exchange.answer)[1]), version)
    protocol = bellows.ezsp.EZSP._BY_VERSION.get(version)
    return {} if protocol is None else {number: name for name, (number, _, _) in protocol.COMMANDS.items()}
