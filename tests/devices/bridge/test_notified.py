"""A bridge that has not found an OTA server takes whoever notifies it, and it alone, for one."""

from __future__ import annotations

import pytest

from emulator.core.eui64 import Eui64
from emulator.zigbee.clusters.ota import (
    IMAGE_NOTIFY,
    OTA_CLUSTER,
    QUERY_NEXT_IMAGE_REQUEST,
    ImageNotify,
    encode_image_notify,
)
from emulator.zigbee.frames.zcl import ZclFrame
from tests.devices.fake_port import LoneBridge

NOTIFY = ZclFrame(True, True, 9, IMAGE_NOTIFY, encode_image_notify(ImageNotify(100)))
ENDPOINT = 7


def queries(lone: LoneBridge) -> list[int]:
    """The endpoints that were asked for an image."""
    return [
        message.destination_endpoint
        for message, frame in zip(
            (each for each in lone.port.sent if each.destination_endpoint and each.cluster == OTA_CLUSTER),
            lone.port.zcl(OTA_CLUSTER),
            strict=True,
        )
        if frame.cluster_specific and frame.command == QUERY_NEXT_IMAGE_REQUEST
    ]


def test_a_notify_for_the_bridge_alone_comes_from_its_server() -> None:
    lone = LoneBridge().up()
    lone.take(OTA_CLUSTER, NOTIFY, source_endpoint=ENDPOINT)
    assert queries(lone) == [ENDPOINT]


@pytest.mark.parametrize("changes", [{"broadcast": True}, {"source_eui64": None}, {"link_key": False}])
def test_any_other_notify_does_not_say_where_the_server_is(changes: dict[str, object]) -> None:
    lone = LoneBridge().up()
    lone.take(OTA_CLUSTER, NOTIFY, source_endpoint=ENDPOINT, **changes)
    assert queries(lone) == []


def test_a_server_that_was_found_stays_the_server() -> None:
    lone = LoneBridge().up()
    lone.bridge.joiner.service_found(0, OTA_CLUSTER, 1, lone.now)
    other = {"source": 0x4321, "source_eui64": Eui64(0x00DB_0000_0000_2002), "source_endpoint": ENDPOINT}
    lone.take(OTA_CLUSTER, NOTIFY, **other)
    assert ENDPOINT not in queries(lone)
