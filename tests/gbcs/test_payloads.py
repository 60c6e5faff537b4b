"""Payloads of every use case: there and back, DecodeError for anything else, and just what was published."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.gbcs import dlms
from emulator.gbcs.describe import describe
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.message import Message
from emulator.gbcs.message_codes import USE_CASES
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases import (
    ccs01,
    ccs02,
    ccs03,
    ccs05,
    ccs07,
    ccs08,
    cs02a,
    cs02b,
    cs02b_outcome,
    cs02c,
    cs02d,
    cs02e,
    cs03,
    cs04,
    cs06,
    cs07,
    cs14,
    firmware_receipt,
    generic_alert,
)
from emulator.gbcs.use_cases.catalogue import decode_payload, kinds, payload_type
from emulator.gbcs.use_cases.cells import Certificate, Status, TrustAnchorCell
from emulator.gbcs.use_cases.chf_device_log import ActionResponse, Backup, HashedKey
from emulator.gbcs.use_cases.cs02b_modes import MODES, Mode, mode_name
from emulator.gbcs.use_cases.payload import NEVER, Payload
from tests.gbcs.parties import Rtds
from tests.gbcs.payload_strategies import PAYLOAD_STRATEGIES

NOT_READ = {"ECS52", "GCS38"}
NON_MINIMAL = "CS02aMAC_6.24.1_SUCCESS_RESPONSE"
ESME, GSME, PPMID = Eui64(0x00DB1234567890A0), Eui64(0x00DB1234567890A1), Eui64(0x00DB1234567890A4)
NEW_YEAR = datetime(2015, 1, 1, tzinfo=UTC)
PAYLOADS = dict(kinds())
KINDS = sorted(PAYLOAD_STRATEGIES, key=lambda kind: (kind.__module__, kind.__name__))
EVERY = st.sampled_from(KINDS).flatmap(lambda kind: PAYLOAD_STRATEGIES[kind])


def test_every_payload_of_the_catalogue_is_tested_here() -> None:
    assert set(PAYLOADS.values()) | {generic_alert.DlmsAlert} == set(PAYLOAD_STRATEGIES)
    assert all(code in USE_CASES for code, _ in PAYLOADS)


CODES = [
    (ccs01.MESSAGE_CODE, ccs01.Command),
    (ccs02.MESSAGE_CODE, ccs02.Command),
    (ccs03.MESSAGE_CODE, ccs03.Command),
    (ccs05.MESSAGE_CODE_CCS05, ccs05.Command),
    (ccs05.MESSAGE_CODE_CCS06, ccs05.Command),
    (ccs07.MESSAGE_CODE, ccs07.Command),
    (cs02a.MESSAGE_CODE, cs02a.Command),
    (cs02c.MESSAGE_CODE, cs02c.Command),
    (cs02d.MESSAGE_CODE, cs02d.Command),
    (cs02e.MESSAGE_CODE, cs02e.Command),
    (cs04.METHOD_A_OR_C, cs04.Command),
    (cs04.METHOD_B, cs04.Command),
    (cs06.MESSAGE_CODE, cs06.Command),
    (cs07.MESSAGE_CODE, cs07.Command),
    (ccs08.MESSAGE_CODE, ccs08.Alert),
    (cs02b_outcome.ALERT_MESSAGE_CODE, cs02b_outcome.Alert),
    (cs06.ALERT_MESSAGE_CODE, cs06.Alert),
    (cs14.MESSAGE_CODE, cs14.Alert),
    (firmware_receipt.ESME_MESSAGE_CODE, firmware_receipt.EsmeAlert),
    (firmware_receipt.GSME_MESSAGE_CODE, firmware_receipt.GsmeAlert),
    (generic_alert.CRITICAL_MESSAGE_CODE, generic_alert.Alert),
    (generic_alert.NOT_CRITICAL_MESSAGE_CODE, generic_alert.Alert),
]


@pytest.mark.parametrize("code,kind", CODES, ids=[f"{code:04x}" for code, _ in CODES])
def test_a_use_case_stands_in_the_catalogue_under_its_own_code(code: int, kind: type[Payload]) -> None:
    assert PAYLOADS[code, Cra.ALERT if "Alert" in kind.__name__ else Cra.COMMAND] is kind


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.__module__.split('.')[-1]}-{kind.__name__}")
@given(data=st.data())
def test_what_is_encoded_decodes_to_the_same(kind: type[Payload], data: st.DataObject) -> None:
    payload = data.draw(PAYLOAD_STRATEGIES[kind])
    assert kind.decode(payload.encode()) == payload
    assert json.loads(json.dumps(payload.fields())) == payload.fields()


@given(st.sampled_from(KINDS), st.binary(max_size=80))
def test_garbage_is_a_decode_error_or_a_payload(kind: type[Payload], octets: bytes) -> None:
    try:
        payload = kind.decode(octets)
    except DecodeError:
        return
    assert kind.decode(payload.encode()) == payload


@given(EVERY, st.data())
def test_a_damaged_payload_is_a_decode_error_or_a_payload(payload: Payload, data: st.DataObject) -> None:
    octets = bytearray(payload.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    try:
        damaged = type(payload).decode(bytes(octets))
    except DecodeError:
        return
    assert json.dumps(damaged.fields())
    assert type(payload).decode(damaged.encode()) == damaged


@given(EVERY, st.data())
def test_a_payload_cut_short_is_a_decode_error(payload: Payload, data: st.DataObject) -> None:
    octets = payload.encode()
    end = data.draw(st.integers(0, len(octets) - 1))
    if isinstance(payload, generic_alert.Alert | generic_alert.DlmsAlert):
        end = min(end, 8)  # what follows the head may have any length
    with pytest.raises(DecodeError):
        type(payload).decode(octets[:end])


@given(EVERY.filter(lambda payload: not isinstance(payload, generic_alert.Alert | generic_alert.DlmsAlert)))
def test_octets_left_over_are_a_decode_error(payload: Payload) -> None:
    with pytest.raises(DecodeError):
        type(payload).decode(payload.encode() + b"\0")


# --- what was published ----------------------------------------------------------------------------------------------


def test_every_published_payload_is_read_and_written_byte_for_byte(rtds: Rtds) -> None:
    for vector in rtds.all:
        message = Message.decode(vector.octets)
        payload = decode_payload(message)
        if vector.name.split("_")[0] in NOT_READ:
            assert payload is None
            continue
        assert payload is not None, vector.name
        assert (payload.encode() == message.payload) == (not vector.name.startswith(NON_MINIMAL)), vector.name
        assert type(payload).decode(payload.encode()) == payload


def test_every_published_payload_is_described_without_an_error(rtds: Rtds) -> None:
    for vector in rtds.all:
        text = json.dumps(describe(Message.decode(vector.octets))["payload"])
        assert "error" not in text, vector.name
        assert ('"raw"' in text) == (vector.name.split("_")[0] in NOT_READ), vector.name


def payload_of(rtds: Rtds, name: str) -> Payload:
    payload = decode_payload(Message.decode(rtds.named(name).octets))
    assert payload is not None
    return payload


def test_the_published_replacement_of_the_broker_says_what_it_replaces(rtds: Rtds) -> None:
    command = payload_of(rtds, "CS02bACBByACB_8.5_SUCCESS_COMMAND")
    assert isinstance(command, cs02b.Command)
    assert (command.control.mode, command.control.authorising_seq_number) == (4, 0x514)
    assert not command.control.disapply_time_checks
    assert command.control.authorising_cell is None
    (replacement,) = command.replacements
    assert replacement.cell == TrustAnchorCell(RemotePartyRole.ACCESS_CONTROL_BROKER, KeyUsage.KEY_AGREEMENT)
    fields = replacement.certificate.fields()
    assert (fields["entity_id"], fields["role_name"]) == ("90b3d51f30000002", "accessControlBroker")
    assert (fields["key_usage"], fields["subject_key_identifier"]) == ("keyAgreement", "4897771d34fcb0c6")
    assert [one.fields()["common_name"] for one in command.certification_path] == ["Z1"]
    response = payload_of(rtds, "CS02bACBByACB_8.5_SUCCESS_RESPONSE")
    assert isinstance(response, cs02b_outcome.Response)
    assert response.execution_outcome
    (outcome,) = response.execution_outcome.replacement_outcomes
    assert outcome.status == Status.SUCCESS
    assert outcome.existing.subject_key_identifier.hex() == "4a9ce02c39ab910b"


def test_the_published_recovery_changes_the_counters_of_others(rtds: Rtds) -> None:
    command = payload_of(rtds, "CS02bAnyExceptAbnormalRootByRecovery_NA_SUCCESS_COMMAND")
    assert isinstance(command, cs02b.Command)
    assert command.control.authorising_cell == TrustAnchorCell(RemotePartyRole.RECOVERY, KeyUsage.DIGITAL_SIGNATURE)
    assert command.control.new_floor_seq_number == 0
    assert [change.role for change in command.control.other_seq_number_changes or ()] == [2, 3, 4, 5]
    assert len(command.replacements) == 8


def test_the_published_credential_details_have_a_role_after_the_other(rtds: Rtds) -> None:
    response = payload_of(rtds, NON_MINIMAL)
    assert isinstance(response, cs02a.Response)
    assert [(one.role, one.status, one.current_seq_number) for one in response.roles] == [(2, 0, 0), (3, 0, 1)]
    cells = response.roles[0].cells
    assert cells
    assert [(cell.key_usage, cell.cell_usage) for cell in cells] == [
        (KeyUsage.DIGITAL_SIGNATURE, 0),
        (KeyUsage.KEY_AGREEMENT, 0),
        (KeyUsage.KEY_AGREEMENT, 1),
    ]


DLMS_OF_RTDS: list[tuple[Payload, str]] = [
    (ccs02.Command(0x20000516, ESME), "D920000516000103006800001E0300FF0201090800DB1234567890A0"),
    (ActionResponse(0x20000516, 0), "DA2000051600000100010300"),
    (ActionResponse(0x20000517, 1), "DA2000051700000100010301"),
    (
        ccs07.Command(0x20000514),
        "D920000514000203006800001E0300FF0403006800001E0301FF04020000",
    ),
    (ccs07.Response(0x20000515, None, None, 1, 250), "DA20000515000002000002030103FA"),
    (ccs05.Response(0x20000515, None, 1), "DA2000051500000100010101"),
]


@pytest.mark.parametrize("payload,octets", DLMS_OF_RTDS, ids=[octets for _, octets in DLMS_OF_RTDS])
def test_payloads_of_communications_hubs_are_those_of_the_published_messages(payload: Payload, octets: str) -> None:
    assert payload.encode() == bytes.fromhex(octets)
    assert type(payload).decode(bytes.fromhex(octets)) == payload


# --- one by one ------------------------------------------------------------------------------------------------------


def test_a_role_that_the_device_does_not_hold_stands_in_a_normal_response() -> None:
    details = cs02a.RoleDetails(8, Status.TRUST_ANCHOR_NOT_FOUND)
    assert cs02a.Response((details,)).encode().hex() == "30083006020108" + "0a0119"
    assert details.fields()["status_name"] == "trustAnchorNotFound"


def test_a_future_dated_command_is_only_accepted() -> None:
    assert cs02b_outcome.Response(None).encode().hex() == "30020500"
    assert cs06.Response().encode().hex() == "0500"
    assert cs06.Response().fields() == {"command_accepted": True, "execution_outcome": None}


def test_cancelling_is_an_execution_at_the_end_of_time() -> None:
    command = cs06.Command(bytes(32), 7, NEVER)
    assert b"99991231235959Z" in command.encode()
    assert command.fields()["cancels"] is True
    assert cs06.Command(bytes(32), 7).fields()["cancels"] is False


@pytest.mark.parametrize("mode", list(Mode))
def test_every_mode_has_a_code_a_name_and_a_rule(mode: Mode) -> None:
    assert mode.message_code == 0x0100 + mode
    assert USE_CASES[mode.message_code].title.endswith(MODES[mode].name)
    assert PAYLOADS[mode.message_code, Cra.COMMAND] is cs02b.Command
    assert MODES[mode].shape in "abg"
    assert mode_name(10) is None


def test_contingency_carries_its_symmetric_key() -> None:
    control = cs02b.Control(Mode.ANY_BY_CONTINGENCY, 1, plaintext_symmetric_key=bytes(range(16)))
    command = cs02b.Command(control, (), ())
    assert cs02b.Command.decode(command.encode()) == command
    assert command.fields()["plaintext_symmetric_key"] == "000102030405060708090a0b0c0d0e0f"
    assert "000102" not in repr(command)


@pytest.mark.parametrize("code", list(ccs08.ResponseCode))
def test_a_transfer_alert_has_the_alert_code_of_its_outcome(code: ccs08.ResponseCode) -> None:
    alert = ccs08.Alert.of(NEW_YEAR, PPMID, 0x0123ABCD, code)
    assert alert.alert_code == (0x8F8A if code == 0 else 0x8F89)
    names = ["success", "imageDiscarded", "hardwareVersionMismatch", "fileTransferFailure"]
    assert alert.fields()["response_code_name"] == names[code]


NAMED: list[tuple[type[Payload], int, str | None]] = [
    (cs02c.Response, 3, "crProductionFailed"),
    (cs02d.Response, 4, "noCorrespondingKeyPairGenerated"),
    (cs02e.Response, 2, "noCertificateHeld"),
    (cs03.Response, 11, "invalidOrMissingCertificate"),
    (cs04.Response, 1, "notInDeviceLog"),
    (cs04.Response, 77, None),
]


@pytest.mark.parametrize("kind,code,name", NAMED, ids=str)
def test_a_bare_code_is_named(kind: type[Payload], code: int, name: str | None) -> None:
    octets = bytes((2, 1, code))
    assert kind.decode(octets).fields() == {"response_code": code, "response_code_name": name}
    assert kind.decode(octets).encode() == octets


def test_joined_devices_are_listed() -> None:
    response = cs07.Response(0, (cs07.JoinedDevice(ESME, 1), cs07.JoinedDevice(PPMID, 5)))
    assert response.encode().hex() == "3023020100301e" + "300d0408" + "00db1234567890a0" + "020101" + (
        "300d0408" + "00db1234567890a4" + "020105"
    )
    assert cs07.Response(1).encode().hex() == "3003020101"


@pytest.mark.parametrize("code,method", cs03.METHODS.items(), ids=str)
def test_each_way_of_joining_has_its_method(code: int, method: cs03.Method) -> None:
    command = cs03.Command(method, PPMID, cs03.GbcsDeviceType.PPMID)
    assert PAYLOADS[code, Cra.COMMAND].decode(command.encode()) == command
    assert command.fields()["other_device_type_name"] == "ppmid"


def test_a_device_without_a_key_yet_has_an_empty_one_in_the_log() -> None:
    backup = Backup(dlms.NOT_SPECIFIED, Eui64(1), (HashedKey(PPMID), HashedKey(ESME, bytes(range(16)))))
    alert = cs14.Alert(dlms.long_invoke_id(4_000), dlms.NOT_SPECIFIED, backup)
    assert "090800db1234567890a40900" in alert.encode().hex()
    assert cs14.Alert.decode(alert.encode()) == alert
    log = alert.fields()["log"]
    assert isinstance(log, dict)
    assert log["devices"] == [
        {"entity_id": "00db1234567890a4", "hashed_link_key": None},
        {"entity_id": "00db1234567890a0", "hashed_link_key": bytes(range(16)).hex()},
    ]


def test_a_long_invoke_id_is_the_low_three_octets_of_the_counter() -> None:
    assert dlms.long_invoke_id(0x0102030405060708) == 0x20060708


def test_a_generic_alert_is_read_in_both_forms() -> None:
    header = GroupingHeader(Cra.ALERT, 1, PPMID, GSME, generic_alert.CRITICAL_MESSAGE_CODE)
    zigbee = generic_alert.Alert.of(0x8F30, NEW_YEAR)
    assert zigbee.encode().hex() == "0109008f30" + "1c374a80"
    assert zigbee.fields()["date_time"] == "2015-01-01T00:00:00Z"
    other = generic_alert.DlmsAlert(0x20000001, 0x8F30, dlms.NOT_SPECIFIED)
    for alert in (zigbee, other):
        message = Message(header, alert.encode(), bytes(64))
        assert payload_type(message) is type(alert)
        assert decode_payload(message) == alert


def test_a_receipt_of_a_gas_meter_has_a_zigbee_time() -> None:
    alert = firmware_receipt.GsmeAlert.of(firmware_receipt.VERIFIED, NEW_YEAR, b"\xa1" * 32)
    assert alert.encode().hex() == "0109018f721c374a800920" + "a1" * 32


WRONG: list[Callable[[], object]] = [
    lambda: Certificate(b"\x02\x01\x00"),
    cs02c.Response,
    lambda: cs02c.Response(b"\x30\x00", 1),
    cs02e.Response,
    lambda: ccs01.Command(1, PPMID, b"short", 132, 90),
    lambda: HashedKey(PPMID, b"short"),
    lambda: Backup(b"short", Eui64(1), ()),
    lambda: cs14.Alert(1, b"short", Backup(dlms.NOT_SPECIFIED, Eui64(1), ())),
    lambda: generic_alert.DlmsAlert(1, 1, b"short"),
    lambda: firmware_receipt.EsmeAlert(1, 1, b"short", bytes(32)),
    lambda: firmware_receipt.GsmeAlert(1, 1, bytes(31)),
    lambda: ccs02.Command(1 << 32, PPMID).encode(),
]


@pytest.mark.parametrize("make", WRONG, ids=range(len(WRONG)))
def test_what_no_message_can_carry_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(LocalProtocolError):
        make()


@pytest.mark.parametrize(
    "kind,octets",
    [
        (cs02c.Command, "3004 0302 0640"),  # no key is for nonRepudiation
        (cs02c.Command, "3003 0301 00"),
        (cs02d.Command, "0500"),
        (cs06.Response, "0501 00"),
        (ccs01.Response, "DA 20000516 00 00 03 000000 03 0300 0300 0200"),
        (ccs02.Command, "D9 20000516 00 01 03 0068 00001E0300FF 03 01 0908 00DB1234567890A0"),
        (ccs02.Command, "D9 20000516 00 01 03 0068 00001E0300FF 02 01 0907 DB1234567890A0"),
        (generic_alert.Alert, "0108 00 8F30 1C374A80"),
        (generic_alert.DlmsAlert, "0F 20000001 00 02 01 12 8F30"),
    ],
    ids=str,
)
def test_what_a_use_case_does_not_have_is_a_decode_error(kind: type[Payload], octets: str) -> None:
    with pytest.raises(DecodeError):
        kind.decode(bytes.fromhex(octets))


def test_an_unknown_message_code_is_an_envelope_with_its_payload() -> None:
    header = GroupingHeader(Cra.COMMAND, 1, GSME, PPMID, 0x009B)
    message = Message(header, b"anything", None, bytes(12))
    assert decode_payload(message) is None
    assert describe(message)["payload"] == {"raw": b"anything".hex()}
    assert describe(message)["use_case"] == "PCS01"
    unknown = replace(message, header=replace(header, message_code=0x7777))
    assert describe(unknown)["use_case"] is None
