"""What follows from a bridge's profile: its stack's configuration and the attributes that it serves."""

from __future__ import annotations

from collections.abc import Callable

from emulator.devices.attributes import Attributes, Reading
from emulator.devices.profile import DeviceProfile, JoinerProfile, MemberProfile
from emulator.ports.aps import StackConfiguration
from emulator.zigbee.clusters.basic import BASIC, BasicAttribute, PowerSource
from emulator.zigbee.clusters.catalogue import definition_of
from emulator.zigbee.clusters.identify import IDENTIFY, IDENTIFY_TIME
from emulator.zigbee.clusters.key_establishment import KEY_ESTABLISHMENT, KEY_ESTABLISHMENT_SUITE, SUITE_2
from emulator.zigbee.clusters.ota import OtaAttribute
from emulator.zigbee.clusters.ota_definition import OTA_UPGRADE
from emulator.zigbee.frames.zcl_types import Value


def stack_configuration(profile: MemberProfile, link_key: bytes) -> StackConfiguration:
    """How the stack of a joining device is set up; `link_key` (16 octets) is that of its install code."""
    return StackConfiguration(
        profile.node_type,
        profile.manufacturer,
        (profile.simple_descriptor(),),
        poll_interval=profile.poll_interval,
        link_key=link_key,
        mains_powered=profile.mains_powered,
    )


def basic_attributes(profile: DeviceProfile) -> dict[int, Value | Reading]:
    """What every device says of itself."""
    return {
        BasicAttribute.ZCL_VERSION: 3,
        BasicAttribute.HW_VERSION: profile.hardware_version >> 8,
        BasicAttribute.MANUFACTURER_NAME: profile.manufacturer_name,
        BasicAttribute.MODEL_IDENTIFIER: profile.model,
        BasicAttribute.POWER_SOURCE: (PowerSource.MAINS_SINGLE_PHASE if profile.mains_powered else PowerSource.BATTERY),
    }


def serve_bridge(
    server: Attributes, client: Attributes, profile: JoinerProfile, ota_attribute: Callable[[int], int]
) -> None:
    """Serve what a bridge shows; the OTA client's attributes are read from it at the moment."""
    server.serve(BASIC, basic_attributes(profile))
    server.serve(IDENTIFY, {IDENTIFY_TIME: 0})
    server.serve(KEY_ESTABLISHMENT, {KEY_ESTABLISHMENT_SUITE: SUITE_2})
    client.serve(KEY_ESTABLISHMENT, {KEY_ESTABLISHMENT_SUITE: SUITE_2})
    for cluster in profile.endpoint.out_clusters:
        if cluster not in client:
            client.serve(definition_of(cluster), {})
    if profile.has_ota:
        client.serve(OTA_UPGRADE, {attribute: _reading(ota_attribute, attribute) for attribute in OtaAttribute})


def _reading(read: Callable[[int], int], attribute: int) -> Reading:
    return lambda _: read(attribute)
