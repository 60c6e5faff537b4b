"""A radio on the in-memory air whose frames take no time: for hosts outside that keep the wall clock.

The airtime of every frame is booked as ever, but nobody waits for it: no backoff, no collision, the acknowledgement at
once.  Losses and the address filter are those of `Radio`.
"""

from __future__ import annotations

from emulator.transports.memory.medium import Transmission
from emulator.transports.memory.radio import Radio
from emulator.zigbee.frames.mac import acknowledgement


class InstantRadio(Radio):
    """One radio on a `Medium`; a `Phy`.  Those of one medium are all of this kind, or none is."""

    def _back_off(self, now: int) -> None:
        self._scheduler.call_at(now, self._send, self._attempt)

    def _send(self, attempt: int) -> None:
        psdu = self._psdu
        if attempt == self._attempt and psdu is not None:
            self._ended(self._begin(psdu, self._scheduler.now, attempt))

    def _begin(self, psdu: bytes, start: int, attempt: int) -> Transmission:
        """Enter a frame with the airtime that it has, and let it be over already."""
        transmission = self._medium.begin(self, psdu, start, attempt)
        transmission.end = transmission.start
        return transmission

    def _acknowledge(self, transmission: Transmission, sequence: int, pending: bool) -> None:
        answer = self._begin(acknowledgement(sequence, pending), transmission.end, 0)
        self._scheduler.call_at(transmission.end, transmission.sender.acknowledged, transmission, answer, pending)
