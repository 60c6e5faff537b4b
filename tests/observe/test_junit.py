from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from emulator.observe.junit import junit_text
from emulator.observe.summary import FAILED, DeviceNotes, DeviceSummary, RunNotes, RunSummary


def suite(text: str) -> ET.Element:
    found = ET.fromstring(text.encode()).find("testsuite")
    assert found is not None
    return found


def test_an_updated_device_is_a_test_case_that_passes(run: Callable[..., RunSummary]) -> None:
    found = suite(junit_text(run()))
    assert (found.get("tests"), found.get("failures"), found.get("time")) == ("1", "0", "303.250000")
    (case,) = found.findall("testcase")
    assert (case.get("name"), case.get("time")) == ("bridge-1", "256.875000")
    assert case.find("failure") is None


def test_a_failure_has_the_reason_as_its_message(
    run: Callable[..., RunSummary], device: Callable[..., DeviceSummary]
) -> None:
    notes = RunNotes(devices={"bridge-2": DeviceNotes(FAILED, "image-overwritten")})
    whole = run(device(), device(name="bridge-2"), outcome=FAILED, reason="image-overwritten")
    found = suite(junit_text(whole, notes))
    assert (found.get("tests"), found.get("failures")) == ("2", "1")
    first, second = found.findall("testcase")
    assert first.find("failure") is None
    failure = second.find("failure")
    assert failure is not None
    assert failure.get("message") == "image-overwritten"


def test_a_failed_run_is_red_even_where_no_device_failed(run: Callable[..., RunSummary]) -> None:
    notes = RunNotes(devices={"bridge-1": DeviceNotes("activated")})
    found = suite(junit_text(run(outcome=FAILED, reason="no-network"), notes))
    assert (found.get("tests"), found.get("failures")) == ("2", "1")
    assert [failure.get("message") for failure in found.iter("failure")] == ["no-network"]


def test_the_properties_say_how_to_have_the_run_again(run: Callable[..., RunSummary]) -> None:
    found = suite(junit_text(run(standards={"ota_aps_security": False, "ota_activation": "wait"})))
    properties = {item.get("name"): item.get("value") for item in found.iter("property")}
    assert properties["seed"] == "7"
    assert properties["clock"] == "virtual"
    assert properties["standard.ota_aps_security"] == "false"
    assert properties["standard.ota_activation"] == "wait"


@pytest.mark.parametrize("name", ['<&>"', "a\x00b\x1b", "\ud800", "a\nb", "\uffff"], ids=ascii)
def test_no_name_makes_the_file_unreadable(
    run: Callable[..., RunSummary], device: Callable[..., DeviceSummary], name: str
) -> None:
    whole = run(device(name=name, profile=name), outcome=FAILED, reason=name)
    (case,) = suite(junit_text(whole)).findall("testcase")
    assert len(case.get("name", "")) == len(name)


def test_wall_time_is_not_in_it(run: Callable[..., RunSummary]) -> None:
    assert junit_text(run(wall_seconds=1.0)) == junit_text(run(wall_seconds=2.0))
