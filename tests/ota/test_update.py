"""Whole updates between one client and one server."""

from __future__ import annotations

import random

import pytest

from emulator.core.clock import HOUR, MINUTE, SECOND
from emulator.ota.client_table import ClientState
from emulator.ota.effects import Activate, Finished
from emulator.ota.events import Activated, ActivationReleased, QueryNow, Started, Verified
from emulator.ota.policy import Activation, ServerPolicy
from emulator.ota.settings import ClientIdentity, ClientSettings
from emulator.zigbee.clusters import ota
from emulator.zigbee.clusters.ota import (
    IMAGE_BLOCK_REQUEST,
    IMAGE_NOTIFY,
    QUERY_NEXT_IMAGE_REQUEST,
    UPGRADE_END_REQUEST,
    ImageUpgradeStatus,
    OtaAttribute,
    UpgradeActivationPolicy,
    UpgradeTimeoutPolicy,
)
from emulator.zigbee.clusters.ota_blocks import decode_image_block_request
from emulator.zigbee.frames.zcl_status import Status
from tests.ota.link import (
    CLIENT,
    HARDWARE,
    IMAGE_TYPE,
    LATENCY,
    MANUFACTURER,
    NEW_VERSION,
    OLD_VERSION,
    OTHER,
    Link,
    identity_of,
    image,
)

OCTETS = image(1000)
BLOCKS = 20


def test_an_image_arrives_octet_by_octet_and_is_activated_once() -> None:
    link = Link(OCTETS).update()
    assert link.activated == [OCTETS]
    assert link.finished == [Finished(CLIENT, identity_of(OCTETS), Status.SUCCESS)]
    assert link.commands() == [QUERY_NEXT_IMAGE_REQUEST] + [IMAGE_BLOCK_REQUEST] * BLOCKS + [UPGRADE_END_REQUEST]
    counters = link.client.counters
    assert (counters.blocks, counters.bytes_resent, counters.retries, counters.dropped) == (BLOCKS, 0, 0, 0)
    assert (counters.pace_us, counters.retry_us, counters.waits) == (0, 0, 0)


def test_an_image_of_750_kb_arrives_whole() -> None:
    octets = image(768_000)
    link = Link(octets).update()
    assert link.activated == [octets]
    assert link.client.counters.blocks == 15_360
    assert len(link.reasons("ota.progress")) <= 100


@pytest.mark.parametrize("block_octets", [1, 13, 40, 50, 64, 255])
def test_any_block_size_will_do(block_octets: int) -> None:
    policy = ServerPolicy(block_octets=255)
    link = Link(OCTETS, settings=ClientSettings(block_octets=block_octets), policy=policy).update()
    assert link.activated == [OCTETS]


def test_a_server_may_send_smaller_blocks_than_asked_for() -> None:
    link = Link(OCTETS, settings=ClientSettings(block_octets=255), policy=ServerPolicy(block_octets=48)).update()
    assert link.activated == [OCTETS]
    assert link.client.counters.blocks == -(-1000 // 48)


def test_no_request_reaches_past_the_end() -> None:
    link = Link(OCTETS, settings=ClientSettings(block_octets=64)).update()
    requests = [
        decode_image_block_request(send.payload) for send in link.sent if send.command_id == IMAGE_BLOCK_REQUEST
    ]
    assert all(request.file_offset + request.maximum_data_size <= len(OCTETS) for request in requests)
    assert requests[-1].maximum_data_size == 1000 % 64


def test_optional_fields_are_sent_where_the_settings_say_so() -> None:
    settings = ClientSettings(send_node_address=True, min_block_period_ms=0)
    link = Link(OCTETS, settings=settings).update()
    assert link.activated == [OCTETS]
    request = decode_image_block_request(link.sent[1].payload)
    assert (request.request_node_address, request.minimum_block_period) == (CLIENT, 0)


def test_every_message_has_a_sequence_number_of_its_own() -> None:
    link = Link(OCTETS, fate=lambda direction, ordinal: [] if ordinal in {3, 4} else [LATENCY]).update()
    numbers = [send.sequence for send in link.sent]
    assert numbers == [(numbers[0] + place) % 256 for place in range(len(numbers))]


def test_reports_tell_the_story_in_order() -> None:
    link = Link(OCTETS).update()
    kinds = [kind for kind in link.kinds() if not kind.startswith("ota.server") and kind != "ota.progress"]
    assert kinds == [
        "ota.query",
        "ota.offer",
        "ota.started",
        "ota.downloaded",
        "ota.verified",
        "ota.end",
        "ota.activating",
    ]
    link.run(5 * SECOND)
    assert link.kinds()[-1] == "ota.activated"


def test_after_the_activation_nothing_is_fetched_again() -> None:
    link = Link(OCTETS).update().run(5 * SECOND)
    link.version = NEW_VERSION
    link.restart_client().run(5 * SECOND)
    assert link.commands()[-1] == QUERY_NEXT_IMAGE_REQUEST
    assert link.reasons("ota.server.query") == ["already-running"]
    assert link.client.state is ClientState.IDLE
    assert len(link.finished) == 1


def test_the_slot_tells_a_restarted_client_that_its_image_runs() -> None:
    link = Link(OCTETS)
    link.after_activation = False
    link.update()
    assert link.slot.received == len(OCTETS)
    link.version = NEW_VERSION
    link.restart_client()
    assert link.reasons("ota.activated") == [None]
    assert link.slot.identity is None


def test_an_activation_that_fails_is_said_and_the_slot_emptied() -> None:
    link = Link(OCTETS)
    link.after_activation = False
    link.update()
    link.do(link.client.handle(Activated(False, OLD_VERSION, "boot-failed"), link.now))
    assert link.reasons("ota.failed") == ["boot-failed"]
    assert link.slot.identity is None
    assert link.client.attributes()[OtaAttribute.CURRENT_FILE_VERSION] == OLD_VERSION


def test_several_images_may_be_needed_before_any_is_activated() -> None:
    link = Link(OCTETS)
    link.start().run(until=lambda link: link.client.state is ClientState.VERIFYING)
    link.do(link.client.handle(Verified(True, more_needed=True), link.now))
    assert link.client.status is ImageUpgradeStatus.WAIT_FOR_MORE
    link.run(SECOND // 2)
    assert [(done.status, done.reason) for done in link.finished] == [(Status.SUCCESS, "more-needed")]
    link.run(MINUTE, until=lambda link: link.commands()[-1] == QUERY_NEXT_IMAGE_REQUEST)
    assert link.commands()[-1] == QUERY_NEXT_IMAGE_REQUEST


# When to activate


def test_an_upgrade_time_that_has_come_means_now() -> None:
    link = Link(OCTETS, policy=ServerPolicy(activation=Activation.LATER)).update()
    assert link.activations == [Activate(identity_of(OCTETS))]


@pytest.mark.parametrize("tells_time", [True, False])
def test_an_upgrade_time_that_is_to_come_is_waited_for(tells_time: bool) -> None:
    policy = ServerPolicy(activation=Activation.LATER, activation_delay_s=600, tells_time=tells_time)
    link = Link(OCTETS, policy=policy).start().run(until=lambda link: link.client.state is ClientState.COUNT_DOWN)
    assert link.client.status is ImageUpgradeStatus.COUNT_DOWN
    told = link.now
    link.run(until=lambda link: bool(link.activated))
    assert link.now - told == 600 * SECOND


def test_a_client_told_to_wait_asks_every_hour_and_then_follows_the_timeout_policy() -> None:
    link = Link(OCTETS, policy=ServerPolicy(activation=Activation.WAIT)).start()
    link.run(until=lambda link: link.client.state is ClientState.WAITING)
    assert link.client.status is ImageUpgradeStatus.WAITING_TO_UPGRADE
    told = link.now
    link.run(until=lambda link: bool(link.activated))
    assert link.commands().count(UPGRADE_END_REQUEST) == 4
    assert link.activations[0].reason == "upgrade-timeout"
    assert 4 * HOUR <= link.now - told < 4 * HOUR + SECOND


def test_a_client_told_to_wait_for_ever_does_not_activate_where_the_policy_forbids_it() -> None:
    settings = ClientSettings(timeout_policy=UpgradeTimeoutPolicy.DO_NOT_APPLY)
    link = Link(OCTETS, policy=ServerPolicy(activation=Activation.WAIT), settings=settings).start().run(5 * HOUR)
    assert link.activated == []
    assert "upgrade-timeout" in link.reasons("ota.failed")


def test_a_client_may_wait_without_end() -> None:
    settings = ClientSettings(upgrade_wait_tries=None)
    link = Link(OCTETS, policy=ServerPolicy(activation=Activation.WAIT), settings=settings).start().run(100 * HOUR)
    assert link.client.state is ClientState.WAITING
    assert link.commands().count(UPGRADE_END_REQUEST) == 100


def test_a_waiting_client_is_released_by_an_unasked_upgrade_end_response() -> None:
    link = Link(OCTETS, policy=ServerPolicy(activation=Activation.WAIT)).start()
    link.run(until=lambda link: link.client.state is ClientState.WAITING)
    link.serve(link.server.release(CLIENT, link.now))
    link.run(SECOND // 2)
    assert link.activated == [OCTETS]


def test_a_count_down_is_cut_short_by_an_unasked_upgrade_end_response() -> None:
    policy = ServerPolicy(activation=Activation.LATER, activation_delay_s=86_400)
    link = Link(OCTETS, policy=policy).start()
    link.run(until=lambda link: link.client.state is ClientState.COUNT_DOWN)
    link.serve(link.server.release(CLIENT, link.now))
    link.run(SECOND // 2)
    assert link.activated == [OCTETS]


def test_wildcards_in_an_upgrade_end_response_are_for_every_image() -> None:
    assert Link(OCTETS, policy=ServerPolicy(wildcards=True)).update().activated == [OCTETS]


def test_an_upgrade_end_response_for_another_image_is_dropped() -> None:
    link = Link(OCTETS).start().run(until=lambda link: link.client.state is ClientState.ENDING)
    other = ota.UpgradeEndResponse(MANUFACTURER, IMAGE_TYPE, NEW_VERSION + 1, 0, 0)
    link.deliver(ota.UPGRADE_END_RESPONSE, ota.encode_upgrade_end_response(other))
    assert link.reasons("ota.dropped") == ["wrong-identity"]
    assert link.client.state is ClientState.ENDING


def test_a_lost_upgrade_end_response_is_asked_for_again() -> None:
    link = Link(OCTETS, fate=lambda direction, ordinal: [] if (direction, ordinal) == ("down", 22) else [LATENCY])
    link.update()
    assert link.commands().count(UPGRADE_END_REQUEST) == 2
    assert link.activated == [OCTETS]
    assert len(link.finished) == 1


@pytest.mark.parametrize("policy", UpgradeTimeoutPolicy)
def test_without_any_upgrade_end_response_the_timeout_policy_decides(policy: UpgradeTimeoutPolicy) -> None:
    settings = ClientSettings(timeout_policy=policy)
    link = Link(OCTETS, settings=settings)
    link.fate = lambda direction, _: [] if direction == "down" and UPGRADE_END_REQUEST in link.commands() else [LATENCY]
    link.start().run(HOUR)
    if policy is UpgradeTimeoutPolicy.APPLY:
        assert [activation.reason for activation in link.activations] == ["no-end-response"]
    else:
        assert link.activations == []
        assert "no-end-response" in link.reasons("ota.failed")


def test_out_of_band_activation_waits_for_its_own_event() -> None:
    settings = ClientSettings(activation_policy=UpgradeActivationPolicy.OUT_OF_BAND)
    link = Link(OCTETS, settings=settings).start().run(10 * HOUR)
    assert link.client.status is ImageUpgradeStatus.WAITING_FOR_EXTERNAL_EVENT
    assert link.activated == []
    link.do(link.client.handle(ActivationReleased(), link.now))
    assert link.activations[0].reason == "out-of-band"


# When to ask


def test_a_client_polls_with_jitter_where_there_is_nothing() -> None:
    link = Link(None, settings=ClientSettings(poll_interval=24 * HOUR, poll_jitter=HOUR))
    link.start().run(73 * HOUR)
    assert link.commands() == [QUERY_NEXT_IMAGE_REQUEST] * 3
    assert set(link.reasons("ota.server.query")) == {"nothing-for-device"}
    assert "not-authorized" in link.reasons("ota.query")


def test_without_a_poll_interval_only_the_start_and_a_notify_count() -> None:
    link = Link(None, settings=ClientSettings(poll_interval=0)).start().run()
    assert link.commands() == [QUERY_NEXT_IMAGE_REQUEST]
    link.serve(link.server.load(OCTETS, link.now, [CLIENT]))
    link.serve(link.server.notify(CLIENT, link.now))
    link.run(until=lambda link: bool(link.activated))
    assert link.activated == [OCTETS]


def test_a_device_may_ask_at_once() -> None:
    link = Link(None, settings=ClientSettings(poll_interval=0)).start().run()
    link.do(link.client.handle(QueryNow(), link.now))
    assert link.commands() == [QUERY_NEXT_IMAGE_REQUEST] * 2


def test_a_client_looks_for_a_server_until_there_is_one() -> None:
    link = Link(OCTETS, settings=ClientSettings(find_interval=2 * MINUTE))
    effects = link.client.handle(Started(OLD_VERSION), 0)
    assert len(effects) == 1
    assert link.client.next_timeout() == 2 * MINUTE
    assert link.client.on_timeout(2 * MINUTE) == effects
    assert link.client.on_timeout(3 * MINUTE) == []


def test_start_delay_and_jitter_spread_the_first_queries() -> None:
    settings = ClientSettings(start_delay=SECOND, start_jitter=HOUR)
    starts = set()
    for seed in range(5):
        link = Link(OCTETS, settings=settings, seed=seed).start().run(until=lambda link: bool(link.sent))
        starts.add(link.now)
    assert len(starts) == 5
    assert all(SECOND <= at <= SECOND + HOUR + LATENCY for at in starts)


@pytest.mark.parametrize("jitter, answered", [(0, 0), (100, 200), (255, 200)])
def test_a_broadcast_notify_is_answered_by_chance(jitter: int, answered: int) -> None:
    queries = 0
    for seed in range(200):
        link = Link(None, seed=seed).start().run(SECOND)
        link.deliver(IMAGE_NOTIFY, ota.encode_image_notify(ota.ImageNotify(jitter)), broadcast=True)
        queries += link.client.state is ClientState.QUERYING
    assert queries == answered


def test_half_the_jitter_brings_about_half_the_answers() -> None:
    queries = 0
    for seed in range(400):
        link = Link(None, seed=seed).start().run(SECOND)
        link.deliver(IMAGE_NOTIFY, ota.encode_image_notify(ota.ImageNotify(50)), broadcast=True)
        queries += link.client.state is ClientState.QUERYING
    assert 150 < queries < 250


@pytest.mark.parametrize(
    "notify, reason",
    [
        (ota.ImageNotify(100, 0x1234), "other-manufacturer"),
        (ota.ImageNotify(100, MANUFACTURER, 0x1234), "other-image-type"),
        (ota.ImageNotify(100, MANUFACTURER, IMAGE_TYPE, OLD_VERSION), "same-version"),
    ],
)
def test_a_broadcast_notify_for_others_is_let_pass(notify: ota.ImageNotify, reason: str) -> None:
    link = Link(None).start().run(SECOND)
    link.deliver(IMAGE_NOTIFY, ota.encode_image_notify(notify), broadcast=True)
    assert link.client.state is ClientState.IDLE
    assert link.reasons("ota.dropped") == [reason]


@pytest.mark.parametrize(
    "notify",
    [
        ota.ImageNotify(0, 0x1234, 0x1234, OLD_VERSION),
        ota.ImageNotify(100),
        ota.ImageNotify(1, 0xFFFF, 0xFFFF, 0xFFFFFFFF),
    ],
)
def test_a_unicast_notify_is_always_answered_with_a_query(notify: ota.ImageNotify) -> None:
    link = Link(None).start().run(SECOND)
    link.deliver(IMAGE_NOTIFY, ota.encode_image_notify(notify))
    assert link.client.state is ClientState.QUERYING


@pytest.mark.parametrize("payload", ota.NotifyPayload)
def test_a_server_notifies_with_each_payload_type(payload: ota.NotifyPayload) -> None:
    link = Link(None, policy=ServerPolicy(notify_payload=payload)).start().run(SECOND)
    link.serve(link.server.load(OCTETS, link.now, [CLIENT]))
    link.serve(link.server.notify(CLIENT, link.now))
    assert link.run(until=lambda link: bool(link.activated)).activated == [OCTETS]


def test_a_notify_that_is_lost_is_repeated() -> None:
    link = Link(None).start().run(SECOND)
    link.serve(link.server.load(OCTETS, link.now, [CLIENT]))
    link.fate = lambda direction, ordinal: [] if (direction, ordinal) in {("down", 2), ("down", 3)} else [LATENCY]
    link.serve(link.server.notify(CLIENT, link.now))
    asked = link.now
    link.run(until=lambda link: bool(link.activated))
    assert link.reasons("ota.server.notify") == [None, "no-query", "no-query"]
    assert 60 * SECOND < link.now - asked < 70 * SECOND


def test_a_client_that_does_not_ask_is_not_notified_for_ever() -> None:
    link = Link(OCTETS)
    link.serve(link.server.notify(CLIENT, 0))
    link.run(HOUR)
    assert len(link.replies) == 6


def test_a_busy_client_lets_a_notify_lie() -> None:
    link = Link(OCTETS).until_blocks(3)
    before = len(link.sent)
    link.deliver(IMAGE_NOTIFY, ota.encode_image_notify(ota.ImageNotify(100)))
    assert link.reasons("ota.notify") == ["busy"]
    assert len(link.sent) == before


# Attributes


def test_every_attribute_is_there_and_unknown_ones_are_all_ones() -> None:
    attributes = Link(None).start().client.attributes()
    assert set(attributes) == set(OtaAttribute)
    assert attributes[OtaAttribute.UPGRADE_SERVER_ID] == 0xFFFFFFFFFFFFFFFF
    assert attributes[OtaAttribute.FILE_OFFSET] == 0xFFFFFFFF
    assert attributes[OtaAttribute.DOWNLOADED_FILE_VERSION] == 0xFFFFFFFF
    assert attributes[OtaAttribute.DOWNLOADED_ZIGBEE_STACK_VERSION] == 0xFFFF
    assert attributes[OtaAttribute.IMAGE_UPGRADE_STATUS] == ImageUpgradeStatus.NORMAL


def test_attributes_follow_the_update() -> None:
    link = Link(OCTETS).until_blocks(3)
    attributes = link.client.attributes()
    assert attributes[OtaAttribute.UPGRADE_SERVER_ID] == OTHER
    assert attributes[OtaAttribute.FILE_OFFSET] == 150
    assert attributes[OtaAttribute.CURRENT_FILE_VERSION] == OLD_VERSION
    assert attributes[OtaAttribute.MANUFACTURER_ID] == MANUFACTURER
    assert attributes[OtaAttribute.IMAGE_TYPE_ID] == IMAGE_TYPE
    assert attributes[OtaAttribute.IMAGE_UPGRADE_STATUS] == ImageUpgradeStatus.DOWNLOAD_IN_PROGRESS
    link.run(until=lambda link: link.client.state is ClientState.VERIFYING)
    assert link.client.attributes()[OtaAttribute.DOWNLOADED_FILE_VERSION] == NEW_VERSION
    assert link.client.status is ImageUpgradeStatus.DOWNLOAD_COMPLETE


def test_a_client_without_a_hardware_version_sends_none_and_is_not_compared() -> None:
    me = ClientIdentity(MANUFACTURER, IMAGE_TYPE, None, CLIENT)
    link = Link(image(minimum_hardware_version=HARDWARE + 1), identity=me).update()
    assert len(link.sent[0].payload) == 9
    assert len(link.activated) == 1


def test_the_same_seed_gives_the_same_run() -> None:
    def story(seed: int) -> list[object]:
        rng = random.Random(3)
        link = Link(OCTETS, seed=seed, fate=lambda *_: [] if rng.random() < 0.2 else [LATENCY])
        return [*link.update().reports, *link.sent]

    assert story(5) == story(5)
