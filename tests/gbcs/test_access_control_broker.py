"""The Access Control Broker: its Commands, and what it makes of what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.gbcs import crypto
from emulator.gbcs.access_control_broker import (
    AccessControlBroker,
    Alerted,
    Answered,
    FirmwareActivationAlert,
    FirmwareVersionRead,
    Outcome,
)
from emulator.gbcs.device.gbcs_device import Reply
from emulator.gbcs.header import Cra
from emulator.gbcs.message import Message
from emulator.gbcs.pki import generate_pki
from emulator.gbcs.refusal import Reason, Refusal
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases import cs02a, cs02e, cs08, cs09, generic_alert
from emulator.gbcs.use_cases.cells import TrustAnchorCell
from tests.gbcs.parties import BRIDGE, NOON, STRANGER, VERSION, Parties, activated

PKI = generate_pki(SeededStreams(1), [BRIDGE])


def answer_to(parties: Parties, command: bytes) -> bytes:
    reply = parties.device.receive(command, 0, NOON)
    assert isinstance(reply, Reply)
    return reply.octets


def alert(parties: Parties) -> bytes:
    return activated(parties.device)


def refused(outcome: Outcome) -> Reason:
    assert isinstance(outcome, Refusal), outcome
    return outcome.reason


def test_a_command_speaks_for_the_user_under_its_own_counter(parties: Parties) -> None:
    first, second = (Message.decode(parties.read_version()) for _ in range(2))
    assert first.shape == "b"
    assert (first.header.originator, first.header.recipient) == (parties.broker.entity_id, BRIDGE)
    assert first.header.supplementary_remote_party_id == parties.user
    assert first.header.supplementary_remote_party_counter == 1_001
    assert [first.header.originator_counter, second.header.originator_counter] == [1, 2]
    assert parties.broker.last_counter == 2


def test_a_broker_goes_on_counting_where_it_stopped(parties: Parties) -> None:
    keys = parties.pki.access_control_broker.keys
    broker = AccessControlBroker(keys, {BRIDGE: parties.pki.device(BRIDGE).public_keys}, last_counter=41)
    command = Message.decode(broker.command_cs08(BRIDGE, parties.user, 1))
    assert command.header.originator_counter == 42


def test_a_version_is_read(parties: Parties) -> None:
    outcome = parties.broker.receive(answer_to(parties, parties.read_version()), 5)
    assert isinstance(outcome, FirmwareVersionRead)
    assert outcome.device == BRIDGE
    assert outcome.response == cs08.Response.of(VERSION)
    assert outcome.command.header.response() == outcome.message.header


def test_answers_are_matched_to_their_commands_in_any_order(parties: Parties) -> None:
    commands = [parties.read_version() for _ in range(3)]
    answers = [answer_to(parties, command) for command in commands]
    for command, answer in zip(reversed(commands), reversed(answers), strict=True):
        outcome = parties.broker.receive(answer, 0)
        assert isinstance(outcome, FirmwareVersionRead)
        assert outcome.command == Message.decode(command)


def test_an_answer_counts_once(parties: Parties) -> None:
    answer = answer_to(parties, parties.read_version())
    assert isinstance(parties.broker.receive(answer, 0), FirmwareVersionRead)
    assert refused(parties.broker.receive(answer, 1)) is Reason.UNSOLICITED_RESPONSE


def test_an_unknown_device_cannot_be_asked_until_it_is_registered(parties: Parties) -> None:
    newcomer = Eui64(0x00DB1234567890FF)
    with pytest.raises(LocalProtocolError, match="00db1234567890ff"):
        parties.read_version(newcomer)
    assert parties.broker.last_counter == 0
    parties.broker.register(newcomer, parties.pki.device(BRIDGE).public_keys)
    assert Message.decode(parties.read_version(newcomer)).header.recipient == newcomer


def changed(parties: Parties, **header: object) -> bytes:
    """The answer to a pending Command, with a changed header and a MAC that fits it."""
    answer = Message.decode(answer_to(parties, parties.read_version()))
    other = replace(answer, header=replace(answer.header, **header))  # type: ignore[arg-type] # by name
    return crypto.authenticate(other, parties.secret).encode()


def _signed_answer(parties: Parties) -> bytes:
    answer = Message.decode(answer_to(parties, parties.read_version()))
    return crypto.sign(answer, parties.pki.device(BRIDGE).keys.digital_signature).encode()


def _answer_with_payload(parties: Parties) -> bytes:
    answer = replace(Message.decode(answer_to(parties, parties.read_version())), payload=b"\x05\x00")
    return crypto.authenticate(answer, parties.secret).encode()


def _flipped(octets: bytes) -> bytes:
    return octets[:-1] + bytes((octets[-1] ^ 1,))


def _alert(parties: Parties, *, payload: bytes | None = None, code: int = cs09.MESSAGE_CODE) -> bytes:
    message = Message.decode(alert(parties))
    content = message.payload if payload is None else payload
    header = replace(message.header, message_code=code)
    changed_alert = replace(message, payload=content, header=header)
    return crypto.sign(changed_alert, parties.pki.device(BRIDGE).keys.digital_signature).encode()


def _alert_with_mac(parties: Parties) -> bytes:
    message = replace(Message.decode(alert(parties)), signature=None)
    return crypto.authenticate(message, parties.secret).encode()


REFUSALS: list[tuple[Reason, Callable[[Parties], bytes]]] = [
    (Reason.UNDECODABLE, lambda _: b"\xdd"),
    (Reason.WRONG_TARGET, lambda parties: changed(parties, recipient=parties.user)),
    (Reason.UNEXPECTED_COMMAND, lambda parties: changed(parties, recipient=parties.broker.entity_id, cra=Cra.COMMAND)),
    (Reason.WRONG_ORIGINATOR, lambda parties: changed(parties, originator=parties.user)),
    (Reason.UNSOLICITED_RESPONSE, lambda parties: changed(parties, originator_counter=99)),
    (Reason.UNSOLICITED_RESPONSE, lambda parties: changed(parties, originator=STRANGER)),
    (Reason.WRONG_SHAPE, _signed_answer),
    (Reason.MAC_INVALID, lambda parties: _flipped(answer_to(parties, parties.read_version()))),
    (Reason.UNKNOWN_USE_CASE, lambda parties: changed(parties, message_code=0x0008)),
    (Reason.SUPPLEMENTARY_MISMATCH, lambda parties: changed(parties, supplementary_remote_party_id=BRIDGE)),
    (Reason.SUPPLEMENTARY_MISMATCH, lambda parties: changed(parties, supplementary_remote_party_counter=1)),
    (Reason.PAYLOAD_UNDECODABLE, _answer_with_payload),
    (Reason.SIGNATURE_INVALID, lambda parties: _flipped(alert(parties))),
    (Reason.WRONG_SHAPE, _alert_with_mac),
    (Reason.UNKNOWN_USE_CASE, lambda parties: _alert(parties, code=0xFFFE)),
    (Reason.PAYLOAD_UNDECODABLE, lambda parties: _alert(parties, code=0x0128)),
    (Reason.WRONG_SHAPE, lambda parties: _alert(parties, code=0x1001)),
    (Reason.PAYLOAD_UNDECODABLE, lambda parties: _alert(parties, payload=b"\x05\x00")),
    (
        Reason.UNKNOWN_USE_CASE,
        lambda parties: _alert(parties, payload=cs09.Alert(NOON, 1, 0, alert_code=0x8F8A).encode()),
    ),
]


@pytest.mark.parametrize("reason,make", REFUSALS, ids=[f"{n}-{reason}" for n, (reason, _) in enumerate(REFUSALS)])
def test_what_is_wrong_is_refused_with_its_reason_and_changes_nothing(
    parties: Parties, reason: Reason, make: Callable[[Parties], bytes]
) -> None:
    command = parties.read_version()
    assert refused(parties.broker.receive(make(parties), 3)) is reason
    assert isinstance(parties.broker.receive(answer_to(parties, command), 4), FirmwareVersionRead)
    assert isinstance(parties.broker.receive(alert(parties), 5), FirmwareActivationAlert)


@given(st.binary(max_size=200))
def test_any_octets_are_refused(octets: bytes) -> None:
    broker = AccessControlBroker(PKI.access_control_broker.keys, {BRIDGE: PKI.device(BRIDGE).public_keys})
    assert refused(broker.receive(octets, 0))


def test_an_alert_is_taken_once(parties: Parties) -> None:
    first, second = alert(parties), alert(parties)
    outcome = parties.broker.receive(first, 0)
    assert isinstance(outcome, FirmwareActivationAlert)
    assert (outcome.device, outcome.alert) == (BRIDGE, cs09.Alert(NOON, VERSION, cs09.Result.SUCCESS))
    assert refused(parties.broker.receive(first, 1)) is Reason.COUNTER_REPEATED
    assert isinstance(parties.broker.receive(second, 2), FirmwareActivationAlert)
    assert refused(parties.broker.receive(first, 3)) is Reason.COUNTER_REPEATED


def test_an_alert_under_the_message_code_of_cs08_is_taken(parties: Parties) -> None:
    outcome = parties.broker.receive(_alert(parties, code=0x0129), 0)
    assert isinstance(outcome, FirmwareActivationAlert)


def test_an_alert_of_another_device_is_not_taken_for_this_one(parties: Parties) -> None:
    message = Message.decode(alert(parties))
    other = replace(message, header=replace(message.header, originator=STRANGER))
    assert refused(parties.broker.receive(other.encode(), 0)) is Reason.SIGNATURE_INVALID


ASKED = cs02a.Command(
    TrustAnchorCell(RemotePartyRole.ACCESS_CONTROL_BROKER, KeyUsage.KEY_AGREEMENT),
    (RemotePartyRole.ACCESS_CONTROL_BROKER,),
)


def test_any_use_case_is_sent_and_its_answer_taken(parties: Parties) -> None:
    octets = parties.broker.command(BRIDGE, cs02a.MESSAGE_CODE, ASKED.encode(), user=parties.user)
    assert Message.decode(octets).header.supplementary_remote_party_counter == 1
    outcome = parties.broker.receive(answer_to(parties, octets), 0)
    assert isinstance(outcome, Answered)
    assert cs02a.Response.decode(outcome.message.payload).roles[0].cells


def test_a_critical_command_is_signed_and_so_is_its_answer(parties: Parties) -> None:
    payload = cs02e.Command(KeyUsage.KEY_AGREEMENT).encode()
    octets = parties.broker.command(BRIDGE, cs02e.MESSAGE_CODE, payload, signed=True)
    assert Message.decode(octets).shape == "a"
    outcome = parties.broker.receive(answer_to(parties, octets), 0)
    assert isinstance(outcome, Answered)
    assert outcome.message.shape == "d"


def test_a_broker_with_other_keys_is_a_stranger_to_devices_that_hold_the_old_ones(parties: Parties) -> None:
    renewed = parties.pki.renewed(parties.broker.entity_id, RemotePartyRole.ACCESS_CONTROL_BROKER, 2)
    parties.broker.adopt(renewed.keys)
    refusal = parties.device.receive(parties.read_version(), 0, NOON)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.MAC_INVALID


@pytest.mark.parametrize("with_mac", [True, False], ids=["with-mac", "signed"])
def test_other_alerts_are_taken_as_they_must_be_protected(parties: Parties, with_mac: bool) -> None:
    payload = generic_alert.Alert.of(0x8F85, NOON)
    device = parties.device
    octets = (
        device.alert_with_mac(generic_alert.NOT_CRITICAL_MESSAGE_CODE, payload.encode())
        if with_mac
        else device.alert(generic_alert.CRITICAL_MESSAGE_CODE, payload.encode())
    )
    outcome = parties.broker.receive(octets, 0)
    assert isinstance(outcome, Alerted)
    assert outcome.payload == payload
