"""What a node says of itself when it is asked: node, power, simple, endpoint, match and address requests of the ZDO.

Every stack answers these by itself, whatever carries it; so this knows of no layer, only of the node's description.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from emulator.core.eui64 import Eui64
from emulator.ports.aps import NodeType, SimpleDescriptor, StackConfiguration
from emulator.zigbee.frames.mac_commands import Capability
from emulator.zigbee.frames.zdo import (
    ActiveEpReq,
    ActiveEpRsp,
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
    ZdoMessage,
    ZdoStatus,
)

PRIMARY_TRUST_CENTRE = 0x0001
_LOGICAL = {
    NodeType.COORDINATOR: LogicalType.COORDINATOR,
    NodeType.ROUTER: LogicalType.ROUTER,
    NodeType.SLEEPY: LogicalType.END_DEVICE,
}
_MAINS, _DISPOSABLE_BATTERY = 1, 4
_ON_PERIODICALLY = 1


def capability_of(configuration: StackConfiguration) -> Capability:
    """The capability octet of association and announcement."""
    awake = configuration.node_type is not NodeType.SLEEPY
    return Capability(
        full_function_device=awake,
        mains_powered=configuration.mains_powered,
        receiver_on_when_idle=awake,
        allocate_address=True,
    )


class Description:
    """One node's answers.

    Args:
        eui64: its address.
        configuration: what it is.
        short: gives its short address now.
    """

    def __init__(self, eui64: Eui64, configuration: StackConfiguration, short: Callable[[], int]) -> None:
        self._eui64 = eui64
        self._configuration = configuration
        self._short = short

    def answer(self, request: ZdoMessage) -> ZdoMessage | None:
        """The response to a request that is about this node; None where there is none to give."""
        if isinstance(request, NwkAddrReq):
            return NwkAddrRsp(ZdoStatus.SUCCESS, self._eui64, self._short()) if request.eui64 == self._eui64 else None
        if isinstance(request, MatchDescReq):
            return self._match(request)
        if not isinstance(request, IeeeAddrReq | NodeDescReq | PowerDescReq | SimpleDescReq | ActiveEpReq):
            return None
        here = request.short == self._short()
        status = ZdoStatus.SUCCESS if here else ZdoStatus.DEVICE_NOT_FOUND
        if isinstance(request, IeeeAddrReq):
            return IeeeAddrRsp(status, self._eui64, request.short)
        if isinstance(request, NodeDescReq):
            return NodeDescRsp(status, request.short, self.node_descriptor() if here else None)
        if isinstance(request, PowerDescReq):
            return self._power(status, request.short)
        if isinstance(request, SimpleDescReq):
            return self._simple(request, here)
        endpoints = tuple(described.endpoint for described in self._endpoints) if here else ()
        return ActiveEpRsp(status, request.short, endpoints)

    def node_descriptor(self) -> NodeDescriptor:
        """The node descriptor."""
        configuration = self._configuration
        centre = PRIMARY_TRUST_CENTRE if configuration.node_type is NodeType.COORDINATOR else 0
        return NodeDescriptor(
            _LOGICAL[configuration.node_type],
            capability_of(configuration),
            configuration.manufacturer_code,
            server_mask=centre,
        )

    @property
    def _endpoints(self) -> Sequence[SimpleDescriptor]:
        return self._configuration.endpoints

    def _power(self, status: ZdoStatus, short: int) -> PowerDescRsp:
        source = _MAINS if self._configuration.mains_powered else _DISPOSABLE_BATTERY
        sleepy = self._configuration.node_type is NodeType.SLEEPY
        return PowerDescRsp(status, short, _ON_PERIODICALLY if sleepy else 0, source, source)

    def _simple(self, request: SimpleDescReq, here: bool) -> SimpleDescRsp:
        if not here:
            return SimpleDescRsp(ZdoStatus.DEVICE_NOT_FOUND, request.short)
        found = next((each for each in self._endpoints if each.endpoint == request.endpoint), None)
        status = ZdoStatus.SUCCESS if found is not None else ZdoStatus.NOT_ACTIVE
        return SimpleDescRsp(status, request.short, found)

    def _match(self, request: MatchDescReq) -> MatchDescRsp | None:
        if request.short < 0xFFF8 and request.short != self._short():  # noqa: PLR2004 - broadcasts begin there
            return MatchDescRsp(ZdoStatus.DEVICE_NOT_FOUND, request.short)
        matching = tuple(each.endpoint for each in self._endpoints if _matches(each, request))
        if not matching and request.short != self._short():
            return None
        return MatchDescRsp(ZdoStatus.SUCCESS, self._short(), matching)


def _matches(endpoint: SimpleDescriptor, request: MatchDescReq) -> bool:
    if endpoint.profile != request.profile:
        return False
    serves = set(endpoint.in_clusters) & set(request.in_clusters)
    uses = set(endpoint.out_clusters) & set(request.out_clusters)
    return bool(serves or uses)
