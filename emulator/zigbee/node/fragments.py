"""APS fragmentation: a long ASDU in numbered blocks, a window of them acknowledged at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.core.clock import SECOND

WINDOW = 3
"""Blocks sent before an acknowledgement is awaited, where nothing else is said."""
MAX_WINDOW = 8
"""Blocks that one acknowledgement can name (apscMaxWindowSize allows 1 to 8)."""
MAX_BLOCKS = 64
"""Blocks taken from a peer at most: about 4.5 KB, three times a tunnel's transfer size."""
MAX_REASSEMBLIES = 8
REASSEMBLY_LIFE = 10 * SECOND


def split(payload: bytes, block_octets: int) -> list[bytes]:
    """The blocks of an ASDU."""
    return [payload[start : start + block_octets] for start in range(0, len(payload), block_octets)]


@dataclass(slots=True)
class Outbound:
    """The sender's side.

    Attributes:
        blocks: all of them.
        base: first block of the window under way.
        missing: blocks of that window not acknowledged yet, in order.
        window: blocks of a window.
    """

    blocks: list[bytes]
    window: int = WINDOW
    base: int = 0
    missing: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._open_window()

    def _open_window(self) -> None:
        self.missing = list(range(self.base, min(self.base + self.window, len(self.blocks))))

    def acknowledged(self, base: int, bitfield: int) -> bool:
        """Take an acknowledgement; whether the whole message has arrived.

        It names blocks from `base` on, any one of the window: not everybody counts from the first.
        """
        if self.base <= base < self.base + self.window:
            self.missing = [block for block in self.missing if block < base or not bitfield >> (block - base) & 1]
            if not self.missing:
                self.base += self.window
                self._open_window()
        return not self.missing


@dataclass(slots=True)
class Inbound:
    """The receiver's side of one message.

    Attributes:
        secured: its blocks come under the link key.
        window: blocks of a window.
        total: how many blocks it has, as the first one says; None before that has come.
        blocks: by number; empty octets once the message is `done`, when only acknowledgements may be asked for again.
    """

    expires: int
    secured: bool
    window: int = WINDOW
    total: int | None = None
    blocks: dict[int, bytes] = field(default_factory=dict)
    done: bool = False

    def refusal(self, number: int, total: int | None, secured: bool) -> str | None:
        """Why a block cannot belong to this message, or None; `total` is None in all blocks but the first."""
        if secured is not self.secured:
            return "mixed-protection"
        declared = self.total if total is None else total
        highest = max(number, *self.blocks) if self.blocks else number
        if declared == 0 or (total is not None and self.total not in (None, total)):
            return "wrong-fragment-count"
        return "wrong-fragment-count" if declared is not None and highest >= declared else None

    def take(self, number: int, total: int | None, payload: bytes) -> None:
        """Keep a block."""
        if total is not None:
            self.total = total
        self.blocks.setdefault(number, payload)

    def window_of(self, number: int) -> tuple[int, int]:
        """First block and bitfield of the window that a block belongs to."""
        base = number - number % self.window
        return base, sum(1 << index for index in range(self.window) if base + index in self.blocks)

    def window_complete(self, number: int) -> bool:
        """Whether every block of the window that `number` belongs to is there."""
        base = number - number % self.window
        end = base + self.window if self.total is None else min(base + self.window, self.total)
        return all(block in self.blocks for block in range(base, end))

    def whole(self) -> bytes | None:
        """The message, once every block is there; only once, as its octets are not kept any longer."""
        if self.done or self.total is None or len(self.blocks) < self.total:
            return None
        message = b"".join(self.blocks[number] for number in range(self.total))
        self.done = True
        self.blocks = dict.fromkeys(self.blocks, b"")
        return message


class Reassembly:
    """Messages being put together, by sender and APS counter; bounded in number, size and time.

    Args:
        window: blocks that their senders send before they await an acknowledgement.
    """

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._inbound: dict[tuple[int, int], Inbound] = {}

    def open(self, source: int, counter: int, secured: bool, now: int) -> Inbound | None:
        """The message that a block belongs to; None where too many are under way."""
        self._inbound = {key: inbound for key, inbound in self._inbound.items() if inbound.expires > now}
        known = self._inbound.get((source, counter))
        if known is None:
            if len(self._inbound) >= MAX_REASSEMBLIES and not self._drop_one_done():
                return None
            known = self._inbound[source, counter] = Inbound(now + REASSEMBLY_LIFE, secured, self._window)
        known.expires = now + REASSEMBLY_LIFE
        return known

    def begin_anew(self, source: int, counter: int) -> None:
        """The sender uses this counter for another message now: forget the one that is done."""
        known = self._inbound.get((source, counter))
        if known is not None and known.done:
            del self._inbound[source, counter]

    def forget(self, source: int) -> None:
        """Forget what one sender sent."""
        self._inbound = {key: inbound for key, inbound in self._inbound.items() if key[0] != source}

    def _drop_one_done(self) -> bool:
        for key, inbound in self._inbound.items():
            if inbound.done:
                del self._inbound[key]
                return True
        return False
