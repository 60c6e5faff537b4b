"""Sample results for the tests of `observe`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from emulator.observe.metrics import Metrics
from emulator.observe.summary import (
    ACTIVATED,
    AlertSummary,
    Cs08Summary,
    DeviceSummary,
    FileNames,
    RunSummary,
    TimeSpent,
    version_text,
)

DIGEST = hashlib.sha256(b"image").hexdigest()


def _device(**changes: Any) -> DeviceSummary:
    whole = DeviceSummary(
        name="bridge-1",
        profile="bridge-1",
        eui64="00db1234567890a4",
        image_bytes=768_000,
        image_sha256=DIGEST,
        received_sha256=DIGEST,
        blocks=15_360,
        block_size=50,
        bytes_resent=1_250,
        version_before=version_text(0x0001_0100),
        version_after=version_text(0x0001_02FF),
        time=TimeSpent(180.25, 61.5, 3.125, 12.0),
        alert=AlertSummary("012b", "8f8b", 0, version_text(0x0001_02FF), "df0903"),
        cs08=Cs08Summary("0129", 0, version_text(0x0001_02FF), "dd0000", "dd0001"),
    )
    return replace(whole, **changes)


def _run(*devices: DeviceSummary, **changes: Any) -> RunSummary:
    whole = RunSummary(
        outcome=ACTIVATED,
        reason=None,
        seed=7,
        fidelity="frames",
        virtual_seconds=303.25,
        wall_seconds=5.5,
        frames=184_223,
        devices=devices or (_device(),),
        standards={},
        files=FileNames("out/events.jsonl", "out/han.pcap", "out/keys.txt", "out/report.html"),
    )
    return replace(whole, **changes)


@pytest.fixture
def device() -> Callable[..., DeviceSummary]:
    """Makes a device that was updated, with the changes given."""
    return _device


@pytest.fixture
def run() -> Callable[..., RunSummary]:
    """Makes a run of the devices given, with the changes given."""
    return _run


@pytest.fixture
def metrics() -> Metrics:
    """What was counted in a small run."""
    counted = Metrics()
    for index in range(1_000):
        at = 1_000_000 + index * 290_000
        counted.transmitted("hub", 3_296, "data")
        counted.transmitted("bridge-1", 352, "mac-ack")
        counted.progress("bridge-1", at, (index + 1) * 768)
        if index % 100 == 50:
            counted.retry("bridge-1", at, "no-ack")
            counted.drop("hub", at, "collision")
    return counted
