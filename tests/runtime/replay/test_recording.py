"""A recorded hub and a recorded bridge play again to the octet, and the first thing that is otherwise is told."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.core.errors import BadInput, LocalProtocolError
from emulator.core.rng import SeededStreams, SystemStreams
from emulator.core.standards import Standards
from emulator.devices.bridge.memory import BridgeMemory
from emulator.devices.bridge.model import Bridge, BridgeCredentials
from emulator.devices.hub.model import CommsHub
from emulator.devices.profile_loading import load_joiner
from emulator.devices.profile_ota import public_key_path
from emulator.gbcs.roles import KeyUsage
from emulator.image.signature import SignatureStatus, custom, load_verifier
from emulator.runtime.air import APS, FRAMES, ApsLevelAir
from emulator.runtime.driver import DeviceDriver
from emulator.runtime.engine import Engine
from emulator.runtime.live.file_flash import FileFlash
from emulator.runtime.recorder import Recorder
from emulator.runtime.replay.recorded_device import Surroundings, bridge_facts
from emulator.runtime.replay.recording import Recording, entries_of
from emulator.runtime.replay.replaying import assert_same, replay
from tests.devices.world import pki
from tests.runtime.replay.recorded_world import BRIDGE, RecordedWorld, nobody, recorded

Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> RecordedWorld:
    return recorded(tmp_path_factory.mktemp("recorded"), FRAMES)


@pytest.fixture
def changed(world: RecordedWorld, tmp_path: Path) -> Callable[[Callable[[Lines], object], Path], Path]:
    """A recording in which something was changed."""

    def change(edit: Callable[[Lines], object], source: Path = world.bridge_file) -> Path:
        lines = [json.loads(line) for line in source.read_text().splitlines()]
        edit(lines)
        path = tmp_path / "changed.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return path

    return change


def first(lines: Lines, key: str, name: str) -> int:
    return next(number for number, line in enumerate(lines) if line.get(key) == name)


@pytest.mark.parametrize("fidelity", [APS, FRAMES])
@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_a_whole_update_plays_again_the_same(fidelity: str, suffix: str, tmp_path: Path) -> None:
    world = recorded(tmp_path, fidelity, suffix)
    for path in (world.hub_file, world.bridge_file):
        played = replay(path)
        assert (played.difference, played.notes) == (None, ())
        assert played.inputs > 150
        assert played.calls > 100
        octets = path.read_bytes()
        text = gzip.decompress(octets) if suffix.endswith(".gz") else octets
        for name in (b'"computed"', b'"set_link_key"' if path is world.bridge_file else b'"deliver_image"', b'"send"'):
            assert name in text


def test_the_same_run_is_the_same_recording(world: RecordedWorld, tmp_path: Path) -> None:
    again = recorded(tmp_path, FRAMES)
    assert again.hub_file.read_bytes() == world.hub_file.read_bytes()
    assert again.bridge_file.read_bytes() == world.bridge_file.read_bytes()


def test_another_size_of_blocks_is_another_behaviour(changed: Callable[..., Path]) -> None:
    path = changed(lambda lines: lines[0]["profile"]["ota"].update(block_octets=40))
    difference = replay(path).difference
    assert difference is not None
    assert "send[0].ApsMessage.payload" in difference.place
    assert difference.during.startswith("received(")
    with pytest.raises(AssertionError, match=r"changed\.jsonl: line \d+, at .* s, in received"):
        assert_same(path)


@pytest.mark.parametrize(
    "edit, said",
    [
        (lambda lines: lines.pop(first(lines, "out", "join")), "recorded nothing, came join(JoinSettings())"),
        (lambda lines: lines.insert(first(lines, "in", "network"), {"at": 1, "out": "leave", "args": []}), "leave()"),
        (lambda lines: lines[first(lines, "out", "resume")].update(at=5), "resume: now: recorded 5, came 100000"),
        (lambda lines: lines[first(lines, "out", "join")].update(out="resume"), "recorded resume("),
        (lambda lines: lines.pop(first(lines, "ask", "short_of")), "no such question"),
        (lambda lines: lines[0]["rng"].update(words="00000001" * 624), "payload"),
        (lambda lines: lines[0].update(install_code_key="00" * 16), "link_key"),
        (lambda lines: lines.insert(3, {"at": 1, "raised": "ValueError: no"}), "ValueError: no, came no error"),
        (lambda lines: lines.insert(3, {"at": 1, "in": "change_battery", "args": []}), "came LocalProtocolError"),
    ],
    ids=["extra", "missing", "moment", "other", "question", "seed", "key", "no-error", "error"],
)  # fmt: skip
def test_whatever_is_otherwise_is_told(
    edit: Callable[[Lines], object], said: str, changed: Callable[..., Path]
) -> None:
    difference = replay(changed(edit)).difference
    assert said in str(difference)
    assert "\n" not in str(difference)


@pytest.mark.parametrize(
    "edit, said",
    [
        (lambda lines: lines[0].update(role="stick"), "no device is in this recording"),
        (lambda lines: lines[0].update(eui64="none"), "no EUI-64"),
        (lambda lines: lines[0].pop("rng"), "damaged header"),
        (lambda lines: lines[0]["rng"].update(words="00"), "damaged header"),
        (lambda lines: lines[0].update(epoch="tomorrow"), "damaged header"),
        (lambda lines: lines[0]["profile"].update(wings=2), "profile: wings"),
        (lambda lines: lines[0]["memory"]["regions"].update(x="!"), "damaged header"),
        (lambda lines: lines[0]["standards"].update(wings=2), "no standard"),
        (lambda lines: lines.insert(2, {"at": 1, "in": "fly", "args": []}), "line 3: damaged: nobody calls 'fly'"),
        (lambda lines: lines.insert(2, {"at": 1, "in": "computed", "args": [0]}), "a result of nothing"),
        (lambda lines: lines.insert(2, {"at": 1, "in": "sent", "args": [1, {"hex": "0"}]}), "damaged: recorded value"),
    ],
    ids=["stick", "eui64", "missing", "randomness", "date", "profile", "memory", "standard", "call", "result", "value"],
)  # fmt: skip
def test_what_cannot_have_been_recorded_is_bad_input(
    edit: Callable[[Lines], object], said: str, changed: Callable[..., Path]
) -> None:
    with pytest.raises(BadInput, match=said) as error:
        replay(changed(edit))
    assert "\n" not in str(error.value)


def test_a_recording_that_was_cut_short_anywhere_is_the_same_as_far_as_it_goes(
    world: RecordedWorld, tmp_path: Path
) -> None:
    octets, path = world.bridge_file.read_bytes(), tmp_path / "cut.jsonl"
    begin = octets.index(b"\n") + 1
    rng = random.Random(1)
    for _ in range(12):
        path.write_bytes(octets[: rng.randrange(begin, len(octets) - 1)])
        played = replay(path)
        assert played.difference is None
        assert "was cut short" in played.notes[-1]


def test_what_is_changed_before_the_cut_is_told_all_the_same(changed: Callable[..., Path]) -> None:
    def edit(lines: Lines) -> None:
        lines[first(lines, "out", "join")]["out"] = "resume"
        del lines[-5:]

    assert replay(changed(edit)).difference is not None


# --- whoever calls ---------------------------------------------------------------------------------------------------


def bridge_on(engine: Engine, path: Path, memory: BridgeMemory | None = None) -> tuple[Bridge, Recording]:
    """A bridge alone, without keys of its own."""
    air = ApsLevelAir(engine, SeededStreams(1), Recorder([]))
    recording = Recording.open(path, lambda: engine.now)
    profile, credentials = load_joiner("bridge-4"), BridgeCredentials(bytes(16), pki().identity(BRIDGE))
    rng = SeededStreams(1).stream("b")
    around = Surroundings("b", Standards(), rng, more={"stick": {"chip": "none"}})
    verifier = load_verifier(Path(str(public_key_path(profile))))
    port, credentials = recording.bridge(around, air.port(BRIDGE, "b"), profile, credentials, memory, verifier)
    device = Bridge(port, profile, credentials, Standards(), rng, nobody, memory=memory, verifier=verifier)
    DeviceDriver(engine, port, device).arm()
    recording.watch(device)
    return device, recording


def test_what_a_bridge_kept_is_part_of_it_and_so_are_its_battery_and_its_errors(tmp_path: Path) -> None:
    engine, first_life, second_life = Engine(), tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    memory = BridgeMemory()
    device, recording = bridge_on(engine, first_life, memory)
    device.power_on(0)
    device.power_off(5, reason="storm")
    device.change_battery(now=6)
    engine.run_until(10_000_000)
    recording.close()
    memory.change(alerts=(b"an alert",))
    device, recording = bridge_on(engine, second_life, memory)
    device.power_on(engine.now)
    recording.note("a remark", why="none")
    recording.close()
    recording.close()
    for path in (first_life, second_life):
        assert replay(path).difference is None
    text = first_life.read_text()
    assert '"power_off","args":["storm"]' in text
    assert '"radio_use"' in text
    assert '"stick":{"chip":"none"}' in text
    assert first_life.read_text().splitlines()[0] != second_life.read_text().splitlines()[0]


def test_an_error_that_a_call_ended_in_is_recorded_and_comes_again(tmp_path: Path) -> None:
    engine, path = Engine(), tmp_path / "a.jsonl"
    recording = Recording.open(path, lambda: engine.now)
    world = RecordedWorld(tmp_path, APS)
    with pytest.raises(BadInput):
        world.hub.deliver_image(b"no image", [BRIDGE], 0)
    with pytest.raises(LocalProtocolError):
        world.hub.restart(0)
    world.close()
    recording.close()
    assert replay(world.hub_file).difference is None
    assert '"raised":"LocalProtocolError' in world.hub_file.read_text()


def test_a_key_that_a_device_makes_of_its_own_is_an_answer(tmp_path: Path) -> None:
    recording = Recording.open(tmp_path / "a.jsonl", lambda: 0)
    own = pki().identity(BRIDGE).own_keys
    recorded_keys = recording.identity(pki().identity(BRIDGE)).own_keys
    usage = KeyUsage.DIGITAL_SIGNATURE
    assert recorded_keys.new_key(usage, 1).private_numbers() == own.new_key(usage, 1).private_numbers()
    assert recorded_keys.made_with(usage) == own.made_with(usage)
    recording.close()
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [line.get("ask") for line in lines] == [None, "new_key", "made_with", None]
    assert lines[0]["role"] == "stick"


def test_whoever_calls_a_device_with_a_moment_is_recorded() -> None:
    assert {"received", "sent", "network", "on_timeout", "power_on", "power_off", "restart"} <= entries_of(
        Bridge
    ).keys()
    assert {"deliver_image", "deliver_gbcs", "register", "overwrite_image"} <= entries_of(CommsHub).keys()
    assert entries_of(Bridge)["power_off"] == 0
    assert entries_of(CommsHub)["deliver_image"] == 2


def test_a_check_of_signatures_of_ones_own_cannot_be_recorded() -> None:
    around, profile = Surroundings("b", Standards(), random.Random(1)), load_joiner("bridge-1")
    for verifier in (custom(lambda _: True), lambda _: SignatureStatus.GOOD):
        with pytest.raises(BadInput, match="cannot be recorded"):
            bridge_facts(around, BRIDGE, profile, BridgeCredentials(bytes(16)), None, verifier)


def test_a_device_that_draws_from_the_systems_randomness_cannot_be_recorded() -> None:
    around = Surroundings("b", Standards(), SystemStreams().stream("b"))
    with pytest.raises(BadInput, match="cannot be recorded"):
        bridge_facts(around, BRIDGE, load_joiner("bridge-1"), BridgeCredentials(bytes(16)))


def test_a_bridge_whose_flash_is_files_plays_again_with_half_an_image_in_them(tmp_path: Path) -> None:
    world = RecordedWorld(tmp_path, APS, memory=BridgeMemory(FileFlash(tmp_path / "flash")))
    for step in (world.form, world.join, world.offer):
        world.until(step())
    world.bridge.power_off(world.engine.now)
    world.close()
    kept = world.bridge.images.received
    assert kept > 0
    life = tmp_path / "second"
    life.mkdir()
    again = RecordedWorld(life, APS, memory=BridgeMemory(FileFlash(tmp_path / "flash")))
    again.bridge.power_on(0)
    assert again.bridge.images.received == kept
    again.close()
    for path in (world.bridge_file, again.bridge_file):
        assert replay(path).difference is None
    header = json.loads(again.bridge_file.read_text().splitlines()[0])
    assert "image/slot" in header["memory"]["regions"]


async def test_what_is_recorded_is_in_the_file_while_a_loop_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.runtime.replay.recording.FLUSH_EVERY_S", 0.01)
    path = tmp_path / "a.jsonl"
    recording = Recording.open(path, lambda: 7)
    recording.serial.opened()
    assert path.read_text() == ""
    recording.describe({"role": "stick"})
    assert len(path.read_text().splitlines()) == 2
    recording.serial.received(b"\x01")
    recording.serial.sent(b"\x02")
    async with asyncio.timeout(5):
        while len(path.read_text().splitlines()) < 4:  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)
    recording.close()
    recording.serial.sent(b"\x03")
    assert [json.loads(line) for line in path.read_text().splitlines()][1:] == [
        {"at": 7, "line": "opened"}, {"at": 7, "rx": "01"}, {"at": 7, "tx": "02"},
        {"at": 7, "note": "end", "fields": {}},
    ]  # fmt: skip
    assert recording.failure is None
