"""Tokens, and what a stick says of itself."""

from __future__ import annotations

import pytest

from emulator.ncp.commands.session import Departure
from emulator.ncp.ezsp.status import Status
from emulator.ncp.flash import MfgToken
from emulator.ncp.tables import VERSIONS
from tests.ncp.commands.sticks import Air

STACK_TOKEN = 0x0001_E003

every_version = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture
def air() -> Air:
    return Air()


@every_version
def test_a_token_of_the_application_outlives_a_reset(air: Air, version: int) -> None:
    stick = air.stick(version)
    assert stick.ask("getToken", tokenId=3)["tokenData"] == b"\xff" * 8
    stick.ask("setToken", tokenId=3, tokenData=b"8 octets")
    stick.power_cycle()
    assert stick.ask("getToken", tokenId=3)["tokenData"] == b"8 octets"
    assert stick.ask("getToken", tokenId=4)["tokenData"] == b"\xff" * 8
    assert stick.kept


@every_version
def test_a_token_of_the_stack_outlives_a_reset(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.refused("getTokenData", Status.INVALID_CALL, token=STACK_TOKEN, index=1)
    stick.ask("setTokenData", token=STACK_TOKEN, index=1, tokenData=b"what it was")
    stick.power_cycle()
    assert stick.ask("getTokenData", token=STACK_TOKEN, index=1)["value"] == b"what it was"
    stick.refused("getTokenData", Status.INVALID_CALL, token=STACK_TOKEN, index=2)
    stick.refused("getTokenData", Status.INVALID_CALL, token=STACK_TOKEN + 1, index=1)
    assert stick.kept


@every_version
def test_the_two_kinds_of_tokens_are_kept_apart(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.ask("setTokenData", token=3, index=0, tokenData=b"of stack")
    assert stick.ask("getToken", tokenId=3)["tokenData"] == b"\xff" * 8


@every_version
def test_a_manufacturing_token_is_written_once(air: Air, version: int) -> None:
    stick, number = air.stick(version), MfgToken.CUSTOM_EUI_64.value
    assert stick.ask("getMfgToken", tokenId=number)["tokenData"] == b"\xff" * 8
    stick.ask("setMfgToken", tokenId=number, tokenData=bytes(range(8)))
    stick.refused("setMfgToken", Status.INVALID_CALL, tokenId=number, tokenData=bytes(8))
    stick.power_cycle()
    assert stick.ask("getMfgToken", tokenId=number)["tokenData"] == bytes(range(8))
    assert stick.kept == 1


@every_version
@pytest.mark.parametrize("token", MfgToken)
def test_a_manufacturing_token_takes_its_own_length_only(air: Air, version: int, token: MfgToken) -> None:
    stick = air.stick(version)
    length = len(stick.ask("getMfgToken", tokenId=token.value)["tokenData"])
    for wrong in (length - 1, length + 1):
        stick.refused("setMfgToken", Status.INVALID_CALL, tokenId=token.value, tokenData=bytes(wrong))
    stick.ask("setMfgToken", tokenId=token.value, tokenData=bytes(length))


@every_version
def test_a_manufacturing_token_that_there_is_none_of_is_empty(air: Air, version: int) -> None:
    stick = air.stick(version)
    assert stick.ask("getMfgToken", tokenId=0x77)["tokenData"] == b""
    stick.refused("setMfgToken", Status.INVALID_CALL, tokenId=0x77, tokenData=b"")


@every_version
def test_a_factory_reset_forgets_the_network_and_the_tokens_but_those_of_manufacturing(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.ask("setMfgToken", tokenId=MfgToken.CTUNE.value, tokenData=b"\x01\x02")
    stick.ask("setTokenData", token=STACK_TOKEN, index=0, tokenData=b"x")
    stick.form()
    stick.ask("tokenFactoryReset")
    assert stick.ask("networkState")["status"] == 0
    stick.power_cycle()
    stick.refused("networkInit", Status.NOT_JOINED)
    stick.refused("getTokenData", Status.INVALID_CALL, token=STACK_TOKEN, index=0)
    assert stick.ask("getMfgToken", tokenId=MfgToken.CTUNE.value)["tokenData"] == b"\x01\x02"
    stick.form()


@every_version
def test_the_longest_echo_fits(air: Air, version: int) -> None:
    data = bytes(range(214))
    assert air.stick(version).ask("echo", data=data)["echo"] == data


@every_version
def test_random_numbers_differ(air: Air, version: int) -> None:
    stick = air.stick(version)
    assert len({stick.ask("getRandomNumber")["value"] for _ in range(20)}) > 15


@every_version
@pytest.mark.parametrize("name", ["customFrame", "getXncpInfo"])
def test_there_are_no_extensions(air: Air, version: int, name: str) -> None:
    air.stick(version).refused(name, Status.INVALID_CALL)


@every_version
def test_the_library_of_key_establishment_is_not_there(air: Air, version: int) -> None:
    assert not air.stick(version).ask("getLibraryStatus", libraryId=1)["status"] & 0x80


@every_version
def test_commands_that_end_the_session_are_answered_and_told(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.refused("launchStandaloneBootloader", Status.ERR_FATAL, mode=2)
    assert stick.departures == []
    stick.ask("launchStandaloneBootloader", mode=1)
    stick.ask("resetNode")
    assert stick.departures == [Departure.BOOTLOADER, Departure.RESET]
