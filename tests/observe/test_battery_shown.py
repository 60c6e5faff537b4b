"""How summary and report tell of a battery: for devices that have one, and for no others."""

from __future__ import annotations

import json
from collections.abc import Callable

from emulator.observe.metrics import Metrics
from emulator.observe.report.page import render_report
from emulator.observe.summary import (
    FAILED,
    BatterySummary,
    DeviceNotes,
    DeviceSummary,
    RunNotes,
    RunSummary,
    reason_text,
)
from tests.observe.test_report import Page

Devices = Callable[..., DeviceSummary]
Runs = Callable[..., RunSummary]

BATTERY = BatterySummary(1.317, 0.554, 0.62, 0.064, 0.0, 0.0793, 97.25)


def shown(summary: RunSummary, metrics: Metrics, notes: RunNotes | None = None) -> str:
    return Page(render_report(summary.as_object(), metrics.snapshot(), notes or RunNotes())).text


def test_the_key_comes_last_and_only_where_there_is_a_battery(run: Runs, device: Devices) -> None:
    mains, fed = json.loads(run(device(), device(battery=BATTERY)).text())["devices"]
    assert "battery" not in mains
    assert list(fed)[-1] == "battery"
    assert list(fed["battery"]) == [
        "used_mah",
        "idle_mah",
        "transmit_mah",
        "receive_mah",
        "polls_mah",
        "flash_mah",
        "left_percent",
    ]


def test_a_summary_with_a_battery_reads_back(run: Runs, device: Devices) -> None:
    whole = run(device(), device(name="bridge-4", battery=BATTERY))
    assert RunSummary.from_object(json.loads(whole.text())) == whole


def test_the_report_says_what_the_update_drew_and_for_what(run: Runs, device: Devices, metrics: Metrics) -> None:
    text = shown(run(device(battery=BATTERY)), metrics)
    told = "Charge used 1.317 mAh (being on 0.554, sending 0.620, receiving 0.064, writes to flash 0.079); 97.2 % left"
    assert told in text
    assert "polls" not in text


def test_the_report_of_a_mains_device_says_nothing_of_charge(run: Runs, metrics: Metrics) -> None:
    assert "Charge" not in shown(run(), metrics)


def test_an_update_put_off_stands_in_words_at_the_top_and_at_the_device(
    run: Runs, device: Devices, metrics: Metrics
) -> None:
    reason = "deferred-low-battery"
    nothing = BatterySummary(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 9.0)
    devices = [device(name=name, battery=nothing) for name in ("one", "two")]
    notes = RunNotes(devices={each.name: DeviceNotes(FAILED, reason) for each in devices})
    text = shown(run(*devices, outcome=FAILED, reason=reason), metrics, notes)
    assert text.count("deferred: low battery") == 5  # the headline, two lines at a glance, two cards
    assert "Charge used 0.000 mAh; 9.0 % left" in text
    assert reason in text


def test_a_reason_without_words_stands_for_itself() -> None:
    assert reason_text("image-overwritten") == "image-overwritten"
    assert reason_text("battery-empty") == "battery empty"
