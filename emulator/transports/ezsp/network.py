"""Into a network and out of it: form, scan, join, resume, rejoin, leave; each ends in a `NetworkUp` or a reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from emulator.core.clock import SECOND
from emulator.core.eui64 import Eui64
from emulator.ports.aps import NOT_JOINED, JoinSettings, NetworkSettings, NetworkUp, NodeType
from emulator.transports.ezsp.status import JOIN_FAILURES, Status, status_text
from emulator.transports.ezsp.stick import Stick, StickRefused
from emulator.transports.ezsp.structures import (
    KEY_NETWORK,
    eui64,
    key_context,
    network_parameters,
    security_of_joiner,
    security_of_trust_centre,
    sl_status,
)
from emulator.zigbee.security.keys import KEY_OCTETS

ALL_CHANNELS: Final = tuple(range(11, 27))
_NODE_TYPES: Final = {NodeType.COORDINATOR: 1, NodeType.ROUTER: 2, NodeType.SLEEPY: 4}
_KEEP_PARENT_AND_REJOIN: Final = 0x0003
_SCAN_DURATION: Final = 3
_ZIGBEE_PRO: Final = 2
_MILLISECONDS, _QUARTER_SECONDS = 1, 2
_MILLISECOND: Final = 1_000
_QUARTER_SECOND: Final = 256 * _MILLISECOND
_MOST_UNITS: Final = 0xFFFF
_FAILED_POLLS: Final = 10
_FIRST_RESERVED: Final = 0xFFF8


@dataclass(frozen=True, slots=True)
class Failed:
    """No network; `reason` as in `NetworkDown`."""

    reason: str


@dataclass(frozen=True, slots=True)
class FoundNetwork:
    """A beacon; `lqi` 0 to 255, `rssi` in dBm."""

    channel: int
    pan_id: int
    extended_pan_id: Eui64
    permits_joining: bool
    stack_profile: int
    lqi: int
    rssi: int


async def form(
    stick: Stick, settings: NetworkSettings, power: int, within: int, rng: Random, own: Eui64
) -> NetworkUp | Failed:
    """Start a network as its trust centre, with nothing left of the one before."""
    await stick.ask("clearKeyTable")
    await stick.ask("clearTransientLinkKeys")
    filler = rng.randbytes(KEY_OCTETS)
    await stick.must("setInitialSecurityState", state=security_of_trust_centre(settings, filler))
    parameters = network_parameters(
        settings.channel, settings.pan_id, settings.extended_pan_id, power, settings.update_id
    )
    return await form_with(stick, parameters, within, own)


async def form_with(stick: Stick, parameters: Any, within: int, own: Eui64) -> NetworkUp | Failed:  # noqa: ANN401 - a structure of bellows
    """Start a network under the security state that was set before."""
    return await _until_up(stick, "formNetwork", within, own, parameters=parameters)


async def scan(stick: Stick, channels: Sequence[int]) -> list[FoundNetwork]:
    """Networks of ZigBee PRO that answer to a beacon request, the loudest first."""
    found = []
    for network, lqi, rssi in await stick.scan(sum(1 << channel for channel in channels), _SCAN_DURATION):
        extended = Eui64(int.from_bytes(network.extendedPanId.serialize(), "little"))
        found.append(FoundNetwork(
            int(network.channel), int(network.panId), extended, bool(network.allowingJoin), int(network.stackProfile),
            int(lqi), int(rssi),
        ))  # fmt: skip
    return sorted(
        (each for each in found if each.stack_profile == _ZIGBEE_PRO), key=lambda each: (-each.lqi, -each.rssi)
    )


async def join(
    stick: Stick, settings: JoinSettings, node_type: NodeType, link_key: bytes, power: int, within: int, own: Eui64
) -> NetworkUp | Failed:
    """Look for a network and join it under the pre-configured key; the next one where the first does not let us in."""
    await stick.ask("clearKeyTable")
    wanted = settings.extended_pan_id
    found = [each for each in await scan(stick, settings.channels) if wanted in (None, each.extended_pan_id)]
    if not found:
        return Failed("no-beacon")
    result: NetworkUp | Failed = Failed("joining-not-permitted")
    for place in _open_networks(found):
        await stick.must("setInitialSecurityState", state=security_of_joiner(link_key))
        parameters = network_parameters(place.channel, place.pan_id, place.extended_pan_id, power)
        kind = _NODE_TYPES[node_type]
        result = await _until_up(stick, "joinNetwork", within, own, nodeType=kind, parameters=parameters)
        if isinstance(result, NetworkUp):
            return result
    return result


async def resume(stick: Stick, within: int, own: Eui64) -> NetworkUp | Failed:
    """Go on with the network that the stick remembers; `not-joined` where there is none."""
    return await _until_up(stick, "networkInit", within, own, networkInitBitmask=_KEEP_PARENT_AND_REJOIN)


async def rejoin(stick: Stick, node_type: NodeType, within: int, own: Eui64, *, have_key: bool) -> NetworkUp | Failed:
    """Look on all channels for our network, under the network key or (a trust centre rejoin) the link key."""
    mask = sum(1 << channel for channel in ALL_CHANNELS)
    kind = _NODE_TYPES[node_type]
    return await _until_up(
        stick, "findAndRejoinNetwork", within, own, haveCurrentNetworkKey=have_key, channelMask=mask, nodeType=kind
    )


async def leave(stick: Stick, within: int) -> None:
    """Leave for good; a stick that was in no network is content as well."""
    with stick.statuses() as statuses:
        if await stick.status_of("leaveNetwork") == Status.OK:
            await _first(statuses, within, lambda status: status == Status.NETWORK_DOWN)


async def poll(stick: Stick, interval: int) -> None:
    """Let a sleepy device ask its parent every `interval` µs."""
    units, unit = (_MILLISECONDS, _MILLISECOND) if interval <= _MOST_UNITS * _MILLISECOND else (
        _QUARTER_SECONDS, _QUARTER_SECOND,
    )  # fmt: skip
    count = max(1, min(_MOST_UNITS, interval // unit))
    await stick.must("pollForData", interval=count, units=units, failureLimit=_FAILED_POLLS)


async def network_key(stick: Stick) -> bytes:
    """The network key in force, 16 octets; empty where the stick does not give it."""
    try:
        answer = await stick.must("exportKey", context=key_context(KEY_NETWORK))
    except StickRefused:
        return b""
    return bytes(answer["key"].serialize())


async def whereabouts(stick: Stick, own: Eui64) -> NetworkUp:
    """Where the stick is now; the parent is 0xFFFF where the stick does not tell it."""
    short = int((await stick.ask("getNodeId"))["nodeId"])
    answer = await stick.must("getNetworkParameters")
    parameters = answer["parameters"]
    extended = Eui64(int.from_bytes(parameters.extendedPanId.serialize(), "little"))
    if int(answer["nodeType"]) == _NODE_TYPES[NodeType.COORDINATOR]:
        parent, centre = 0, own
    else:
        parent = int((await stick.ask("getParentChildParameters"))["parentNodeId"])
        state = (await stick.must("getCurrentSecurityState"))["state"]
        centre = Eui64(int.from_bytes(state.trustCenterLongAddress.serialize(), "little"))
    return NetworkUp(short, int(parameters.panId), extended, int(parameters.radioChannel), parent, centre)


async def short_of(stick: Stick, device: Eui64) -> int | None:
    """Where the stick has a device in its tables."""
    try:
        answer = await stick.must("lookupNodeIdByEui64", eui64=eui64(device))
    except StickRefused:
        return None
    short = int(answer["nodeId"])
    return short if short < _FIRST_RESERVED else None


def _open_networks(found: list[FoundNetwork]) -> list[FoundNetwork]:
    """Those that permit joining, each once."""
    places: dict[tuple[int, int, Eui64], FoundNetwork] = {}
    for each in found:
        if each.permits_joining:
            places.setdefault((each.channel, each.pan_id, each.extended_pan_id), each)
    return list(places.values())


async def _until_up(stick: Stick, command: str, within: int, own: Eui64, **fields: object) -> NetworkUp | Failed:
    with stick.statuses() as statuses:
        status: int | None = sl_status((await stick.ask(command, **fields))["status"])
        if status in (Status.NOT_JOINED, Status.INVALID_STATE) and command == "networkInit":
            return Failed(NOT_JOINED)
        if status == Status.OK:
            status = await _first(statuses, within, lambda each: each == Status.NETWORK_UP or each in JOIN_FAILURES)
    if status == Status.NETWORK_UP:
        return await whereabouts(stick, own)
    return Failed(_reason(status))


def _reason(status: int | None) -> str:
    if status is None:
        return "no-answer"
    known = {int(each): reason for each, reason in JOIN_FAILURES.items()}
    return known.get(status) or status_text(status)


async def _first(statuses: asyncio.Queue[int], within: int, ends: Callable[[int], bool]) -> int | None:
    """The first status that ends the procedure, or None in time."""
    try:
        async with asyncio.timeout(within / SECOND):
            while not ends(status := await statuses.get()):
                pass
            return status
    except TimeoutError:
        return None
