"""`junit.xml`: the run as a test suite, one test case for each updated device."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

from emulator.observe.checklist import FAILED, ChecklistSummary
from emulator.observe.summary import ACTIVATED, Clock, DeviceNotes, DeviceSummary, RunNotes, RunSummary

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_NOTES = RunNotes()


def junit_text(summary: RunSummary, notes: RunNotes = _NO_NOTES) -> str:
    """The whole file; a failure's message is its reason.

    Times are those of the run (virtual seconds), so the same run gives the same octets whatever machine it ran on.
    """
    verdicts = [notes.of(device, summary) for device in summary.devices]
    failures = sum(verdict.outcome != ACTIVATED for verdict in verdicts)
    # A run that failed is never green, even if every device did its part.
    alone = summary.outcome != ACTIVATED and not failures
    totals = {"tests": str(len(verdicts) + alone), "failures": str(failures + alone), "errors": "0", "skipped": "0"}
    root = ET.Element("testsuites", totals)
    suite = ET.SubElement(root, "testsuite", {"name": "althan", **totals})
    suite.set("time", f"{summary.virtual_seconds:.6f}")
    _properties(suite, summary, notes.clock)
    for device, verdict in zip(summary.devices, verdicts, strict=True):
        _case(suite, device, verdict)
    if alone:
        case = ET.SubElement(suite, "testcase", {"classname": "althan.run", "name": "run"})
        ET.SubElement(case, "failure", {"message": _clean(summary.reason or summary.outcome), "type": summary.outcome})
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def checklist_junit_text(summary: ChecklistSummary) -> str:
    """The file of a run that shows a behaviour step by step: one test case a step."""
    failures = len(summary.checks) - summary.passed
    totals = {"tests": str(len(summary.checks)), "failures": str(failures), "errors": "0", "skipped": "0"}
    root = ET.Element("testsuites", totals)
    suite = ET.SubElement(root, "testsuite", {"name": "althan", **totals})
    suite.set("time", f"{summary.virtual_seconds:.6f}")
    _properties(suite, summary, Clock.VIRTUAL)
    before = 0.0
    for check in summary.checks:
        case = ET.SubElement(suite, "testcase", {"classname": "althan.demo", "name": _clean(check.name)})
        case.set("time", f"{check.at_s - before:.6f}")
        before = check.at_s
        if not check.passed:
            failure = ET.SubElement(
                case, "failure", {"message": _clean(check.happened), "type": check.reason or FAILED}
            )
            failure.text = _clean(f"expected: {check.expected}")
        ET.SubElement(case, "system-out").text = _clean(check.happened)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _properties(suite: ET.Element, summary: RunSummary | ChecklistSummary, clock: Clock) -> None:
    properties = ET.SubElement(suite, "properties")
    values = {
        "seed": summary.seed,
        "fidelity": summary.fidelity,
        "clock": clock,
        "frames": summary.frames,
        **{f"standard.{name}": value for name, value in summary.standards.items()},
    }
    for name, value in values.items():
        text = value if isinstance(value, str) else json.dumps(value)
        ET.SubElement(properties, "property", {"name": _clean(name), "value": _clean(text)})


def _case(suite: ET.Element, device: DeviceSummary, verdict: DeviceNotes) -> None:
    case = ET.SubElement(suite, "testcase")
    case.set("classname", f"althan.update.{_clean(device.profile)}")
    case.set("name", _clean(device.name))
    case.set("time", f"{device.time.total_s:.6f}")
    if verdict.outcome != ACTIVATED:
        reason = _clean(verdict.reason or verdict.outcome)
        failure = ET.SubElement(case, "failure", {"message": reason, "type": _clean(verdict.outcome)})
        failure.text = f"{_clean(device.name)} runs {_clean(device.version_after)}: {reason}"
    output = ET.SubElement(case, "system-out")
    output.text = _clean(
        f"version {device.version_before} -> {device.version_after}, {device.image_bytes} octets,"
        f" {device.blocks} blocks, {device.bytes_resent} octets sent again, image sha256 {device.image_sha256}"
    )


def _clean(text: str) -> str:
    """`text` without the characters that XML 1.0 cannot carry at all."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
