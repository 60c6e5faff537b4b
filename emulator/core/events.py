"""What happened, in a form that machines read: the lines of `events.jsonl`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes:
        at: µs since the run began.
        source: who says so, e.g. `bridge-1` or `bridge-1/nwk`.
        kind: what it is, dotted, e.g. `ota.block.resent`; the vocabulary is that of the packages.
        reason: why, for every drop, retry and refusal; machine-readable, lower case with hyphens.
        fields: anything else, JSON-ready.
    """

    at: int
    source: str
    kind: str
    reason: str | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)


EventSink = Callable[[Event], None]
"""Takes events; must not block and must not raise."""

Report = Callable[[str, str | None, dict[str, object], int], None]
"""How anything tells what happened to it: kind, machine-readable reason, fields, and `now` (µs)."""
