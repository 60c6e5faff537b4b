"""Restarts of either side at any block, and what becomes of what was received."""

from __future__ import annotations

import pytest

from emulator.core.clock import HOUR, MINUTE, SECOND
from emulator.ota.client_table import ClientState
from emulator.ota.events import SendFailed, Stopped
from emulator.ota.settings import ClientSettings
from emulator.zigbee.clusters.ota import IMAGE_BLOCK_REQUEST
from emulator.zigbee.clusters.ota_blocks import decode_image_block_request
from emulator.zigbee.frames.zcl_status import Status
from tests.ota.link import CLIENT, LATENCY, NEW_VERSION, Link, identity_of, image

OCTETS = image(1000)
BLOCKS = 20
PLACES = [0, 1, 10, 19, 20]


def offsets(link: Link) -> list[int]:
    return [
        decode_image_block_request(send.payload).file_offset
        for send in link.sent
        if send.command_id == IMAGE_BLOCK_REQUEST
    ]


@pytest.mark.parametrize("blocks", PLACES)
def test_a_restarted_client_goes_on_with_the_first_missing_block(blocks: int) -> None:
    link = Link(OCTETS).until_blocks(blocks)
    before = len(offsets(link))
    link.restart_client().run(until=lambda link: bool(link.activated))
    assert link.activated == [OCTETS]
    assert offsets(link)[before:] == list(range(blocks * 50, 1000, 50))
    assert link.reasons("ota.started") == ([None, "resumed"] if blocks else [None])


@pytest.mark.parametrize("blocks", PLACES)
def test_a_restarted_server_obeys_the_offsets_of_the_client(blocks: int) -> None:
    link = Link(OCTETS).until_blocks(blocks)
    link.restart_server().run(until=lambda link: bool(link.activated))
    assert link.activated == [OCTETS]
    assert sorted(set(offsets(link))) == list(range(0, 1000, 50))
    assert len(offsets(link)) <= BLOCKS + 1
    assert [done.status for done in link.finished] == [Status.SUCCESS]


@pytest.mark.parametrize("blocks", PLACES)
def test_both_may_restart_at_once(blocks: int) -> None:
    link = Link(OCTETS).until_blocks(blocks)
    link.restart_server().restart_client().run(until=lambda link: bool(link.activated))
    assert link.activated == [OCTETS]


@pytest.mark.parametrize("state", [ClientState.VERIFYING, ClientState.ENDING, ClientState.ACTIVATING])
def test_a_client_that_restarts_after_the_last_block_still_activates(state: ClientState) -> None:
    link = Link(OCTETS)
    link.after_activation = False
    link.start().run(until=lambda link: link.client.state is state)
    blocks = len(offsets(link))
    link.activated.clear()
    link.restart_client().run(until=lambda link: bool(link.activated))
    assert link.activated == [OCTETS]
    assert len(offsets(link)) == blocks, "not one block is fetched again"


def test_a_client_that_can_never_activate_is_not_offered_the_image_for_ever() -> None:
    link = Link(OCTETS)
    link.after_activation = False
    link.update()
    for _ in range(10):
        link.restart_client().run(HOUR)
    assert len(link.activations) == 1 + link.policy.offers_after_delivery
    assert link.reasons("ota.server.query").count("already-through") == 7


def test_another_image_of_the_same_version_and_size_is_another_image_to_nobody_but_the_verifier() -> None:
    twin = image(1000, seed=2)
    link = Link(OCTETS, good=lambda octets: octets in {OCTETS, twin}).until_blocks(10)
    link.restart_server(twin).restart_client().run(HOUR)
    assert link.activated == []
    assert link.reasons("ota.refused") == ["bad-signature"]
    assert link.slot.identity is None, "what was mixed is gone, so the next attempt begins anew"


@pytest.mark.parametrize("other", [image(1000, NEW_VERSION + 1), image(1050), image(950)])
def test_an_image_that_differs_in_anything_the_offer_says_begins_anew(other: bytes) -> None:
    link = Link(OCTETS).until_blocks(10)
    link.restart_server(other).restart_client().run(until=lambda link: bool(link.activated))
    assert link.activated == [other]
    assert link.reasons("ota.erased") == ["other-image-offered"]
    assert link.reasons("ota.started") == [None, None]


def test_a_newer_offer_while_downloading_waits_until_the_client_asks() -> None:
    newer = image(1000, NEW_VERSION + 1)
    link = Link(OCTETS).until_blocks(10)
    link.serve(link.server.load(newer, link.now, [CLIENT]))
    link.run(HOUR, until=lambda link: bool(link.activated))
    assert link.activated == [newer], "the blocks of the old one were refused, and the query found the new one"
    assert link.finished[0].reason == "image-overwritten"
    assert link.finished[0].image == identity_of(OCTETS)
    assert "server-abort" in link.reasons("ota.failed")


def test_a_server_that_is_gone_for_a_while_costs_no_block_twice() -> None:
    link = Link(OCTETS).until_blocks(10)
    link.fate = lambda *_: []
    link.run(2 * MINUTE)
    assert link.reasons("ota.failed") == ["no-response"]
    assert link.client.state is ClientState.IDLE
    link.fate = lambda *_: [LATENCY]
    gave_up = link.now
    link.run(until=lambda link: bool(link.activated))
    assert link.activated == [OCTETS]
    assert link.now - gave_up < 6 * MINUTE
    assert sorted(set(offsets(link))) == list(range(0, 1000, 50))
    assert link.client.counters.blocks == BLOCKS


def test_the_time_lost_to_silence_is_counted_from_the_lost_request_to_its_repetition() -> None:
    link = Link(OCTETS).until_blocks(10)
    link.fate = lambda *_: []
    link.run(2 * MINUTE)
    link.fate = lambda *_: [LATENCY]
    link.run(until=lambda link: bool(link.activated))
    counters = link.client.counters
    assert counters.retries == 10
    assert counters.bytes_resent == 500
    assert counters.retry_us > 5 * MINUTE


def test_giving_up_is_taken_up_again_only_so_often_without_progress() -> None:
    link = Link(OCTETS, settings=ClientSettings(resumes=3, poll_interval=0)).until_blocks(10)
    link.fate = lambda *_: []
    link.run()
    assert link.client.next_timeout() is None
    assert len(link.reasons("ota.failed")) == 1
    assert link.reasons("ota.query").count("no-response") == 3
    assert link.slot.received == 500, "kept for the next notify"


def test_a_notify_takes_a_download_up_that_was_given_up() -> None:
    link = Link(OCTETS, settings=ClientSettings(resumes=0, poll_interval=0)).until_blocks(10)
    link.fate = lambda *_: []
    link.run(HOUR)
    link.fate = lambda *_: [LATENCY]
    link.serve(link.server.notify(CLIENT, link.now))
    link.run(until=lambda link: bool(link.activated))
    assert link.activated == [OCTETS]


def test_a_stopped_client_says_nothing_and_has_no_timer() -> None:
    link = Link(OCTETS).until_blocks(5)
    link.do(link.client.handle(Stopped(), link.now))
    before = len(link.sent)
    assert link.client.next_timeout() is None
    link.run(SECOND)
    assert len(link.sent) == before
    assert link.reasons("ota.dropped") == ["unexpected"]
    assert link.slot.received == 250


def test_a_request_that_could_not_be_sent_is_repeated_after_a_pause() -> None:
    link = Link(OCTETS).until_blocks(5)
    link.fail_sends = 3
    before = link.now
    link.run(until=lambda link: bool(link.activated))
    assert link.activated == [OCTETS]
    assert link.reasons("ota.send-failed") == ["send-failed"] * 3
    assert link.client.counters.retries == 3
    assert 3 * SECOND < link.now - before < 6 * SECOND


def test_a_late_failure_of_a_message_that_was_answered_is_nothing() -> None:
    link = Link(OCTETS).until_blocks(5)
    old = link.sent[-2].sequence
    assert link.client.handle(SendFailed(old), link.now) == []
    assert link.client.state is ClientState.DOWNLOADING


def test_a_query_that_is_lost_is_repeated() -> None:
    link = Link(OCTETS, fate=lambda *message: [] if message == ("up", 1) else [LATENCY]).update()
    assert link.activated == [OCTETS]
    assert link.client.counters.retries == 1
    assert link.client.counters.retry_us == 5 * SECOND


def test_the_counters_of_two_lives_add_up() -> None:
    link = Link(OCTETS).until_blocks(8)
    before = link.client.counters
    link.restart_client().run(until=lambda link: bool(link.activated))
    assert (before + link.client.counters).blocks == BLOCKS
