"""How a device reads what GBCS leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """The open questions; all but the last are standards switches.

    Attributes:
        cs08_repeats: whether a CS08 command whose counter is not above the last one accepted is answered all the same.
        cs09_version_on_failure: which version the alert carries when an activation failed.
        authority: who may replace credentials beside recovery and contingency.
        time_checks: whether certificates must be valid at the time.
        unsupported_alert: whether a Command that the device does not know is answered with an alert.
        ecdsa_deterministic: RFC 6979 signatures, so that the same run signs the same octets.
    """

    cs08_repeats: bool = True
    cs09_version_on_failure: Literal["running", "failed"] = "running"
    authority: Literal["acb", "supplier"] = "acb"
    time_checks: bool = True
    unsupported_alert: bool = False
    ecdsa_deterministic: bool = True
