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
    joins = _ALLOW_JOINS | _INSTALL_CODES if joining else 0
    await stick.must("setPolicy", policyId=_TRUST_CENTRE_POLICY, decisionId=joins | _ALLOW_REJOINS)


async def _policies(stick: Stick, configuration: StackConfiguration) -> None:
    await stick.ask("setPolicy", policyId=_CONTENTS_POLICY, decisionId=_TAG_ONLY)
    if configuration.node_type is not NodeType.COORDINATOR:
        return
    await trust_centre_policy(stick, joining=False)
    await stick.ask("setPolicy", policyId=_TC_KEY_POLICY, decisionId=_NO_TC_KEYS)
    await stick.ask("setPolicy", policyId=_APP_KEY_POLICY, decisionId=_NO_APP_KEYS)
    try:
        await stick.ask("setPolicy", policyId=_WELL_KNOWN_POLICY, decisionId=0)
        await stick.ask("setValue", valueId=_TRANSIENT_KEY_TIMEOUT, value=_LONGEST.to_bytes(2, "little"))
    except StickRefused:
        return  # their defaults are good enough, and keys are given again while joining is open
