"""Who is in a HAN: put together from events, read from a file, served over HTTP, and drawn."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import SECOND
from emulator.core.errors import BadInput
from emulator.core.events import Event
from emulator.observe.event_log import EventLog
from emulator.observe.event_reading import read_events
from emulator.observe.han_map import HanMap, MappedDevice, map_of_events, map_of_served
from emulator.observe.han_map_text import han_map_lines
from emulator.observe.report.han_tree import han_tree


def device(name: str, kind: str, number: int) -> Event:
    fields = {"device_kind": kind, "profile": kind, "eui64": f"{number:016x}"}
    return Event(0, name, "han.device", None, fields)


def joined(name: str, short: str, parent: str, kind: str = "device.joined") -> Event:
    return Event(1, name, kind, None, {"short": short, "parent": parent})


def log(hub: str, *lines: tuple[int, str | None, str]) -> Event:
    told = [{"device": f"{number:016x}", "type": kind, "standing": standing} for number, kind, standing in lines]
    return Event(2, hub, "hub.device-log", None, {"devices": told})  # type: ignore[dict-item]  # JSON-ready


EVENTS = [
    device("hub", "hub", 1),
    device("bridge-1", "bridge", 2),
    device("ihd", "ihd", 3),
    device("gsme", "gsme", 4),
    Event(0, "hub", "hub.network-up"),
    joined("bridge-1", "1111", "0000", "bridge.joined"),
    joined("ihd", "2222", "1111"),
    Event(1, "gsme", "device.network-down", "no-beacon"),
    log("hub", (2, "ppmid", "trusted"), (3, "ihd", "trusted"), (4, "gsme", "invited")),
]


def established(number: int, at_s: float, hub: str = "hub") -> Event:
    at = round(at_s * SECOND)
    return Event(at, hub, "cbke.responder.established", None, {"peer": f"{number:016x}", "suite": 2})


TRUSTED = [*EVENTS, established(2, 41.5), established(3, 50)]
"""As at the hub: the log says `trusted`, and then the key is told."""


def by_name(han: HanMap) -> dict[str, MappedDevice]:
    return {each.name: each for each in han.devices}


def test_addresses_parents_and_the_device_log_come_out_of_the_events() -> None:
    found = by_name(map_of_events(EVENTS))
    assert found["hub"] == MappedDevice("hub", "hub", "hub", f"{1:016x}", "0000", None, on_network=True)
    assert (found["bridge-1"].parent, found["ihd"].parent) == ("hub", "bridge-1")
    assert (found["bridge-1"].log_type, found["ihd"].log_standing) == ("ppmid", "trusted")
    assert (found["gsme"].on_network, found["gsme"].reason, found["gsme"].short) == (False, "no-beacon", None)


@pytest.mark.parametrize(
    "event,reason",
    [
        (Event(3, "ihd", "device.network-down", "left"), "left"),
        (Event(3, "ihd", "device.power", "off"), "off"),
        (Event(3, "bridge-1", "bridge.power", "battery-empty"), "battery-empty"),
        (Event(3, "hub", "hub.power", "restart"), "restart"),
    ],
)
def test_who_goes_is_off_the_network_for_that_reason(event: Event, reason: str) -> None:
    found = by_name(map_of_events([*EVENTS, event]))[event.source]
    assert (found.on_network, found.reason) == (False, reason)


def test_power_that_comes_says_nothing_of_the_network() -> None:
    assert map_of_events([*EVENTS, Event(3, "ihd", "device.power", "on")]) == map_of_events(EVENTS)


def test_who_is_no_longer_in_the_log_is_shown_without_it() -> None:
    found = by_name(map_of_events([*EVENTS, log("hub", (2, "ppmid", "trusted"))]))
    assert (found["ihd"].log_type, found["bridge-1"].log_type) == (None, "ppmid")


def test_two_hans_do_not_mix() -> None:
    hans = [
        Event(event.at, f"{han}/{event.source}", event.kind, event.reason, event.fields)
        for han in ("a", "b")
        for event in EVENTS
    ]
    found = by_name(map_of_events([*hans, established(3, 9, "b/hub")]))
    assert (found["a/ihd"].parent, found["b/ihd"].parent) == ("a/bridge-1", "b/bridge-1")
    assert (found["a/ihd"].key_established_s, found["b/ihd"].key_established_s) == (None, 9.0)


def test_a_key_of_its_own_is_known_from_the_moment_it_was_established() -> None:
    found = by_name(map_of_events(TRUSTED))
    assert {name: each.key_established_s for name, each in found.items()} == {
        "hub": None,
        "bridge-1": 41.5,
        "ihd": 50.0,
        "gsme": None,
    }


def test_who_rejoins_under_the_same_key_keeps_its_time_and_another_key_has_another() -> None:
    back = [Event(90 * SECOND, "ihd", "device.power", "restart"), joined("ihd", "3333", "1111")]
    again = log("hub", (2, "ppmid", "trusted"), (3, "ihd", "trusted"))
    found = by_name(map_of_events([*TRUSTED, *back, again, established(2, 95)]))
    assert (found["ihd"].short, found["ihd"].key_established_s) == ("3333", 50.0)
    assert found["bridge-1"].key_established_s == 95.0


def test_a_key_counts_while_the_log_of_the_hub_it_is_shared_with_trusts_the_device() -> None:
    out, invited = log("hub", (2, "ppmid", "trusted")), log("hub", (2, "ppmid", "trusted"), (3, "ihd", "invited"))
    back = log("hub", (2, "ppmid", "trusted"), (3, "ihd", "trusted"))
    for lost in (out, invited):
        assert by_name(map_of_events([*TRUSTED, lost]))["ihd"].key_established_s is None
    assert by_name(map_of_events([*TRUSTED, out, back]))["ihd"].key_established_s == 50.0
    elsewhere = [device("hub-2", "hub", 9), log("hub-2", (3, "ihd", "trusted"))]
    assert by_name(map_of_events([*TRUSTED, *elsewhere]))["ihd"].key_established_s is None
    mine = established(3, 99, "hub-2")
    assert by_name(map_of_events([*TRUSTED, *elsewhere, mine]))["ihd"].key_established_s == 99.0


@given(st.lists(st.builds(Event, st.integers(0, 9), st.sampled_from(["hub", "ihd", "x"]), st.text(max_size=9))))
def test_other_events_change_nothing(events: list[Event]) -> None:
    assert map_of_events([*EVENTS, *events]) == map_of_events(EVENTS)


def test_after_a_swap_out_devices_stand_behind_the_hub_that_is_there_as_what_it_takes_them_for() -> None:
    swap = [
        Event(3, "hub", "hub.power", "off"),
        device("hub-2", "hub", 9),
        Event(4, "hub-2", "hub.network-up"),
        joined("bridge-1", "1111", "0000", "bridge.joined"),
        log("hub-2", (2, None, "trusted"), (3, None, "invited")),
        Event(5, "hub-2", "hub.device-classified", "no-tunnelling-cluster", {"device": f"{2:016x}", "type": "ihd"}),
    ]
    found = by_name(map_of_events([*TRUSTED, *swap]))
    assert (found["bridge-1"].parent, found["bridge-1"].log_type) == ("hub-2", "ihd")
    assert (found["ihd"].log_type, found["ihd"].log_standing) == (None, "invited")


# --- drawn -----------------------------------------------------------------------------------------------------------


def test_the_tree_has_everybody_behind_its_parent() -> None:
    lines = han_map_lines(map_of_events([*EVENTS, established(3, 1_234.56)]))
    assert [line.split("  ")[0].rstrip() for line in lines] == ["hub", "└─ bridge-1", "", "gsme"]
    assert lines[2].lstrip().startswith("└─ ihd")
    assert re.search(r"0000000000000003  2222  on the network +device log: ihd, trusted ", lines[2])
    assert lines[2].endswith("  key established at 1,234.6 s")
    assert lines[1].endswith("device log: ppmid, trusted  no key of its own")
    assert "not on the network: no-beacon" in lines[3]


def test_columns_stand_under_each_other_and_lines_end_with_words() -> None:
    lines = han_map_lines(map_of_events(TRUSTED))
    assert len({line.index("0000000000000") for line in lines}) == 1
    assert len({line.index("device log: ") for line in lines[1:]}) == 1
    assert all(line == line.rstrip() for line in lines)


def test_of_a_device_that_is_in_no_log_no_key_is_told() -> None:
    lines = han_map_lines(map_of_events([*TRUSTED, log("hub", (2, "ppmid", "trusted"))]))
    assert lines[2].endswith("not in the device log")


def test_parents_in_a_circle_are_drawn_once() -> None:
    circle = [
        device("a", "ihd", 1),
        device("b", "ihd", 2),
        joined("a", "1111", "0000"),
        joined("b", "2222", "1111"),
        joined("a", "1111", "2222"),
    ]
    assert han_map_lines(map_of_events(circle)) == []
    hub = [device("hub", "hub", 9), Event(0, "hub", "hub.network-up")]
    assert len(han_map_lines(map_of_events([*hub, *circle]))) < 9


def test_a_name_cannot_become_a_tag_in_the_report() -> None:
    html = han_tree("HAN", map_of_events([device("<b>", "hub", 1)]))
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
    assert han_tree("HAN", HanMap()) == ""


# --- read and served -------------------------------------------------------------------------------------------------


def test_events_that_were_written_are_read_again(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with path.open("wb") as stream:
        writer = EventLog(stream)
        for event in EVENTS:
            writer(event)
        writer.flush()
    assert list(read_events(path)) == EVENTS


@pytest.mark.parametrize(
    "line", ["{}", "[]", "no json", '{"at":"1","source":"a","kind":"b","reason":null}', "[" * 2_000]
)
def test_a_line_that_is_no_event_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(f'{{"at":1,"source":"a","kind":"b","reason":null}}\n{line}\n')
    with pytest.raises(BadInput, match="line 2: is no event"):
        list(read_events(path))


def test_a_served_han_has_the_same_map() -> None:
    here = map_of_events(TRUSTED[:7] + TRUSTED[8:])
    served = {
        "devices": [
            {
                "name": each.name,
                "kind": each.kind,
                "profile": each.profile,
                "eui64": each.eui64,
                "short": each.short,
                "parent": next((one.short for one in here.devices if one.name == each.parent), None),
                "on_network": each.on_network,
                "log_type": each.log_type,
                "log_standing": each.log_standing,
                "key_established_s": each.key_established_s,
            }
            for each in here.devices
        ]
    }
    assert map_of_served(served) == here


def test_an_older_served_han_says_less() -> None:
    bare = {"name": "hub", "kind": "hub", "profile": "hub", "eui64": "00", "on_network": True}
    (found,) = map_of_served({"devices": [bare]}).devices
    assert (found.short, found.parent, found.log_standing, found.key_established_s) == (None, None, None, None)
