"""Counters: strictly increasing, and the same after they were stored."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError
from emulator.gbcs.device.counters import Counters
from emulator.gbcs.roles import RemotePartyRole

BROKER = RemotePartyRole.ACCESS_CONTROL_BROKER
COUNTS = st.integers(0, 2**64 - 1)


def test_only_a_higher_counter_is_new() -> None:
    counters = Counters()
    assert counters.is_new(BROKER, 0)
    counters = counters.accept(BROKER, 7)
    assert [counters.is_new(BROKER, counter) for counter in (6, 7, 8)] == [False, False, True]
    assert counters.is_new(RemotePartyRole.SUPPLIER, 6)


def test_a_change_leaves_the_value_before_as_it_was() -> None:
    before = Counters()
    after = before.next_alert().accept(BROKER, 7)
    assert (before.alert, dict(before.accepted)) == (0, {})
    assert (after.alert, dict(after.accepted)) == (1, {BROKER: 7})


@given(COUNTS, st.dictionaries(st.sampled_from(RemotePartyRole), COUNTS))
def test_what_is_stored_comes_back(alert: int, accepted: dict[RemotePartyRole, int]) -> None:
    counters = Counters(alert, accepted)
    assert Counters.from_dict(json.loads(json.dumps(counters.to_dict()))) == counters


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"alert": 1},
        {"alert": 1, "accepted": {}, "more": 1},
        {"alert": -1, "accepted": {}},
        {"alert": 2**64, "accepted": {}},
        {"alert": True, "accepted": {}},
        {"alert": "1", "accepted": {}},
        {"alert": 1, "accepted": []},
        {"alert": 1, "accepted": {"nobody": 1}},
        {"alert": 1, "accepted": {"supplier": None}},
    ],
    ids=str,
)
def test_damaged_storage_is_a_decode_error(stored: dict[str, object]) -> None:
    with pytest.raises(DecodeError, match=r"^stored counters"):
        Counters.from_dict(stored)
