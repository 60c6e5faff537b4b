"""What follows from a bridge's profile and the standards: what it shows of itself, and the attributes it serves."""

from __future__ import annotations

from collections.abc import Callable

from emulator.core.standards import Standards
from emulator.devices.attributes import Attributes, Reading
from emulator.devices.basic import basic_attributes
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans, key_establishment_attributes
from emulator.devices.profile import JoinerProfile
from emulator.zigbee.clusters.basic import BASIC
from emulator.zigbee.clusters.catalogue import definition_of
from emulator.zigbee.clusters.identify import IDENTIFY, IDENTIFY_TIME
from emulator.zigbee.clusters.key_establishment import KEY_ESTABLISHMENT
from emulator.zigbee.clusters.ota import OtaAttribute
from emulator.zigbee.clusters.ota_definition import OTA_UPGRADE
from emulator.zigbee.clusters.tunnelling import TUNNELLING_CLUSTER


def serve_bridge(
    server: Attributes,
    client: Attributes,
    profile: JoinerProfile,
    ota_attribute: Callable[[int], int],
    means: KeyEstablishmentMeans | None,
) -> None:
    """Serve what a bridge shows; the OTA client's attributes are read from it at the moment."""
    server.serve(BASIC, basic_attributes(profile))
    server.serve(IDENTIFY, {IDENTIFY_TIME: 0})
    server.serve(KEY_ESTABLISHMENT, key_establishment_attributes(means))
    client.serve(KEY_ESTABLISHMENT, key_establishment_attributes(means))
    for cluster in profile.endpoint.out_clusters:
        if cluster not in client:
            client.serve(definition_of(cluster), {})
    if profile.has_ota:
        client.serve(OTA_UPGRADE, {attribute: _reading(ota_attribute, attribute) for attribute in OtaAttribute})


def shown_profile(profile: JoinerProfile, standards: Standards) -> JoinerProfile:
    """The profile as its descriptors show it: MP170 has it that bridges show no Tunnelling, though they use it here."""
    if profile.kind != "bridge" or standards.word("swap_out.bridges") == "tunnelling":
        return profile
    endpoint = profile.endpoint
    shown = tuple(cluster for cluster in endpoint.out_clusters if cluster != TUNNELLING_CLUSTER)
    return profile.changed(endpoint=endpoint.model_copy(update={"out_clusters": shown}))


def _reading(read: Callable[[int], int], attribute: int) -> Reading:
    return lambda _: read(attribute)
