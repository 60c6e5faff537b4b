"""The message codes of GBCS and the use cases that they name.

Codes: gbcs-parser and RTDS 4.5.0.  That a code stands here says only what a
message is called, not that anything in the program answers it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UseCase:
    """What a message code means.

    Attributes:
        message_code: 16 bits.
        name: as people say it, e.g. `CS08`.
        title: in words.
    """

    message_code: int
    name: str
    title: str


_UPDATE = "Update Security Credentials"

_USE_CASES = (
    UseCase(0x0001, "CCS01", "Add Device to CHF Device Log"),
    UseCase(0x0002, "CCS02", "Remove Device from CHF Device Log"),
    UseCase(0x0003, "CCS03", "Restore CHF Device Log"),
    UseCase(0x0004, "CCS05", "Read CHF Device Log and Check Communications"),
    UseCase(0x0008, "CS02a", "Provide Security Credential Details"),
    UseCase(0x000A, "CS02c", "Issue Security Credentials"),
    UseCase(0x000B, "CS02d", "Update Device Certificates"),
    UseCase(0x000C, "CS02e", "Provide Device Certificates"),
    UseCase(0x000D, "CS03A1", "Method A Join (meter)"),
    UseCase(0x000E, "CS03B", "Method B Join"),
    UseCase(0x000F, "CS04AC", "Method A or C Unjoin"),
    UseCase(0x0010, "CS04B", "Method B Unjoin"),
    UseCase(0x0012, "CS06", "Activate Firmware"),
    UseCase(0x0013, "CS07", "Read Device Join Details"),
    UseCase(0x0018, "CS14", "CHF Device Log Changed Alert"),
    UseCase(0x0059, "ECS52", "Read ESME Firmware Version"),
    UseCase(0x0084, "GCS38", "Read GSME Firmware Version"),
    UseCase(0x0090, "PCS02", "Activate Emergency Credit on GSME from PPMID"),
    UseCase(0x009B, "PCS01", "Apply Prepayment Top Up to a GSME using PPMID"),
    UseCase(0x00AB, "CS03A2", "Method A Join (not a meter)"),
    UseCase(0x00AF, "CS03C", "Method C Join"),
    UseCase(0x00CA, "CS06", "Future-dated Activate Firmware Alert"),
    UseCase(0x00CB, "CS02b", "Future-dated Update Security Credentials Alert"),
    UseCase(0x00CE, "Firmware Receipt", "Firmware Distribution Receipt Alert (ESME)"),
    UseCase(0x00CF, "Firmware Receipt", "Firmware Distribution Receipt Alert (GSME)"),
    UseCase(0x00FE, "CCS07", "Read Current and Historic CHF Device Log"),
    UseCase(0x0100, "CS02b", f"{_UPDATE}: rootBySupplier"),
    UseCase(0x0101, "CS02b", f"{_UPDATE}: rootByWanProvider"),
    UseCase(0x0102, "CS02b", f"{_UPDATE}: supplierBySupplier"),
    UseCase(0x0103, "CS02b", f"{_UPDATE}: networkOperatorByNetworkOperator"),
    UseCase(0x0104, "CS02b", f"{_UPDATE}: accessControlBrokerByACB"),
    UseCase(0x0105, "CS02b", f"{_UPDATE}: wanProviderByWanProvider"),
    UseCase(0x0106, "CS02b", f"{_UPDATE}: transCoSByTransCoS"),
    UseCase(0x0107, "CS02b", f"{_UPDATE}: supplierByTransCoS"),
    UseCase(0x0108, "CS02b", f"{_UPDATE}: anyExceptAbnormalRootByRecovery"),
    UseCase(0x0109, "CS02b", f"{_UPDATE}: anyByContingency"),
    UseCase(0x010F, "CCS06", "Read CHF Device Log and Check Communications (newer)"),
    UseCase(0x0128, "CCS08", "Firmware Transfer Alert"),
    UseCase(0x0129, "CS08", "Read PPMID/HCALCS Firmware Version"),
    UseCase(0x012B, "CS09", "PPMID Firmware Activation Alert"),
    UseCase(0x1000, "Generic Critical Alert", "Alert without a use case of its own, signed"),
    UseCase(0x1001, "Generic Non-Critical Alert", "Alert without a use case of its own, with a MAC"),
)

USE_CASES: Mapping[int, UseCase] = {use_case.message_code: use_case for use_case in _USE_CASES}
"""Every use case known by name, by message code."""


def use_case_name(message_code: int) -> str | None:
    """The name of a use case, e.g. `CS08`; None for a code that is not known."""
    use_case = USE_CASES.get(message_code)
    return use_case.name if use_case else None


def message_code_text(message_code: int) -> str:
    """Four lower-case hex digits."""
    return f"{message_code:04x}"
