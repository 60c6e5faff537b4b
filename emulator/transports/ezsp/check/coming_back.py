"""Points about leaving and coming back: off and on, rejoins, another network key, another trust centre, put out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from emulator.core.clock import SECOND
from emulator.ports.aps import DeviceLeft, NetworkDown, NetworkEvent, NetworkKeyChanged, NetworkUp
from emulator.transports.ezsp import network
from emulator.transports.ezsp.callbacks import Callback, PollCompleted, StackStatus
from emulator.transports.ezsp.check.alone import resumed
from emulator.transports.ezsp.check.findings import NotTried, Otherwise
from emulator.transports.ezsp.check.seat import SETTINGS, WITHIN, Seat
from emulator.transports.ezsp.check.stage import Stage
from emulator.transports.ezsp.rejoining import ALARMING, ANSWERED
from emulator.transports.ezsp.status import Status
from emulator.transports.ezsp.structures import eui64, status_name
from emulator.zigbee.security.keys import swap_out_key

_SWITCH_WITHIN: Final = SETTINGS.key_switch_after + 30 * SECOND
_LOST_WITHIN: Final = 60 * SECOND
_SEEK_WITHIN: Final = SETTINGS.network_within * 3


async def silent(stage: Stage) -> str:
    """The hub is reset and left alone."""
    stage.hub.port.stop(stage.hub.clock())
    await stage.hub.settled()
    delivery = await stage.deliver(stage.joiner, stage.hub)
    if delivery.arrived or delivery.received is not None:
        raise Otherwise(str(delivery))
    return str(delivery)


async def parent_lost(stage: Stage) -> str:
    """The hub, which is the parent, is reset and left alone."""
    joiner = stage.joiner
    stage.hub.port.stop(stage.hub.clock())
    await stage.hub.settled()
    joiner.clear()
    said = await joiner.until(lambda: next((each for each in joiner.heard if _is_alarming(each)), None), _LOST_WITHIN)
    if isinstance(said, PollCompleted):
        return f"pollCompleteHandler: {status_name(said.status)}"
    if said is None:
        raise Otherwise(f"nothing within {_LOST_WITHIN // SECOND} s")
    return joiner.statuses()


def _is_alarming(said: Callback) -> bool:
    if isinstance(said, PollCompleted):
        return said.status not in ANSWERED
    return isinstance(said, StackStatus) and said.status in ALARMING


async def resume_joiner(stage: Stage) -> str:
    """Off and on again, and heard as before."""
    seen = await resumed(stage, stage.joiner)
    return f"{seen}; {await stage.deliver_both_ways(link_key=True)}"


async def rejoin_secured(stage: Stage) -> str:
    """Under the network key."""
    return await _rejoined(stage, have_key=True)


async def rejoin_unsecured(stage: Stage) -> str:
    """Under the link key: the trust centre gives the network key once more."""
    return await _rejoined(stage, have_key=False)


async def _rejoined(stage: Stage, *, have_key: bool) -> str:
    joiner = stage.joiner
    result = await joiner.run(lambda stick: joiner.port.rejoin(stick, have_key=have_key))
    if isinstance(result, network.Failed):
        raise Otherwise(f"{result.reason}: {joiner.statuses()}")
    seen = f"{joiner.statuses()}, as 0x{result.short:04x}"
    joiner.port.memory.learn(joiner.eui64, result.short)
    stage.hub.port.memory.learn(joiner.eui64, result.short)
    return f"{seen}; {await stage.deliver_both_ways(link_key=True)}"


async def rotated(stage: Stage) -> str:
    """Both ends must be told of the new key, and understand each other under it."""
    hub, key = stage.hub, stage.new_key()
    hub.port.rotate_network_key(key, hub.clock())
    for seat in (hub, stage.joiner):
        changed = await _told(seat, lambda event: isinstance(event, NetworkKeyChanged), _SWITCH_WITHIN)
        if changed is None:
            reports = ", ".join(f"{kind}: {reason}" for kind, reason in seat.reports if reason)
            raise Otherwise(f"{seat.name} is not told of it within {_SWITCH_WITHIN // SECOND} s ({reports})")
        if await seat.run(network.network_key) != key:
            raise Otherwise(f"{seat.name} has another network key than was given")
    return f"both told, both have it; {await stage.deliver_both_ways()}"


async def swapped(stage: Stage) -> str:
    """The hub goes, the next one has a network of the same name, and knows the joiner by the hash of its key."""
    hub, joiner, centre = stage.hub, stage.joiner, stage.next_hub
    key = joiner.port.link_key_with(hub.eui64)
    if key is None:
        raise NotTried("the joiner has no link key with the hub")
    hub.port.stop(hub.clock())
    await hub.settled()
    formed = await stage.form(centre, stage.new_network(stage.network.extended_pan_id))
    if isinstance(formed, NetworkDown):
        raise NotTried(f"the next hub forms no network: {formed.reason} ({centre.statuses()})")
    hashed = swap_out_key(key)
    centre.port.allow(joiner.eui64, hashed)
    centre.port.set_link_key(joiner.eui64, hashed, centre.clock())
    await centre.settled()
    joiner.clear()
    joiner.port.seek_trust_centre(joiner.clock())
    found = await _told(joiner, lambda e: isinstance(e, NetworkUp) and e.trust_centre == centre.eui64, _SEEK_WITHIN)
    if found is None:
        reports = ", ".join(f"{kind}: {reason}" for kind, reason in joiner.reports if reason)
        raise Otherwise(f"{joiner.statuses()} ({reports})")
    delivery = await stage.deliver(joiner, centre, link_key=True)
    if not delivery.arrived:
        raise Otherwise(f"{joiner.statuses()}; under the hash, joiner to the next hub: {delivery}")
    return f"{joiner.statuses()}; {delivery} under the hash"


async def leave_told(stage: Stage) -> str:
    """By itself."""
    stage.joiner.port.leave(stage.joiner.clock())
    return await _gone(stage)


async def remove_request(stage: Stage) -> str:
    """As the port does it."""
    stage.hub.port.remove(stage.joiner.eui64, stage.hub.clock())
    return await _gone(stage)


async def remove_device(stage: Stage) -> str:
    """As the stick can do it."""
    hub, device = stage.hub, stage.joiner.eui64
    short = stage.short_of(stage.joiner, hub)
    await hub.must("removeDevice", destShort=short, destLong=eui64(device), targetLong=eui64(device))
    return await _gone(stage)


async def _gone(stage: Stage) -> str:
    """Whether the joiner's stick said that it is out, and the hub's that somebody left."""
    hub, joiner = stage.hub, stage.joiner
    out = await joiner.until(
        lambda: next((e for e in joiner.heard if isinstance(e, StackStatus) and e.status == Status.NETWORK_DOWN), None)
    )
    if out is None:
        raise Otherwise(f"the joiner: {joiner.statuses()}")
    left = await _told(hub, lambda event: isinstance(event, DeviceLeft), WITHIN)
    if left is None:
        raise Otherwise(f"the joiner: {joiner.statuses()}; the hub was told of nobody who left")
    return f"the joiner: {joiner.statuses()}; the hub was told"


async def _told(seat: Seat, wanted: Callable[[NetworkEvent], bool], within: int) -> NetworkEvent | None:
    return await seat.until(lambda: next((event for event in seat.events if wanted(event)), None), within)
