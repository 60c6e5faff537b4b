"""Points about messages between two sticks: outcomes, lengths, blocks, protection, sleep."""

from __future__ import annotations

from typing import Final

from emulator.ports.aps import NodeType
from emulator.transports.ezsp.callbacks import APS_FRAGMENT, APS_LINK_KEY, MessageArrived, MessageSent
from emulator.transports.ezsp.check.alone import send_raw
from emulator.transports.ezsp.check.findings import Otherwise
from emulator.transports.ezsp.check.seat import POLL_INTERVAL, Seat
from emulator.transports.ezsp.check.stage import Stage
from emulator.transports.ezsp.stick import StickRefused
from emulator.transports.ezsp.structures import status_name

_LONG: Final = 600
"""Octets; several windows of three blocks."""
_WINDOWS: Final = (1, 8, 3)
_LINK_KEY_OVERHEAD, _BLOCK_OVERHEAD, _BLOCK_NUMBER = 9, 17, 2
_MILLISECONDS: Final = 1
_FAILED_POLLS: Final = 10


def _both_ways(stage: Stage) -> tuple[tuple[Seat, Seat], tuple[Seat, Seat]]:
    return (stage.joiner, stage.hub), (stage.hub, stage.joiner)


async def unacknowledged(stage: Stage) -> str:
    """The port waits for the stick's word, and takes its absence for a failure."""
    seen = []
    for sender, receiver in _both_ways(stage):
        delivery = await stage.deliver(sender, receiver, acknowledge=False)
        words = [each for each in sender.heard if isinstance(each, MessageSent)]
        if not words:
            raise Otherwise(f"{sender.name}: no messageSentHandler; {delivery}")
        seen.append(f"{sender.name}: {status_name(words[-1].status)}")
    return ", ".join(seen)


async def overhead(stage: Stage) -> str:
    """The longest of each kind is to be taken; of the first kind, one octet more is asked for as well."""
    joiner = stage.joiner
    hub = stage.short_of(stage.hub, joiner)
    longest = int((await joiner.ask("maximumPayloadLength"))["apsLength"])
    await _taken(joiner, hub, longest, 0, "without a key")
    await _taken(joiner, hub, longest - _LINK_KEY_OVERHEAD, APS_LINK_KEY, "under a link key")
    options = APS_LINK_KEY | APS_FRAGMENT
    await _taken(joiner, hub, longest - _BLOCK_NUMBER - _BLOCK_OVERHEAD, options, "as a block under a link key")
    delivery = await stage.deliver(joiner, stage.hub, octets=longest - _LINK_KEY_OVERHEAD, link_key=True)
    if not delivery.arrived:
        raise Otherwise(f"{longest - _LINK_KEY_OVERHEAD} octets under a link key: {delivery}")
    try:
        await send_raw(joiner, hub, bytes(longest - _LINK_KEY_OVERHEAD + 1), APS_LINK_KEY)
        more = "taken as well"
    except StickRefused as refusal:
        more = status_name(refusal.status)
    return f"of {longest} octets; one more than {longest - _LINK_KEY_OVERHEAD} under a link key: {more}"


async def _taken(sender: Seat, destination: int, octets: int, options: int, what: str) -> None:
    group = 2 << 8 if options & APS_FRAGMENT else 0
    try:
        await send_raw(sender, destination, bytes(octets), options, group)
    except StickRefused as refusal:
        raise Otherwise(f"{octets} octets {what}: {status_name(refusal.status)}") from refusal


async def first_block(stage: Stage) -> str:
    """Two blocks past the port; the other end must see one counter, which the first answer told."""
    sender, receiver = stage.joiner, stage.hub
    to, payload = stage.short_of(receiver, sender), stage.rng.randbytes(16)
    counter = await send_raw(sender, to, payload[:8], APS_FRAGMENT, 2 << 8)
    await send_raw(sender, to, payload[8:], APS_FRAGMENT, 1, counter)
    whole = await receiver.until(lambda: next((m for m in receiver.messages if m.payload == payload), None))
    blocks = [m for m in receiver.heard if isinstance(m, MessageArrived) and m.aps.options & APS_FRAGMENT]
    seen = f"told {counter}, arrived under {', '.join(str(m.aps.sequence) for m in blocks) or 'none'}"
    if whole is None or {m.aps.sequence for m in blocks} != {counter}:
        raise Otherwise(seen)
    return seen


async def long_messages(stage: Stage) -> str:
    """Whole windows and a part of one, with and without a link key."""
    await stage.deliver_both_ways(octets=_LONG)
    await stage.deliver_both_ways(octets=_LONG, link_key=True)
    return f"{_LONG} octets both ways, with and without a link key"


async def windows(stage: Stage) -> str:
    """Both hosts with the same window."""
    try:
        for window in _WINDOWS:
            _set_window(stage, window)
            try:
                await stage.deliver_both_ways(octets=_LONG)
            except Otherwise as otherwise:
                raise Otherwise(f"window {window}: {otherwise}") from otherwise
    finally:
        _set_window(stage, _WINDOWS[-1])
    return f"{', '.join(map(str, sorted(_WINDOWS)))}: {_LONG} octets both ways"


def _set_window(stage: Stage, window: int) -> None:
    stage.hub.configure(NodeType.COORDINATOR, window=window)
    stage.joiner.configure(NodeType.ROUTER, stage.key, window=window)


async def protection_told(stage: Stage) -> str:
    """Set where it was, and not where it was not."""
    for sender, receiver in _both_ways(stage):
        for link_key in (False, True):
            delivery = await stage.deliver(sender, receiver, link_key=link_key)
            if delivery.received is None:
                raise Otherwise(f"{sender.name} to {receiver.name}: {delivery}")
            if delivery.received.link_key != link_key:
                told = "set" if delivery.received.link_key else "not set"
                raise Otherwise(f"{told} at {receiver.name} on a message {'with' if link_key else 'without'} one")
    return "set with one and not without, at both sticks"


async def polled(stage: Stage) -> str:
    """The hub keeps what is for its child until that asks."""
    joiner = stage.joiner
    interval = POLL_INTERVAL // 1000
    status = await joiner.status_of("pollForData", interval=interval, units=_MILLISECONDS, failureLimit=_FAILED_POLLS)
    delivered = await stage.deliver_both_ways()
    return f"pollForData every {interval} ms: {status_name(status)}; {delivered}"
