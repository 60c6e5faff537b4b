"""GBCS messages from outside: answered, refused with the device's own reason, or without an answer in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import NamedTuple

import pytest

from emulator.core.clock import HOUR, MINUTE, SECOND
from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Event
from emulator.gbcs.crypto import KeyAgreement, authenticate
from emulator.gbcs.dlms import long_invoke_id
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.message import Message
from emulator.gbcs.pki import Pki
from emulator.gbcs.use_cases import ccs05, cs08
from emulator.runtime.exchange import NO_TRANSPORT, ExchangeOutcome, GbcsExchange
from emulator.runtime.han import BridgeHandle, Han
from emulator.runtime.simulation import Simulation


def command_from(pki: Pki, device: Eui64, message_code: int, payload: bytes, counter: int = 1_000) -> bytes:
    """A Command of the Access Control Broker that is not critical, made elsewhere."""
    broker = pki.access_control_broker
    header = GroupingHeader(
        Cra.COMMAND, counter, broker.entity_id, device, message_code, None, pki.suppliers[0].entity_id, counter
    )
    secret = KeyAgreement(broker.keys.key_agreement).shared_secret(pki.device(device).public_keys.key_agreement)
    return authenticate(Message(header, payload), secret).encode()


def firmware_version_read(pki: Pki, device: Eui64, counter: int = 1_000) -> bytes:
    """CS08."""
    return command_from(pki, device, cs08.MESSAGE_CODE, cs08.Command().encode(), counter)


def flipped(octets: bytes) -> bytes:
    """The same with the last bit of the MAC flipped."""
    return octets[:-1] + bytes((octets[-1] ^ 1,))


class World(NamedTuple):
    simulation: Simulation
    han: Han
    exchange: GbcsExchange
    events: list[Event]

    @property
    def bridge(self) -> BridgeHandle:
        return self.han.bridges[0]

    def command(self, counter: int = 1_000) -> bytes:
        return firmware_version_read(self.simulation.pki(), self.bridge.eui64, counter)


@pytest.fixture
async def world(seed: int) -> AsyncIterator[World]:
    events: list[Event] = []
    async with Simulation(seed, fidelity="aps", sinks=[events.append]) as simulation:
        han = await simulation.han(bridges=["bridge-1", "bridge-2"])
        yield World(simulation, han, GbcsExchange(simulation, han), events)


# --- answered --------------------------------------------------------------------------------------------------------


async def test_a_command_is_answered_by_the_device_itself(world: World) -> None:
    before = world.simulation.now
    result = await world.exchange.send(world.command())
    assert (result.device, result.outcome, result.reason) == (world.bridge.eui64, ExchangeOutcome.ANSWERED, None)
    assert result.response is not None
    answer = Message.decode(result.response)
    assert (answer.header.cra, answer.header.originator_counter) == (Cra.RESPONSE, 1_000)
    assert cs08.Response.decode(answer.payload).firmware_version == world.bridge.device.version
    assert result.virtual_seconds == (world.simulation.now - before) / SECOND > 0


async def test_the_broker_of_the_run_is_not_bothered_with_an_answer_to_somebody_else(world: World) -> None:
    await world.exchange.send(world.command())
    assert [event for event in world.events if event.kind == "acb.refused"] == []


async def test_the_broker_of_the_run_still_gets_what_is_its_own(world: World) -> None:
    reading, result = await asyncio.gather(
        world.han.acb.read_firmware_version(world.bridge), world.exchange.send(world.command())
    )
    assert reading.firmware_version == world.bridge.version
    assert result.outcome is ExchangeOutcome.ANSWERED


async def test_several_messages_to_a_device_take_turns_and_devices_answer_side_by_side(world: World) -> None:
    other = world.han.bridges[1].eui64
    commands = [world.command(counter) for counter in (1, 2, 3)]
    commands.append(firmware_version_read(world.simulation.pki(), other, 4))
    results = await asyncio.gather(*map(world.exchange.send, commands))
    answers = [Message.decode(result.response or b"").header.originator_counter for result in results]
    assert answers == [1, 2, 3, 4]
    assert [result.device for result in results] == [*[world.bridge.eui64] * 3, other]


# --- refused ---------------------------------------------------------------------------------------------------------


async def test_a_flipped_bit_is_refused_by_the_device(world: World) -> None:
    result = await world.exchange.send(flipped(world.command()))
    assert (result.outcome, result.reason, result.response) == (ExchangeOutcome.REFUSED, "mac-invalid", None)
    assert result.detail


async def test_what_is_no_message_at_all_reaches_the_device_that_is_named(world: World) -> None:
    result = await world.exchange.send(b"\xdd\x00", to=world.bridge.eui64)
    assert (result.outcome, result.reason) == (ExchangeOutcome.REFUSED, "undecodable")


async def test_a_message_for_another_device_may_be_handed_to_one_which_refuses_it(world: World) -> None:
    result = await world.exchange.send(world.command(), to=world.han.bridges[1].eui64)
    assert (result.outcome, result.reason) == (ExchangeOutcome.REFUSED, "wrong-target")


async def test_what_the_hub_does_not_take_is_refused_by_the_hub(world: World) -> None:
    result = await world.exchange.send(bytes(3_000), to=world.bridge.eui64)
    assert (result.outcome, result.reason, result.virtual_seconds) == (ExchangeOutcome.REFUSED, "message-too-long", 0)
    assert "3000" in (result.detail or "")


async def test_a_refusal_of_another_message_is_not_taken_for_one_of_this(world: World) -> None:
    report = world.simulation.recorder.reporter(world.bridge.name)
    strange: dict[str, object] = {"detail": "an older one", "originator_counter": 7}
    sending = asyncio.create_task(world.exchange.send(world.command()))
    await asyncio.sleep(0)
    report("gbcs.refused", "mac-invalid", strange, world.simulation.now)
    report("gbcs.refused", "no-such-tunnel", {"tunnel": 1}, world.simulation.now)
    assert (await sending).outcome is ExchangeOutcome.ANSWERED


async def test_the_hub_itself_answers_and_refuses_as_its_chf(world: World) -> None:
    chf, read = world.han.hub.entity_id, ccs05.Command(long_invoke_id(1_000))
    command = command_from(world.simulation.pki(), chf, ccs05.MESSAGE_CODE_CCS05, read.encode())
    answered = await world.exchange.send(command)
    assert (answered.device, answered.outcome) == (chf, ExchangeOutcome.ANSWERED)
    refused = await world.exchange.send(flipped(command))
    assert (refused.outcome, refused.reason) == (ExchangeOutcome.REFUSED, "mac-invalid")


# --- no answer -------------------------------------------------------------------------------------------------------


async def test_a_device_that_is_off_gives_no_answer_and_the_wait_ends_at_the_limit(world: World) -> None:
    world.bridge.power_off()
    before = world.simulation.now
    result = await world.exchange.send(world.command(), limit=3 * MINUTE)
    assert (result.outcome, result.reason) == (ExchangeOutcome.NO_ANSWER, "time-limit")
    assert (result.virtual_seconds, world.simulation.now - before) == (180, 3 * MINUTE)
    assert f"{world.bridge.name} is not on the network" in (result.detail or "")


async def test_a_device_without_a_transport_for_gbcs_cannot_be_reached(seed: int) -> None:
    async with Simulation(seed, fidelity="aps", standards={"gbcs_transport": "none"}) as simulation:
        han = await simulation.han()
        result = await GbcsExchange(simulation, han).send(b"\x00", to=han.bridges[0].eui64)
    assert (result.outcome, result.reason, result.virtual_seconds) == (ExchangeOutcome.NO_ANSWER, NO_TRANSPORT, 0)


async def test_an_alert_or_the_answer_to_another_command_is_no_answer(world: World) -> None:
    world.bridge.power_off()
    command = Message.decode(world.command())
    header = command.header.response()
    strangers = (
        replace(header, cra=Cra.ALERT),
        replace(header, originator_counter=999),
        replace(header, message_code=0x0130),
        replace(header, originator=header.recipient),
        replace(header, recipient=header.originator),
    )
    sending = asyncio.create_task(world.exchange.send(command.encode(), limit=MINUTE))
    await asyncio.sleep(0)
    for stranger in strangers:
        octets = Message(stranger, b"", mac=bytes(12)).encode()
        world.han.acb.gbcs_from_device(world.bridge.eui64, octets, world.simulation.now)
    assert (await sending).outcome is ExchangeOutcome.NO_ANSWER


async def test_a_late_answer_is_not_taken_for_the_answer_to_the_next_message(world: World) -> None:
    world.bridge.power_off()
    late = await world.exchange.send(world.command(1), limit=MINUTE)
    world.bridge.power_on()
    answered = await world.exchange.send(world.command(2), limit=HOUR)
    assert late.outcome is ExchangeOutcome.NO_ANSWER
    assert Message.decode(answered.response or b"").header.originator_counter == 2


async def test_who_gives_up_waiting_leaves_the_device_to_the_next(world: World) -> None:
    waiting = asyncio.create_task(world.exchange.send(world.command(1)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await world.exchange.send(world.command(2))).outcome is ExchangeOutcome.ANSWERED


# --- what cannot be sent at all --------------------------------------------------------------------------------------


async def test_a_device_that_is_not_in_the_han_is_bad_input(world: World) -> None:
    stranger = Eui64(0x00DB12345678FFFF)
    with pytest.raises(BadInput, match=eui64_text(stranger)) as caught:
        await world.exchange.send(firmware_version_read(world.simulation.pki(), stranger))
    devices = [*(bridge.eui64 for bridge in world.han.bridges), world.han.hub.entity_id]
    assert caught.value.allowed == ", ".join(map(eui64_text, devices))
    with pytest.raises(BadInput, match=eui64_text(stranger)):
        await world.exchange.send(world.command(), to=stranger)


async def test_octets_that_name_no_recipient_need_one(world: World) -> None:
    with pytest.raises(BadInput, match="no GBCS message"):
        await world.exchange.send(b"\x00")
