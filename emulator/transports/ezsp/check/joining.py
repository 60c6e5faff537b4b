"""Points about joining: with the right key and wrong ones, as a router and asleep, and who is told of it."""

from __future__ import annotations

from typing import Final

from emulator.ports.aps import COORDINATOR, NetworkDown, NodeType, StackConfiguration
from emulator.transports.ezsp.callbacks import ChildChanged, DeviceKnocked, StackStatus
from emulator.transports.ezsp.check.findings import Otherwise
from emulator.transports.ezsp.check.seat import ENDPOINT, MANUFACTURER, SETTINGS
from emulator.transports.ezsp.check.stage import Scene, Stage
from emulator.transports.ezsp.setup import set_up
from emulator.transports.ezsp.status import JOIN_FAILURES
from emulator.transports.ezsp.stick import Stick
from emulator.transports.ezsp.structures import network_parameters, security_of_joiner, status_name

_ROUTER: Final = 2
_DENIED: Final = (2, 3)
"""EmberJoinDecision."""


async def security_of_centre(stage: Stage) -> str:
    """From nothing: form, let in by a transient key, join."""
    stage.network, stage.key = stage.new_network(), stage.new_key()
    formed = await stage.form(stage.hub, stage.network)
    if isinstance(formed, NetworkDown):
        raise Otherwise(f"not formed: {formed.reason} ({stage.hub.statuses()})")
    await stage.let_in(stage.hub, stage.joiner.eui64, stage.key)
    seen = await _join(stage, NodeType.ROUTER)
    return f"{seen}; the hub: {_knocks(stage)}"


async def security_of_router(stage: Stage) -> str:
    """Under the right key."""
    return await _join(stage, NodeType.ROUTER)


async def security_of_sleepy(stage: Stage) -> str:
    """As above, and its parent must know that it sleeps."""
    seen = await _join(stage, NodeType.SLEEPY)
    stage.turned_into(Scene.SLEEPY)
    children = [each for each in stage.heard_of_join if isinstance(each, ChildChanged)]
    kinds = ", ".join("sleepy child" if each.sleepy else "child that does not sleep" for each in children)
    return f"{seen}; childJoinHandler: {kinds or 'none'}"


async def _join(stage: Stage, node_type: NodeType) -> str:
    result = await stage.join(node_type)
    if isinstance(result, NetworkDown):
        raise Otherwise(f"{result.reason}: {stage.joiner.statuses()}; the hub: {_knocks(stage)}")
    stage.turned_into(Scene.ROUTER)
    return stage.joiner.statuses()


def _knocks(stage: Stage) -> str:
    """What the trust centre told its host of who knocked."""
    knocks = [each for each in stage.hub.heard if isinstance(each, DeviceKnocked)]
    return ", ".join(f"update {each.update}, decision {each.decision}" for each in knocks) or "told of nobody"


async def wrong_key(stage: Stage) -> str:
    """The hub has one key for the joiner, the joiner another one."""
    return await _refused(stage, stage.new_key())


async def no_key(stage: Stage) -> str:
    """The hub lets nobody in: a joiner that it has no key for must stay out."""
    stage.hub.port.forbid(stage.joiner.eui64)
    await stage.hub.settled()
    result = await stage.join(NodeType.ROUTER)
    if not isinstance(result, NetworkDown):
        raise Otherwise("a joiner without a transient key was let in")
    denied = [each for each in stage.hub.heard if isinstance(each, DeviceKnocked) and each.decision in _DENIED]
    told = "the hub was told that it was denied" if denied else f"the hub: {_knocks(stage)}"
    return f"{stage.joiner.statuses()}; {told}"


async def _refused(stage: Stage, key: bytes) -> str:
    result = await stage.join(NodeType.ROUTER, key)
    if not isinstance(result, NetworkDown):
        raise Otherwise("a joiner with a wrong key was let in")
    return _known_failure(stage, f"the hub: {_knocks(stage)}")


def _known_failure(stage: Stage, rest: str = "") -> str:
    """The status that ended it, where it is one that the port waits for."""
    said = [each.status for each in stage.joiner.heard if isinstance(each, StackStatus)]
    known = [status for status in said if status in JOIN_FAILURES]
    seen = f"{stage.joiner.statuses()}{'; ' if rest else ''}{rest}"
    if not known:
        raise Otherwise(f"none that ends a join: {seen}")
    return seen


async def closed(stage: Stage) -> str:
    """The port does not even try where no beacon permits joining, so the stick is asked past it."""
    joiner, place = stage.joiner, stage.network
    configuration = StackConfiguration(NodeType.ROUTER, MANUFACTURER, (ENDPOINT,), link_key=stage.key)
    parameters = network_parameters(place.channel, place.pan_id, place.extended_pan_id, SETTINGS.tx_power)

    async def join(stick: Stick) -> int:
        await stick.reset()
        await set_up(stick, configuration, SETTINGS)
        await stick.must("setInitialSecurityState", state=security_of_joiner(stage.key))
        return await stick.status_of("joinNetwork", nodeType=_ROUTER, parameters=parameters)

    status = await joiner.run(join)
    if status in JOIN_FAILURES:
        return f"joinNetwork: {status_name(status)}"
    await joiner.until(
        lambda: next((each for each in joiner.heard if isinstance(each, StackStatus)), None),
        SETTINGS.network_within,
    )
    return f"joinNetwork: {status_name(status)}; {_known_failure(stage)}"


async def parent(stage: Stage) -> str:
    """Asked of the router that has joined; the hub is its parent."""
    short = int((await stage.joiner.ask("getParentChildParameters"))["parentNodeId"])
    if short != COORDINATOR:
        raise Otherwise(f"parentNodeId is 0x{short:04x}")
    return "parentNodeId is 0x0000"


async def told(stage: Stage) -> str:
    """What the hub's stick said while the joiner came; the hub is its parent here."""
    device = stage.joiner.eui64
    missing = [
        name
        for name, kind in (("trustCenterJoinHandler", DeviceKnocked), ("childJoinHandler", ChildChanged))
        if not any(isinstance(each, kind) and each.eui64 == device for each in stage.heard_of_join)
    ]
    if missing:
        raise Otherwise(f"no {' and no '.join(missing)}")
    return "both"


async def announced(stage: Stage) -> str:
    """Without it the port tells its device of nobody."""
    if not stage.announced:
        raise Otherwise("the hub's host was told of nobody who joined")
    return "seen"
