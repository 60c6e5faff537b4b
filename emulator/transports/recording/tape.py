"""What is noted of one device: who called it, what it asked of its stack, and what it was told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from emulator.core.errors import EmulatorError
from emulator.transports.recording.entries import Kind
from emulator.transports.recording.values import Json, encode

Result = TypeVar("Result")
Write = Callable[[dict[str, Json]], None]
ERROR: Final = "error"
"""Key of a result that is an error: its type and its text."""


class Tape:
    """Makes entries of calls, in order; a call of the stack stands behind whatever happened inside it.

    Args:
        write: takes an entry.

    Attributes:
        now: µs of the call that the device is in, or was in last.
        running: whether it is the device that acts now: it has been called, and has called nobody itself.
    """

    def __init__(self, write: Write) -> None:
        self.now = 0
        self.running = False
        self._write = write
        self._depth = 0
        self._made = False
        self._known: dict[tuple[object, ...], object] = {}

    def made(self) -> None:
        """The device is made: what its stack is asked from now on outside a call of it comes from somebody else."""
        self._made = True

    def into(self, name: str, args: Sequence[object], now: int, act: Callable[[], Result]) -> Result:
        """Somebody calls the device, by `act`."""
        fields: dict[str, Json] = {"at": now, Kind.IN.value: name, "args": [encode(each) for each in args]}
        if self._depth:
            fields["nested"] = True
        self._write(fields)
        before = self.now, self.running
        self.now, self.running = now, True
        self._depth += 1
        try:
            return act()
        except Exception as error:
            self._write({"at": now, Kind.RAISED.value: f"{type(error).__name__}: {error}"})
            raise
        finally:
            self._depth -= 1
            self.running = before[1]
            if self._depth:
                self.now = before[0]

    def out(self, name: str, args: Sequence[object], now: int | None, act: Callable[[], Result]) -> Result:
        """The device calls somebody, by `act`; where the device is not running, it is somebody else who calls."""
        kind = Kind.OUT if self.running or not self._made else Kind.OUTSIDE
        fields: dict[str, Json] = {
            "at": self.now if now is None else now, kind.value: name, "args": [encode(each) for each in args]
        }  # fmt: skip
        before, self.running = self.running, False
        try:
            result = act()
        except EmulatorError as error:
            fields["result"] = {ERROR: [type(error).__name__, str(error)]}
            raise
        else:
            if result is not None:
                fields["result"] = encode(result)
            return result
        finally:
            self.running = before
            self._write(fields)

    def ask(self, name: str, args: tuple[int | str, ...], result: Result) -> Result:
        """The device asked something, and was answered; what it knew before is not noted again."""
        if self.running or not self._made:
            place = (name, *args)
            if place not in self._known or self._known[place] != result:
                self._known[place] = result
                given: list[Json] = list(args)
                self._write({"at": self.now, Kind.ASK.value: name, "args": given, "result": encode(result)})
        return result

    def note(self, what: str, fields: Mapping[str, Json], now: int) -> None:
        """A remark, which is not played."""
        self._write({"at": now, Kind.NOTE.value: what, "fields": dict(fields)})
