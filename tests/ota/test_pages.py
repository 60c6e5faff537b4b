"""Image pages: asked for, sent spaced, holes filled."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from emulator.core.clock import MILLISECOND, SECOND
from emulator.ota.effects import Reply
from emulator.ota.policy import ServerPolicy
from emulator.ota.server_table import ServerState
from emulator.ota.settings import ClientSettings
from emulator.zigbee.clusters.ota import IMAGE_BLOCK_REQUEST, IMAGE_BLOCK_RESPONSE, IMAGE_PAGE_REQUEST
from emulator.zigbee.clusters.ota_blocks import decode_image_block_request, decode_image_page_request
from tests.ota.link import CLIENT, LATENCY, Link, image

OCTETS = image(5000)
PAGES = ClientSettings(page_requests=True, page_octets=1024, page_spacing_ms=20)


def test_an_image_comes_page_by_page() -> None:
    link = Link(OCTETS, settings=PAGES).update()
    assert link.activated == [OCTETS]
    assert link.commands().count(IMAGE_PAGE_REQUEST) == 5
    assert link.commands().count(IMAGE_BLOCK_REQUEST) == 0
    requests = [decode_image_page_request(send.payload) for send in link.sent if send.command_id == IMAGE_PAGE_REQUEST]
    assert [(request.file_offset, request.page_size) for request in requests] == [
        (0, 1024),
        (1024, 1024),
        (2048, 1024),
        (3072, 1024),
        (4096, 904),
    ]
    assert all(request.response_spacing == 20 for request in requests)


@pytest.mark.parametrize("page_octets, block_octets", [(50, 50), (64, 50), (100, 50), (1, 50), (65_535, 255), (999, 7)])
def test_any_page_size_will_do(page_octets: int, block_octets: int) -> None:
    settings = ClientSettings(page_requests=True, page_octets=page_octets, block_octets=block_octets)
    assert Link(OCTETS, settings=settings, policy=ServerPolicy(block_octets=255)).update().activated == [OCTETS]


def test_a_server_may_send_smaller_blocks_in_a_page_than_asked_for() -> None:
    link = Link(OCTETS, settings=PAGES, policy=ServerPolicy(block_octets=33)).update()
    assert link.activated == [OCTETS]
    assert link.commands().count(IMAGE_BLOCK_REQUEST) == 0


@pytest.mark.parametrize("asked_ms, floor_ms, spaced_ms", [(20, 10, 20), (0, 10, 10), (5, 0, 5)])
def test_blocks_of_a_page_are_spaced(asked_ms: int, floor_ms: int, spaced_ms: int) -> None:
    settings = ClientSettings(page_requests=True, page_spacing_ms=asked_ms)
    policy = ServerPolicy(page_spacing_floor_ms=floor_ms)
    link = Link(OCTETS, settings=settings, policy=policy).update()
    times = link.moments(Reply, IMAGE_BLOCK_RESPONSE)
    assert len(times) == 103
    gaps = [after - before for before, after in pairwise(times[:21])]
    assert set(gaps) == {spaced_ms * MILLISECOND}


def test_spacing_is_counted_as_pacing() -> None:
    counters = Link(OCTETS, settings=PAGES).update().client.counters
    assert counters.pace_us == (4 * (21 - 1) + (19 - 1)) * 20 * MILLISECOND


@pytest.mark.parametrize("lost", [1, 5, 20, 21])
def test_a_hole_in_a_page_is_filled_by_block_requests(lost: int) -> None:
    link = Link(OCTETS, settings=PAGES, fate=lambda *message: [] if message == ("down", lost + 1) else [LATENCY])
    link.update()
    assert link.activated == [OCTETS]
    holes = [decode_image_block_request(send.payload) for send in link.sent if send.command_id == IMAGE_BLOCK_REQUEST]
    assert [hole.file_offset for hole in holes] == [(lost - 1) * 50]
    assert holes[0].maximum_data_size == (24 if lost == 21 else 50)
    assert link.client.counters.bytes_resent == holes[0].maximum_data_size
    assert link.client.counters.blocks == 103


def test_a_page_of_which_nothing_comes_is_asked_for_again() -> None:
    link = Link(OCTETS, settings=PAGES, fate=lambda *message: [] if message == ("up", 3) else [LATENCY]).update()
    assert link.activated == [OCTETS]
    assert link.commands().count(IMAGE_PAGE_REQUEST) == 6
    assert link.client.counters.bytes_resent == 1024


def test_after_so_many_lost_pages_only_blocks_are_asked_for() -> None:
    link = Link(OCTETS, settings=PAGES)
    link.fate = lambda way, _: [] if way == "up" and link.sent[-1].command_id == IMAGE_PAGE_REQUEST else [LATENCY]
    link.update()
    assert link.activated == [OCTETS]
    assert link.commands().count(IMAGE_PAGE_REQUEST) == PAGES.page_failures


def test_a_server_without_pages_is_asked_for_blocks() -> None:
    link = Link(OCTETS, settings=PAGES, policy=ServerPolicy(page_requests=False)).update()
    assert link.activated == [OCTETS]
    assert link.commands().count(IMAGE_PAGE_REQUEST) == 1
    assert link.reasons("ota.block.resent") == ["page-request-unsupported"]
    assert link.reasons("ota.server.dropped") == ["page-request-unsupported"]


@pytest.mark.parametrize("percent", [5, 20, 50])
def test_pages_survive_loss(percent: int) -> None:
    rng = random.Random(percent)
    link = Link(OCTETS, settings=PAGES, fate=lambda *_: [] if rng.random() * 100 < percent else [LATENCY]).update()
    assert link.activated == [OCTETS]


def test_pages_survive_disorder_and_repetition() -> None:
    rng = random.Random(4)

    def fate(_direction: str, _ordinal: int) -> list[int]:
        return [rng.randrange(200 * MILLISECOND) for _ in range(rng.choice([1, 1, 2]))]

    link = Link(OCTETS, settings=PAGES, fate=fate).update()
    assert link.activated == [OCTETS]
    assert link.client.counters.blocks >= 100


@pytest.mark.parametrize("blocks", [1, 21, 22, 60, 102])
def test_a_client_restarted_in_a_page_goes_on_with_the_first_missing_octet(blocks: int) -> None:
    link = Link(OCTETS, settings=PAGES).until_blocks(blocks)
    received = link.slot.received
    before = len(link.sent)
    link.restart_client().run(until=lambda link: bool(link.activated))
    assert link.activated == [OCTETS]
    first = next(send for send in link.sent[before:] if send.command_id in {IMAGE_PAGE_REQUEST, IMAGE_BLOCK_REQUEST})
    assert int.from_bytes(first.payload[9:13], "little") == received


def test_a_server_restarted_in_a_page_is_asked_for_the_rest() -> None:
    link = Link(OCTETS, settings=PAGES).until_blocks(30)
    link.restart_server().run(until=lambda link: bool(link.activated))
    assert link.activated == [OCTETS]


def test_another_request_of_the_client_ends_the_page_being_sent() -> None:
    link = Link(OCTETS, settings=PAGES).until_blocks(3)
    view = link.server.session(CLIENT)
    assert view is not None
    assert view.state is ServerState.PAGING
    request = b"\x00" + link.sent[-1].payload[1:9] + (4000).to_bytes(4, "little") + b"\x32"
    replies = link.server.received(CLIENT, IMAGE_BLOCK_REQUEST, request, 77, link.now)
    assert [effect.sequence for effect in replies if isinstance(effect, Reply)] == [77]
    link.fate = lambda *_: []
    assert link.server.on_timeout(link.now + SECOND) == []
    view = link.server.session(CLIENT)
    assert view is not None
    assert view.state is ServerState.SENDING


def test_a_resume_into_pages_keeps_the_image_right() -> None:
    link = Link(OCTETS, settings=PAGES).until_blocks(25)
    link.settings = ClientSettings(block_octets=64)
    link.restart_client().run(until=lambda link: bool(link.activated))
    assert link.activated == [OCTETS]
