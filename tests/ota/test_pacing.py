"""WAIT_FOR_DATA and the minimum block period: obeyed, counted, and bounded."""

from __future__ import annotations

from itertools import pairwise

import pytest

from emulator.core.clock import HOUR, MILLISECOND, MINUTE, SECOND
from emulator.ota.client_table import ClientState
from emulator.ota.effects import Reply, Send
from emulator.ota.policy import ServerPolicy
from emulator.ota.settings import ClientSettings
from emulator.zigbee.clusters.ota import IMAGE_BLOCK_REQUEST, IMAGE_BLOCK_RESPONSE, OtaAttribute
from emulator.zigbee.clusters.ota_blocks import (
    WaitForData,
    decode_image_block_request,
    decode_image_block_response,
    encode_image_block_response,
)
from tests.ota.link import CLIENT, LATENCY, Link, image

OCTETS = image(1000)
BLOCKS = 20


def wait(link: Link, current: int, request: int, period: int | None = None) -> None:
    link.deliver(IMAGE_BLOCK_RESPONSE, encode_image_block_response(WaitForData(current, request, period)))


def downloading(settings: ClientSettings | None = None) -> Link:
    link = Link(OCTETS, settings=settings).until_blocks(10)
    link.fate = lambda *_: []
    return link


@pytest.mark.parametrize("current, request_time, seconds", [(0, 5, 5), (1000, 1005, 5), (1000, 1000, 0), (1000, 3, 0)])
def test_a_client_waits_as_long_as_it_is_told(current: int, request_time: int, seconds: int) -> None:
    link = downloading()
    before, sent = link.now, len(link.sent)
    wait(link, current, request_time)
    assert link.client.state is ClientState.PACED
    assert link.client.next_timeout() == before + seconds * SECOND
    link.run(seconds * SECOND, until=lambda link: len(link.sent) > sent)
    assert link.sent[-1].payload == link.sent[-2].payload, "the same block again"
    assert link.sent[-1].sequence != link.sent[-2].sequence
    assert link.client.counters.pace_us == seconds * SECOND
    assert link.client.counters.retries == 0


def test_a_minimum_block_period_of_the_clients_own_spaces_its_requests() -> None:
    link = Link(OCTETS, settings=ClientSettings(min_block_period_ms=250)).update()
    assert link.activated == [OCTETS]
    gaps = [after - before for before, after in pairwise(link.moments(Send, IMAGE_BLOCK_REQUEST))]
    assert set(gaps) == {250 * MILLISECOND}
    assert link.client.counters.pace_us == (BLOCKS - 1) * (250 * MILLISECOND - 2 * LATENCY)


def test_a_server_slows_down_a_client_that_knows_the_minimum_block_period() -> None:
    policy = ServerPolicy(min_block_period_ms=500)
    link = Link(OCTETS, settings=ClientSettings(min_block_period_ms=0), policy=policy).update()
    assert link.activated == [OCTETS]
    assert link.client.counters.waits == 1, "told once, obeyed from then on"
    assert link.client.attributes()[OtaAttribute.MINIMUM_BLOCK_PERIOD] == 500
    periods = [
        decode_image_block_request(send.payload).minimum_block_period
        for send in link.sent
        if send.command_id == IMAGE_BLOCK_REQUEST
    ]
    assert periods == [0] + [500] * BLOCKS
    assert link.client.counters.pace_us == BLOCKS * (500 * MILLISECOND - 2 * LATENCY)


def test_a_server_slows_down_a_client_that_does_not_know_it_by_whole_seconds() -> None:
    link = Link(OCTETS, policy=ServerPolicy(min_block_period_ms=500)).update()
    assert link.activated == [OCTETS]
    assert link.client.counters.waits == BLOCKS - 1
    assert link.client.counters.pace_us == (BLOCKS - 1) * SECOND


def test_a_server_may_leave_such_a_client_alone() -> None:
    link = Link(OCTETS, policy=ServerPolicy(min_block_period_ms=500, pace_in_seconds=False)).update()
    assert link.client.counters.waits == 0


def test_a_busy_server_puts_a_client_off_and_goes_on_afterwards() -> None:
    link = Link(OCTETS).until_blocks(10)
    link.server.set_busy(link.now + 90 * SECOND + 1)
    before = link.now
    link.run(until=lambda link: bool(link.activated))
    assert link.activated == [OCTETS]
    assert link.client.counters.waits == 1
    assert 91 * SECOND <= link.now - before < 95 * SECOND
    assert link.reasons("ota.server.waiting") == ["busy"]
    view = link.server.session(CLIENT)
    assert view is not None
    assert view.blocks == BLOCKS


@pytest.mark.parametrize("tells_time", [True, False])
def test_a_server_gives_times_the_client_can_count_with(tells_time: bool) -> None:
    link = Link(OCTETS, policy=ServerPolicy(tells_time=tells_time)).until_blocks(10)
    link.server.set_busy(link.now + 10 * SECOND)
    link.run(SECOND)
    reply = link.replies[-1]
    assert isinstance(reply, Reply)
    answer = decode_image_block_response(reply.payload)
    assert isinstance(answer, WaitForData)
    assert answer.request_time - answer.current_time == 10
    assert (answer.current_time > 0) == tells_time


# Slow retrieval, the attack


def test_a_minimum_block_period_raised_over_the_limit_ends_the_attempt() -> None:
    link = downloading(ClientSettings(min_block_period_ms=0))
    for period in (100, 1000, 10_000):
        wait(link, 0, 0, period)
        assert link.client.attributes()[OtaAttribute.MINIMUM_BLOCK_PERIOD] == period
    wait(link, 0, 0, 10_001)
    assert link.reasons("ota.failed") == ["block-period-limit"]
    assert link.slot.received == 500, "kept: another server may be better"


def test_waiting_for_data_without_end_ends_the_attempt_by_time() -> None:
    link = downloading(ClientSettings(wait_limit=HOUR, resumes=0, poll_interval=0))
    for _ in range(61):
        wait(link, 0, 60)
        link.run(MINUTE)
    assert link.reasons("ota.failed") == ["wait-limit"]


def test_one_wait_of_136_years_ends_the_attempt_at_once() -> None:
    link = downloading()
    wait(link, 0, 0xFFFFFFFF)
    assert link.reasons("ota.failed") == ["wait-limit"]
    assert link.client.state is ClientState.IDLE


def test_waiting_for_data_without_end_ends_the_attempt_by_number() -> None:
    link = downloading(ClientSettings(waits=5))
    for _ in range(6):
        wait(link, 0, 0)
        link.run(0)
    assert link.reasons("ota.failed") == ["wait-limit"]


def test_a_block_in_between_makes_the_limits_begin_anew() -> None:
    link = Link(OCTETS, settings=ClientSettings(waits=1), policy=ServerPolicy(min_block_period_ms=500)).update()
    assert link.activated == [OCTETS]


def test_a_period_of_one_update_is_not_that_of_the_next_life() -> None:
    link = downloading(ClientSettings(min_block_period_ms=0))
    wait(link, 0, 0, 10_000)
    link.restart_client()
    assert link.client.attributes()[OtaAttribute.MINIMUM_BLOCK_PERIOD] == 0
