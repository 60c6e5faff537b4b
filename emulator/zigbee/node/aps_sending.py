"""The sending half of the APS layer: messages of ours until their outcome is known, with retries and fragments."""

from __future__ import annotations

from random import Random
from typing import Protocol

from emulator.core.clock import MILLISECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.events import Report
from emulator.core.timers import Alarm, Timers
from emulator.ports.aps import ApsFragment, ApsMessage, NodeType, Outcome, StackConfiguration
from emulator.zigbee.frames.aps import ApsFrame, ApsFrameType, DeliveryMode, Fragment, FragmentKind, encode_header
from emulator.zigbee.node.aps_security import ApsSecurity
from emulator.zigbee.node.fragments import MAX_BLOCKS, Outbound, split
from emulator.zigbee.node.headers import ApsHeader, aps_data_header
from emulator.zigbee.node.hop import FIRST_BROADCAST
from emulator.zigbee.node.host_fragments import SentBlocks
from emulator.zigbee.node.memory import LinkKey, NodeMemory
from emulator.zigbee.node.nwk import NwkLayer

ACK_WAIT = 1_600 * MILLISECOND
"""apscAckWaitDuration."""
SLEEPY_ACK_WAIT = 9_300 * MILLISECOND
"""The same where a sleeping child must fetch the message first: indirect persistence on top."""
MAX_ASDU = 82
"""Octets of the ASDU that fit one frame under the network key; nine fewer under a link key."""
LINK_KEY_OVERHEAD = 9
FRAGMENT_OVERHEAD = 2
GROUP_OVERHEAD = 1
"""A group address takes the place of an endpoint."""

_DELIVERED = Outcome.DELIVERED
_FIRST, _LATER = FragmentKind.FIRST, FragmentKind.LATER


class ApsSenderUser(Protocol):
    """Who wants to know what became of a message."""

    def aps_sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message."""


class Outgoing:
    """A message of ours until its outcome is known."""

    __slots__ = (
        "acknowledge", "counter", "failure", "fragments", "handle", "header", "key", "message", "retries", "sent_at",
    )  # fmt: skip

    def __init__(
        self, handle: int, message: ApsMessage, counter: int, key: LinkKey | None, retries: int, acknowledge: bool
    ) -> None:
        self.handle = handle
        self.message = message
        self.counter = counter
        self.key = key
        self.retries = retries
        self.acknowledge = acknowledge
        self.header = b""
        self.sent_at = 0
        self.failure = Outcome.NO_APS_ACK
        self.fragments: Outbound | None = None


class ApsSender:
    """Sends, waits for acknowledgements, sends again.

    Args:
        nwk: to send with.
        memory: the last counter used, and who sleeps.
        security: under which keys.
        user: told what became of messages.
        rng: for the first counter ever.
        report: told of retries and drops.
        alarm: of the node.
        configuration: retries and window; whether long messages are split here or by the device above; whether this
            node sleeps.

    Attributes:
        last: the message that was sent last.
    """

    def __init__(
        self,
        nwk: NwkLayer,
        memory: NodeMemory,
        security: ApsSecurity,
        user: ApsSenderUser,
        rng: Random,
        report: Report,
        alarm: Alarm,
        configuration: StackConfiguration,
    ) -> None:
        self.timers: Timers[int] = Timers(alarm)
        self.last: Outgoing | None = None
        self._nwk = nwk
        self._memory = memory
        self._security = security
        self._user = user
        self._report = report
        self._max_retries = configuration.aps_ack_retries
        self._window = configuration.fragment_window
        self._splits = not configuration.host_fragments
        self._sleepy = configuration.node_type is NodeType.SLEEPY
        if memory.aps_counter is None:
            memory.aps_counter = rng.randrange(256)
        self._counter = memory.aps_counter
        self._waiting: dict[tuple[int, int], Outgoing] = {}
        self._by_handle: dict[int, Outgoing] = {}
        self._blocks = SentBlocks()

    def next_counter(self) -> int:
        """A fresh APS counter."""
        self._memory.aps_counter = self._counter = counter = (self._counter + 1) & 0xFF
        return counter

    def counter_of(self, handle: int) -> int | None:
        """APS counter of the message sent last, or of one that waits for its acknowledgement; None for any other."""
        outgoing = self._by_handle.get(handle, self.last)
        return outgoing.counter if outgoing is not None and outgoing.handle == handle else None

    def send(self, handle: int, message: ApsMessage, now: int) -> Outcome | None:
        """Send a message; an outcome at once where it cannot be sent at all.

        Raises:
            LocalProtocolError: a field that does not fit its place in the header.
        """
        broadcast = message.destination >= FIRST_BROADCAST
        acknowledge = message.acknowledge and not broadcast
        key = self._security.key_with(message.destination) if message.link_key else None
        if message.link_key and key is None:
            return Outcome.NO_KEY
        if message.fragment is not None:
            return self._send_block(handle, message, message.fragment, key, now)
        counter = self.next_counter()
        self.last = outgoing = Outgoing(handle, message, counter, key, self._max_retries, acknowledge)
        endpoints = (message.destination_endpoint, message.source_endpoint)
        room = MAX_ASDU if key is None else MAX_ASDU - LINK_KEY_OVERHEAD
        if message.group is None:
            outgoing.header = aps_data_header(
                endpoints, message.cluster, message.profile, counter,
                secure=key is not None, acknowledge=acknowledge, broadcast=broadcast,
            )  # fmt: skip
        else:
            outgoing.header = _group_header(message, message.group, counter)
            room -= GROUP_OVERHEAD
        if len(message.payload) > room:
            blocks = split(message.payload, room - FRAGMENT_OVERHEAD)
            if not acknowledge or not self._splits or len(blocks) > MAX_BLOCKS:
                return Outcome.TOO_LONG
            outgoing.fragments = Outbound(blocks, self._window)
        if acknowledge:
            self._waiting[message.destination, counter] = outgoing
            self._by_handle[handle] = outgoing
        self._transmit(outgoing, now)
        return None

    def _send_block(
        self, handle: int, message: ApsMessage, fragment: ApsFragment, key: LinkKey | None, now: int
    ) -> Outcome | None:
        """Send one block of a message that the device above has split."""
        _check(message, fragment)
        room = MAX_ASDU - FRAGMENT_OVERHEAD - (0 if key is None else LINK_KEY_OVERHEAD)
        if len(message.payload) > room:
            return Outcome.TOO_LONG
        counter = self.next_counter() if fragment.counter is None else fragment.counter
        self.last = outgoing = Outgoing(handle, message, counter, key, self._max_retries, acknowledge=True)
        outgoing.header = _block_header(outgoing, fragment.block, fragment.count or 0)
        self._blocks.add(message.destination, counter, handle, fragment.block)
        self._by_handle[handle] = outgoing
        self._transmit(outgoing, now)
        return None

    def _ack_wait(self, destination: int) -> int:
        """How long an acknowledgement may take, µs: longer where a sleeping child is at either end."""
        child = self._memory.children.get(destination)
        return SLEEPY_ACK_WAIT if self._sleepy or (child is not None and child.sleepy) else ACK_WAIT

    def _transmit(self, outgoing: Outgoing, now: int) -> None:
        message = outgoing.message
        destination = message.destination
        outgoing.sent_at = now
        if outgoing.acknowledge:
            self.timers.set(outgoing.handle, now + self._ack_wait(destination))
        try:
            frames = self._frames(outgoing)
        except LocalProtocolError as error:
            self._drop(str(error), destination, now)
            self._give_up(outgoing, Outcome.NO_KEY, now)
            return
        for frame in frames:
            self._nwk.send(destination, frame, outgoing, now, radius=message.radius)

    def _transmit_again(self, outgoing: Outgoing, now: int) -> None:
        """Under the link key that is in force now, which may have been replaced since."""
        if outgoing.key is not None:
            outgoing.key = self._security.key_with(outgoing.message.destination)
            if outgoing.key is None:
                self._finish(outgoing, Outcome.NO_KEY, now)
                return
        self._transmit(outgoing, now)

    def _frames(self, outgoing: Outgoing) -> tuple[bytes, ...]:
        """The message, or what is missing of the window of its blocks, protected with fresh counters."""
        fragments, key, seal = outgoing.fragments, outgoing.key, self._security.seal
        if fragments is None:
            return (seal(outgoing.header, outgoing.message.payload, key),)
        blocks = fragments.blocks
        return tuple(
            seal(_block_header(outgoing, number, len(blocks)), blocks[number], key) for number in fragments.missing
        )

    def _give_up(self, outgoing: Outgoing, outcome: Outcome, now: int) -> None:
        """Report an outcome as soon as the call in which it became known is over."""
        outgoing.failure = outcome
        outgoing.retries = 0
        self._by_handle[outgoing.handle] = outgoing
        self.timers.set(outgoing.handle, now)

    def nwk_sent(self, outgoing: Outgoing, outcome: Outcome, now: int) -> None:
        """A frame of this message left for, or failed at, the next hop."""
        if not outgoing.acknowledge:
            self._count(outgoing, outcome)
            self._user.aps_sent(outgoing.handle, outcome, now)
        elif outcome is not _DELIVERED:
            outgoing.failure = outcome

    def on_timeout(self, now: int) -> None:
        """Send again what was not acknowledged in time, or give it up."""
        for handle in self.timers.due(now):
            outgoing = self._by_handle.get(handle)
            if outgoing is None:
                continue
            if outgoing.retries > 0:
                outgoing.retries -= 1
                self._nwk.counters.aps_retries += 1
                fields: dict[str, object] = {
                    "to": f"{outgoing.message.destination:04x}",
                    "waited_us": now - outgoing.sent_at,
                }
                self._report("aps.retry", outgoing.failure.value, fields, now)
                outgoing.failure = Outcome.NO_APS_ACK
                self._transmit_again(outgoing, now)
            else:
                self._finish(outgoing, outgoing.failure, now)

    def _finish(self, outgoing: Outgoing, outcome: Outcome, now: int) -> None:
        handle, place = outgoing.handle, (outgoing.message.destination, outgoing.counter)
        self.timers.cancel(handle)
        del self._by_handle[handle]
        if self._waiting.get(place) is outgoing:
            del self._waiting[place]
        elif outgoing.message.fragment is not None:
            self._blocks.remove(*place, handle)
        self._count(outgoing, outcome)
        self._user.aps_sent(handle, outcome, now)

    def _count(self, outgoing: Outgoing, outcome: Outcome) -> None:
        counters = self._nwk.counters
        if outcome is not _DELIVERED:
            counters.aps_failures += 1
        elif outgoing.message.destination < FIRST_BROADCAST:
            counters.aps_tx_unicasts += 1
        else:
            counters.aps_tx_broadcasts += 1

    def acknowledged(self, source: int, header: ApsHeader, now: int) -> None:
        """An acknowledgement came from `source`."""
        outgoing = self._waiting.get((source, header.counter))
        if outgoing is None:
            if self._blocks and header.fragment is not None:
                self._blocks_acknowledged(source, header, header.fragment, now)
            return
        if outgoing.key is not None and not header.security:
            self._drop("unprotected-acknowledgement", source, now)
            return
        if outgoing.fragments is None:
            self._finish(outgoing, _DELIVERED, now)
        elif header.fragment is not None and header.fragment.ack_bitfield is not None:
            self._window_acknowledged(outgoing, outgoing.fragments, header.fragment, now)

    def _window_acknowledged(self, outgoing: Outgoing, fragments: Outbound, fragment: Fragment, now: int) -> None:
        before = fragments.base
        if fragments.acknowledged(fragment.block, fragment.ack_bitfield or 0):
            self._finish(outgoing, _DELIVERED, now)
        elif fragments.base != before:
            outgoing.retries = self._max_retries
            self._transmit_again(outgoing, now)

    def _blocks_acknowledged(self, source: int, header: ApsHeader, fragment: Fragment, now: int) -> None:
        """Blocks that the device above has split off have come."""
        for handle in self._blocks.named(source, header.counter, fragment.block, fragment.ack_bitfield or 0):
            outgoing = self._by_handle.get(handle)
            if outgoing is None:
                continue
            if outgoing.key is not None and not header.security:
                self._drop("unprotected-acknowledgement", source, now)
                return
            self._finish(outgoing, _DELIVERED, now)

    def _drop(self, reason: str, source: int, now: int, **fields: object) -> None:
        self._report("aps.dropped", reason, {"from": f"{source:04x}", **fields}, now)


def _group_header(message: ApsMessage, group: int, counter: int) -> bytes:
    """The header of a message to the members of a group; LocalProtocolError where it is to go to one device."""
    if message.destination < FIRST_BROADCAST:
        raise LocalProtocolError("a message to a group is a broadcast")
    frame = ApsFrame(
        ApsFrameType.DATA,
        counter,
        DeliveryMode.GROUP,
        source_endpoint=message.source_endpoint,
        cluster=message.cluster,
        profile=message.profile,
        group=group,
    )
    return encode_header(frame)


def _block_header(outgoing: Outgoing, number: int, count: int) -> bytes:
    """The header of one block; the first names how many there are."""
    message = outgoing.message
    frame = ApsFrame(
        ApsFrameType.DATA,
        outgoing.counter,
        destination_endpoint=message.destination_endpoint,
        source_endpoint=message.source_endpoint,
        cluster=message.cluster,
        profile=message.profile,
        security=outgoing.key is not None,
        acknowledge=True,
        fragment=Fragment(_LATER if number else _FIRST, number or count),
    )
    return encode_header(frame)


def _check(message: ApsMessage, fragment: ApsFragment) -> None:
    """LocalProtocolError for a block that belongs to no message."""
    if message.destination >= FIRST_BROADCAST:
        raise LocalProtocolError("a broadcast cannot be fragmented")
    if fragment.block == 0 and not fragment.count:
        raise LocalProtocolError("the first block says how many there are")
    if fragment.block != 0 and fragment.counter is None:
        raise LocalProtocolError("a later block has the APS counter of the first")
