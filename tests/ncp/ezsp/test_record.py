"""Structures: what is read strictly, what leniently, and what is not accepted."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.ncp.ezsp.lists import Counted, Greedy
from emulator.ncp.ezsp.record import Field, Record, SuccessRecord
from emulator.ncp.ezsp.wire import Flag, Integer, Misfit, Octets, PrefixedOctets, Short

ENTRY = Record((Field("group", Integer(2)), Field("endpoint", Integer(1)), Field("network", Integer(1), optional=True)))
MESSAGE = Record(
    (
        Field("kind", Integer(1)),
        Field("key", Octets(2)),
        Field("entry", ENTRY),
        Field("text", PrefixedOctets(1)),
        Field("last", Flag()),
    )
)
VALUES = {
    "kind": 7,
    "key": b"ab",
    "entry": {"group": 0x0102, "endpoint": 3, "network": 4},
    "text": b"xyz",
    "last": True,
}
OCTETS = bytes.fromhex("07 6162 02010304 0378797a 01")
ENDPOINT = Record(
    (
        Field("inputs", Integer(1)),
        Field("outputs", Integer(1)),
        Field("inputList", Greedy(Integer(2)), count="inputs"),
        Field("outputList", Greedy(Integer(2)), count="outputs"),
    )
)


def test_fields_follow_each_other_without_gaps() -> None:
    assert MESSAGE.write(VALUES) == OCTETS
    assert MESSAGE.read(OCTETS, 0) == (VALUES, len(OCTETS))


def test_what_is_not_given_is_zero_also_inside_a_structure() -> None:
    assert MESSAGE.write({}) == bytes(3 + 4 + 1 + 1)
    assert MESSAGE.write({"entry": {"endpoint": 9}}) == bytes.fromhex("000000 00000900 00 00")


def test_what_is_read_cannot_be_changed() -> None:
    values: Any
    values, _ = MESSAGE.read(OCTETS, 0)
    with pytest.raises(TypeError):
        values["kind"] = 8
    with pytest.raises(TypeError):
        values["entry"]["group"] = 8


def test_an_optional_field_may_be_left_out_at_the_end_only() -> None:
    assert ENTRY.read(b"\x02\x01\x03", 0) == ({"group": 0x0102, "endpoint": 3, "network": 0}, 3)
    assert ENTRY.read_leniently(b"\x02\x01\x03", 0).missing == ()
    assert ENTRY.write({"network": 5}) == b"\0\0\0\x05"


@pytest.mark.parametrize(
    "length, missing",
    [
        (len(OCTETS), ()),
        (len(OCTETS) - 1, ("last",)),
        (8, ("text", "last")),
        (4, ("entry", "text", "last")),
        (2, ("key", "entry", "text", "last")),
        (0, ("kind", "key", "entry", "text", "last")),
    ],
)
def test_reading_leniently_stops_where_the_octets_end(length: int, missing: tuple[str, ...]) -> None:
    reading = MESSAGE.read_leniently(OCTETS[:length], 0)
    assert reading.missing == missing
    assert reading.values == {**VALUES, **{name: MESSAGE.zero[name] for name in missing}}


@pytest.mark.parametrize("length", range(len(OCTETS)))
def test_reading_strictly_needs_every_field(length: int) -> None:
    with pytest.raises(Short):
        MESSAGE.read(OCTETS[:length], 0)


def test_a_message_cut_inside_is_missing_and_the_offset_stays_before_it() -> None:
    assert MESSAGE.read_leniently(OCTETS[:9], 0).end == 7


def test_lists_without_a_count_of_their_own_take_it_from_another_field() -> None:
    octets = bytes.fromhex("0201 0001 0002 0003 ff")
    assert ENDPOINT.read(octets, 0) == (
        {"inputs": 2, "outputs": 1, "inputList": (0x0100, 0x0200), "outputList": (0x0300,)},
        8,
    )
    assert ENDPOINT.read_leniently(octets[:7], 0).missing == ("outputList",)


@pytest.mark.parametrize(
    "values, message",
    [
        ({"kind": 256}, r"^kind: "),
        ({"entry": {"group": 70000}}, r"^entry\.group: "),
        ({"entry": 4}, r"^entry: 4 is no structure"),
        ({"entry": {"grupp": 4}}, r"^entry: no such field: grupp"),
        ({"knid": 1, "lats": True}, r"^no such field: knid, lats"),
    ],
)
def test_what_does_not_fit_is_named_by_its_path(values: dict[str, Any], message: str) -> None:
    with pytest.raises(Misfit, match=message):
        MESSAGE.write(values)


def test_lists_of_structures_are_tuples_of_mappings() -> None:
    record = Record((Field("entries", Counted(ENTRY)),))
    values = {"entries": (VALUES["entry"], VALUES["entry"])}
    assert record.read(record.write(values), 0) == (values, 9)


class TestAfterSuccessOnly:
    record = SuccessRecord((Field("status", Integer(4)), Field("value", PrefixedOctets(4))))

    def test_success_brings_the_other_fields(self) -> None:
        assert self.record.write({"value": b"a"}) == b"\0\0\0\0\x01\0\0\0a"
        assert self.record.read(b"\0\0\0\0\x01\0\0\0a", 0) == ({"status": 0, "value": b"a"}, 9)

    def test_failure_stands_alone(self) -> None:
        assert self.record.write({"status": 0x100, "value": b"a"}) == b"\0\x01\0\0"
        assert self.record.read(b"\0\x01\0\0", 0) == ({"status": 0x100, "value": b""}, 4)


def test_a_structure_without_fields_has_no_octets() -> None:
    assert Record(()).write({}) == b""
    assert Record(()).read(b"abc", 1) == ({}, 1)
