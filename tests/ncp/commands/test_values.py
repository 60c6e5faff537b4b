"""Configuration, policies, values, endpoints and counters, as a host sets and reads them."""

from __future__ import annotations

import pytest

from emulator.ncp.ezsp.header import MAX_FRAME_OCTETS
from emulator.ncp.ezsp.status import Status
from emulator.ncp.tables import VERSIONS, identifiers
from tests.ncp.commands.sticks import Air, HostedStick

CONFIG = identifiers("EzspConfigId")
VALUE = identifiers("EzspValueId")
POLICY = identifiers("EzspPolicyId")
NO_NUMBER = 0xEE
COUNTERS = ("VALUE_NWK_FRAME_COUNTER", "VALUE_APS_FRAME_COUNTER")
ENDPOINT_FLAGS = 0x00

every_version = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture
def air() -> Air:
    return Air()


def value(stick: HostedStick, name: str) -> bytes:
    return bytes(stick.ask("getValue", valueId=VALUE[name])["value"])


# --- configuration ---------------------------------------------------------------------------------------------------


@every_version
def test_a_configuration_value_reads_as_it_was_set_until_a_reset(air: Air, version: int) -> None:
    stick, number = air.stick(version), CONFIG["CONFIG_ADDRESS_TABLE_SIZE"]
    before = stick.ask("getConfigurationValue", configId=number)["value"]
    stick.ask("setConfigurationValue", configId=number, value=before + 5)
    assert stick.ask("getConfigurationValue", configId=number)["value"] == before + 5
    stick.power_cycle()
    assert stick.ask("getConfigurationValue", configId=number)["value"] == before


@every_version
def test_a_configuration_value_that_there_is_none_of_is_refused(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.refused("getConfigurationValue", Status.ERROR_INVALID_ID, configId=NO_NUMBER)
    stick.refused("setConfigurationValue", Status.ERROR_INVALID_ID, configId=NO_NUMBER, value=1)


@every_version
def test_a_host_finds_a_zigbee_pro_stack_with_standard_security(air: Air, version: int) -> None:
    stick = air.stick(version)
    wanted = {"CONFIG_STACK_PROFILE": 2, "CONFIG_SECURITY_LEVEL": 5, "CONFIG_MAX_HOPS": 30}
    for name, expected in wanted.items():
        assert stick.ask("getConfigurationValue", configId=CONFIG[name])["value"] == expected


@every_version
def test_a_policy_reads_as_it_was_set_until_a_reset(air: Air, version: int) -> None:
    stick, number = air.stick(version), POLICY["TRUST_CENTER_POLICY"]
    stick.ask("setPolicy", policyId=number, decisionId=0x11)
    assert stick.ask("getPolicy", policyId=number)["decisionId"] == 0x11
    stick.power_cycle()
    assert stick.ask("getPolicy", policyId=number)["decisionId"] == 0


# --- values ----------------------------------------------------------------------------------------------------------


@every_version
def test_the_version_information_is_that_of_the_version(air: Air, version: int) -> None:
    stick = air.bare(version)
    answer = stick.put(bytes((0, 0, 0, version)))
    assert answer is not None
    info = value(stick, "VALUE_VERSION_INFO")
    major, minor, patch, special = info[2:6]
    assert len(info) == 7
    assert int.from_bytes(answer[5:7], "little") == major << 12 | minor << 8 | patch << 4 | special


@every_version
def test_a_value_reads_as_it_was_set_until_a_reset(air: Air, version: int) -> None:
    stick, number = air.stick(version), VALUE["VALUE_MAXIMUM_OUTGOING_TRANSFER_SIZE"]
    stick.refused("getValue", Status.ERROR_INVALID_ID, valueId=number)
    stick.ask("setValue", valueId=number, value=b"\x52\x00")
    assert stick.ask("getValue", valueId=number)["value"] == b"\x52\x00"
    stick.power_cycle()
    stick.refused("getValue", Status.ERROR_INVALID_ID, valueId=number)


@pytest.mark.parametrize("version", [13, 14])
@pytest.mark.parametrize("spare", range(7))
def test_a_value_that_was_taken_can_be_read(air: Air, version: int, spare: int) -> None:
    stick, number = air.stick(version), VALUE["VALUE_ENDPOINT_FLAGS"]
    octets = bytes(MAX_FRAME_OCTETS - 7 - spare)
    taken = stick.answered("setValue", {"valueId": number, "value": octets})["status"] == 0
    read = stick.answered("getValue", {"valueId": number})
    assert (read["status"] == 0, read["value"]) == (taken, octets if taken else b"")


@every_version
@pytest.mark.parametrize("name", COUNTERS)
def test_the_frame_counters_of_a_backup_are_taken_before_there_is_a_network(air: Air, version: int, name: str) -> None:
    stick = air.stick(version)
    other = next(one for one in COUNTERS if one != name)
    untouched = value(stick, other)
    stick.ask("setValue", valueId=VALUE[name], value=bytes.fromhex("00105634"))
    assert value(stick, name) == bytes.fromhex("00105634")
    assert value(stick, other) == untouched
    stick.power_cycle()
    assert value(stick, name) == bytes.fromhex("00105634")


@every_version
def test_a_network_goes_on_from_the_frame_counter_of_a_backup(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.ask("setValue", valueId=VALUE[COUNTERS[0]], value=(0x3456_0000).to_bytes(4, "little"))
    stick.form()
    air.run(30)
    counter = stick.ask("getNetworkKeyInfo")["networkKeyInfo"]["networkKeyFrameCounter"]
    assert 0x3456_0000 < counter < 0x3456_0100
    assert int.from_bytes(value(stick, COUNTERS[0]), "little") == counter


@every_version
@pytest.mark.parametrize("name", COUNTERS)
def test_frame_counters_are_refused_in_a_network_and_on_the_way_into_one(air: Air, version: int, name: str) -> None:
    stick = air.stick(version)
    stick.begin_join()
    stick.refused("setValue", Status.ERROR_INVALID_VALUE, valueId=VALUE[name], value=bytes(4))
    hub = air.stick(version)
    hub.form()
    before = value(hub, name)
    hub.refused("setValue", Status.ERROR_INVALID_VALUE, valueId=VALUE[name], value=b"\xff\xff\xff\x00")
    assert value(hub, name) == before


@pytest.mark.parametrize("version", [13, 19])
@pytest.mark.parametrize("name", COUNTERS)
@pytest.mark.parametrize("octets", [b"", b"\x01\x02\x03", bytes(5), b"\xff" * 4, b"\xff" * 8], ids=len)
def test_what_is_no_frame_counter_is_refused_and_changes_nothing(
    air: Air, version: int, name: str, octets: bytes
) -> None:
    stick = air.stick(version)
    before = value(stick, name)
    stick.refused("setValue", Status.ERROR_INVALID_VALUE, valueId=VALUE[name], value=octets)
    assert value(stick, name) == before


# --- endpoints -------------------------------------------------------------------------------------------------------


def add(stick: HostedStick, endpoint: int, clusters: tuple[int, ...] = (0, 0x0019)) -> dict[str, object]:
    return {
        "endpoint": endpoint,
        "profileId": 0x0109,
        "deviceId": 0x0502,
        "inputClusterCount": len(clusters),
        "inputClusterList": clusters,
    }


@every_version
def test_an_endpoint_is_enabled_once_it_is_registered(air: Air, version: int) -> None:
    stick = air.stick(version)
    asked = {"valueId": ENDPOINT_FLAGS, "characteristics": 1}
    stick.refused("getExtendedValue", Status.ERROR_INVALID_ID, **asked)
    assert len(stick.answered("getExtendedValue", asked)["value"]) == 2
    stick.ask("addEndpoint", **add(stick, 1))
    assert stick.ask("getExtendedValue", **asked)["value"] == b"\x01\x00"
    stick.refused("getExtendedValue", Status.ERROR_INVALID_ID, valueId=ENDPOINT_FLAGS, characteristics=2)


@every_version
def test_no_endpoint_comes_while_there_is_a_network(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.form()
    stick.refused("addEndpoint", Status.ERROR_INVALID_VALUE, **add(stick, 1))


@every_version
def test_an_extended_value_that_is_not_served_is_refused(air: Air, version: int) -> None:
    air.stick(version).refused("getExtendedValue", Status.ERROR_INVALID_ID, valueId=0x01, characteristics=0)


# --- tables ----------------------------------------------------------------------------------------------------------


@every_version
def test_a_row_of_the_multicast_table_reads_as_it_was_set(air: Air, version: int) -> None:
    stick = air.stick(version)
    row = {"multicastId": 0x1234, "endpoint": 1, "networkIndex": 0}
    assert stick.ask("getMulticastTableEntry", index=1)["value"]["multicastId"] == 0
    stick.ask("setMulticastTableEntry", index=1, value=row)
    assert stick.ask("getMulticastTableEntry", index=1)["value"] == row


@every_version
def test_the_multicast_table_is_as_long_as_configured(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.ask("setConfigurationValue", configId=CONFIG["CONFIG_MULTICAST_TABLE_SIZE"], value=2)
    stick.ask("setMulticastTableEntry", index=1, value={})
    stick.refused("setMulticastTableEntry", Status.INDEX_OUT_OF_RANGE, index=2, value={})
    stick.refused("getMulticastTableEntry", Status.INDEX_OUT_OF_RANGE, index=2)


@every_version
@pytest.mark.parametrize(
    "name",
    [
        "setPowerDescriptor", "setConcentrator", "setRadioPower", "setRadioIeee802154CcaMode", "setSourceRoute",
        "sendManyToOneRouteRequest",
    ],
)  # fmt: skip
def test_what_only_tunes_real_firmware_is_taken(air: Air, version: int, name: str) -> None:
    air.stick(version).ask(name)
