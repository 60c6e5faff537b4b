"""The Smart Energy clusters in which meters, displays and the hub talk of energy.

They are Metering, Price, Messaging and Prepayment.  Identifiers and types are general knowledge of Smart Energy, not
checked against its text; only the attributes that a device of the emulator serves are listed.
"""

from __future__ import annotations

from enum import IntEnum

from emulator.zigbee.clusters.definition import AttributeDefinition, ClusterDefinition
from emulator.zigbee.frames.zcl_types import DataType

PRICE_CLUSTER = 0x0700
METERING_CLUSTER = 0x0702
MESSAGING_CLUSTER = 0x0703
PREPAYMENT_CLUSTER = 0x0705


class MeteringAttribute(IntEnum):
    """Attributes of the Metering server."""

    CURRENT_SUMMATION_DELIVERED = 0x0000
    STATUS = 0x0200
    UNIT_OF_MEASURE = 0x0300
    MULTIPLIER = 0x0301
    DIVISOR = 0x0302
    SUMMATION_FORMATTING = 0x0303
    METERING_DEVICE_TYPE = 0x0306
    INSTANTANEOUS_DEMAND = 0x0400


class UnitOfMeasure(IntEnum):
    """Values of `MeteringAttribute.UNIT_OF_MEASURE`, in binary."""

    KILOWATT_HOURS = 0x00
    CUBIC_METRES = 0x01


class MeteringDeviceType(IntEnum):
    """Values of `MeteringAttribute.METERING_DEVICE_TYPE`."""

    ELECTRIC = 0x00
    GAS = 0x01


class PriceAttribute(IntEnum):
    """Attributes of the Price server."""

    TIER_1_PRICE_LABEL = 0x0000


class PrepaymentAttribute(IntEnum):
    """Attributes of the Prepayment server."""

    PAYMENT_CONTROL_CONFIGURATION = 0x0000
    CREDIT_REMAINING = 0x0001


METERING = ClusterDefinition(
    METERING_CLUSTER,
    "Metering",
    (
        AttributeDefinition(
            MeteringAttribute.CURRENT_SUMMATION_DELIVERED, "CurrentSummationDelivered", DataType.UINT48
        ),
        AttributeDefinition(MeteringAttribute.STATUS, "Status", DataType.BITMAP8, default=0),
        AttributeDefinition(MeteringAttribute.UNIT_OF_MEASURE, "UnitofMeasure", DataType.ENUM8, default=0),
        AttributeDefinition(MeteringAttribute.MULTIPLIER, "Multiplier", DataType.UINT24),
        AttributeDefinition(MeteringAttribute.DIVISOR, "Divisor", DataType.UINT24),
        AttributeDefinition(MeteringAttribute.SUMMATION_FORMATTING, "SummationFormatting", DataType.BITMAP8),
        AttributeDefinition(MeteringAttribute.METERING_DEVICE_TYPE, "MeteringDeviceType", DataType.BITMAP8),
        AttributeDefinition(MeteringAttribute.INSTANTANEOUS_DEMAND, "InstantaneousDemand", DataType.INT24, default=0),
    ),
)

PRICE = ClusterDefinition(
    PRICE_CLUSTER,
    "Price",
    (AttributeDefinition(PriceAttribute.TIER_1_PRICE_LABEL, "Tier1PriceLabel", DataType.OCTET_STRING),),
)

MESSAGING = ClusterDefinition(MESSAGING_CLUSTER, "Messaging")

PREPAYMENT = ClusterDefinition(
    PREPAYMENT_CLUSTER,
    "Prepayment",
    (
        AttributeDefinition(
            PrepaymentAttribute.PAYMENT_CONTROL_CONFIGURATION, "PaymentControlConfiguration", DataType.BITMAP16
        ),
        AttributeDefinition(PrepaymentAttribute.CREDIT_REMAINING, "CreditRemaining", DataType.INT32),
    ),
)
