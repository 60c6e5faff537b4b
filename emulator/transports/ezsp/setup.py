"""What a stick is told after every reset: sizes and limits, policies, endpoints.  All of it lies in its RAM."""

from __future__ import annotations

from typing import Final

from emulator.ports.aps import ApplicationZdo, NodeType, StackConfiguration
from emulator.transports.ezsp.settings import EzspSettings
from emulator.transports.ezsp.stick import Stick, StickRefused

_TRUST_CENTRE_POLICY: Final = 0
_CONTENTS_POLICY: Final = 4
_TC_KEY_POLICY: Final = 5
_APP_KEY_POLICY: Final = 6
_WELL_KNOWN_POLICY: Final = 9
_ALLOW_JOINS: Final = 0x01
_ALLOW_REJOINS: Final = 0x02
_INSTALL_CODES: Final = 0x10
_TAG_ONLY: Final = 0x40
_NO_TC_KEYS: Final = 0x50
_NO_APP_KEYS: Final = 0x60
_TRANSIENT_KEY_TIMEOUT: Final = 0x3B
_LONGEST: Final = 0xFFFF

POLICIES: Final = {
    "contents-in-callback": (_CONTENTS_POLICY, _TAG_ONLY),
    "trust-centre": (_TRUST_CENTRE_POLICY, _ALLOW_REJOINS),
    "trust-centre-open": (_TRUST_CENTRE_POLICY, _ALLOW_JOINS | _INSTALL_CODES | _ALLOW_REJOINS),
    "trust-centre-key-requests": (_TC_KEY_POLICY, _NO_TC_KEYS),
    "application-key-requests": (_APP_KEY_POLICY, _NO_APP_KEYS),
    "well-known-key": (_WELL_KNOWN_POLICY, 0),
}
"""Every policy that is set here or while joining is open, and the decision; for the check of a user's sticks."""


async def set_up(stick: Stick, configuration: StackConfiguration, settings: EzspSettings) -> int:
    """Tell a stick that has just been reset who it is; the octets of payload that fit into one message."""
    wanted = configuration.application_zdo | ApplicationZdo.SUPPORTED  # announcements are among those
    await stick.write_configuration(
        {
            "CONFIG_APPLICATION_ZDO_FLAGS": wanted.value,
            "CONFIG_KEY_TABLE_SIZE": settings.key_table,
        }
    )
    await stick.ask("setManufacturerCode", code=configuration.manufacturer_code)
    await _policies(stick, configuration)
    for endpoint in configuration.endpoints:
        await stick.must(
            "addEndpoint", endpoint=endpoint.endpoint, profileId=endpoint.profile, deviceId=endpoint.device_id,
            deviceVersion=endpoint.device_version, inputClusterCount=len(endpoint.in_clusters),
            outputClusterCount=len(endpoint.out_clusters), inputClusterList=list(endpoint.in_clusters),
            outputClusterList=list(endpoint.out_clusters),
        )  # fmt: skip
    return int((await stick.ask("maximumPayloadLength"))["apsLength"])


async def trust_centre_policy(stick: Stick, *, joining: bool) -> None:
    """Who is let in: those with a key of an install code while joining is open, and who comes back with its own."""
    policy, decision = POLICIES["trust-centre-open" if joining else "trust-centre"]
    await stick.must("setPolicy", policyId=policy, decisionId=decision)


async def _policies(stick: Stick, configuration: StackConfiguration) -> None:
    await _wish(stick, "contents-in-callback")
    if configuration.node_type is not NodeType.COORDINATOR:
        return
    await trust_centre_policy(stick, joining=False)
    await _wish(stick, "trust-centre-key-requests")
    await _wish(stick, "application-key-requests")
    try:
        await _wish(stick, "well-known-key")
        await stick.ask("setValue", valueId=_TRANSIENT_KEY_TIMEOUT, value=_LONGEST.to_bytes(2, "little"))
    except StickRefused:
        return  # their defaults are good enough, and keys are given again while joining is open


async def _wish(stick: Stick, name: str) -> None:
    """Set a policy, whatever the stick says to it."""
    policy, decision = POLICIES[name]
    await stick.ask("setPolicy", policyId=policy, decisionId=decision)
