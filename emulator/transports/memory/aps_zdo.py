"""ZDO requests to a device of `mem:aps`, answered by its stack as a soft node answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.core.clock import SECOND
from emulator.core.errors import DecodeError
from emulator.ports.aps import COORDINATOR, ApsIndication
from emulator.zigbee.frames.zdo import (
    MgmtLeaveReq,
    MgmtLeaveRsp,
    MgmtPermitJoiningReq,
    MgmtPermitJoiningRsp,
    ZdoMessage,
    ZdoStatus,
    decode_zdo,
)
from emulator.zigbee.node.zdo import zdo_message

if TYPE_CHECKING:
    from emulator.transports.memory.aps_port import ApsAirPort


def answer_zdo(port: ApsAirPort, message: ApsIndication, now: int) -> None:
    """Do what a request asks, and send the response if there is one."""
    try:
        sequence, request = decode_zdo(message.cluster, message.payload)
    except DecodeError as error:
        port.report("aps.dropped", "undecodable", {"error": str(error)}, now)
        return
    response = _answer(port, request, message, now)
    if response is not None:
        port.sending.send_own(zdo_message(message.source, sequence, response), now)


def _answer(port: ApsAirPort, request: ZdoMessage, message: ApsIndication, now: int) -> ZdoMessage | None:
    if isinstance(request, MgmtPermitJoiningReq):
        port.permit(now + request.duration * SECOND)
        return None if message.broadcast else MgmtPermitJoiningRsp(ZdoStatus.SUCCESS)
    if isinstance(request, MgmtLeaveReq):
        if message.source != COORDINATOR or request.device not in (0, port.eui64):
            return MgmtLeaveRsp(ZdoStatus.NOT_PERMITTED)
        port.management.removed(now)
        return None
    return port.description().answer(request)
