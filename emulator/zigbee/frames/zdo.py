"""ZDO messages: profile 0x0000 between endpoints 0, one APS cluster for each message.

The payload is a sequence number (1 octet) and the fields of the message, least significant octet first; a response
repeats the request's number, and its cluster is the request's with bit 15 set.
"""

from __future__ import annotations

import struct

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.octets import Reader
from emulator.zigbee.frames.zdo_discovery import (
    ActiveEpReq,
    ActiveEpRsp,
    DeviceAnnce,
    IeeeAddrReq,
    IeeeAddrRsp,
    LogicalType,
    MatchDescReq,
    MatchDescRsp,
    NodeDescReq,
    NodeDescriptor,
    NodeDescRsp,
    NwkAddrReq,
    NwkAddrRsp,
    PowerDescReq,
    PowerDescRsp,
    SimpleDescReq,
    SimpleDescRsp,
    ZdoStatus,
)
from emulator.zigbee.frames.zdo_management import (
    BindReq,
    BindRsp,
    MgmtLeaveReq,
    MgmtLeaveRsp,
    MgmtLqiReq,
    MgmtLqiRsp,
    MgmtNwkUpdateNotify,
    MgmtNwkUpdateReq,
    MgmtPermitJoiningReq,
    MgmtPermitJoiningRsp,
    NeighbourRecord,
    UnbindReq,
    UnbindRsp,
)

__all__ = [
    "RESPONSE",
    "ActiveEpReq",
    "ActiveEpRsp",
    "BindReq",
    "BindRsp",
    "DeviceAnnce",
    "IeeeAddrReq",
    "IeeeAddrRsp",
    "LogicalType",
    "MatchDescReq",
    "MatchDescRsp",
    "MgmtLeaveReq",
    "MgmtLeaveRsp",
    "MgmtLqiReq",
    "MgmtLqiRsp",
    "MgmtNwkUpdateNotify",
    "MgmtNwkUpdateReq",
    "MgmtPermitJoiningReq",
    "MgmtPermitJoiningRsp",
    "NeighbourRecord",
    "NodeDescReq",
    "NodeDescRsp",
    "NodeDescriptor",
    "NwkAddrReq",
    "NwkAddrRsp",
    "PowerDescReq",
    "PowerDescRsp",
    "SimpleDescReq",
    "SimpleDescRsp",
    "UnbindReq",
    "UnbindRsp",
    "ZdoMessage",
    "ZdoStatus",
    "decode_zdo",
    "encode_zdo",
]

RESPONSE = 0x8000
"""The bit that makes a request's cluster its response's."""

ZdoMessage = (
    NwkAddrReq
    | NwkAddrRsp
    | IeeeAddrReq
    | IeeeAddrRsp
    | NodeDescReq
    | NodeDescRsp
    | PowerDescReq
    | PowerDescRsp
    | SimpleDescReq
    | SimpleDescRsp
    | ActiveEpReq
    | ActiveEpRsp
    | MatchDescReq
    | MatchDescRsp
    | DeviceAnnce
    | BindReq
    | BindRsp
    | UnbindReq
    | UnbindRsp
    | MgmtLqiReq
    | MgmtLqiRsp
    | MgmtLeaveReq
    | MgmtLeaveRsp
    | MgmtPermitJoiningReq
    | MgmtPermitJoiningRsp
    | MgmtNwkUpdateReq
    | MgmtNwkUpdateNotify
)

_MESSAGES: dict[int, type[ZdoMessage]] = {
    message.cluster: message
    for message in (
        NwkAddrReq,
        NwkAddrRsp,
        IeeeAddrReq,
        IeeeAddrRsp,
        NodeDescReq,
        NodeDescRsp,
        PowerDescReq,
        PowerDescRsp,
        SimpleDescReq,
        SimpleDescRsp,
        ActiveEpReq,
        ActiveEpRsp,
        MatchDescReq,
        MatchDescRsp,
        DeviceAnnce,
        BindReq,
        BindRsp,
        UnbindReq,
        UnbindRsp,
        MgmtLqiReq,
        MgmtLqiRsp,
        MgmtLeaveReq,
        MgmtLeaveRsp,
        MgmtPermitJoiningReq,
        MgmtPermitJoiningRsp,
        MgmtNwkUpdateReq,
        MgmtNwkUpdateNotify,
    )
}


def encode_zdo(sequence: int, message: ZdoMessage) -> tuple[int, bytes]:
    """Cluster and payload; LocalProtocolError for a field that does not fit."""
    try:
        return message.cluster, bytes((sequence,)) + message.encode()
    except (struct.error, ValueError) as error:
        raise LocalProtocolError(f"ZDO field out of range: {error}") from error


def decode_zdo(cluster: int, payload: bytes) -> tuple[int, ZdoMessage]:
    """Sequence number and message; DecodeError for an unknown cluster, too few or too many octets."""
    kind = _MESSAGES.get(cluster)
    if kind is None:
        raise DecodeError(f"unknown ZDO cluster 0x{cluster:04x}")
    reader = Reader(payload)
    sequence = reader.little(1, "ZDO sequence number")
    message = kind.decode(reader)
    reader.finish("ZDO message")
    return sequence, message
