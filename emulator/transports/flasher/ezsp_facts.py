"""What a stick that speaks EZSP says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from emulator.core.clock import SECOND
from emulator.core.eui64 import Eui64
from emulator.ports.aps import NetworkUp
from emulator.transports.ezsp.identity import identity_of
from emulator.transports.ezsp.network import Failed, resume
from emulator.transports.ezsp.stick import Stick, StickRefused
from emulator.transports.flasher.found import EzspFacts, StoredNetwork

_UP_WITHIN: Final = 3 * SECOND
_NOT_JOINED: Final = "not-joined"
_NODE_TYPES: Final[Mapping[int, str]] = {1: "coordinator", 2: "router", 3: "end-device", 4: "sleepy-end-device"}


async def ezsp_facts(stick: Stick) -> EzspFacts:
    """Ask it.  It goes on with its network for that, as every host has it do, and is off the air again afterwards.

    Raises:
        StickLost: it does not answer any more.
    """
    own = await identity_of(stick)
    network = await _network(stick, own.eui64)
    facts = EzspFacts(own.ezsp, own.firmware, own.eui64, own.manufacturer, own.board, network)
    await stick.reset()
    return facts


async def _network(stick: Stick, own: Eui64) -> StoredNetwork | None:
    try:
        result = await resume(stick, _UP_WITHIN, own)
        if isinstance(result, Failed):
            return None if result.reason == _NOT_JOINED else StoredNetwork(result.reason)
        return _stored(result, _NODE_TYPES.get(int((await stick.must("getNetworkParameters"))["nodeType"])))
    except StickRefused as refusal:
        return StoredNetwork(f"refused-{refusal.command}")


def _stored(network: NetworkUp, node_type: str | None) -> StoredNetwork:
    return StoredNetwork(
        "up", node_type, network.short, network.channel, network.pan_id, network.extended_pan_id
    )  # fmt: skip
