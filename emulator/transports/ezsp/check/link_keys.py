"""Points about link keys on the network: brought in, replaced, offered; each shown by messages under them."""

from __future__ import annotations

from typing import Final

from emulator.core.clock import SECOND
from emulator.ports.aps import Outcome
from emulator.transports.ezsp import keys
from emulator.transports.ezsp.check.alone import entry_of, link_key_of
from emulator.transports.ezsp.check.findings import Otherwise
from emulator.transports.ezsp.check.seat import ENDPOINT, SETTINGS, Seat
from emulator.transports.ezsp.check.stage import Stage
from emulator.transports.ezsp.settings import KeyMethod
from emulator.transports.ezsp.stick import StickRefused
from emulator.transports.ezsp.structures import KEY_TRUST_CENTRE_LINK, eui64, key_context, status_name

_PROBE_WITHIN: Final = SETTINGS.outcome_within + 25 * SECOND


async def transient_in_table(stage: Stage) -> str:
    """The port has put it there once the joiner had announced itself."""
    hub, device = stage.hub, stage.joiner.eui64
    await hub.settled()
    entry = await entry_of(hub, device)
    if entry == keys.NO_ENTRY:
        raise Otherwise(f"the hub's table has no key of the joiner{_why(hub)}")
    if await link_key_of(hub, device) != stage.key:
        raise Otherwise(f"entry {entry} of the hub's table has another key than the transient one")
    delivered = await stage.deliver_both_ways(link_key=True)
    return f"in entry {entry}; {delivered} under it"


async def by_import_key(stage: Stage) -> str:
    """As the port does it by default."""
    return await _replaced(stage, KeyMethod.TRUST_CENTRE_LINK)


async def by_table(stage: Stage) -> str:
    """The other way."""
    return await _replaced(stage, KeyMethod.LINK_TABLE)


async def _replaced(stage: Stage, method: KeyMethod) -> str:
    """Give both ends another key at the same moment, and send under it both ways."""
    hub, joiner, key = stage.hub, stage.joiner, stage.new_key()
    hub.port.set_link_key(joiner.eui64, key, hub.clock())
    await hub.settled()
    # The port's own method is a setting; past it, so that either can be tried on the same port.
    await joiner.run(lambda stick: keys.put_in_force(stick, hub.eui64, key, method))
    if await link_key_of(hub, joiner.eui64) != key:
        raise Otherwise(f"the hub's table does not have the key that it was given{_why(hub)}")
    seen = f"the joiner's trust centre link key is {'the new one' if await _own_key(joiner) == key else 'another one'}"
    probes = [await _probe(joiner, hub), await _probe(hub, joiner)]
    if probes != [Outcome.DELIVERED] * 2:
        words = " and ".join("no outcome" if each is None else each.value for each in probes)
        raise Otherwise(f"probes under it, joiner to hub and back: {words}; {seen}")
    return f"probes under it delivered both ways; {seen}"


async def _own_key(joiner: Seat) -> bytes | None:
    try:
        answer = await joiner.must("exportKey", context=key_context(KEY_TRUST_CENTRE_LINK))
    except StickRefused:
        return None
    return bytes(answer["key"].serialize())


async def _probe(sender: Seat, receiver: Seat) -> Outcome | None:
    """A message under the link key that is in force; its outcome, None where none comes."""
    handle = sender.port.probe_link_key(receiver.eui64, ENDPOINT.endpoint, sender.clock())
    return await sender.until(lambda: sender.outcomes.get(handle), _PROBE_WITHIN)


async def old_refused(stage: Stage) -> str:
    """The hub alone has another key: what the joiner sends under the one before must come to nothing."""
    hub, joiner = stage.hub, stage.joiner
    before = await stage.deliver(joiner, hub, link_key=True)
    if not before.arrived:
        raise Otherwise(f"even before, under the same key: {before}")
    hub.port.set_link_key(joiner.eui64, stage.new_key(), hub.clock())
    await hub.settled()
    after = await stage.deliver(joiner, hub, link_key=True)
    if after.received is not None or after.outcome is Outcome.DELIVERED:
        raise Otherwise(f"under the key before: {after}")
    return f"under the key before: {after}"


async def offered(stage: Stage) -> str:
    """The hub understands a key that it was offered, and from its use on has it in force."""
    hub, joiner, key = stage.hub, stage.joiner, stage.new_key()
    hub.port.offer_link_key(joiner.eui64, key, hub.clock())
    await hub.settled()
    joiner.port.set_link_key(hub.eui64, key, joiner.clock())
    await joiner.settled()
    delivery = await stage.deliver(joiner, hub, link_key=True)
    if not delivery.arrived:
        raise Otherwise(f"under the key offered: {delivery}")
    used = await hub.until(lambda: hub.port.link_key_with(joiner.eui64) == key or None)
    if used is None:
        raise Otherwise(f"what came under it was understood, but its counter is {await _counter(stage)}")
    await hub.settled()
    back = await stage.deliver(hub, joiner, link_key=True)
    if not back.arrived:
        raise Otherwise(f"understood and in force, but the hub's answer under it: {back}")
    return "understood, told by its counter, and in force both ways"


async def _counter(stage: Stage) -> str:
    try:
        answer = await stage.hub.must("exportTransientKeyByEui", eui64=eui64(stage.joiner.eui64))
    except StickRefused as refusal:
        return f"not told ({status_name(refusal.status)})"
    return str(int(answer["key_data"].incoming_frame_counter))


def _why(seat: Seat) -> str:
    """What the port reported of a key that it could not put in force."""
    reasons = [f"{kind}: {reason}" for kind, reason in seat.reports if kind in ("trust.link-key", "stick.refused")]
    return f" ({', '.join(reasons)})" if reasons else ""
