"""The Identify cluster: have a device show itself."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.zigbee.clusters.definition import AttributeDefinition, ClusterDefinition, CommandDefinition, Side
from emulator.zigbee.frames.zcl_types import DataType

IDENTIFY_CLUSTER = 0x0003
IDENTIFY_TIME = 0x0000
IDENTIFY_COMMAND = 0x00
IDENTIFY_QUERY = 0x01
IDENTIFY_QUERY_RESPONSE = 0x00

IDENTIFY = ClusterDefinition(
    IDENTIFY_CLUSTER,
    "Identify",
    (AttributeDefinition(IDENTIFY_TIME, "IdentifyTime", DataType.UINT16, writable=True, default=0),),
    (
        CommandDefinition(IDENTIFY_COMMAND, "Identify", Side.SERVER),
        CommandDefinition(IDENTIFY_QUERY, "IdentifyQuery", Side.SERVER),
        CommandDefinition(IDENTIFY_QUERY_RESPONSE, "IdentifyQueryResponse", Side.CLIENT),
    ),
)


@dataclass(frozen=True, slots=True)
class IdentifyFor:
    """Payload of Identify and of Identify Query Response: seconds of showing, 0 to stop."""

    seconds: int


def encode_identify(message: IdentifyFor) -> bytes:
    """Two octets; LocalProtocolError for a time that does not fit."""
    try:
        return message.seconds.to_bytes(2, "little")
    except OverflowError as error:
        raise LocalProtocolError(f"identify time {message.seconds} out of range") from error


def decode_identify(payload: bytes) -> IdentifyFor:
    """The message; DecodeError unless there are two octets."""
    if len(payload) != 2:  # noqa: PLR2004 - one 16-bit field
        raise DecodeError(f"identify payload of {len(payload)} octets, 2 belong there")
    return IdentifyFor(int.from_bytes(payload, "little"))
