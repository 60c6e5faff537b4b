"""The chip of a virtual stick: a soft node, and around it what EZSP commands set and ask for.

What a reset of the stick throws away is in `Ram`; flash and the memory of the node survive it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Any, Final, Protocol

from emulator.core.clock import SECOND
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.timers import Timers
from emulator.ncp.ezsp.status import Status
from emulator.ncp.firmware import SERVED_VERSIONS
from emulator.ncp.flash import Flash
from emulator.ports.aps import (
    ApplicationZdo,
    ApsIndication,
    ApsMessage,
    ApsUser,
    JoinSettings,
    NetworkEvent,
    NetworkSettings,
    NodeType,
    Outcome,
    SimpleDescriptor,
    StackConfiguration,
)
from emulator.ports.phy import RxFrame
from emulator.zigbee.node.facts import Facts, FrameCounters
from emulator.zigbee.node.memory import Child, NodeMemory
from emulator.zigbee.node.node_counters import NodeCounters
from emulator.zigbee.node.scanning import ScanKind, ScanUser

Values = Mapping[str, Any]
"""Fields of a command by their names."""

Answer = dict[str, Any]

DEFAULT_POLL: Final = 1_000_000
"""µs between the polls of a sleepy stick whose host has not said: an assumption, firmware polls when told to."""
TX_POWER: Final = 8
"""dBm, what firmware has before its host says otherwise; the air knows no powers."""
PACKET_BUFFERS: Final = 200
"""Of a stick that is idle; firmware differs, this is ours."""
MANUFACTURER: Final = 0x1049
"""Silicon Labs, until the host says otherwise."""


class NodeApi(Protocol):
    """What the chip asks of its soft node beside what an `ApsPort` offers."""

    memory: NodeMemory
    counters: NodeCounters
    children_changed: Callable[[Child, bool, int], None] | None

    @property
    def eui64(self) -> Eui64:
        """Its address."""

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

    def allow_any(self, link_key: bytes | None, now: int) -> None:
        """Let any device in under this key."""

    def permit_joining_here(self, until: int) -> None:
        """Let devices associate with this node as their parent."""

    def set_groups(self, groups: Mapping[int, int]) -> None:
        """Hear these groups, each at an endpoint."""

    def accept_well_known_key(self, accepted: bool, now: int) -> None:
        """Whether a single device may be let in under the well-known key."""


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


class Emission(Enum):
    """What a chip sends for measurements, until it is told to stop."""

    NOTHING = "nothing"
    TONE = "tone"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Sending:
    """A message under way, as messageSentHandler tells of it.

    Attributes:
        kind: EmberOutgoingMessageType.
        aps_frame: as the host gave it, with the counter that it got.
        tag: of the host's.
    """

    kind: int
    destination: int
    aps_frame: Values
    tag: int
    contents: bytes


@dataclass(slots=True)
class Ram:
    """Everything that a reset throws away.

    Attributes:
        configuration, policies, values: by number, as the host set them.
        endpoints: registered, in their order.
        security: EmberInitialSecurityState as set; None before.
        transient_keys: pre-configured link keys of single devices.
        sending: by handle of the node.
        permit_until: µs; until then devices may associate.
        half_set_children: set by a host, see `commands.tokens`.
        mfglib: the channel that the functions of manufacturing use; None while they are off.
        mfglib_listens: whether they hand over what is on it.
        mfglib_emits: the carrier that is on.
        mfglib_power: dBm, as set.
    """

    configuration: dict[int, int] = field(default_factory=dict)
    policies: dict[int, int] = field(default_factory=dict)
    values: dict[int, bytes] = field(default_factory=dict)
    endpoints: list[SimpleDescriptor] = field(default_factory=list)
    security: Values | None = None
    transient_keys: dict[Eui64, bytes] = field(default_factory=dict)
    sending: dict[int, Sending] = field(default_factory=dict)
    multicast: dict[int, Values] = field(default_factory=dict)
    addresses: dict[int, tuple[int, int, bool]] = field(default_factory=dict)
    extended_timeouts: set[int] = field(default_factory=set)
    manufacturer: int = MANUFACTURER
    poll_interval: int = DEFAULT_POLL
    permit_until: int = 0
    leaving: bool = False
    half_set_children: set[Eui64] = field(default_factory=set)
    mfglib: int | None = None
    mfglib_listens: bool = False
    mfglib_emits: Emission = Emission.NOTHING
    mfglib_power: int = TX_POWER


class Chip:
    """One chip.

    Args:
        port: its stack.
        flash: what it keeps.
        rng: for keys, PAN ids and random numbers.
        report: told of what it refuses.

    Attributes:
        ram: what a reset throws away.
        free_buffers: packet buffers that nothing is in; with none, no message is taken.
        foreign_version: of EZSP, where its firmware speaks one that is not served: then nothing but `version` is.
        callback: takes the name of an EZSP callback, its fields, and `now`.
        kept: called whenever flash or the memory of the node may have changed.
    """

    def __init__(self, port: StackPort, flash: Flash, rng: Random, report: Report) -> None:
        self.port = port
        self.flash = flash
        self.rng = rng
        self.report = report
        self.ram = Ram()
        self.free_buffers = PACKET_BUFFERS
        self.foreign_version: int | None = None
        self._timers: Timers[str] = Timers()
        self.callback: Callable[[str, Answer, int], None] = _unheard
        self.kept: Callable[[], None] = _nothing
        port.readdress(flash.own_eui64)

    @property
    def node(self) -> NodeApi:
        """The soft node."""
        return self.port.node

    @property
    def eui64(self) -> Eui64:
        """Its address on the air."""
        return self.port.node.eui64

    def reset(self, now: int) -> None:
        """Off the air, with nothing in RAM; flash and the memory of the stack stay."""
        self.port.emit(False)
        self.port.stop_sniffing(now)
        self.port.stop(now)
        self.port.readdress(self.flash.own_eui64)
        self.ram = Ram()
        self._timers.clear()
        self.node.counters.clear()
        self.node.set_groups({})
        self.node.allow_any(None, now)

    def configure(self, node_type: NodeType) -> None:
        """Set the stack up as what it is to be, with the endpoints that the host has registered."""
        ram = self.ram
        self.port.configure(
            StackConfiguration(
                node_type,
                ram.manufacturer,
                tuple(ram.endpoints),
                poll_interval=ram.poll_interval,
                link_key=self.flash.link_key or None,
                # Announcements are among the supported ones; `Callbacks` shows a host what it is to see.
                application_zdo=ApplicationZdo(ram.configuration.get(APPLICATION_ZDO_FLAGS, 0) & _ALL_ZDO)
                | ApplicationZdo.SUPPORTED,
                host_fragments=True,
            )
        )

    def speak(self, version: int) -> None:
        """Have firmware of this EZSP version from the next start on, and everything else as it was."""
        served = version in SERVED_VERSIONS
        self.foreign_version = None if served else version
        if served:
            self.flash.version, self.flash.firmware = version, None
        self.kept()

    def attach(self, user: ChipUser) -> None:
        """Who turns what the stack says into callbacks."""
        self.port.attach(user)
        self.node.children_changed = user.child_changed

    # Time

    def permit_until(self, until: int | None) -> None:
        """Tell the host at this moment that joining is over; None: it is not over by itself."""
        if until is None:
            self._timers.cancel(_PERMIT)
        else:
            self._timers.set(_PERMIT, until)

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        return self._timers.next_timeout()

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        for name in self._timers.due(now):
            if name == _REJOIN:
                self._look_on(now)
            elif self.node.facts.network() is not None:
                self.callback("stackStatusHandler", {"status": Status.NETWORK_CLOSED}, now)

    def rejoin_without_key(self, now: int) -> None:
        """Go back into our network under the link key, or into that of the next trust centre."""
        self.port.rejoin_without_key(now)
        self._timers.set(_REJOIN, now + _LOOK_EVERY)

    def back(self) -> None:
        """The stack has a place in a network."""
        self._timers.cancel(_REJOIN)

    def _look_on(self, now: int) -> None:
        """Nobody has taken us back so far."""
        if self.node.is_searching:
            self._timers.set(_REJOIN, now + _LOOK_EVERY)
        else:
            self.port.seek_trust_centre(now)


class ChipUser(ApsUser, Protocol):
    """An `ApsUser` that speaks EZSP upwards."""

    def received(self, message: ApsIndication, now: int) -> None:
        """As `ApsUser`."""

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """As `ApsUser`."""

    def network(self, event: NetworkEvent, now: int) -> None:
        """As `ApsUser`."""

    def child_changed(self, child: Child, here: bool, now: int) -> None:
        """A child of this node came, or is none any more."""


APPLICATION_ZDO_FLAGS: Final = 0x2A
"""EzspConfigId of which ZDO requests the host wants to see."""
_ALL_ZDO: Final = 0x0F
_PERMIT: Final = "permit"
_REJOIN: Final = "rejoin"
_LOOK_EVERY: Final = SECOND // 4


def _unheard(name: str, values: Answer, now: int) -> None:
    """No host is there."""


def _nothing() -> None:
    """Nobody keeps it."""
