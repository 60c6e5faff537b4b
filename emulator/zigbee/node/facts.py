"""What a node can say of itself, its network and its tables, for a device above that asks as an EZSP host does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from emulator.core.eui64 import Eui64
from emulator.ports.aps import NodeType
from emulator.zigbee.node.layers import Layers
from emulator.zigbee.node.memory import Child, LinkKeyKind, NodeMemory
from emulator.zigbee.node.neighbours import Neighbour


class NetworkState(Enum):
    """Where a node stands with its network; the same five that EZSP's `networkState` knows."""

    NO_NETWORK = "no-network"
    JOINING = "joining"
    JOINED = "joined"
    LOST = "lost"
    """It has a network, and looks for its parent or for the network key that it missed."""
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """The network that a node is in.

    Attributes:
        short: the node's own address there.
        parent: its parent's; 0x0000 for the coordinator itself.
        depth: hops to the coordinator when it joined.
        update_id: how often PAN and channel were changed.
        network_key: 16 octets, in force; `key_sequence` its number.
        next_key_sequence: number of the key that was given out and is not in force yet, None where there is none.
    """

    node_type: NodeType
    channel: int
    pan_id: int
    extended_pan_id: Eui64
    short: int
    parent: int
    depth: int
    update_id: int
    trust_centre: Eui64
    network_key: bytes
    key_sequence: int
    next_key_sequence: int | None


@dataclass(frozen=True, slots=True)
class FrameCounters:
    """The counters that the next frames get.

    Attributes:
        nwk: under the network key.
        aps: under link keys; the highest, as each key has its own.
    """

    nwk: int
    aps: int


@dataclass(frozen=True, slots=True)
class LinkKeyFacts:
    """The link key with one partner.

    Attributes:
        key: 16 octets.
        outgoing: counter of the next frame under it.
        incoming: the highest counter received under it, -1 before the first.
        kind: where it comes from.
    """

    partner: Eui64
    key: bytes
    outgoing: int
    incoming: int
    kind: LinkKeyKind


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """One row of the routing table; `cost` from 1 for one good hop."""

    destination: int
    next_hop: int
    cost: int


class Facts:
    """A look at one node; each call says how it is at that moment, in copies that do not change.

    Args:
        memory: what it keeps.
        layers: what it has while it is on the air.
        node_type: what it is configured as.

    Attributes:
        state: where it stands with its network.
    """

    def __init__(self, memory: NodeMemory, layers: Layers, node_type: NodeType | None) -> None:
        self.state = _state(layers)
        self._memory = memory
        self._stack = layers.stack if self.state in (NetworkState.JOINED, NetworkState.LOST) else None
        self._node_type = node_type

    @property
    def remembers_network(self) -> bool:
        """Whether there is a network that `Node.resume` would go on with."""
        return self._memory.membership is not None

    def network(self) -> NetworkFacts | None:
        """The network that it is in, None while it is in none."""
        if self._stack is None or self._node_type is None:
            return None
        membership = self._stack.membership
        return NetworkFacts(
            self._node_type, membership.channel, membership.pan_id, membership.extended_pan_id, membership.short,
            membership.parent, membership.depth, membership.update_id, membership.trust_centre,
            membership.network_key, membership.key_sequence,
            membership.next_sequence if membership.next_key else None,
        )  # fmt: skip

    def frame_counters(self) -> FrameCounters:
        """Those of the next frames; kept in no network too."""
        memory = self._memory
        under_link_keys = (known.outgoing.peek() for known in memory.link_keys.values())
        return FrameCounters(memory.nwk_outgoing.peek(), max(under_link_keys, default=memory.aps_floor))

    def children(self) -> tuple[Child, ...]:
        """Who associated, or came back, here, in that order."""
        return tuple(replace(child) for child in self._memory.children.values()) if self._stack is not None else ()

    def neighbours(self) -> tuple[Neighbour, ...]:
        """Whom it hears directly, by short address."""
        if self._stack is None:
            return ()
        return tuple(replace(known) for known in sorted(self._stack.nwk.neighbours, key=lambda known: known.short))

    def routes(self) -> tuple[RouteFacts, ...]:
        """The routing table, by destination."""
        if self._stack is None:
            return ()
        return tuple(
            RouteFacts(destination, route.next_hop, route.cost) for destination, route in self._stack.nwk.routes
        )

    def link_keys(self) -> tuple[LinkKeyFacts, ...]:
        """The link keys in force, in the order in which they came."""
        return tuple(
            LinkKeyFacts(partner, known.key, known.outgoing.peek(), known.incoming, known.kind)
            for partner, known in self._memory.link_keys.items()
        )


def _state(layers: Layers) -> NetworkState:
    stack = layers.stack
    if stack is not None and stack.parting.reason is not None:
        return NetworkState.LEAVING
    if layers.joiner is not None:
        return NetworkState.JOINING
    if stack is None:
        return NetworkState.NO_NETWORK
    lost = stack.rejoiner is not None and stack.rejoiner.is_lost
    return NetworkState.LOST if lost else NetworkState.JOINED
