"""The security log: the newest entries, bounded, and back after a restart."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from emulator.core.errors import DecodeError
from emulator.gbcs.device.security_log import LONGEST, SecurityLog, SecurityLogEntry
from emulator.gbcs.message import Message
from tests.gbcs.parties import NOON, Parties


def entry(number: int) -> SecurityLogEntry:
    return SecurityLogEntry(NOON, "mac-invalid", f"number {number}")


def test_the_newest_entries_are_kept() -> None:
    log = SecurityLog()
    for number in range(LONGEST + 20):
        log = log.adding(entry(number))
    assert len(log) == LONGEST
    assert [log[0].detail, log[-1].detail] == ["number 20", f"number {LONGEST + 19}"]
    assert [one.detail for one in log[:2]] == ["number 20", "number 21"]


def test_an_entry_says_what_the_message_said_of_itself(parties: Parties) -> None:
    message = Message.decode(parties.read_version())
    about = SecurityLogEntry.about(message, NOON, "mac-invalid", "x" * 500)
    assert (about.originator, about.message_code, len(about.detail)) == ("90b3d51f30000002", "0129", 120)
    nothing = SecurityLogEntry.about(None, NOON, "undecodable", "no header")
    assert nothing.fields() == {
        "at": "2026-01-01T12:00:00+00:00",
        "reason": "undecodable",
        "detail": "no header",
        "originator": "",
        "message_code": "",
    }


def test_what_is_stored_comes_back() -> None:
    log = SecurityLog([entry(1), SecurityLogEntry(datetime(2030, 1, 1, tzinfo=UTC), "a", "é", "b", "c")])
    assert list(SecurityLog.from_dict(json.loads(json.dumps(log.to_dict())))) == list(log)


@pytest.mark.parametrize("stored", [{}, {"entries": 1}, {"entries": [["x"]]}, {"entries": [["x"] * 5]}], ids=str)
def test_damaged_storage_is_a_decode_error(stored: dict[str, object]) -> None:
    with pytest.raises(DecodeError, match=r"^stored security log"):
        SecurityLog.from_dict(stored)
