"""What a chip asks of the stack inside it: an `ApsPort`, and beside it what EZSP knows and devices of ours do not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from emulator.core.eui64 import Eui64
from emulator.ports.aps import ApsMessage, ApsUser, JoinSettings, NetworkSettings, StackConfiguration
from emulator.ports.phy import RxFrame
from emulator.zigbee.node.facts import Facts, FrameCounters
from emulator.zigbee.node.key_ring import KeyRing
from emulator.zigbee.node.memory import NodeMemory
from emulator.zigbee.node.node_counters import NodeCounters
from emulator.zigbee.node.scanning import ScanKind, ScanUser
from emulator.zigbee.node.watching import NodeWatcher


class NodeApi(Protocol):
    """What the chip asks of its soft node beside what an `ApsPort` offers."""

    keys: KeyRing
    counters: NodeCounters
    watcher: NodeWatcher

    @property
    def eui64(self) -> Eui64:
        """Its address."""

    @property
    def memory(self) -> NodeMemory:
        """What it keeps over a power cut."""

    @property
    def scanning(self) -> bool:
        """Whether a scan is under way."""

    @property
    def is_searching(self) -> bool:
        """Whether it looks for its network, or for a place in it."""

    @property
    def facts(self) -> Facts:
        """How it stands."""

    def counter_of(self, handle: int) -> int | None:
        """The APS counter that a message got."""

    def set_frame_counters(self, counters: FrameCounters) -> None:
        """Go on from these."""

    def permit_joining_here(self, until: int) -> None:
        """Let devices associate with this node as their parent."""

    def set_groups(self, groups: Mapping[int, int]) -> None:
        """Hear these groups, each at an endpoint."""


class StackPort(Protocol):
    """The stack of the chip: a soft node on a radio, driven by the agenda of the run."""

    @property
    def node(self) -> NodeApi:
        """The node itself."""

    def readdress(self, eui64: Eui64) -> None:
        """Go by another EUI-64, while it is off."""

    def attach(self, user: ApsUser) -> None:
        """Whom to tell."""

    def configure(self, configuration: StackConfiguration) -> None:
        """Descriptors, node type, key."""

    def form(self, settings: NetworkSettings, now: int) -> None:
        """Start a network."""

    def join(self, settings: JoinSettings, now: int) -> None:
        """Join one."""

    def resume(self, now: int) -> None:
        """Go on with the one that memory holds."""

    def rejoin(self, now: int) -> None:
        """Look for a place in the network, under the network key."""

    def rejoin_without_key(self, now: int) -> None:
        """Go back into the network under the link key."""

    def seek_trust_centre(self, now: int) -> None:
        """Look for another trust centre."""

    def stop(self, now: int) -> None:
        """Off the air."""

    def leave(self, now: int) -> None:
        """Leave for good."""

    def permit_joining(self, until: int, now: int) -> None:
        """Let devices associate."""

    def allow(self, device: Eui64, link_key: bytes) -> None:
        """Let one device in under this key."""

    def forbid(self, device: Eui64) -> None:
        """Take that back."""

    def set_link_key(self, device: Eui64, key: bytes, now: int) -> None:
        """Use this key with a device."""

    def offer_link_key(self, device: Eui64, key: bytes | None, now: int) -> None:
        """Understand this key from a device as well."""

    def link_key_with(self, device: Eui64) -> bytes | None:
        """The key in force with a device."""

    def remove(self, device: Eui64, now: int) -> None:
        """Put a device out."""

    def rotate_network_key(self, key: bytes, now: int) -> None:
        """Bring in another network key."""

    def send(self, message: ApsMessage, now: int) -> int:
        """Send one message."""

    def acknowledge_fragment(self, source: int, counter: int, block: int, bitfield: int, now: int) -> None:
        """Acknowledge blocks of a long message."""

    def scan(self, kind: ScanKind, channels: Iterable[int], duration: int, user: ScanUser, now: int) -> None:
        """Look for networks, or listen."""

    def stop_scan(self, now: int) -> None:
        """End that."""

    def sniff(self, channel: int, take: Callable[[RxFrame, int], None], now: int) -> None:
        """Hand over every frame on a channel."""

    def stop_sniffing(self, now: int) -> None:
        """End that."""

    def transmit(self, psdu: bytes, now: int) -> None:
        """Send one frame as it is; LocalProtocolError while the one before is on its way."""

    def emit(self, on: bool) -> None:
        """Begin or end a carrier."""
