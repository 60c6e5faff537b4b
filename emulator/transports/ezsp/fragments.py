"""Long messages, which a stick leaves to its host: cut into blocks here, and put together again.

A block's `group` is the number of blocks (high octet) and its own (low octet); the count is believed in the first
alone.  A window of blocks is acknowledged once it is whole, or when one of them comes again: the sender has missed our
word then, or sends again what it takes for lost.  (ZigBee 2.2.8.4.5, and `sendReply` of EZSP.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from emulator.core.clock import SECOND
from emulator.transports.ezsp.callbacks import APS_LINK_KEY, ApsHeader

MOST_BLOCKS: Final = 255
MOST_MESSAGES: Final = 16
LIFE: Final = 30 * SECOND
"""A message of which nothing more comes is forgotten after this."""
_OCTET: Final = 0xFF


def blocks_of(payload: bytes, size: int) -> tuple[bytes, ...] | None:
    """The payload in blocks of `size` octets; None where they would be too many."""
    if size < 1 or -(-len(payload) // size) > MOST_BLOCKS:
        return None
    return tuple(payload[begin : begin + size] for begin in range(0, len(payload), size))


@dataclass(frozen=True, slots=True)
class Taken:
    """What follows from a block.

    Attributes:
        reply: group of the acknowledgement that is due (bits << 8 | first block of the window), or None.
        whole: the message, when this was the last block that was missing.
        refusal: why the block belongs to no message.
    """

    reply: int | None = None
    whole: bytes | None = None
    refusal: str | None = None


@dataclass(slots=True)
class _Partial:
    header: ApsHeader
    expires: int
    count: int | None = None
    done: bool = False
    come: dict[int, bytes] = field(default_factory=dict)


class Reassembly:
    """The messages that are coming in, by sender and APS counter.

    Args:
        window: blocks between two acknowledgements, 1 to 8; both ends have the same.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._partial: dict[tuple[int, int], _Partial] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._partial.clear()

    def take(self, source: int, aps: ApsHeader, payload: bytes, now: int) -> Taken:
        """One block."""
        number, count = aps.group & _OCTET, aps.group >> 8
        known = self._known(source, aps, count if number == 0 else None, now)
        if (aps.options ^ known.header.options) & APS_LINK_KEY:
            return Taken(refusal="mixed-protection")
        if number == 0:
            if count == 0:
                return Taken(refusal="wrong-fragment-count")
            known.count = count
        if known.count is not None and max((number, *known.come)) >= known.count:
            return Taken(refusal="wrong-fragment-count")
        again = known.done or number in known.come
        known.expires = now + LIFE
        if not again:
            known.come[number] = payload
        return Taken(self._reply(known, number, again), self._whole(known))

    def _known(self, source: int, aps: ApsHeader, count: int | None, now: int) -> _Partial:
        place = source, aps.sequence
        known = self._partial.pop(place, None)
        other = known is not None and None not in (count, known.count) and count != known.count
        if known is None or known.expires <= now or other:
            known = _Partial(aps, now + LIFE)
        if len(self._partial) >= MOST_MESSAGES:
            del self._partial[next(iter(self._partial))]
        self._partial[place] = known
        return known

    def _reply(self, known: _Partial, number: int, again: bool) -> int | None:
        first = number - number % self._window
        end = first + self._window if known.count is None else min(first + self._window, known.count)
        bits = (1 << end - first) - 1
        if not known.done:
            bits = sum(1 << block - first for block in range(first, end) if block in known.come)
        whole = bits == (1 << end - first) - 1
        return bits << 8 | first if whole or again else None

    @staticmethod
    def _whole(known: _Partial) -> bytes | None:
        if known.done or known.count is None or len(known.come) < known.count:
            return None
        known.done = True
        whole = b"".join(known.come[number] for number in range(known.count))
        known.come.clear()
        return whole
