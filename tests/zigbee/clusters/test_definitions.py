from __future__ import annotations

import pytest

from emulator.zigbee.clusters.basic import BASIC, BasicAttribute
from emulator.zigbee.clusters.catalogue import ALL_CLUSTERS, cluster_definition
from emulator.zigbee.clusters.definition import CLUSTER_REVISION, AttributeDefinition, ClusterDefinition, Side
from emulator.zigbee.clusters.key_establishment import KEY_ESTABLISHMENT
from emulator.zigbee.clusters.tunnelling import TUNNELLING
from emulator.zigbee.frames.zcl_types import DataType, encode_value

every_cluster = pytest.mark.parametrize("cluster", ALL_CLUSTERS, ids=lambda cluster: cluster.name)


@every_cluster
def test_no_number_is_used_twice(cluster: ClusterDefinition) -> None:
    attributes = [(one.identifier, one.side) for one in cluster.attributes]
    commands = [(one.identifier, one.receiver) for one in cluster.commands]
    assert len(set(attributes)) == len(attributes)
    assert len(set(commands)) == len(commands)


@every_cluster
def test_every_default_is_a_value_of_its_type(cluster: ClusterDefinition) -> None:
    for attribute in cluster.attributes:
        if attribute.default is not None:
            encode_value(attribute.type, attribute.default)


@every_cluster
def test_a_cluster_is_found_by_its_number(cluster: ClusterDefinition) -> None:
    assert cluster_definition(cluster.identifier) is cluster


def test_an_unknown_cluster_is_not_found() -> None:
    assert cluster_definition(0xFC00) is None


def test_attributes_are_found_on_their_side() -> None:
    model = BASIC.attribute(BasicAttribute.MODEL_IDENTIFIER)
    assert model == AttributeDefinition(0x0005, "ModelIdentifier", DataType.CHARACTER_STRING, default="")
    assert BASIC.attribute(BasicAttribute.MODEL_IDENTIFIER, Side.CLIENT) is None
    for side in Side:
        assert KEY_ESTABLISHMENT.attribute(0x0000, side) is not None
        assert BASIC.attribute(CLUSTER_REVISION, side) is not None


def test_commands_are_found_by_who_receives_them() -> None:
    to_server, to_client = TUNNELLING.command(0x02, Side.SERVER), TUNNELLING.command(0x02, Side.CLIENT)
    assert to_server is not None
    assert to_client is not None
    assert (to_server.name, to_client.name) == ("TransferData", "TransferDataError")
    assert TUNNELLING.command(0x07, Side.CLIENT) is None
