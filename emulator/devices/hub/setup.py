"""What follows from a hub's profile and the standards: stack, attributes, device log, its rules as an OTA server."""

from __future__ import annotations

from datetime import datetime

from emulator.core.clock import zigbee_utc
from emulator.core.eui64 import Eui64
from emulator.core.standards import Standards
from emulator.core.timers import Alarm
from emulator.devices.attributes import Attributes
from emulator.devices.basic import basic_attributes
from emulator.devices.device_log.entries import DeviceLogRules
from emulator.devices.device_log.log import DeviceLog
from emulator.devices.device_log.state import DeviceLogState
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans, key_establishment_attributes
from emulator.devices.profile import HubProfile
from emulator.devices.tunnel.server import CLOSE_TIMEOUT_S
from emulator.ota.policy import Activation, ServerPolicy
from emulator.ports.aps import NodeType, StackConfiguration
from emulator.zigbee.clusters.basic import BASIC, HUB_PHYSICAL_ENVIRONMENT, BasicAttribute
from emulator.zigbee.clusters.identify import IDENTIFY, IDENTIFY_TIME
from emulator.zigbee.clusters.keep_alive import KEEP_ALIVE, TC_KEEP_ALIVE_BASE, TC_KEEP_ALIVE_JITTER
from emulator.zigbee.clusters.key_establishment import KEY_ESTABLISHMENT
from emulator.zigbee.clusters.ota_definition import OTA_UPGRADE
from emulator.zigbee.clusters.time import TIME, TimeAttribute, TimeStatus
from emulator.zigbee.clusters.tunnelling import CLOSE_TUNNEL_TIMEOUT, TUNNELLING
from emulator.zigbee.node.aps import LINK_KEY_OVERHEAD, MAX_ASDU

LARGEST_BLOCK = 255
BLOCK_RESPONSE_OCTETS = 17
"""Octets of an Image Block Response beside its data: ZCL header (3), status, image, offset and size (14)."""
ANY_SIZE = 0xFFFFFFFF
KEEP_ALIVE_MINUTES = 10
KEEP_ALIVE_JITTER_SECONDS = 300
"""Both are the defaults of the Keep-Alive cluster as general knowledge has them."""


def hub_configuration(profile: HubProfile) -> StackConfiguration:
    """How the hub's stack is set up."""
    endpoints = (profile.endpoint, profile.gpf)
    shown = tuple(one.descriptor(profile.profile_id) for one in endpoints if one is not None)
    return StackConfiguration(NodeType.COORDINATOR, profile.manufacturer, shown)


def device_log(
    eui64: Eui64,
    standards: Standards,
    epoch: datetime,
    alarm: Alarm,
    kept: DeviceLogState | None,
    *,
    key_establishment: bool,
) -> DeviceLog:
    """The device log of a hub: `kept` from an earlier life, or with nobody in it."""
    rules = DeviceLogRules.of(standards, key_establishment=key_establishment)
    state = DeviceLogState(eui64) if kept is None else kept
    return DeviceLog(state, rules, epoch=epoch, alarm=alarm)


def largest_block(standards: Standards) -> int:
    """Octets of the largest block the hub sends: without APS acknowledgements nothing can be fragmented."""
    if standards.on("ota_aps_acks"):
        return LARGEST_BLOCK
    room = MAX_ASDU - (LINK_KEY_OVERHEAD if standards.on("ota_aps_security") else 0)
    return room - BLOCK_RESPONSE_OCTETS


def server_policy(standards: Standards) -> ServerPolicy:
    """How the hub hands images out.

    It leaves it to the bridge to refuse what is no upgrade, and looks at sizes itself before it loads anything.
    """
    wait = standards.word("ota_activation") == "wait"
    return ServerPolicy(
        block_octets=largest_block(standards),
        image_limit_octets=ANY_SIZE,
        image_blocks=standards.number("hub.image_blocks"),
        offer_not_newer=True,
        activation=Activation.WAIT if wait else Activation.NOW,
        tells_time=False,
    )


def serve_hub(
    server: Attributes, client: Attributes, profile: HubProfile, epoch: datetime, means: KeyEstablishmentMeans | None
) -> None:
    """Serve what a hub shows; `epoch` is the date of `now` = 0."""
    basic = basic_attributes(profile)
    server.serve(BASIC, {**basic, BasicAttribute.PHYSICAL_ENVIRONMENT: HUB_PHYSICAL_ENVIRONMENT})
    server.serve(IDENTIFY, {IDENTIFY_TIME: 0})
    server.serve(
        TIME,
        {
            TimeAttribute.TIME: lambda now: zigbee_utc(now, epoch),
            TimeAttribute.TIME_STATUS: TimeStatus.MASTER | TimeStatus.SUPERSEDING,
        },
    )
    server.serve(
        KEEP_ALIVE,
        {TC_KEEP_ALIVE_BASE: KEEP_ALIVE_MINUTES, TC_KEEP_ALIVE_JITTER: KEEP_ALIVE_JITTER_SECONDS},
    )
    server.serve(TUNNELLING, {CLOSE_TUNNEL_TIMEOUT: CLOSE_TIMEOUT_S})
    if profile.has_ota:
        server.serve(OTA_UPGRADE, {})
    server.serve(KEY_ESTABLISHMENT, key_establishment_attributes(means))
    client.serve(KEY_ESTABLISHMENT, key_establishment_attributes(means))
