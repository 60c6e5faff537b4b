"""What came of a run: `summary.json`, the same object that `--json` prints.

The dataclasses are the schema: a field is a key, in their order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from emulator.core.errors import DecodeError

ACTIVATED = "activated"
FAILED = "failed"


class Clock(StrEnum):
    """What a second of the run was."""

    VIRTUAL = "virtual"
    REAL = "real"
    INSTANT_AIR = "instant air"


def version_text(version: int) -> str:
    """A firmware version as people and the summary write it: 8 upper-case hex digits."""
    return f"{version:08X}"


_REASON_TEXTS = {
    "deferred-low-battery": "deferred: low battery",
    "battery-empty": "battery empty",
}


def reason_text(reason: str) -> str:
    """A machine-readable reason as people read it, where there are words for it."""
    return _REASON_TEXTS.get(reason, reason)


@dataclass(frozen=True, slots=True)
class TimeSpent:
    """Where a device's download spent its time, seconds: on the air, waiting, on retries, paced."""

    air_s: float = 0.0
    wait_s: float = 0.0
    retry_s: float = 0.0
    pace_s: float = 0.0

    @property
    def total_s(self) -> float:
        """All of it, seconds."""
        return self.air_s + self.wait_s + self.retry_s + self.pace_s


@dataclass(frozen=True, slots=True)
class AlertSummary:
    """The GBCS alert that followed the activation; codes and octets in lower-case hex."""

    message_code: str
    alert_code: str
    result: int
    firmware_version: str
    hex: str


@dataclass(frozen=True, slots=True)
class Cs08Summary:
    """The CS08 read and its answer; codes and octets in lower-case hex."""

    message_code: str
    response_code: int
    firmware_version: str
    command_hex: str
    response_hex: str


@dataclass(frozen=True, slots=True)
class BatterySummary:
    """What an update drew from a battery, mAh, all of it and by what it went into; and what is left, percent.

    From the first request for data until the bridge told how it ended; 0 where nothing was requested.
    """

    used_mah: float
    idle_mah: float
    transmit_mah: float
    receive_mah: float
    polls_mah: float
    flash_mah: float
    left_percent: float


@dataclass(frozen=True, slots=True)
class DeviceSummary:
    """One updated bridge; versions by `version_text`, `eui64` by `eui64_text`, digests in lower-case hex.

    The key `battery` is there for devices that have one, and for no others.
    """

    name: str
    profile: str
    eui64: str
    image_bytes: int
    image_sha256: str
    received_sha256: str | None
    blocks: int
    block_size: int
    bytes_resent: int
    version_before: str
    version_after: str
    time: TimeSpent
    alert: AlertSummary | None
    cs08: Cs08Summary | None
    battery: BatterySummary | None = None


@dataclass(frozen=True, slots=True)
class FileNames:
    """Where the files of the run are; None for those that it did not write."""

    events: str | None = None
    capture: str | None = None
    keys: str | None = None
    report: str | None = None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The whole run.

    Attributes:
        outcome: `activated` or `failed`.
        reason: why it failed, machine-readable; None where it did not.
        seed: None for a run without one.
        wall_seconds: from the first event to the last.
        devices: the updated bridges in the order of `--profile`; never the hub or relays.
        standards: the switches that differ from their defaults.
    """

    outcome: str
    reason: str | None
    seed: int | None
    fidelity: str
    virtual_seconds: float
    wall_seconds: float
    frames: int
    devices: tuple[DeviceSummary, ...]
    standards: Mapping[str, int | float | bool | str] = field(default_factory=dict)
    files: FileNames = field(default_factory=FileNames)

    def as_object(self) -> dict[str, Any]:
        """The JSON object, keys in the order of the schema."""
        whole = asdict(self)
        whole["devices"] = [_without_absent_battery(device) for device in whole["devices"]]
        return whole

    def text(self) -> str:
        """`summary.json`, and what `--json` prints: ASCII, two spaces of indent, a newline at the end."""
        return json.dumps(self.as_object(), indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_object(cls, found: Mapping[str, Any]) -> RunSummary:
        """The summary that `as_object` made `found` from; DecodeError where a key is missing or unknown."""
        try:
            devices = tuple(_device(device) for device in found["devices"])
            return cls(**{**found, "devices": devices, "files": FileNames(**found["files"])})
        except (KeyError, TypeError, AttributeError) as error:
            raise DecodeError(f"summary: {error}") from error


def _without_absent_battery(device: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in device.items() if key != "battery" or value is not None}


def _device(found: Mapping[str, Any]) -> DeviceSummary:
    alert, cs08, battery = found["alert"], found["cs08"], found.get("battery")
    nested = {
        "time": TimeSpent(**found["time"]),
        "alert": None if alert is None else AlertSummary(**alert),
        "cs08": None if cs08 is None else Cs08Summary(**cs08),
        "battery": None if battery is None else BatterySummary(**battery),
    }
    return DeviceSummary(**{**found, **nested})


@dataclass(frozen=True, slots=True)
class DeviceNotes:
    """What people want to know of a device beyond the summary.

    Attributes:
        outcome: this device's own, where several were updated.
        reason: why it failed.
        signature_check: which check of the image's signature was made, in words.
        alert: further decoded fields of the alert, name to value, e.g. `Activation date-time`.
        cs08: further decoded fields of the CS08 answer.
    """

    outcome: str
    reason: str | None = None
    signature_check: str = ""
    alert: Mapping[str, str] = field(default_factory=dict)
    cs08: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunNotes:
    """What the report and the JUnit results say beyond the summary; `devices` by name."""

    title: str = "Firmware update over the HAN"
    clock: Clock = Clock.VIRTUAL
    devices: Mapping[str, DeviceNotes] = field(default_factory=dict)

    def of(self, device: DeviceSummary, run: RunSummary) -> DeviceNotes:
        """The notes on `device`; without any, what the summary lets one conclude."""
        noted = self.devices.get(device.name)
        if noted is not None:
            return noted
        activated = run.outcome == ACTIVATED or (
            len(run.devices) > 1 and device.alert is not None and device.alert.result == 0
        )
        return DeviceNotes(ACTIVATED) if activated else DeviceNotes(FAILED, run.reason)
