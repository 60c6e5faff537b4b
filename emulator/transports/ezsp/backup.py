"""Reading a coordinator's network out of its stick, into a `NetworkBackup`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64
from emulator.ports.aps import NetworkUp
from emulator.transports.ezsp.backup_file import BackupDevice, BackupKey, NetworkBackup
from emulator.transports.ezsp.callbacks import NEW_LAYOUT
from emulator.transports.ezsp.identity import identity_of
from emulator.transports.ezsp.network import resume
from emulator.transports.ezsp.settings import EzspSettings
from emulator.transports.ezsp.status import Status
from emulator.transports.ezsp.stick import Stick, StickRefused
from emulator.transports.ezsp.structures import (
    HASHED_LINK_KEY,
    KEY_NETWORK,
    KEY_TRUST_CENTRE_LINK,
    eui64,
    eui64_of,
    key_context,
    sl_status,
)
from emulator.zigbee.security.keys import WELL_KNOWN_LINK_KEY

_COORDINATOR: Final = 1
_SECURITY_LEVEL: Final = 0x0D
_KEY_TABLE_SIZE: Final = 0x1E
_APS_FRAME_COUNTER: Final = 0x24
_MOST_CHILDREN: Final = 64
_FIRST_NO_SHORT: Final = 0xFFF8
_CHANNELS: Final = range(11, 27)
_SIGN: Final = 0x80


@dataclass(frozen=True, slots=True)
class Present:
    """What is on a stick before something is done to it.

    Attributes:
        network: that it goes on with; None where it has none.
        coordinator: whether that is its own.
        network_key, frame_counter: of that network; empty and 0 where the stick does not tell.
    """

    eui64: Eui64
    ezsp: int
    network: NetworkUp | None = None
    coordinator: bool = False
    network_key: bytes = b""
    frame_counter: int = 0


async def present(stick: Stick, settings: EzspSettings) -> Present:
    """Let a stick that was reset go on with its network, if it has one, and say which; it is on the air then."""
    own = eui64_of((await stick.ask("getEui64"))["eui64"])
    await stick.write_configuration({"CONFIG_KEY_TABLE_SIZE": settings.key_table})
    network = await resume(stick, settings.network_within, own)
    if not isinstance(network, NetworkUp):
        return Present(own, stick.version)
    coordinator = int((await stick.must("getNetworkParameters"))["nodeType"]) == _COORDINATOR
    key, _, counter = await network_key_in_force(stick)
    return Present(own, stick.version, network, coordinator, key, counter)


async def read_backup(stick: Stick, where: str, created: str, source: str, settings: EzspSettings) -> NetworkBackup:
    """Everything that a backup holds, of the network that the stick goes on with.

    Args:
        stick: just reset.
        where: its port, for messages.
        created: date, as in `NetworkBackup`.
        source: likewise.
        settings: how long a procedure may take, and how many keys are looked for.

    Raises:
        BadInput: it is in no network, or is not its coordinator.
        StickLost, StickRefused: it does not answer, or not with what is asked.
    """
    there = await present(stick, settings)
    if there.network is None:
        raise BadInput("the stick is in no network: there is nothing to back up", where=where)
    if not there.coordinator:
        raise BadInput("the stick joined a network, and a backup is of its coordinator", where=where)
    parameters = (await stick.must("getNetworkParameters"))["parameters"]
    key, sequence, counter = await network_key_in_force(stick)
    if not key:
        raise BadInput("the stick does not give its network key", where=where)
    link_key, hashed = await _trust_centre_key(stick)
    seed = link_key if hashed else b""
    devices = await _devices(stick, there.eui64)
    return NetworkBackup(
        there.eui64, there.eui64, int(parameters.radioChannel), _channels(int(parameters.channels)),
        int(parameters.panId), there.network.extended_pan_id, int(parameters.nwkUpdateId), key, sequence, counter,
        WELL_KNOWN_LINK_KEY if hashed else link_key, await _link_key_counter(stick, devices), seed,
        await configured(stick, _SECURITY_LEVEL, 5), _signed(int(parameters.radioTxPower)), devices, source, created,
        stick.version, (await identity_of(stick)).firmware or "",
    )  # fmt: skip


async def configured(stick: Stick, number: int, otherwise: int) -> int:
    """A configuration value."""
    answer = await _asked(stick, "getConfigurationValue", configId=number)
    return int(answer.get("value", otherwise))


def _channels(mask: int) -> tuple[int, ...]:
    return tuple(channel for channel in _CHANNELS if mask >> channel & 1)


def _signed(octet: int) -> int:
    return octet - 2 * _SIGN if octet & _SIGN else octet


async def _asked(stick: Stick, command: str, **fields: object) -> dict[str, Any]:
    """The answer, or nothing where the stick has none."""
    try:
        return await stick.must(command, **fields)
    except StickRefused:
        return {}


async def network_key_in_force(stick: Stick) -> tuple[bytes, int, int]:
    """The key in force, its number, and the counter of the last frame under it."""
    key = await _asked(stick, "exportKey", context=key_context(KEY_NETWORK))
    info = await _asked(stick, "getNetworkKeyInfo")
    if not key or not info:
        return b"", 0, 0
    told = info["network_key_info"]
    return bytes(key["key"].serialize()), int(told.network_key_sequence_number), int(told.network_key_frame_counter)


async def _trust_centre_key(stick: Stick) -> tuple[bytes, bool]:
    """The link key of the trust centre, and whether each device has one derived from it."""
    key = await _asked(stick, "exportKey", context=key_context(KEY_TRUST_CENTRE_LINK))
    bits = int((await stick.must("getCurrentSecurityState"))["state"].bitmask)
    return bytes(key["key"].serialize()) if key else WELL_KNOWN_LINK_KEY, bits & HASHED_LINK_KEY == HASHED_LINK_KEY


async def _link_key_counter(stick: Stick, devices: tuple[BackupDevice, ...]) -> int:
    """The highest counter of a frame under a link key; some firmware tells it key by key alone."""
    answer = await _asked(stick, "getValue", valueId=_APS_FRAME_COUNTER)
    counters = [device.link_key.outgoing for device in devices if device.link_key is not None]
    return max([int.from_bytes(bytes(answer.get("value", b"")), "little"), *counters])


# --- devices ---------------------------------------------------------------------------------------------------------


async def _devices(stick: Stick, own: Eui64) -> tuple[BackupDevice, ...]:
    """Whoever has a key, or is a child."""
    keys, children = await _link_keys(stick), await _children(stick)
    shorts = {**await _addresses(stick, keys), **children}
    names = [device for device in dict.fromkeys((*shorts, *keys)) if device != own]
    return tuple(
        BackupDevice(device, shorts.get(device), device in children, keys.get(device)) for device in sorted(names)
    )


async def _link_keys(stick: Stick) -> dict[Eui64, BackupKey]:
    found: dict[Eui64, BackupKey] = {}
    for index in range(await configured(stick, _KEY_TABLE_SIZE, EzspSettings().key_table)):
        answer = await _asked(stick, "exportLinkKeyByIndex", index=index)
        if not answer:
            continue
        partner = answer["context"].eui64 if stick.version >= NEW_LAYOUT else answer["eui64"]
        counters = answer["key_data"]
        found[eui64_of(partner)] = BackupKey(
            bytes(answer["plaintext_key"].serialize()), int(counters.outgoing_frame_counter),
            int(counters.incoming_frame_counter),
        )  # fmt: skip
    return found


async def _children(stick: Stick) -> dict[Eui64, int]:
    found: dict[Eui64, int] = {}
    for index in range(_MOST_CHILDREN):
        # A row that is empty says that it is not joined; there may be others after it.
        answer = await stick.ask("getChildData", index=index)
        if sl_status(answer["status"]) == Status.OK:
            child = answer["child_data"]
            found[eui64_of(child.eui64)] = int(child.id)
    return found


async def _addresses(stick: Stick, devices: Iterable[Eui64]) -> dict[Eui64, int]:
    """Where devices are, as far as the stick still knows it after its reset."""
    found: dict[Eui64, int] = {}
    for device in devices:
        answer = await _asked(stick, "lookupNodeIdByEui64", eui64=eui64(device))
        short = int(answer.get("nodeId", _FIRST_NO_SHORT))
        if short < _FIRST_NO_SHORT:
            found[device] = short
    return found
