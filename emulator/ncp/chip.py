"""The chip of a virtual stick: a soft node, and around it what EZSP commands set and ask for.

What a reset of the stick throws away is in `Ram`; flash and the memory of the node survive it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Any, Final, Protocol

from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.timers import Timers
from emulator.ncp.ezsp.status import Status
from emulator.ncp.firmware import SERVED_VERSIONS
from emulator.ncp.flash import Flash
from emulator.ncp.moving import Move
from emulator.ncp.polls import Polls
from emulator.ncp.stack_port import NodeApi, StackPort
from emulator.ports.aps import (
    ApplicationZdo,
    ApsUser,
    NodeType,
    SimpleDescriptor,
    StackConfiguration,
)
from emulator.zigbee.node.watching import NodeWatcher

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
        move: its way back into its network.
        polls: of its parent, as its host wants to hear of them.
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
        self.move = Move(port, self.status)
        self.polls = Polls(self._polled)
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
        self.move.reset()
        self.polls.reset()
        self.node.counters.clear()
        self.node.set_groups({})
        self.node.keys.allow_any(None, now)

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
        self.node.watcher = user

    # What the host is told

    def status(self, status: Status, now: int) -> None:
        """`stackStatusHandler`."""
        self.callback("stackStatusHandler", {"status": status}, now)

    def _polled(self, status: Status, now: int) -> None:
        self.callback("pollCompleteHandler", {"status": status}, now)

    def joining_permitted(self, until: int | None, now: int) -> None:
        """Devices may associate until then, and when that is over the host hears of it; None: it is not by itself."""
        if until is None or until <= now:
            self._timers.cancel(_PERMIT)
        else:
            self._timers.set(_PERMIT, until)
        self.status(Status.NETWORK_OPENED if until is None or until > now else Status.NETWORK_CLOSED, now)

    # Time

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        return self._timers.next_timeout()

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        if self._timers.due(now) and self.node.facts.network() is not None:
            self.status(Status.NETWORK_CLOSED, now)


class ChipUser(ApsUser, NodeWatcher, Protocol):
    """Whoever speaks EZSP upwards."""


APPLICATION_ZDO_FLAGS: Final = 0x2A
"""EzspConfigId of which ZDO requests the host wants to see."""
_ALL_ZDO: Final = 0x0F
_PERMIT: Final = "permit"


def _unheard(name: str, values: Answer, now: int) -> None:
    """No host is there."""


def _nothing() -> None:
    """Nobody keeps it."""
