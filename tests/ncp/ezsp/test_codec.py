"""Frames of a host in, frames of a stick out; with bellows' protocol handlers as the host where that says more."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from bellows import types  # type: ignore[import-untyped]
from bellows.exception import InvalidCommandError  # type: ignore[import-untyped]
from bellows.ezsp import EZSP  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import LocalProtocolError
from emulator.ncp.ezsp.codec import (
    Request,
    decode_request,
    encode_callback,
    encode_invalid_command,
    encode_response,
)
from emulator.ncp.ezsp.header import MAX_FRAME_OCTETS, Control, Refusal, ResponseFlag
from emulator.ncp.ezsp.status import Status
from emulator.ncp.tables import VERSIONS, commands
from tests.ncp.ezsp.drawing import record_of

every_version = pytest.mark.parametrize("version", VERSIONS)
later_versions = pytest.mark.parametrize("version", VERSIONS[1:])

APS_FRAME = {
    "profileId": 0x0109,
    "clusterId": 0x0019,
    "sourceEndpoint": 1,
    "destinationEndpoint": 2,
    "options": 0x1040,
    "groupId": 0,
    "sequence": 0x21,
}
APS_OCTETS = "0901 1900 01 02 4010 0000 21"
MESSAGE = b"\x19\x07\x05\x00"
EUI64 = 0x00DB1234567890A4


class Host:
    """bellows' protocol handler of one version, at the other end of nothing."""

    def __init__(self, version: int) -> None:
        self.heard: list[tuple[str, list[Any]]] = []
        self.handler = EZSP._BY_VERSION[version](lambda name, values: self.heard.append((name, values)), None)

    def request(self, name: str, **values: Any) -> bytes:
        return bytes(self.handler._ezsp_frame(name, **values))

    async def answer_to(self, sequence: int, name: str, frame: bytes) -> Any:
        """What a command of that sequence resolves to when the frame comes in."""
        frame_id, _, response = self.handler.COMMANDS[name]
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.handler._awaiting[sequence] = (frame_id, response, waiting)
        self.handler(frame)
        return await waiting


def refusal_of(version: int, octets: str, *, version_set: bool = True) -> Refusal:
    with pytest.raises(Refusal) as caught:
        decode_request(version, bytes.fromhex(octets), version_set=version_set)
    return caught.value


# --- the version command ---------------------------------------------------------------------------------------------


@every_version
@pytest.mark.parametrize("asked", [4, 19])
def test_the_first_version_comes_in_the_legacy_format(version: int, asked: int) -> None:
    request = decode_request(version, bytes((0, 0, 0, asked)), version_set=False)
    assert request == Request(0, "version", {"desiredProtocolVersion": asked}, legacy=True)


@every_version
def test_the_version_is_answered_in_the_format_it_was_asked_in(version: int) -> None:
    values = {"protocolVersion": version, "stackType": 2, "stackVersion": 0x7430}
    legacy = encode_response(version, 0, "version", values, legacy=True)
    assert legacy == bytes((0, 0x80, 0, version, 2, 0x30, 0x74))
    extended = encode_response(version, 1, "version", values)
    assert extended == bytes((1, 0x80, 1, 0, 0, version, 2, 0x30, 0x74))


@every_version
async def test_bellows_learns_the_version_from_the_legacy_response(version: int) -> None:
    frame = encode_response(
        version, 0, "version", {"protocolVersion": version, "stackType": 2, "stackVersion": 0x7430}, legacy=True
    )
    assert await Host(4).answer_to(0, "version", frame) == [version, 2, 0x7430]


@every_version
def test_until_the_version_is_agreed_nothing_else_is_a_command(version: int) -> None:
    nop = refusal_of(version, "0500010500", version_set=False)
    assert (nop.reason, nop.status, nop.legacy) == ("version-not-set", Status.ERROR_VERSION_NOT_SET, False)
    unknown = refusal_of(version, "050001ee7f", version_set=False)
    assert (unknown.reason, unknown.frame_id) == ("version-not-set", 0x7FEE)
    legacy = refusal_of(version, "05000a00", version_set=False)
    assert (legacy.reason, legacy.legacy) == ("version-not-set", True)
    again = decode_request(version, bytes((6, 0, 1, 0, 0, version)), version_set=False)
    assert again["desiredProtocolVersion"] == version


# --- refusals --------------------------------------------------------------------------------------------------------


@every_version
@pytest.mark.parametrize(
    "octets, reason, status",
    [
        ("050001ee7f", "unknown-frame-id", Status.ERROR_INVALID_FRAME_ID),
        ("0500014500", "no-request", Status.ERROR_INVALID_FRAME_ID),
        ("0500015800", "no-request", Status.ERROR_INVALID_FRAME_ID),
        ("0500010700", "no-request", Status.ERROR_INVALID_FRAME_ID),
        ("0580010500", "wrong-direction", Status.ERROR_WRONG_DIRECTION),
        ("05000a00", "unsupported-control", Status.ERROR_UNSUPPORTED_CONTROL),
        ("0500810500", "unsupported-control", Status.ERROR_UNSUPPORTED_CONTROL),
        ("050001", "too-short", Status.ERROR_TRUNCATED),
    ],
)
def test_what_is_no_command_is_refused_with_the_status_to_answer(
    version: int, octets: str, reason: str, status: Status
) -> None:
    refusal = refusal_of(version, octets)
    assert (refusal.reason, refusal.status, refusal.sequence) == (reason, status, 5)


def test_a_frame_id_of_another_version_is_unknown() -> None:
    assert refusal_of(13, "0500015401").reason == "unknown-frame-id"
    assert decode_request(18, bytes.fromhex("05000154010203")).name == "readPaCurveSegment"


def test_invalid_command_has_one_octet_up_to_13() -> None:
    assert encode_invalid_command(13, refusal_of(13, "050001ee7f")) == bytes.fromhex("0580015800 31")


@every_version
def test_invalid_command_has_one_octet_in_the_legacy_format(version: int) -> None:
    refusal = refusal_of(version, "05000a00", version_set=False)
    assert encode_invalid_command(version, refusal) == bytes.fromhex("058058 30")


@later_versions
def test_invalid_command_has_four_octets_from_14_on(version: int) -> None:
    assert encode_invalid_command(version, refusal_of(version, "050001ee7f")) == bytes.fromhex("0580015800 31000000")


def test_a_frame_without_a_sequence_cannot_be_answered() -> None:
    assert encode_invalid_command(13, refusal_of(13, "")) is None


@every_version
async def test_bellows_takes_invalid_command_for_one(version: int) -> None:
    frame = encode_invalid_command(version, refusal_of(version, "050001ee7f"))
    assert frame is not None
    with pytest.raises(InvalidCommandError):
        await Host(version).answer_to(5, "nop", frame)


# --- requests --------------------------------------------------------------------------------------------------------


@every_version
def test_a_unicast_reads_the_same_in_every_version(version: int) -> None:
    tag = "55" if version == 13 else "5500"
    octets = bytes.fromhex(f"0500013400 00 3412 {APS_OCTETS} {tag} 04") + MESSAGE
    request = decode_request(version, octets)
    assert request.name == "sendUnicast"
    assert request.values == {
        "type": 0,
        "indexOrDestination": 0x1234,
        "apsFrame": APS_FRAME,
        "messageTag": 0x55,
        "messageContents": MESSAGE,
    }
    assert request["apsFrame"]["clusterId"] == 0x0019
    assert (request.short, request.trailing) == (False, 0)


@every_version
def test_what_bellows_sends_as_a_unicast_is_what_is_read(version: int) -> None:
    frame = types.EmberApsFrame(**APS_FRAME)
    contents = types.LVBytes(MESSAGE)
    if version == 13:
        octets = Host(13).request(
            "sendUnicast", type=0, indexOrDestination=0x1234, apsFrame=frame, messageTag=9, messageContents=contents
        )
    else:
        octets = Host(version).request(
            "sendUnicast", message_type=0, nwk=0x1234, aps_frame=frame, message_tag=9, message=contents
        )
    request = decode_request(version, octets)
    assert (request["indexOrDestination"], request["messageTag"]) == (0x1234, 9)
    assert (request["apsFrame"], request["messageContents"]) == (APS_FRAME, MESSAGE)


def test_broadcasts_and_multicasts_have_the_fields_of_all_versions() -> None:
    old = decode_request(13, bytes.fromhex(f"0500013600 fdff {APS_OCTETS} 1e 07 00"))
    new = decode_request(14, bytes.fromhex(f"0500013600 ffff fdff 00 {APS_OCTETS} 1e 0700 00"))
    assert old.values == new.values
    assert (old["alias"], old["destination"], old["nwkSequence"]) == (0xFFFF, 0xFFFD, 0)

    old = decode_request(13, bytes.fromhex(f"0500013800 {APS_OCTETS} 03 07 07 00"))
    new = decode_request(14, bytes.fromhex(f"0500013800 {APS_OCTETS} 03 fdff ffff 00 0700 00"))
    assert old.values == new.values
    assert (old["broadcastAddr"], old["alias"], old["nonmemberRadius"]) == (0xFFFD, 0xFFFF, 7)


def test_a_rejoin_has_the_fields_of_all_versions() -> None:
    old = decode_request(13, bytes.fromhex("0500012100 01 00f8ff07"))
    new = decode_request(14, bytes.fromhex("0500012100 01 00f8ff07 00 00"))
    assert old.values == new.values
    assert old["haveCurrentNetworkKey"] is True
    assert old["channelMask"] == 0x07FFF800


@every_version
def test_the_clusters_of_an_endpoint_are_told_apart_by_their_counts(version: int) -> None:
    octets = bytes.fromhex("0500010200 01 0901 0700 00 02 01 0000 1900 0008")
    request = decode_request(version, octets)
    assert request["inputClusterList"] == (0x0000, 0x0019)
    assert request["outputClusterList"] == (0x0800,)
    assert (request.missing, request.trailing) == ((), 0)


@every_version
def test_a_transient_key_without_flags_is_short_and_with_them_is_not(version: int) -> None:
    octets = bytes.fromhex("0500011101 a490785634 12db00".replace(" ", "")) + bytes(range(16))
    request = decode_request(version, octets)
    assert (request["eui64"], request["plaintextKey"], request["flags"]) == (EUI64, bytes(range(16)), 0)
    assert (request.short, request.missing) == (True, ("flags",))
    longer = decode_request(version, octets + b"\x02")
    assert (longer["flags"], longer.short, longer.trailing) == (2, False, 0)


@every_version
def test_octets_behind_the_last_field_are_counted_and_passed_over(version: int) -> None:
    request = decode_request(version, bytes.fromhex("0500012200 3c aabbcc"))
    assert (request.name, request["duration"], request.trailing) == ("permitJoining", 60, 3)


@every_version
def test_a_message_that_is_cut_off_is_missing(version: int) -> None:
    request = decode_request(version, bytes.fromhex("0500018100 05 0102"))
    assert (request.name, request["data"], request.missing, request.trailing) == ("echo", b"", ("data",), 0)


@every_version
def test_the_context_of_a_key_stands_among_the_commands_own_fields(version: int) -> None:
    octets = bytes.fromhex("0500011501 02 03 0000 a49078563412db00 00 01 00000000") + bytes(range(16))
    request = decode_request(version, octets)
    assert request.name == "importKey"
    assert (request["coreKeyType"], request["keyIndex"], request["eui64"]) == (2, 3, EUI64)
    assert (request["flags"], request["key"]) == (1, bytes(range(16)))


def test_the_power_of_a_network_is_signed() -> None:
    octets = bytes.fromhex("0500011e00 a49078563412db00 3412 fb 0f 00 0000 00 00f8ff07")
    assert decode_request(13, octets)["parameters"]["radioTxPower"] == -5


def test_sleep_mode_and_network_of_a_command_are_told() -> None:
    assert decode_request(13, bytes.fromhex("0522010500")).control == Control(sleep_mode=2, network=1)


@given(octets=st.binary(max_size=MAX_FRAME_OCTETS + 4), version=st.sampled_from(VERSIONS), version_set=st.booleans())
def test_any_octets_are_a_request_or_are_refused(octets: bytes, version: int, version_set: bool) -> None:
    understood(version, octets, version_set)


@given(
    parameters=st.binary(max_size=80),
    frame_id=st.integers(0, 0x170),
    control=st.integers(0, 0x7F),
    version=st.sampled_from(VERSIONS),
)
def test_any_parameters_of_any_frame_id_are_a_request_or_are_refused(
    parameters: bytes, frame_id: int, control: int, version: int
) -> None:
    octets = bytes((9, control, 1)) + frame_id.to_bytes(2, "little") + parameters
    request = understood(version, octets, version_set=True)
    command = commands(version).by_id.get(frame_id)
    assert (request is not None) == (command is not None and command.is_request)
    if request is not None:
        assert command is not None
        assert request.values.keys() == command.request.names | command.absent.keys()
        assert request.trailing <= len(parameters)


def understood(version: int, octets: bytes, version_set: bool) -> Request | None:
    """The request; None if it is refused in a way that can be answered; any other exception fails the test."""
    try:
        return decode_request(version, octets, version_set=version_set)
    except Refusal as refusal:
        answer = encode_invalid_command(version, refusal)
        assert (answer is None) == (octets == b"")
        return None


@given(version=st.sampled_from(VERSIONS), pick=st.integers(0, 1 << 16), source=st.randoms(use_true_random=False))
def test_what_a_host_writes_is_what_is_read_whole_or_cut(version: int, pick: int, source: random.Random) -> None:
    requests = sorted((each for each in commands(version) if each.is_request), key=lambda each: each.frame_id)
    command = requests[pick % len(requests)]
    values = record_of(command.request, source)
    octets = bytes((1, 0, 1)) + command.frame_id.to_bytes(2, "little") + command.request.write(values)
    assert decode_request(version, octets) == Request(1, command.name, {**values, **command.absent})
    cut = decode_request(version, octets[: source.randint(5, len(octets))])
    assert cut.trailing == 0
    if command.name not in MAY_END_EARLIER:
        zeros = {name: command.request.zero[name] for name in cut.missing}
        assert cut.values == {**values, **command.absent, **zeros}


MAY_END_EARLIER = {"setMulticastTableEntry"}
"""What ends in a field that may be left out: cut there, it is another request and not a short one."""


# --- responses and callbacks -----------------------------------------------------------------------------------------


@every_version
async def test_bellows_reads_the_response_to_a_unicast(version: int) -> None:
    frame = encode_response(version, 7, "sendUnicast", {"status": Status.MAX_MESSAGE_LIMIT_REACHED, "sequence": 3})
    status, sequence = await Host(version).answer_to(7, "sendUnicast", frame)
    assert types.sl_Status.from_ember_status(status) == types.sl_Status.ZIGBEE_MAX_MESSAGE_LIMIT_REACHED
    assert sequence == 3


@every_version
def test_bellows_reads_an_incoming_message_of_the_same_values_in_every_version(version: int) -> None:
    values = {
        "type": 0,
        "apsFrame": APS_FRAME,
        "sender": 0x1234,
        "senderEui64": EUI64,
        "bindingIndex": 0xFF,
        "addressIndex": 0xFE,
        "lastHopLqi": 200,
        "lastHopRssi": -60,
        "lastHopTimestamp": 99,
        "messageContents": MESSAGE,
    }
    host = Host(version)
    host.handler(encode_callback(version, 7, "incomingMessageHandler", values))
    ((name, heard),) = host.heard
    assert name == "incomingMessageHandler"
    by_name = dict(zip(host.handler.COMMANDS[name][2], heard, strict=True))
    frame = by_name["apsFrame" if version == 13 else "aps_frame"]
    assert frame == types.EmberApsFrame(**APS_FRAME)
    assert by_name["sender" if version == 13 else "nwk"] == 0x1234
    assert by_name["lastHopRssi" if version == 13 else "rssi"] == -60
    assert by_name["messageContents" if version == 13 else "message"] == MESSAGE
    if version > 13:
        assert by_name["eui64"].serialize() == EUI64.to_bytes(8, "little")
        assert by_name["timestamp"] == 99


@every_version
def test_bellows_reads_what_became_of_a_message(version: int) -> None:
    values = {
        "type": 0,
        "indexOrDestination": 0x1234,
        "apsFrame": APS_FRAME,
        "messageTag": 0x55,
        "status": Status.DELIVERY_FAILED,
    }
    host = Host(version)
    host.handler(encode_callback(version, 7, "messageSentHandler", values))
    ((name, heard),) = host.heard
    by_name = dict(zip(host.handler.COMMANDS[name][2], heard, strict=True))
    assert types.sl_Status.from_ember_status(by_name["status"]) == types.sl_Status.ZIGBEE_DELIVERY_FAILED
    assert by_name["messageTag" if version == 13 else "message_tag"] == 0x55
    assert by_name["indexOrDestination" if version == 13 else "nwk"] == 0x1234


@every_version
def test_callbacks_are_marked_asynchronous_and_bear_the_sequence_of_the_last_command(version: int) -> None:
    frame = encode_callback(version, 0x42, "stackStatusHandler", {"status": Status.NETWORK_UP})
    assert frame[:5] == bytes.fromhex("4290011900")
    assert frame[5:] == (b"\x90" if version == 13 else b"\x15\0\0\0")


def test_flags_of_the_control_octet_reach_the_frame() -> None:
    assert encode_response(13, 0, "nop", flags=ResponseFlag.OVERFLOW)[1] == 0x81
    assert encode_callback(13, 0, "stackStatusHandler", flags=ResponseFlag.PENDING_CALLBACKS)[1] == 0x94


@pytest.mark.parametrize("version, octets", [(13, "01"), (14, "00000000"), (19, "00000000")])
def test_an_extended_timeout_is_a_truth_value_in_every_version(version: int, octets: str) -> None:
    frame = encode_response(version, 0, "getExtendedTimeout", {"extendedTimeout": True})
    assert frame[5:] == bytes.fromhex(octets)


@pytest.mark.parametrize("version, octets", [(13, "00"), (14, "01000000")])
def test_no_extended_timeout_is_a_failure_from_14_on(version: int, octets: str) -> None:
    frame = encode_response(version, 0, "getExtendedTimeout", {"extendedTimeout": False})
    assert frame[5:] == bytes.fromhex(octets)


@every_version
def test_a_scan_is_answered_with_four_octets(version: int) -> None:
    assert encode_response(version, 0, "startScan", {"status": Status.MAC_SCANNING})[5:] == b"\x4d\0\0\0"


@every_version
def test_the_bootloader_is_launched_with_one_octet(version: int) -> None:
    assert len(encode_response(version, 0, "launchStandaloneBootloader", {"status": Status.SUCCESS})) == 6


@every_version
def test_a_pan_id_update_is_answered_with_a_truth_value(version: int) -> None:
    assert encode_response(version, 0, "sendPanIdUpdate", {"status": Status.SUCCESS})[5:] == b"\x01"
    assert encode_response(version, 0, "sendPanIdUpdate", {"status": Status.INVALID_CALL})[5:] == b"\x00"


@every_version
async def test_bellows_reads_a_token_that_is_there_and_one_that_is_not(version: int) -> None:
    frame = encode_response(version, 1, "getTokenData", {"status": Status.SUCCESS, "value": b"\x01\x02"})
    there = await Host(version).answer_to(1, "getTokenData", frame)
    assert (int(there.status), there.value) == (0, b"\x01\x02")
    frame = encode_response(version, 2, "getTokenData", {"status": Status.NOT_FOUND, "value": b"\x01\x02"})
    absent = await Host(version).answer_to(2, "getTokenData", frame)
    assert (int(absent.status) != 0, absent.value) == (True, None)


@every_version
async def test_bellows_reads_an_exported_link_key(version: int) -> None:
    values = {
        "status": Status.SUCCESS,
        "eui64": EUI64,
        "plaintextKey": bytes(range(16)),
        "keyData": {"outgoingFrameCounter": 77},
    }
    frame = encode_response(version, 1, "exportLinkKeyByIndex", values)
    heard = await Host(version).answer_to(1, "exportLinkKeyByIndex", frame)
    by_name = dict(zip(Host(version).handler.COMMANDS["exportLinkKeyByIndex"][2], heard, strict=True))
    address = by_name["eui64"] if version == 13 else by_name["context"].eui64
    assert address.serialize() == EUI64.to_bytes(8, "little")
    assert bytes(by_name["plaintext_key"]) == bytes(range(16))
    assert by_name["key_data"].outgoing_frame_counter == 77


def test_a_request_can_be_echoed_into_the_response_where_they_share_fields() -> None:
    request = decode_request(14, bytes.fromhex("0500011401 01 00 0000 0000000000000000 00 00 00000000"))
    values = {**request.values, "status": Status.SUCCESS, "key": bytes(range(16))}
    assert encode_response(14, 5, request.name, values)[5:] == (
        bytes(4) + bytes(range(16)) + bytes.fromhex("01 00 0000 0000000000000000 00 00 00000000")
    )
    assert encode_response(13, 5, request.name, values)[5:] == bytes(range(16)) + bytes(4)


def test_fields_of_other_versions_are_passed_over() -> None:
    values = {"status": Status.SUCCESS, "nodeId": 0x1234}
    assert encode_response(13, 0, "lookupNodeIdByEui64", values)[5:] == b"\x34\x12"
    assert encode_response(14, 0, "lookupNodeIdByEui64", values)[5:] == b"\0\0\0\0\x34\x12"


@pytest.mark.parametrize(
    "name, values, message",
    [
        ("sendUnicast", {"sequence": 256}, r"^sendUnicast\.sequence: "),
        ("sendUnicast", {"sequense": 1}, r"^sendUnicast: no such field: sequense"),
        ("getNetworkParameters", {"parameters": {"panId": -1}}, r"^getNetworkParameters\.parameters\.panId: "),
        ("setPolicy", {"status": Status.NETWORK_UP}, r"^setPolicy\.status: NETWORK_UP has no number as EzspStatus"),
        ("exportKey", {"key": bytes(15)}, r"^exportKey\.key: .* is not 16 octets"),
        ("echo", {"echo": bytes(230)}, r"^echo: 236 octets are more than a frame of 220 holds"),
        ("incomingMessageHandler", {}, r"^incomingMessageHandler is a callback"),
        ("noSuchCommand", {}, r"^EZSP 13 has no noSuchCommand"),
    ],
)
def test_what_cannot_be_a_response_names_command_and_field(name: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(LocalProtocolError, match=message):
        encode_response(13, 0, name, values)


def test_a_command_is_no_callback() -> None:
    with pytest.raises(LocalProtocolError, match="sendUnicast is no callback"):
        encode_callback(13, 0, "sendUnicast", {})


def test_a_callback_that_does_not_fit_names_callback_and_field() -> None:
    with pytest.raises(LocalProtocolError, match=r"^messageSentHandler\.messageTag: "):
        encode_callback(13, 0, "messageSentHandler", {"messageTag": 0x155})
