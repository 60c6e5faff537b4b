"""Reads `events.jsonl` again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from emulator.core.errors import BadInput
from emulator.core.events import Event
from emulator.observe.event_log import RESERVED


def read_events(path: Path) -> Iterator[Event]:
    """The events of a run, one after another.

    Raises:
        BadInput: the file cannot be read, or a line of it is no event.
    """
    try:
        with path.open(encoding="ascii") as lines:
            for number, line in enumerate(lines, 1):
                yield _event(line, f"{path}: line {number}")
    except OSError as error:
        raise BadInput(
            f"cannot be read: {error.strerror}", where=str(path), allowed="the events.jsonl of a run"
        ) from error
    except UnicodeDecodeError as error:
        raise BadInput("is no ASCII text", where=str(path), allowed="the events.jsonl of a run") from error


def _event(line: str, where: str) -> Event:
    try:
        found = json.loads(line)
        fields = {key: value for key, value in found.items() if key not in RESERVED}
        at, source, kind, reason = found["at"], found["source"], found["kind"], found["reason"]
    except (ValueError, KeyError, AttributeError, RecursionError) as error:
        raise BadInput(
            "is no event", where=where, allowed="an object of at, source, kind, reason and fields"
        ) from error
    good = isinstance(at, int) and isinstance(source, str) and isinstance(kind, str)
    if not good or not (reason is None or isinstance(reason, str)):
        raise BadInput("is no event", where=where, allowed="an object of at, source, kind, reason and fields")
    return Event(at, source, kind, reason, fields)
