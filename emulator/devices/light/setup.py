"""What follows from a light device's profile: the attributes that it serves."""

from __future__ import annotations

from emulator.core.clock import HOUR
from emulator.devices.attributes import Attributes, Reading
from emulator.devices.basic import basic_attributes
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans, key_establishment_attributes
from emulator.devices.profile import LightProfile, MeterTable
from emulator.zigbee.clusters.basic import BASIC_CLUSTER
from emulator.zigbee.clusters.catalogue import definition_of
from emulator.zigbee.clusters.energy import (
    METERING_CLUSTER,
    MeteringAttribute,
    MeteringDeviceType,
    UnitOfMeasure,
)
from emulator.zigbee.clusters.identify import IDENTIFY_CLUSTER, IDENTIFY_TIME
from emulator.zigbee.clusters.key_establishment import KEY_ESTABLISHMENT_CLUSTER
from emulator.zigbee.frames.zcl_types import Value

_THOUSANDTHS = 1_000
_THREE_DECIMALS = 0x03
"""SummationFormatting: three digits to the right of the decimal point."""

Served = dict[int, Value | Reading]


def serve_light(
    server: Attributes, client: Attributes, profile: LightProfile, means: KeyEstablishmentMeans | None
) -> None:
    """Serve every cluster that the endpoint shows; those with nothing to tell have no attributes."""
    told: dict[int, Served] = {
        BASIC_CLUSTER: basic_attributes(profile),
        IDENTIFY_CLUSTER: {IDENTIFY_TIME: 0},
        KEY_ESTABLISHMENT_CLUSTER: key_establishment_attributes(means),
    }
    if profile.meter is not None:
        told[METERING_CLUSTER] = meter_attributes(profile.meter, gas=profile.kind == "gsme")
    for cluster in profile.endpoint.in_clusters:
        server.serve(definition_of(cluster), told.get(cluster, {}))
    for cluster in profile.endpoint.out_clusters:
        client.serve(definition_of(cluster), told[cluster] if cluster == KEY_ESTABLISHMENT_CLUSTER else {})


def meter_attributes(meter: MeterTable, *, gas: bool) -> Served:
    """What a meter's Metering cluster tells; consumption goes on evenly."""
    return {
        MeteringAttribute.CURRENT_SUMMATION_DELIVERED: lambda now: meter.summation + meter.per_hour * now // HOUR,
        MeteringAttribute.STATUS: 0,
        MeteringAttribute.UNIT_OF_MEASURE: UnitOfMeasure.CUBIC_METRES if gas else UnitOfMeasure.KILOWATT_HOURS,
        MeteringAttribute.MULTIPLIER: 1,
        MeteringAttribute.DIVISOR: _THOUSANDTHS,
        MeteringAttribute.SUMMATION_FORMATTING: _THREE_DECIMALS,
        MeteringAttribute.METERING_DEVICE_TYPE: MeteringDeviceType.GAS if gas else MeteringDeviceType.ELECTRIC,
        MeteringAttribute.INSTANTANEOUS_DEMAND: meter.per_hour,
    }
