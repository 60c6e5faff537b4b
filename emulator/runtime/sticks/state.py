"""The file that a virtual stick keeps its flash in: old or new after a kill at any moment, never neither.

Frame counters are stored as a power cut would leave them, and one block further: what was sent between the last
writing and a kill is less than that, so no counter is used twice.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from emulator.core.errors import BadInput, DecodeError
from emulator.core.eui64 import Eui64
from emulator.ncp.flash import Flash
from emulator.observe.part_file import PartFile
from emulator.zigbee.node.memory import NodeMemory
from emulator.zigbee.node.stored import restored_memory, stored_memory
from emulator.zigbee.security.counters import BLOCK, EXHAUSTED, OutgoingCounter

LARGEST_FILE = 4 << 20


def read_state(path: Path) -> tuple[Flash, NodeMemory] | None:
    """What a stick has kept; None where there is no such file.

    Raises:
        BadInput: it cannot be read, or is damaged.
    """
    allowed = "the file of a virtual stick, or no file"
    try:
        if not path.exists():
            return None
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput("too large", where=str(path), allowed=allowed)
        stored: Any = json.loads(path.read_text())
        memory = restored_memory(stored["memory"])
        flash = Flash.from_dict(stored["flash"])
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise BadInput(f"cannot be read: {words}", where=str(path), allowed=allowed) from error
    except (ValueError, TypeError, KeyError, RecursionError, DecodeError) as error:
        raise BadInput(f"damaged: {error}", where=str(path), allowed=allowed) from error
    _step_on(memory)
    return flash, memory


def addresses_in(folder: Path) -> set[Eui64]:
    """The EUI-64s of the sticks whose files lie in a folder; files that are none are passed over."""
    found: set[Eui64] = set()
    for path in sorted(folder.glob("*.json")):
        with suppress(BadInput):
            kept = read_state(path)
            if kept is not None:
                found |= {kept[0].eui64, kept[0].own_eui64}
    return found


def _step_on(memory: NodeMemory) -> None:
    memory.nwk_outgoing = _further(memory.nwk_outgoing)
    for known in memory.link_keys.values():
        known.outgoing = _further(known.outgoing)


def _further(counter: OutgoingCounter) -> OutgoingCounter:
    return OutgoingCounter(min(counter.reserved + BLOCK, EXHAUSTED))


class StickState:
    """Writes one stick's file whenever something in it is another than before.

    Args:
        path: of the file.
        flash, memory: what it holds.
    """

    def __init__(self, path: Path, flash: Flash, memory: NodeMemory) -> None:
        self._path = path
        self._flash = flash
        self._memory = memory
        self._written = ""
        self._seen: tuple[object, ...] = ()
        self._changed = True

    def changed(self) -> None:
        """Something is another than before; `keep` would not notice by itself."""
        self._changed = True

    def keep(self, *, last: bool = False) -> None:
        """Write it, unless nothing has changed; what others sent last is looked at only where it is the `last` time.

        Raises:
            BadInput: it cannot be written.
        """
        seen = self._look()
        if not (last or self._changed or seen != self._seen):
            return
        self._seen, self._changed = seen, False
        text = json.dumps({"flash": self._flash.to_dict(), "memory": stored_memory(self._memory)}, indent=1) + "\n"
        if text == self._written:
            return
        part = PartFile(self._path)
        try:
            part.write(text.encode())
            part.publish()
        except BadInput:
            part.discard()
            raise
        self._written = text

    def _look(self) -> tuple[object, ...]:
        """What changes without anybody saying so, and must not be lost: cheap enough for every call into the stick."""
        memory = self._memory
        reserved = tuple(known.outgoing.reserved for known in memory.link_keys.values())
        return memory.nwk_outgoing.reserved, reserved, len(memory.children), len(memory.addresses), memory.aps_counter
