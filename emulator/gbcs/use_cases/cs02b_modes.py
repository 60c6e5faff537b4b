"""The modes of CS02b: which remote party replaces whose credentials, and how such a Command is protected.

Source: message codes and modes agree in all 21 CS02b Commands of RTDS 4.5.0; the shapes of modes that are not among
them are by GBCS v0.8.1, those of modes 0 and 1 and the authorising cell of mode 9 are assumptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases.cells import TrustAnchorCell

FIRST_MESSAGE_CODE = 0x0100


class Mode(IntEnum):
    """credentialsReplacementMode; the message code of a mode is FIRST_MESSAGE_CODE + mode."""

    ROOT_BY_SUPPLIER = 0
    ROOT_BY_WAN_PROVIDER = 1
    SUPPLIER_BY_SUPPLIER = 2
    NETWORK_OPERATOR_BY_NETWORK_OPERATOR = 3
    ACCESS_CONTROL_BROKER_BY_ACB = 4
    WAN_PROVIDER_BY_WAN_PROVIDER = 5
    TRANS_COS_BY_TRANS_COS = 6
    SUPPLIER_BY_TRANS_COS = 7
    ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY = 8
    ANY_BY_CONTINGENCY = 9

    @property
    def message_code(self) -> int:
        """The message code of Command and Response."""
        return FIRST_MESSAGE_CODE + self


@dataclass(frozen=True, slots=True)
class ModeRule:
    """What a mode asks for.

    Attributes:
        name: as GBCS spells it.
        by: who may send the Command.
        shape: of the Command: a = signed and with a MAC, b = MAC alone, g = signature alone.
        cell: the cell that authorises it; the Access Control Broker's own replacement leaves it out on all devices but
            a Communications Hub.
        may_replace: the roles whose cells the mode may change; None = all.
    """

    name: str
    by: RemotePartyRole
    shape: str
    cell: TrustAnchorCell
    may_replace: frozenset[RemotePartyRole] | None


def _rule(
    name: str, by: RemotePartyRole, *may_replace: RemotePartyRole, shape: str = "a", usage: KeyUsage | None = None
) -> ModeRule:
    cell = TrustAnchorCell(by, usage or KeyUsage.DIGITAL_SIGNATURE)
    return ModeRule(name, by, shape, cell, frozenset(may_replace) or None)


_ROOT, _SUPPLIER = RemotePartyRole.ROOT, RemotePartyRole.SUPPLIER
_BROKER, _TRANSITIONAL = RemotePartyRole.ACCESS_CONTROL_BROKER, RemotePartyRole.TRANSITIONAL_COS
_OPERATOR, _WAN_PROVIDER = RemotePartyRole.NETWORK_OPERATOR, RemotePartyRole.WAN_PROVIDER

MODES: Mapping[Mode, ModeRule] = {
    Mode.ROOT_BY_SUPPLIER: _rule("rootBySupplier", _SUPPLIER, _ROOT),
    Mode.ROOT_BY_WAN_PROVIDER: _rule("rootByWanProvider", _WAN_PROVIDER, _ROOT),
    Mode.SUPPLIER_BY_SUPPLIER: _rule("supplierBySupplier", _SUPPLIER, _SUPPLIER),
    Mode.NETWORK_OPERATOR_BY_NETWORK_OPERATOR: _rule("networkOperatorByNetworkOperator", _OPERATOR, _OPERATOR),
    Mode.ACCESS_CONTROL_BROKER_BY_ACB: _rule(
        "accessControlBrokerByACB", _BROKER, _BROKER, shape="b", usage=KeyUsage.KEY_AGREEMENT
    ),
    Mode.WAN_PROVIDER_BY_WAN_PROVIDER: _rule("wanProviderByWanProvider", _WAN_PROVIDER, _WAN_PROVIDER),
    Mode.TRANS_COS_BY_TRANS_COS: _rule("transCoSByTransCoS", _TRANSITIONAL, _TRANSITIONAL),
    Mode.SUPPLIER_BY_TRANS_COS: _rule("supplierByTransCoS", _TRANSITIONAL, _SUPPLIER),
    Mode.ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY: _rule(
        "anyExceptAbnormalRootByRecovery", RemotePartyRole.RECOVERY, shape="g"
    ),
    Mode.ANY_BY_CONTINGENCY: _rule("anyByContingency", _ROOT, shape="g", usage=KeyUsage.KEY_CERT_SIGN),
}
"""Every mode with its rule."""


def mode_name(mode: int) -> str | None:
    """What a mode is called, as GBCS spells it; None for a number that is no mode."""
    try:
        return MODES[Mode(mode)].name
    except ValueError:
        return None
