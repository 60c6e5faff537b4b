"""The attributes that a device serves, and the general ZCL commands that read and write them."""

from __future__ import annotations

from collections.abc import Callable

from emulator.zigbee.clusters.definition import CLUSTER_REVISION, ClusterDefinition
from emulator.zigbee.frames.zcl_foundation import (
    AttributeStatus,
    DiscoverAttributes,
    DiscoverAttributesResponse,
    ReadAttributes,
    ReadAttributesResponse,
    WriteAttributes,
    WriteAttributesResponse,
    WriteAttributesUndivided,
)
from emulator.zigbee.frames.zcl_status import Status
from emulator.zigbee.frames.zcl_types import DataType, TypedValue, Value

Reading = Callable[[int], Value]
"""Gives an attribute's value at `now`."""


class Attributes:
    """One side of the clusters of one endpoint."""

    def __init__(self) -> None:
        self._clusters: dict[int, dict[int, tuple[DataType, Reading]]] = {}

    def serve(self, cluster: ClusterDefinition, values: dict[int, Value | Reading]) -> None:
        """Serve a cluster: these attributes, constant or read at the moment, and the cluster's revision."""
        kinds = {attribute.identifier: attribute.type for attribute in cluster.attributes}
        served: dict[int, tuple[DataType, Reading]] = {CLUSTER_REVISION: (DataType.UINT16, lambda _: 1)}
        for identifier, value in values.items():
            served[identifier] = (kinds[identifier], value if callable(value) else _constant(value))
        self._clusters[cluster.identifier] = served

    def __contains__(self, cluster: int) -> bool:
        return cluster in self._clusters

    def read(self, cluster: int, request: ReadAttributes, now: int) -> ReadAttributesResponse:
        """Answer a read; what is not there is said for each attribute."""
        served = self._clusters[cluster]
        return ReadAttributesResponse(tuple(_read(served, identifier, now) for identifier in request.attributes))

    def write(self, cluster: int, request: WriteAttributes | WriteAttributesUndivided) -> WriteAttributesResponse:
        """Refuse a write: everything that the devices serve is theirs to change."""
        served = self._clusters[cluster]
        return WriteAttributesResponse(
            tuple(
                AttributeStatus(
                    record.attribute,
                    Status.READ_ONLY if record.attribute in served else Status.UNSUPPORTED_ATTRIBUTE,
                )
                for record in request.records
            )
        )

    def discover(self, cluster: int, request: DiscoverAttributes) -> DiscoverAttributesResponse:
        """List the attributes from one on."""
        served = self._clusters[cluster]
        known = sorted((identifier, kind) for identifier, (kind, _) in served.items() if identifier >= request.start)
        return DiscoverAttributesResponse(len(known) <= request.maximum, tuple(known[: request.maximum]))


def _constant(value: Value) -> Reading:
    return lambda _: value


def _read(served: dict[int, tuple[DataType, Reading]], identifier: int, now: int) -> AttributeStatus:
    found = served.get(identifier)
    if found is None:
        return AttributeStatus(identifier, Status.UNSUPPORTED_ATTRIBUTE)
    kind, reading = found
    return AttributeStatus(identifier, Status.SUCCESS, TypedValue(kind, reading(now)))
