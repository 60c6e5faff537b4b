from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError
from emulator.observe.summary import (
    ACTIVATED,
    FAILED,
    AlertSummary,
    DeviceNotes,
    DeviceSummary,
    RunNotes,
    RunSummary,
    version_text,
)

# fmt: off
RUN_KEYS = [
    "outcome", "reason", "seed", "fidelity", "virtual_seconds", "wall_seconds", "frames", "devices",
    "standards", "files",
]
DEVICE_KEYS = [
    "name", "profile", "eui64", "image_bytes", "image_sha256", "received_sha256", "blocks", "block_size",
    "bytes_resent", "version_before", "version_after", "time", "alert", "cs08",
]
# fmt: on


def test_the_object_has_the_keys_of_the_schema_in_its_order(run: Callable[..., RunSummary]) -> None:
    found = json.loads(run(standards={"ota_aps_security": False}).text())
    assert list(found) == RUN_KEYS
    (device,) = found["devices"]
    assert list(device) == DEVICE_KEYS
    assert list(device["time"]) == ["air_s", "wait_s", "retry_s", "pace_s"]
    assert list(device["alert"]) == ["message_code", "alert_code", "result", "firmware_version", "hex"]
    assert list(device["cs08"]) == ["message_code", "response_code", "firmware_version", "command_hex", "response_hex"]
    assert list(found["files"]) == ["events", "capture", "keys", "report"]
    assert found["standards"] == {"ota_aps_security": False}


def test_the_text_is_one_ascii_object_and_a_newline(run: Callable[..., RunSummary]) -> None:
    text = run(reason="bad name \u00e9").text()
    assert text.isascii()
    assert text.endswith("}\n")


def test_what_was_written_reads_back(run: Callable[..., RunSummary], device: Callable[..., DeviceSummary]) -> None:
    whole = run(device(), device(name="bridge-2", alert=None, cs08=None, received_sha256=None), outcome=FAILED)
    assert RunSummary.from_object(json.loads(whole.text())) == whole


@pytest.mark.parametrize("key", RUN_KEYS[:-2])
def test_an_object_without_a_key_is_a_decode_error(run: Callable[..., RunSummary], key: str) -> None:
    found = run().as_object()
    del found[key]
    with pytest.raises(DecodeError, match="summary"):
        RunSummary.from_object(found)


@pytest.mark.parametrize("change", [{"devices": 5}, {"devices": [{}]}, {"files": None}, {"more": 1}], ids=str)
def test_an_object_of_another_shape_is_a_decode_error(run: Callable[..., RunSummary], change: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match="summary"):
        RunSummary.from_object({**run().as_object(), **change})


@given(st.integers(0, 2**32 - 1))
def test_versions_are_eight_upper_case_digits(version: int) -> None:
    text = version_text(version)
    assert len(text) == 8
    assert text == text.upper()
    assert int(text, 16) == version


def test_a_device_without_notes_shares_the_outcome_of_its_run(run: Callable[..., RunSummary]) -> None:
    good, bad = run(), run(outcome=FAILED, reason="bad-signature")
    assert RunNotes().of(good.devices[0], good) == DeviceNotes(ACTIVATED)
    assert RunNotes().of(bad.devices[0], bad) == DeviceNotes(FAILED, "bad-signature")


def test_of_several_devices_without_notes_those_that_reported_success_are_activated(
    run: Callable[..., RunSummary], device: Callable[..., DeviceSummary]
) -> None:
    failed = device(name="b", alert=AlertSummary("012b", "8f8b", 1, "00010100", ""))
    whole = run(device(name="a"), failed, device(name="c", alert=None), outcome=FAILED, reason="overwritten")
    outcomes = [RunNotes().of(each, whole).outcome for each in whole.devices]
    assert outcomes == [ACTIVATED, FAILED, FAILED]


def test_notes_come_before_conclusions(run: Callable[..., RunSummary]) -> None:
    notes = RunNotes(devices={"bridge-1": DeviceNotes(FAILED, "image-overwritten")})
    whole = run()
    assert notes.of(whole.devices[0], whole).reason == "image-overwritten"
