"""Arguments as JSON: nothing is lost, nothing unknown is taken, and whatever else stands there is a DecodeError."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.ports.aps import (
    ApplicationZdo,
    ApsFragment,
    ApsIndication,
    ApsMessage,
    DeviceJoined,
    JoinSettings,
    NetworkDown,
    NetworkSettings,
    NetworkUp,
    NodeType,
    Outcome,
    SimpleDescriptor,
    StackConfiguration,
)
from emulator.transports.recording.values import decode, encode

ENDPOINT = SimpleDescriptor(1, 0x0109, 0x0502, 0, (0, 3), ())
VALUES = [
    None,
    True,
    0,
    -1,
    1 << 300,
    1.5,
    "text",
    b"",
    bytes(range(256)),
    [1, [2, b"3"]],
    (1, (2, b"3")),
    datetime(2026, 1, 1, tzinfo=UTC),
    Outcome.NO_APS_ACK,
    ApplicationZdo.SUPPORTED | ApplicationZdo.BINDINGS,
    ApsMessage(1, 2, 3, 4, 5, b"6", acknowledge=True, fragment=ApsFragment(1, None, 7)),
    ApsIndication(1, Eui64(2), 3, 4, 5, 6, b"7", True, False, -50, 200),
    ApsIndication(1, None, 3, 4, 5, 6, b"7", True, False, -50, 200, counter=9, last_hop=0),
    NetworkUp(1, 2, Eui64(3), 15, 0, Eui64(4)),
    NetworkDown("left"),
    DeviceJoined(Eui64(1), 2, 3, True),
    NetworkSettings(15, 1, Eui64(2), bytes(16), trust_centre=Eui64(9)),
    JoinSettings(),
    JoinSettings((11, 15)),
    StackConfiguration(NodeType.SLEEPY, 1, (ENDPOINT, ENDPOINT), link_key=bytes(16), application_zdo=ApplicationZdo(3)),
]


@pytest.mark.parametrize("value", VALUES, ids=[f"{at}-{type(value).__name__}" for at, value in enumerate(VALUES)])
def test_nothing_is_lost(value: object) -> None:
    again = decode(json.loads(json.dumps(encode(value))))
    assert again == value
    assert type(again) is type(value)


def test_what_is_a_number_elsewhere_is_a_number_here() -> None:
    assert decode(encode(HanDeviceType.PPMID)) == HanDeviceType.PPMID
    assert decode(encode(memoryview(b"ab"))) == b"ab"


def test_what_differs_from_no_default_is_not_written() -> None:
    assert encode(JoinSettings()) == {"JoinSettings": {}}


def test_values_of_other_types_are_refused() -> None:
    class Other(Enum):
        ONE = 1

    for value in (object(), Other.ONE, {1: 2}, {1}):
        with pytest.raises(LocalProtocolError, match="does not hold"):
            encode(value)


@pytest.mark.parametrize(
    "damaged",
    [
        {}, {"hex": "0"}, {"hex": 1}, {"tuple": {}}, {"utc": "yesterday"}, {"Outcome": "lost"}, {"Outcome": []},
        {"ApsMessage": {}}, {"ApsMessage": []}, {"ApsMessage": {"wings": 2}}, {"object": {}}, {"hex": "", "utc": ""},
        json.loads("[" * 40 + "]" * 40),
    ],
    ids=lambda damaged: json.dumps(damaged)[:30],
)  # fmt: skip
def test_what_is_no_value_is_a_decode_error(damaged: Any) -> None:
    with pytest.raises(DecodeError):
        decode(damaged)


PLAIN = st.none() | st.booleans() | st.integers() | st.text() | st.binary()
NESTED = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.lists(inner).map(tuple), max_leaves=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["hex", "tuple", "utc", "Outcome", "x"]), inner),
    max_leaves=8,
)


@given(NESTED)
def test_any_value_comes_back(value: object) -> None:
    assert decode(json.loads(json.dumps(encode(value)))) == value


@given(JSON)
def test_any_json_is_a_value_or_a_decode_error(value: Any) -> None:
    try:
        decode(value)
    except DecodeError:
        return
