"""Credentials of a bridge on the HAN: replaced through the tunnel, kept whole over a cut at every write."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import pytest

from emulator.core.clock import HOUR, MINUTE, VIRTUAL_EPOCH
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.gbcs import crypto
from emulator.gbcs.device.state import DeviceState
from emulator.gbcs.pki import Identity, generate_pki
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases import cs02b, cs02b_outcome, cs02c, cs02d, cs02e, generic_alert
from emulator.gbcs.use_cases.cells import Certificate, TrustAnchorCell
from emulator.gbcs.use_cases.cs02b_modes import Mode
from emulator.gbcs.use_cases.payload import FUTURE_DATED_ACTIONED
from emulator.image.flash import Cut, Flash, cut_at
from tests.devices.world import World, pki

BROKER = RemotePartyRole.ACCESS_CONTROL_BROKER
SIGNS = TrustAnchorCell(BROKER, KeyUsage.DIGITAL_SIGNATURE)
AGREES = TrustAnchorCell(BROKER, KeyUsage.KEY_AGREEMENT)
CODE = Mode.ACCESS_CONTROL_BROKER_BY_ACB.message_code


@cache
def new_broker() -> Identity:
    return pki().renewed(pki().access_control_broker.entity_id, BROKER, 2)


def replacement(world: World, days: int | None = None) -> bytes:
    """CS02b with the broker's new credentials, at once or so many days later."""
    new = new_broker()
    pairs = ((new.digital_signature, SIGNS), (new.key_agreement, AGREES))
    return cs02b.Command(
        cs02b.Control(Mode.ACCESS_CONTROL_BROKER_BY_ACB, world.broker.last_counter + 1),
        tuple(cs02b.Replacement(Certificate(one.certificate_octets), cell) for one, cell in pairs),
        (Certificate(pki().organisation_issuer.certificate_octets),),
        None if days is None else VIRTUAL_EPOCH + timedelta(days=days),
    ).encode()


def state_of(world: World) -> DeviceState:
    """What the bridge keeps, as its flash alone says it."""
    return world.bridge.memory.state.gbcs or pki().device_state(world.bridge.eui64)


def holds(world: World, identity: Identity) -> bool:
    """Whether the bridge trusts both keys of a broker, whole."""
    cells = state_of(world).store.cells
    wanted = {SIGNS: identity.public_keys.digital_signature, AGREES: identity.public_keys.key_agreement}
    return all(cells[cell].point == crypto.encode_point(key) for cell, key in wanted.items())


def replace_credentials(world: World) -> None:
    world.command(world.bridge.eui64, CODE, replacement(world))
    world.run_for(MINUTE)


def test_new_credentials_arrive_through_the_tunnel_and_outlive_a_restart() -> None:
    world = World("bridge-1")
    replace_credentials(world)
    outcome = cs02b_outcome.Response.decode(world.answers[-1].message.payload).execution_outcome
    assert outcome is not None
    assert [one.status for one in outcome.replacement_outcomes] == [0, 0]
    world.restart(world.member)
    world.run_for(MINUTE)
    assert holds(world, new_broker())
    world.read_version(world.member)
    world.run_for(MINUTE)
    assert world.readings == []
    assert world.reasons("gbcs.refused", "bridge-1") == ["mac-invalid"]
    world.broker.adopt(new_broker().keys)
    world.read_version(world.member, 2)
    world.run_for(MINUTE)
    assert len(world.readings) == 1


@cache
def writes_of_a_replacement() -> int:
    world = World("bridge-1")
    before = world.bridge.memory.flash.writes
    replace_credentials(world)
    return world.bridge.memory.flash.writes - before


@pytest.mark.parametrize("cut", list(Cut))
def test_a_cut_in_any_write_leaves_old_or_new_credentials_and_never_neither(cut: Cut) -> None:
    assert writes_of_a_replacement() > 0
    for number in range(1, writes_of_a_replacement() + 1):
        world = World("bridge-1")
        flash = world.bridge.memory.flash
        flash.fault = cut_at(flash.writes + number, cut)
        replace_credentials(world)
        assert "cut-in-write" in world.reasons("bridge.power")
        old, new = (holds(world, one) for one in (pki().access_control_broker, new_broker()))
        assert old != new
        if new:
            world.broker.adopt(new_broker().keys)
        world.read_version(world.member, number)
        world.run_for(2 * MINUTE)
        assert len(world.readings) == 1


def test_a_replayed_replacement_changes_nothing_after_a_restart_either() -> None:
    world = World("bridge-1")
    octets = world.command(world.bridge.eui64, CODE, replacement(world))
    world.run_for(MINUTE)
    before = state_of(world)
    world.restart(world.member)
    world.run_for(MINUTE)
    world.deliver(world.bridge.eui64, octets)
    world.run_for(MINUTE)
    assert state_of(world).to_dict() == before.to_dict()
    assert [entry.reason for entry in world.bridge.gbcs.security_log] == ["mac-invalid"]


@pytest.mark.parametrize("off", [False, True], ids=["on", "off-at-the-date"])
def test_a_replacement_for_a_later_day_is_carried_out_then_and_told(off: bool) -> None:
    world = World("bridge-1")
    world.command(world.bridge.eui64, CODE, replacement(world, days=1))
    world.run_for(HOUR)
    assert holds(world, pki().access_control_broker)
    if off:
        world.bridge.power_off(world.now)
        world.run_for(30 * HOUR)
        world.bridge.power_on(world.now)
        world.run_for(MINUTE)
    else:
        world.run_for(24 * HOUR)
    assert holds(world, new_broker())
    world.run_for(HOUR)
    payloads = [alert.payload for alert in world.other_alerts]
    told = [one.alert_code for one in payloads if isinstance(one, cs02b_outcome.Alert)]
    assert told == [FUTURE_DATED_ACTIONED]
    assert world.bridge.memory.state.alerts == ()


def test_a_key_made_by_cs02c_is_in_force_from_cs02d_on_over_restarts() -> None:
    world = World("bridge-1")
    device, usage = world.bridge.eui64, KeyUsage.DIGITAL_SIGNATURE
    world.command(device, cs02c.MESSAGE_CODE, cs02c.Command(usage).encode(), signed=True)
    world.run_for(MINUTE)
    assert cs02c.Response.decode(world.answers[-1].message.payload).certification_request
    pending = state_of(world).own.held[usage].pending
    assert pending is not None
    world.restart(world.member)
    world.run_for(MINUTE)
    certificate = pki().certify_device(device, usage, pending.public_key(), 2)
    world.command(device, cs02d.MESSAGE_CODE, cs02d.Command(Certificate(certificate)).encode(), signed=True)
    world.run_for(MINUTE)
    assert cs02d.Response.decode(world.answers[-1].message.payload).response_code == 0
    assert state_of(world).own.held[usage].private_key.private_numbers() == pending.private_numbers()
    world.command(device, cs02e.MESSAGE_CODE, cs02e.Command(usage).encode(), signed=True)
    world.run_for(MINUTE)
    # It signs with the new key, which the broker does not know yet.
    assert world.refusals == ["signature-invalid"]


@pytest.mark.parametrize("wanted", [True, False])
def test_a_command_that_a_bridge_does_not_know_is_told_of_only_by_the_switch(wanted: bool) -> None:
    world = World("bridge-1", unsupported_alert=wanted)
    world.command(world.bridge.eui64, 0x000F, b"\x04\x08" + bytes(8), signed=True)
    world.run_for(MINUTE)
    assert world.reasons("gbcs.refused", "bridge-1") == ["unknown-use-case"]
    told = [one.payload.alert_code for one in world.other_alerts if isinstance(one.payload, generic_alert.Alert)]
    assert told == ([0x8F85] if wanted else [])


def test_the_ppmid_twin_takes_what_a_bridge_refuses() -> None:
    world = World("ppmid")
    world.command(world.bridge.eui64, 0x000F, b"\x04\x08" + bytes(8), signed=True)
    world.run_for(MINUTE)
    assert len(world.answers) == 1
    assert world.bridge.gbcs.security_log[:] == ()


def test_the_security_log_outlives_a_cut_of_power() -> None:
    world = World("bridge-1")
    world.deliver(world.bridge.eui64, b"nothing that GBCS knows")
    world.run_for(MINUTE)
    flash = world.bridge.memory.flash
    flash.fault = cut_at(flash.writes + 1, Cut.TORN)
    world.deliver(world.bridge.eui64, b"neither is this")
    world.run_for(MINUTE)
    assert "cut-in-write" in world.reasons("bridge.power")
    assert [entry.reason for entry in world.bridge.gbcs.security_log] == ["undecodable"]


def test_certificates_of_another_authority_are_refused_cell_by_cell() -> None:
    world = World("bridge-1")
    foreign = generate_pki(SeededStreams(9), ()).access_control_broker
    command = cs02b.Command(
        cs02b.Control(Mode.ACCESS_CONTROL_BROKER_BY_ACB, world.broker.last_counter + 1),
        (
            cs02b.Replacement(Certificate(foreign.digital_signature.certificate_octets), SIGNS),
            cs02b.Replacement(Certificate(new_broker().key_agreement.certificate_octets), AGREES),
        ),
        (Certificate(pki().organisation_issuer.certificate_octets),),
    )
    world.command(world.bridge.eui64, CODE, command.encode())
    world.run_for(MINUTE)
    assert world.reasons("gbcs.cell-refused") == ["no-issuer"]
    assert [entry.reason for entry in world.bridge.gbcs.security_log] == ["no-issuer"]


def test_a_memory_that_was_never_written_makes_a_new_device() -> None:
    world = World()
    member = world.add(flash=Flash())
    assert member.bridge.memory.state.gbcs is None
    assert member.bridge.eui64 != Eui64(0)
