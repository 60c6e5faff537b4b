"""Tokens, and what a stick says of itself."""

from __future__ import annotations

import pytest

from emulator.ncp.commands.session import Departure
from emulator.ncp.ezsp.status import Status
from emulator.ncp.flash import MfgToken
from emulator.ncp.tables import VERSIONS
from tests.ncp.commands.sticks import CHANNEL, SLEEPY, Air, HostedStick, admit

STACK_TOKEN = 0x0001_E003
RESTORED_EUI64, RESTORED_EUI64_BEFORE = 0x0001_E12A, 0x0000_E12A
NETWORK_MANAGEMENT = 0x0001_E125
CHILD_TABLE = 0x0001_0580
OTHER = 0x00DB_1200_0000_4321

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


def kinds_of_tokens(stick: HostedStick) -> dict[int, tuple[int, int, bool]]:
    """As a host finds them that knows no number: octets, rows, and whether it is said to have several."""
    infos = [
        stick.ask("getTokenInfo", index=index)["tokenInfo"] for index in range(stick.ask("getTokenCount")["count"])
    ]
    return {info["nvm3Key"]: (info["size"], info["arraySize"], info["isIdx"]) for info in infos}


@every_version
def test_the_tokens_of_the_stack_can_be_found_without_knowing_their_numbers(air: Air, version: int) -> None:
    stick = air.stick(version)
    before = kinds_of_tokens(stick)
    assert list(before.values()) == [(8, 1, False)]
    stick.ask("setTokenData", token=STACK_TOKEN, index=2, tokenData=b"what it was")
    stick.ask("setTokenData", token=STACK_TOKEN + 1, index=0, tokenData=b"one")
    stick.ask("setToken", tokenId=3, tokenData=b"8 octets")
    assert kinds_of_tokens(stick) == {**before, STACK_TOKEN: (11, 3, True), STACK_TOKEN + 1: (3, 1, False)}
    stick.refused("getTokenInfo", Status.INDEX_OUT_OF_RANGE, index=3)
    stick.form()
    assert len(kinds_of_tokens(stick)) == 4


@every_version
def test_the_last_row_of_a_token_is_found_as_well(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.ask("setTokenData", token=STACK_TOKEN, index=0xFF, tokenData=b"last")
    assert kinds_of_tokens(stick)[STACK_TOKEN] == (4, 0xFF, True)


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
    assert (stick.flash.link_key, stick.flash.security_bitmask) == (b"", 0)
    stick.power_cycle()
    stick.refused("networkInit", Status.NOT_JOINED)
    stick.refused("getTokenData", Status.INVALID_CALL, token=STACK_TOKEN, index=0)
    assert stick.ask("getMfgToken", tokenId=MfgToken.CTUNE.value)["tokenData"] == b"\x01\x02"
    stick.form()


# --- who it is -------------------------------------------------------------------------------------------------------


def restored(stick: HostedStick) -> bytes:
    return bytes(stick.ask("getTokenData", token=RESTORED_EUI64, index=0)["value"])


@every_version
@pytest.mark.parametrize("number", [RESTORED_EUI64, RESTORED_EUI64_BEFORE])
def test_a_stick_that_never_had_another_eui64_says_so_and_takes_one_again_and_again(
    air: Air, version: int, number: int
) -> None:
    stick = air.stick(version)
    own = stick.ask("getEui64")["eui64"]
    assert restored(stick) == bytes(stick.ask("getTokenData", token=number, index=0)["value"]) == b"\xff" * 8
    for eui64 in (OTHER, OTHER + 1):
        stick.ask("setTokenData", token=number, index=0, tokenData=eui64.to_bytes(8, "little"))
        stick.power_cycle()
        assert stick.ask("getEui64")["eui64"] == eui64
        assert restored(stick) == eui64.to_bytes(8, "little")
    stick.ask("setTokenData", token=number, index=0, tokenData=b"\xff" * 8)
    stick.power_cycle()
    assert stick.ask("getEui64")["eui64"] == own


@every_version
def test_another_eui64_is_gone_by_from_the_next_reset_on(air: Air, version: int) -> None:
    stick = air.stick(version)
    own = stick.ask("getEui64")["eui64"]
    stick.ask("setTokenData", token=RESTORED_EUI64, index=0, tokenData=OTHER.to_bytes(8, "little"))
    assert stick.ask("getEui64")["eui64"] == own
    stick.ask("tokenFactoryReset")
    stick.power_cycle()
    assert stick.ask("getEui64")["eui64"] == own


@every_version
def test_the_restored_eui64_comes_before_the_custom_one(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.ask("setMfgToken", tokenId=MfgToken.CUSTOM_EUI_64.value, tokenData=(OTHER + 1).to_bytes(8, "little"))
    stick.power_cycle()
    assert stick.ask("getEui64")["eui64"] == OTHER + 1
    stick.ask("setTokenData", token=RESTORED_EUI64, index=0, tokenData=OTHER.to_bytes(8, "little"))
    stick.power_cycle()
    assert stick.ask("getEui64")["eui64"] == OTHER


@every_version
@pytest.mark.parametrize("octets", [b"", bytes(7), bytes(9)], ids=len)
def test_what_is_no_eui64_is_not_taken_for_one(air: Air, version: int, octets: bytes) -> None:
    stick = air.stick(version)
    stick.refused("setTokenData", Status.BAD_ARGUMENT, token=RESTORED_EUI64, index=0, tokenData=octets)
    assert restored(stick) == b"\xff" * 8


@every_version
def test_a_stick_by_another_eui64_is_the_trust_centre_that_devices_join(air: Air, version: int) -> None:
    hub = air.stick(version)
    hub.ask("setTokenData", token=RESTORED_EUI64, index=0, tokenData=OTHER.to_bytes(8, "little"))
    hub.power_cycle()
    hub.form()
    device = air.stick(version)
    admit(hub, device)
    device.begin_join()
    air.run(10)
    assert device.statuses() == [Status.NETWORK_UP]
    assert device.ask("getCurrentSecurityState")["state"]["trustCenterLongAddress"] == OTHER


# --- the network in a token ------------------------------------------------------------------------------------------


@every_version
def test_the_update_id_of_a_network_is_read_and_written_in_its_token(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.refused("getTokenData", Status.INVALID_CALL, token=NETWORK_MANAGEMENT, index=0)
    stick.refused("setTokenData", Status.INVALID_CALL, token=NETWORK_MANAGEMENT, index=0, tokenData=bytes(8))
    stick.form()
    token = bytes(stick.ask("getTokenData", token=NETWORK_MANAGEMENT, index=0)["value"])
    assert token == (1 << CHANNEL).to_bytes(4, "little") + bytes(4)
    stick.refused("setTokenData", Status.BAD_ARGUMENT, token=NETWORK_MANAGEMENT, index=0, tokenData=bytes(7))
    stick.ask("setTokenData", token=NETWORK_MANAGEMENT, index=0, tokenData=token[:6] + b"\x05\x00")
    assert stick.ask("getNetworkParameters")["parameters"]["nwkUpdateId"] == 5
    stick.power_cycle()
    stick.ask("networkInit")
    air.run(1)
    assert stick.ask("getNetworkParameters")["parameters"]["nwkUpdateId"] == 5


@every_version
def test_a_child_that_a_host_has_set_is_in_the_table_and_marked_as_in_use_by_its_token(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.form()
    stick.refused("getTokenData", Status.INVALID_CALL, token=CHILD_TABLE, index=0)
    stick.ask("setChildData", index=0, childData={"eui64": OTHER, "type": SLEEPY, "id": 0x1234})
    row = bytes(stick.ask("getTokenData", token=CHILD_TABLE, index=0)["value"])
    assert row == OTHER.to_bytes(8, "little") + b"\x34\x12\x00"
    for wrong in (row[:-1], row + b"\x80", bytes(10) + b"\x80"):
        stick.refused("setTokenData", Status.BAD_ARGUMENT, token=CHILD_TABLE, index=0, tokenData=wrong)
    stick.refused("setTokenData", Status.BAD_ARGUMENT, token=CHILD_TABLE, index=1, tokenData=row)
    stick.ask("setTokenData", token=CHILD_TABLE, index=0, tokenData=row[:-1] + b"\x80")
    assert stick.ask("getTokenData", token=CHILD_TABLE, index=0)["value"] == row[:-1] + b"\x80"


# --- the rest of the session -----------------------------------------------------------------------------------------


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
