"""`althan hub run` and `althan bridge run`: a whole update, an end at any moment, and everybody told why."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep

import pytest

from emulator.cbke.authority import CertificateAuthority
from emulator.cbke.authority_folder import authority_files, certificate_file, device_files
from emulator.cbke.suite import SUITES
from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.rng import SeededStreams
from emulator.core.standards import Standards
from emulator.devices.bridge.memory import BridgeMemory
from emulator.runtime.live.file_flash import FileFlash
from emulator.runtime.replay.replaying import replay
from tests.e2e.sticks.live import CODE, LIMIT_S, NEW, OLD, Life, Rig, rig, virtually

pytestmark = pytest.mark.e2e

BLOCK = 50
WAIT_S = 60


async def both(hub: Life, bridge: Life) -> tuple[bool, bool]:
    async with asyncio.timeout(LIMIT_S):
        return await hub.task, await bridge.task


def running(rig: Rig) -> int:
    """The version that the bridge's memory says it runs."""
    active = BridgeMemory(FileFlash(rig.folder / "state-1" / "flash")).images(768_000, OLD).active
    assert active is not None
    return active.file_version


def received(rig: Rig) -> int:
    """Octets that the bridge's memory has of an image."""
    return BridgeMemory(FileFlash(rig.folder / "state-1" / "flash")).images(768_000, OLD).received


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another program does."""
    end = monotonic() + WAIT_S
    while not condition():
        assert monotonic() < end
        sleep(0.02)


@virtually
async def test_a_bridge_is_let_in_updated_heard_and_asked(tmp_path: Path) -> None:
    async with rig(tmp_path) as two:
        hub, bridge = two.hub(), two.bridge()
        assert await both(hub, bridge) == (True, True)
        assert running(two) == NEW
        (received,) = bridge.ear.of("bridge.image-received")
        assert received.fields["sha256"] == sha256(two.image().read_bytes()).hexdigest()
        assert next(event.reason for event in hub.ear.of("hub.let-in")) == "install-code"
        (alert,) = (each for each in hub.ear.of("acb.alert") if each.fields.get("alert_code") == "8f8b")
        assert alert.fields["device"] == eui64_text(two.bridge_eui64)
        assert "0129" in [event.fields.get("message_code") for event in hub.ear.of("acb.response")]
        for life in (hub, bridge):
            assert [event.reason for event in life.ear.of("trust.link-key-probe")] == [None]
            (expected,), (measured,) = life.ear.of("update.expected"), life.ear.of("update.measured")
            assert expected.fields["blocks"] == measured.fields["blocks"] == 5_000 // BLOCK
            assert measured.fields["took_s"] == pytest.approx(
                sum(float(str(measured.fields[name])) for name in ("ours_s", "link_s", "theirs_s")), abs=0.01
            )


@virtually
async def test_a_bridge_says_what_another_hub_needs_before_it_sends_anything(tmp_path: Path) -> None:
    async with rig(tmp_path) as two:
        bridge = two.bridge()
        await bridge.until(lambda: bridge.ear.identity)
        assert not bridge.ear.of("bridge.joined")
        identity = bridge.ear.identity
        assert identity["allow"] == f"{eui64_text(two.bridge_eui64)}={identity['install_code']}"
        assert str(identity["install_code"]).startswith(CODE.hex().upper())
        assert identity["descriptor"] == {
            "endpoint": 1, "profile_id": "0109", "device_id": "0506",
            "in_clusters": ["0000", "0003", "0800"], "out_clusters": ["000a", "0019", "0025", "0704", "0800"],
        }  # fmt: skip
        await bridge.end()


@virtually
async def test_both_go_on_where_they_were_after_an_end_in_the_middle_of_a_download(tmp_path: Path) -> None:
    async with rig(tmp_path) as two:
        image = two.image(20_000)
        hub, bridge = two.hub(image=image), two.bridge()
        await bridge.until(lambda: bridge.ear.of("ota.progress"))
        await bridge.end()
        await hub.end()
        assert running(two) == OLD
        hub, bridge = two.hub(image=image), two.bridge()
        assert await both(hub, bridge) == (True, True)
        assert running(two) == NEW
        (started,) = bridge.ear.of("ota.started")
        assert isinstance(started.fields["offset"], int)
        assert started.fields["offset"] > 0
        assert not bridge.ear.of("cbke.initiator.started")
        assert bridge.ear.identity["start"] == hub.ear.identity["start"] == 2


@virtually
async def test_a_guest_that_has_the_image_is_not_offered_it_again(tmp_path: Path) -> None:
    async with rig(tmp_path) as two:
        assert await both(two.hub(), two.bridge()) == (True, True)
        hub = two.hub(stick=two.stick(0, once=False))
        bridge = two.bridge(stick=two.stick(1, once=False))
        await bridge.until(lambda: bridge.ear.of("ota.query"))
        await hub.until(lambda: "0129" in [each.fields.get("message_code") for each in hub.ear.of("acb.response")])
        assert not hub.ear.of("hub.image")
        await bridge.end()
        await hub.end()


@virtually
async def test_who_knocks_without_being_named_is_kept_out_and_the_hub_says_why(tmp_path: Path) -> None:
    async with rig(tmp_path) as two:
        hub = two.hub(stick=two.stick(0, once=False), guests=(), image=None)
        await hub.until(lambda: hub.ear.of("hub.network-up"))
        two.sticks[0].enter(lambda now: two.sticks[0].chip.port.permit_joining(now + 60_000_000, now))
        bridge = two.bridge()
        await hub.until(lambda: hub.ear.of("hub.join-refused"))
        (refused, *_) = hub.ear.of("hub.join-refused")
        assert (refused.fields["device"], refused.reason) == (eui64_text(two.bridge_eui64), "not-in-log")
        await bridge.end()
        await hub.end()


@virtually
async def test_without_key_establishment_the_update_goes_under_the_key_of_the_install_code(tmp_path: Path) -> None:
    async with rig(tmp_path) as two:
        hub, bridge = two.hub(stick=two.stick(0, cbke=False)), two.bridge(stick=two.stick(1, cbke=False), issue=False)
        assert await both(hub, bridge) == (True, True)
        assert not bridge.ear.of("cbke.initiator.started")


@virtually
async def test_a_sleepy_bridge_is_updated_as_well(tmp_path: Path) -> None:
    async with rig(tmp_path) as two:
        sleepy = tmp_path / "sleepy.toml"
        sleepy.write_text(two.profile.read_text().replace('node = "router"', 'node = "sleepy"\npoll_interval_s = 0.2'))
        hub, bridge = two.hub(), two.bridge(profile=str(sleepy))
        assert await both(hub, bridge) == (True, True)
        device = bridge.ear.identity["device"]
        assert isinstance(device, dict)
        assert device["node"] == "sleepy"


@virtually
async def test_an_established_key_that_is_put_elsewhere_is_tried_as_well(tmp_path: Path) -> None:
    async with rig(tmp_path) as two:
        standards = Standards({"keys.method": "link-table", "gbcs_get_interval": 0.5})
        hub, bridge = two.hub(), two.bridge(stick=two.stick(1, standards=standards))
        assert await both(hub, bridge) == (True, True)
        assert [event.reason for event in bridge.ear.of("trust.link-key-probe")] == [None]


@virtually
async def test_a_hub_without_the_bridges_certificate_updates_it_and_says_what_it_cannot_check(tmp_path: Path) -> None:
    async with rig(tmp_path) as two:
        authority = CertificateAuthority.generate(SUITES[2], SeededStreams(9))
        ca = write(tmp_path / "ca", authority)
        hub = two.hub(stick=two.stick(0, pki=None, ca=ca))
        bridge = two.bridge(stick=two.stick(1, pki=None, ca=ca, once=False))
        async with asyncio.timeout(LIMIT_S):
            assert await hub.task
        assert hub.ear.of("hub.keys-unknown")
        await bridge.until(lambda: running(two) == NEW)
        await bridge.end()


def write(folder: Path, authority: CertificateAuthority, *devices: Eui64) -> Path:
    """A test CA in a folder, as `althan cbke issue` makes it."""
    folder.mkdir()
    issued = [authority.issue(device, SeededStreams(1)) for device in devices]
    for name, file in {**authority_files(authority), **device_files(issued)}.items():
        (folder / name).write_text(file.text)
    return folder


@virtually
async def test_a_certificate_for_another_stick_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    other = Eui64(0x00DB_1200_0000_7777)
    async with rig(tmp_path) as two:
        folder = write(tmp_path / "ca", CertificateAuthority.generate(SUITES[2], SeededStreams(9)), other)
        bridge = two.bridge(certificate=folder / certificate_file(other))
        with pytest.raises(BadInput, match=f"{eui64_text(other)}, and the stick is {eui64_text(two.bridge_eui64)}"):
            await bridge.task
        assert bridge.ear.events == []


@virtually
async def test_a_certificate_for_the_stick_is_taken_with_its_key_beside_it(tmp_path: Path) -> None:
    async with rig(tmp_path) as two:
        authority = CertificateAuthority.generate(SUITES[2], SeededStreams(9))
        folder = write(tmp_path / "ca", authority, two.bridge_eui64)
        hub = two.hub(stick=two.stick(0, ca=folder))
        bridge = two.bridge(certificate=folder / certificate_file(two.bridge_eui64), issue=False)
        assert await both(hub, bridge) == (True, True)


@virtually
async def test_a_bridge_without_a_certificate_says_what_there_is_to_do(tmp_path: Path) -> None:
    async with rig(tmp_path) as two:
        with pytest.raises(BadInput, match=r"there is no certificate for .*--issue-test-certificate.*--no-cbke"):
            await two.bridge(issue=False).task


@virtually
async def test_a_han_stays_on_its_channel(tmp_path: Path) -> None:
    async with rig(tmp_path) as two:
        hub = two.hub(channel=20, guests=(), image=None, stick=two.stick(0, once=False))
        await hub.until(lambda: hub.ear.of("hub.network-up"))
        await hub.end()
        with pytest.raises(BadInput, match="--channel: this HAN is on 20"):
            await two.hub(channel=21).task


@virtually
async def test_a_stick_that_has_left_the_han_of_its_folder_is_told_with_what_to_do(tmp_path: Path) -> None:
    async with rig(tmp_path) as two:
        plan = {"guests": (), "image": None, "stick": two.stick(0, once=False)}
        hub = two.hub(**plan)
        await hub.until(lambda: hub.ear.of("hub.network-up"))
        await hub.end()
        two.sticks[0].chip.node.memory.membership = None
        hub = two.hub(**plan)
        with pytest.raises(BadInput, match=r"not in the HAN of this folder any more .*stick restore.*--state"):
            await hub.until(lambda: False)


@virtually
async def test_an_image_that_is_not_for_the_bridge_ends_in_its_reason(tmp_path: Path) -> None:
    async with rig(tmp_path) as two:
        wrong = tmp_path / "wrong.toml"
        wrong.write_text(two.profile.read_text().replace("image_type = 0x00B1", "image_type = 0x00B2"))
        hub, bridge = two.hub(), two.bridge(profile=str(wrong), stick=two.stick(1, once=False))
        async with asyncio.timeout(LIMIT_S):
            assert not await hub.task
        assert [each.reason for each in hub.ear.of("hub.image")][-1] == "wrong-image-type"
        await bridge.end()


@virtually
async def test_a_recorded_hub_and_a_recorded_bridge_do_the_same_again(tmp_path: Path) -> None:
    hub_file, bridge_file = tmp_path / "hub.jsonl.gz", tmp_path / "bridge.jsonl"
    async with rig(tmp_path) as two:
        hub = two.hub(stick=two.stick(0, record=hub_file))
        bridge = two.bridge(stick=two.stick(1, record=bridge_file))
        assert await both(hub, bridge) == (True, True)
    for path in (hub_file, bridge_file):
        assert path.stat().st_mode & 0o077 == 0
        played = replay(path)
        assert played.difference is None, played.difference
        assert played.inputs > 5_000 // BLOCK


# As a user has them: programs


def serve(folder: Path) -> tuple[subprocess.Popen[str], list[dict[str, str]]]:
    command = [sys.executable, "-m", "emulator", "ncp", "serve", "--count", "2", "--air", "instant", "--pty", "--json"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, [json.loads(process.stdout.readline()) for _ in range(2)]


def program(folder: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "emulator", *map(str, arguments), "--json", "--pki", "pki"]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
    )


def lines_until(process: subprocess.Popen[str], event: str) -> dict[str, object]:
    """What it prints, up to an event, which is given back."""
    assert process.stdout is not None
    for line in process.stdout:
        found: dict[str, object] = json.loads(line)
        if found["event"] == event:
            return found
    assert process.stderr is not None
    raise AssertionError(f"no {event}: {process.stderr.read()}")


def test_programs_go_on_after_a_kill_and_end_well_when_told_to(tmp_path: Path) -> None:
    files = Rig(tmp_path, [], [])
    octets, profile = files.image(20_000), files.profile
    served, (first, second) = serve(tmp_path)
    programs = [served]
    try:
        allow = f"{second['eui64']}={CODE.hex()}"
        hub = program(
            tmp_path, "hub", "run", "--port", f"ezsp:{first['pty']}", "--allow", allow, "--image", octets
        )  # fmt: skip
        programs.append(hub)
        lines_until(hub, "hub.network-up")
        on_bridge = (
            "bridge", "run", "--port", f"ezsp:{second['pty']}", "--profile", profile, "--install-code", CODE.hex(),
            "--issue-test-certificate", "--state", "state-1",
        )  # fmt: skip
        bridge = program(tmp_path, *on_bridge)
        programs.append(bridge)
        lines_until(bridge, "update.expected")
        until(lambda: received(files) > 1_000)
        bridge.kill()
        bridge = program(tmp_path, *on_bridge)
        programs.append(bridge)
        started = lines_until(bridge, "ota.started")
        assert isinstance(started["offset"], int)
        assert started["offset"] > 0
        activated = lines_until(bridge, "bridge.activated")
        assert activated["after"] == f"{NEW:08X}"
        assert started["size"] == octets.stat().st_size
        for process in (bridge, hub):
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=60)
            assert (process.returncode, err) == (0, "")
    finally:
        for process in programs:
            process.kill()
            process.communicate()
