"""The devices around the bridges: lives, what they show and answer, and that they join by the device log."""

from __future__ import annotations

import itertools

import pytest

from emulator.core.clock import SECOND
from emulator.core.table import rows
from emulator.devices.joining.life import JOINER_LIFE, Life, LifeAction, LifeEvent
from emulator.devices.joining.stack import REJOIN_PAUSE
from emulator.devices.profile_loading import load_hub, load_light
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.image.catalogue import find_recipe
from emulator.observe.event_log import EventCollector
from emulator.ports.aps import NetworkDown, NodeType
from emulator.runtime.simulation import Simulation
from emulator.runtime.site import HUB, Site
from emulator.transports.memory.topology import Link
from emulator.zigbee.clusters.basic import BASIC_CLUSTER, BasicAttribute
from emulator.zigbee.clusters.energy import METERING_CLUSTER, PRICE_CLUSTER, MeteringAttribute
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import (
    DefaultResponse,
    ReadAttributes,
    ReadAttributesResponse,
    decode_foundation,
    encode_foundation,
)
from emulator.zigbee.frames.zcl_status import Status
from tests.devices.fake_port import UP
from tests.devices.light.lone_light import LoneLight

KINDS = ["esme", "gsme", "ihd", "cad", "hcalcs"]


# --- life ------------------------------------------------------------------------------------------------------------


def test_every_row_leads_to_a_state_and_has_an_action_and_none_is_left_over() -> None:
    assert {row.action for _, _, row in rows(JOINER_LIFE)} == set(LoneLight().device.joiner.actions)
    assert {row.next_state for _, _, row in rows(JOINER_LIFE)} == set(JOINER_LIFE)


def light_in(state: Life) -> LoneLight:
    lone = LoneLight()
    if state is Life.RUNNING:
        return lone.up()
    if state is Life.JOINING:
        return lone.joining()
    if state is not Life.OFF:
        lone.device.power_on(0)
    lone.device.joiner.life = state
    return lone


@pytest.mark.parametrize("state,event", list(itertools.product(JOINER_LIFE, LifeEvent)))
def test_a_device_does_what_the_table_says_and_nothing_else(state: Life, event: LifeEvent) -> None:
    lone = light_in(state)
    calls, reports = len(lone.port.calls), len(lone.reports)
    row = JOINER_LIFE[state].get(event)
    lone.device.joiner.step(event, lone.now, "why")
    if row is None:
        assert lone.device.life is state
        assert (len(lone.port.calls), len(lone.reports)) == (calls, reports)
    elif row.action in (LifeAction.ESTABLISH, LifeAction.START_OVER):
        assert lone.device.life is Life.RUNNING, "without key establishment it runs at once"
    else:
        assert lone.device.life is row.next_state


def test_it_looks_for_a_network_again_and_again() -> None:
    lone = LoneLight().joining()
    for tries in (2, 3):
        lone.device.network(NetworkDown("no-beacon"), lone.now)
        asked = lone.now
        lone.pass_time(lambda tries=tries: lone.port.calls.count("join") == tries)  # type: ignore[misc]  # the default
        assert lone.now == asked + REJOIN_PAUSE
    assert lone.reports.reasons("device.network-down") == ["no-beacon", "no-beacon"]


def test_without_power_nothing_is_left_to_do() -> None:
    lone = LoneLight().up()
    lone.device.power_off(lone.now)
    sent = len(lone.port.sent)
    lone.pass_span(3_600 * SECOND)
    assert (len(lone.port.sent), lone.port.calls[-1]) == (sent, "stop")


def test_a_restart_brings_it_back() -> None:
    lone = LoneLight().up()
    lone.device.restart(lone.now)
    lone.pass_time(lambda: lone.device.life is Life.JOINING)
    lone.device.network(UP, lone.now)
    assert lone.device.life is Life.RUNNING


# --- what it shows and answers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind,device_id,node",
    [
        ("esme", 0x0501, NodeType.ROUTER),
        ("gsme", 0x0501, NodeType.SLEEPY),
        ("ihd", 0x0502, NodeType.ROUTER),
        ("cad", 0x0508, NodeType.ROUTER),
        ("hcalcs", 0x0504, NodeType.ROUTER),
    ],
)
def test_it_shows_its_device_id_and_clusters(kind: str, device_id: int, node: NodeType) -> None:
    configuration = LoneLight(kind).port.configuration
    assert configuration is not None
    (shown,) = configuration.endpoints
    assert (shown.device_id, configuration.node_type) == (device_id, node)
    assert (METERING_CLUSTER in shown.in_clusters) == (kind in {"esme", "gsme"})
    assert 0x0019 not in (*shown.in_clusters, *shown.out_clusters), "its firmware is not modelled"


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_it_shows_is_there(kind: str) -> None:
    lone, shown = LoneLight(kind).up(), load_light(kind).endpoint
    sides = [(cluster, False) for cluster in shown.in_clusters] + [(cluster, True) for cluster in shown.out_clusters]
    for cluster, to_client in sides:
        command, payload = encode_foundation(ReadAttributes((0xFFFD,)))
        lone.take(cluster, ZclFrame(False, to_client, 7, command, payload))
        answer = lone.port.zcl(cluster)[-1]
        read = decode_foundation(answer.command, answer.payload)
        assert isinstance(read, ReadAttributesResponse)
        assert read.records[0].status == Status.SUCCESS


@pytest.mark.parametrize(
    "cluster,status",
    [(BASIC_CLUSTER, Status.UNSUP_CLUSTER_COMMAND), (0x0B05, Status.UNSUPPORTED_CLUSTER)],
    ids=["command", "cluster"],
)
def test_it_says_what_it_does_not_know(cluster: int, status: Status) -> None:
    lone = LoneLight().up()
    lone.take(cluster, ZclFrame(True, False, 9, 0x42))
    answer = lone.port.zcl(cluster)[-1]
    assert decode_foundation(answer.command, answer.payload) == DefaultResponse(0x42, status)
    assert answer.sequence == 9


def read(lone: LoneLight, cluster: int, attribute: int) -> object:
    command, payload = encode_foundation(ReadAttributes((attribute,)))
    lone.take(cluster, ZclFrame(False, False, 1, command, payload))
    answer = lone.port.zcl(cluster)[-1]
    found = decode_foundation(answer.command, answer.payload)
    assert isinstance(found, ReadAttributesResponse)
    value = found.records[0].value
    return None if value is None else value.value


def test_a_meter_counts_on() -> None:
    lone, meter = LoneLight("gsme").up(), load_light("gsme").meter
    assert meter is not None
    before = read(lone, METERING_CLUSTER, MeteringAttribute.CURRENT_SUMMATION_DELIVERED)
    lone.now += 10 * 3_600 * SECOND
    after = read(lone, METERING_CLUSTER, MeteringAttribute.CURRENT_SUMMATION_DELIVERED)
    assert isinstance(before, int)
    assert after == before + 10 * meter.per_hour


@pytest.mark.parametrize("kind,power", [("gsme", 0x03), ("ihd", 0x01)])
def test_it_says_what_feeds_it(kind: str, power: int) -> None:
    assert read(LoneLight(kind).up(), BASIC_CLUSTER, BasicAttribute.POWER_SOURCE) == power


# --- in a HAN --------------------------------------------------------------------------------------------------------


def site() -> Site:
    """Every kind, each within earshot of the hub."""
    others = [(kind, load_light(kind)) for kind in KINDS]
    return Site(load_hub("hub"), (), others, [(HUB, kind, Link()) for kind in KINDS])


@pytest.mark.parametrize("fidelity", ["frames", "aps"])
async def test_every_kind_joins_through_the_device_log_under_its_type(fidelity: str, seed: int) -> None:
    async with Simulation(seed, fidelity=fidelity) as simulation:
        han, setup = simulation.site(site())
        for device in han.others:
            await setup.let_in(han, device)
            assert (device.is_up, device.refusal) == (True, None)
        log = han.hub.device.chf.log
        assert [log.type_of(device.eui64) for device in han.others] == [HanDeviceType[kind.upper()] for kind in KINDS]


async def test_type_2_devices_get_no_firmware_and_the_hub_says_why(seed: int) -> None:
    async with Simulation(seed, fidelity="aps") as simulation:
        han, setup = simulation.site(site())
        for device in han.others:
            await setup.let_in(han, device)
        found = {device.name: han.hub.device.firmware_refusal(device.eui64) for device in han.others}
    assert found == {
        "esme": None,
        "gsme": None,
        "ihd": "no-firmware-for-type",
        "cad": "no-firmware-for-type",
        "hcalcs": None,
    }


@pytest.mark.parametrize("kind", ["ihd", "cad"])
async def test_an_image_for_a_type_2_device_comes_to_nothing_with_the_reason(kind: str, seed: int) -> None:
    events = EventCollector()
    async with Simulation(seed, fidelity="aps", sinks=[events]) as simulation:
        han, setup = simulation.site(site())
        device = next(each for each in han.others if each.name == kind)
        await setup.let_in(han, device)
        image = find_recipe("b1").build(size=2_048)
        han.hub.device.deliver_image(image.octets, [device.eui64], simulation.now)
        simulation.arm(han.hub.device)
        await simulation.sleep(60)
    ends = events.select(kind="hub.image", reason="no-firmware-for-type")
    assert [event.fields["status"] for event in ends] == ["failed"]
    assert events.select(kind="ota.progress") == []


async def test_who_is_not_in_the_device_log_stays_out(seed: int) -> None:
    async with Simulation(seed, fidelity="aps") as simulation:
        han, _ = simulation.site(site())
        han.others[0].power_on()
        assert not await han.others[0].joined(120 * SECOND)
        assert han.others[0].refusal is not None


def test_prices_are_asked_of_the_gpf() -> None:
    gpf = load_hub("hub").gpf
    assert gpf is not None
    assert {METERING_CLUSTER, PRICE_CLUSTER} <= set(gpf.in_clusters)
