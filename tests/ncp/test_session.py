"""A session: what a stick answers to the frames of a host, whatever they are."""

from __future__ import annotations

import struct

import pytest

from emulator.ncp.ezsp.header import MAX_FRAME_OCTETS
from emulator.ncp.ezsp.status import Status
from emulator.ncp.tables import VERSIONS
from tests.ncp.commands.sticks import Air, HostedStick

OTHER_VERSIONS = (4, 12, 15, 20, 255)
INVALID_COMMAND = 0x0058
ECHO, NOP, CALLBACK = 0x0081, 0x0005, 0x0006
WRONG_DIRECTION_BIT, OVERFLOW_BIT = 0x80, 0x01

every_version = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture
def air() -> Air:
    return Air()


def legacy_version(stick: HostedStick, desired: int) -> bytes | None:
    return stick.put(bytes((7, 0, 0, desired)))


def extended_version(stick: HostedStick, desired: int) -> bytes | None:
    return stick.put(stick.raw(0, bytes((desired,))))


def refusal(stick: HostedStick, frame: bytes) -> int:
    """The EzspStatus of the invalidCommand that answers a frame in the extended format."""
    answer = stick.put(frame)
    assert answer is not None
    assert answer[:5] == struct.pack("<BBBH", frame[0], 0x80, 1, INVALID_COMMAND)
    octets = stick.command("invalidCommand").response.fields[0].wire.write(0)
    assert len(answer) == 5 + len(octets)
    return answer[5]


# --- the version -----------------------------------------------------------------------------------------------------


@every_version
@pytest.mark.parametrize("desired", OTHER_VERSIONS)
def test_the_first_version_is_answered_in_its_own_format_by_that_of_the_stick(
    air: Air, version: int, desired: int
) -> None:
    answer = legacy_version(air.bare(version), desired)
    assert answer is not None
    assert answer[:5] == bytes((7, 0x80, 0x00, version, 2))
    assert len(answer) == 7


@every_version
@pytest.mark.parametrize("desired", OTHER_VERSIONS)
def test_nothing_is_agreed_on_by_another_version(air: Air, version: int, desired: int) -> None:
    stick = air.bare(version)
    legacy_version(stick, desired)
    extended_version(stick, desired)
    assert refusal(stick, stick.raw(NOP)) == stick.number("invalidCommand", Status.ERROR_VERSION_NOT_SET)


@every_version
def test_after_the_version_was_agreed_on_commands_are_obeyed(air: Air, version: int) -> None:
    stick = air.bare(version)
    legacy_version(stick, 4)
    answer = extended_version(stick, version)
    assert answer is not None
    assert answer[:7] == struct.pack("<BBBHBB", stick.sequence, 0x80, 1, 0, version, 2)
    assert stick.put(stick.raw(NOP)) == struct.pack("<BBBH", stick.sequence, 0x80, 1, NOP)


@every_version
def test_the_stack_is_told_of_as_a_release_of_that_version(air: Air, version: int) -> None:
    stick = air.bare(version)
    answer = legacy_version(stick, 4)
    assert answer is not None
    major = int.from_bytes(answer[5:7], "little") >> 12
    assert major == {13: 7, 14: 8, 16: 8, 17: 8, 18: 8, 19: 9}[version]


@every_version
def test_a_host_that_asks_for_another_version_later_has_agreed_on_nothing(air: Air, version: int) -> None:
    stick = air.stick(version)
    extended_version(stick, version - 1)
    assert refusal(stick, stick.raw(NOP)) == stick.number("invalidCommand", Status.ERROR_VERSION_NOT_SET)


@every_version
def test_a_reset_takes_the_agreement_back(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.reset()
    assert refusal(stick, stick.raw(NOP)) == stick.number("invalidCommand", Status.ERROR_VERSION_NOT_SET)


def test_the_version_before_the_agreement_is_refused_in_the_format_it_came_in(air: Air) -> None:
    stick = air.bare(14)
    answer = stick.put(bytes((9, 0, CALLBACK)))
    assert answer is not None
    assert answer[:3] == bytes((9, 0x80, INVALID_COMMAND))
    assert answer[3:] == bytes((stick.number("invalidCommand", Status.ERROR_VERSION_NOT_SET),))


# --- frames that are no commands -------------------------------------------------------------------------------------


@every_version
@pytest.mark.parametrize(
    "frame_id", [0x0019, 0x0045, 0x0058, 0x0BAD, 0xFFFF], ids=["callback", "message", "invalid", "unknown", "last"]
)
def test_what_is_no_command_is_answered_by_invalid_command(air: Air, version: int, frame_id: int) -> None:
    stick = air.stick(version)
    wanted = stick.number("invalidCommand", Status.ERROR_INVALID_FRAME_ID)
    assert refusal(stick, stick.raw(frame_id)) == wanted
    assert stick.log.reasons("ezsp.refused")[-1] in {"unknown-frame-id", "no-request"}
    assert stick.ask("echo", data=b"still here")["echo"] == b"still here"


@every_version
def test_a_command_that_is_not_served_is_refused_by_its_name(air: Air, version: int) -> None:
    stick = air.stick(version)
    wanted = stick.number("invalidCommand", Status.ERROR_INVALID_FRAME_ID)
    assert refusal(stick, stick.frame("zllGetTokens", {})) == wanted
    assert ("ezsp.refused", "not-served", {"command": "zllGetTokens"}) in stick.log.lines


@every_version
@pytest.mark.parametrize(
    "change, status",
    [
        (lambda frame: frame + bytes(MAX_FRAME_OCTETS), Status.ERROR_COMMAND_TOO_LONG),
        (lambda frame: frame[:1] + bytes((WRONG_DIRECTION_BIT,)) + frame[2:], Status.ERROR_WRONG_DIRECTION),
        (lambda frame: frame[:2] + b"\x05" + frame[3:], Status.ERROR_UNSUPPORTED_CONTROL),
        (lambda frame: frame[:4], Status.ERROR_TRUNCATED),
    ],
    ids=["too-long", "wrong-direction", "control", "header-cut"],
)
def test_a_malformed_frame_is_refused_and_the_session_goes_on(
    air: Air, version: int, change: object, status: Status
) -> None:
    stick = air.stick(version)
    assert callable(change)
    assert refusal(stick, change(stick.raw(NOP))) == stick.number("invalidCommand", status)
    assert stick.ask("echo", data=b"x")["echo"] == b"x"


@pytest.mark.parametrize("octets", [b"", b"\x01", b"\x01\x00"], ids=["none", "one", "two"])
def test_what_has_no_header_does_not_end_the_session(air: Air, octets: bytes) -> None:
    stick = air.stick(13)
    stick.put(octets)
    assert stick.ask("echo", data=b"x")["echo"] == b"x"


def test_nothing_answers_a_frame_without_a_sequence(air: Air) -> None:
    assert air.stick(13).put(b"") is None


@every_version
def test_a_command_that_is_too_short_is_obeyed_with_zeros_and_said_so(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.ask("setManufacturerCode", code=0x1234)
    frame_id = stick.command("setManufacturerCode").frame_id
    answer = stick.put(stick.raw(frame_id, b"\x55"))
    assert answer is not None
    assert stick.chip.ram.manufacturer == 0
    assert ("ezsp.short", None, {"command": "setManufacturerCode", "missing": ["code"]}) in stick.log.lines


@every_version
def test_octets_behind_a_command_are_passed_over(air: Air, version: int) -> None:
    stick = air.stick(version)
    answer = stick.put(stick.raw(ECHO, b"\x01A" + b"behind"))
    assert answer == struct.pack("<BBBH", stick.sequence, 0x80, 1, ECHO) + b"\x01A"


# --- callbacks -------------------------------------------------------------------------------------------------------


@every_version
def test_a_host_that_has_not_agreed_on_the_version_gets_no_callbacks(air: Air, version: int) -> None:
    stick = air.bare(version)
    up = {"status": Status.NETWORK_UP}
    assert stick.session.callback("stackStatusHandler", up) is None
    legacy_version(stick, 4)
    assert stick.session.callback("stackStatusHandler", up) is None
    extended_version(stick, version)
    assert stick.session.callback("stackStatusHandler", up) is not None
    stick.reset()
    assert stick.session.callback("stackStatusHandler", up) is None


@every_version
def test_a_callback_bears_the_sequence_of_the_last_command(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.sequence = 0x41
    stick.ask("nop")
    octets = stick.session.callback("stackStatusHandler", {"status": Status.NETWORK_UP})
    assert octets is not None
    assert octets[:5] == struct.pack("<BBBH", 0x42, 0x90, 1, 0x0019)


@every_version
def test_a_lost_callback_is_told_with_the_next_response_once(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.session.overflow = True
    flags = [answer[1] for _ in range(2) if (answer := stick.put(stick.raw(NOP))) is not None]
    assert flags == [0x80 | OVERFLOW_BIT, 0x80]


def test_a_reset_forgets_that_a_callback_was_lost(air: Air) -> None:
    stick = air.stick(13)
    stick.session.overflow = True
    stick.reset()
    answer = legacy_version(stick, 13)
    assert answer is not None
    assert answer[1] == 0x80


# --- firmware that is not served -------------------------------------------------------------------------------------


@pytest.mark.parametrize("foreign", [4, 8, 12, 15, 20, 255])
def test_firmware_that_is_not_served_says_its_version_and_no_more(air: Air, foreign: int) -> None:
    stick = air.bare(13)
    stick.chip.speak(foreign)
    for desired in (4, foreign):
        answer = legacy_version(stick, desired)
        assert answer is not None
        assert answer[3] == foreign
    assert refusal(stick, stick.raw(NOP)) == stick.number("invalidCommand", Status.ERROR_VERSION_NOT_SET)
    stick.chip.speak(16)
    stick.reset()
    stick.agree()
    assert stick.flash.version == 16
