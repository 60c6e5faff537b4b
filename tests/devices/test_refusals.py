"""What a bridge does not take: it keeps its old image, says why, and nothing is half-activated."""

from __future__ import annotations

import pytest

from emulator.core.clock import HOUR, MINUTE
from emulator.core.standards import Standards
from emulator.devices.profile_loading import load_joiner
from emulator.devices.profile_ota import signature_verifier
from emulator.image.build import build_sized
from emulator.image.catalogue import recipes_folder
from emulator.image.file import parse
from emulator.image.header import OtaHeader
from emulator.image.mutate import mutate
from emulator.image.signature import load_signer
from emulator.zigbee.clusters.ota import (
    IMAGE_BLOCK_REQUEST,
    IMAGE_BLOCK_RESPONSE,
    OTA_CLUSTER,
    QUERY_NEXT_IMAGE_REQUEST,
    QUERY_NEXT_IMAGE_RESPONSE,
    UPGRADE_END_REQUEST,
    ImageIdentity,
    QueryNextImageResponse,
    decode_upgrade_end_request,
    encode_query_next_image_response,
)
from emulator.zigbee.clusters.ota_blocks import decode_image_block_request
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_status import Status
from tests.devices.fake_port import LoneBridge
from tests.devices.world import NEW, OLD, World, image


def check_nothing_happened(world: World) -> None:
    world.run_for(2 * HOUR)
    bridge = world.bridge
    assert bridge.version == OLD
    assert bridge.memory.state.activating is None
    assert bridge.memory.state.alerts == ()
    assert world.alerts == []
    assert world.of("gbcs.alert", "bridge-1") == []
    assert world.of("bridge.activated") == []
    assert [status for status, _ in world.status_of(world.member)].count("failed") == 1


@pytest.mark.parametrize(
    "octets, bridge_says, hub_says",
    [
        (image(version=OLD - 1), ["not-an-upgrade"], "offer-refused"),
        (image(version=OLD), ["not-an-upgrade"], "not-an-upgrade"),
        (image(profile="bridge-2"), [], "wrong-manufacturer"),
        (image(image_type=0x00B9), [], "wrong-image-type"),
        (image(minimum_hardware_version=0x0200, maximum_hardware_version=0x02FF), [], "wrong-hardware"),
    ],
    ids=["older", "same", "maker", "type", "hardware"],
)
def test_an_image_for_another_device_or_no_upgrade_is_refused_with_its_reason(
    octets: bytes, bridge_says: list[str], hub_says: str
) -> None:
    world = World("bridge-1")
    world.offer(octets)
    assert world.until(lambda: ("failed", hub_says) in world.status_of(world.member), 5 * MINUTE), world.statuses
    assert world.reasons("ota.refused", "bridge-1") == bridge_says
    check_nothing_happened(world)


SIGNED = load_joiner("bridge-1")


def signed_image(size: int = 1500) -> bytes:
    header = OtaHeader.decode(image(size))
    signer = load_signer(recipes_folder() / "keys" / "test_signing_key.pem")
    return build_sized(header, size, bytes, signer).octets


@pytest.mark.parametrize(
    "mutation, reason",
    [
        ("damaged-body", "bad-signature"),
        ("bad-signature", "bad-signature"),
        ("wrong-signer", "bad-signature"),
        ("unsigned", "unsigned"),
    ],
)
def test_an_image_whose_signature_does_not_hold_is_refused_after_it_was_received(mutation: str, reason: str) -> None:
    world = World()
    world.join(world.add(verifier=signature_verifier(SIGNED, Standards())))
    world.offer(mutate(parse(signed_image()), mutation))
    assert world.until(lambda: bool(world.of("bridge.image-refused")))
    assert world.reasons("bridge.image-refused") == [reason]
    assert world.reasons("ota.failed", "bridge-1") in ([], [reason])
    check_nothing_happened(world)
    assert world.bridge.images.identity is None
    assert world.status_of(world.member)[-1] == ("failed", "invalid-image")


def test_the_same_image_well_signed_is_taken() -> None:
    world = World()
    world.join(world.add(verifier=signature_verifier(SIGNED, Standards())))
    world.offer(signed_image())
    assert world.updated()


def test_a_bridge_that_refused_takes_the_next_good_image() -> None:
    world = World("bridge-1")
    world.offer(image(version=OLD))
    assert world.until(lambda: bool(world.of("ota.refused")))
    world.offer(image())
    assert world.updated()


# --- a server that lies: what it offered is not what it sends ---

OFFERED = ImageIdentity(0x1B01, 0x00B1, NEW, 500)


def answer(lone: LoneBridge, command: int, payload: bytes) -> None:
    sequence = lone.port.zcl(OTA_CLUSTER)[-1].sequence
    lone.take(OTA_CLUSTER, ZclFrame(True, True, sequence, command, payload))


def serve(lone: LoneBridge, octets: bytes, offered: ImageIdentity = OFFERED) -> list[ZclFrame]:
    """Answer what the bridge asks until it ends the download; what it sent after that."""
    lone.up()
    lone.bridge.joiner.service_found(0, OTA_CLUSTER, 1, lone.now)
    lone.pass_time(lambda: bool(lone.port.zcl(OTA_CLUSTER)))
    assert lone.port.zcl(OTA_CLUSTER)[-1].command == QUERY_NEXT_IMAGE_REQUEST
    response = encode_query_next_image_response(QueryNextImageResponse(Status.SUCCESS, offered))
    answer(lone, QUERY_NEXT_IMAGE_RESPONSE, response)
    while (frame := lone.port.zcl(OTA_CLUSTER)[-1]).command == IMAGE_BLOCK_REQUEST:
        request = decode_image_block_request(frame.payload)
        data = octets[request.file_offset : request.file_offset + request.maximum_data_size]
        head = frame.payload[1:9] + request.file_offset.to_bytes(4, "little") + bytes((len(data),))
        answer(lone, IMAGE_BLOCK_RESPONSE, b"\0" + head + data)
    return lone.port.zcl(OTA_CLUSTER)


@pytest.mark.parametrize(
    "header",
    [
        image(500, version=NEW + 1),
        image(500, version=OLD),
        image(500, manufacturer_code=0x1B02),
        image(500, image_type=0x00B2),
        image(500, total_image_size=400),
        image(500, total_image_size=0xFFFFFFFF),
        bytes(500),
    ],
    ids=["newer", "older", "maker", "type", "shorter", "endless", "no-file"],
)
def test_a_header_that_is_not_what_was_offered_ends_the_download_at_once(header: bytes) -> None:
    lone = LoneBridge()
    frames = serve(lone, header)
    assert lone.reports.reasons("ota.refused") == ["header-mismatch"]
    assert frames[-1].command == UPGRADE_END_REQUEST
    assert decode_upgrade_end_request(frames[-1].payload).status == Status.INVALID_IMAGE
    assert len([frame for frame in frames if frame.command == IMAGE_BLOCK_REQUEST]) <= 2
    assert lone.bridge.images.identity is None
    assert lone.bridge.version == OLD


def test_the_wrong_hardware_in_the_header_is_refused_where_the_server_did_not_look() -> None:
    lone = LoneBridge()
    serve(lone, image(500, minimum_hardware_version=0x0200, maximum_hardware_version=0x0300))
    assert lone.reports.reasons("ota.refused") == ["wrong-hardware"]


@pytest.mark.parametrize("size", [768_001, 0xFFFFFFFF])
def test_an_offer_over_the_limit_is_refused_before_memory_is_taken(size: int) -> None:
    lone = LoneBridge()
    frames = serve(lone, b"", ImageIdentity(0x1B01, 0x00B1, NEW, size))
    assert lone.reports.reasons("ota.refused") == ["image-too-large"]
    assert frames[-1].command not in {IMAGE_BLOCK_REQUEST, UPGRADE_END_REQUEST}
    assert lone.bridge.images.identity is None


# --- who may speak ---


@pytest.mark.parametrize("secured, dropped", [(True, ["unprotected"]), (False, [])])
def test_ota_frames_without_the_link_key_are_refused_where_it_is_asked_for(secured: bool, dropped: list[str]) -> None:
    lone = LoneBridge(ota_aps_security=secured).up()
    lone.bridge.joiner.service_found(0, OTA_CLUSTER, 1, lone.now)
    lone.take(OTA_CLUSTER, ZclFrame(True, True, 1, 0, bytes((0, 100))), link_key=False)
    assert lone.reports.reasons("ota.dropped") == dropped
    asked = [frame.command for frame in lone.port.zcl(OTA_CLUSTER)]
    assert asked == ([] if secured else [QUERY_NEXT_IMAGE_REQUEST])


@pytest.mark.parametrize("general", [True, False])
def test_nobody_but_the_hub_is_listened_to(general: bool) -> None:
    lone = LoneBridge(ota_aps_security=False).up()
    lone.bridge.joiner.service_found(0, OTA_CLUSTER, 1, lone.now)
    frame = ZclFrame(False, True, 1, 0x0B, b"\x03\x95") if general else ZclFrame(True, True, 1, 0, bytes((0, 100)))
    lone.take(OTA_CLUSTER, frame, source=0x4321)
    assert lone.reports.reasons("ota.dropped") == ["not-the-hub"]


@pytest.mark.parametrize("secured", [True, False])
def test_an_update_runs_with_and_without_the_link_key(secured: bool) -> None:
    world = World("bridge-1", ota_aps_security=secured)
    world.offer(image())
    assert world.updated()
    ota = [message for message in (*world.hub_sent, *world.member.sent) if message.cluster == OTA_CLUSTER]
    assert {message.link_key for message in ota} == {secured}
