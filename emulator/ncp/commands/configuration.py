"""Configuration, policies, values, endpoints: what a host sets before it goes to work."""

from __future__ import annotations

from typing import Final

from emulator.core.errors import LocalProtocolError
from emulator.ncp.chip import Answer, Chip, Values
from emulator.ncp.ezsp.status import Status
from emulator.ncp.flash import Flash
from emulator.ports.aps import SimpleDescriptor
from emulator.zigbee.node.facts import FrameCounters

_DEFAULTS: Final = {
    0x01: 75,  # PACKET_BUFFER_COUNT
    0x02: 16,  # NEIGHBOR_TABLE_SIZE
    0x03: 10,  # APS_UNICAST_MESSAGE_COUNT
    0x04: 0,  # BINDING_TABLE_SIZE
    0x05: 8,  # ADDRESS_TABLE_SIZE
    0x06: 8,  # MULTICAST_TABLE_SIZE
    0x07: 16,  # ROUTE_TABLE_SIZE
    0x08: 8,  # DISCOVERY_TABLE_SIZE
    0x0C: 2,  # STACK_PROFILE
    0x0D: 5,  # SECURITY_LEVEL
    0x10: 30,  # MAX_HOPS
    0x11: 6,  # MAX_END_DEVICE_CHILDREN
    0x12: 3_000,  # INDIRECT_TRANSMISSION_TIMEOUT
    0x13: 8,  # END_DEVICE_POLL_TIMEOUT
    0x14: 20,  # MOBILE_NODE_POLL_TIMEOUT
    0x17: 0,  # TX_POWER_MODE
    0x18: 0,  # DISABLE_RELAY
    0x19: 0,  # TRUST_CENTER_ADDRESS_CACHE_SIZE
    0x1A: 0,  # SOURCE_ROUTE_TABLE_SIZE
    0x1C: 3,  # FRAGMENT_WINDOW_SIZE
    0x1D: 0,  # FRAGMENT_DELAY_MS
    0x1E: 12,  # KEY_TABLE_SIZE
    0x1F: 1_600,  # APS_ACK_TIMEOUT
    0x20: 3,  # ACTIVE_SCAN_DURATION
    0x21: 60,  # END_DEVICE_BIND_TIMEOUT
    0x22: 2,  # PAN_ID_CONFLICT_REPORT_THRESHOLD
    0x24: 0,  # REQUEST_KEY_TIMEOUT
    0x29: 0,  # CERTIFICATE_TABLE_SIZE
    0x2A: 0,  # APPLICATION_ZDO_FLAGS
    0x2B: 15,  # BROADCAST_TABLE_SIZE
    0x2C: 0,  # MAC_FILTER_TABLE_SIZE
    0x2D: 1,  # SUPPORTED_NETWORKS
    0x2E: 0,  # SEND_MULTICASTS_TO_SLEEPY_ADDRESS
    0x34: 8,  # RETRY_QUEUE_SIZE
    0x35: 6,  # NEW_BROADCAST_ENTRY_THRESHOLD
    0x36: 300,  # TRANSIENT_KEY_TIMEOUT_S
    0x37: 0xFF,  # BROADCAST_MIN_ACKS_NEEDED
    0x38: 300,  # TC_REJOINS_USING_WELL_KNOWN_KEY_TIMEOUT_S
    0x39: 0,  # CTUNE_VALUE
    0x40: 0,  # ASSUME_TC_CONCENTRATOR_TYPE
    0x41: 5,  # GP_PROXY_TABLE_SIZE
    0x42: 0,  # GP_SINK_TABLE_SIZE
}
"""EzspConfigId to what firmware has before its host sets anything; firmware differs, these are ours.

Most of them change nothing here: the tables of the soft node grow as they need to.
"""

KEY_TABLE_SIZE: Final = 0x1E
ADDRESS_TABLE_SIZE: Final = 0x05
MULTICAST_TABLE_SIZE: Final = 0x06
MAX_END_DEVICE_CHILDREN: Final = 0x11
APS_UNICAST_MESSAGE_COUNT: Final = 0x03
MESSAGE_CONTENTS_IN_CALLBACK_POLICY: Final = 0x04

_VALUE_FREE_BUFFERS: Final = 0x03
_VALUE_VERSION_INFO: Final = 0x11
_VALUE_NWK_FRAME_COUNTER: Final = 0x23
_VALUE_APS_FRAME_COUNTER: Final = 0x24
_COUNTER_OCTETS: Final = 4
_LONGEST_VALUE: Final = 200
"""Octets of a value that are kept: what getValue answers is to fit into a frame."""
_BUILDS: Final = {
    13: (7, 4, 3, 0),
    14: (8, 0, 0, 0),
    16: (8, 1, 0, 0),
    17: (8, 2, 0, 0),
    18: (8, 2, 2, 0),
    19: (9, 1, 0, 0),
}
"""EmberZNet version (major, minor, patch, special) of each EZSP version: the first that speaks it, second-hand."""
_GENERAL_AVAILABILITY: Final = 0xAA
_ENDPOINT_FLAGS: Final = 0x00
_ENDPOINT_ENABLED: Final = 0x0001
_FLAGS_OCTETS: Final = 2
_CONTROL: Final = 0xFF
_DIGIT: Final = 0x0F


def release(flash: Flash) -> tuple[int, int, int, int]:
    """EmberZNet of the firmware put into a stick, or of what it came with: major, minor, patch, special."""
    stack = None if flash.firmware is None else flash.firmware.stack
    return _BUILDS[flash.version] if stack is None else (stack.major, stack.minor, stack.patch, stack.special)


def version_info(flash: Flash) -> bytes:
    """VALUE_VERSION_INFO: build (2 octets), major, minor, patch, special, type."""
    return bytes((0, 0, *release(flash), _GENERAL_AVAILABILITY))


def stack_version(flash: Flash) -> int:
    """As `version` tells it: a digit of major, minor, patch and special each, e.g. 0x7430."""
    major, minor, patch, special = (number & _DIGIT for number in release(flash))
    return major << 12 | minor << 8 | patch << 4 | special


def configured(chip: Chip, number: int) -> int:
    """What a configuration value is."""
    return chip.ram.configuration.get(number, _DEFAULTS[number])


def get_configuration_value(chip: Chip, values: Values, _now: int) -> Answer:
    """`getConfigurationValue`."""
    number = values["configId"]
    if number not in _DEFAULTS:
        return {"status": Status.ERROR_INVALID_ID}
    return {"status": Status.SUCCESS, "value": configured(chip, number)}


def set_configuration_value(chip: Chip, values: Values, _now: int) -> Answer:
    """`setConfigurationValue`."""
    if values["configId"] not in _DEFAULTS:
        return {"status": Status.ERROR_INVALID_ID}
    chip.ram.configuration[values["configId"]] = values["value"]
    return {"status": Status.SUCCESS}


def get_policy(chip: Chip, values: Values, _now: int) -> Answer:
    """`getPolicy`."""
    return {"status": Status.SUCCESS, "decisionId": chip.ram.policies.get(values["policyId"], 0)}


def set_policy(chip: Chip, values: Values, _now: int) -> Answer:
    """`setPolicy`."""
    chip.ram.policies[values["policyId"]] = values["decisionId"]
    return {"status": Status.SUCCESS}


def get_value(chip: Chip, values: Values, _now: int) -> Answer:
    """`getValue`."""
    number = values["valueId"]
    counters = chip.node.facts.frame_counters()
    own = {
        _VALUE_FREE_BUFFERS: bytes((chip.free_buffers,)),
        _VALUE_VERSION_INFO: version_info(chip.flash),
        _VALUE_NWK_FRAME_COUNTER: counters.nwk.to_bytes(_COUNTER_OCTETS, "little"),
        _VALUE_APS_FRAME_COUNTER: counters.aps.to_bytes(_COUNTER_OCTETS, "little"),
    }
    octets = own.get(number, chip.ram.values.get(number))
    if octets is None:
        return {"status": Status.ERROR_INVALID_ID}
    return {"status": Status.SUCCESS, "value": octets}


def set_value(chip: Chip, values: Values, _now: int) -> Answer:
    """`setValue`: the frame counters before a network is formed, as a restored backup has them; all else is kept."""
    number, octets = values["valueId"], values["value"]
    if number in (_VALUE_NWK_FRAME_COUNTER, _VALUE_APS_FRAME_COUNTER):
        return {"status": _set_frame_counter(chip, number, octets)}
    if len(octets) > _LONGEST_VALUE:
        return {"status": Status.ERROR_INVALID_VALUE}
    chip.ram.values[number] = octets
    return {"status": Status.SUCCESS}


def _set_frame_counter(chip: Chip, number: int, octets: bytes) -> Status:
    if len(octets) != _COUNTER_OCTETS:
        return Status.ERROR_INVALID_VALUE
    counters, value = chip.node.facts.frame_counters(), int.from_bytes(octets, "little")
    nwk = value if number == _VALUE_NWK_FRAME_COUNTER else counters.nwk
    aps = value if number == _VALUE_APS_FRAME_COUNTER else counters.aps
    try:
        chip.node.set_frame_counters(FrameCounters(nwk, aps))
    except LocalProtocolError:
        return Status.ERROR_INVALID_VALUE
    chip.kept()
    return Status.SUCCESS


def get_extended_value(chip: Chip, values: Values, _now: int) -> Answer:
    """`getExtendedValue`: the flags of an endpoint, where it is registered.

    Where it is not, two octets go with the refusal: herdsman 11 reads them before it looks at the status.
    """
    wanted = values["characteristics"]
    if values["valueId"] != _ENDPOINT_FLAGS:
        return {"status": Status.ERROR_INVALID_ID}
    if all(one.endpoint != wanted for one in chip.ram.endpoints):
        return {"status": Status.ERROR_INVALID_ID, "value": bytes(_FLAGS_OCTETS)}
    return {"status": Status.SUCCESS, "value": _ENDPOINT_ENABLED.to_bytes(_FLAGS_OCTETS, "little")}


def add_endpoint(chip: Chip, values: Values, _now: int) -> Answer:
    """`addEndpoint`: before the network is up."""
    number = values["endpoint"]
    if chip.node.facts.network() is not None:
        return {"status": Status.ERROR_INVALID_VALUE}
    chip.ram.endpoints = [one for one in chip.ram.endpoints if one.endpoint != number]
    chip.ram.endpoints.append(
        SimpleDescriptor(
            number,
            values["profileId"],
            values["deviceId"],
            values["deviceVersion"] & 0xF,
            tuple(values["inputClusterList"]),
            tuple(values["outputClusterList"]),
        )
    )
    return {"status": Status.SUCCESS}


def set_manufacturer_code(chip: Chip, values: Values, _now: int) -> Answer:
    """`setManufacturerCode`."""
    chip.ram.manufacturer = values["code"]
    return {"status": Status.SUCCESS}


def get_multicast_table_entry(chip: Chip, values: Values, _now: int) -> Answer:
    """`getMulticastTableEntry`."""
    index = values["index"]
    if index >= configured(chip, MULTICAST_TABLE_SIZE):
        return {"status": Status.INDEX_OUT_OF_RANGE}
    return {"status": Status.SUCCESS, "value": chip.ram.multicast.get(index, {})}


def set_multicast_table_entry(chip: Chip, values: Values, _now: int) -> Answer:
    """`setMulticastTableEntry`."""
    index = values["index"]
    if index >= configured(chip, MULTICAST_TABLE_SIZE):
        return {"status": Status.INDEX_OUT_OF_RANGE}
    chip.ram.multicast[index] = values["value"]
    # An endpoint of 0 is a row that is not in use; of two rows of one group the first counts.
    rows = sorted(chip.ram.multicast.items(), reverse=True)
    chip.node.set_groups({row["multicastId"]: row["endpoint"] for _, row in rows if row["endpoint"]})
    return {"status": Status.SUCCESS}


def accepted(_chip: Chip, _values: Values, _now: int) -> Answer:
    """Whatever only tunes real firmware: taken, and of no effect here."""
    return {"status": Status.SUCCESS}
