"""Attacks on key establishment.  Each has a safe end: no key, a reason, and a machine that serves the next partner."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.cbke.certificate import CertificateCS2
from emulator.cbke.credentials import Credentials
from emulator.cbke.curve import SECT283K1
from emulator.cbke.effects import Compute, Established, Failed, Send
from emulator.cbke.initiator import Initiator
from emulator.cbke.initiator_table import InitiatorState
from emulator.cbke.responder import Responder
from emulator.cbke.responder_table import ResponderState
from emulator.cbke.work import Answer, GenerateEphemeral
from emulator.core.clock import HOUR, MILLISECOND, MINUTE
from emulator.core.eui64 import Eui64
from emulator.zigbee.clusters.key_establishment import (
    ConfirmKeyData,
    EphemeralData,
    InitiateKeyEstablishment,
    KeyEstablishmentMessage,
    TerminateKeyEstablishment,
    TerminateStatus,
)
from tests.cbke.parties import (
    BRIDGE,
    HUB,
    SECOND_BRIDGE,
    Tamper,
    Way,
    authority,
    credentials,
    initiator,
    meeting,
    responder,
)
from tests.cbke.test_curve import off_curve

ATTACKER = Eui64(0x00005E00530000FF)
Mutation = Callable[[KeyEstablishmentMessage], KeyEstablishmentMessage]


def held_by(own: Credentials) -> Initiator:
    return Initiator([own], random.Random(5))


def is_safe(way: Way) -> None:
    """No key on either side, and the next honest partner gets one."""
    hub = way.hub.machine
    assert isinstance(hub, Responder)
    assert way.bridge.keys == way.hub.keys == []
    assert hub.state is ResponderState.IDLE
    assert hub.next_timeout() is None
    honest = Way(hub, (SECOND_BRIDGE, initiator(SECOND_BRIDGE)))
    honest.now = way.now
    honest.start()
    honest.run()
    assert honest.bridge.keys == honest.hub.keys
    assert len(honest.bridge.keys) == 1


def serves_again(way: Way) -> None:
    """The initiator, too, gets its key from an honest hub."""
    machine = way.bridge.machine
    assert isinstance(machine, Initiator)
    honest = Way(responder(), (BRIDGE, machine))
    honest.now = way.now
    honest.start()
    honest.run()
    assert len(honest.bridge.keys) == 1


def changing(sender: int, kind: type[KeyEstablishmentMessage], mutation: Mutation) -> Tamper:
    """Stands in the way and changes one kind of message of one side."""

    def tamper(one: int, message: KeyEstablishmentMessage) -> KeyEstablishmentMessage:
        return mutation(message) if one == sender and isinstance(message, kind) else message

    return tamper


def attacked(sender: int, kind: type[KeyEstablishmentMessage], mutation: Mutation) -> Way:
    way = meeting(tamper=changing(sender, kind, mutation))
    way.start()
    way.run()
    return way


# --- certificates ----------------------------------------------------------------------------------------------------


def test_a_certificate_of_the_attackers_own_authority_is_of_an_unknown_issuer() -> None:
    ca = replace(authority(seed=2), issuer=0x1122334455667788)
    own = replace(credentials(BRIDGE, seed=2), octets=with_issuer(credentials(BRIDGE, seed=2), ca.issuer))
    way = meeting(bridge=held_by(own))
    way.start()
    way.run(until=HOUR)
    assert way.hub.failures == ["unknown-issuer"]
    assert way.hub.messages == [TerminateKeyEstablishment(TerminateStatus.UNKNOWN_ISSUER, 0, 2)]
    assert way.bridge.failures == ["terminated"], "and no other try"
    is_safe(way)


def with_issuer(own: Credentials, issuer: int) -> bytes:
    certificate = own.certificate
    assert isinstance(certificate, CertificateCS2)
    return replace(certificate, issuer=issuer).encode()


def test_an_own_authority_that_takes_the_trusted_ones_name_fails_at_the_confirmation() -> None:
    way = meeting(bridge=held_by(credentials(BRIDGE, seed=2)))
    way.start()
    way.run(until=HOUR)
    assert way.hub.failures == ["bad-key-confirm"]
    assert way.hub.candidates == []
    is_safe(way)


def test_a_hub_with_a_certificate_of_its_own_authority_gets_no_bridge() -> None:
    hub = Responder([credentials(HUB, seed=2)], random.Random(5))
    way = meeting(hub=hub)
    way.start()
    way.run(until=HOUR)
    # The hub is the first to see that the two do not share an authority.
    assert way.hub.failures == ["bad-key-confirm"]
    assert way.bridge.keys == []
    serves_again(way)


def test_another_devices_certificate_is_refused_at_the_first_message() -> None:
    way = Way(responder(), (ATTACKER, held_by(credentials(BRIDGE))))
    way.start()
    way.run()
    assert way.hub.failures == ["subject-not-sender"]
    assert way.hub.messages == [TerminateKeyEstablishment(TerminateStatus.BAD_MESSAGE, 0, 2)]
    assert not any(isinstance(one, Compute) for one in way.hub.effects)
    is_safe(way)


def test_another_devices_certificate_without_its_private_key_fails_at_the_confirmation() -> None:
    thief = replace(credentials(BRIDGE), private_key=12345)
    way = meeting(bridge=held_by(thief))
    way.start()
    way.run()
    assert way.hub.failures == ["bad-key-confirm"]
    is_safe(way)


def test_the_bridges_own_certificate_sent_back_is_refused() -> None:
    way = attacked(
        HUB, InitiateKeyEstablishment, lambda _: InitiateKeyEstablishment(2, 10, 15, credentials(BRIDGE).octets)
    )
    assert way.bridge.failures == ["own-certificate"]
    way.hub.machine.stop(way.now)
    is_safe(way)
    serves_again(way)


@pytest.mark.parametrize("octet", [0, 9, 10, 36], ids=["type", "curve", "hash", "key-usage"])
def test_a_certificate_that_is_not_for_key_agreement_is_invalid(octet: int) -> None:
    octets = bytearray(credentials(BRIDGE).octets)
    octets[octet] ^= 0x08
    way = meeting(bridge=held_by(replace(credentials(BRIDGE), octets=bytes(octets))))
    way.start()
    way.run(until=HOUR)
    assert way.hub.failures == ["invalid-certificate"]
    assert way.bridge.failures == ["terminated"], "and no other try"
    is_safe(way)


@pytest.mark.parametrize(
    "point, reason",
    [(b"\x02" + bytes(36), "low-order"), (off_curve(SECT283K1), "off-curve")],
    ids=["low-order", "off-curve"],
)
def test_a_certificate_with_such_a_point_is_invalid(point: bytes, reason: str) -> None:
    own = replace(credentials(BRIDGE), octets=credentials(BRIDGE).octets[:37] + point)
    way = meeting(bridge=held_by(own))
    way.start()
    way.run()
    assert way.hub.failures == [f"certificate-point-{reason}"]
    assert way.hub.messages[-1] == TerminateKeyEstablishment(TerminateStatus.INVALID_CERTIFICATE, 0, 2)
    is_safe(way)


# --- ephemeral keys --------------------------------------------------------------------------------------------------

POINTS = {
    "ephemeral-key-low-order": b"\x02" + bytes(36),
    "ephemeral-key-off-curve": off_curve(SECT283K1),
    "ephemeral-key-length": b"\x02" + bytes(21),
}


@pytest.mark.parametrize("reason", POINTS)
def test_such_an_ephemeral_key_gives_the_hub_no_key(reason: str) -> None:
    way = attacked(BRIDGE, EphemeralData, lambda _: EphemeralData(POINTS[reason]))
    assert way.hub.failures == [reason]
    assert way.hub.messages[-1] == TerminateKeyEstablishment(TerminateStatus.BAD_MESSAGE, 0, 2)
    assert way.bridge.failures == ["terminated"]
    is_safe(way)
    serves_again(way)


@pytest.mark.parametrize("reason", POINTS)
def test_such_an_ephemeral_key_gives_the_bridge_no_key(reason: str) -> None:
    way = attacked(HUB, EphemeralData, lambda _: EphemeralData(POINTS[reason]))
    assert way.bridge.failures == [reason]
    assert way.hub.failures == ["terminated"]
    is_safe(way)
    serves_again(way)


def test_a_man_in_the_middle_who_swaps_the_ephemeral_keys_is_found_at_the_confirmation() -> None:
    own = GenerateEphemeral(credentials(BRIDGE).suite, 424242)()
    swapped = EphemeralData(own.point)
    way = meeting(tamper=lambda _, message: swapped if isinstance(message, EphemeralData) else message)
    way.start()
    way.run()
    assert way.hub.failures == ["bad-key-confirm"]
    assert way.bridge.failures == ["terminated"]
    is_safe(way)
    serves_again(way)


def test_a_man_in_the_middle_who_swaps_the_hubs_ephemeral_key_alone_is_found_by_the_hub() -> None:
    own = GenerateEphemeral(credentials(BRIDGE).suite, 424242)()
    way = attacked(HUB, EphemeralData, lambda _: EphemeralData(own.point))
    assert way.hub.failures == ["bad-key-confirm"]
    is_safe(way)


def test_the_bridges_ephemeral_key_sent_back_is_refused() -> None:
    way = meeting()

    def reflect(sender: int, message: KeyEstablishmentMessage) -> KeyEstablishmentMessage:
        return way.bridge.messages[1] if sender == HUB and isinstance(message, EphemeralData) else message

    way.tamper = reflect
    way.start()
    way.run()
    assert way.bridge.failures == ["reflected-ephemeral-key"]
    is_safe(way)
    serves_again(way)


# --- confirmations ---------------------------------------------------------------------------------------------------


def flipped(message: KeyEstablishmentMessage) -> KeyEstablishmentMessage:
    assert isinstance(message, ConfirmKeyData)
    return ConfirmKeyData(message.mac[:-1] + bytes((message.mac[-1] ^ 1,)))


def test_a_flipped_bit_in_macu_gives_the_hub_no_key() -> None:
    way = attacked(BRIDGE, ConfirmKeyData, flipped)
    assert way.hub.failures == ["bad-key-confirm"]
    assert way.hub.candidates == []
    assert way.hub.messages[-1] == TerminateKeyEstablishment(TerminateStatus.BAD_KEY_CONFIRM, 0, 2)
    is_safe(way)
    serves_again(way)


def test_a_flipped_bit_in_macv_gives_the_bridge_no_key() -> None:
    way = meeting(tamper=changing(HUB, ConfirmKeyData, flipped))
    way.acknowledged = False
    way.start()
    way.run(until=HOUR)
    assert way.bridge.failures == ["bad-key-confirm"], "and no other try"
    assert way.bridge.messages[-1] == TerminateKeyEstablishment(TerminateStatus.BAD_KEY_CONFIRM, 0, 2)
    assert way.hub.failures == ["terminated"], "so the hub keeps its old key"
    is_safe(way)
    serves_again(way)


def test_the_bridges_mac_sent_back_is_no_confirmation() -> None:
    way = meeting()
    way.acknowledged = False

    def reflect(sender: int, message: KeyEstablishmentMessage) -> KeyEstablishmentMessage:
        return way.bridge.messages[2] if sender == HUB and isinstance(message, ConfirmKeyData) else message

    way.tamper = reflect
    way.start()
    way.run()
    assert way.bridge.failures == ["bad-key-confirm"]
    is_safe(way)
    serves_again(way)


def test_the_hubs_mac_of_an_earlier_exchange_is_no_confirmation() -> None:
    way = meeting()
    way.start()
    way.run()
    old = way.hub.messages[2]
    way.tamper = lambda sender, message: old if sender == HUB and isinstance(message, ConfirmKeyData) else message
    way.start()
    way.run()
    assert len(way.bridge.keys) == 1
    assert way.bridge.failures == ["bad-key-confirm"]


# --- floods ----------------------------------------------------------------------------------------------------------


def test_terminates_from_others_touch_nothing() -> None:
    way = meeting()
    way.start()
    for at in range(5_000, 100_000, 5_000):
        way.run(until=at)
        for status in (1, 2, 3, 4, 5, 6, 7, 255):
            message = TerminateKeyEstablishment(status, 254, 0xFFFF)
            for party in (way.bridge, way.hub):
                way.deliver(party, ATTACKER, message)
    way.run()
    assert way.bridge.failures == way.hub.failures == []
    assert way.bridge.keys == way.hub.keys != []
    assert set(way.bridge.dropped) <= {"not-the-partner", "no-exchange"}


def test_a_flood_of_terminates_in_the_partners_name_gives_no_key_and_is_answered_by_nothing() -> None:
    """Key establishment has the network key only, so whoever has that can stop it; he gets no key for it."""
    way = meeting()
    way.start()
    for at in range(0, MINUTE, 25 * MILLISECOND):
        way.run(until=at)
        for party, partner in ((way.bridge, HUB), (way.hub, BRIDGE)):
            before = len(party.messages)
            way.deliver(party, partner, TerminateKeyEstablishment(TerminateStatus.BAD_MESSAGE, 0, 2))
            assert len(party.messages) == before
    assert set(way.bridge.failures) == {"terminated"}
    assert len(way.bridge.failures) <= 10
    way.run(until=way.now + 30 * MINUTE)
    assert way.bridge.keys == way.hub.keys
    assert len(way.bridge.keys) == 1


def test_initiates_in_the_partners_name_give_no_key_and_leave_the_hub_usable() -> None:
    way = meeting()
    way.start()
    initiate = InitiateKeyEstablishment(2, 10, 15, credentials(BRIDGE).octets)
    for at in range(5_000, 200_000, 5_000):
        way.run(until=at)
        way.deliver(way.hub, BRIDGE, initiate)
    way.run(until=HOUR)
    assert way.hub.keys[-1:] == way.bridge.keys[-1:]
    assert set(way.hub.failures) <= {"restarted", "terminated", "timeout", "out-of-order", "unconfirmed"}
    assert way.hub.machine.state is ResponderState.IDLE


def test_a_duplicate_initiate_of_another_device_does_not_touch_the_exchange_under_way() -> None:
    way = meeting()
    way.start()
    way.run(until=35_000)
    for _ in range(50):
        way.deliver(way.hub, SECOND_BRIDGE, InitiateKeyEstablishment(2, 10, 15, credentials(SECOND_BRIDGE).octets))
    answers = [one.message for one in way.hub.effects if isinstance(one, Send) and one.to == SECOND_BRIDGE]
    assert answers == [TerminateKeyEstablishment(TerminateStatus.NO_RESOURCES, 30, 2)] * 50, "one short answer each"
    way.run()
    assert way.bridge.keys == way.hub.keys
    assert len(way.bridge.keys) == 1
    assert way.hub.failures == []


# --- anything at all -------------------------------------------------------------------------------------------------

POINT = GenerateEphemeral(credentials(BRIDGE).suite, 99)().point
MESSAGES = st.one_of(
    st.builds(
        InitiateKeyEstablishment,
        st.sampled_from([1, 2, 4]),
        st.integers(0, 254),
        st.integers(0, 254),
        st.sampled_from([credentials(one).octets for one in (BRIDGE, HUB, SECOND_BRIDGE)]) | st.just(bytes(74)),
    ),
    st.builds(EphemeralData, st.sampled_from([POINT, bytes(37), bytes(22)])),
    st.builds(ConfirmKeyData, st.just(bytes(16))),
    st.builds(TerminateKeyEstablishment, st.integers(0, 255), st.integers(0, 255), st.integers(0, 0xFFFF)),
)
Input = tuple[int, KeyEstablishmentMessage] | str
INPUTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([BRIDGE, HUB, SECOND_BRIDGE]), MESSAGES),
        st.sampled_from(["time", "undecodable", "refused", "lost", "proof", "compute"]),
    ),
    max_size=12,
)


@settings(max_examples=30)
@given(INPUTS)
def test_whatever_a_partner_sends_to_a_hub_it_gets_no_key_without_the_private_key(inputs: list[Input]) -> None:
    hub, now = responder(), 0
    effects: list[object] = []
    for one in inputs:
        now += 1_000_000
        if isinstance(one, tuple):
            effects += hub.received(one[0], one[1], 1, now)
        elif one == "time":
            effects += hub.on_timeout(hub.next_timeout() or now)
        elif one == "undecodable":
            effects += hub.undecodable(BRIDGE, 1, now)
        elif one == "refused":
            effects += hub.default_response(BRIDGE, 0, 1, now)
        elif one == "proof":
            effects += hub.authenticated(BRIDGE, now) + hub.default_response(BRIDGE, 2, 0, now)
        elif sent := [effect for effect in effects if isinstance(effect, Send)]:
            effects += hub.sent(sent[-1].message, now, delivered=one != "lost")
        if one == "compute" and (asked := [effect for effect in effects if isinstance(effect, Compute)]):
            result = asked[-1].work()
            assert isinstance(result, Answer) or hasattr(result, "reason")
            effects += hub.computed(asked[-1].token, result, now)
    assert not any(isinstance(effect, Established) for effect in effects)
    hub.stop(now)
    assert hub.state is ResponderState.IDLE
    assert hub.next_timeout() is None


@settings(max_examples=30)
@given(INPUTS)
def test_whatever_a_hub_sends_to_a_bridge_it_gets_no_key_without_the_private_key(inputs: list[Input]) -> None:
    bridge, now = initiator(), 0
    effects: list[object] = [*bridge.start(HUB, 0), *bridge.suites_read(2, 0)]
    for one in inputs:
        now += 1_000_000
        if isinstance(one, tuple):
            effects += bridge.received(one[0], one[1], 1, now)
        elif one == "time":
            effects += bridge.on_timeout(bridge.next_timeout() or now)
        elif one == "undecodable":
            effects += bridge.undecodable(HUB, now)
        elif one == "refused":
            effects += bridge.default_response(HUB, 1, now)
        elif one == "proof":
            effects += bridge.suites_read(3, now)
        elif sent := [effect for effect in effects if isinstance(effect, Send)]:
            effects += bridge.sent(sent[-1].message, now, delivered=one != "lost")
        if one == "compute" and (asked := [effect for effect in effects if isinstance(effect, Compute)]):
            effects += bridge.computed(asked[-1].token, asked[-1].work(), now)
    assert not any(isinstance(effect, Established) for effect in effects)
    ended = sum(isinstance(effect, Failed) for effect in effects)
    begun = sum(isinstance(effect, Send) and effect.message.command == 0 for effect in effects)
    assert begun - 1 <= ended
    bridge.stop(now)
    assert bridge.state is InitiatorState.IDLE
    assert bridge.next_timeout() is None
