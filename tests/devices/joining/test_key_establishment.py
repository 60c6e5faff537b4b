"""Key establishment on the HAN: a key of its own before anything else is used, and who never gets one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emulator.core.clock import MINUTE, SECOND, VIRTUAL_EPOCH
from emulator.core.eui64 import Eui64
from emulator.devices.bridge.model import Life
from emulator.gbcs.use_cases import cs14
from emulator.ports.aps import ApsMessage, Outcome
from emulator.zigbee.clusters.key_establishment import KEY_ESTABLISHMENT_CLUSTER, ConfirmKeyData
from emulator.zigbee.clusters.ota import OTA_CLUSTER
from emulator.zigbee.clusters.tunnelling import TUNNELLING_CLUSTER
from emulator.zigbee.security.keys import swap_out_key
from tests.devices.world import HUB, NEW, Member, World, certificate, image


def key_of(world: World, member: Member) -> bytes:
    """The link key that both ends have."""
    ours, theirs = member.bridge.port.link_key_with(HUB), world.hub.port.link_key_with(member.bridge.eui64)
    assert ours is not None
    assert ours == theirs
    return ours


def try_to_join(world: World, member: Member, span: int = 5 * MINUTE) -> None:
    world.members.append(member)
    world.hub.register(member.bridge.eui64, 132, member.install_code, 3_600, world.now)
    member.bridge.power_on(world.now)
    world.run_for(span)


def test_a_bridge_has_a_key_of_its_own_and_is_updated_under_it() -> None:
    world = World("bridge-1", cbke=True)
    assert key_of(world, world.member) != world.bridge.install_code_key
    world.offer(image(2_000))
    assert world.updated()
    assert [one.alert.firmware_version for one in world.alerts] == [NEW]
    assert world.reasons("aps.dropped", "hub/stack") == []


@pytest.mark.parametrize("suites, used", [((1,), 1), ((1, 2), 2)])
def test_the_suites_of_the_credentials_are_those_shown_and_the_best_in_common_is_used(
    suites: tuple[int, ...], used: int
) -> None:
    world = World("bridge-1", cbke=True, suites=suites)
    established = [one for one in world.events if one.kind == "cbke.responder.established"]
    assert [one.fields["suite"] for one in established] == [used]
    assert key_of(world, world.member) != world.bridge.install_code_key


def test_the_exchange_goes_under_the_network_key_alone_and_everything_after_it_under_the_link_key() -> None:
    world = World("bridge-1", cbke=True)
    world.offer(image(500))
    assert world.updated()
    sent = [*world.member.sent, *world.hub_sent]
    assert {message.link_key for message in sent if message.cluster == KEY_ESTABLISHMENT_CLUSTER} == {False}
    assert {message.link_key for message in sent if message.cluster in (OTA_CLUSTER, TUNNELLING_CLUSTER)} == {True}


def test_the_log_has_the_hash_of_the_new_key_and_cs14_tells_it() -> None:
    world = World("bridge-1", cbke=True)
    told = [one.payload for one in world.other_alerts if isinstance(one.payload, cs14.Alert)]
    assert [alert.log.devices[0].hashed_key for alert in told] == [b"", swap_out_key(key_of(world, world.member))]


def test_the_key_outlives_restarts_of_both_and_is_not_established_again() -> None:
    world = World("bridge-1", cbke=True)
    key = key_of(world, world.member)
    world.restart(world.member)
    world.restart_hub()
    world.run_for(MINUTE)
    assert world.bridge.life is Life.RUNNING
    assert key_of(world, world.member) == key
    assert len(world.of("cbke.responder.established")) == 1


def test_several_devices_at_once_each_get_a_key_although_the_hub_takes_one_at_a_time() -> None:
    world = World(cbke=True)
    members = [world.add() for _ in range(4)]
    for member in members:
        world.members.append(member)
        world.hub.register(member.bridge.eui64, 132, member.install_code, 3_600, world.now)
        member.bridge.power_on(world.now)
    world.run_for(10 * MINUTE)
    assert len({key_of(world, member) for member in members}) == 4
    assert all(member.bridge.life is Life.RUNNING for member in members)


@pytest.mark.parametrize("lost", range(1, 9))
def test_a_message_that_is_lost_delays_the_key_and_no_more(lost: int) -> None:
    world = World(cbke=True)
    member = world.add()
    count = 0

    def swallow(message: ApsMessage) -> bool:
        nonlocal count
        count += message.cluster == KEY_ESTABLISHMENT_CLUSTER
        return message.cluster == KEY_ESTABLISHMENT_CLUSTER and count == lost

    member.port.swallow = world.hub_port.swallow = swallow
    try_to_join(world, member, 15 * MINUTE)
    assert member.bridge.life is Life.RUNNING
    key_of(world, member)


def test_a_hub_that_is_not_told_that_its_confirmation_arrived_learns_it_from_the_next_message() -> None:
    world = World(cbke=True)
    member = world.add()
    # Its last message arrives, but the hub is told that it did not, and the bridge's answer to it is lost.
    sent = world.hub.sent
    confirmations: list[int] = []

    def told(handle: int, outcome: Outcome, now: int) -> None:
        sent(handle, Outcome.NO_APS_ACK if handle in confirmations else outcome, now)

    world.hub.sent = told  # type: ignore[method-assign]  # between the stack and the hub
    send = world.hub_port.send

    def sending(message: ApsMessage, now: int) -> int:
        handle = send(message, now)
        if message.cluster == KEY_ESTABLISHMENT_CLUSTER and message.payload[2] == ConfirmKeyData.command:
            confirmations.append(handle)
        return handle

    world.hub_port.send = sending  # type: ignore[method-assign]  # as above
    member.port.swallow = lambda message: message.payload[2:4] == b"\x0b\x02"
    try_to_join(world, member)
    assert confirmations
    assert member.bridge.life is Life.RUNNING
    assert key_of(world, member) != member.bridge.install_code_key
    assert world.reasons("cbke.responder.failed") == []
    world.offer(image(500))
    assert world.updated()


def test_what_needs_a_key_is_not_answered_before_there_is_one() -> None:
    world = World(cbke=True)
    member = world.add()
    member.port.swallow = lambda message: message.cluster == KEY_ESTABLISHMENT_CLUSTER
    try_to_join(world, member, MINUTE)
    assert member.bridge.life is Life.ESTABLISHING
    for cluster in (OTA_CLUSTER, TUNNELLING_CLUSTER):
        early = ApsMessage(0, 1, 1, 0x0109, cluster, b"\x01\x01\x01", True, link_key=True)
        member.bridge.port.send(early, world.now)
    world.run_for(SECOND)
    assert world.reasons("trust.dropped") == ["key-not-established"] * 2


def test_a_message_without_the_link_key_is_dropped_once_there_is_one() -> None:
    world = World("bridge-1", cbke=True)
    for cluster in (OTA_CLUSTER, TUNNELLING_CLUSTER):
        bare = ApsMessage(0, 1, 1, 0x0109, cluster, b"\x01\x01\x01", True)
        world.bridge.port.send(bare, world.now)
    world.run_for(SECOND)
    assert world.reasons("zcl.dropped", "hub") == ["no-link-key"] * 2


def test_a_device_that_never_finishes_is_put_out_after_its_time() -> None:
    world = World(cbke=True)
    member = world.add()
    member.port.swallow = lambda message: message.cluster == KEY_ESTABLISHMENT_CLUSTER
    try_to_join(world, member, 19 * MINUTE)
    assert world.of("hub.device-removed") == []
    world.run_for(5 * MINUTE)
    assert world.reasons("hub.device-removed") == ["key-establishment-not-finished"]


# Attacks, each with its safe end: no key, and the HAN as it was


def refused(world: World, member: Member) -> list[str | None]:
    """Why the hub gave it no key."""
    assert member.bridge.life is not Life.RUNNING
    assert world.of("cbke.responder.established") == []
    assert world.hub.port.link_key_with(member.bridge.eui64) in {None, member.bridge.install_code_key}
    return world.reasons("cbke.responder.failed") or world.reasons("cbke.initiator.failed")


def test_a_certificate_of_an_own_authority_gets_no_key() -> None:
    world = World(cbke=True)
    eui64 = Eui64(0x00DB_0000_0000_1001)
    member = world.add(means=world.means(eui64, certificate(eui64, 2)))
    try_to_join(world, member)
    assert "bad-key-confirm" in refused(world, member)


UNTIMELY = {
    "expired": (VIRTUAL_EPOCH - timedelta(days=2), 86_400),
    "not-yet-valid": (VIRTUAL_EPOCH + timedelta(days=2), 86_400),
}
BRIDGE = Eui64(0x00DB_0000_0000_1001)


@pytest.mark.parametrize("untimely", UNTIMELY)
def test_a_bridges_certificate_outside_its_dates_gets_no_key(untimely: str) -> None:
    world = World(cbke=True)
    member = world.add(means=world.means(BRIDGE, certificate(BRIDGE, 1, 2, *UNTIMELY[untimely])))
    try_to_join(world, member)
    assert set(refused(world, member)) == {f"certificate-{untimely}"}
    assert set(world.reasons("cbke.initiator.failed")) == {"terminated"}


@pytest.mark.parametrize("untimely", UNTIMELY)
def test_a_bridge_takes_no_key_from_a_hub_whose_certificate_is_outside_its_dates(untimely: str) -> None:
    world = World(cbke=True, hub_credentials=(certificate(HUB, 1, 2, *UNTIMELY[untimely]),))
    member = world.add()
    try_to_join(world, member)
    assert set(refused(world, member)) == {"terminated"}
    assert set(world.reasons("cbke.initiator.failed")) == {f"certificate-{untimely}"}


def test_a_bridge_whose_certificate_has_expired_is_put_out_in_the_end() -> None:
    world = World(cbke=True)
    member = world.add(means=world.means(BRIDGE, certificate(BRIDGE, 1, 2, *UNTIMELY["expired"])))
    try_to_join(world, member, 25 * MINUTE)
    assert world.reasons("hub.device-removed") == ["key-establishment-not-finished"]


@pytest.mark.parametrize("owner", [BRIDGE, HUB], ids=["bridge", "hub"])
@pytest.mark.parametrize("untimely", UNTIMELY)
def test_with_the_switch_off_a_certificate_outside_its_dates_gets_a_key(owner: Eui64, untimely: str) -> None:
    own = certificate(owner, 1, 2, *UNTIMELY[untimely])
    settings: dict[str, object] = {"cbke.time_checks": False}
    world = World(cbke=True, hub_credentials=(own,) if owner == HUB else (), **settings)  # type: ignore[arg-type]
    member = world.add(means=world.means(BRIDGE, own) if owner == BRIDGE else None)
    try_to_join(world, member)
    assert member.bridge.life is Life.RUNNING
    assert key_of(world, member) != member.bridge.install_code_key


def test_an_expired_certificate_of_suite_2_is_refused_where_both_have_suite_1_as_well() -> None:
    world = World(cbke=True, suites=(1, 2))
    both = certificate(BRIDGE, 1, 1), certificate(BRIDGE, 1, 2, *UNTIMELY["expired"])
    member = world.add(means=world.means(BRIDGE, *both))
    try_to_join(world, member)
    assert set(refused(world, member)) == {"certificate-expired"}


def test_another_devices_certificate_gets_no_key() -> None:
    world = World(cbke=True)
    member = world.add(means=world.means(Eui64(0), certificate(Eui64(0x00DB_0000_0000_1002))))
    try_to_join(world, member)
    assert refused(world, member)


def test_an_attack_leaves_the_hub_able_to_give_keys_to_others() -> None:
    world = World(cbke=True)
    eui64 = Eui64(0x00DB_0000_0000_1001)
    attacker = world.add(means=world.means(eui64, certificate(eui64, 2)))
    try_to_join(world, attacker, MINUTE)
    honest = world.add()
    try_to_join(world, honest, 10 * MINUTE)
    assert honest.bridge.life is Life.RUNNING
    assert attacker.bridge.life is not Life.RUNNING
