"""zigpy's open coordinator backup, version 1: the network of a coordinator in JSON, keys included.

Octets are hex, numbers of several octets most significant first (`zigpy/open-coordinator-backup`).  Files of zigpy and
of zigbee-herdsman are read; what they leave out has the value that makes least of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64, eui64_text
from emulator.transports.ezsp.json_fields import Fields
from emulator.zigbee.security.counters import EXHAUSTED
from emulator.zigbee.security.keys import WELL_KNOWN_LINK_KEY

FORMAT: Final = "zigpy/open-coordinator-backup"
VERSION: Final = 1
LARGEST_FILE: Final = 4 << 20
"""Octets; the entry of a device has some 250."""
MOST_DEVICES: Final = 4_096

_SHORTS: Final = (0x0000, 0xFFF7)
_PANS: Final = (0x0001, 0xFFFE)
_CHANNELS: Final = (11, 26)
_OCTET: Final = (0, 0xFF)
_COUNTERS: Final = (0, EXHAUSTED)
_POWERS: Final = (-128, 127)
_COORDINATOR: Final = "coordinator"


@dataclass(frozen=True, slots=True)
class BackupKey:
    """The link key with a device: 16 octets, and the counters that were used under it last."""

    key: bytes
    outgoing: int = 0
    incoming: int = 0


@dataclass(frozen=True, slots=True)
class BackupDevice:
    """A device of the network.

    Attributes:
        short: None where it is not known.
        child: an end device whose parent is the coordinator.
        link_key: None where it has none of its own.
    """

    eui64: Eui64
    short: int | None = None
    child: bool = False
    link_key: BackupKey | None = None


@dataclass(frozen=True, slots=True)
class NetworkBackup:
    """A coordinator and its network.

    Attributes:
        source, created: what made the file, and when (ISO 8601); empty where that is not known.
        eui64: of the coordinator; trust_centre: the same, as a rule.
        channels: those that the network may change to.
        network_key: 16 octets, its number, and the counter of the last frame under it.
        link_key: of the trust centre, 16 octets; its counter that of the last frame under any link key.
        hashed_link_key: what EmberZNet derives each device's key from; empty where it does not.
        tx_power: dBm; None where it is not known.
        ezsp, firmware: of the stick.
    """

    eui64: Eui64
    trust_centre: Eui64
    channel: int
    channels: tuple[int, ...]
    pan_id: int
    extended_pan_id: Eui64
    update_id: int
    network_key: bytes
    key_sequence: int
    frame_counter: int
    link_key: bytes
    link_key_counter: int = 0
    hashed_link_key: bytes = b""
    security_level: int = 5
    tx_power: int | None = None
    devices: tuple[BackupDevice, ...] = ()
    source: str = ""
    created: str = ""
    ezsp: int | None = None
    firmware: str = ""

    @property
    def link_keys(self) -> list[tuple[Eui64, BackupKey]]:
        """The devices' own."""
        return [(device.eui64, device.link_key) for device in self.devices if device.link_key is not None]

    @property
    def children(self) -> list[tuple[Eui64, int]]:
        """With their short addresses, as far as those are known."""
        known = ((device.eui64, device.short) for device in self.devices if device.child)
        return [(eui64, short) for eui64, short in known if short is not None]


# --- to the file -----------------------------------------------------------------------------------------------------


def encode_backup(backup: NetworkBackup) -> bytes:
    """The file."""
    return (json.dumps(_document(backup), indent=2) + "\n").encode()


def _document(backup: NetworkBackup) -> dict[str, object]:
    hashed = {"ezsp": {"hashed_tclk": backup.hashed_link_key.hex()}} if backup.hashed_link_key else {}
    return {
        "metadata": {
            "version": VERSION,
            "format": FORMAT,
            "source": backup.source,
            "internal": _internal(backup),
        },
        "stack_specific": hashed,
        "coordinator_ieee": eui64_text(backup.eui64),
        "pan_id": f"{backup.pan_id:04x}",
        "extended_pan_id": eui64_text(backup.extended_pan_id),
        "nwk_update_id": backup.update_id,
        "security_level": backup.security_level,
        "channel": backup.channel,
        "channel_mask": list(backup.channels),
        "network_key": {
            "key": backup.network_key.hex(),
            "sequence_number": backup.key_sequence,
            "frame_counter": backup.frame_counter,
        },
        "devices": [_device(device) for device in sorted(backup.devices, key=lambda device: device.eui64)],
    }


def _internal(backup: NetworkBackup) -> dict[str, object]:
    """What the format leaves to its users, as zigpy has it; herdsman wants `ezspVersion`."""
    node = {"ieee": eui64_text(backup.eui64), "nwk": "0000", "type": _COORDINATOR}
    return {
        "creation_time": backup.created,
        "node": {**node, "model": None, "manufacturer": None, "version": backup.firmware or None},
        "network": {
            "tc_link_key": {"key": backup.link_key.hex(), "frame_counter": backup.link_key_counter},
            "tc_address": eui64_text(backup.trust_centre),
            "nwk_manager": "0000",
        },
        "link_key_seqs": {eui64_text(device): 0 for device, _ in backup.link_keys},
        "route_table": {},
        "tx_power": backup.tx_power,
        "ezspVersion": backup.ezsp,
    }


def _device(device: BackupDevice) -> dict[str, object]:
    entry: dict[str, object] = {
        "ieee_address": eui64_text(device.eui64),
        "nwk_address": None if device.short is None else f"{device.short:04x}",
        "is_child": device.child,
    }
    if device.link_key is not None:
        key = device.link_key
        entry["link_key"] = {"key": key.key.hex(), "tx_counter": key.outgoing, "rx_counter": key.incoming}
    return entry


# --- from the file ---------------------------------------------------------------------------------------------------


def decode_backup(octets: bytes, where: str) -> NetworkBackup:
    """What such a file says.

    Raises:
        BadInput: one line that names `where`, the field, and what is allowed in it.
    """
    if len(octets) > LARGEST_FILE:
        raise BadInput("too large", where=where, allowed=f"{LARGEST_FILE} octets")
    try:
        document = json.loads(octets)
    except (ValueError, RecursionError) as error:
        raise BadInput("no JSON", where=where, allowed="an open coordinator backup") from error
    if not isinstance(document, Mapping):
        raise BadInput("no JSON object", where=where, allowed="an open coordinator backup")
    return _backup(Fields(document, where))


def _backup(fields: Fields) -> NetworkBackup:
    metadata = fields.member("metadata")
    if metadata.text("format") != FORMAT or metadata.number("version", (0, 1 << 31)) != VERSION:
        raise BadInput("no backup of this kind", where=metadata.place("format"), allowed=f"{FORMAT}, version {VERSION}")
    internal = metadata.member("internal", optional=True)
    network, key = internal.member("network", optional=True), fields.member("network_key")
    link_key = network.member("tc_link_key", optional=True)
    ezsp = fields.member("stack_specific", optional=True).member("ezsp", optional=True)
    own, channel = fields.eui64("coordinator_ieee"), fields.number("channel", _CHANNELS)
    _check_type(internal.member("node", optional=True))
    return NetworkBackup(
        own,
        network.eui64("tc_address", own),
        channel,
        fields.numbers("channel_mask", _CHANNELS),
        fields.hex_number("pan_id", _PANS),
        fields.eui64("extended_pan_id"),
        fields.number("nwk_update_id", _OCTET),
        key.key("key"),
        key.number("sequence_number", _OCTET),
        key.number("frame_counter", _COUNTERS),
        link_key.key("key", WELL_KNOWN_LINK_KEY),
        link_key.number("frame_counter", _COUNTERS, 0),
        ezsp.key("hashed_tclk", b""),
        fields.number("security_level", _OCTET),
        internal.number("tx_power", _POWERS, None),
        _devices(fields),
        metadata.text("source", ""),
        internal.text("creation_time", internal.text("date", "")),
        internal.number("ezspVersion", _OCTET, None),
    )


def _check_type(node: Fields) -> None:
    kind = node.text("type", _COORDINATOR)
    if kind != _COORDINATOR:
        raise BadInput(f"the backup of a {kind}", where=node.place("type"), allowed=_COORDINATOR)


def _devices(fields: Fields) -> tuple[BackupDevice, ...]:
    entries = fields.objects("devices", MOST_DEVICES)
    devices = tuple(_device_of(entry) for entry in entries)
    seen: dict[Eui64, bool] = {}
    for device, entry in zip(devices, entries, strict=True):
        if device.eui64 in seen:
            raise BadInput("a device twice", where=entry.place("ieee_address"), allowed="each once")
        seen[device.eui64] = True
    return devices


def _device_of(entry: Fields) -> BackupDevice:
    key = entry.member("link_key", optional=True)
    return BackupDevice(
        entry.eui64("ieee_address"),
        entry.hex_number("nwk_address", _SHORTS, None),
        entry.flag("is_child", default=True),
        None if key.is_empty else BackupKey(
            key.key("key"), key.number("tx_counter", _COUNTERS, 0), key.number("rx_counter", _COUNTERS, 0)
        ),
    )  # fmt: skip
