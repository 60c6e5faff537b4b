"""Messages through a stick: outcomes, order, room, long ones; in the versions with either layout."""

from __future__ import annotations

import asyncio

import pytest

from emulator.ports.aps import BROADCAST_RX_ON, Outcome
from emulator.transports.ezsp.settings import EzspSettings
from tests.transports.ezsp.fake_stick import OTHER, VERSIONS, Bench, ember, on_stick

versions = pytest.mark.parametrize("version", VERSIONS)
LONG = bytes(range(256))


@versions
@pytest.mark.parametrize(
    "status, acknowledge, outcome",
    [
        ("OK", True, Outcome.DELIVERED),
        ("ZIGBEE_DELIVERY_FAILED", True, Outcome.NO_APS_ACK),
        ("ZIGBEE_DELIVERY_FAILED", False, Outcome.NEXT_HOP_FAILED),
        ("MAC_INDIRECT_TIMEOUT", True, Outcome.EXPIRED),
    ],
    ids=["delivered", "no-ack", "next-hop", "expired"],
)
def test_the_word_of_the_stick_becomes_the_outcome(
    version: int, status: str, acknowledge: bool, outcome: Outcome
) -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        handle = bench.send(b"payload", acknowledge=acknowledge)
        await asyncio.sleep(1)
        destination, aps, tag, payload = bench.stick.unicasts()[-1]
        assert (destination, payload, bool(int(aps.options) & 0x40)) == (0x4321, b"payload", acknowledge)
        bench.stick.outcome(tag, status)
        bench.stick.outcome(tag, status)
        assert bench.user.outcomes == [(handle, outcome)]

    on_stick(main, version)


def test_off_the_network_and_without_a_key_nothing_is_sent_and_nothing_is_told_at_once() -> None:
    async def main(bench: Bench) -> None:
        await bench.open()
        first = bench.send(b"x")
        assert bench.user.outcomes == []
        await asyncio.sleep(1)
        await bench.hub_again()
        second = bench.send(b"x", link_key=True)
        await asyncio.sleep(1)
        assert bench.user.outcomes == [(first, Outcome.NOT_JOINED), (second, Outcome.NO_KEY)]
        assert bench.stick.of("sendUnicast") == []

    on_stick(main)


def test_a_stick_has_so_many_messages_at_a_time_only() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        for number in range(20):
            bench.send(bytes((number,)))
        await asyncio.sleep(1)
        assert len(bench.stick.unicasts()) == 3
        while len(bench.user.outcomes) < 20:
            for _, _, tag, _ in bench.stick.unicasts()[-3:]:
                bench.stick.outcome(tag)
            await asyncio.sleep(1)
        assert [payload for *_, payload in bench.stick.unicasts()] == [bytes((number,)) for number in range(20)]

    on_stick(main, settings=EzspSettings(in_flight=3))


@pytest.mark.parametrize("version", [13, 14])
def test_a_stick_without_room_is_asked_again(version: int) -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        busy = [ember(version, "MAC_TRANSMIT_QUEUE_FULL")] * 3 + [0] * 9
        bench.stick.answers["sendUnicast"] = lambda _: {"status": busy.pop(0)}
        handles = [bench.send(b"one"), bench.send(b"two")]
        await asyncio.sleep(5)
        assert [payload for *_, payload in bench.stick.unicasts()] == [b"one"] * 4 + [b"two"]
        assert bench.reports.count(("stick.busy", "no-room")) == 3
        for _, _, tag, _ in bench.stick.unicasts()[-2:]:
            bench.stick.outcome(tag)
        assert bench.user.outcomes == [(handle, Outcome.DELIVERED) for handle in handles]

    on_stick(main, version)


def test_a_stick_that_never_has_room_is_not_asked_for_ever() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        bench.stick.answers["sendUnicast"] = {"status": ember(13, "NO_BUFFERS")}
        handle = bench.send(b"one")
        await asyncio.sleep(60)
        assert bench.user.outcomes == [(handle, Outcome.NEXT_HOP_FAILED)]
        assert len(bench.stick.unicasts()) == 1 + bench.settings.busy_tries

    on_stick(main)


def test_an_outcome_that_never_comes_is_waited_for_so_long_only() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        handle = bench.send(b"x", acknowledge=True)
        await asyncio.sleep(60)
        assert bench.user.outcomes == [(handle, Outcome.NO_APS_ACK)]
        assert ("stick.outcome-lost", "overdue") in bench.reports

    on_stick(main)


@pytest.mark.parametrize("version", [13, 18])
def test_a_long_message_goes_in_blocks_a_window_at_a_time(version: int) -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        bench.stick.answers["sendUnicast"] = {"sequence": 99}
        handle = bench.send(LONG, acknowledge=True)
        for done in range(0, 4, 3):
            await asyncio.sleep(1)
            for _, _, tag, _ in bench.stick.unicasts()[done:]:
                bench.stick.outcome(tag)
        sent = bench.stick.unicasts()
        assert b"".join(payload for *_, payload in sent) == LONG
        assert [int(aps.groupId) for _, aps, _, _ in sent] == [0x400, 0x401, 0x402, 0x403]
        assert all(int(aps.options) & 0x8000 for _, aps, _, _ in sent)
        assert [int(aps.sequence) for _, aps, _, _ in sent[1:]] == [99] * 3
        assert bench.user.outcomes == [(handle, Outcome.DELIVERED)]

    on_stick(main, version)


def test_a_long_message_fails_once_and_a_long_one_without_acknowledgement_at_once() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        handle, refused = bench.send(LONG, acknowledge=True), bench.send(LONG)
        await asyncio.sleep(1)
        for _, _, tag, _ in bench.stick.unicasts():
            bench.stick.outcome(tag, "ZIGBEE_DELIVERY_FAILED")
        await asyncio.sleep(1)
        assert len(bench.stick.unicasts()) == 3
        assert sorted(bench.user.outcomes) == [(handle, Outcome.NO_APS_ACK), (refused, Outcome.TOO_LONG)]

    on_stick(main)


@versions
def test_a_broadcast_is_one(version: int) -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        handle = bench.send(b"all", BROADCAST_RX_ON, acknowledge=True)
        await asyncio.sleep(1)
        (sent,) = bench.stick.of("sendBroadcast")
        assert int(sent["destination"]) == BROADCAST_RX_ON
        bench.stick.outcome(int(sent["messageTag" if version < 14 else "message_tag"]))
        assert bench.user.outcomes == [(handle, Outcome.DELIVERED)]

    on_stick(main, version)


# --- receiving ---


@versions
def test_a_message_is_handed_over_with_what_the_stick_tells(version: int) -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        bench.stick.message(0x4321, b"payload", options=0x20)
        (message,) = bench.user.messages
        assert (message.source, message.source_eui64, message.payload) == (0x4321, OTHER, b"payload")
        assert (message.link_key, message.broadcast, message.lqi, message.rssi) == (True, False, 200, -50)
        assert (message.profile, message.cluster, message.counter) == (0x0109, 0x19, 7)

    on_stick(main, version)


@versions
def test_a_long_message_comes_whole_and_its_windows_are_acknowledged(version: int) -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        for number in (0, 2, 1, 3, 3):
            group = (4 << 8 if number == 0 else 0) | number
            bench.stick.message(0x4321, bytes((number,)) * 50, options=0x8040, group=group)
        await asyncio.sleep(1)
        assert [message.payload for message in bench.user.messages] == [b"".join(bytes((n,)) * 50 for n in range(4))]
        replies = [fields["apsFrame"] for fields in bench.stick.of("sendReply")]
        assert [int(aps.groupId) for aps in replies] == [0x0700, 0x0103, 0x0103]
        assert {int(aps.sequence) for aps in replies} == {7}

    on_stick(main, version)


@versions
def test_octets_that_are_no_message_are_reported_and_nothing_more(version: int) -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        for name in ("incomingMessageHandler", "messageSentHandler"):
            for length in range(40):
                bench.stick.say(name, body=bytes([255] * length))
        assert bench.user.messages == []
        assert ("stick.dropped", "malformed") in bench.reports
        await bench.device()
        assert len(bench.user.events) == 2

    on_stick(main, version)


def test_requests_that_the_stick_answers_itself_are_not_the_devices() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        bench.stick.message(0x4321, b"\x01\x00\x00", profile=0, endpoint=0, cluster=0x0005)
        bench.stick.message(0x4321, b"\x01\x00\x00\x00\x00", profile=0, endpoint=0, cluster=0x8005)
        bench.stick.message(0, b"own", kind=5)
        assert [message.cluster for message in bench.user.messages] == [0x8005]

    on_stick(main)
