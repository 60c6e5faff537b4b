"""The GPF of a hub: an endpoint of its own where the gas meter is mirrored and displays ask for readings and prices.

The gas meter sleeps, so what it reported last is served for it, under the same attribute identifiers.  The entity
identifier of the GPF is the address of the hub's radio.  What else a GPF keeps is not modelled: Price, Prepayment and
Messaging are there and have no attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.devices.endpoint import Endpoint
from emulator.devices.profile import Endpoint as EndpointTable
from emulator.ports.aps import ApsIndication, ApsPort
from emulator.zigbee.clusters.catalogue import definition_of
from emulator.zigbee.clusters.energy import METERING, METERING_CLUSTER
from emulator.zigbee.frames.zcl import ZclFrame, decode
from emulator.zigbee.frames.zcl_foundation import (
    DefaultResponse,
    ReadAttributesResponse,
    ReportAttributes,
    decode_foundation,
)
from emulator.zigbee.frames.zcl_types import Value

_KNOWN: Final = frozenset(attribute.identifier for attribute in METERING.attributes)

IsGasMeter = Callable[[Eui64], bool]
"""Whether the device log has a device as a GSME."""


class Gpf:
    """One GPF.

    Args:
        port: the hub's stack.
        profile_id: of its clusters.
        table: the endpoint it shows.
        is_gas_meter: whom it mirrors.
        report: told of what is dropped or refused.
        open_clusters: those that answer without a link key; None: all, because there is no key establishment.
    """

    def __init__(
        self,
        port: ApsPort,
        profile_id: int,
        table: EndpointTable,
        is_gas_meter: IsGasMeter,
        report: Report,
        open_clusters: Collection[int] | None = None,
    ) -> None:
        self.number = table.number
        self.mirror: dict[int, Value] = {}
        self._is_gas_meter = is_gas_meter
        self._endpoint = Endpoint(port, table.number, profile_id, self, report)
        self._endpoint.open_clusters = open_clusters
        self._serve(table)

    def received(self, message: ApsIndication, now: int) -> None:
        """A message for its endpoint."""
        if message.cluster == METERING_CLUSTER:
            self._mirror(message)
        self._endpoint.received(message, now)

    def cluster_command(self, message: ApsIndication, frame: ZclFrame, now: int) -> bool:  # noqa: ARG002 - EndpointUser
        """It knows no command of any cluster: whoever sends one is told so."""
        return False

    def default_response(self, message: ApsIndication, frame: ZclFrame, response: DefaultResponse, now: int) -> None:
        """It sends no commands that could be refused."""

    def attributes_read(self, message: ApsIndication, response: ReadAttributesResponse, now: int) -> None:
        """It asks for none."""

    def _mirror(self, message: ApsIndication) -> None:
        """Keep what the gas meter reports; the reports of others are theirs to keep."""
        device = message.source_eui64
        if device is None or not message.link_key or not self._is_gas_meter(device):
            return
        try:
            frame = decode(message.payload)
            if frame.cluster_specific or not frame.server_to_client or frame.command != ReportAttributes.command:
                return
            reported = decode_foundation(frame.command, frame.payload)
        except DecodeError:
            return  # The endpoint says so.
        assert isinstance(reported, ReportAttributes)
        self.mirror |= {one.attribute: one.value.value for one in reported.records if one.attribute in _KNOWN}
        self._endpoint.server.serve(METERING, dict(self.mirror))

    def _serve(self, table: EndpointTable) -> None:
        server, client = self._endpoint.server, self._endpoint.client
        for side, clusters in ((server, table.in_clusters), (client, table.out_clusters)):
            for cluster in clusters:
                side.serve(definition_of(cluster), {})
