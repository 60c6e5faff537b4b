"""One set of names for all versions."""

from __future__ import annotations

import pytest

from emulator.ncp.ezsp.names import camel_case, request_field, response_field


@pytest.mark.parametrize(
    "name, expected",
    [
        ("aps_frame", "apsFrame"),
        ("apsFrame", "apsFrame"),
        ("ttl_in_seconds", "ttlInSeconds"),
        ("status", "status"),
        ("", ""),
    ],
)
def test_names_are_in_camel_case(name: str, expected: str) -> None:
    assert camel_case(name) == expected


def test_the_sequence_of_a_broadcast_is_another_in_the_request_than_in_the_response() -> None:
    assert request_field("sendBroadcast", "sequence") == "nwkSequence"
    assert response_field("sendBroadcast", "sequence") == "sequence"


def test_old_and_new_names_of_a_field_are_one() -> None:
    for old, new in (("type", "message_type"), ("indexOrDestination", "nwk"), ("messageContents", "message")):
        assert request_field("sendUnicast", old) == request_field("sendUnicast", new) == old
