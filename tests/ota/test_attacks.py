"""Attacks on an update, each with its safe end; what lives above or below this layer is tested there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator.core.clock import DAY, HOUR, SECOND
from emulator.core.errors import DecodeError
from emulator.ota.client_table import ClientState
from emulator.ota.effects import DefaultResponse, Finished
from emulator.ota.policy import Activation, ServerPolicy
from emulator.ota.settings import ClientSettings
from emulator.zigbee.clusters import ota, ota_blocks
from emulator.zigbee.clusters.ota import (
    IMAGE_BLOCK_REQUEST,
    IMAGE_BLOCK_RESPONSE,
    QUERY_NEXT_IMAGE_RESPONSE,
    UPGRADE_END_REQUEST,
    ImageIdentity,
)
from emulator.zigbee.frames.zcl_status import Status
from tests.ota.link import (
    CLIENT,
    HARDWARE,
    IMAGE_TYPE,
    MANUFACTURER,
    NEW_VERSION,
    OLD_VERSION,
    OTHER,
    Link,
    identity_of,
    image,
)

OCTETS = image(1000)
GOOD = ImageIdentity(MANUFACTURER, IMAGE_TYPE, NEW_VERSION, 1000)


def offered(identity: ImageIdentity, settings: ClientSettings | None = None) -> Link:
    """A client that was answered so to its query, on a wire that carries nothing more."""
    link = Link(None, settings=settings)
    link.fate = lambda *_: []
    link.start().run(SECOND, until=lambda link: link.client.state is ClientState.QUERYING)
    answer = ota.QueryNextImageResponse(Status.SUCCESS, identity)
    link.deliver(QUERY_NEXT_IMAGE_RESPONSE, ota.encode_query_next_image_response(answer), 33)
    return link


def served(octets: bytes, offer: ImageIdentity, settings: ClientSettings | None = None) -> Link:
    """A client that was offered one thing and is sent another."""
    link = offered(offer, settings)
    while link.client.state is ClientState.DOWNLOADING:
        asked = link.sent[-1].payload
        offset, size = int.from_bytes(asked[9:13], "little"), asked[13]
        names = (offer.manufacturer_code, offer.image_type, offer.file_version)
        block = ota_blocks.ImageBlock(*names, offset, octets[offset : offset + size])
        link.deliver(IMAGE_BLOCK_RESPONSE, ota_blocks.encode_image_block(block))
    return link


def refused(link: Link) -> tuple[str | None, int]:
    """Why the client refused, and the status it gave; nothing may be left of the image."""
    assert link.activated == []
    assert link.sent[-1].command_id == UPGRADE_END_REQUEST
    assert link.slot.identity is None
    return link.reasons("ota.refused")[0], link.sent[-1].payload[0]


# The offer


@pytest.mark.parametrize(
    "offer, reason, status",
    [
        (replace(GOOD, file_version=OLD_VERSION), "not-an-upgrade", Status.DUPLICATE_EXISTS),
        (replace(GOOD, file_version=OLD_VERSION - 1), "not-an-upgrade", Status.INVALID_FIELD),
        (replace(GOOD, manufacturer_code=1), "wrong-manufacturer", Status.INVALID_FIELD),
        (replace(GOOD, image_type=1), "wrong-image-type", Status.INVALID_FIELD),
        (replace(GOOD, image_size=768_001), "image-too-large", Status.INSUFFICIENT_SPACE),
        (replace(GOOD, image_size=0xFFFFFFFF), "image-too-large", Status.INSUFFICIENT_SPACE),
        (replace(GOOD, image_size=55), "image-too-small", Status.INVALID_FIELD),
        (replace(GOOD, image_size=0), "image-too-small", Status.INVALID_FIELD),
    ],
)
def test_rollback_wrong_device_and_endless_data_are_refused_at_the_offer(
    offer: ImageIdentity, reason: str, status: Status
) -> None:
    link = offered(offer)
    assert link.reasons("ota.refused") == [reason]
    assert link.client.state is ClientState.IDLE
    assert link.slot.identity is None
    assert link.commands()[-1] == ota.QUERY_NEXT_IMAGE_REQUEST


def test_an_offer_of_exactly_the_limit_is_taken() -> None:
    assert offered(replace(GOOD, image_size=768_000)).client.state is ClientState.DOWNLOADING


def test_a_refusal_is_told_to_the_server_or_kept_to_oneself() -> None:
    old = image(1000, OLD_VERSION)
    policy = ServerPolicy(offer_not_newer=True)
    aloud = Link(old, policy=policy).start().run(HOUR)
    assert aloud.finished == [
        Finished(CLIENT, identity_of(old), Status.DUPLICATE_EXISTS, "not-an-upgrade"),
    ]
    silent = Link(old, policy=policy, settings=ClientSettings(refuse_aloud=False)).start().run(HOUR)
    assert silent.finished == []
    assert silent.reasons("ota.refused") == ["not-an-upgrade"]


def test_a_downgrade_is_taken_only_where_the_settings_allow_it() -> None:
    old = image(1000, OLD_VERSION - 1)
    policy = ServerPolicy(offer_not_newer=True)
    assert Link(old, policy=policy, settings=ClientSettings(allow_downgrade=True)).update().activated == [old]
    assert Link(old, policy=policy).start().run(2 * DAY).activated == []


def test_fast_forward_is_taken_as_any_newer_version_and_then_blocks_the_rest() -> None:
    last = image(1000, 0xFFFFFFFE)
    link = Link(last).update().run(5 * SECOND)
    assert link.activated == [last]
    link.version = 0xFFFFFFFE
    newer = offered(replace(GOOD, file_version=NEW_VERSION))
    assert newer.client.state is ClientState.DOWNLOADING
    blocked = Link(OCTETS, policy=ServerPolicy(offer_not_newer=True))
    blocked.version = 0xFFFFFFFE
    blocked.start().run(HOUR)
    assert blocked.reasons("ota.refused") == ["not-an-upgrade"]


# The file


@pytest.mark.parametrize(
    "octets, reason",
    [
        (image(1000, OLD_VERSION), "header-mismatch"),
        (image(1000, NEW_VERSION + 1), "header-mismatch"),
        (image(1000, image_type=1), "header-mismatch"),
        (image(1000, manufacturer_code=1), "header-mismatch"),
        (image(999) + b"\0", "header-mismatch"),
        (image(1000, total_image_size=0xFFFFFFFF), "header-mismatch"),
        (bytes(1000), "header-mismatch"),
        (b"\xff" * 1000, "header-mismatch"),
        (image(1000, minimum_hardware_version=HARDWARE + 1), "wrong-hardware"),
        (image(1000, minimum_hardware_version=0, maximum_hardware_version=HARDWARE - 1), "wrong-hardware"),
        (image(1000, upgrade_file_destination=OTHER), "wrong-destination"),
        (image(1000, security_credential_version=2, minimum_hardware_version=HARDWARE + 1), "wrong-hardware"),
    ],
)
def test_a_file_that_is_not_what_was_offered_is_refused_within_two_blocks(octets: bytes, reason: str) -> None:
    link = served(octets, GOOD)
    assert refused(link) == (reason, Status.INVALID_IMAGE)
    assert link.commands().count(IMAGE_BLOCK_REQUEST) == 2


@pytest.mark.parametrize("length", [0, 55, 59, 1001, 0xFFFF])
def test_a_header_length_that_lies_is_refused(length: int) -> None:
    octets = bytearray(OCTETS)
    octets[6:8] = length.to_bytes(2, "little")
    assert refused(served(bytes(octets), GOOD)) == ("header-mismatch", Status.INVALID_IMAGE)


@pytest.mark.parametrize("block_octets", [1, 7, 56, 57, 59, 60, 255])
def test_the_header_is_looked_at_whatever_the_block_size(block_octets: int) -> None:
    settings = ClientSettings(block_octets=block_octets)
    link = served(image(1000, minimum_hardware_version=HARDWARE + 1), GOOD, settings)
    assert refused(link)[0] == "wrong-hardware"
    assert link.client.counters.blocks == -(-60 // block_octets)


def test_the_header_is_looked_at_again_when_a_download_is_taken_up() -> None:
    link = Link(OCTETS).until_blocks(10)
    link.slot._octets[14:18] = (NEW_VERSION + 7).to_bytes(4, "little")
    link.restart_client().run(until=lambda link: bool(link.reasons("ota.refused")))
    assert refused(link) == ("header-mismatch", Status.INVALID_IMAGE)


def test_a_file_for_our_own_address_is_taken() -> None:
    assert Link(image(1000, upgrade_file_destination=CLIENT)).update().activated != []


@pytest.mark.parametrize("edge", [HARDWARE, HARDWARE + 5])
def test_the_hardware_range_includes_its_ends(edge: int) -> None:
    low, high = min(edge, HARDWARE), max(edge, HARDWARE)
    octets = image(1000, minimum_hardware_version=low, maximum_hardware_version=high)
    assert Link(octets).update().activated == [octets]


def test_an_arbitrary_image_is_refused_by_the_verifier_and_the_server_hears_of_it() -> None:
    link = Link(OCTETS, good=lambda _: False).start().run(HOUR)
    assert link.activated == []
    assert link.finished == [Finished(CLIENT, identity_of(OCTETS), Status.INVALID_IMAGE, "invalid-image")]
    assert link.reasons("ota.refused") == ["bad-signature"]
    assert link.reasons("ota.failed") == ["bad-signature"]
    assert link.slot.identity is None
    assert link.client.state is ClientState.IDLE


def test_a_refusal_that_nobody_confirms_is_repeated_and_then_left() -> None:
    link = Link(OCTETS, good=lambda _: False)
    link.start().run(until=lambda link: link.client.state is ClientState.REFUSING)
    link.fate = lambda *_: []
    link.run(HOUR)
    assert link.commands().count(UPGRADE_END_REQUEST) == 1 + link.settings.end_retries
    assert link.client.state is ClientState.IDLE
    assert link.reasons("ota.failed") == ["bad-signature"]


# Mix-and-match, endless data


def test_mix_and_match_an_image_swapped_between_query_and_blocks_is_never_mixed() -> None:
    newer = image(1000, NEW_VERSION + 1)
    link = Link(OCTETS).until_blocks(10)
    link.serve(link.server.load(newer, link.now, [CLIENT]))
    link.run(until=lambda link: bool(link.activated))
    assert link.activated == [newer]


@pytest.mark.parametrize("swap", range(0, 21, 4))
def test_mix_and_match_blocks_of_two_images_on_one_air_are_told_apart(swap: int) -> None:
    other = image(1000, NEW_VERSION + 1, seed=9)
    link = Link(OCTETS).until_blocks(swap)
    for offset in range(0, 1000, 50):
        block = ota_blocks.ImageBlock(MANUFACTURER, IMAGE_TYPE, NEW_VERSION + 1, offset, other[offset : offset + 50])
        link.deliver(IMAGE_BLOCK_RESPONSE, ota_blocks.encode_image_block(block))
    link.run(until=lambda link: bool(link.activated))
    assert link.activated == [OCTETS]


def test_endless_data_blocks_past_the_end_are_never_stored() -> None:
    link = Link(OCTETS).until_blocks(19)
    link.fate = lambda *_: []
    names = (MANUFACTURER, IMAGE_TYPE, NEW_VERSION)
    for offset, size in ((950, 51), (950, 255), (1000, 1), (1000, 50), (0xFFFFFF00, 255)):
        block = ota_blocks.ImageBlock(*names, offset, bytes(size))
        link.deliver(IMAGE_BLOCK_RESPONSE, ota_blocks.encode_image_block(block))
    assert link.slot.received == 950
    assert "past-end" in link.reasons("ota.dropped")


def test_a_block_cannot_declare_more_octets_than_it_has() -> None:
    block = bytearray(ota_blocks.encode_image_block(ota_blocks.ImageBlock(1, 2, 3, 4, bytes(10))))
    block[13] = 255
    with pytest.raises(DecodeError):
        ota_blocks.decode_image_block_response(bytes(block))


# Freeze, drop request


def test_freeze_a_server_that_says_no_image_for_ever_leaves_the_old_one_running() -> None:
    link = Link(None).start().run(30 * DAY)
    assert link.activated == []
    assert 28 <= len(link.sent) <= 31, "one query a day, no more"


def test_freeze_waiting_for_the_command_for_ever_ends_by_the_timeout_policy() -> None:
    link = Link(OCTETS, policy=ServerPolicy(activation=Activation.WAIT)).start().run(DAY)
    assert [activation.reason for activation in link.activations] == ["upgrade-timeout"]


def test_freeze_an_upgrade_time_in_136_years_counts_as_waiting() -> None:
    policy = ServerPolicy(activation=Activation.LATER, activation_delay_s=0xFFFFFFF0, tells_time=False)
    link = Link(OCTETS, policy=policy).start().run(until=lambda link: link.client.state is ClientState.WAITING)
    assert link.client.state is ClientState.WAITING
    assert link.reasons("ota.waiting") == ["upgrade-time-limit"]


def test_drop_request_nobody_answers_and_the_client_stays_quiet_and_well() -> None:
    link = Link(OCTETS, fate=lambda *_: []).start().run(30 * DAY)
    assert link.client.state in {ClientState.IDLE, ClientState.QUERYING}
    assert len(link.sent) <= 31 * 4
    assert link.slot.identity is None


def test_replay_an_old_upgrade_end_response_starts_nothing() -> None:
    link = Link(OCTETS).update().run(5 * SECOND)
    answer = ota.UpgradeEndResponse(0xFFFF, 0xFFFF, 0xFFFFFFFF, 0, 0)
    link.version = NEW_VERSION
    link.restart_client().run(SECOND)
    link.deliver(ota.UPGRADE_END_RESPONSE, ota.encode_upgrade_end_response(answer))
    assert len(link.activations) == 1


def test_nothing_is_activated_that_was_not_verified() -> None:
    answer = ota.encode_upgrade_end_response(ota.UpgradeEndResponse(0xFFFF, 0xFFFF, 0xFFFFFFFF, 0, 0))
    for blocks in range(21):
        link = Link(OCTETS).until_blocks(blocks)
        link.deliver(ota.UPGRADE_END_RESPONSE, answer)
        assert link.activated == []
        assert link.reasons("ota.dropped") == ["unexpected"]


def test_an_offer_that_is_not_taken_is_refused_with_one_default_response() -> None:
    link = Link(image(1000, OLD_VERSION), policy=ServerPolicy(offer_not_newer=True)).start().run(HOUR)
    assert len(link.moments(DefaultResponse, QUERY_NEXT_IMAGE_RESPONSE)) == 1
