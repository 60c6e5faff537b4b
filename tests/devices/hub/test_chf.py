"""The CHF: Commands about the device log through the gateway, CS14 on every change, CCS08 for every transfer."""

from __future__ import annotations

import pytest

from emulator.core.clock import HOUR, MINUTE, SECOND
from emulator.core.eui64 import Eui64
from emulator.gbcs.dlms import long_invoke_id
from emulator.gbcs.message import Message
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases import ccs01, ccs02, ccs03, ccs05, ccs07, ccs08, cs02a, cs14
from emulator.gbcs.use_cases.cells import TrustAnchorCell
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType, HashedKey
from emulator.gbcs.use_cases.payload import Payload
from emulator.zigbee.security.keys import WELL_KNOWN_LINK_KEY, swap_out_key
from tests.devices.world import CHF, HUB, NEW, Member, World, image

PAN = Eui64(0x00DB_0000_0000_00AA)


def add(world: World, member: Member, join_timeout: int = 3_600, code: bytes | None = None) -> ccs01.Response:
    """CCS01 for a bridge; the answer."""
    counter = world.broker.last_counter + 1
    asked = ccs01.Command(
        long_invoke_id(counter),
        member.bridge.eui64,
        member.install_code if code is None else code,
        HanDeviceType.PPMID,
        join_timeout,
    )
    world.command(CHF, ccs01.MESSAGE_CODE, asked.encode())
    return ccs01.Response.decode(world.answers[-1].message.payload)


def logs(world: World) -> list[dict[Eui64, bytes]]:
    """What each CS14 said is in the log."""
    alerts = (one.payload for one in world.other_alerts)
    told = (alert.log.devices for alert in alerts if isinstance(alert, cs14.Alert))
    return [{one.entity_id: one.hashed_key for one in devices} for devices in told]


def refusals(world: World) -> list[str | None]:
    return world.reasons("hub.join-refused", "hub")


def test_a_bridge_joins_because_ccs01_put_it_into_the_log_and_cs14_tells_of_it() -> None:
    world = World()
    member = world.add()
    response = add(world, member)
    assert (response.register_device, response.join_timeout, response.joining) == (0, 0, 0)
    world.members.append(member)
    member.bridge.power_on(world.now)
    world.run_for(MINUTE)
    assert world.of("bridge.joined", member.name)
    key = swap_out_key(member.bridge.install_code_key)
    assert logs(world) == [{member.bridge.eui64: b""}, {member.bridge.eui64: key}]


def test_a_device_that_is_not_in_the_log_is_not_let_in() -> None:
    world = World("bridge-1")
    stranger = world.add()
    world.members.append(stranger)
    add(world, world.member)
    stranger.bridge.power_on(world.now)
    world.run_for(5 * MINUTE)
    assert world.of("bridge.joined", stranger.name) == []
    assert set(refusals(world)) == {"not-in-log"}


def test_one_whose_link_key_everybody_knows_is_not_let_in() -> None:
    world = World()
    member = world.add()
    add(world, member)
    world.hub.port.allow(member.bridge.eui64, WELL_KNOWN_LINK_KEY)
    world.members.append(member)
    member.bridge.power_on(world.now)
    world.run_for(5 * MINUTE)
    assert world.of("bridge.joined", member.name) == []
    assert set(refusals(world)) == {"well-known-key"}


def test_one_that_comes_after_its_time_is_not_let_in() -> None:
    world = World()
    late, other = world.add(), world.add()
    world.members += [late, other]
    add(world, late, join_timeout=10)
    world.run_for(11 * SECOND)
    add(world, other)
    late.bridge.power_on(world.now)
    world.run_for(5 * MINUTE)
    assert world.of("bridge.joined", late.name) == []
    assert set(refusals(world)) == {"join-timeout-over"}


def test_a_wrong_install_code_lets_nobody_in() -> None:
    world = World()
    member = world.add()
    world.members.append(member)
    add(world, member, code=bytes(16))
    member.bridge.power_on(world.now)
    world.run_for(5 * MINUTE)
    assert world.of("bridge.joined", member.name) == []
    assert set(refusals(world)) == {"no-announcement"}


def test_the_seventh_of_type_1_is_not_taken() -> None:
    world = World(*["bridge-1"] * 6)
    seventh = world.add()
    world.members.append(seventh)
    assert add(world, seventh).register_device != 0
    assert world.reasons("hub.log-refused") == ["type1-limit-reached"]
    seventh.bridge.power_on(world.now)
    world.run_for(5 * MINUTE)
    assert world.of("bridge.joined", seventh.name) == []
    assert set(refusals(world)) <= {"type1-limit-reached"}


def test_ccs02_puts_a_device_out_and_cs14_tells_of_it() -> None:
    world = World("bridge-1")
    device = world.bridge.eui64
    world.command(CHF, ccs02.MESSAGE_CODE, ccs02.Command(long_invoke_id(1), device).encode())
    world.run_for(MINUTE)
    assert world.reasons("hub.device-removed") == ["removed-from-log"]
    assert world.of("bridge.network-down")
    assert logs(world)[-1] == {}
    world.command(CHF, ccs07.MESSAGE_CODE, ccs07.Command(long_invoke_id(2)).encode())
    both = ccs07.Response.decode(world.answers[-1].message.payload)
    assert both.historic is not None
    assert [one.entity_id for one in both.historic.devices] == [device]


@pytest.mark.parametrize("code", [ccs05.MESSAGE_CODE_CCS05, ccs05.MESSAGE_CODE_CCS06])
def test_the_log_is_read_with_how_each_device_is_heard(code: int) -> None:
    world = World("bridge-1", "bridge-2")
    world.run_for(HOUR)
    world.command(CHF, code, ccs05.Command(long_invoke_id(1)).encode())
    read = ccs05.Response.decode(world.answers[-1].message.payload)
    assert read.devices is not None
    assert [one.entity_id for one in read.devices] == [member.bridge.eui64 for member in world.members]
    assert all(one.rssi[0] < 0 < one.lqi[0] for one in read.devices)


def test_a_log_is_restored_with_its_hashed_keys_and_told_again() -> None:
    world = World()
    entry = HashedKey(Eui64(5), bytes(range(16)))
    world.command(CHF, ccs03.MESSAGE_CODE, ccs03.Command(long_invoke_id(1), PAN, (entry,)).encode())
    assert ccs03.Response.decode(world.answers[-1].message.payload).result == 0
    assert world.of("hub.restored")
    assert logs(world)[-1] == {Eui64(5): bytes(range(16))}


@pytest.mark.parametrize("code", [ccs01.MESSAGE_CODE, ccs02.MESSAGE_CODE, ccs03.MESSAGE_CODE, ccs07.MESSAGE_CODE])
def test_what_changes_the_log_cannot_be_sent_again_and_reads_can(code: int) -> None:
    world = World("bridge-1")
    invoke = long_invoke_id(1)
    payloads: dict[int, Payload] = {
        ccs01.MESSAGE_CODE: ccs01.Command(invoke, Eui64(9), bytes(16), HanDeviceType.PPMID, 60),
        ccs02.MESSAGE_CODE: ccs02.Command(invoke, world.bridge.eui64),
        ccs03.MESSAGE_CODE: ccs03.Command(invoke, PAN, ()),
        ccs07.MESSAGE_CODE: ccs07.Command(invoke),
    }
    octets = world.command(CHF, code, payloads[code].encode())
    before = world.hub.chf.log.state
    world.deliver(CHF, octets)
    world.run_for(1)  # A hub that forms its HAN anew answers when it has.
    refused = world.reasons("gbcs.refused", "hub")
    assert refused == ([] if code == ccs07.MESSAGE_CODE else ["counter-repeated"])
    assert world.hub.chf.log.state == before


def test_what_is_wrong_is_refused_and_stands_in_the_security_log() -> None:
    world = World("bridge-1")
    octets = world.broker.command(CHF, ccs02.MESSAGE_CODE, ccs02.Command(1, world.bridge.eui64).encode())
    world.deliver(CHF, octets[:-1] + bytes((octets[-1] ^ 1,)))
    world.run_for(MINUTE)
    assert [entry.reason for entry in world.hub.chf.security_log] == ["mac-invalid"]
    assert world.of("bridge.network-down") == []


def test_it_shows_whom_it_trusts() -> None:
    world = World()
    roles = (4, 6, 2)
    cell = TrustAnchorCell(RemotePartyRole.ACCESS_CONTROL_BROKER, KeyUsage.KEY_AGREEMENT)
    world.command(CHF, cs02a.MESSAGE_CODE, cs02a.Command(cell, roles).encode())
    found = cs02a.Response.decode(world.answers[-1].message.payload).roles
    assert [len(one.cells or ()) for one in found] == [2, 1, 0]


def transfers(world: World) -> list[tuple[int, Eui64, int, int]]:
    alerts = [one.payload for one in world.other_alerts if one.message.header.message_code == ccs08.MESSAGE_CODE]
    return [
        (one.alert_code, one.target, one.firmware_version, one.response_code)
        for one in alerts
        if isinstance(one, ccs08.Alert)
    ]


def test_a_transfer_that_went_well_is_told_by_8f8a() -> None:
    world = World("bridge-1")
    world.offer(image(500))
    assert world.updated()
    assert transfers(world) == [(0x8F8A, world.bridge.eui64, NEW, 0)]


def test_an_image_that_is_discarded_is_told_by_8f89_with_code_1() -> None:
    world = World("bridge-1")
    world.offer(image(50_000))
    world.run_for(3 * SECOND)
    world.hub.overwrite_image(image(500, version=NEW + 1), [world.bridge.eui64], world.now)
    world.run_for(SECOND)
    assert transfers(world) == [(0x8F89, world.bridge.eui64, NEW, 1)]


def test_hardware_that_does_not_fit_is_told_with_code_2() -> None:
    world = World("bridge-1")
    world.offer(image(500, minimum_hardware_version=0x0300, maximum_hardware_version=0x0400))
    world.run_for(HOUR)
    assert transfers(world) == [(0x8F89, world.bridge.eui64, NEW, 2)]


def test_any_other_end_is_told_with_code_3() -> None:
    world = World("bridge-1")
    world.offer(image(500, profile="bridge-2"))
    world.run_for(HOUR)
    assert [(code, response) for code, _, _, response in transfers(world)] == [(0x8F89, 3)]


def test_commands_for_a_hub_that_is_off_wait_until_it_is_back() -> None:
    world = World()
    world.hub.power_off(world.now)
    world.command(CHF, ccs07.MESSAGE_CODE, ccs07.Command(long_invoke_id(1)).encode())
    world.run_for(MINUTE)
    assert world.answers == []
    settings = world.hub.coordinator.settings
    assert settings is not None
    world.hub.power_on(settings, world.now)
    world.run_for(MINUTE)
    assert len(world.answers) == 1


def test_its_alert_counter_rises_from_one_alert_to_the_next() -> None:
    world = World("bridge-1", "bridge-2")
    counters = [one.message.header.originator_counter for one in world.other_alerts]
    assert counters == list(range(1, len(counters) + 1))
    assert len(counters) >= 4
    assert Message.decode(world.other_alerts[0].message.encode()).header.originator == CHF != HUB
