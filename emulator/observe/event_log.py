"""`events.jsonl`: one event a line, in the order in which they happened.

A line is an object of `at`, (`utc`,) `source`, `kind`, `reason` and the event's own fields in the order given; ASCII.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping

from emulator.core.events import Event, EventSink
from emulator.observe.part_file import OctetSink

RESERVED = frozenset({"at", "utc", "source", "kind", "reason"})
"""Keys of the line itself; a field of such a name is written as `field_NAME`."""

_LINES_HELD = 2_048
_HEADS_HELD = 4_096


def presentable(value: object) -> object:
    """`value` with everything that JSON cannot hold put into words: octets as hex, NaN and strangers as text."""
    if isinstance(value, bytes | bytearray):
        return value.hex()
    if isinstance(value, Mapping):
        return {str(key): presentable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [presentable(item) for item in value]
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    return value if value is None or isinstance(value, str | int) else str(value)


class EventLog:
    """Writes events to `stream`; an `EventSink`.

    Args:
        stream: takes the octets, in pieces of many lines.
        utc: for runs by the wall clock: the date to put on each line, as text.  Without it no wall time is written.
        lines_held: how many lines are gathered before `stream` is given them; 1 for a live reader.
    """

    def __init__(
        self, stream: OctetSink, *, utc: Callable[[], str] | None = None, lines_held: int = _LINES_HELD
    ) -> None:
        self._stream = stream
        self._utc = utc
        self._lines_held = lines_held
        self._lines: list[str] = []
        self._written = 0
        self._heads: dict[tuple[str, str, str | None], str] = {}
        self._encode = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":")).encode

    def __call__(self, event: Event) -> None:
        """Take one event; a field that JSON cannot hold is written in words."""
        head = self._heads.get((event.source, event.kind, event.reason))
        if head is None:
            head = self._head(event)
        moment = f'{{"at":{event.at}' if self._utc is None else f'{{"at":{event.at},"utc":{self._encode(self._utc())}'
        lines = self._lines
        if event.fields:
            lines.append(f"{moment}{head},{self._fields(event.fields)}")
        else:
            lines.append(f"{moment}{head}}}\n")
        if len(lines) >= self._lines_held:
            self.flush()

    @property
    def count(self) -> int:
        """Events taken so far."""
        return self._written + len(self._lines)

    def flush(self) -> None:
        """Write what is held back."""
        self._written += len(self._lines)
        self._stream.write("".join(self._lines).encode("ascii"))
        self._stream.flush()
        self._lines.clear()

    def _head(self, event: Event) -> str:
        """The middle of the line, kept because few sources say few things many times."""
        if len(self._heads) >= _HEADS_HELD:
            self._heads.clear()
        source, kind, reason = (self._encode(part) for part in (event.source, event.kind, event.reason))
        head = f',"source":{source},"kind":{kind},"reason":{reason}'
        self._heads[event.source, event.kind, event.reason] = head
        return head

    def _fields(self, fields: Mapping[str, object]) -> str:
        """The end of the line."""
        if not RESERVED.isdisjoint(fields):
            fields = {f"field_{name}" if name in RESERVED else name: value for name, value in fields.items()}
        try:
            return self._encode(fields)[1:] + "\n"
        except (TypeError, ValueError):
            return self._encode(presentable(fields))[1:] + "\n"


class EventCollector:
    """Keeps the last `limit` events in memory; an `EventSink` for tests and the API."""

    def __init__(self, limit: int = 100_000) -> None:
        self._events: deque[Event] = deque(maxlen=limit)
        self._taken = 0

    def __call__(self, event: Event) -> None:
        """Take one event; the oldest goes where there is no room."""
        self._taken += 1
        self._events.append(event)

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    @property
    def lost(self) -> int:
        """Events that were taken and are no longer held."""
        return self._taken - len(self._events)

    def select(self, *, source: str | None = None, kind: str | None = None, reason: str | None = None) -> list[Event]:
        """The events held whose source, kind and reason are those given; None asks for any."""
        return [
            event
            for event in self._events
            if (source is None or event.source == source)
            and (kind is None or event.kind == kind)
            and (reason is None or event.reason == reason)
        ]

    def reasons(self) -> Counter[str]:
        """How often each reason was given."""
        return Counter(event.reason for event in self._events if event.reason is not None)


def fan_out(*sinks: EventSink) -> EventSink:
    """One sink that hands every event to all of `sinks`, in their order."""
    if len(sinks) == 1:
        return sinks[0]

    def take(event: Event) -> None:
        for sink in sinks:
            sink(event)

    return take
