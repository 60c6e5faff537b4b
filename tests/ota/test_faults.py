"""Messages that are lost, late, doubled, out of order, or not what they should be."""

from __future__ import annotations

import random

import pytest

from emulator.core.clock import DAY, HOUR, SECOND
from emulator.core.errors import LocalProtocolError
from emulator.ota.client_table import ClientState
from emulator.ota.effects import DefaultResponse, Send
from emulator.ota.errors import SlotError
from emulator.ota.events import (
    CommandReceived,
    DefaultResponseReceived,
    FetchSpecificFile,
    Verified,
)
from emulator.ota.settings import ClientSettings
from emulator.ota.slot import MemorySlot
from emulator.zigbee.clusters import ota, ota_blocks
from emulator.zigbee.clusters.ota import (
    IMAGE_BLOCK_REQUEST,
    IMAGE_BLOCK_RESPONSE,
    QUERY_NEXT_IMAGE_REQUEST,
    UPGRADE_END_REQUEST,
)
from emulator.zigbee.frames.zcl_status import Status, status_reason
from tests.ota.link import IMAGE_TYPE, LATENCY, MANUFACTURER, NEW_VERSION, Link, image

OCTETS = image(1000)


def block(offset: int, data: bytes, version: int = NEW_VERSION, image_type: int = IMAGE_TYPE) -> bytes:
    return ota_blocks.encode_image_block(ota_blocks.ImageBlock(MANUFACTURER, image_type, version, offset, data))


def downloading(blocks: int = 10) -> Link:
    """A client that has asked for a block and has no answer yet."""
    link = Link(OCTETS).until_blocks(blocks)
    link.fate = lambda *_: []
    return link


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("ordinal", [1, 2, 3, 12, 21, 22])
def test_any_one_message_may_be_lost(direction: str, ordinal: int) -> None:
    link = Link(OCTETS, fate=lambda way, number: [] if (way, number) == (direction, ordinal) else [LATENCY]).update()
    assert link.activated == [OCTETS]
    assert link.client.counters.retries == 1
    assert len(link.finished) == 1


@pytest.mark.parametrize("percent", [5, 20, 50])
def test_loss_costs_time_and_octets_but_never_the_image(percent: int) -> None:
    rng = random.Random(percent)
    link = Link(OCTETS, fate=lambda *_: [] if rng.random() * 100 < percent else [LATENCY]).update()
    assert link.activated == [OCTETS]
    counters = link.client.counters
    assert counters.blocks == 20
    assert counters.bytes_resent > 0
    assert counters.retry_us >= 5 * SECOND
    assert set(link.reasons("ota.block.resent")) == {"timeout"}


def test_every_message_may_come_twice() -> None:
    link = Link(OCTETS, fate=lambda *_: [LATENCY, LATENCY + 1000]).update()
    assert link.activated == [OCTETS]
    assert link.client.counters.blocks == 20
    assert link.client.counters.bytes_resent == 0, "a duplicate is no reason to ask again"
    assert set(link.reasons("ota.dropped")) == {"duplicate", "unexpected"}
    assert link.commands().count(IMAGE_BLOCK_REQUEST) == 20


def test_an_answer_that_comes_after_the_timeout_counts_and_the_second_one_does_not() -> None:
    late = 5 * SECOND + 3 * LATENCY
    link = Link(OCTETS, fate=lambda *message: [late] if message == ("up", 5) else [LATENCY]).update()
    assert link.activated == [OCTETS]
    assert link.client.counters.blocks == 20
    assert link.reasons("ota.dropped") == ["duplicate"]


@pytest.mark.parametrize(
    "payload, reason",
    [
        (block(450, OCTETS[450:500]), "duplicate"),
        (block(550, OCTETS[550:600]), "wrong-offset"),
        (block(475, OCTETS[475:525]), "wrong-offset"),
        (block(500, OCTETS[500:551]), "wrong-size"),
        (block(500, b""), "wrong-size"),
        (block(500, OCTETS[500:550], version=NEW_VERSION + 1), "wrong-identity"),
        (block(500, OCTETS[500:550], image_type=IMAGE_TYPE + 1), "wrong-identity"),
        (block(990, bytes(50)), "past-end"),
        (block(0xFFFFFFFF, bytes(50)), "past-end"),
        (block(500, OCTETS[500:550])[:-1], "undecodable"),
        (block(500, OCTETS[500:550]) + b"\0", "undecodable"),
        (b"\0", "undecodable"),
        (b"", "undecodable"),
        (b"\x97", "undecodable"),
    ],
)
def test_a_block_that_is_not_the_one_asked_for_is_dropped(payload: bytes, reason: str) -> None:
    link = downloading()
    link.deliver(IMAGE_BLOCK_RESPONSE, payload)
    assert link.reasons("ota.dropped") == [reason]
    assert link.slot.received == 500
    assert link.slot.read(0, 1000) == OCTETS[:500]


@pytest.mark.parametrize("reason, again", [("wrong-offset", True), ("duplicate", False)])
def test_a_wrong_block_is_asked_for_again_at_once_a_duplicate_is_not(reason: str, again: bool) -> None:
    link = downloading()
    before = len(link.sent)
    link.deliver(IMAGE_BLOCK_RESPONSE, block(550 if again else 450, bytes(50)))
    assert link.reasons("ota.dropped") == [reason]
    assert len(link.sent) - before == again
    assert link.reasons("ota.block.resent") == ([reason] if again else [])


def test_a_server_that_only_sends_wrong_blocks_is_left_after_so_many() -> None:
    link = downloading()
    for _ in range(20):
        link.deliver(IMAGE_BLOCK_RESPONSE, block(0x100, bytes(300)[:50], version=1))
    assert link.reasons("ota.failed") == ["wrong-identity"]
    assert link.client.state is ClientState.IDLE
    assert link.slot.received == 500


def test_messages_at_the_wrong_time_are_dropped() -> None:
    answers: list[tuple[int, bytes]] = [
        (ota.QUERY_NEXT_IMAGE_RESPONSE, b"\x98"),
        (ota.QUERY_SPECIFIC_FILE_RESPONSE, b"\x98"),
        (IMAGE_BLOCK_RESPONSE, block(0, bytes(50))),
        (IMAGE_BLOCK_RESPONSE, b"\x95"),
        (IMAGE_BLOCK_RESPONSE, ota_blocks.encode_image_block_response(ota_blocks.WaitForData(0, 5, 0))),
        (ota.UPGRADE_END_RESPONSE, bytes(16)),
    ]
    link = Link(None).start().run(SECOND)
    for command_id, payload in answers:
        link.deliver(command_id, payload)
    assert link.reasons("ota.dropped") == ["unexpected"] * len(answers)
    assert link.client.state is ClientState.IDLE


def test_an_upgrade_end_response_before_the_end_is_dropped() -> None:
    link = downloading()
    answer = ota.UpgradeEndResponse(MANUFACTURER, IMAGE_TYPE, NEW_VERSION, 0, 0)
    link.deliver(ota.UPGRADE_END_RESPONSE, ota.encode_upgrade_end_response(answer))
    assert link.reasons("ota.dropped") == ["unexpected"]
    assert link.activated == []


@pytest.mark.parametrize("payload", [b"", b"\0", bytes(13), bytes(range(64)), b"\xff" * 40])
def test_whatever_comes_a_client_neither_raises_nor_activates(payload: bytes) -> None:
    link = downloading()
    for command_id in range(256):
        link.deliver(command_id, payload)
        link.deliver(command_id, payload, broadcast=True)
    assert link.activated == []
    assert link.slot.read(0, 1000) == OCTETS[:500]


def test_an_unknown_command_is_answered_so_and_a_broadcast_one_is_not() -> None:
    link = Link(None).start().run(SECOND)
    event = CommandReceived(0x42, b"", 9)
    effects = link.client.handle(event, link.now)
    assert DefaultResponse(None, 0x42, Status.UNSUP_CLUSTER_COMMAND, 9) in effects
    assert len(link.client.handle(CommandReceived(0x42, b"", 9, broadcast=True), link.now)) == 1


def test_an_unreadable_notify_is_answered_malformed_command() -> None:
    link = Link(None).start().run(SECOND)
    effects = link.client.received(ota.IMAGE_NOTIFY, b"\x07", 9, link.now)
    assert DefaultResponse(None, ota.IMAGE_NOTIFY, Status.MALFORMED_COMMAND, 9) in effects


@pytest.mark.parametrize(
    "status, reason",
    [
        (Status.NOT_AUTHORIZED, "not-authorized"),
        (Status.NO_IMAGE_AVAILABLE, "no-image-available"),
        (0xAB, "status-ab"),
    ],
)
def test_a_query_without_an_offer_waits_for_the_next_poll(status: int, reason: str) -> None:
    link = Link(OCTETS)
    link.fate = lambda direction, _: [LATENCY] if direction == "up" else []
    link.start().run(SECOND, until=lambda link: link.client.state is ClientState.QUERYING)
    link.deliver(ota.QUERY_NEXT_IMAGE_RESPONSE, bytes((status,)))
    assert link.reasons("ota.query") == ["poll", reason]
    assert link.client.state is ClientState.IDLE
    timeout = link.client.next_timeout()
    assert timeout is not None
    assert timeout >= link.now + DAY


@pytest.mark.parametrize(
    "status, reason",
    [(Status.ABORT, "server-abort"), (Status.INVALID_VALUE, "invalid-value"), (0xD3, "status-d3")],
)
def test_a_refused_block_ends_the_attempt_and_keeps_what_is_there(status: int, reason: str) -> None:
    link = downloading()
    link.deliver(IMAGE_BLOCK_RESPONSE, bytes((status,)))
    assert link.reasons("ota.failed") == [reason]
    assert link.slot.received == 500


@pytest.mark.parametrize("status", [Status.MALFORMED_COMMAND, Status.NOT_AUTHORIZED, Status.UNSUP_CLUSTER_COMMAND])
def test_a_default_response_instead_of_a_block_ends_the_attempt(status: Status) -> None:
    link = downloading()
    link.do(link.client.handle(DefaultResponseReceived(IMAGE_BLOCK_REQUEST, status), link.now))
    assert link.reasons("ota.failed") == [status_reason(status)]
    assert link.client.state is ClientState.IDLE


def test_a_default_response_instead_of_an_offer_waits_for_the_next_poll() -> None:
    link = Link(OCTETS)
    link.fate = lambda *_: []
    link.start().run(SECOND, until=lambda link: link.client.state is ClientState.QUERYING)
    event = DefaultResponseReceived(QUERY_NEXT_IMAGE_REQUEST, Status.UNSUP_CLUSTER_COMMAND)
    link.do(link.client.handle(event, link.now))
    assert link.reasons("ota.query") == ["poll", "unsup-cluster-command"]


def test_a_default_response_instead_of_an_upgrade_end_response_keeps_the_image() -> None:
    link = Link(OCTETS)
    link.start().run(until=lambda link: link.client.state is ClientState.ENDING)
    event = DefaultResponseReceived(UPGRADE_END_REQUEST, Status.NOT_AUTHORIZED)
    link.do(link.client.handle(event, link.now))
    assert link.reasons("ota.failed") == ["not-authorized"]
    assert link.slot.received == 1000


@pytest.mark.parametrize("command_id", [0x00, 0x01, 0x03, 0x04, 0x06, 0x08, 0x77])
def test_a_default_response_at_the_wrong_time_is_dropped(command_id: int) -> None:
    link = Link(None).start().run(SECOND)
    for status in (Status.SUCCESS, Status.FAILURE):
        link.do(link.client.handle(DefaultResponseReceived(command_id, status), link.now))
    assert link.reasons("ota.dropped") == ["unexpected"] * 2


@pytest.mark.parametrize(
    "event", [Verified(True), Verified(False), Verified(True, more_needed=True), FetchSpecificFile(0xFFC0)]
)
def test_what_our_own_device_cannot_have_done_is_a_local_error(event: Verified | FetchSpecificFile) -> None:
    link = downloading()
    with pytest.raises(LocalProtocolError):
        link.client.handle(event, link.now)
    assert link.client.state is ClientState.DOWNLOADING


def test_two_requests_are_never_out_at_once() -> None:
    """Whatever the wire does, one event makes the client send at most one message."""
    rng = random.Random(11)

    def fate(_direction: str, _ordinal: int) -> list[int]:
        return [rng.randrange(8 * SECOND) for _ in range(rng.choice([0, 1, 1, 2]))]

    link = Link(OCTETS, fate=fate)
    link.start().run(DAY, until=lambda link: bool(link.activated))
    assert max(sum(isinstance(effect, Send) for effect in effects) for _, effects in link.batches) == 1
    assert link.activated == [OCTETS]


class WornSlot(MemorySlot):
    """A slot whose flash fails at one of its calls."""

    fails_at = 0

    def write(self, offset: int, data: bytes) -> None:
        if offset >= self.fails_at:
            raise SlotError("flash-failure")
        super().write(offset, data)

    def begin(self, identity: ota.ImageIdentity) -> None:
        if not self.fails_at:
            raise SlotError("flash-full")
        super().begin(identity)

    def erase(self) -> None:
        raise SlotError("flash-failure")


@pytest.mark.parametrize("fails_at, reason, blocks", [(0, "flash-full", 0), (500, "flash-failure", 10)])
def test_a_flash_that_fails_ends_the_attempt(fails_at: int, reason: str, blocks: int) -> None:
    link = Link(OCTETS)
    link.slot = WornSlot()
    link.slot.fails_at = fails_at
    link.restart_client().run(HOUR)
    assert link.client.counters.blocks == blocks
    assert link.reasons("ota.refused") == [reason]
    assert [(done.status, done.reason) for done in link.finished] == [(Status.ABORT, "client-abort")]


def test_settings_bound_the_repetitions() -> None:
    link = Link(OCTETS, settings=ClientSettings(retries=2, resumes=0, poll_interval=0)).until_blocks(10)
    link.fate = lambda *_: []
    before = len(link.sent)
    link.run()
    assert len(link.sent) - before == 2
