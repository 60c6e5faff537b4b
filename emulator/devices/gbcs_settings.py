"""From the standards of a run to how a GBCS device reads what GBCS leaves open."""

from __future__ import annotations

from emulator.core.standards import Standards
from emulator.gbcs.device.settings import DeviceSettings


def device_settings(standards: Standards) -> DeviceSettings:
    """For every device of the run, the hub's CHF among them."""
    failed = standards.word("cs09_version_on_failure") == "failed"
    supplier = standards.word("credentials.authority") == "supplier"
    return DeviceSettings(
        cs08_repeats=standards.on("cs08_repeats"),
        cs09_version_on_failure="failed" if failed else "running",
        authority="supplier" if supplier else "acb",
        time_checks=standards.on("credentials.time_checks"),
        unsupported_alert=standards.on("unsupported_alert"),
    )
