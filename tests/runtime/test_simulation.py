"""The Python API: a HAN in virtual time, offers, outcomes, versions, and what happens when things go wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import emulator
from emulator.core.clock import HOUR, MINUTE
from emulator.core.errors import BadInput, LocalProtocolError
from emulator.core.events import Event
from emulator.image.catalogue import find_recipe
from emulator.image.file import OtaFile
from emulator.observe.event_log import EventLog
from emulator.runtime import pump as pump_module
from emulator.runtime.han import BridgeHandle, Han
from emulator.runtime.loop import run_virtual
from emulator.runtime.simulation import Simulation

SIZE = 4_096
BRIDGE_1 = Path(__file__).resolve().parents[2] / "hw_profiles" / "bridge-1.toml"


@pytest.fixture(scope="module")
def image() -> OtaFile:
    """An image for bridge-1."""
    return find_recipe("b1").build(size=SIZE)


async def updated(sim: Simulation, image: OtaFile) -> Han:
    """The ten lines of the design, up to the outcome."""
    han = await sim.han(hub="hub", bridges=["bridge-1"])
    await han.hub.offer(image, to=han.bridges[0])
    outcome = await han.bridges[0].update_finished()
    assert outcome.activated
    return han


# --- the ten lines ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fidelity", ["frames", "aps"])
async def test_the_ten_lines_of_the_design_work(image: OtaFile, fidelity: str) -> None:
    async with emulator.simulate(seed=7, fidelity=fidelity) as sim:
        han = await sim.han(hub="hub", bridges=["bridge-1"])
        await han.hub.offer(image, to=han.bridges[0])
        outcome = await han.bridges[0].update_finished()
        version = await han.acb.read_firmware_version(han.bridges[0])
    assert (outcome.activated, outcome.version, outcome.reason) == (True, "00020000", None)
    assert outcome.alert is not None
    assert (outcome.alert.alert_code, outcome.alert.result) == (0x8F8B, 0)
    assert str(version) == "00020000"
    assert version.response_code == 0


def test_it_runs_on_a_loop_in_virtual_time_as_well(image: OtaFile) -> None:
    async def main() -> int:
        async with emulator.simulate(seed=7) as sim:
            await updated(sim, image)
            return sim.now

    assert run_virtual(main()) == asyncio.run(main())


async def test_nothing_is_left_running_afterwards(image: OtaFile) -> None:
    async with emulator.simulate(seed=7) as sim:
        await updated(sim, image)
        waiting = asyncio.create_task(sim.until(lambda: False, 10 * HOUR))
        await asyncio.sleep(0)
    assert asyncio.all_tasks() <= {asyncio.current_task(), waiting}
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(LocalProtocolError):
        await sim.sleep(1)


async def test_an_image_may_be_octets_a_file_read_or_a_path(image: OtaFile, tmp_path: Path) -> None:
    path = tmp_path / "image.zigbee"
    path.write_bytes(image.octets)
    for given in (image, image.octets, path):
        async with emulator.simulate(seed=7, fidelity="aps") as sim:
            han = await sim.han()
            await han.hub.offer(given, to=han.bridges)
            assert (await han.bridges[0].update_finished()).activated


# --- time ------------------------------------------------------------------------------------------------------------


async def test_time_passes_where_one_asks_for_it() -> None:
    async with emulator.simulate(seed=7, fidelity="aps") as sim:
        await sim.sleep(12.5)
        assert sim.now == 12_500_000
        await sim.run_until(20)
        assert sim.now == 20_000_000
        await sim.run_until(5)
        assert sim.now == 20_000_000
        assert not await sim.until(lambda: False, sim.now + MINUTE)
        assert sim.now == 80_000_000


async def test_a_wait_that_is_given_up_leaves_the_run_usable(image: OtaFile) -> None:
    async with emulator.simulate(seed=7) as sim:
        han = await sim.han()
        await han.hub.offer(image, to=han.bridges[0])
        watching = asyncio.create_task(han.bridges[0].update_finished())
        await sim.sleep(1)
        watching.cancel()
        assert (await han.bridges[0].update_finished()).activated


async def _events_of_four(image: OtaFile) -> tuple[bytes, list[str]]:
    """What four bridges that are awaited at once report, and in which order they came back."""
    written = bytearray()

    class Sink:
        def write(self, octets: bytes, /) -> None:
            written.extend(octets)

        def flush(self) -> None:
            """Nothing is held back."""

    log = EventLog(Sink())
    order: list[str] = []

    async def follow(han: Han, bridge: BridgeHandle) -> None:
        assert (await bridge.update_finished()).activated
        assert str(await han.acb.read_firmware_version(bridge)) == "00020000"
        order.append(bridge.name)

    async with emulator.simulate(seed=7, sinks=[log]) as sim:
        han = await sim.han(bridges=["bridge-1"] * 4)
        await han.hub.offer(image, to=han.bridges)
        await asyncio.gather(*(follow(han, bridge) for bridge in han.bridges))
    log.flush()
    return bytes(written), order


async def test_several_that_wait_at_once_are_the_same_run_however_fast_the_machine_is(
    monkeypatch: pytest.MonkeyPatch, image: OtaFile
) -> None:
    usual = await _events_of_four(image)
    monkeypatch.setattr(pump_module, "SLICE_MILLISECONDS", 0)
    assert await _events_of_four(image) == usual
    assert sorted(usual[1]) == [f"bridge-1.{number}" for number in range(1, 5)]


# --- HANs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fidelity", ["frames", "aps"])
async def test_several_hans_run_side_by_side(image: OtaFile, fidelity: str) -> None:
    events: list[Event] = []
    async with emulator.simulate(seed=7, fidelity=fidelity, sinks=[events.append]) as sim:
        hans = [
            await sim.han(bridges=["bridge-1"] * 2, name=f"house-{number}", channel=11 + number) for number in range(3)
        ]
        for han in hans:
            await han.hub.offer(image, to=han.bridges)
        bridges = [bridge for han in hans for bridge in han.bridges]
        outcomes = await asyncio.gather(*(bridge.update_finished() for bridge in bridges))
        assert all(outcome.activated for outcome in outcomes)
        versions = [await han.acb.read_firmware_version(han.bridges[1]) for han in hans]
    assert {str(version) for version in versions} == {"00020000"}
    assert len({bridge.name for bridge in bridges}) == 6
    assert len({bridge.eui64 for bridge in bridges}) == 6
    channels = {event.fields["channel"] for event in events if event.kind == "bridge.joined"}
    assert channels == {11, 12, 13}


async def test_what_makes_no_han_is_bad_input() -> None:
    async with emulator.simulate(seed=7, fidelity="aps") as sim:
        await sim.han(name="a")
        with pytest.raises(BadInput, match="already"):
            await sim.han(name="a")
        for wrong in (
            sim.han(name="b", channel=10),
            sim.han(name="b", channel=27),
            sim.han(name="b", hops=0),
            sim.han(name="b", bridges=["bridge-1"] * 7),
            sim.han(name="b", hops=3, bridges=["bridge-1"] * 5),
            sim.han(name="b", bridges=["hub"]),
            sim.han(name="b", hub="bridge-1"),
            sim.han(name="b", bridges=["no-such-bridge"]),
        ):
            with pytest.raises(BadInput):
                await wrong


def test_what_makes_no_simulation_is_bad_input() -> None:
    with pytest.raises(BadInput, match="frames, aps"):
        emulator.simulate(fidelity="photons")
    with pytest.raises(BadInput, match="nonsense"):
        emulator.simulate(standards={"nonsense": 1})
    with pytest.raises(BadInput, match="ota_block_octets"):
        emulator.simulate(standards={"ota_block_octets": 0})


@pytest.mark.parametrize("octets", [b"", b"no OTA file", b"\x1e\xf1\xee\x0b" + bytes(20)])
async def test_what_is_no_image_is_bad_input(octets: bytes) -> None:
    async with emulator.simulate(seed=7, fidelity="aps") as sim:
        han = await sim.han()
        with pytest.raises(BadInput):
            await han.hub.offer(octets, to=han.bridges[0])
        with pytest.raises(BadInput):
            await han.hub.offer(Path("/nowhere/image.zigbee"), to=han.bridges[0])


async def test_an_image_over_the_limit_is_not_loaded_into_a_hub(image: OtaFile) -> None:
    async with emulator.simulate(seed=7, fidelity="aps", standards={"limits.image_octets": SIZE - 1}) as sim:
        han = await sim.han()
        with pytest.raises(BadInput, match=str(SIZE - 1)):
            await han.hub.offer(image, to=han.bridges[0])


async def test_a_file_that_cannot_be_written_any_more_ends_the_run_in_bad_input(image: OtaFile) -> None:
    taken: list[Event] = []

    def full(event: Event) -> None:
        taken.append(event)
        if event.kind == "ota.progress":
            raise BadInput("no space left on device", where="events.jsonl")

    async with emulator.simulate(seed=7, sinks=[full]) as sim:
        with pytest.raises(BadInput, match="no space left"):
            await updated(sim, image)
        with pytest.raises(BadInput, match="no space left"):
            await sim.sleep(1)
    assert sum(event.kind == "ota.progress" for event in taken) == 1


# --- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fidelity", ["frames", "aps"])
async def test_a_bridge_that_cannot_join_fails_with_the_reason_and_does_not_hang(image: OtaFile, fidelity: str) -> None:
    async with emulator.simulate(seed=7, fidelity=fidelity) as sim:
        han = await sim.han(bridges=["bridge-1"], link=emulator.Link(loss=1.0))
        bridge = han.bridges[0]
        assert not bridge.is_up
        assert sim.now <= HOUR
        await han.hub.offer(image, to=bridge)
        outcome = await bridge.update_finished()
        assert not outcome.activated
        assert outcome.reason
        assert outcome.reason == bridge.refusal
        with pytest.raises(emulator.CannotRead):
            await han.acb.read_firmware_version(bridge)


async def test_an_update_that_never_ends_is_bounded(image: OtaFile) -> None:
    async with emulator.simulate(seed=7, fidelity="aps") as sim:
        han = await sim.han()
        began = sim.now
        outcome = await han.bridges[0].update_finished(limit=2 * HOUR)
        assert (outcome.activated, outcome.reason) == (False, "time-limit")
        assert sim.now == began + 2 * HOUR
        await han.hub.offer(image, to=han.bridges[0])
        assert (await han.bridges[0].update_finished()).activated


@pytest.mark.parametrize("hub, bridge", [("hub-2020", "bridge-1"), ("hub", "bridge-1-early")])
async def test_what_nothing_can_come_of_is_known_within_a_minute(image: OtaFile, hub: str, bridge: str) -> None:
    async with emulator.simulate(seed=7) as sim:
        han = await sim.han(hub=hub, bridges=[bridge])
        began = sim.now
        await han.hub.offer(image, to=han.bridges[0])
        outcome = await han.bridges[0].update_finished()
        assert outcome.reason in {"hub-has-no-firmware-for-ppmids", "no-ota-cluster"}
        assert sim.now - began < MINUTE


async def test_an_image_loaded_meanwhile_overwrites_and_the_losers_outcome_says_so(image: OtaFile) -> None:
    other = find_recipe("b2").build(size=SIZE)
    async with emulator.simulate(seed=7) as sim:
        han = await sim.han(bridges=["bridge-1", "bridge-2"])
        loser, winner = han.bridges
        await han.hub.offer(image, to=loser)
        await sim.until(lambda: loser.progress[0] > SIZE // 2)
        await han.hub.overwrite(other, to=winner)
        lost, won = await loser.update_finished(), await winner.update_finished()
    assert (lost.activated, lost.reason, lost.version) == (False, "image-overwritten", "00010000")
    assert (won.activated, won.version) == (True, "00020000")


@pytest.mark.parametrize("who", ["hub", "bridge"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.98])
@pytest.mark.parametrize("fidelity", ["frames", "aps"])
async def test_a_restart_in_the_middle_resumes_where_it_stopped(
    image: OtaFile, fidelity: str, share: float, who: str
) -> None:
    events: list[Event] = []
    async with emulator.simulate(seed=7, fidelity=fidelity, sinks=[events.append]) as sim:
        han = await sim.han()
        bridge = han.bridges[0]
        await han.hub.offer(image, to=bridge)
        # Progress is reported for every percent.
        await sim.until(lambda: bridge.progress[0] > share * SIZE)
        before = bridge.progress[0]
        (han.hub if who == "hub" else bridge).restart()
        outcome = await bridge.update_finished()
        assert outcome.activated
        assert bridge.usage.counters.blocks * 50 < SIZE + 100
    assert 0 < before < SIZE
    resumed = [event for event in events if event.kind == "ota.started" and event.reason == "resumed"]
    assert who == "hub" or [event.fields["offset"] for event in resumed] == [before]


async def test_an_update_can_follow_another(image: OtaFile) -> None:
    recipe = find_recipe("b1")
    async with emulator.simulate(seed=7, fidelity="aps") as sim:
        han = await updated(sim, image)
        bridge = han.bridges[0]
        again = recipe.build(size=SIZE)
        await han.hub.offer(again, to=bridge)
        outcome = await bridge.update_finished()
        assert not outcome.activated
        assert outcome.reason == "not-an-upgrade"
        assert outcome.version == "00020000"
        assert outcome.alert is None


async def test_keys_and_frames_are_handed_out_for_a_capture(image: OtaFile) -> None:
    keys: list[tuple[bytes, str]] = []
    frames: list[int] = []
    async with emulator.simulate(
        seed=7,
        keys=lambda key, label: keys.append((key, label)),
        capture=lambda at, psdu, rssi, lqi, channel: frames.append(at),
    ) as sim:
        await updated(sim, image)
        assert len(frames) == sim.air.frames
    labels = {"network key of hub", "link key of bridge-1", "established link key of bridge-1"}
    assert {label for _, label in keys} == labels
    assert all(len(key) == 16 for key, _ in keys)


async def test_a_profile_of_ones_own_is_found_in_a_folder(image: OtaFile, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(BRIDGE_1.read_text().replace("0x0102", "0x0103"))
    async with emulator.simulate(seed=7, fidelity="aps", profiles=[tmp_path]) as sim:
        han = await sim.han(bridges=["mine"])
        await han.hub.offer(image, to=han.bridges)
        assert (await han.bridges[0].update_finished()).activated
        assert han.bridges[0].device.profile.hardware_version == 0x0103


async def test_stages_are_told_in_words_for_people(image: OtaFile) -> None:
    seen: list[str] = []
    async with emulator.simulate(seed=7) as sim:
        handles: list[BridgeHandle] = []

        def note(_event: Event) -> None:
            for handle in handles:
                if not seen or seen[-1] != handle.stage:
                    seen.append(handle.stage)

        sim.recorder.watchers.append(note)
        han = await sim.han()
        handles.append(han.bridges[0])
        await han.hub.offer(image, to=han.bridges[0])
        await han.bridges[0].update_finished()
        await sim.sleep(60)
    wanted = ["downloading", "verifying", "asking whether to activate", "activating", "restarting"]
    assert [stage for stage in seen if stage in wanted] == wanted
    assert seen[-1] == "done"
    assert "reporting the activation" in seen


@pytest.mark.parametrize("fidelity", ["frames", "aps"])
async def test_a_new_network_key_is_told_and_everybody_goes_on_under_it(image: OtaFile, fidelity: str) -> None:
    labels: list[str] = []
    async with emulator.simulate(seed=7, fidelity=fidelity, keys=lambda _, label: labels.append(label)) as sim:
        han = await sim.han(bridges=["bridge-1"])
        await han.hub.rotate_network_key()
        await han.hub.offer(image, han.bridges)
        assert (await han.bridges[0].update_finished()).activated
    assert "network key 2 of hub" in labels
