"""Who the remote parties of a device are, and what a key may be used for.

Codes: gbcs-parser and RTDS 4.5.0; an organisation certificate carries its role in the subject.
"""

from __future__ import annotations

from enum import Enum, IntEnum


class RemotePartyRole(IntEnum):
    """The roles of remote parties; the load controller's is seen in published messages only.

    Those that sign XML are roles of certificates alone, no device knows them.
    """

    ROOT = 0
    RECOVERY = 1
    SUPPLIER = 2
    NETWORK_OPERATOR = 3
    ACCESS_CONTROL_BROKER = 4
    TRANSITIONAL_COS = 5
    WAN_PROVIDER = 6
    ISSUING_AUTHORITY = 7
    LOAD_CONTROLLER = 8
    OTHER = 127
    USER_XML_SIGNING = 135
    DSP_XML_SIGNING = 137


class KeyUsage(Enum):
    """The one thing that the key of a certificate, or of a trust anchor cell, is for."""

    DIGITAL_SIGNATURE = "digitalSignature"
    KEY_AGREEMENT = "keyAgreement"
    KEY_CERT_SIGN = "keyCertSign"


_ROLE_NAMES = {
    RemotePartyRole.ROOT: "root",
    RemotePartyRole.RECOVERY: "recovery",
    RemotePartyRole.SUPPLIER: "supplier",
    RemotePartyRole.NETWORK_OPERATOR: "networkOperator",
    RemotePartyRole.ACCESS_CONTROL_BROKER: "accessControlBroker",
    RemotePartyRole.TRANSITIONAL_COS: "transitionalCoS",
    RemotePartyRole.WAN_PROVIDER: "wanProvider",
    RemotePartyRole.ISSUING_AUTHORITY: "issuingAuthority",
    RemotePartyRole.LOAD_CONTROLLER: "loadController",
    RemotePartyRole.OTHER: "other",
    RemotePartyRole.USER_XML_SIGNING: "userXmlSigning",
    RemotePartyRole.DSP_XML_SIGNING: "dspXmlSigning",
}


def role_name(role: int) -> str | None:
    """What a role is called, as GBCS spells it; None for a number that is no role."""
    try:
        return _ROLE_NAMES[RemotePartyRole(role)]
    except ValueError:
        return None
