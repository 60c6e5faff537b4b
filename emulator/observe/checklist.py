"""What came of a run that shows a behaviour step by step: `summary.json` of the demos that are no update.

The dataclasses are the schema: a field is a key, in their order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from emulator.core.events import Value
from emulator.observe.han_map import HanMap
from emulator.observe.summary import FileNames

PASSED = "passed"
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message of a step.

    Attributes:
        caption: what it is, e.g. `Command CS02b`.
        hex: its octets, lower case.
        fields: what it says, by name.
    """

    caption: str
    hex: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One step.

    Attributes:
        name: what was done.
        expected: what should come of it.
        happened: what came of it.
        passed: whether the two agree.
        at_s: seconds of the run, when it was over.
        reason: machine-readable, where something was refused.
        messages: what was sent and what came back.
        figures: what was measured, by name, for programs.
    """

    name: str
    expected: str
    happened: str
    passed: bool
    at_s: float
    reason: str | None = None
    messages: tuple[ShownMessage, ...] = ()
    figures: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LostBehind:
    """What a device behind a battery-fed bridge lost in one part of the run.

    Attributes:
        device: its name.
        part: `update`, from the bridge's first request for a block until it is back; `low` or `empty`, from when its
            battery is.
        began_s, ended_s: seconds of the run.
        exchanges: with the hub, that the device began in that time.
        lost: of these, those of which nothing came.
        cut_off_s: seconds for which the bridge was off.
    """

    device: str
    part: str
    began_s: float
    ended_s: float
    exchanges: int
    lost: int
    cut_off_s: float


@dataclass(frozen=True, slots=True)
class BatteryFed:
    """A bridge that runs on a battery.

    Attributes:
        began_percent: what the battery held when the run began, of a fresh one's charge.
        left_percent: what it holds in the end.
        update_mah: what the update drew; None where none began.
        behind: what those lost whose way to the hub goes through it.
    """

    bridge: str
    began_percent: float
    left_percent: float
    update_mah: float | None
    behind: tuple[LostBehind, ...] = ()


@dataclass(frozen=True, slots=True)
class ChecklistSummary:
    """The whole run.

    Attributes:
        title: what it shows.
        outcome: `passed` or `failed`.
        seed: that everything random follows from.
        wall_seconds: from the first event to the last.
        checks: in their order.
        standards: the switches that differ from their defaults.
        han: the devices of the HAN as they stood in the end, where the run is about them.
        batteries: the bridges that run on one, where the run is about what their update costs.
    """

    title: str
    outcome: str
    seed: int
    fidelity: str
    virtual_seconds: float
    wall_seconds: float
    frames: int
    checks: tuple[Check, ...]
    standards: Mapping[str, int | float | bool | str] = field(default_factory=dict)
    files: FileNames = field(default_factory=FileNames)
    han: HanMap | None = None
    batteries: tuple[BatteryFed, ...] = ()

    @property
    def passed(self) -> int:
        """How many steps went as they should."""
        return sum(check.passed for check in self.checks)

    def as_object(self) -> dict[str, Any]:
        """The JSON object, keys in the order of the schema."""
        return asdict(self)

    def text(self) -> str:
        """`summary.json`, and what `--json` prints: ASCII, two spaces of indent, a newline at the end."""
        return json.dumps(self.as_object(), indent=2, allow_nan=False) + "\n"
