"""The ZDO of a soft node: describes the node, and does what management requests ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from emulator.core.clock import SECOND
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.ports.aps import (
    BROADCAST_ROUTERS,
    BROADCAST_RX_ON,
    COORDINATOR,
    ApplicationZdo,
    ApsIndication,
    ApsMessage,
    NodeType,
    StackConfiguration,
)
from emulator.zigbee.frames.zdo import (
    RESPONSE,
    ActiveEpReq,
    BindReq,
    BindRsp,
    DeviceAnnce,
    IeeeAddrReq,
    MatchDescReq,
    MgmtLeaveReq,
    MgmtLeaveRsp,
    MgmtLqiReq,
    MgmtLqiRsp,
    MgmtNwkUpdateNotify,
    MgmtNwkUpdateReq,
    MgmtPermitJoiningReq,
    MgmtPermitJoiningRsp,
    NeighbourRecord,
    NodeDescReq,
    NwkAddrReq,
    PowerDescReq,
    SimpleDescReq,
    UnbindReq,
    UnbindRsp,
    ZdoMessage,
    ZdoStatus,
    decode_zdo,
    encode_zdo,
)
from emulator.zigbee.node.descriptors import Description, capability_of
from emulator.zigbee.node.memory import Membership, NodeMemory
from emulator.zigbee.node.neighbours import Neighbour, Neighbours

ZDO_PROFILE = 0
LEAVE_NOT_PERMITTED = "leave-not-permitted"
LONGEST_PERMIT = 254
_RECORDS_A_RESPONSE = 2
_UNKNOWN = 2
_NO_RELATION, _PARENT, _CHILD = 3, 0, 1
_UNSUPPORTED: dict[type[ZdoMessage], ZdoMessage] = {
    BindReq: BindRsp(ZdoStatus.NOT_SUPPORTED),
    UnbindReq: UnbindRsp(ZdoStatus.NOT_SUPPORTED),
    MgmtNwkUpdateReq: MgmtNwkUpdateNotify(ZdoStatus.NOT_SUPPORTED),
}
_BINDING_TABLE_REQUEST = 0x0033
_KIND: Mapping[int, ApplicationZdo] = {
    **dict.fromkeys(
        (
            kind.cluster
            for kind in (
                NwkAddrReq, IeeeAddrReq, NodeDescReq, PowerDescReq, DeviceAnnce, MgmtLqiReq, MgmtLeaveReq,
                MgmtPermitJoiningReq, MgmtNwkUpdateReq,
            )
        ),
        ApplicationZdo.SUPPORTED,
    ),
    **dict.fromkeys((kind.cluster for kind in (SimpleDescReq, MatchDescReq, ActiveEpReq)), ApplicationZdo.ENDPOINTS),
    **dict.fromkeys((BindReq.cluster, UnbindReq.cluster, _BINDING_TABLE_REQUEST), ApplicationZdo.BINDINGS),
}  # fmt: skip
"""Which of EZSP's kinds a request is of, by cluster; any other is not supported."""


def zdo_message(destination: int, sequence: int, message: ZdoMessage) -> ApsMessage:
    """A ZDO request or response, ready to send."""
    cluster, payload = encode_zdo(sequence, message)
    return ApsMessage(destination, 0, 0, ZDO_PROFILE, cluster, payload)


def device_announce(memory: NodeMemory, membership: Membership, configuration: StackConfiguration) -> ApsMessage:
    """What a device broadcasts when it has joined or is back."""
    eui64 = memory.eui64_of(membership.short)
    assert eui64 is not None
    return zdo_message(BROADCAST_RX_ON, 0, DeviceAnnce(membership.short, eui64, capability_of(configuration)))


def permit_joining_request(span: int, sequence: int) -> ApsMessage:
    """Open (or with a span of 0 or less close) every router for `span` µs, 254 s at most."""
    duration = max(0, min(LONGEST_PERMIT, -(-span // SECOND)))
    return zdo_message(BROADCAST_ROUTERS, sequence, MgmtPermitJoiningReq(duration))


def leave_request(destination: int, device: Eui64, sequence: int) -> ApsMessage:
    """Make a device leave."""
    return zdo_message(destination, sequence, MgmtLeaveReq(device))


class ZdoUser(Protocol):
    """The stack."""

    def zdo_request(self, message: ApsIndication, now: int) -> None:
        """The device above wants to see a request."""

    def send_own(self, message: ApsMessage, now: int) -> None:
        """Send without telling anybody of the outcome."""

    def told_to_permit_joining(self, until: int, now: int) -> None:
        """Let devices associate here, or no more."""

    def device_announced(self, device: Eui64, short: int, sleepy: bool, now: int) -> None:
        """Somebody came, or came back."""

    def removed(self, now: int) -> None:
        """We are to leave."""

    def told_to_rejoin(self, now: int) -> None:
        """We are to leave and come back."""


class Zdo:
    """The requests that the stack answers by itself; everything else is left to the device."""

    def __init__(
        self,
        eui64: Eui64,
        memory: NodeMemory,
        membership: Membership,
        configuration: StackConfiguration,
        neighbours: Neighbours,
        user: ZdoUser,
        report: Report,
    ) -> None:
        self._report = report
        self._eui64 = eui64
        self._memory = memory
        self._membership = membership
        self._neighbours = neighbours
        self._user = user
        self._description: Description
        self.configure(configuration)

    def configure(self, configuration: StackConfiguration) -> None:
        """Descriptors changed."""
        self._router = configuration.node_type is not NodeType.SLEEPY
        self._application = configuration.application_zdo
        self._description = Description(self._eui64, configuration, lambda: self._membership.short)

    def received(self, message: ApsIndication, now: int) -> bool:
        """Deal with a message to endpoint 0; False where the device should see it (responses)."""
        if message.cluster & RESPONSE:
            return False
        if self._application and self._is_answered_above(message, now):
            return True
        try:
            sequence, request = decode_zdo(message.cluster, message.payload)
        except DecodeError as error:
            fields: dict[str, object] = {"from": f"{message.source:04x}", "error": str(error)}
            self._report("aps.dropped", "undecodable", fields, now)
            return True
        if isinstance(request, DeviceAnnce):
            sleepy = not request.capability.receiver_on_when_idle
            self._user.device_announced(request.eui64, request.short, sleepy, now)
            return True
        response = self._answer(request, sequence, message, now)
        if response is not None:
            self._user.send_own(zdo_message(message.source, sequence, response), now)
        return True

    def _is_answered_above(self, message: ApsIndication, now: int) -> bool:
        """Show the device above what it wants to see; whether the answer is its business too."""
        kind = _KIND.get(message.cluster, ApplicationZdo.UNSUPPORTED)
        message.response_required = bool(kind & self._application & ~ApplicationZdo.SUPPORTED)
        known = kind is not ApplicationZdo.UNSUPPORTED
        if message.response_required or (known and ApplicationZdo.SUPPORTED in self._application):
            self._user.zdo_request(message, now)
        return message.response_required

    def _answer(self, request: ZdoMessage, sequence: int, message: ApsIndication, now: int) -> ZdoMessage | None:
        if isinstance(request, MgmtPermitJoiningReq):
            self._user.told_to_permit_joining(now + request.duration * SECOND, now)
            return None if message.broadcast else MgmtPermitJoiningRsp(ZdoStatus.SUCCESS)
        if isinstance(request, MgmtLeaveReq):
            return self._leave(request, message.source, sequence, now)
        if isinstance(request, MgmtLqiReq):
            return self._table(request)
        if isinstance(request, BindReq | UnbindReq | MgmtNwkUpdateReq):
            return None if message.broadcast else _UNSUPPORTED[type(request)]
        return self._description.answer(request)

    def _leave(self, request: MgmtLeaveReq, source: int, sequence: int, now: int) -> ZdoMessage | None:
        if source != COORDINATOR or request.device not in (0, self._eui64):
            self._report("aps.dropped", LEAVE_NOT_PERMITTED, {"from": f"{source:04x}"}, now)
            return MgmtLeaveRsp(ZdoStatus.NOT_PERMITTED)
        self._user.send_own(zdo_message(source, sequence, MgmtLeaveRsp(ZdoStatus.SUCCESS)), now)
        if request.rejoin:
            self._user.told_to_rejoin(now)
        else:
            self._user.removed(now)
        return None

    def _table(self, request: MgmtLqiReq) -> MgmtLqiRsp:
        known = sorted(self._neighbours, key=lambda neighbour: neighbour.short) if self._router else []
        part = known[request.start_index : request.start_index + _RECORDS_A_RESPONSE]
        records = tuple(self._record(neighbour) for neighbour in part)
        return MgmtLqiRsp(ZdoStatus.SUCCESS, len(known), request.start_index, records)

    def _record(self, neighbour: Neighbour) -> NeighbourRecord:
        relation = _NO_RELATION
        if neighbour.short == self._membership.parent:
            relation = _PARENT
        elif neighbour.short in self._memory.children:
            relation = _CHILD
        device_type = 0 if neighbour.short == COORDINATOR else 1 if neighbour.router else 2
        return NeighbourRecord(
            self._membership.extended_pan_id,
            neighbour.eui64 or self._memory.eui64_of(neighbour.short) or Eui64(0),
            neighbour.short,
            device_type,
            int(neighbour.router),
            relation,
            _UNKNOWN,
            0,
            neighbour.lqi,
        )
