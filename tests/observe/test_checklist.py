"""A run that shows a behaviour step by step: what went wrong stands in every file, and no name becomes markup."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from emulator.observe.checklist import FAILED, Check, ChecklistSummary, ShownMessage
from emulator.observe.junit import checklist_junit_text
from emulator.observe.report.checklist_page import render_checklist

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
