"""Messages in words: the names that tools rely on, and what `valid` means."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given

from emulator.core.events import Value
from emulator.gbcs import crypto
from emulator.gbcs.describe import describe, flatten
from emulator.gbcs.device.gbcs_device import Reply
from emulator.gbcs.message import Message
from emulator.gbcs.use_cases import cs09
from tests.gbcs.parties import NOON, Parties, Rtds, activated
from tests.gbcs.strategies import messages

KEYS = {
    "shape",
    "cra",
    "originator_counter",
    "originator",
    "recipient",
    "date_time",
    "message_code",
    "use_case",
    "supplementary_remote_party_id",
    "supplementary_remote_party_counter",
    "payload",
    "mac",
    "signature",
}


def test_a_cs08_answer_in_words(parties: Parties) -> None:
    reply = parties.device.receive(parties.read_version(), 0, NOON)
    assert isinstance(reply, Reply)
    assert parties.broker.describe(Message.decode(reply.octets)) == {
        "shape": "c",
        "cra": "response",
        "originator_counter": 1,
        "originator": "00db1234567890b1",
        "recipient": "90b3d51f30000002",
        "date_time": None,
        "message_code": "0129",
        "use_case": "CS08",
        "supplementary_remote_party_id": "90b3d51f30010000",
        "supplementary_remote_party_counter": 1_001,
        "payload": {"firmware_version": "0A0B0C0D", "response_code": 0},
        "mac": {"present": True, "valid": True},
        "signature": {"present": False, "valid": None},
    }


def test_a_command_is_checked_with_the_keys_of_its_recipient(parties: Parties) -> None:
    words = parties.broker.describe(Message.decode(parties.read_version()))
    assert words["mac"] == {"present": True, "valid": True}
    assert words["payload"] == {}


def test_a_cs09_alert_in_words(parties: Parties) -> None:
    octets = activated(parties.device, cs09.Result.FAILURE, at=datetime(2026, 1, 2, tzinfo=UTC))
    words = parties.broker.describe(Message.decode(octets))
    assert (words["shape"], words["cra"], words["use_case"]) == ("e", "alert", "CS09")
    assert words["payload"] == {
        "alert_code": "8f8b",
        "activation_date_time": "2026-01-02T00:00:00Z",
        "firmware_version": "0A0B0C0D",
        "result": 1,
    }
    assert words["mac"] == {"present": False, "valid": None}
    assert words["signature"] == {"present": True, "valid": True}


def test_valid_is_none_without_a_key_and_false_with_the_wrong_one(parties: Parties) -> None:
    command = Message.decode(parties.read_version())
    assert describe(command)["mac"] == {"present": True, "valid": None}
    assert describe(command, shared_secret=bytes(32))["mac"] == {"present": True, "valid": False}
    alert = Message.decode(activated(parties.device, running=1))
    key = crypto.private_key(b"other").public_key()
    assert describe(alert)["signature"] == {"present": True, "valid": None}
    assert describe(alert, signer_public_key=key)["signature"] == {"present": True, "valid": False}


def test_an_alert_under_the_message_code_of_cs08_is_called_cs09(parties: Parties) -> None:
    alert = Message.decode(activated(parties.device, running=1))
    words = describe(replace(alert, header=replace(alert.header, message_code=0x0129)))
    assert (words["message_code"], words["use_case"]) == ("0129", "CS09")


def test_a_payload_that_cannot_be_read_is_shown_raw(parties: Parties) -> None:
    command = Message.decode(parties.read_version())
    damaged = describe(replace(command, payload=b"\x05"))["payload"]
    assert isinstance(damaged, dict)
    assert damaged["raw"] == "05"
    assert damaged["error"]
    unknown = replace(command, header=replace(command.header, message_code=0x7777))
    assert describe(unknown)["payload"] == {"raw": "0500"}
    assert describe(unknown)["use_case"] is None


@given(messages())
def test_every_message_has_the_same_keys_and_is_json(message: Message) -> None:
    words = describe(message)
    assert set(words) - {"other_information"} == KEYS
    assert words.get("other_information", "") == message.header.other_information.hex()
    assert json.loads(json.dumps(words)) == words


def test_every_published_message_is_named_and_valid(rtds: Rtds) -> None:
    for vector in rtds.all:
        words = describe(
            Message.decode(vector.octets), shared_secret=vector.shared_secret, signer_public_key=vector.signer
        )
        assert words["use_case"], vector.name
        assert words["mac"] == {"present": bool(vector.shared_secret), "valid": True if vector.shared_secret else None}
        assert words["signature"] == {"present": bool(vector.signer), "valid": True if vector.signer else None}


def test_fields_inside_fields_are_named_by_their_way_down() -> None:
    words: Value = {"a": 1, "b": {"c": None, "d": [True, {"e": "x"}]}, "f": []}
    assert list(flatten(words)) == [("a", "1"), ("b / d 1", "true"), ("b / d 2 / e", "x")]
