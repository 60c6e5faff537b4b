"""The summary of an update run, in words."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.observe.summary import ACTIVATED, Clock, DeviceNotes, DeviceSummary, RunNotes, RunSummary, reason_text

_RESULTS = {0: "success", 1: "failure"}


def summary_lines(summary: RunSummary, notes: RunNotes) -> Iterator[str]:
    """What people want to know of a run."""
    words = "every bridge runs its new image" if summary.outcome == ACTIVATED else _failure(summary.reason)
    yield f"{summary.outcome}: {words}" if summary.outcome == ACTIVATED else words
    for device in summary.devices:
        yield ""
        yield from _device(device, notes.of(device, summary))
    yield ""
    yield (
        f"run        {_time(summary, notes.clock)}, {summary.frames:,} frames, fidelity {summary.fidelity}, "
        f"seed {summary.seed}"
    )
    if summary.standards:
        changed = ", ".join(f"{name}={_setting(value)}" for name, value in summary.standards.items())
        yield f"standards  {changed} (assumptions; see `althan standards`)"
    for name in ("report", "events", "capture", "keys"):
        path = getattr(summary.files, name)
        if path is not None:
            yield f"{name:<10} {path}"


def _time(summary: RunSummary, clock: Clock) -> str:
    if clock is not Clock.VIRTUAL:
        return f"{summary.wall_seconds:.1f} s by the wall clock, {clock.value}"
    speed = summary.virtual_seconds / summary.wall_seconds if summary.wall_seconds else 0.0
    return f"{summary.virtual_seconds:.1f} s of virtual time in {summary.wall_seconds:.1f} s ({speed:.0f}x)"


def _device(device: DeviceSummary, notes: DeviceNotes) -> Iterator[str]:
    same = device.version_after == device.version_before
    arrow = f"{device.version_before}, unchanged" if same else f"{device.version_before} -> {device.version_after}"
    yield f"{device.name} ({device.profile}, {device.eui64})"
    if notes.reason:
        yield f"  outcome    {notes.outcome}: {reason_text(notes.reason)}"
    yield f"  version    {arrow}"
    yield f"  image      {device.image_bytes:,} octets, SHA-256 {device.image_sha256[:16]}..., {_received(device)}"
    yield f"  signature  {notes.signature_check}"
    time = device.time
    yield (
        f"  time       air {time.air_s:.1f} s, waiting {time.wait_s:.1f} s, retries {time.retry_s:.1f} s, "
        f"pacing {time.pace_s:.1f} s; {device.blocks:,} blocks of {device.block_size} octets, "
        f"{device.bytes_resent:,} octets re-sent"
    )
    if device.battery is not None:
        yield f"  charge     {device.battery.used_mah:,.3f} mAh used, {device.battery.left_percent:,.1f} % left"
    if device.alert is not None:
        alert = device.alert
        yield (
            f"  alert      0x{alert.alert_code.upper()} ({alert.message_code}): {_result(alert.result)}, "
            f"version {alert.firmware_version}, signature verified"
        )
        yield from _fields(notes.alert)
    if device.cs08 is not None:
        answer = device.cs08
        yield (
            f"  CS08       ({answer.message_code}): {_result(answer.response_code)}, "
            f"version {answer.firmware_version}, MAC verified"
        )
        yield from _fields(notes.cs08)


def _failure(reason: str | None) -> str:
    return "failed" if reason is None else f"failed: {reason_text(reason)}"


def _received(device: DeviceSummary) -> str:
    if device.received_sha256 is None:
        return "not received whole"
    return "received unchanged" if device.received_sha256 == device.image_sha256 else "received DAMAGED"


def _fields(named: object) -> Iterator[str]:
    assert isinstance(named, dict)
    for name, value in named.items():
        yield f"             {name}: {value}"


def _result(code: int) -> str:
    return _RESULTS.get(code, f"result {code}")


def _setting(value: float | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
