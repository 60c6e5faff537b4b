"""The upper seam: a ZigBee stack that takes application payloads (ASDUs) and reports their outcome.

A soft node, an APS-level model and an EZSP stick all look like this to a device.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, Flag
from typing import Final, Protocol

from emulator.core.eui64 import Eui64

BROADCAST_ALL = 0xFFFF
BROADCAST_RX_ON = 0xFFFD
BROADCAST_ROUTERS = 0xFFFC
COORDINATOR = 0x0000
NO_ADDRESS = 0xFFFF


class NodeType(Enum):
    """What a node is to the network."""

    COORDINATOR = "coordinator"
    ROUTER = "router"
    SLEEPY = "sleepy"


NOT_JOINED: Final = "not-joined"
"""Reason of a `NetworkDown`: the stack knows no network to go on with."""


class Outcome(Enum):
    """What became of an `ApsMessage`."""

    DELIVERED = "delivered"
    """Acknowledged end to end, or, where no APS acknowledgement was asked for, by the next hop."""
    NO_APS_ACK = "no-aps-ack"
    NO_ROUTE = "no-route"
    NEXT_HOP_FAILED = "next-hop-failed"
    EXPIRED = "expired"
    """A sleepy child did not fetch it within the indirect persistence time."""
    NO_KEY = "no-key"
    TOO_LONG = "too-long"
    NOT_JOINED = "not-joined"


@dataclass(frozen=True, slots=True)
class SimpleDescriptor:
    """An endpoint: what is there, and which clusters it serves (in) and uses (out)."""

    endpoint: int
    profile: int
    device_id: int
    device_version: int
    in_clusters: tuple[int, ...]
    out_clusters: tuple[int, ...]


class ApplicationZdo(Flag):
    """Which ZDO requests a stack passes to the device above; the values are those of EZSP's APPLICATION_ZDO_FLAGS."""

    NONE = 0
    SUPPORTED = 1
    """Those that the stack knows, device announcements among them; it deals with them all the same."""
    UNSUPPORTED = 2
    """Those that the stack does not know, for the device to answer."""
    ENDPOINTS = 4
    """Simple descriptor, match descriptor and active endpoint requests, for the device to answer."""
    BINDINGS = 8
    """Bind, unbind and binding table requests, for the device to answer."""


@dataclass(frozen=True, slots=True)
class StackConfiguration:
    """What a stack must know before it goes on the air.

    Attributes:
        node_type: coordinator (and trust centre), router, or sleepy end device.
        manufacturer_code: for the node descriptor.
        endpoints: for the ZDO, which the stack answers by itself.
        poll_interval: µs between a sleepy device's polls.
        link_key: pre-configured trust centre link key (16 octets; from the install code), for a joiner.
        aps_ack_retries: how often an unacknowledged message is sent again.
        application_zdo: ZDO requests that the device wants to see; soft node only, like what follows.
        fragment_window: blocks of a long message sent before an acknowledgement is awaited, 1 to 8; both ends must have
            the same.
        host_fragments: long messages are split, put together and acknowledged by the device, block by block
            (`ApsMessage.fragment`, `ApsIndication.fragment`), as a stick leaves it to its host.
    """

    node_type: NodeType
    manufacturer_code: int
    endpoints: tuple[SimpleDescriptor, ...]
    poll_interval: int = 1_000_000
    link_key: bytes | None = None
    aps_ack_retries: int = 3
    mains_powered: bool = True
    application_zdo: ApplicationZdo = ApplicationZdo.NONE
    fragment_window: int = 3
    host_fragments: bool = False


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """The network that a coordinator forms.

    Attributes:
        network_key: 16 octets.
        key_sequence: its sequence number, 0 to 255; not 0 where a network is restored.  Soft node only, like the rest.
        update_id: how often PAN and channel were changed, 0 to 255; beacons say it.
        trust_centre: what the coordinator has for the trust centre's EUI-64; None: its own.
    """

    channel: int
    pan_id: int
    extended_pan_id: Eui64
    network_key: bytes
    key_sequence: int = 0
    update_id: int = 0
    trust_centre: Eui64 | None = None


@dataclass(frozen=True, slots=True)
class JoinSettings:
    """Where a joiner looks; None takes any network that permits joining; `pan_id`: soft node only."""

    channels: tuple[int, ...] = tuple(range(11, 27))
    extended_pan_id: Eui64 | None = None
    pan_id: int | None = None


@dataclass(frozen=True, slots=True)
class ApsFragment:
    """Which part of a long message this is, where the device splits and joins them itself.

    Attributes:
        block: its number, 0 to 255.
        count: of the blocks of the message, 1 to 255; the first block alone says it.
        counter: APS counter of the message, the same in all blocks.  To be given for every block that is sent but the
            first, which gets a fresh one where it has None.
    """

    block: int
    count: int | None = None
    counter: int | None = None


@dataclass(slots=True)
class ApsMessage:
    """One message to send.

    Attributes:
        destination: short address; 0xFFFC to 0xFFFF are broadcasts, with `group` for its members alone.
        payload: the ASDU; fragmented by the stack where it does not fit and `acknowledge` is set.
        acknowledge: ask for an APS acknowledgement and retry.
        link_key: protect under the APS link key with the destination.
        radius: hops, 0 for the stack's default.
        fragment: the payload is this block of a longer message: never split further, always acknowledged, and its
            outcome told like that of any message.
        group: 16 bits, in the place of a destination endpoint; soft node only.
    """

    destination: int
    destination_endpoint: int
    source_endpoint: int
    profile: int
    cluster: int
    payload: bytes
    acknowledge: bool = False
    link_key: bool = False
    radius: int = 0
    fragment: ApsFragment | None = None
    group: int | None = None


@dataclass(slots=True)
class ApsIndication:
    """One message received.

    Attributes:
        source: short address; source_eui64 where the stack knows it.
        link_key: it came protected under the APS link key.
        broadcast: it was not sent to us alone.
        rssi: of the last hop, dBm; likewise `lqi`, 0 to 255.
        counter: its APS counter; 0 where the stack does not tell, as in a message to itself.
        radius: hops that it had left; 0 as above.
        last_hop: short address of the neighbour that it came from, 0xFFFF as above.
        fragment: it is one block of a longer message (`StackConfiguration.host_fragments`), to be acknowledged.
        response_required: a ZDO request that is the device's to answer (`StackConfiguration.application_zdo`).
        group: that it was sent to, with one of its members here as the destination endpoint.
    """

    source: int
    source_eui64: Eui64 | None
    source_endpoint: int
    destination_endpoint: int
    profile: int
    cluster: int
    payload: bytes
    link_key: bool
    broadcast: bool
    rssi: int
    lqi: int
    counter: int = 0
    radius: int = 0
    last_hop: int = NO_ADDRESS
    fragment: ApsFragment | None = None
    response_required: bool = False
    group: int | None = None


@dataclass(frozen=True, slots=True)
class NetworkUp:
    """On the network: formed, joined, or back after a restart."""

    short: int
    pan_id: int
    extended_pan_id: Eui64
    channel: int
    parent: int
    trust_centre: Eui64


@dataclass(frozen=True, slots=True)
class NetworkDown:
    """Off the network; `reason` in machine-readable words, e.g. `left`, `no-beacon`, `key-refused`."""

    reason: str


@dataclass(frozen=True, slots=True)
class DeviceJoined:
    """To a trust centre: a device announced itself with the keys it needs."""

    eui64: Eui64
    short: int
    parent: int
    sleepy: bool


@dataclass(frozen=True, slots=True)
class DeviceLeft:
    """To a trust centre: a device went."""

    eui64: Eui64
    reason: str


@dataclass(frozen=True, slots=True)
class JoinRefused:
    """To a trust centre: a device knocked and was not let in."""

    eui64: Eui64
    reason: str


@dataclass(frozen=True, slots=True)
class NetworkKeyChanged:
    """To everyone: another network key (16 octets) is in force from now on."""

    key: bytes


NetworkEvent = NetworkUp | NetworkDown | DeviceJoined | DeviceLeft | JoinRefused | NetworkKeyChanged


class ApsUser(Protocol):
    """A device, as its stack sees it."""

    def received(self, message: ApsIndication, now: int) -> None:
        """A message for one of the endpoints, or a ZDO response (endpoint 0, profile 0)."""

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of the message that `send` gave `handle` to."""

    def network(self, event: NetworkEvent, now: int) -> None:
        """Something about the network itself."""


class MessageTap(Protocol):
    """Whoever measures a port: told of its messages before its device, and of those that the device hands over."""

    def heard(self, message: ApsIndication, now: int) -> None:
        """A message came."""

    def handed(self, handle: int, message: ApsMessage, now: int) -> None:
        """A message is on its way."""

    def settled(self, handle: int, outcome: Outcome, now: int) -> None:
        """It is known what became of it."""


class ApsPort(Protocol):
    """A ZigBee stack, as its device sees it."""

    @property
    def eui64(self) -> Eui64:
        """The stack's own address."""

    def attach(self, user: ApsUser) -> None:
        """Whom to tell."""

    def configure(self, configuration: StackConfiguration) -> None:
        """Set descriptors, node type and the pre-configured key; before form, join or resume."""

    def form(self, settings: NetworkSettings, now: int) -> None:
        """Start a network as its coordinator and trust centre; ends in NetworkUp or NetworkDown."""

    def permit_joining(self, until: int, now: int) -> None:
        """Let devices associate until `until` (µs), here and at every router."""

    def allow(self, device: Eui64, link_key: bytes) -> None:
        """Trust centre: the pre-configured link key (16 octets) under which `device` is given the network key."""

    def forbid(self, device: Eui64) -> None:
        """Trust centre: take back what `allow` gave; a device that is on the network stays there."""

    def set_link_key(self, device: Eui64, key: bytes, now: int) -> None:
        """Use `key` (16 octets) with `device` from this moment on, as after key establishment; kept over restarts.

        For a joiner `device` is the trust centre, for the trust centre a joiner.  At either end exactly one key is in
        force at any time: what comes under the one before is dropped (`replaced-link-key`), retries go under the new.

        Raises:
            LocalProtocolError: a key of another length.
        """

    def offer_link_key(self, device: Eui64, key: bytes | None, now: int) -> None:
        """Understand `key` (16 octets) from a device as well, and go on sending under the one in force; None: no more.

        The first message that authenticates under it puts it in force, as `set_link_key` would.  Lost with the power.

        Raises:
            LocalProtocolError: a key of another length.
        """

    def link_key_with(self, device: Eui64) -> bytes | None:
        """The link key in force with a device, None where there is none."""

    def has_established_key(self, device: Eui64) -> bool:
        """Whether the link key in force with a device came by `set_link_key`, or by use of one that was offered.

        False for the pre-configured one, for that of a swap-out (see `seek_trust_centre`), and where there is none.
        """

    def remove(self, device: Eui64, now: int) -> None:
        """Trust centre: make `device` leave and forget its key."""

    def rotate_network_key(self, key: bytes, now: int) -> None:
        """Trust centre: give `key` (16 octets) to every device, then have all of them use it: `NetworkKeyChanged`.

        Who is off or out of reach meanwhile is given it when it comes back, under its link key with the trust centre.

        Raises:
            LocalProtocolError: no trust centre on the air, a key of another length, or another key is being brought in.
        """

    def join(self, settings: JoinSettings, now: int) -> None:
        """Look for a network and join it; ends in NetworkUp or NetworkDown(reason)."""

    def seek_trust_centre(self, now: int) -> None:
        """Joiner: its trust centre is gone; look on all channels for the next one, in a network of the same name.

        That is one with the same extended PAN id, which gives us the network key under the hash of our link key with
        the trust centre before.  Ends in NetworkUp with another `trust_centre`, or all stays as it is.
        """

    def resume(self, now: int) -> None:
        """Power up again: go on with the network that non-volatile memory holds, or NetworkDown(`not-joined`)."""

    def stop(self, now: int) -> None:
        """Power down: volatile state is gone, nothing is sent or heard, no user method is called."""

    def leave(self, now: int) -> None:
        """Leave the network for good."""

    def send(self, message: ApsMessage, now: int) -> int:
        """Hand over one message; a handle that `sent` will name."""

    def short_of(self, device: Eui64) -> int | None:
        """The short address of a device, where known."""

    def eui64_of(self, short: int) -> Eui64 | None:
        """The EUI-64 behind a short address, where known."""
