"""A run that shows a behaviour step by step: what went wrong stands in every file, and no name becomes markup."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

from emulator.observe.checklist import FAILED, BatteryFed, Check, ChecklistSummary, LostBehind, ShownMessage
from emulator.observe.junit import checklist_junit_text
from emulator.observe.report.checklist_page import render_checklist
from tests.observe.test_report import Page

GOOD = Check("one is sent", "answered", "answered", passed=True, at_s=1.5, messages=(ShownMessage("Command", "00ff"),))
BAD = Check("<b>two</b>", "refused", "answered & kept", passed=False, at_s=4.0, reason="mac-invalid")
SUMMARY = ChecklistSummary("A title", FAILED, 7, "frames", 4.0, 0.25, 12, (GOOD, BAD), {"unsupported_alert": True})


def test_a_step_is_a_test_case_and_takes_the_time_since_the_one_before() -> None:
    suite = ET.fromstring(checklist_junit_text(SUMMARY))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    cases = suite.findall(".//testcase")
    assert [(case.get("name"), case.get("time")) for case in cases] == [
        ("one is sent", "1.500000"),
        ("<b>two</b>", "2.500000"),
    ]
    failure = cases[1].find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("mac-invalid", "answered & kept")
    assert failure.text == "expected: refused"


def test_the_report_shows_every_step_with_its_messages_and_what_was_assumed() -> None:
    page = render_checklist(SUMMARY, ("events.jsonl",))
    assert "1 of 2 steps went as they should" in page
    assert "&lt;b&gt;two&lt;/b&gt;" in page
    assert "<b>two</b>" not in page
    assert "00 ff" in page
    assert "unsupported_alert" in page


def test_the_summary_is_json_with_the_keys_of_the_schema() -> None:
    found = json.loads(SUMMARY.text())
    assert list(found)[:5] == ["title", "outcome", "seed", "fidelity", "virtual_seconds"]
    assert [check["passed"] for check in found["checks"]] == [True, False]
    assert SUMMARY.passed == 1


# --- battery-fed bridges ---------------------------------------------------------------------------------------------

UPDATED = LostBehind("gsme", "update", 60.0, 180.0, 3, 1, 3.0)
GONE = (
    LostBehind("<i>ihd</i>", "low", 10.0, 600.0, 58, 0, 0.0),
    LostBehind("ihd", "empty", 600.0, 4_200.0, 420, 419, 3_600.0),
)


def shown(*batteries: BatteryFed) -> str:
    return Page(render_checklist(replace(SUMMARY, batteries=batteries))).text


def test_the_report_says_what_a_battery_fed_bridge_cost_whom() -> None:
    text = shown(BatteryFed("bridge-gas", 100.0, 99.958, 3.522, (UPDATED,)))
    assert "bridge-gas Charge 100 % when the run began, 99.958 % in the end Drawn by the update 3.522 mAh" in text
    assert "its update and restart, from 1 min 0.0 s to 3 min 0.0 s gsme 3 1 3.00 s" in text


def test_the_report_says_since_when_a_battery_is_low_and_empty() -> None:
    text = shown(BatteryFed("bridge-flat", 0.02, 0.0, None, GONE))
    assert "no update began" in text
    assert "its battery low, from 10.0 s to 10 min 0 s <i>ihd</i> 58 0 0 s" in text
    assert "its battery empty, from 10 min 0 s to the end ihd 420 419 1 h 0 min" in text


def test_a_battery_of_which_nothing_is_to_be_told_is_there_all_the_same() -> None:
    assert "bridge-gas" in shown(BatteryFed("bridge-gas", 50.0, 50.0, None))
    assert "battery-fed" not in shown()


def test_the_summary_has_the_same_for_programs() -> None:
    whole = replace(SUMMARY, batteries=(BatteryFed("bridge-flat", 0.02, 0.0, None, GONE),))
    (battery,) = json.loads(whole.text())["batteries"]
    assert list(battery) == ["bridge", "began_percent", "left_percent", "update_mah", "behind"]
    assert battery["behind"][1] == {
        "device": "ihd",
        "part": "empty",
        "began_s": 600.0,
        "ended_s": 4200.0,
        "exchanges": 420,
        "lost": 419,
        "cut_off_s": 3600.0,
    }
    assert json.loads(SUMMARY.text())["batteries"] == []
