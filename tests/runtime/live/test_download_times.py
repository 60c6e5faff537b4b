"""Where the time of a download goes, from one end: every microsecond is somebody's, and the floor is arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from emulator.core.clock import MILLISECOND, SECOND
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Event
from emulator.ports.aps import ApsIndication, ApsMessage, Outcome
from emulator.runtime.live.download_floor import RECEIVED_OCTETS, SENT_OCTETS, BlockExchange
from emulator.runtime.live.download_times import DownloadTimes
from emulator.transports.memory import aps_timing
from emulator.zigbee.clusters.ota import IMAGE_BLOCK_REQUEST, IMAGE_BLOCK_RESPONSE, OTA_CLUSTER
from emulator.zigbee.clusters.ota_blocks import (
    ImageBlock,
    ImageBlockRequest,
    encode_image_block_request,
    encode_image_block_response,
)
from emulator.zigbee.frames.zcl import ZclFrame, encode

BRIDGE = Eui64(0x00DB_1200_0000_1001)
SHORT = 0x1234
BLOCK = 50


def request(offset: int, period: int | None = None) -> bytes:
    payload = encode_image_block_request(ImageBlockRequest(1, 2, 3, offset, BLOCK, minimum_block_period=period))
    return encode(ZclFrame(True, False, 1, IMAGE_BLOCK_REQUEST, payload))


def response(offset: int) -> bytes:
    payload = encode_image_block_response(ImageBlock(1, 2, 3, offset, bytes(BLOCK)))
    return encode(ZclFrame(True, True, 1, IMAGE_BLOCK_RESPONSE, payload))


def indication(payload: bytes) -> ApsIndication:
    return ApsIndication(
        source=SHORT, source_eui64=BRIDGE, source_endpoint=1, destination_endpoint=1, profile=0x0109,
        cluster=OTA_CLUSTER, payload=payload, link_key=True, broadcast=False, rssi=-40, lqi=255,
    )  # fmt: skip


def message(payload: bytes) -> ApsMessage:
    return ApsMessage(SHORT, 1, 1, 0x0109, OTA_CLUSTER, payload, acknowledge=True, link_key=True)


@dataclass
class Desk:
    """A hub's end that the test plays."""

    baud: int | None = None
    told: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.times = DownloadTimes(lambda kind, _, fields, __: self.told.append((kind, fields)), self.baud)

    def tell(self, kind: str, at: int, **fields: object) -> None:
        self.times.take(Event(at, "hub", kind, None, fields))  # type: ignore[arg-type]  # JSON-ready

    def block(self, offset: int, at: int, ours: int, link: int, size: int = 3 * BLOCK) -> None:
        """A request at `at` (µs), answered after `ours`, delivered `link` later."""
        self.times.heard(indication(request(offset)), at)
        if not offset:
            self.tell("ota.server.started", at, client=eui64_text(BRIDGE), size=size, offset=0)
        self.times.handed(offset + 1, message(response(offset)), at + ours)
        self.times.settled(offset + 1, Outcome.DELIVERED, at + ours + link)

    def of(self, kind: str) -> dict[str, object]:
        (fields,) = (fields for each, fields in self.told if each == kind)
        return fields


def test_every_span_is_with_whoever_was_waited_for() -> None:
    desk = Desk()
    for number in range(3):
        desk.block(number * BLOCK, number * SECOND, 20 * MILLISECOND, 300 * MILLISECOND)
    desk.tell("ota.server.end", 3 * SECOND, client=eui64_text(BRIDGE))
    measured = desk.of("update.measured")
    assert measured["device"] == eui64_text(BRIDGE)
    assert (measured["ours_s"], measured["link_s"], measured["theirs_s"]) == (0.06, 0.9, 1.36)
    assert measured["took_s"] == pytest.approx(0.06 + 0.9 + 1.36)
    assert (measured["blocks"], measured["gap_p99_ms"]) == (3, 20.0)
    assert desk.times.of(BRIDGE) is None


def test_what_is_expected_is_told_once_as_soon_as_a_block_is_through() -> None:
    desk = Desk()
    desk.block(0, 0, 1, 1)
    expected = desk.of("update.expected")
    desk.block(BLOCK, SECOND, 1, 1)
    exchange = BlockExchange(len(request(0)), len(response(0)), acknowledge=True, link_key=True)
    assert expected["blocks"] == 3
    assert expected["block_octets"] == BLOCK
    assert expected["floor_s"] == pytest.approx(3 * exchange.floor / SECOND, abs=0.001)
    assert len([kind for kind, _ in desk.told if kind == "update.expected"]) == 1


def test_at_a_bridge_the_roles_are_exchanged() -> None:
    desk = Desk()
    desk.tell("ota.started", 0, size=2 * BLOCK, offset=0)
    for number in range(2):
        desk.times.handed(number, message(request(number * BLOCK)), number * SECOND)
        desk.times.settled(number, Outcome.DELIVERED, number * SECOND + 100)
        desk.times.heard(indication(response(number * BLOCK)), number * SECOND + 600)
    desk.tell("ota.downloaded", SECOND + 700, size=2 * BLOCK)
    measured = desk.of("update.measured")
    assert measured["blocks"] == 2
    assert measured["ours_s"] == pytest.approx((SECOND - 600) / SECOND, abs=0.001)


def test_the_floor_is_the_air_and_the_serial_line_or_the_pace_that_the_client_keeps() -> None:
    air = BlockExchange(17, 67, acknowledge=False, link_key=False)
    wanted = sum(aps_timing.exchange(aps_timing.DATA + octets) + 1_120 for octets in (17, 67))
    assert air.floor == air.air == wanted
    acknowledged = BlockExchange(17, 67, acknowledge=True, link_key=False)
    assert acknowledged.air == wanted + 2 * (aps_timing.exchange(aps_timing.DATA) + 1_120)
    serial = BlockExchange(17, 67, acknowledge=False, link_key=False, baud=115_200)
    assert serial.serial == (17 + 67 + RECEIVED_OCTETS + SENT_OCTETS) * 10 * SECOND // 115_200
    assert serial.floor == air.air + serial.serial
    assert BlockExchange(17, 67, acknowledge=False, link_key=False, period=SECOND).floor == SECOND


def test_a_minimum_block_period_that_the_client_names_is_pacing() -> None:
    desk = Desk()
    desk.times.heard(indication(request(0, period=500)), 0)
    desk.tell("ota.server.started", 0, client=eui64_text(BRIDGE), size=2 * BLOCK, offset=0)
    desk.times.handed(1, message(response(0)), 10)
    assert desk.of("update.expected")["floor_s"] == 1.0


def test_other_traffic_is_not_looked_at() -> None:
    desk = Desk()
    desk.times.heard(indication(b""), 0)
    desk.times.handed(1, ApsMessage(SHORT, 1, 1, 0x0109, 0x0704, b"\x00" * 40), 0)
    desk.times.settled(1, Outcome.DELIVERED, 1)
    assert desk.times.downloads == {}
