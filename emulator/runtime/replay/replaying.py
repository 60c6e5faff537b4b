"""Playing a recording: the device again, without clock, loop or stick, and what it does compared to what it did.

The device gets the recorded calls with the recorded `now`, and the recorded answers to what it asks; each call that it
makes must be the one recorded, argument by argument, octet by octet.  What it asks its stack may come in any order and
number, as nothing follows from that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emulator.runtime.replay.player import Difference, Player
from emulator.transports.recording.reading import read_recording

Progress = Callable[[int, int], None]
"""Told every now and then how many entries of how many have been played."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """How a recording played.

    Attributes:
        inputs: calls of the device that were played.
        calls: calls that it made, and that were the same.
        difference: the first that was not; None: all the same.
        notes: what was wrong with the file and did not matter.
    """

    inputs: int
    calls: int
    difference: Difference | None
    notes: tuple[str, ...]


def replay(path: Path, progress: Progress | None = None) -> Replayed:
    """Play the recording of a device, up to the first difference.

    Raises:
        BadInput: it cannot be read, is damaged, or holds no device.
    """
    session = read_recording(path, serial=False)
    player = Player(session, progress)
    player.play()
    return Replayed(player.inputs, player.calls, player.difference, session.notes)


def assert_same(path: Path) -> None:
    """For regression tests: AssertionError, with the first difference, where a device does not do what it did.

    Raises:
        BadInput: as `replay`.
    """
    played = replay(path)
    if played.difference is not None:
        raise AssertionError(f"{path.name}: {played.difference}")
