"""One pass through the recording of a device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from emulator.core.clock import SECOND
from emulator.core.errors import BadInput, DecodeError, EmulatorError, LocalProtocolError, RemoteProtocolError
from emulator.devices.bridge.battery import RadioUse
from emulator.devices.bridge.model import Bridge
from emulator.devices.hub.model import CommsHub
from emulator.runtime.replay.ends import ReplayedComputer, ReplayedGatewayUser, ReplayedKeys, ReplayedPort
from emulator.runtime.replay.recorded_device import eui64_of, remade
from emulator.runtime.replay.recording import entries_of
from emulator.transports.recording.entries import Entry, Kind
from emulator.transports.recording.reading import RecordedSession
from emulator.transports.recording.tape import ERROR
from emulator.transports.recording.values import Json, decode, encode

_SHOWN: Final = 200
_TELL_EVERY: Final = 1_000
_SKIPPED: Final = frozenset((Kind.OUTSIDE, Kind.NOTE))
_NOTHING: Final = "nothing"
_ERRORS: Final = {each.__name__: each for each in (DecodeError, LocalProtocolError, RemoteProtocolError)}
_ROOT: Final = "argument"


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that was otherwise.

    Attributes:
        line: of the recording.
        at: µs.
        during: the recorded call of the device that it happened in.
        recorded, came: what there was, and what there is.
        place: where in a call the first difference is; empty where they are different calls altogether.
    """

    line: int
    at: int
    during: str
    recorded: str
    came: str
    place: str = ""

    def __str__(self) -> str:
        where = f", {self.place}" if self.place else ""
        return (
            f"line {self.line}, at {self.at / SECOND:.6f} s, in {self.during}{where}: "
            f"recorded {self.recorded}, came {self.came}"
        )


class _Differs(Exception):
    """It makes no sense to go on: something is not the same, or a recording that was cut short is over."""


class _Damaged(BadInput):
    """What is recorded cannot have happened."""


class Player:
    """Plays a recording once.

    Args:
        session: what was read.
        progress: told how many entries of how many have been played.

    Attributes:
        inputs, calls: as in `Replayed`.
        difference: the first.
    """

    def __init__(self, session: RecordedSession, progress: Callable[[int, int], None] | None = None) -> None:
        self.inputs = 0
        self.calls = 0
        self.difference: Difference | None = None
        self._session = session
        self._progress = progress
        self._where = str(session.path)
        self._entries = session.entries
        self._next = 0
        self._depth = 0
        self._over = False
        """A recording that was cut short is at its end."""
        self._now = 0
        self._during = "making the device"
        self._answers: dict[tuple[str, str], Json] = {}
        self._jobs: list[Callable[[int], None] | None] = []
        self._places: dict[str, int] = {}
        self._device: Bridge | CommsHub | None = None

    def play(self) -> None:
        """All of it, or up to the first difference.

        Raises:
            BadInput: it is damaged, or holds no device.
        """
        try:
            self._make()
            while (entry := self._peek()) is not None:
                self._input(entry)
                if self._progress is not None and self.inputs % _TELL_EVERY == 0:
                    self._progress(self._next, len(self._entries))
        except _Differs:
            return

    def _make(self) -> None:
        header = self._session.header
        port = ReplayedPort(self, eui64_of(header, self._where))
        device = remade(header, port, ReplayedComputer(self), ReplayedKeys(self).own_keys, self._where)
        if isinstance(device, Bridge) and device.supply is not None:
            device.supply.battery.radio = lambda: RadioUse(*self.ask("radio_use"))
        self._device = device
        self._places = entries_of(type(device))

    # What goes in

    def _peek(self) -> Entry | None:
        """The next entry that something follows from; answers on the way are learned."""
        while self._next < len(self._entries):
            entry = self._entries[self._next]
            if entry.kind is Kind.ASK:
                self._answers[entry.name, str([*entry.args])] = entry.result
            elif entry.kind not in _SKIPPED:
                return entry
            self._next += 1
        return None

    def _input(self, entry: Entry) -> None:
        """Play one call of the device, and see that it makes all the calls that it made then."""
        if entry.kind is not Kind.IN or entry.nested is not bool(self._depth):
            self._differ(entry, _call(entry), _NOTHING)
        act = self._act_of(entry)
        self._next += 1
        self.inputs += 1
        before = self._during, self._now
        self._during, self._now = _call(entry), entry.at
        self._depth += 1
        error = _error_of(act)
        self._depth -= 1
        if self.difference is not None or self._over:
            # A device that caught it goes no further all the same.
            raise _Differs
        self._ended(entry, error)
        self._during, self._now = before

    def _ended(self, entry: Entry, error: Exception | None) -> None:
        """The device has returned from a call."""
        following = self._peek()
        came = "no error" if error is None else f"{type(error).__name__}: {error}"
        if following is not None and following.kind is Kind.RAISED:
            if came != following.name:
                self._differ(following, following.name, came)
            self._next += 1
        elif error is not None:
            self._differ(following if following or not self._session.complete else entry, "no error", came)
        elif following is not None and following.kind is Kind.OUT and not self._depth:
            self._differ(following, _call(following), _NOTHING)

    def _act_of(self, entry: Entry) -> Callable[[], object]:
        """What the recorded call of the device is."""
        device, at = self._device, entry.at
        if entry.name == "computed":
            return self._job_of(entry)
        if entry.name == "attach_gateway_user" and isinstance(device, CommsHub):
            return lambda: device.attach_gateway_user(ReplayedGatewayUser(self))
        place = self._places.get(entry.name)
        if place is None or place > len(entry.args):
            raise self._damaged(entry, f"nobody calls {entry.name!r} of such a device")
        given = [self._decoded(each, entry) for each in entry.args]
        method = getattr(device, entry.name)
        return lambda: method(*given[:place], at, *given[place:])

    def _job_of(self, entry: Entry) -> Callable[[], object]:
        number = entry.args[0] if entry.args else None
        if not isinstance(number, int) or not 0 <= number < len(self._jobs) or self._jobs[number] is None:
            raise self._damaged(entry, "a result of nothing")
        job, self._jobs[number] = self._jobs[number], None
        assert job is not None
        return lambda: job(entry.at)

    def _decoded(self, value: Json, entry: Entry | None) -> Any:  # noqa: ANN401 - whatever it was
        try:
            return decode(value)
        except DecodeError as error:
            raise self._damaged(entry, str(error)) from error

    def _damaged(self, entry: Entry | None, what: str) -> BadInput:
        line = "" if entry is None else f", line {entry.line}"
        return _Damaged(f"damaged: {what}", where=f"{self._where}{line}")

    # What the device does, and what it is told

    def ask(self, name: str, *args: int | str) -> Any:  # noqa: ANN401 - whatever was answered
        """What the device was answered when it asked this."""
        entry, place = self._peek(), (name, str([*args]))
        if place not in self._answers:
            self._differ(entry, "no such question", _text(name, list(args)))
        return self._decoded(self._answers[place], entry)

    def out(self, name: str, args: tuple[object, ...], now: int | None = None) -> Any:  # noqa: ANN401 - as above
        """The device makes a call, which must be the recorded one; what it was answered."""
        entry = self._peek()
        while entry is not None and entry.kind is Kind.IN and entry.nested:
            self._input(entry)
            entry = self._peek()
        given = [encode(each) for each in args]
        if entry is None or entry.kind is not Kind.OUT or entry.name != name:
            recorded = _NOTHING if entry is None or entry.kind is not Kind.OUT else _call(entry)
            self._differ(entry, recorded, _text(name, given))
        recorded_args = [*entry.args]
        if given != recorded_args:
            place, one, other = _first_difference(recorded_args, given, name)
            self._differ(entry, _short(one), _short(other), place)
        if now is not None and now != entry.at:
            self._differ(entry, str(entry.at), str(now), f"{name}: now")
        self._next += 1
        self.calls += 1
        result = entry.result
        if isinstance(result, dict) and isinstance(named := result.get(ERROR), list):
            kind, text = [*map(str, named), "", ""][:2]
            raise _ERRORS.get(kind, EmulatorError)(text)
        return self._decoded(result, entry)

    def compute(self, work: str, carry_out: Callable[[int], None]) -> None:
        """The device wants something computed; it is done when it was done then."""
        self.out("compute", (work,))
        self._jobs.append(carry_out)

    def _differ(self, entry: Entry | None, recorded: str, came: str, place: str = "") -> NoReturn:
        if entry is None and not self._session.complete:
            self._over = True
            raise _Differs
        if self.difference is None:
            line = self._entries[-1].line if self._entries else 1
            self.difference = Difference(
                line if entry is None else entry.line, self._now if entry is None else entry.at, self._during,
                recorded, came, place,
            )  # fmt: skip
        raise _Differs


def _error_of(act: Callable[[], object]) -> Exception | None:
    """The error that a call of the device ended in; whatever it is, it is what came of it."""
    try:
        act()
    except _Damaged:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        return error
    return None


# --- words -----------------------------------------------------------------------------------------------------------


def _call(entry: Entry) -> str:
    return _text(entry.name, [*entry.args])


def _text(name: str, args: list[Any]) -> str:
    return f"{name}({', '.join(_short(each) for each in args)})"


def _short(value: Json) -> str:
    """JSON, as much of it as fits."""
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("hex"), str):
        return _cut(str(value["hex"])) or "no octets"
    if isinstance(value, dict) and len(value) == 1 and isinstance(held := next(iter(value.values())), dict):
        fields = ", ".join(f"{name}={_short(each)}" for name, each in held.items())
        return _cut(f"{next(iter(value))}({fields})")
    return _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)})"


def _first_difference(recorded: Json, came: Json, place: str) -> tuple[str, Json, Json]:
    """The deepest place at which they differ first, and what is there."""
    if isinstance(recorded, dict) and isinstance(came, dict):
        for key in (*recorded, *(key for key in came if key not in recorded)):
            if recorded.get(key) != came.get(key):
                if key == "hex":
                    break
                return _first_difference(recorded.get(key), came.get(key), f"{place}.{key}")
    if isinstance(recorded, list) and isinstance(came, list) and len(recorded) == len(came):
        for number, (one, other) in enumerate(zip(recorded, came, strict=True)):
            if one != other:
                return _first_difference(one, other, f"{place}[{number}]")
    return place, recorded, came
