"""Virtual sticks on one air by the clock of an asyncio loop, here a virtual one: no test waits."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64
from emulator.core.events import Event
from emulator.core.rng import SeededStreams
from emulator.ncp.firmware import SERVED_VERSIONS
from emulator.ncp.tables import commands
from emulator.runtime.loop import run_virtual
from emulator.runtime.sticks.bench import INSTANT, LINE, MESH, REAL, BenchSettings, BenchStick, StickBench
from emulator.runtime.sticks.state import addresses_in
from tests.ncp.ash.host import Host

ALL_CHANNELS = 0x07FF_F800
PARAMETERS = {"extendedPanId": 0x00DB_1200_0000_00FF, "panId": 0x1A2B, "radioChannel": 15}
SECURITY = {"bitmask": 0x0300, "preconfiguredKey": bytes(16), "networkKey": bytes(range(16))}
CODE_KEY = bytes(range(16, 32))
ROUTER = 2
NETWORK_FOUND, SCAN_COMPLETE, INCOMING = 0x001B, 0x001C, 0x0045


def _taken(octets: bytearray) -> bytes:
    taken = bytes(octets)
    octets.clear()
    return taken


class BenchHost:
    """A host of ours at the line of one stick."""

    def __init__(self, stick: BenchStick) -> None:
        self.stick = stick
        self.host = Host()
        self.inbox = bytearray()
        self.sequence = 0
        stick.enter(lambda now: stick.stick.connected(self._take, now))
        self.inbox.clear()
        stick.enter(self.host.connect)
        self.exchange()
        assert self.host.connected
        for number in (4, stick.chip.flash.version):
            self._send(bytes((0, 0, 0, number)))

    def _take(self, octets: bytes) -> None:
        self.inbox += octets

    def exchange(self) -> None:
        while self.inbox or self.host.out:
            self.stick.enter(partial(self.host.received, _taken(self.inbox)))
            self.stick.enter(partial(self.stick.stick.received, _taken(self.host.out)))

    def _send(self, frame: bytes) -> None:
        self.stick.enter(lambda now: self.host.send(frame, now))
        self.exchange()

    def ask(self, name: str, **values: Any) -> Any:
        """A command that is answered, before time goes on."""
        command = commands(self.stick.chip.flash.version).named(name)
        self.sequence += 1
        before = len(self.host.delivered)
        header = struct.pack("<BBBH", self.sequence, 0, 1, command.frame_id)
        self._send(header + command.request.write(values))
        answer = next(one for one in self.host.delivered[before:] if one[0] == self.sequence and one[1] == 0x80)
        return command.response.read(answer, 5)[0]

    def callbacks(self, frame_id: int) -> list[bytes]:
        self.exchange()
        return [one for one in self.host.delivered if one[1] & 0x10 and one[3:5] == frame_id.to_bytes(2, "little")]

    def form(self) -> None:
        assert self.ask("setInitialSecurityState", state=SECURITY)["status"] == 0
        assert self.ask("formNetwork", parameters=PARAMETERS)["status"] == 0

    async def scan(self) -> list[bytes]:
        """What an active scan finds."""
        assert self.ask("startScan", scanType=1, channelMask=ALL_CHANNELS, duration=3)["status"] == 0
        await passing(5, self)
        assert len(self.callbacks(SCAN_COMPLETE)) == 1
        return self.callbacks(NETWORK_FOUND)

    def begin_join(self, hub: BenchHost) -> None:
        hub.ask("importTransientKey", eui64=int(self.stick.chip.eui64), plaintextKey=CODE_KEY)
        hub.ask("permitJoining", duration=60)
        self.ask("setInitialSecurityState", state={"bitmask": 0x0100, "preconfiguredKey": CODE_KEY})
        self.ask("joinNetwork", nodeType=ROUTER, parameters=PARAMETERS)

    def node_id(self) -> int:
        return int(self.ask("getNodeId")["nodeId"])


async def passing(seconds: float, *hosts: BenchHost) -> None:
    """Let time pass, with hosts that acknowledge what they get."""
    for _ in range(round(seconds * 10)):
        await asyncio.sleep(0.1)
        for host in hosts:
            host.exchange()


class Sink:
    """Keeps every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)


def on_bench(
    scenario: Callable[[StickBench], Awaitable[None]], settings: BenchSettings | None = None, **given: Any
) -> None:
    """Run it on a bench of its own, in virtual time."""

    async def main() -> None:
        bench = StickBench(settings or BenchSettings(INSTANT), SeededStreams(7), **given)
        try:
            await scenario(bench)
        finally:
            bench.close()

    run_virtual(main())


# --- what it is asked for --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [{"air": "thin"}, {"topology": "ring"}], ids=["air", "topology"])
def test_settings_that_there_are_none_of_are_bad_input(wrong: dict[str, str]) -> None:
    with pytest.raises(BadInput, match=next(iter(wrong.values()))) as raised:
        BenchSettings(**wrong)  # type: ignore[arg-type]
    assert f"--{next(iter(wrong))}" in str(raised.value)


def test_a_version_that_no_stick_has_is_bad_input() -> None:
    async def scenario(bench: StickBench) -> None:
        for version in (0, 12, 15, 99):
            with pytest.raises(BadInput, match=f"EZSP {version}"):
                bench.add(version)
        assert bench.sticks == []

    on_bench(scenario)


@pytest.mark.parametrize("version", SERVED_VERSIONS)
def test_a_stick_has_the_version_asked_for(version: int) -> None:
    async def scenario(bench: StickBench) -> None:
        host = BenchHost(bench.add(version))
        assert host.ask("version", desiredProtocolVersion=version)["protocolVersion"] == version

    on_bench(scenario)


def test_sticks_differ_and_the_same_seed_makes_the_same_ones() -> None:
    seen: list[list[Eui64]] = []

    async def scenario(bench: StickBench) -> None:
        sticks = [bench.add() for _ in range(3)]
        assert [stick.name for stick in sticks] == ["stick-0", "stick-1", "stick-2"]
        assert bench.sticks == sticks
        seen.append([stick.chip.eui64 for stick in sticks])

    on_bench(scenario)
    on_bench(scenario)
    assert seen[0] == seen[1]
    assert len(set(seen[0])) == 3


def test_two_of_one_address_are_bad_input() -> None:
    async def scenario(bench: StickBench) -> None:
        first = bench.add()
        with pytest.raises(BadInput, match="two are"):
            bench.port(first.chip.eui64, "another")

    on_bench(scenario)


# --- the air ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("air", [REAL, INSTANT])
def test_a_stick_joins_another_and_hears_from_it(air: str) -> None:
    async def scenario(bench: StickBench) -> None:
        hub, device = BenchHost(bench.add()), BenchHost(bench.add())
        hub.form()
        device.begin_join(hub)
        await passing(10, hub, device)
        assert device.node_id() < 0xFFF8
        frame = {"profileId": 0x0109, "sourceEndpoint": 1, "destinationEndpoint": 1, "options": 0x40}
        hub.ask("sendUnicast", indexOrDestination=device.node_id(), apsFrame=frame, messageContents=b"hello")
        await passing(1, hub, device)
        assert [one.endswith(b"hello") for one in device.callbacks(INCOMING)] == [True]

    on_bench(scenario, BenchSettings(air))


@pytest.mark.parametrize("topology, found", [(MESH, [1, 1]), (LINE, [1, 0])], ids=[MESH, LINE])
def test_who_hears_whom_is_as_asked_for(topology: str, found: list[int]) -> None:
    async def scenario(bench: StickBench) -> None:
        hub, *others = [BenchHost(bench.add()) for _ in range(3)]
        hub.form()
        assert [len(await other.scan()) for other in others] == found

    on_bench(scenario, BenchSettings(INSTANT, topology))


@pytest.mark.parametrize("loss, found", [(0, 1), (100, 0)], ids=["none", "all"])
def test_links_lose_as_much_as_asked_for(loss: float, found: int) -> None:
    async def scenario(bench: StickBench) -> None:
        hub, other = (BenchHost(bench.add()) for _ in range(2))
        hub.form()
        assert len(await other.scan()) == found

    on_bench(scenario, BenchSettings(INSTANT, loss=loss))


def test_sinks_are_told_by_the_names_of_the_sticks_and_captures_of_every_frame() -> None:
    sink, frames = Sink(), list[int]()

    async def scenario(bench: StickBench) -> None:
        host = BenchHost(bench.add())
        host.form()
        host.stick.stick.chip.report("ezsp.refused", "not-served", {}, bench.engine.now)
        await asyncio.sleep(60)

    on_bench(scenario, sinks=(sink,), capture=lambda start, *rest: frames.append(start))
    assert {event.source for event in sink.events} == {"stick-0"}
    assert frames
    assert frames == sorted(frames)


# --- time ------------------------------------------------------------------------------------------------------------


def test_an_answer_is_out_before_the_call_that_brought_the_question_is_over() -> None:
    async def scenario(bench: StickBench) -> None:
        host = BenchHost(bench.add())
        before = bench.engine.now
        assert host.ask("echo", data=b"x")["echo"] == b"x"
        assert bench.engine.now == before

    on_bench(scenario)


def test_a_stick_sends_again_by_the_clock_what_its_host_does_not_acknowledge() -> None:
    async def scenario(bench: StickBench) -> None:
        host = BenchHost(bench.add())
        host.ask("startScan", scanType=0, channelMask=1 << 11, duration=0)
        await asyncio.sleep(0.5)
        first = len(host.inbox)
        assert first
        await asyncio.sleep(2)
        assert len(host.inbox) > first

    on_bench(scenario)


def test_a_bench_that_is_closed_stands_still() -> None:
    async def scenario(bench: StickBench) -> None:
        host = BenchHost(bench.add())
        host.form()
        await asyncio.sleep(1)
        bench.close()
        before = bench.engine.now
        await asyncio.sleep(60)
        assert bench.engine.now == before
        assert bench.engine.pending

    on_bench(scenario)


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_a_stick_with_a_file_goes_on_with_what_it_kept(tmp_path: Path) -> None:
    file = tmp_path / "stick.json"
    kept: list[Any] = []

    async def first(bench: StickBench) -> None:
        host = BenchHost(bench.add(16, file))
        assert file.exists()
        host.form()
        host.ask("setToken", tokenId=1, tokenData=b"8 octets")
        await asyncio.sleep(1)
        kept.append((host.stick.chip.eui64, host.ask("getNetworkParameters")))

    async def second(bench: StickBench) -> None:
        host = BenchHost(bench.add(13, file))
        assert host.stick.chip.flash.version == 16
        assert host.ask("networkInit")["status"] == 0
        assert host.ask("getToken", tokenId=1)["tokenData"] == b"8 octets"
        assert (host.stick.chip.eui64, host.ask("getNetworkParameters")) == kept[0]

    on_bench(first)
    on_bench(second)


def test_what_a_command_changes_is_in_the_file_when_it_is_answered(tmp_path: Path) -> None:
    file = tmp_path / "stick.json"

    async def scenario(bench: StickBench) -> None:
        host = BenchHost(bench.add(state=file))
        host.ask("setToken", tokenId=1, tokenData=b"8 octets")
        assert b"8 octets".hex() in file.read_text()

    on_bench(scenario)


def test_two_sticks_of_one_file_are_bad_input(tmp_path: Path) -> None:
    async def scenario(bench: StickBench) -> None:
        bench.add(state=tmp_path / "stick.json")
        with pytest.raises(BadInput, match="two are"):
            bench.add(state=tmp_path / "stick.json")
        assert len(bench.sticks) == 1

    on_bench(scenario)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"flash": 1, "memory": {}}'])
def test_a_file_that_is_damaged_is_bad_input_and_stays_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / "stick.json"
    file.write_text(text)

    async def scenario(bench: StickBench) -> None:
        with pytest.raises(BadInput, match="damaged"):
            bench.add(state=file)

    on_bench(scenario)
    assert file.read_text() == text


def test_without_a_file_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def scenario(bench: StickBench) -> None:
        BenchHost(bench.add()).form()

    on_bench(scenario)
    assert list(tmp_path.iterdir()) == []


# --- who they are ----------------------------------------------------------------------------------------------------


def test_a_stick_fresh_from_its_maker_has_no_address_that_a_file_has(tmp_path: Path) -> None:
    file = tmp_path / "stick-1.json"
    seen: list[Eui64] = []

    async def first(bench: StickBench) -> None:
        seen.append(bench.add(state=file).chip.eui64)

    async def second(bench: StickBench) -> None:
        bench.reserve(addresses_in(tmp_path))
        seen.extend(bench.add(state=path).chip.eui64 for path in (tmp_path / "stick-0.json", file))

    (tmp_path / "notes.json").write_text("{}")
    on_bench(first)
    on_bench(second)
    assert seen[2] == seen[0] != seen[1]


def test_a_stick_that_was_exchanged_leaves_its_file_to_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "stick.json"

    async def scenario(bench: StickBench) -> None:
        stick = bench.add(16, file)
        before = stick.chip
        stick.exchange(None)
        assert stick.chip.eui64 != before.eui64
        host = BenchHost(stick)
        host.form()
        stick.keep(last=True)
        assert addresses_in(tmp_path) == {before.eui64}

    on_bench(scenario)
