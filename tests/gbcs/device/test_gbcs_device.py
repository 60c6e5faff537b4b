"""The device: answers the Access Control Broker, refuses everybody and everything else, and keeps its counters."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.gbcs import crypto
from emulator.gbcs.device.counters import Counters
from emulator.gbcs.device.gbcs_device import Reply
from emulator.gbcs.device.settings import DeviceSettings
from emulator.gbcs.device.state import DeviceState
from emulator.gbcs.device.trust_store import TrustStore
from emulator.gbcs.header import Cra
from emulator.gbcs.message import Message
from emulator.gbcs.pki import generate_pki
from emulator.gbcs.refusal import Reason, Refusal
from emulator.gbcs.use_cases import cs08, cs09, generic_alert
from tests.gbcs.parties import BRIDGE, NOON, STRANGER, VERSION, Parties, activated, device_of

PKI = generate_pki(SeededStreams(1), [BRIDGE])


def replied(answer: Reply | Refusal) -> Reply:
    assert isinstance(answer, Reply), answer
    return answer


def refused(answer: Reply | Refusal) -> Refusal:
    assert isinstance(answer, Refusal), answer
    return answer


def with_header(parties: Parties, **changes: object) -> bytes:
    """A CS08 Command with a changed header and a MAC that fits it."""
    command = Message.decode(parties.read_version())
    changed = replace(command, header=replace(command.header, **changes))  # type: ignore[arg-type] # by name
    return crypto.authenticate(changed, parties.secret).encode()


def test_cs08_is_answered_with_the_version_that_runs(parties: Parties) -> None:
    reply = replied(parties.device.receive(parties.read_version(), 0, NOON))
    assert cs08.Response.decode(reply.response.payload) == cs08.Response.of(VERSION)
    assert reply.response.shape == "c"
    assert crypto.mac_is_valid(Message.decode(reply.octets), parties.secret)
    assert reply.response.header == reply.command.header.response()


def test_a_version_that_cannot_be_read_is_said_to_be(parties: Parties) -> None:
    device = device_of(parties.pki, version=None)
    reply = replied(device.receive(parties.read_version(), 0, NOON))
    assert cs08.Response.decode(reply.response.payload) == cs08.Response(0, cs08.ResponseCode.READ_FAILURE)


def _other_mac(parties: Parties) -> bytes:
    octets = parties.read_version()
    return octets[:-1] + bytes((octets[-1] ^ 1,))


def _signed_as_well(parties: Parties) -> bytes:
    command = Message.decode(parties.read_version())
    signed = crypto.sign(command, parties.pki.access_control_broker.keys.digital_signature)
    return crypto.authenticate(signed, parties.secret).encode()


def _signed_only(parties: Parties) -> bytes:
    command = Message.decode(parties.read_version())
    return crypto.sign(command, parties.pki.access_control_broker.keys.digital_signature).encode()


def _unprotected(parties: Parties) -> bytes:
    return replace(Message.decode(parties.read_version()), mac=None).encode()


def _with_payload(parties: Parties) -> bytes:
    command = replace(Message.decode(parties.read_version()), payload=b"\x05\x01\x00")
    return crypto.authenticate(command, parties.secret).encode()


def _another_environment(parties: Parties) -> bytes:
    other = Parties(generate_pki(SeededStreams(2), [BRIDGE, STRANGER]))
    other.broker.last_counter = parties.broker.last_counter
    return other.read_version()


REFUSALS: list[tuple[Reason, Callable[[Parties], bytes]]] = [
    (Reason.UNDECODABLE, lambda _: b""),
    (Reason.UNDECODABLE, lambda parties: parties.read_version()[:-1]),
    (Reason.WRONG_TARGET, lambda parties: parties.read_version(STRANGER)),
    (Reason.NOT_A_COMMAND, lambda parties: with_header(parties, cra=Cra.RESPONSE)),
    (Reason.NOT_A_COMMAND, lambda parties: with_header(parties, cra=Cra.ALERT)),
    (Reason.UNKNOWN_USE_CASE, lambda parties: with_header(parties, message_code=0x000D)),
    (Reason.UNKNOWN_USE_CASE, lambda parties: with_header(parties, message_code=0xFFFF)),
    (Reason.WRONG_ORIGINATOR, lambda parties: with_header(parties, originator=parties.user)),
    (Reason.WRONG_ORIGINATOR, lambda parties: with_header(parties, originator=BRIDGE)),
    (Reason.WRONG_SHAPE, _signed_as_well),
    (Reason.WRONG_SHAPE, _signed_only),
    (Reason.WRONG_SHAPE, _unprotected),
    (Reason.MAC_INVALID, _other_mac),
    (Reason.MAC_INVALID, _another_environment),
    (Reason.PAYLOAD_UNDECODABLE, _with_payload),
]


@pytest.mark.parametrize("reason,make", REFUSALS, ids=[f"{n}-{reason}" for n, (reason, _) in enumerate(REFUSALS)])
@pytest.mark.parametrize("repeats", [True, False], ids=["repeats", "no-repeats"])
def test_what_is_wrong_is_refused_with_its_reason_and_changes_nothing(
    parties: Parties, reason: Reason, make: Callable[[Parties], bytes], repeats: bool
) -> None:
    device = parties.bridge(DeviceSettings(cs08_repeats=repeats))
    replied(device.receive(parties.read_version(), 0, NOON))
    before = device.state
    refusal = refused(device.receive(make(parties), 17, NOON))
    assert (refusal.reason, refusal.at) == (reason, 17)
    assert refusal.detail
    assert (refusal.message is None) == (reason is Reason.UNDECODABLE)
    assert device.state is before
    replied(device.receive(parties.read_version(), 18, NOON))


@given(st.binary(max_size=200))
def test_any_octets_are_answered_or_refused(octets: bytes) -> None:
    device = device_of(PKI)
    assert refused(device.receive(octets, 0, NOON)).reason


def test_a_repeated_cs08_is_answered_the_same_where_repeats_are_allowed(parties: Parties) -> None:
    device = parties.bridge(DeviceSettings(cs08_repeats=True))
    first, second = parties.read_version(), parties.read_version()
    answers = [replied(device.receive(command, 0, NOON)).octets for command in (second, first, second)]
    assert answers[0] == answers[2] != answers[1]
    assert device.state.counters == Counters()


def test_a_repeated_or_older_cs08_is_refused_where_they_are_not(parties: Parties) -> None:
    device = parties.bridge(DeviceSettings(cs08_repeats=False))
    first, second, third = (parties.read_version() for _ in range(3))
    replied(device.receive(second, 0, NOON))
    assert refused(device.receive(second, 1, NOON)).reason is Reason.COUNTER_REPEATED
    assert refused(device.receive(first, 2, NOON)).reason is Reason.COUNTER_REPEATED
    replied(device.receive(third, 3, NOON))


def test_a_replay_is_refused_after_a_restart_too(parties: Parties) -> None:
    settings = DeviceSettings(cs08_repeats=False)
    device = parties.bridge(settings)
    command = parties.read_version()
    replied(device.receive(command, 0, NOON))
    stored = json.dumps(device.state.to_dict())
    restarted = parties.bridge(settings, DeviceState.from_dict(json.loads(stored)))
    assert refused(restarted.receive(command, 1, NOON)).reason is Reason.COUNTER_REPEATED


def test_a_device_that_trusts_nobody_refuses_everybody(parties: Parties) -> None:
    state = replace(parties.device.state, store=TrustStore({}))
    device = device_of(parties.pki, state=state)
    assert refused(device.receive(parties.read_version(), 0, NOON)).reason is Reason.WRONG_ORIGINATOR
    with pytest.raises(LocalProtocolError, match="no trust anchor"):
        activated(device)
    assert device.state is state


def test_the_activation_alert_is_signed_and_says_what_runs(parties: Parties) -> None:
    octets = activated(parties.device)
    message = Message.decode(octets)
    assert message.shape == "e"
    assert message.header.message_code == 0x012B
    assert message.header.recipient == parties.broker.entity_id
    assert message.header.date_time is None
    assert cs09.Alert.decode(message.payload) == cs09.Alert(NOON, VERSION, cs09.Result.SUCCESS, 0x8F8B)
    assert crypto.signature_is_valid(message, parties.pki.device(BRIDGE).public_keys.digital_signature)


@pytest.mark.parametrize(
    "setting,result,carried",
    [
        ("running", cs09.Result.SUCCESS, 1),
        ("running", cs09.Result.FAILURE, 1),
        ("failed", cs09.Result.SUCCESS, 1),
        ("failed", cs09.Result.FAILURE, 2),
    ],
    ids=str,
)
def test_the_version_on_failure_is_the_one_of_the_setting(
    parties: Parties, setting: str, result: cs09.Result, carried: int
) -> None:
    settings = DeviceSettings(cs09_version_on_failure=setting)  # type: ignore[arg-type] # the words of the table
    octets = activated(parties.bridge(settings), result, running=1)
    alert = cs09.Alert.decode(Message.decode(octets).payload)
    assert (alert.firmware_version, alert.result) == (carried, result)


def test_the_alert_counter_rises_and_survives_a_restart(parties: Parties) -> None:
    counters = []
    device = parties.device
    for _ in range(3):
        for _ in range(2):
            octets = activated(device)
            counters.append(Message.decode(octets).header.originator_counter)
        device = parties.bridge(state=DeviceState.from_dict(json.loads(json.dumps(device.state.to_dict()))))
    assert counters == [1, 2, 3, 4, 5, 6]


def test_the_same_seed_signs_the_same_octets(parties: Parties) -> None:
    first, second = (activated(parties.bridge()) for _ in range(2))
    assert first == second
    random = DeviceSettings(ecdsa_deterministic=False)
    third = activated(parties.bridge(random))
    assert third[:-64] == first[:-64]
    assert third != first
    assert parties.broker.receive(third, 0)


def test_a_command_without_a_user_behind_the_broker_is_answered_without(parties: Parties) -> None:
    octets = with_header(parties, supplementary_remote_party_id=None, supplementary_remote_party_counter=None)
    reply = replied(parties.device.receive(octets, 0, NOON))
    assert reply.response.header.supplementary_remote_party_id is None


def test_another_device_of_the_same_environment_has_other_keys(parties: Parties) -> None:
    stranger = device_of(parties.pki, STRANGER)
    assert (
        refused(stranger.receive(with_header(parties, recipient=Eui64(STRANGER)), 0, NOON)).reason is Reason.MAC_INVALID
    )


@pytest.mark.parametrize("wanted", [True, False], ids=["wanted", "not-wanted"])
def test_a_command_that_is_not_known_is_told_of_where_the_switch_wants_it(parties: Parties, wanted: bool) -> None:
    device = parties.bridge(DeviceSettings(unsupported_alert=wanted))
    refusal = refused(device.receive(with_header(parties, message_code=0xFFFE), 0, NOON))
    assert refusal.reason is Reason.UNKNOWN_USE_CASE
    assert (refusal.alert is not None) == wanted
    if refusal.alert is not None:
        message = Message.decode(refusal.alert)
        assert generic_alert.Alert.decode(message.payload).alert_code == 0x8F85
        assert crypto.signature_is_valid(message, parties.pki.device(BRIDGE).public_keys.digital_signature)
        assert device.state.counters.alert == message.header.originator_counter == 1


def test_nobody_but_the_broker_can_cause_an_alert(parties: Parties) -> None:
    device = parties.bridge(DeviceSettings(unsupported_alert=True))
    octets = with_header(parties, message_code=0xFFFE)
    refusal = refused(device.receive(octets[:-1] + bytes((octets[-1] ^ 1,)), 0, NOON))
    assert (refusal.reason, refusal.alert) == (Reason.UNKNOWN_USE_CASE, None)
    assert device.state.counters == Counters()


def test_an_alert_that_is_not_critical_has_a_mac(parties: Parties) -> None:
    message = Message.decode(parties.device.alert_with_mac(0x1001, b"\x01"))
    assert message.shape == "f"
    assert crypto.mac_is_valid(message, parties.secret)
