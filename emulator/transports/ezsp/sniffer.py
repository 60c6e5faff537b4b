"""A stick that listens to a channel by the functions of manufacturing; it is in no network meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from emulator.core.errors import BadInput
from emulator.transports.ezsp.callbacks import Callback, FrameHeard
from emulator.transports.ezsp.stick import Stick, StickLost, StickRefused
from emulator.zigbee.frames.mac import FCS_OCTETS, fcs

MOST_WAITING: Final = 10_000
"""Frames that wait to be taken; a channel carries some hundred a second."""
_SHORTEST: Final = 5
"""Octets of an acknowledgement."""
_END_WITHIN_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class SniffedFrame:
    """One frame.

    Attributes:
        at: µs of whatever clock the sniffer has, when the host was told.
        psdu: MAC header to FCS; the FCS is computed, because sticks put other things in its place.
        rssi: dBm.
        lqi: 0 to 255.
    """

    at: int
    psdu: bytes
    rssi: int
    lqi: int


class Sniffer:
    """The `StickUser` that takes what is heard.

    Args:
        clock: µs.

    Attributes:
        dropped: frames that nobody took in time, or that are none.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self.dropped = 0
        self._clock = clock
        self._lost: str | None = None
        self._frames: asyncio.Queue[SniffedFrame | None] = asyncio.Queue(MOST_WAITING)

    def heard(self, callback: Callback) -> None:
        """From the stick."""
        if not isinstance(callback, FrameHeard):
            return
        if len(callback.octets) < _SHORTEST or self._frames.full():
            self.dropped += 1
            return
        frame = callback.octets[:-FCS_OCTETS]
        psdu = frame + fcs(frame).to_bytes(FCS_OCTETS, "little")
        self._frames.put_nowait(SniffedFrame(self._clock(), psdu, callback.rssi, callback.lqi))

    def lost(self, reason: str) -> None:
        """The stick is gone; what it said before is still to be had."""
        self._lost = reason
        if not self._frames.full():
            self._frames.put_nowait(None)

    async def next(self, within_s: float) -> SniffedFrame | None:
        """The next frame; None where there is none in time.

        Raises:
            StickLost: there will be none any more.
        """
        frame = None
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                frame = await self._frames.get()
        if frame is None and self._lost is not None and self._frames.empty():
            raise StickLost(self._lost)
        return frame


@asynccontextmanager
async def listening(stick: Stick, sniffer: Sniffer, channel: int, where: str) -> AsyncIterator[None]:
    """Let a stick that was reset listen, and tell it to stop at the end, however that comes.

    Raises:
        BadInput: its firmware does not listen.
    """
    stick.user = sniffer
    try:
        await stick.must("mfglibStart", rxCallback=True)
    except StickRefused as refusal:
        what = f"the stick does not listen ({refusal}): its firmware has no functions of manufacturing, or is busy"
        raise BadInput(what, where=where) from refusal
    try:
        await stick.must("mfglibSetChannel", channel=channel)
        yield
    finally:
        # It may be gone; what is wrong then has been told already.
        with suppress(StickLost, StickRefused, TimeoutError):
            async with asyncio.timeout(_END_WITHIN_S):
                await stick.ask("mfglibEnd")
