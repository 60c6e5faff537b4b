"""A card for each updated device: what it is, what it runs, what it received, and what it said of it."""

from __future__ import annotations

from emulator.observe.report import tables
from emulator.observe.report.markup import Html, join, tag
from emulator.observe.report.overview import mark, reason_told, section
from emulator.observe.report.scales import duration, share, size
from emulator.observe.summary import (
    ACTIVATED,
    AlertSummary,
    BatterySummary,
    Cs08Summary,
    DeviceNotes,
    DeviceSummary,
    RunNotes,
    RunSummary,
)

# What GBCS calls the codes that a bridge sends as a PPMID (GBCS use cases CS08 and CS09).
MESSAGES = {"012b": "CS09 PPMID Firmware Activation Alert", "0129": "CS08 Read PPMID/HCALCS Firmware Version"}
ALERTS = {"8f8b": "firmware activation"}
RESULTS = {0: "success", 1: "failure"}
RESPONSES = {0: "success", 1: "read failure"}


def devices(summary: RunSummary, notes: RunNotes) -> Html:
    """The cards, in the order of the summary."""
    cards = (_card(device, notes.of(device, summary)) for device in summary.devices)
    return section("Device" if len(summary.devices) == 1 else "Devices", *cards)


def _card(device: DeviceSummary, notes: DeviceNotes) -> Html:
    reason = join(": ", reason_told(notes.reason)) if notes.reason else Html("")
    verdict = tag("span", notes.outcome, reason, class_="verdict")
    return tag(
        "article",
        tag("h3", mark(good=notes.outcome == ACTIVATED), tag("span", device.name, class_="name"), verdict),
        _versions(device),
        tables.pairs(_facts(device, notes)),
        tag("div", _alert(device.alert, notes), _cs08(device.cs08, notes), class_="messages"),
    )


def _versions(device: DeviceSummary) -> Html:
    words = "" if device.version_before != device.version_after else "unchanged"
    return tag(
        "p",
        tag("span", device.version_before, class_="version"),
        tag("span", "→", class_="arrow", role="img", aria_label="to"),
        tag("strong", device.version_after, class_="version"),
        tag("span", words, class_="note"),
        class_="versions",
    )


def _facts(device: DeviceSummary, notes: DeviceNotes) -> list[tuple[str, str]]:
    total = device.time.total_s
    received = device.received_sha256 is not None and total > 0
    rate = f", {device.image_bytes / total:,.0f} octets a second" if received else ""
    resent = f"{device.bytes_resent:,} octets, {share(device.bytes_resent, device.image_bytes)} of the image"
    rows: list[tuple[str, str]] = [
        ("Profile", device.profile),
        ("EUI-64", tables.code(device.eui64)),
        ("Image", size(device.image_bytes)),
        ("Blocks", f"{device.blocks:,} of up to {device.block_size} octets"),
        ("Sent again", resent),
        ("Download", duration(total) + rate),
        ("Image SHA-256", tables.code(device.image_sha256)),
        ("Received SHA-256", _received(device)),
    ]
    if notes.signature_check:
        rows.append(("Signature", notes.signature_check))
    if device.battery is not None:
        rows.append(("Charge used", _charge(device.battery)))
    return rows


def _charge(battery: BatterySummary) -> str:
    """What the update drew, by what it went into."""
    parts = (
        ("being on", battery.idle_mah),
        ("sending", battery.transmit_mah),
        ("receiving", battery.receive_mah),
        ("polls", battery.polls_mah),
        ("writes to flash", battery.flash_mah),
    )
    told = ", ".join(f"{name} {amount:,.3f}" for name, amount in parts if amount)
    used = f"{battery.used_mah:,.3f} mAh" + (f" ({told})" if told else "")
    return f"{used}; {battery.left_percent:,.1f} % left"


def _received(device: DeviceSummary) -> Html:
    if device.received_sha256 is None:
        return tag("span", "no whole image was received", class_="note")
    same = device.received_sha256 == device.image_sha256
    verdict = tag("span", "✓ the same" if same else "✕ not the same", class_="same" if same else "differs")
    return join(tables.code(device.received_sha256), " ", verdict)


def _alert(alert: AlertSummary | None, notes: DeviceNotes) -> Html:
    caption = "Activation alert"
    if alert is None:
        return tables.message(caption, (), (), absent="The device sent no alert.")
    rows = [
        ("Message code", _named(alert.message_code, MESSAGES)),
        ("Alert code", _named(alert.alert_code, ALERTS)),
        ("Activate image result", f"{alert.result}, {RESULTS.get(alert.result, 'not in GBCS')}"),
        ("Firmware version", tables.code(alert.firmware_version)),
        *notes.alert.items(),
    ]
    return tables.message(caption, rows, (("Alert", alert.hex),))


def _cs08(cs08: Cs08Summary | None, notes: DeviceNotes) -> Html:
    caption = "Firmware version read"
    if cs08 is None:
        return tables.message(caption, (), (), absent="The version was not read, or the read was not answered.")
    rows = [
        ("Message code", _named(cs08.message_code, MESSAGES)),
        ("Response code", f"{cs08.response_code}, {RESPONSES.get(cs08.response_code, 'not in GBCS')}"),
        ("Firmware version", tables.code(cs08.firmware_version)),
        *notes.cs08.items(),
    ]
    return tables.message(caption, rows, (("Command", cs08.command_hex), ("Response", cs08.response_hex)))


def _named(code: str, names: dict[str, str]) -> Html:
    name = names.get(code.lower())
    return join(tables.code(f"0x{code.upper()}"), f" {name}" if name else "")
