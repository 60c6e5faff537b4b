"""Link keys in the stick: allowed, put in force, offered, taken back."""

from __future__ import annotations

from typing import Final

from emulator.core.eui64 import Eui64
from emulator.transports.ezsp.settings import KeyMethod
from emulator.transports.ezsp.status import Status
from emulator.transports.ezsp.stick import Stick, StickRefused
from emulator.transports.ezsp.structures import KEY_TRUST_CENTRE_LINK, eui64, key_context, key_data

NO_ENTRY: Final = 0xFF


async def allow(stick: Stick, device: Eui64, key: bytes) -> None:
    """The key under which a device may be given the network key, until the stick forgets it."""
    await stick.must("importTransientKey", eui64=eui64(device), plaintext_key=key_data(key), flags=0)


async def allow_only(stick: Stick, allowed: dict[Eui64, bytes]) -> None:
    """These, and nobody else any more."""
    await stick.ask("clearTransientLinkKeys")
    for device, key in allowed.items():
        await allow(stick, device, key)


async def put_in_force(stick: Stick, partner: Eui64, key: bytes, method: KeyMethod) -> None:
    """Use `key` with `partner` from now on."""
    if method is KeyMethod.TRUST_CENTRE_LINK:
        context = key_context(KEY_TRUST_CENTRE_LINK, partner)
        await stick.must("importKey", context=context, key=key_data(key))
        return
    index = await _entry_of(stick, partner)
    if index == NO_ENTRY:
        index = await _entry_of(stick, Eui64(0))
    await stick.must("importLinkKey", index=index, address=eui64(partner), key=key_data(key))


async def forget(stick: Stick, partner: Eui64) -> None:
    """Have no key with a partner in the table."""
    index = await _entry_of(stick, partner)
    if index != NO_ENTRY:
        await stick.must("eraseKeyTableEntry", index=index)


async def offered_is_used(stick: Stick, partner: Eui64) -> bool | None:
    """Whether something was opened with the key offered to a partner; None where the stick does not say."""
    try:
        answer = await stick.must("exportTransientKeyByEui", eui64=eui64(partner))
    except StickRefused as refusal:
        return None if refusal.status != Status.NOT_FOUND else False
    return int(answer["key_data"].incoming_frame_counter) > 0


async def _entry_of(stick: Stick, partner: Eui64) -> int:
    """Where the table has a partner, 255 where it has not; of partner 0, where it has a free place."""
    return int((await stick.ask("findKeyTableEntry", address=eui64(partner), linkKey=True))["index"])
