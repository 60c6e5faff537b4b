"""One root seed, and a stream of its own for every purpose.

A new stream never shifts the numbers of another, so adding a device to a run leaves the rest as it was.
"""

from __future__ import annotations

import hashlib
import random
import secrets
from typing import Protocol


class Streams(Protocol):
    """Where randomness comes from: the same name gives the same stream under a seed."""

    def stream(self, name: str) -> random.Random:
        """A generator for one purpose, e.g. `air/loss` or `bridge-1/csma`."""

    def octets(self, name: str, length: int) -> bytes:
        """Fixed octets for one purpose, e.g. a network key."""


class SeededStreams:
    """Every stream is derived from one seed: the same run, every time."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def stream(self, name: str) -> random.Random:
        return random.Random(self._digest(name))

    def octets(self, name: str, length: int) -> bytes:
        return hashlib.shake_256(self._digest(name)).digest(length)

    def _digest(self, name: str) -> bytes:
        return hashlib.sha256(f"{self.seed}/{name}".encode()).digest()


class SystemStreams:
    """The operating system's randomness, for real sticks and PKIs that must not be guessed."""

    def stream(self, name: str) -> random.Random:  # noqa: ARG002 - one source serves every name
        return secrets.SystemRandom()

    def octets(self, name: str, length: int) -> bytes:  # noqa: ARG002 - as above
        return secrets.token_bytes(length)
