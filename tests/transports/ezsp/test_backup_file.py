"""The file of a backup: what zigpy reads and writes, what herdsman writes, and what is wrong with any other."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zigpy.backups import NetworkBackup as ZigpyBackup

from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64, eui64_little
from emulator.transports.ezsp.backup_file import (
    LARGEST_FILE,
    MOST_DEVICES,
    BackupDevice,
    BackupKey,
    NetworkBackup,
    decode_backup,
    encode_backup,
)

WHERE = "network.json"
HUB = Eui64(0x00DB_1200_0000_0001)
DEVICES = (
    BackupDevice(Eui64(0x1111), 0x0ABC, child=True),
    BackupDevice(Eui64(0x2222), 0x5678, link_key=BackupKey(bytes(range(32, 48)), 700, 800)),
    BackupDevice(Eui64(0x3333), None, link_key=BackupKey(bytes(range(48, 64)))),
)
BACKUP = NetworkBackup(
    HUB, HUB, 15, (11, 15, 26), 0x1A62, Eui64(0x0000_ABCD_0000_0001), 4, bytes(range(16)), 2, 123_456,
    b"ZigBeeAlliance09", 99, bytes(range(64, 80)), tx_power=-2, devices=DEVICES, source="althan@1",
    created="2026-03-04T05:06:07+00:00", ezsp=13,
)  # fmt: skip

keys = st.binary(min_size=16, max_size=16).filter(lambda key: key != b"\xff" * 16)
eui64s = st.integers(1, (1 << 64) - 2).map(Eui64)
counters = st.integers(0, 0xFFFF_FFFF)
link_keys = st.builds(BackupKey, keys, counters, counters)
devices = st.builds(BackupDevice, eui64s, st.none() | st.integers(0, 0xFFF7), st.booleans(), st.none() | link_keys)
backups = st.builds(
    NetworkBackup, eui64s, eui64s, st.integers(11, 26),
    st.lists(st.integers(11, 26), unique=True).map(tuple), st.integers(1, 0xFFFE), eui64s, st.integers(0, 255), keys,
    st.integers(0, 255), counters, keys, counters, st.just(b"") | keys, st.integers(0, 255),
    st.none() | st.integers(-128, 127),
    st.lists(devices, max_size=5, unique_by=lambda device: device.eui64).map(
        lambda found: tuple(sorted(found, key=lambda device: device.eui64))
    ),
    st.text(max_size=20), st.text(max_size=20), st.none() | st.integers(0, 255),
)  # fmt: skip


@given(backups)
def test_what_is_written_is_read(backup: NetworkBackup) -> None:
    assert decode_backup(encode_backup(backup), WHERE) == backup


# --- zigpy -----------------------------------------------------------------------------------------------------------


def zigpy_reads(octets: bytes) -> Any:
    return ZigpyBackup.from_open_coordinator_json(json.loads(octets))


def test_zigpy_reads_the_same_out_of_it() -> None:
    read = zigpy_reads(encode_backup(BACKUP))
    network = read.network_info
    assert read.is_complete()
    assert read.node_info.ieee.serialize() == network.tc_link_key.partner_ieee.serialize() == eui64_little(HUB)
    assert (network.pan_id, network.channel, list(network.channel_mask)) == (0x1A62, 15, [11, 15, 26])
    assert network.extended_pan_id.serialize() == eui64_little(BACKUP.extended_pan_id)
    assert (network.network_key.key.serialize(), network.network_key.seq) == (BACKUP.network_key, 2)
    assert (network.network_key.tx_counter, network.nwk_update_id, network.tx_power) == (123_456, 4, -2)
    assert network.stack_specific["ezsp"]["hashed_tclk"] == BACKUP.hashed_link_key.hex()
    assert [ieee.serialize() for ieee in network.children] == [eui64_little(0x1111)]
    assert sorted(network.nwk_addresses.values()) == [0x0ABC, 0x5678]
    found = [(key.partner_ieee.serialize(), key.key.serialize(), key.tx_counter) for key in network.key_table]
    assert found == [(eui64_little(device), key.key, key.outgoing) for device, key in BACKUP.link_keys]


def test_what_zigpy_writes_is_read() -> None:
    written = zigpy_reads(encode_backup(BACKUP)).as_open_coordinator_json()
    assert decode_backup(json.dumps(written).encode(), WHERE) == BACKUP


# --- herdsman --------------------------------------------------------------------------------------------------------

HERDSMAN = {
    "metadata": {
        "format": "zigpy/open-coordinator-backup",
        "version": 1,
        "source": "zigbee-herdsman@11.1.1",
        "internal": {"date": "2025-02-23T19:05:26.793Z", "ezspVersion": 13},
    },
    "stack_specific": {"ezsp": {"hashed_tclk": "40" * 16}},
    "coordinator_ieee": "00DB120000000001",
    "pan_id": "1a62",
    "extended_pan_id": "00db120000000001",
    "nwk_update_id": 0,
    "security_level": 5,
    "channel": 11,
    "channel_mask": [11],
    "network_key": {"key": "01030507090b0d0f00020406080a0c0d", "sequence_number": 0, "frame_counter": 4_086_999},
    "devices": [{"nwk_address": "abc", "ieee_address": "0000000000001111", "is_child": False, "link_key": None}],
}


def test_a_file_of_herdsman_is_read_with_what_it_leaves_out() -> None:
    backup = decode_backup(json.dumps(HERDSMAN).encode(), WHERE)
    assert (backup.eui64, backup.trust_centre, backup.link_key) == (HUB, HUB, b"ZigBeeAlliance09")
    assert (backup.hashed_link_key, backup.frame_counter, backup.tx_power) == (b"\x40" * 16, 4_086_999, None)
    assert backup.devices == (BackupDevice(Eui64(0x1111), 0x0ABC),)
    assert backup.created == "2025-02-23T19:05:26.793Z"


# --- anything else ---------------------------------------------------------------------------------------------------


def spoilt(change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(encode_backup(BACKUP))
    change(document)
    return json.dumps(document).encode()


Change = Callable[[dict[str, Any]], object]
WRONG: list[tuple[Change, str, str]] = [
    (lambda d: d["metadata"].update(format="mine"), "metadata.format", "zigpy/open-coordinator-backup, version 1"),
    (lambda d: d["metadata"].update(version=2), "metadata.format", "version 1"),
    (lambda d: d.pop("metadata"), "metadata", "an object"),
    (lambda d: d["metadata"].pop("format"), "metadata.format", "a text"),
    (lambda d: d.update(channel=27), "channel", "11 to 26"),
    (lambda d: d.update(channel="15"), "channel", "11 to 26"),
    (lambda d: d.update(channel=True), "channel", "11 to 26"),
    (lambda d: d.update(channel_mask=[15, 99]), "channel_mask", "11 to 26"),
    (lambda d: d.update(channel_mask=15), "channel_mask", "11 to 26"),
    (lambda d: d.update(pan_id="ffff"), "pan_id", "0001 to fffe"),
    (lambda d: d.update(pan_id=" 1a6"), "pan_id", "0001 to fffe"),
    (lambda d: d.update(pan_id=0x1A62), "pan_id", "0001 to fffe"),
    (lambda d: d.update(coordinator_ieee="ff" * 8), "coordinator_ieee", "16 hex digits"),
    (lambda d: d.update(coordinator_ieee="00db"), "coordinator_ieee", "16 hex digits"),
    (lambda d: d["network_key"].update(key="00" * 15), "network_key.key", "32 hex digits"),
    (lambda d: d["network_key"].update(key="ff" * 16), "network_key.key", "32 hex digits"),
    (lambda d: d["network_key"].update(frame_counter=1 << 32), "network_key.frame_counter", "0 to 4294967295"),
    (lambda d: d["network_key"].update(frame_counter=-1), "network_key.frame_counter", "0 to 4294967295"),
    (lambda d: d["network_key"].pop("sequence_number"), "network_key.sequence_number", "0 to 255"),
    (lambda d: d.update(devices={}), "devices", f"at most {MOST_DEVICES} objects"),
    (lambda d: d.update(devices=[{}] * (MOST_DEVICES + 1)), "devices", f"at most {MOST_DEVICES} objects"),
    (lambda d: d["devices"][1].update(ieee_address="1"), "devices[1].ieee_address", "16 hex digits"),
    (lambda d: d["devices"][1].update(ieee_address="0" * 12 + "1111"), "devices[1].ieee_address", "each once"),
    (lambda d: d["devices"][0].update(nwk_address="fff8"), "devices[0].nwk_address", "0000 to fff7"),
    (lambda d: d["devices"][0].update(is_child=1), "devices[0].is_child", "true or false"),
    (lambda d: d["devices"][1]["link_key"].pop("key"), "devices[1].link_key.key", "32 hex digits"),
    (lambda d: d["metadata"]["internal"]["node"].update(type="router"), "metadata.internal.node.type", "coordinat"),
]


@pytest.mark.parametrize(
    "change, place, allowed", WRONG, ids=[f"{index}-{place}" for index, (_, place, _) in enumerate(WRONG)]
)
def test_what_is_wrong_is_told_by_its_field_and_shows_no_key(change: Change, place: str, allowed: str) -> None:
    with pytest.raises(BadInput) as refused:
        decode_backup(spoilt(change), WHERE)
    text = str(refused.value)
    assert text.startswith(f"{WHERE}: {place}: ")
    assert allowed in text
    assert not any(key.hex() in text for key in (BACKUP.network_key, BACKUP.hashed_link_key, bytes(15)))


NO_DOCUMENTS = {
    "empty": b"",
    "torn": b"{",
    "no-text": b"\xff\xfe",
    "list": b"[]",
    "number": b"3",
    "deep": b"[" * 100_000,
    "large": bytes(LARGEST_FILE + 1),
}


@pytest.mark.parametrize("octets", NO_DOCUMENTS.values(), ids=NO_DOCUMENTS)
def test_what_is_no_document_is_refused(octets: bytes) -> None:
    with pytest.raises(BadInput, match=WHERE):
        decode_backup(octets, WHERE)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_a_field_of_another_kind_ends_in_bad_input_or_a_value_never_in_anything_else(data: st.DataObject) -> None:
    document: Any = json.loads(encode_backup(BACKUP))
    place = document
    while isinstance(place, dict) and place:
        name = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[name], dict) or data.draw(st.booleans()):
            place[name] = data.draw(json_values)
            break
        place = place[name]
    try:
        decode_backup(json.dumps(document).encode(), WHERE)
    except BadInput as error:
        refused = str(error)
    else:
        return
    assert refused.startswith(f"{WHERE}: ")
