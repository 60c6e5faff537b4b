"""What is printed of a hub or a bridge on a stick."""

from __future__ import annotations

import json

import pytest

from emulator.control.live.telling import Teller
from emulator.core.events import Event


def told(capsys: pytest.CaptureFixture[str], *events: Event, as_json: bool = False) -> list[str]:
    teller = Teller(as_json=as_json)
    for event in events:
        teller.take(event)
    teller.stopped()
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out.splitlines()


def test_every_event_that_people_want_to_know_of_is_a_line_with_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, Event(0, "hub", "hub.power", "on"), Event(1, "hub", "mac.retry", "no-ack"))
    assert [line[8:] for line in lines[:-1]] == ["  power on"]
    assert lines[-1] == "stopped; the same command goes on from here"


def test_for_machines_it_is_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    event = Event(7, "hub", "hub.join-refused", "not-in-log", {"device": "00db120000001001"})
    refused, stopped = (json.loads(line) for line in told(capsys, event, as_json=True))
    assert {**refused, "utc": None} == {
        "event": "hub.join-refused", "at": 7, "utc": None, "reason": "not-in-log", "device": "00db120000001001",
    }  # fmt: skip
    assert stopped["event"] == "stopped"


def test_what_becomes_of_a_stick_that_was_switched_off_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    lost = Event(1, "hub/host", "stick.lost", "stick-reset")
    lines = told(capsys, lost, Event(2, "hub", "hub.power", "off"), lost, Event(3, "hub", "hub.power", "on"), lost)
    assert [line[10:] for line in lines[:-1]] == [
        "the stick is lost: stick-reset", "power off", "power on", "the stick is lost: stick-reset",
    ]  # fmt: skip
