"""Randomness of a device that lives longer than the program: what names it stays, what must not repeat does not."""

from __future__ import annotations

from random import Random

from emulator.core.rng import SeededStreams


class KeptStreams:
    """A root that is kept in a file: octets follow from it alone, streams from it and the number of the start.

    Addresses, install codes and network keys are octets, so they are the same after every start.  Ephemeral keys and
    jitter come from streams, so they are others each time.

    Args:
        root: nobody is to guess it.
        start: how often the program was started with it, this time included.
    """

    def __init__(self, root: int, start: int) -> None:
        self._root = SeededStreams(root)
        self._start = start

    def stream(self, name: str) -> Random:
        return self._root.stream(f"start-{self._start}/{name}")

    def octets(self, name: str, length: int) -> bytes:
        return self._root.octets(name, length)
