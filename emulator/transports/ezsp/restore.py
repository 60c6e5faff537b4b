"""Putting a backup into a stick: whatever network was on it is gone, and it is the coordinator of the backup's.

The frame counters are raised by a margin: the stick that the backup was made of went on sending after that, and
whoever has heard it drops every frame with a counter that is not higher than its last one.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, Final

from emulator.core.errors import BadInput, RemoteProtocolError
from emulator.core.eui64 import Eui64, eui64_little, eui64_text
from emulator.ports.aps import NetworkUp
from emulator.transports.ezsp.backup import Present, network_key_in_force, present
from emulator.transports.ezsp.backup_file import NetworkBackup
from emulator.transports.ezsp.keys import NO_ENTRY
from emulator.transports.ezsp.network import Failed, form_with, leave, resume
from emulator.transports.ezsp.settings import EzspSettings
from emulator.transports.ezsp.status import Status
from emulator.transports.ezsp.stick import Stick, StickRefused
from emulator.transports.ezsp.structures import (
    eui64,
    eui64_of,
    key_data,
    network_parameters,
    security_of_restored,
    sl_status,
    sleepy_child,
)
from emulator.zigbee.security.counters import EXHAUSTED

MARGIN: Final = 1_000_000
"""One update of 750 KB costs its hub over 15,000 frames, and 32 bits hold four thousand such margins."""

_NWK_FRAME_COUNTER: Final = 0x23
_APS_FRAME_COUNTER: Final = 0x24
_COUNTER_OCTETS: Final = 4
_RESTORED_EUI64: Final = (0x0000_E12A, 0x0001_E12A)
"""Under which number firmware has the token differs."""
_NETWORK_MANAGEMENT: Final = 0x0001_E125
_MANAGEMENT = struct.Struct("<IHBB")
_CHILD_TABLE: Final = 0x0001_0580
_CHILD_IN_USE: Final = 0x80
_MOST_CHILDREN: Final = 32


class NotRestored(RemoteProtocolError):
    """The stick is not what the backup says it should be; what it is, the text says."""


@dataclass(frozen=True, slots=True)
class Restoring:
    """What is to be restored, and how.

    Attributes:
        margin: by which the frame counters are raised.
        with_eui64: the stick goes by the EUI-64 of the backup afterwards.
        settings: limits, and the power where the backup says none.
    """

    backup: NetworkBackup
    margin: int = MARGIN
    with_eui64: bool = False
    settings: EzspSettings = field(default_factory=EzspSettings)


@dataclass(frozen=True, slots=True)
class Restored:
    """What the stick is now.

    Attributes:
        frame_counter, link_key_counter: from which it goes on.
    """

    eui64: Eui64
    network: NetworkUp
    frame_counter: int
    link_key_counter: int
    link_keys: int
    children: int


async def look(stick: Stick, plan: Restoring, where: str) -> Present:
    """What is on the stick, and whether the plan can be carried out; nothing is changed.

    Raises:
        BadInput: the EUI-64 cannot be written, or no counter is left.
    """
    there = await present(stick, plan.settings)
    counter, link_key_counter = counters(plan, there)
    if max(counter, link_key_counter) >= EXHAUSTED:
        most = EXHAUSTED - 1 - max(counter, link_key_counter) + plan.margin
        raise BadInput("no frame counter is left", where="--counter-margin", allowed=f"0 to {max(most, 0)}")
    if plan.with_eui64 and there.eui64 != plan.backup.eui64 and await _token_of_eui64(stick) is None:
        what = "the firmware does not let its EUI-64 be written again and again: restore without --eui64, or update it"
        raise BadInput(what, where=where)
    return there


def counters(plan: Restoring, there: Present) -> tuple[int, int]:
    """From which counters the network goes on: under the network key, and under link keys."""
    backup = plan.backup
    same = there.network_key == backup.network_key
    nwk = max(backup.frame_counter, there.frame_counter if same else 0)
    aps = max([backup.link_key_counter, *(key.outgoing for _, key in backup.link_keys)])
    return nwk + plan.margin, aps + plan.margin


async def restore(stick: Stick, plan: Restoring, there: Present) -> Restored:
    """Do it; `there` is what `look` said.

    Raises:
        NotRestored: it did not become what it should be.
        StickLost, StickRefused: it does not answer, or not with what is asked; it is in no network then.
    """
    backup, settings = plan.backup, plan.settings
    await _wipe(stick, settings, there.eui64)
    own = await _eui64(stick, plan)
    nwk, aps = counters(plan, there)
    await _configure(stick, plan)
    await _set_counter(stick, _NWK_FRAME_COUNTER, nwk)
    await _set_counter(stick, _APS_FRAME_COUNTER, aps)
    await _set_keys(stick, backup, own)
    _up(await form_with(stick, _parameters(plan), settings.network_within, own))
    await _write_update_id(stick, backup.update_id)
    children = await _write_children(stick, backup)
    # Firmware reads those two when it starts.
    await stick.reset()
    await _configure(stick, plan)
    network = _up(await resume(stick, settings.network_within, own))
    await _check(stick, plan, network, nwk)
    return Restored(own, network, nwk, aps, len(backup.link_keys), children)


def _up(result: NetworkUp | Failed) -> NetworkUp:
    if isinstance(result, Failed):
        raise NotRestored(f"the network did not come up: {result.reason}")
    return result


def _parameters(plan: Restoring) -> Any:  # noqa: ANN401 - a structure of bellows
    backup = plan.backup
    power = plan.settings.tx_power if backup.tx_power is None else backup.tx_power
    return network_parameters(
        backup.channel, backup.pan_id, backup.extended_pan_id, power, backup.update_id, backup.channels
    )


async def _wipe(stick: Stick, settings: EzspSettings, own: Eui64) -> None:
    """No network, no keys, no EUI-64 that was restored before."""
    await stick.reset()
    await stick.ask("tokenFactoryReset", excludeOutgoingFC=False, excludeBootCounter=False)
    await stick.ask("clearKeyTable")
    await stick.reset()
    if isinstance(await resume(stick, settings.network_within, own), NetworkUp):
        await leave(stick, settings.network_within)


# --- the EUI-64 ------------------------------------------------------------------------------------------------------


async def _token_of_eui64(stick: Stick) -> int | None:
    """The token that an EUI-64 is written to; None where the firmware has none."""
    for number in _RESTORED_EUI64:
        try:
            answer = await stick.ask("getTokenData", token=number, index=0)
        except StickRefused:
            return None
        if sl_status(answer["status"]) == Status.OK:
            return number
    return None


async def _eui64(stick: Stick, plan: Restoring) -> Eui64:
    """Who the stick is from now on: written where that is wanted, and different."""
    own, wanted = await _own(stick), plan.backup.eui64
    if not plan.with_eui64 or own == wanted:
        return own
    number = await _token_of_eui64(stick)
    if number is None:
        raise NotRestored("the token of its EUI-64 is gone")
    await stick.must("setTokenData", token=number, index=0, token_data=eui64_little(wanted))
    await stick.reset()
    own = await _own(stick)
    if own != wanted:
        raise NotRestored(f"it was given the EUI-64 {eui64_text(wanted)} and goes by {eui64_text(own)}")
    return own


async def _own(stick: Stick) -> Eui64:
    return eui64_of((await stick.ask("getEui64"))["eui64"])


# --- what belongs to the network -------------------------------------------------------------------------------------


async def _configure(stick: Stick, plan: Restoring) -> None:
    """Room for every key and child of the backup; firmware forgets it with every reset."""
    keys = max(plan.settings.key_table, len(plan.backup.link_keys))
    children = min(_MOST_CHILDREN, len(plan.backup.children))
    sizes = {"CONFIG_KEY_TABLE_SIZE": keys}
    await stick.write_configuration(sizes | ({"CONFIG_MAX_END_DEVICE_CHILDREN": _MOST_CHILDREN} if children else {}))


async def _set_counter(stick: Stick, number: int, counter: int) -> None:
    await stick.must("setValue", valueId=number, value=counter.to_bytes(_COUNTER_OCTETS, "little"))


async def _set_keys(stick: Stick, backup: NetworkBackup, own: Eui64) -> None:
    """The keys that the network is formed with; a stick that goes by another EUI-64 is another trust centre."""
    centre = backup.trust_centre if own == backup.eui64 else own
    state = security_of_restored(
        backup.network_key, backup.key_sequence, backup.hashed_link_key or backup.link_key, centre,
        hashed=bool(backup.hashed_link_key),
    )  # fmt: skip
    await stick.must("setInitialSecurityState", state=state)
    for index, (device, key) in enumerate(backup.link_keys):
        await stick.must("importLinkKey", index=index, address=eui64(device), key=key_data(key.key))


async def _write_update_id(stick: Stick, update_id: int) -> None:
    """In its token: real firmware is said to pass over that field when it forms a network (bellows)."""
    if int((await stick.must("getNetworkParameters"))["parameters"].nwkUpdateId) == update_id:
        return
    answer = await stick.must("getTokenData", token=_NETWORK_MANAGEMENT, index=0)
    channels, manager, _, rest = _MANAGEMENT.unpack(bytes(answer["value"]))
    token = _MANAGEMENT.pack(channels, manager, update_id, rest)
    await stick.must("setTokenData", token=_NETWORK_MANAGEMENT, index=0, token_data=token)


async def _write_children(stick: Stick, backup: NetworkBackup) -> int:
    children = backup.children[:_MOST_CHILDREN]
    for index, (device, short) in enumerate(children):
        await stick.must("setChildData", index=index, child_data=sleepy_child(device, short))
        await _mark_child(stick, index, eui64_little(device) + short.to_bytes(2, "little"))
    return len(children)


async def _mark_child(stick: Stick, index: int, row: bytes) -> None:
    """Set the flag that rows in use have: real firmware is said to forget it (bellows)."""
    try:
        answer = await stick.must("getTokenData", token=_CHILD_TABLE, index=index)
    except StickRefused:
        return
    # A row of another form is better left alone.
    if bytes(answer["value"])[:-1] == row and len(answer["value"]) == len(row) + 1:
        octets = row + bytes((_CHILD_IN_USE,))
        await stick.must("setTokenData", token=_CHILD_TABLE, index=index, token_data=octets)


async def _check(stick: Stick, plan: Restoring, network: NetworkUp, counter: int) -> None:
    """Whether the stick says of itself what it was told."""
    backup = plan.backup
    key, _, now = await network_key_in_force(stick)
    found = (network.channel, network.pan_id, network.extended_pan_id, key)
    if found != (backup.channel, backup.pan_id, backup.extended_pan_id, backup.network_key):
        raise NotRestored("its channel, PAN or network key is not that of the backup")
    if now < counter:
        raise NotRestored(f"its frame counter is {now}, and should be {counter} at least")
    for device, _ in backup.link_keys:
        found_at = int((await stick.ask("findKeyTableEntry", address=eui64(device), linkKey=True))["index"])
        if found_at == NO_ENTRY:
            raise NotRestored(f"the link key with {eui64_text(device)} is not in its table")
