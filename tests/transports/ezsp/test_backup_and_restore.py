"""A network out of one stick and into another: who had joined goes on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial
from random import Random
from typing import TypeVar, cast

import pytest

from emulator.core.clock import MINUTE, SECOND
from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64
from emulator.ncp.tables import VERSIONS
from emulator.ports.aps import ApsPort, NetworkUp, NodeType, Outcome
from emulator.transports.ezsp.backup import present, read_backup
from emulator.transports.ezsp.backup_file import BackupDevice, BackupKey, NetworkBackup, decode_backup, encode_backup
from emulator.transports.ezsp.memory_line import offered
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.port import EzspPort, open_port
from emulator.transports.ezsp.restore import MARGIN, Restored, Restoring, _write_children, counters, look, restore
from emulator.transports.ezsp.settings import EzspSettings
from emulator.transports.ezsp.stick import Stick
from tests.transports.aps_port_conformance import BRIDGE, HUB, NETWORK, NEW_KEY, NEXT_HUB, Device, pair_of, replace_key
from tests.transports.ezsp.stick_world import StickWorld

SETTINGS = EzspSettings()
WHERE = "ezsp:here"
CHILD_TABLE = 0x0001_0580
Result = TypeVar("Result")


class World(StickWorld):
    """Its sticks can be had without a port, too."""

    def with_stick(self, eui64: Eui64, work: Callable[[Stick], Awaitable[Result]]) -> Result:
        """Do something with a stick that nobody else has; it is off the air before and after."""

        async def opened() -> Result:
            with offered(self.lines[eui64]) as address:
                stick, _ = await open_stick(address, lambda _: None)
                try:
                    return await work(stick)
                finally:
                    await stick.reset()
                    await stick.close()

        return self.answer(opened())

    def fresh(self, eui64: Eui64) -> None:
        """A stick that was never in a network."""
        self.answer(cast("EzspPort", self.port(eui64)).close())

    def backup(self, eui64: Eui64) -> NetworkBackup:
        return self.with_stick(eui64, lambda stick: read_backup(stick, WHERE, "2026-01-02", "test", SETTINGS))

    def restore(self, eui64: Eui64, plan: Restoring) -> Restored:
        async def work(stick: Stick) -> Restored:
            return await restore(stick, plan, await look(stick, plan, WHERE))

        return self.with_stick(eui64, work)


class Reopened:
    """The world of one device whose stick has been there before."""

    def __init__(self, world: World, eui64: Eui64, like: Device) -> None:
        self.wrong_key = world.wrong_key
        self.run = world.run
        self._world = world
        address = world._offers.enter_context(offered(world.lines[eui64]))
        memory = cast("EzspPort", like.port).memory
        opener = partial(open_stick, address)
        self._port = world.answer(open_port(opener, Random(1), world._report, lambda: world.now, memory=memory))
        world.ports.append(self._port)

    @property
    def now(self) -> int:
        return self._world.now

    def port(self, eui64: Eui64) -> ApsPort:
        return self._port


@pytest.fixture(params=[13, 18])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with World(request.param) as world:
        yield world


def joined(world: World, node_type: NodeType = NodeType.ROUTER) -> tuple[Device, Device]:
    """A hub that is off, and a bridge that has joined it and established a key with it."""
    hub, bridge = pair_of(world, node_type)
    for one, other in ((hub, bridge), (bridge, hub)):
        replace_key(one, other)
    for one, other in ((hub, bridge), (bridge, hub)):
        one.send(other.short, b"before", acknowledge=True, link_key=True)
        world.run(MINUTE)
        assert other.payloads()[-1] == b"before"
    world.answer(cast("EzspPort", hub.port).close())
    return hub, bridge


def resumed(world: World, eui64: Eui64, hub: Device) -> Device:
    """The hub on another stick."""
    again = Device(Reopened(world, eui64, hub), eui64, NodeType.COORDINATOR)
    again.call(again.port.resume)
    world.run(SECOND)
    return again


# --- what is in it ---------------------------------------------------------------------------------------------------


def test_a_backup_holds_the_network_its_keys_and_its_devices(world: World) -> None:
    joined(world, NodeType.SLEEPY)
    backup = world.backup(HUB)
    assert (backup.eui64, backup.trust_centre, backup.ezsp) == (HUB, HUB, world.chips[HUB].flash.version)
    assert (backup.channel, backup.channels, backup.pan_id) == (15, (15,), NETWORK.pan_id)
    assert (backup.extended_pan_id, backup.network_key) == (NETWORK.extended_pan_id, NETWORK.network_key)
    (device,) = backup.devices
    assert (device.eui64, device.child) == (BRIDGE, True)
    assert device.short == world.chips[BRIDGE].node.memory.membership.short  # type: ignore[union-attr]  # it is in one
    assert device.link_key is not None
    assert device.link_key.key == NEW_KEY
    used = world.chips[HUB].node.facts.frame_counters()
    assert 0 < backup.frame_counter <= used.nwk
    assert 0 < device.link_key.outgoing <= backup.link_key_counter <= used.aps
    assert decode_backup(encode_backup(backup), WHERE) == replace(backup, firmware="")


def test_a_router_that_joined_is_a_device_and_no_child(world: World) -> None:
    joined(world)
    (device,) = world.backup(HUB).devices
    assert (device.eui64, device.child) == (BRIDGE, False)


def test_a_stick_without_a_network_and_one_that_only_joined_have_nothing_to_back_up(world: World) -> None:
    _, bridge = joined(world)
    world.fresh(NEXT_HUB)
    with pytest.raises(BadInput, match="ezsp:here: the stick is in no network"):
        world.backup(NEXT_HUB)
    world.answer(cast("EzspPort", bridge.port).close())
    with pytest.raises(BadInput, match="ezsp:here: the stick joined a network"):
        world.backup(BRIDGE)


# --- and out of it again ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY], ids=["router", "sleepy"])
def test_a_bridge_goes_on_with_a_fresh_stick_by_the_eui64_of_the_old_one(world: World, node_type: NodeType) -> None:
    hub, bridge = joined(world, node_type)
    before = len(bridge.events)
    backup = world.backup(HUB)
    world.fresh(NEXT_HUB)
    restored = world.restore(NEXT_HUB, Restoring(backup, with_eui64=True))
    assert (restored.eui64, restored.link_keys, restored.children) == (HUB, 1, node_type is NodeType.SLEEPY)
    again = resumed(world, NEXT_HUB, hub)
    (up,) = again.of(NetworkUp)
    assert isinstance(up, NetworkUp)
    assert (up.pan_id, up.channel, up.trust_centre) == (NETWORK.pan_id, NETWORK.channel, HUB)
    for sender, receiver in ((bridge, again), (again, bridge)):
        for link_key in (False, True):
            handle = sender.send(receiver.short, b"after", acknowledge=True, link_key=link_key)
            world.run(MINUTE)
            assert sender.outcomes[-1] == (handle, Outcome.DELIVERED)
            assert (receiver.payloads()[-1], receiver.messages[-1].link_key) == (b"after", link_key)
    assert bridge.events[before:] == []
    assert "frame-counter-replayed" not in world.reasons("nwk.dropped")


def test_without_a_margin_what_the_old_stick_sent_since_makes_the_bridge_deaf(world: World) -> None:
    hub, bridge = joined(world)
    # The backup is made, and then the old stick goes on for a while.
    backup = world.backup(HUB)
    old = resumed(world, HUB, hub)
    for _ in range(3):
        old.send(bridge.short, b"since", acknowledge=True)
        world.run(MINUTE)
    assert bridge.payloads()[-3:] == [b"since"] * 3
    world.answer(cast("EzspPort", old.port).close())
    world.with_stick(HUB, Stick.reset)
    world.fresh(NEXT_HUB)
    world.restore(NEXT_HUB, Restoring(backup, margin=0, with_eui64=True))
    deaf = resumed(world, NEXT_HUB, hub)
    deaf.send(bridge.short, b"too low", acknowledge=True)
    world.run(SECOND)
    assert b"too low" not in bridge.payloads()
    assert "frame-counter-replayed" in world.reasons("nwk.dropped")
    world.answer(cast("EzspPort", deaf.port).close())
    world.restore(NEXT_HUB, Restoring(backup, with_eui64=True))
    heard = resumed(world, NEXT_HUB, hub)
    heard.send(bridge.short, b"high enough", acknowledge=True)
    world.run(MINUTE)
    assert bridge.payloads()[-1] == b"high enough"


def test_by_its_own_eui64_a_stick_is_another_trust_centre_and_its_eui64_stays(world: World) -> None:
    hub, bridge = joined(world)
    backup = world.backup(HUB)
    world.fresh(NEXT_HUB)
    assert world.restore(NEXT_HUB, Restoring(backup)).eui64 == NEXT_HUB
    again = resumed(world, NEXT_HUB, hub)
    for link_key, arrives in ((False, True), (True, False)):
        bridge.messages.clear()
        again.send(bridge.short, b"after", acknowledge=True, link_key=link_key)
        world.run(MINUTE)
        assert (b"after" in bridge.payloads()) is arrives


def test_the_stick_that_the_backup_was_made_of_never_goes_back(world: World) -> None:
    hub, bridge = joined(world)
    backup = world.backup(HUB)
    ahead = resumed(world, HUB, hub)
    ahead.send(bridge.short, b"ahead", acknowledge=True)
    world.run(MINUTE)
    world.answer(cast("EzspPort", ahead.port).close())
    there = world.with_stick(HUB, lambda stick: present(stick, SETTINGS))
    assert there.frame_counter > backup.frame_counter
    assert counters(Restoring(backup, margin=5), there)[0] == there.frame_counter + 5
    other = replace(backup, network_key=bytes(16))
    assert counters(Restoring(other, margin=5), there)[0] == backup.frame_counter + 5


@pytest.mark.parametrize("version", VERSIONS)
def test_everything_in_a_file_is_on_the_stick_afterwards(version: int) -> None:
    devices = (
        BackupDevice(Eui64(0x1111), 0x1111, child=True),
        *(BackupDevice(Eui64(0x2222 + n), None, link_key=BackupKey(bytes([n]) * 16, 7 * n)) for n in range(20)),
    )
    backup = NetworkBackup(
        HUB, HUB, 20, (11, 20), 0x1234, Eui64(0xABCD), 7, bytes(range(16)), 3, 5_000, bytes(range(16, 32)), 100,
        bytes(range(32, 48)), tx_power=-3, devices=devices,
    )  # fmt: skip
    with World(version) as world:
        world.fresh(NEXT_HUB)
        restored = world.restore(NEXT_HUB, Restoring(backup, with_eui64=True))
        assert (restored.frame_counter, restored.link_key_counter) == (5_000 + MARGIN, 133 + MARGIN)
        found = world.with_stick(NEXT_HUB, lambda stick: read_backup(stick, WHERE, "", "", EzspSettings(key_table=30)))
        assert found.frame_counter >= restored.frame_counter
        assert found.link_key_counter == restored.link_key_counter
        assert {key: known.key for key, known in found.link_keys} == {key: each.key for key, each in backup.link_keys}
        assert found.children == backup.children
        same = ("eui64", "trust_centre", "channel", "pan_id", "extended_pan_id", "update_id", "network_key",
                "key_sequence", "hashed_link_key", "security_level")  # fmt: skip
        assert [getattr(found, name) for name in same] == [getattr(backup, name) for name in same]


def test_a_child_is_marked_as_in_use_which_real_firmware_forgets(world: World) -> None:
    joined(world)
    backup = replace(world.backup(HUB), devices=(BackupDevice(Eui64(0x1111), 0x1111, child=True),))

    async def write(stick: Stick) -> bytes:
        await present(stick, SETTINGS)
        assert await _write_children(stick, backup) == 1
        return bytes((await stick.must("getTokenData", token=CHILD_TABLE, index=0))["value"])

    assert world.with_stick(HUB, write) == bytes.fromhex("1111000000000000 1111 80")


# --- refused before anything is written ------------------------------------------------------------------------------


def test_a_counter_that_would_not_fit_is_refused(world: World) -> None:
    joined(world)
    backup = replace(world.backup(HUB), frame_counter=0xFFFF_0000)
    world.fresh(NEXT_HUB)
    with pytest.raises(BadInput, match=r"--counter-margin: no frame counter is left.*0 to 65534"):
        world.restore(NEXT_HUB, Restoring(backup))
    world.restore(NEXT_HUB, Restoring(backup, margin=65_534))


def test_a_stick_whose_eui64_cannot_be_written_is_refused_before_it_is_wiped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined(world)
    backup = world.backup(HUB)
    other = replace(backup, eui64=Eui64(0x4321))

    async def none(_stick: Stick) -> None:
        return None

    monkeypatch.setattr("emulator.transports.ezsp.restore._token_of_eui64", none)
    with pytest.raises(BadInput, match="EUI-64"):
        world.restore(HUB, Restoring(other, with_eui64=True))
    assert world.backup(HUB).network_key == NETWORK.network_key
