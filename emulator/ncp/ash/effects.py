"""What the link asks of the stick around it, in the order in which it is to be done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WriteOctets:
    """Send these to the host."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Delivered:
    """An EZSP frame from the host: each one once, and in order."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class CallbackLost:
    """A callback of ours for which there was no room; EZSP tells the host by the overflow bit of its next frame."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class ResetRequested:
    """The host wants the stick to start anew: forget all that is not in flash, then call `reset`.

    Until then the link is dead, and further wishes of the kind are part of this one.
    """


@dataclass(frozen=True, slots=True)
class Up:
    """Connected, with nothing sent or received; `code` is why there was a reset."""

    code: int


@dataclass(frozen=True, slots=True)
class Down:
    """Failed: nothing is carried before a reset; `code` is why."""

    code: int


Effect = WriteOctets | Delivered | CallbackLost | ResetRequested | Up | Down
