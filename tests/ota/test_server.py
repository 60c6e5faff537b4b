"""The server alone: whom it answers what, and what it remembers."""

from __future__ import annotations

import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import DAY, HOUR, SECOND
from emulator.core.errors import LocalProtocolError
from emulator.ota.effects import DefaultResponse, Finished, Reply, ServerEffect, Unsolicited
from emulator.ota.errors import ImageRefused
from emulator.ota.policy import Activation, ServerPolicy
from emulator.ota.server import OtaServer
from emulator.ota.server_table import ServerState
from emulator.zigbee.clusters import ota, ota_blocks
from emulator.zigbee.clusters.ota import (
    IMAGE_BLOCK_REQUEST,
    IMAGE_BLOCK_RESPONSE,
    IMAGE_NOTIFY,
    IMAGE_PAGE_REQUEST,
    QUERY_NEXT_IMAGE_REQUEST,
    QUERY_NEXT_IMAGE_RESPONSE,
    QUERY_SPECIFIC_FILE_REQUEST,
    UPGRADE_END_REQUEST,
    UPGRADE_END_RESPONSE,
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
    identity_of,
    image,
)

OCTETS = image(1000)
NAMES = (MANUFACTURER, IMAGE_TYPE, NEW_VERSION)


def server(octets: bytes | None = OCTETS, targets: list[int] | None = None, **policy: object) -> OtaServer:
    made = OtaServer(ServerPolicy(**policy), random.Random(1))  # type: ignore[arg-type]  # as the policy has them
    if octets is not None:
        made.load(octets, 0, [CLIENT] if targets is None else targets)
    return made


def query(made: OtaServer, client: int = CLIENT, now: int = 0, **fields: int) -> tuple[int, str | None]:
    """Status of the answer to a query, and the reason reported with it."""
    asked = {"manufacturer_code": MANUFACTURER, "image_type": IMAGE_TYPE, "current_file_version": OLD_VERSION} | fields
    payload = ota.encode_query_next_image_request(ota.QueryNextImageRequest(**asked))
    effects = made.received(client, QUERY_NEXT_IMAGE_REQUEST, payload, 9, now)
    (answer,) = [effect for effect in effects if isinstance(effect, Reply)]
    assert (answer.to, answer.command_id, answer.sequence) == (client, QUERY_NEXT_IMAGE_RESPONSE, 9)
    reasons = [getattr(effect, "reason", None) for effect in effects]
    return answer.payload[0], next((reason for reason in reasons if reason), None)


def ask(made: OtaServer, offset: int, octets: int = 50, client: int = CLIENT, now: int = 0) -> list[ServerEffect]:
    payload = ota_blocks.encode_image_block_request(ota_blocks.ImageBlockRequest(*NAMES, offset, octets))
    return made.received(client, IMAGE_BLOCK_REQUEST, payload, 9, now)


def end(made: OtaServer, status: int = 0, client: int = CLIENT, version: int = NEW_VERSION) -> list[ServerEffect]:
    request = ota.UpgradeEndRequest(status, MANUFACTURER, IMAGE_TYPE, version)
    return made.received(client, UPGRADE_END_REQUEST, ota.encode_upgrade_end_request(request), 9, 0)


def data_of(effects: list[ServerEffect]) -> bytes:
    (reply,) = [effect for effect in effects if isinstance(effect, Reply)]
    answer = ota_blocks.decode_image_block_response(reply.payload)
    assert isinstance(answer, ota_blocks.ImageBlock)
    return answer.data


def finished(effects: list[ServerEffect]) -> list[Finished]:
    return [effect for effect in effects if isinstance(effect, Finished)]


def state(made: OtaServer, client: int = CLIENT) -> ServerState:
    view = made.session(client)
    assert view is not None
    return view.state


# Queries


@pytest.mark.parametrize(
    "fields, status, reason",
    [
        ({}, Status.SUCCESS, None),
        ({"hardware_version": HARDWARE}, Status.SUCCESS, None),
        ({"hardware_version": 0x01FF}, Status.SUCCESS, None),
        ({"hardware_version": 0x0200}, Status.NO_IMAGE_AVAILABLE, "wrong-hardware"),
        ({"hardware_version": 0x00FF}, Status.NO_IMAGE_AVAILABLE, "wrong-hardware"),
        ({"current_file_version": NEW_VERSION}, Status.NO_IMAGE_AVAILABLE, "already-running"),
        ({"current_file_version": NEW_VERSION + 1}, Status.NO_IMAGE_AVAILABLE, "not-newer"),
        ({"manufacturer_code": 1}, Status.NOT_AUTHORIZED, "nothing-for-device"),
        ({"image_type": 1}, Status.NOT_AUTHORIZED, "nothing-for-device"),
    ],
)
def test_a_query_is_answered_by_what_fits(fields: dict[str, int], status: Status, reason: str | None) -> None:
    assert query(server(), **fields) == (status, reason)


def test_an_image_is_for_its_targets_only() -> None:
    made = server()
    assert query(made, OTHER) == (Status.NOT_AUTHORIZED, "nothing-for-device")
    made.load(OCTETS, 0, [OTHER])
    assert query(made, OTHER)[0] == Status.SUCCESS
    assert query(made, CLIENT)[0] == Status.SUCCESS, "bridges of one product share an offer"
    assert len(made.images) == 1


def test_without_targets_an_image_is_for_everybody_it_fits() -> None:
    made = server(None)
    made.load(OCTETS, 0)
    assert [query(made, client)[0] for client in (CLIENT, OTHER, 5)] == [Status.SUCCESS] * 3


def test_what_nothing_is_answered_with_is_a_matter_of_policy() -> None:
    assert query(server(None, nothing_status=Status.NO_IMAGE_AVAILABLE))[0] == Status.NO_IMAGE_AVAILABLE


def test_a_server_may_offer_what_is_no_upgrade() -> None:
    made = server(offer_not_newer=True)
    assert query(made, current_file_version=NEW_VERSION)[0] == Status.SUCCESS
    end(made)
    assert query(made, current_file_version=NEW_VERSION) == (Status.NO_IMAGE_AVAILABLE, "already-running")


def test_a_server_may_leave_the_hardware_version_to_the_client() -> None:
    assert query(server(check_hardware=False), hardware_version=0)[0] == Status.SUCCESS


def test_after_delivery_no_image_is_available() -> None:
    made = server(offers_after_delivery=0)
    assert finished(end(made)) == [Finished(CLIENT, identity_of(OCTETS), Status.SUCCESS)]
    assert query(made) == (Status.NO_IMAGE_AVAILABLE, "already-through")


def test_after_a_failure_no_image_is_available_until_it_is_offered_anew() -> None:
    made = server()
    (done,) = finished(end(made, Status.INVALID_IMAGE))
    assert (done.status, done.reason) == (Status.INVALID_IMAGE, "invalid-image")
    assert query(made) == (Status.NO_IMAGE_AVAILABLE, "already-through")
    made.load(OCTETS, 0, [CLIENT])
    assert query(made)[0] == Status.SUCCESS
    assert len(finished(end(made))) == 1


def test_a_target_that_does_not_fit_is_finished_once() -> None:
    made = server()
    payload = ota.encode_query_next_image_request(
        ota.QueryNextImageRequest(MANUFACTURER, IMAGE_TYPE, OLD_VERSION, 0x0999)
    )
    first = made.received(CLIENT, QUERY_NEXT_IMAGE_REQUEST, payload, 1, 0)
    assert [done.reason for done in finished(first)] == ["wrong-hardware"]
    assert finished(made.received(CLIENT, QUERY_NEXT_IMAGE_REQUEST, payload, 2, 0)) == []


# Blocks


@given(offset=st.integers(0, 999), octets=st.integers(1, 255), cap=st.integers(1, 255))
def test_a_block_is_what_stands_at_the_offset_asked_for(offset: int, octets: int, cap: int) -> None:
    made = server(block_octets=cap)
    for _ in range(2):
        assert data_of(ask(made, offset, octets)) == OCTETS[offset : offset + min(octets, cap)]


def test_a_server_obeys_offsets_in_any_order_and_says_how_often_it_repeated() -> None:
    made = server()
    for offset in (500, 0, 950, 0, 50):
        assert data_of(ask(made, offset)) == OCTETS[offset : offset + 50]
    view = made.session(CLIENT)
    assert view is not None
    assert (view.blocks, view.repeated, view.offset) == (5, 2, 100)


@pytest.mark.parametrize("offset, octets", [(1000, 50), (1001, 50), (0xFFFFFFFF, 255), (0, 0)])
def test_what_lies_past_the_end_is_a_malformed_command(offset: int, octets: int) -> None:
    for warm in (False, True):
        made = server()
        if warm:
            ask(made, 0)
        effects = ask(made, offset, octets)
        assert effects[0] == DefaultResponse(CLIENT, IMAGE_BLOCK_REQUEST, Status.MALFORMED_COMMAND, 9)
        assert not any(isinstance(effect, Reply) for effect in effects)


def test_a_block_of_an_image_that_is_not_here_is_aborted() -> None:
    for made, client in ((server(None), CLIENT), (server(), OTHER)):
        (reply, report) = ask(made, 0, client=client)
        assert reply == Reply(client, IMAGE_BLOCK_RESPONSE, bytes((Status.ABORT,)), 9)
        assert getattr(report, "reason", None) == "image-gone"


def test_a_request_while_an_answer_is_under_way_is_answered_too() -> None:
    made = server()
    answers = [data_of(ask(made, offset)) for offset in (0, 0, 50, 50, 50)]
    assert answers == [OCTETS[0:50]] * 2 + [OCTETS[50:100]] * 3


@pytest.mark.parametrize("command_id", [0x01, 0x03, 0x04, 0x06, 0x08])
@given(payload=st.binary(max_size=40))
def test_whatever_comes_a_server_answers_or_refuses_and_never_raises(command_id: int, payload: bytes) -> None:
    made = server()
    ask(made, 0)
    effects = made.received(CLIENT, command_id, payload, 9, 0)
    assert any(isinstance(effect, Reply | DefaultResponse) for effect in effects)


@pytest.mark.parametrize("command_id", [0x00, 0x02, 0x05, 0x07, 0x09, 0x0A, 0xFF])
def test_a_command_that_is_not_for_a_server_is_answered_so(command_id: int) -> None:
    effects = server().received(CLIENT, command_id, b"", 9, 0)
    assert effects[0] == DefaultResponse(CLIENT, command_id, Status.UNSUP_CLUSTER_COMMAND, 9)


def test_a_request_that_names_absent_fields_is_malformed_on_the_quick_path_too() -> None:
    made = server()
    ask(made, 0)
    payload = bytearray(ota_blocks.encode_image_block_request(ota_blocks.ImageBlockRequest(*NAMES, 50, 50)))
    for control in (1, 2, 3):
        payload[0] = control
        effects = made.received(CLIENT, IMAGE_BLOCK_REQUEST, bytes(payload), 9, 0)
        assert effects[0] == DefaultResponse(CLIENT, IMAGE_BLOCK_REQUEST, Status.MALFORMED_COMMAND, 9)


@pytest.mark.parametrize("page, octets", [(0, 50), (49, 50), (100, 0)])
def test_a_page_smaller_than_a_block_is_a_malformed_command(page: int, octets: int) -> None:
    payload = ota_blocks.encode_image_page_request(ota_blocks.ImagePageRequest(*NAMES, 0, octets, page, 20))
    effects = server().received(CLIENT, IMAGE_PAGE_REQUEST, payload, 9, 0)
    assert effects[0] == DefaultResponse(CLIENT, IMAGE_PAGE_REQUEST, Status.MALFORMED_COMMAND, 9)


# Upgrade End


def test_upgrade_end_is_answered_each_time_and_counts_once() -> None:
    made = server()
    first, second = end(made), end(made)
    assert [effect.command_id for effect in (first[0], second[0]) if isinstance(effect, Reply)] == [
        UPGRADE_END_RESPONSE
    ] * 2
    assert (len(finished(first)), len(finished(second))) == (1, 0)


@pytest.mark.parametrize(
    "policy, current, upgrade",
    [
        ({}, 0, 0),
        ({"activation": Activation.LATER, "activation_delay_s": 60}, 820_540_800, 820_540_860),
        ({"activation": Activation.LATER, "activation_delay_s": 60, "tells_time": False}, 0, 60),
        ({"activation": Activation.WAIT, "tells_time": False}, 0, 0xFFFFFFFF),
    ],
)
def test_the_upgrade_time_is_that_of_the_policy(policy: dict[str, object], current: int, upgrade: int) -> None:
    (reply, *_) = end(server(**policy))  # type: ignore[arg-type]  # as the policy has them
    assert isinstance(reply, Reply)
    answer = ota.decode_upgrade_end_response(reply.payload)
    assert answer == ota.UpgradeEndResponse(*NAMES, current, upgrade)


@pytest.mark.parametrize(
    "status, reason",
    [
        (Status.INVALID_IMAGE, "invalid-image"),
        (Status.ABORT, "client-abort"),
        (0xAB, "status-ab"),
    ],
)
def test_an_upgrade_end_without_success_is_confirmed_and_finishes_the_client(status: int, reason: str) -> None:
    made = server()
    effects = end(made, status)
    assert effects[0] == DefaultResponse(CLIENT, UPGRADE_END_REQUEST, Status.SUCCESS, 9)
    assert finished(effects) == [Finished(CLIENT, identity_of(OCTETS), status, reason)]
    assert state(made) is ServerState.FAILED


def test_an_upgrade_end_for_an_image_that_is_not_here_is_not_authorised() -> None:
    effects = end(server(), version=NEW_VERSION + 1)
    assert effects[0] == DefaultResponse(CLIENT, UPGRADE_END_REQUEST, Status.NOT_AUTHORIZED, 9)
    effects = end(server(), Status.INVALID_IMAGE, version=NEW_VERSION + 1)
    assert effects[0] == DefaultResponse(CLIENT, UPGRADE_END_REQUEST, Status.SUCCESS, 9)


def test_a_client_may_be_released_only_once_it_has_the_image() -> None:
    made = server(activation=Activation.WAIT)
    with pytest.raises(LocalProtocolError):
        made.release(CLIENT, 0)
    end(made)
    assert state(made) is ServerState.HELD
    (told, _) = made.release(CLIENT, 0)
    assert isinstance(told, Unsolicited)
    assert (told.to, told.command_id) == (CLIENT, UPGRADE_END_RESPONSE)
    assert ota.decode_upgrade_end_response(told.payload).upgrade_time == 0
    (again, *_) = end(made)
    assert isinstance(again, Reply)
    assert ota.decode_upgrade_end_response(again.payload).upgrade_time == 0, "released stays released"
    with pytest.raises(LocalProtocolError):
        made.release(OTHER, 0)


def test_a_default_response_to_an_offer_is_a_refusal() -> None:
    made = server()
    query(made)
    effects = made.default_response(CLIENT, QUERY_NEXT_IMAGE_RESPONSE, Status.INSUFFICIENT_SPACE, 0)
    assert [(done.status, done.reason) for done in finished(effects)] == [
        (Status.INSUFFICIENT_SPACE, "image-too-large")
    ]


@pytest.mark.parametrize("command_id", [IMAGE_NOTIFY, IMAGE_BLOCK_RESPONSE, UPGRADE_END_RESPONSE, 0x77])
def test_other_default_responses_change_nothing(command_id: int) -> None:
    made = server()
    assert finished(made.default_response(CLIENT, command_id, Status.FAILURE, 0)) == []
    assert made.default_response(CLIENT, command_id, Status.SUCCESS, 0) == []
    assert finished(made.default_response(OTHER, QUERY_NEXT_IMAGE_RESPONSE, Status.FAILURE, 0)) == []
    assert state(made) is ServerState.EXPECTED


# Images


@pytest.mark.parametrize(
    "octets, reason",
    [
        (b"", "empty"),
        (bytes(100), "not-an-ota-file"),
        (OCTETS[:50], "truncated"),
        (OCTETS[:-1], "total-size"),
        (OCTETS + b"\0", "total-size"),
        (image(768_001), "image-too-large"),
    ],
)
def test_a_file_that_will_not_do_is_refused_with_its_reason(octets: bytes, reason: str) -> None:
    made = server()
    with pytest.raises(ImageRefused) as refusal:
        made.load(octets, 0, [CLIENT])
    assert refusal.value.reason == reason
    assert made.images == (identity_of(OCTETS),), "nothing has changed"


def test_an_image_of_exactly_the_limit_is_held() -> None:
    assert server(image(768_000)).images[0].image_size == 768_000


def test_one_block_a_newer_image_overwrites_and_the_losers_are_told() -> None:
    made = server(targets=[CLIENT, OTHER, 7])
    ask(made, 0)
    end(made, client=7)
    newer = image(1000, NEW_VERSION + 1)
    effects = made.load(newer, 0, [CLIENT])
    assert [(done.client, done.status, done.reason) for done in finished(effects)] == [
        (CLIENT, Status.ABORT, "image-overwritten"),
        (OTHER, Status.ABORT, "image-overwritten"),
    ]
    assert made.images == (identity_of(newer),)
    assert query(made, OTHER)[0] == Status.NOT_AUTHORIZED


def test_the_same_version_with_other_octets_is_another_image() -> None:
    made = server()
    effects = made.load(image(1000, seed=5), 0, [CLIENT])
    assert [done.reason for done in finished(effects)] == ["image-overwritten"]


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_so_many_images_are_held_as_there_are_blocks(blocks: int) -> None:
    made = server(None, image_blocks=blocks)
    for kind in range(4):
        made.load(image(1000, image_type=kind), 0, [kind])
    assert [identity.image_type for identity in made.images] == list(range(4 - blocks, 4))


def test_an_image_may_be_withdrawn() -> None:
    made = server()
    effects = made.unload(identity_of(OCTETS), 0)
    assert [done.reason for done in finished(effects)] == ["image-withdrawn"]
    assert made.images == ()
    assert made.unload(identity_of(OCTETS), 0) == []


# Device specific files


def specific(
    made: OtaServer, client: int = CLIENT, node: int = CLIENT, version: int = 0xFFFFFFFF, stack: int = 2
) -> int:
    request = ota.QuerySpecificFileRequest(node, MANUFACTURER, 0xFFC0, version, stack)
    payload = ota.encode_query_specific_file_request(request)
    (answer, *_) = made.received(client, QUERY_SPECIFIC_FILE_REQUEST, payload, 9, 0)
    assert isinstance(answer, Reply)
    return ota.decode_query_specific_file_response(answer.payload).status


def test_a_device_specific_file_is_for_that_device_alone() -> None:
    made = server()
    file = image(200, 5, image_type=0xFFC0)
    made.load_specific(file, CLIENT, 0)
    assert specific(made) == specific(made, version=5) == specific(made, stack=0xFFFF) == Status.SUCCESS
    assert specific(made, version=6) == specific(made, stack=3) == Status.NO_IMAGE_AVAILABLE
    assert specific(made, client=OTHER) == specific(made, OTHER, OTHER) == Status.NO_IMAGE_AVAILABLE
    request = ota_blocks.ImageBlockRequest(MANUFACTURER, 0xFFC0, 5, 0, 50, CLIENT)
    payload = ota_blocks.encode_image_block_request(request)
    assert data_of(made.received(CLIENT, IMAGE_BLOCK_REQUEST, payload, 9, 0)) == file[:50]
    assert made.received(OTHER, IMAGE_BLOCK_REQUEST, payload, 9, 0)[0] == Reply(OTHER, IMAGE_BLOCK_RESPONSE, b"\x95", 9)
    assert made.images == (identity_of(OCTETS),), "it takes no image block"


def test_an_ordinary_image_is_no_device_specific_file() -> None:
    with pytest.raises(ImageRefused) as refusal:
        server().load_specific(OCTETS, CLIENT, 0)
    assert refusal.value.reason == "not-device-specific"


# Time and memory


def test_a_client_that_falls_silent_is_noted_and_may_come_back() -> None:
    made = server(session_idle=2 * HOUR)
    ask(made, 0, now=SECOND)
    reasons: list[str | None] = []
    at = made.next_timeout()
    while at is not None and at <= 6 * HOUR:
        reasons += [getattr(effect, "reason", None) for effect in made.on_timeout(at)]
        at = made.next_timeout()
    assert reasons == ["client-silent"]
    assert state(made) is ServerState.EXPECTED
    assert data_of(ask(made, 50, now=7 * HOUR)) == OCTETS[50:100]


def test_an_offer_that_nobody_takes_ends() -> None:
    made = server(offer_lifetime=DAY)
    at = made.next_timeout()
    done: list[Finished] = []
    while at is not None:
        done += finished(made.on_timeout(at))
        at = made.next_timeout()
    assert [(end.status, end.reason) for end in done] == [(Status.TIMEOUT, "offer-expired")]


def test_sessions_are_bounded_and_small() -> None:
    made = server(None, sessions=10)
    made.load(OCTETS, 0)
    for client in range(1, 100):
        ask(made, 0, client=client, now=client)
    assert len(made.sessions()) == 10
    assert [view.client for view in made.sessions()] == list(range(90, 100))
    for session in made._memory.sessions.values():
        own = sum(sys.getsizeof(getattr(session, name)) for name in session.__slots__ if name != "image")
        assert sys.getsizeof(session) + own < 10_000
        assert session.image.octets is made._memory.shelf.images[0].octets


def test_a_session_that_is_over_goes_before_one_under_way() -> None:
    made = server(None, sessions=2)
    made.load(OCTETS, 0)
    ask(made, 0, client=1, now=1)
    ask(made, 0, client=2, now=2)
    end(made, client=2)
    ask(made, 0, client=3, now=3)
    assert [view.client for view in made.sessions()] == [1, 3]


def test_nothing_is_owed_to_a_stranger() -> None:
    with pytest.raises(LocalProtocolError):
        server().notify(OTHER, 0)
    assert server(None).next_timeout() is None


def test_a_broadcast_notify_goes_to_everybody() -> None:
    (effect,) = server().broadcast_notify(ota.ImageNotify(50, MANUFACTURER))
    assert effect == Unsolicited(None, IMAGE_NOTIFY, ota.encode_image_notify(ota.ImageNotify(50, MANUFACTURER)))


def test_an_answer_that_could_not_be_sent_is_noted() -> None:
    (report,) = server().send_failed(CLIENT, 9)
    assert getattr(report, "reason", None) == "send-failed"
