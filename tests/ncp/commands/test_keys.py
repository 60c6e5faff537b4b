"""Keys: set before a network, exported, imported, and changed in one."""

from __future__ import annotations

import pytest

from emulator.ncp.ezsp.status import Status
from emulator.ncp.tables import VERSIONS, identifiers
from tests.ncp.commands.sticks import (
    CODE_KEY,
    HAVE_PRECONFIGURED_KEY,
    NETWORK_KEY,
    OWN_SECURITY,
    PARAMETERS,
    Air,
    HostedStick,
)

CONFIG = identifiers("EzspConfigId")
NETWORK, TC_LINK, APP_LINK = 1, 2, 4
NOT_THERE = 0xFF
OTHER_KEY = bytes.fromhex("00112233445566778899aabbccddeeff")
PARTNER, SECOND_PARTNER = 0x00DB_1200_0000_0B01, 0x00DB_1200_0000_0B02
GLOBAL_LINK_KEY = 0x0004
ENCRYPTED = 0x0060

every_version = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture
def air() -> Air:
    return Air()


def formed(air: Air, version: int) -> HostedStick:
    stick = air.stick(version)
    stick.form()
    return stick


def encrypted(stick: HostedStick, to: int) -> Status:
    """What becomes of a message under the link key."""
    frame = {"profileId": 0x0109, "clusterId": 0, "sourceEndpoint": 1, "destinationEndpoint": 1, "options": ENCRYPTED}
    stick.ask("sendUnicast", indexOrDestination=to, apsFrame=frame, messageContents=b"secret")
    stick.air.run(30)
    status = stick.one_heard("messageSentHandler")["status"]
    assert isinstance(status, Status)
    return status


# --- single keys -----------------------------------------------------------------------------------------------------


@every_version
def test_the_keys_of_the_initial_state_are_exported(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.refused("exportKey", Status.NOT_FOUND, coreKeyType=NETWORK)
    stick.refused("exportKey", Status.NOT_FOUND, coreKeyType=TC_LINK)
    stick.form()
    assert stick.ask("exportKey", coreKeyType=NETWORK)["key"] == NETWORK_KEY
    assert stick.ask("exportKey", coreKeyType=TC_LINK)["key"] == OWN_SECURITY["preconfiguredKey"]
    stick.refused("exportKey", Status.NOT_FOUND, coreKeyType=APP_LINK)


@every_version
def test_a_state_without_a_key_takes_the_one_before_away(air: Air, version: int) -> None:
    stick = air.stick(version)
    for bitmask in (HAVE_PRECONFIGURED_KEY, 0):
        stick.ask("setInitialSecurityState", state={"bitmask": bitmask, "preconfiguredKey": CODE_KEY})
    stick.refused("exportKey", Status.NOT_FOUND, coreKeyType=TC_LINK)


@every_version
@pytest.mark.parametrize("bit", [0, GLOBAL_LINK_KEY])
def test_the_current_state_tells_of_a_global_key(air: Air, version: int, bit: int) -> None:
    stick = air.stick(version)
    stick.ask("setInitialSecurityState", state={"bitmask": HAVE_PRECONFIGURED_KEY | bit})
    stick.ask("formNetwork", parameters=PARAMETERS)
    air.run(1)
    state = stick.ask("getCurrentSecurityState")["state"]
    assert state["bitmask"] & GLOBAL_LINK_KEY == bit
    assert state["trustCenterLongAddress"] == stick.eui64


@every_version
def test_a_device_goes_over_to_an_imported_key_with_its_trust_centre(air: Air, version: int) -> None:
    hub, device = air.pair(version)
    device.ask("importKey", coreKeyType=TC_LINK, key=OTHER_KEY)
    assert device.ask("exportKey", coreKeyType=TC_LINK)["key"] == OTHER_KEY
    assert encrypted(device, 0) is Status.DELIVERY_FAILED
    hub.ask("importLinkKey", index=0, address=device.eui64, key=OTHER_KEY)
    assert encrypted(device, 0) is Status.SUCCESS
    assert encrypted(hub, device.node_id()) is Status.SUCCESS


@every_version
def test_the_own_key_of_a_coordinator_is_imported(air: Air, version: int) -> None:
    stick = formed(air, version)
    stick.ask("importKey", coreKeyType=TC_LINK, key=OTHER_KEY)
    assert stick.ask("exportKey", coreKeyType=TC_LINK)["key"] == OTHER_KEY
    stick.refused("importKey", Status.INVALID_CALL, coreKeyType=NETWORK, key=OTHER_KEY)


# --- the table -------------------------------------------------------------------------------------------------------


@every_version
def test_an_imported_link_key_is_found_in_every_way(air: Air, version: int) -> None:
    stick = formed(air, version)
    stick.ask("importLinkKey", index=0, address=PARTNER, key=OTHER_KEY)
    stick.ask("importLinkKey", index=1, address=SECOND_PARTNER, key=CODE_KEY)
    by_index = stick.ask("exportLinkKeyByIndex", index=1)
    assert (by_index["eui64"], by_index["plaintextKey"]) == (SECOND_PARTNER, CODE_KEY)
    assert stick.ask("exportLinkKeyByEui", eui64=PARTNER)["plaintextKey"] == OTHER_KEY
    assert stick.ask("findKeyTableEntry", address=SECOND_PARTNER)["index"] == 1
    assert stick.ask("findKeyTableEntry", address=0)["index"] == 2
    assert stick.ask("getApsKeyInfo", eui64=PARTNER, coreKeyType=APP_LINK)["eui64"] == PARTNER


@every_version
def test_what_is_not_in_the_table_is_not_found(air: Air, version: int) -> None:
    stick = formed(air, version)
    stick.refused("exportLinkKeyByIndex", Status.NOT_FOUND, index=0)
    stick.refused("exportLinkKeyByEui", Status.NOT_FOUND, eui64=PARTNER)
    stick.refused("getApsKeyInfo", Status.NOT_FOUND, eui64=PARTNER, coreKeyType=APP_LINK)
    assert stick.ask("findKeyTableEntry", address=PARTNER)["index"] == NOT_THERE
    stick.refused("eraseKeyTableEntry", Status.INDEX_OUT_OF_RANGE, index=0)


@every_version
def test_a_key_that_is_erased_is_gone_and_the_others_stay(air: Air, version: int) -> None:
    stick = formed(air, version)
    for index, partner in enumerate((PARTNER, SECOND_PARTNER)):
        stick.ask("importLinkKey", index=index, address=partner, key=OTHER_KEY)
    stick.ask("eraseKeyTableEntry", index=0)
    stick.refused("exportLinkKeyByEui", Status.NOT_FOUND, eui64=PARTNER)
    stick.ask("exportLinkKeyByEui", eui64=SECOND_PARTNER)
    stick.ask("clearKeyTable")
    stick.refused("exportLinkKeyByEui", Status.NOT_FOUND, eui64=SECOND_PARTNER)


@every_version
def test_the_table_is_as_long_as_configured(air: Air, version: int) -> None:
    stick = formed(air, version)
    stick.ask("setConfigurationValue", configId=CONFIG["CONFIG_KEY_TABLE_SIZE"], value=1)
    stick.refused("importLinkKey", Status.INDEX_OUT_OF_RANGE, index=1, address=PARTNER, key=OTHER_KEY)
    stick.ask("importLinkKey", index=0, address=PARTNER, key=OTHER_KEY)
    assert stick.ask("findKeyTableEntry", address=0)["index"] == NOT_THERE


@every_version
def test_link_keys_outlive_a_reset(air: Air, version: int) -> None:
    stick = formed(air, version)
    stick.ask("importLinkKey", index=0, address=PARTNER, key=OTHER_KEY)
    stick.power_cycle()
    stick.ask("networkInit")
    assert stick.ask("exportLinkKeyByEui", eui64=PARTNER)["plaintextKey"] == OTHER_KEY


@every_version
def test_the_key_with_its_trust_centre_is_not_in_the_table_of_a_device(air: Air, version: int) -> None:
    hub, device = air.pair(version)
    device.refused("exportLinkKeyByIndex", Status.NOT_FOUND, index=0)
    device.ask("clearKeyTable")
    assert device.ask("exportKey", coreKeyType=TC_LINK)["key"] == CODE_KEY
    assert device.ask("getApsKeyInfo", coreKeyType=TC_LINK)["eui64"] == hub.eui64
    assert hub.ask("exportLinkKeyByIndex", index=0)["eui64"] == device.eui64


@every_version
def test_the_counter_under_a_link_key_goes_up_with_each_message(air: Air, version: int) -> None:
    _, device = air.pair(version)
    asked = {"coreKeyType": TC_LINK}
    before = device.ask("getApsKeyInfo", **asked)["keyData"]["outgoingFrameCounter"]
    assert encrypted(device, 0) is Status.SUCCESS
    assert device.ask("getApsKeyInfo", **asked)["keyData"]["outgoingFrameCounter"] > before


# --- transient keys --------------------------------------------------------------------------------------------------


@every_version
def test_a_transient_key_is_exported_until_it_is_cleared(air: Air, version: int) -> None:
    stick = formed(air, version)
    stick.refused("exportTransientKeyByEui", Status.NOT_FOUND, eui64=PARTNER)
    stick.ask("importTransientKey", eui64=PARTNER, plaintextKey=CODE_KEY)
    answer = stick.ask("exportTransientKeyByEui", eui64=PARTNER)
    assert (answer["eui64"], answer["plaintextKey"]) == (PARTNER, CODE_KEY)
    stick.ask("clearTransientLinkKeys")
    stick.refused("exportTransientKeyByEui", Status.NOT_FOUND, eui64=PARTNER)


# --- another network key ---------------------------------------------------------------------------------------------


@every_version
@pytest.mark.parametrize("key", [OTHER_KEY, bytes(16)], ids=["given", "random"])
def test_another_network_key_comes_to_all(air: Air, version: int, key: bytes) -> None:
    hub, device = air.pair(version)
    hub.ask("broadcastNextNetworkKey", key=key)
    hub.ask("broadcastNetworkKeySwitch")
    air.run(120)
    new = hub.ask("exportKey", coreKeyType=NETWORK)["key"]
    assert new not in {NETWORK_KEY, bytes(16)}
    assert key in {new, bytes(16)}
    assert device.ask("exportKey", coreKeyType=NETWORK)["key"] == new
    assert hub.ask("getNetworkKeyInfo")["networkKeyInfo"]["networkKeySequenceNumber"] == 1
    assert encrypted(hub, device.node_id()) is Status.SUCCESS


@every_version
def test_only_a_trust_centre_brings_in_another_network_key(air: Air, version: int) -> None:
    hub, device = air.pair(version)
    device.refused("broadcastNextNetworkKey", Status.INVALID_CALL, key=OTHER_KEY)
    hub.refused("broadcastNextNetworkKey", Status.INVALID_CALL, key=NETWORK_KEY)
    air.run(60)
    assert device.ask("exportKey", coreKeyType=NETWORK)["key"] == NETWORK_KEY
