"""The lives of bridge and hub: every state with everything that can happen in it."""

from __future__ import annotations

import itertools

import pytest

from emulator.core.clock import HOUR, MINUTE
from emulator.core.table import rows
from emulator.devices.bridge.life import LIFE
from emulator.devices.hub import coordinator
from emulator.devices.hub.life import HUB_LIFE, HubAction, HubEvent, HubLife
from emulator.devices.joining.life import Life, LifeAction, LifeEvent
from emulator.ports.aps import NetworkDown, NetworkUp
from tests.devices.fake_port import HUB, UP, LoneBridge, LoneHub
from tests.devices.world import OLD, World, image


def test_every_row_leads_to_a_state_and_has_an_action_and_none_is_left_over() -> None:
    assert set(LIFE) == set(Life)
    assert {row.action for _, _, row in rows(LIFE)} == set(LifeAction) == set(LoneBridge().bridge.joiner.actions)
    assert set(HUB_LIFE) == set(HubLife)
    assert {row.action for _, _, row in rows(HUB_LIFE)} == set(HubAction) == set(coordinator.ACTIONS)


@pytest.mark.parametrize("state", [state for state in Life if state is not Life.OFF])
def test_power_can_go_in_every_state(state: Life) -> None:
    assert LIFE[state][LifeEvent.POWER_OFF].next_state is Life.OFF
    assert LIFE[state][LifeEvent.POWER_CUT].next_state is Life.OFF


def bridge_in(state: Life, *, cbke: bool = False) -> LoneBridge:
    lone = LoneBridge(cbke=cbke)
    if state is Life.OFF:
        return lone
    if state is Life.BOOTING:
        lone.bridge.power_on(0)
        return lone
    if state is Life.JOINING:
        lone.bridge.power_on(0)
        lone.pass_time(lambda: lone.bridge.life is Life.JOINING)
        return lone
    lone.up()
    if lone.bridge.life is not state and state is not Life.ACTIVATING:
        lone.bridge.joiner.keys_ready(lone.now)
    if state is Life.ACTIVATING:
        lone.bridge.activate(lone.bridge.images.identity, lone.now)  # type: ignore[arg-type]  # nothing is in the slot
    return lone


@pytest.mark.parametrize("state, event", list(itertools.product(Life, LifeEvent)))
def test_a_bridge_does_what_the_table_says_and_nothing_else(state: Life, event: LifeEvent) -> None:
    row = LIFE[state].get(event)
    establishing = state is Life.ESTABLISHING or (row is not None and row.next_state is Life.ESTABLISHING)
    lone = bridge_in(state, cbke=establishing)
    assert lone.bridge.life is state
    calls, reports = len(lone.port.calls), len(lone.reports)
    lone.bridge.joiner.step(event, lone.now, "why")
    assert lone.bridge.life is (state if row is None else row.next_state)
    if row is None:
        assert (len(lone.port.calls), len(lone.reports)) == (calls, reports)


@pytest.mark.parametrize("state, event", list(itertools.product(HubLife, HubEvent)))
def test_a_hub_does_what_the_table_says_and_nothing_else(state: HubLife, event: HubEvent) -> None:
    lone = LoneHub()
    hub = lone.hub
    hub.coordinator.life = state
    row = HUB_LIFE[state].get(event)
    calls = len(lone.port.calls)
    hub.coordinator.step(event, 0)
    assert hub.life is (state if row is None else row.next_state)
    if row is None:
        assert len(lone.port.calls) == calls


# --- what follows for a bridge ---


def test_a_new_bridge_joins_and_one_that_was_joined_goes_on() -> None:
    lone = LoneBridge().up()
    assert lone.port.calls == ["resume", "join"]
    lone.bridge.restart(lone.now)
    lone.pass_time(lambda: lone.bridge.life is Life.JOINING)
    lone.bridge.network(UP, lone.now)
    assert lone.port.calls == ["resume", "join", "stop", "resume"]
    assert lone.reports.reasons("bridge.network-down") == []


def test_a_bridge_put_out_of_its_network_stops_its_work_and_looks_for_one_again() -> None:
    lone = LoneBridge().up()
    assert lone.bridge.client is not None
    lone.bridge.network(NetworkDown("removed"), lone.now)
    assert lone.bridge.client is None
    assert lone.bridge.life is Life.JOINING
    lone.pass_time(lambda: lone.port.calls.count("join") == 2)
    lone.bridge.network(NetworkDown("no-beacon"), lone.now)
    lone.pass_time(lambda: lone.port.calls.count("join") == 3)
    assert lone.reports.reasons("bridge.network-down") == ["removed", "no-beacon"]
    lone.bridge.network(UP, lone.now)
    assert lone.bridge.life is Life.RUNNING


def test_what_was_counted_before_the_network_was_lost_is_not_forgotten() -> None:
    world = World("bridge-1")
    world.offer(image(2000))
    assert world.until(lambda: world.bridge.counters.blocks == 20)
    world.bridge.network(NetworkDown("removed"), world.now)
    assert world.bridge.counters.blocks == 20
    world.bridge.network(UP, world.now)
    assert world.bridge.counters.blocks == 20


def test_a_network_that_comes_back_during_an_activation_does_not_disturb_it() -> None:
    world = World("bridge-1")
    world.offer(image(500))
    assert world.until(lambda: world.bridge.life is Life.ACTIVATING)
    world.bridge.network(NetworkDown("no-beacon"), world.now)
    world.bridge.network(NetworkUp(1, 2, HUB, 15, 0, HUB), world.now)
    assert world.bridge.life is Life.ACTIVATING
    assert world.updated()
    assert len(world.of("ota.activating")) == 1


@pytest.mark.parametrize("moment", ["ota.downloaded", "ota.verified", "ota.activating"])
def test_a_network_lost_at_the_end_of_a_download_raises_nothing(moment: str) -> None:
    world = World("bridge-1")
    world.offer(image(500))
    assert world.until(lambda: bool(world.of(moment)))
    world.bridge.port.leave(world.now)
    world.run_for(HOUR)
    assert world.bridge.version in {OLD, 0x00020000}


def test_a_bridge_that_finds_nothing_at_the_hub_says_so_and_keeps_looking() -> None:
    lone = LoneBridge().up()
    lone.bridge.joiner.service_missing(0, 0x0019, "not-served", lone.now)
    lone.bridge.joiner.service_missing(0, 0x0704, "no-answer", lone.now)
    assert lone.reports.reasons("bridge.discovery") == ["not-served", "no-answer"]
    begin, asked = lone.now, len(lone.port.sent)
    lone.pass_time(lambda: lone.now > begin + 3 * MINUTE)
    assert {message.payload[-1] for message in lone.port.sent[asked:]} <= {0, 0x07}
    assert len(lone.port.sent) > asked + 2


def test_a_hub_is_formed_once_and_goes_on_with_its_network_after_that() -> None:
    lone = LoneHub()
    lone.hub.restart(0)
    lone.hub.on_timeout(HOUR)
    lone.hub.network(NetworkUp(0, 1, HUB, 15, 0, HUB), HOUR)
    lone.hub.power_off(HOUR)
    lone.hub.power_on(lone.hub.coordinator.settings, HOUR)  # type: ignore[arg-type]  # it was on before
    lone.hub.on_timeout(2 * HOUR)
    life = [call for call in lone.port.calls if call in {"form", "stop", "resume"}]
    assert life == ["form", "stop", "resume", "stop", "resume"]
    assert lone.hub.life is HubLife.STARTING


def test_an_early_bridge_has_no_ota_and_the_hub_says_so() -> None:
    world = World("bridge-1-early")
    world.offer(image(500))
    assert world.until(lambda: ("failed", "no-ota-cluster") in world.status_of(world.member), MINUTE)
    world.run_for(HOUR)
    assert world.bridge.client is None
    assert world.bridge.version == OLD


def test_a_hub_from_before_ppmid_firmware_says_that_it_has_none() -> None:
    world = World("bridge-1", hub="hub-2020")
    world.offer(image(500))
    world.run_for(HOUR)
    assert world.status_of(world.member) == [("failed", "hub-has-no-firmware-for-ppmids")]
    assert "not-authorized" in world.reasons("ota.query", "bridge-1")
    assert world.bridge.version == OLD
