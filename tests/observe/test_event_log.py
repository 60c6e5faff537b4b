from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.events import Event, EventSink, Value
from emulator.observe.event_log import EventCollector, EventLog, fan_out

TEXT = st.text(max_size=12)
JSON: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
EVENTS = st.builds(
    Event,
    at=st.integers(0, 2**50),
    source=TEXT,
    kind=TEXT,
    reason=st.none() | TEXT,
    fields=st.dictionaries(TEXT.map("x".__add__), JSON, max_size=4),
)


def written(*events: Event) -> list[str]:
    stream = io.BytesIO()
    log = EventLog(stream)
    for event in events:
        log(event)
    log.flush()
    return stream.getvalue().decode("ascii").splitlines()


@given(st.lists(EVENTS, max_size=5))
def test_every_line_reads_back_as_the_event_that_was_written(events: list[Event]) -> None:
    lines = written(*events)
    assert len(lines) == len(events)
    for event, line in zip(events, lines, strict=True):
        expected = {"at": event.at, "source": event.source, "kind": event.kind, "reason": event.reason}
        assert json.loads(line) == {**expected, **event.fields}


def test_keys_stand_in_one_order_whatever_the_event() -> None:
    (line,) = written(Event(5, "hub", "aps.drop", "no-key", {"zebra": 1, "ant": True, "list": [1.5, None]}))
    assert line == '{"at":5,"source":"hub","kind":"aps.drop","reason":"no-key","zebra":1,"ant":true,"list":[1.5,null]}'


def test_an_event_without_fields_and_reason_is_whole() -> None:
    assert written(Event(0, "hub", "start")) == ['{"at":0,"source":"hub","kind":"start","reason":null}']


def test_a_field_named_like_a_key_of_the_line_does_not_hide_it() -> None:
    (line,) = written(Event(5, "hub", "nwk.drop", "loop", {"source": 0x1234, "reason": "x", "utc": 3}))
    found = json.loads(line)
    assert (found["source"], found["reason"]) == ("hub", "loop")
    assert (found["field_source"], found["field_reason"], found["field_utc"]) == (0x1234, "x", 3)


def test_no_line_is_broken_by_what_a_name_contains() -> None:
    lines = written(Event(1, 'a"b\n', "kind\u2028", None, {"name": "line\nbreak é \ud800"}))
    assert len(lines) == 1
    assert json.loads(lines[0])["source"] == 'a"b\n'


@pytest.mark.parametrize(
    "stranger, words",
    [
        (b"\x00\xff", "00ff"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        ([{"deep": b"\x01"}], [{"deep": "01"}]),
        ((1, float("inf"), 2.5), [1, "inf", 2.5]),
        ({1}, "{1}"),
    ],
    ids=["octets", "nan", "infinity", "nested", "tuple", "set"],
)
def test_a_field_that_json_cannot_hold_is_written_in_words_and_not_raised(stranger: Value, words: Value) -> None:
    (line,) = written(Event(1, "hub", "x", None, {"value": stranger}))
    assert json.loads(line)["value"] == words


def test_wall_time_stands_on_a_line_only_where_it_was_asked_for() -> None:
    stream = io.BytesIO()
    log = EventLog(stream, utc=lambda: "2026-03-01T12:00:00.000001Z")
    log(Event(9, "hub", "x", None, {"a": 1}))
    log(Event(9, "hub", "x"))
    log.flush()
    lines = stream.getvalue().decode().splitlines()
    assert lines[0].startswith('{"at":9,"utc":"2026-03-01T12:00:00.000001Z","source":"hub"')
    assert [json.loads(line)["utc"] for line in lines] == ["2026-03-01T12:00:00.000001Z"] * 2
    assert "utc" not in written(Event(9, "hub", "x"))[0]


def test_lines_are_gathered_and_none_is_lost() -> None:
    stream = io.BytesIO()
    log = EventLog(stream, lines_held=10)
    for at in range(25):
        log(Event(at, "hub", "x"))
    assert stream.getvalue().count(b"\n") == 20
    log.flush()
    assert log.count == 25
    assert [json.loads(line)["at"] for line in stream.getvalue().splitlines()] == list(range(25))


def test_a_live_reader_gets_every_line_at_once() -> None:
    stream = io.BytesIO()
    EventLog(stream, lines_held=1)(Event(1, "hub", "x"))
    assert stream.getvalue().endswith(b"}\n")


def test_more_sources_than_are_remembered_are_still_written_right() -> None:
    events = [Event(1, f"node-{index}", "x") for index in range(5_000)]
    assert [json.loads(line)["source"] for line in written(*events)] == [event.source for event in events]


def test_the_collector_keeps_the_newest_and_says_how_many_it_lost() -> None:
    collector = EventCollector(limit=3)
    for at in range(5):
        collector(Event(at, "hub", "x", "late" if at % 2 else None))
    assert [event.at for event in collector] == [2, 3, 4]
    assert (len(collector), collector.lost) == (3, 2)
    assert collector.reasons() == {"late": 1}


def test_the_collector_selects_by_source_kind_and_reason() -> None:
    collector = EventCollector()
    for event in (Event(1, "a", "k"), Event(2, "b", "k", "r"), Event(3, "b", "l", "r")):
        collector(event)
    assert [event.at for event in collector.select(source="b")] == [2, 3]
    assert [event.at for event in collector.select(kind="k", reason="r")] == [2]
    assert len(collector.select()) == 3


def test_every_sink_of_a_fan_gets_every_event_in_order() -> None:
    seen: list[tuple[str, int]] = []

    def sink(name: str) -> EventSink:
        return lambda event: seen.append((name, event.at))

    both = fan_out(sink("a"), sink("b"))
    both(Event(1, "hub", "x"))
    fan_out(sink("c"))(Event(2, "hub", "x"))
    assert seen == [("a", 1), ("b", 1), ("c", 2)]
