"""The lines that people read of a hub or a bridge on a stick."""

from __future__ import annotations

import pytest

from emulator.control.live.narration import LINES, line_of
from emulator.core.events import Event, Value

DEVICE = "00db120000001001"


def told(kind: str, reason: str | None = None, /, **fields: Value) -> str | None:
    return line_of(Event(0, "hub", kind, reason, fields))


@pytest.mark.parametrize("kind", sorted(kind for kind in LINES if not kind.startswith("update.")))
def test_an_event_that_lacks_its_fields_never_ends_a_run(kind: str) -> None:
    line = line_of(Event(0, "hub", kind))
    assert line is None or "\n" not in line


def test_everything_else_is_for_the_log_alone() -> None:
    assert told("mac.retry") is None


def test_who_knocked_is_named_with_the_reason() -> None:
    assert told("hub.let-in", "install-code", device=DEVICE) == (
        f"{DEVICE} knocked and was let in under the key of its install code (--allow names it)"
    )
    assert told("hub.join-refused", "not-in-log", device=DEVICE) == (
        f"{DEVICE} knocked and was kept out: not-in-log (no --allow names it)"
    )


def test_what_is_expected_names_what_it_consists_of() -> None:
    fields: dict[str, Value] = {"air_s": 25.0, "pacing_s": 0.0, "floor_s": 37.5, "blocks": 1_200, "block_octets": 50}
    assert told("update.expected", None, serial_s=12.5, device=DEVICE, **fields) == (
        f"download of {DEVICE} begins: 1,200 blocks of 50 octets, at least 37.5 s (air 25.0 s, serial line 12.5 s) "
        "over one hop"
    )


def test_what_was_measured_is_held_against_the_least_and_says_who_took_longest() -> None:
    fields: dict[str, Value] = {"took_s": 50.0, "floor_s": 25.0, "ours_s": 1.0, "link_s": 40.0, "theirs_s": 9.0}
    assert told("update.measured", None, **fields) == (
        "download took 50.0 s, 2.00 times the least: this side 1.0 s, the link 40.0 s, the other side 9.0 s; "
        "the link took longest"
    )
