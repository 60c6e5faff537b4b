"""Long messages whose blocks the device above counts itself, as an EZSP stick leaves it to its host.

The stack sends each block as a message of its own, with retries until an acknowledgement names it; blocks that come are
passed up one by one, repetitions too, and the device says what is acknowledged.  An acknowledgement that it gives is
sent for blocks that have come here alone: some hosts set every bit of it, which EmberZNet's own asks of the bits beyond
the window, and one that believes it would not send again what was lost (what a real stick does is not known).

Sources: EZSP's APS option for fragments, its `groupId` (number of blocks or bitfield, and block) and `sendReply`, as
bellows and the fragmentation plug-in of EmberZNet use them.
"""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.errors import LocalProtocolError
from emulator.zigbee.frames.aps import Fragment, FragmentKind
from emulator.zigbee.node.fragments import MAX_WINDOW, REASSEMBLY_LIFE
from emulator.zigbee.node.headers import ApsHeader

MAX_MESSAGES = 32
"""Messages whose blocks are known at a time; none of their octets are kept."""

_OCTET = 0xFF
_WINDOW_BITS = (1 << MAX_WINDOW) - 1


def place_of(fragment: Fragment) -> tuple[int, int | None]:
    """Number of a block of data, from 0; and how many there are, where it is the first."""
    return (0, fragment.block) if fragment.kind is FragmentKind.FIRST else (fragment.block, None)


@dataclass(slots=True)
class _Message:
    """What is known of a message; bit i of `come` is set once block i has come."""

    header: ApsHeader
    count: int | None
    come: int = 0
    expires: int = 0

    def is_over(self, count: int | None) -> bool:
        """Whether a first block says another number, so that its sender uses the counter for another message now."""
        return count is not None and self.count is not None and count != self.count


class ReceivedBlocks:
    """Which blocks came of late, by sender and APS counter."""

    def __init__(self) -> None:
        self._messages: dict[tuple[int, int], _Message] = {}

    def take(self, source: int, header: ApsHeader, fragment: Fragment, now: int) -> str | None:
        """Note a block; why it belongs to no message, or None."""
        number, count = place_of(fragment)
        place = source, header.counter
        known = self._messages.pop(place, None)
        if known is None or known.expires <= now or known.is_over(count):
            known = _Message(header, count)
        refusal = _refusal(known, header, number, count)
        if refusal is None:
            known.count = known.count if count is None else count
            known.come |= 1 << number
            known.expires = now + REASSEMBLY_LIFE
        if known.come:
            self._keep(place, known)
        return refusal

    def forget(self, source: int) -> None:
        """A device began anew: its counters may repeat."""
        self._messages = {place: message for place, message in self._messages.items() if place[0] != source}

    def _keep(self, place: tuple[int, int], message: _Message) -> None:
        """As the latest one, at the cost of the one that was silent for longest."""
        if len(self._messages) >= MAX_MESSAGES:
            del self._messages[next(iter(self._messages))]
        self._messages[place] = message

    def acknowledgement(self, source: int, counter: int, block: int, bitfield: int, now: int) -> tuple[ApsHeader, int]:
        """Header of the blocks, and the bits of those that are to be acknowledged and have come.

        Raises:
            LocalProtocolError: nothing of that message has come of late, or a value does not fit its octet.
        """
        known = self._messages.get((source, counter))
        if known is None or known.expires <= now:
            raise LocalProtocolError(f"no block of message {counter} has come from {source:04x} of late")
        if not (0 <= block <= _OCTET and 0 <= bitfield <= _OCTET):
            raise LocalProtocolError("block and bitfield of an acknowledgement are octets")
        return known.header, known.come >> block & bitfield & _WINDOW_BITS


def _refusal(known: _Message, header: ApsHeader, number: int, count: int | None) -> str | None:
    if header.security is not known.header.security:
        return "mixed-protection"
    declared = known.count if count is None else count
    return "wrong-fragment-count" if declared is not None and number >= declared else None


class SentBlocks:
    """Blocks of ours that wait to be acknowledged: their handles, by destination and APS counter of the message."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, int], dict[int, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, destination: int, counter: int, handle: int, block: int) -> None:
        """A block goes out."""
        self._waiting.setdefault((destination, counter), {})[handle] = block

    def remove(self, destination: int, counter: int, handle: int) -> None:
        """What became of it is known."""
        blocks = self._waiting.get((destination, counter), {})
        blocks.pop(handle, None)
        if not blocks:
            self._waiting.pop((destination, counter), None)

    def named(self, destination: int, counter: int, base: int, bitfield: int) -> list[int]:
        """The handles of those that an acknowledgement names: bit i is block `base` + i."""
        blocks = self._waiting.get((destination, counter), {})
        return [handle for handle, block in blocks.items() if block >= base and bitfield >> (block - base) & 1]
