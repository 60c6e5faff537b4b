"""The APS layer of a soft node: end-to-end acknowledgements and retries, duplicates, fragments, link keys."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Protocol

from emulator.core.aes import MicError
from emulator.core.clock import MILLISECOND
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.core.timers import Timers
from emulator.ports.aps import ApsIndication, ApsMessage, Outcome
from emulator.zigbee.frames.aps import (
    ApsFrame,
    ApsFrameType,
    DeliveryMode,
    Fragment,
    FragmentKind,
    decode_header,
    encode_header,
)
from emulator.zigbee.frames.nwk import NwkFrame
from emulator.zigbee.node.duplicates import Duplicates
from emulator.zigbee.node.fragments import MAX_BLOCKS, Outbound, Reassembly, split
from emulator.zigbee.node.memory import LinkKey, NodeMemory
from emulator.zigbee.node.nwk import FIRST_BROADCAST, NwkLayer
from emulator.zigbee.security import aps as security
from emulator.zigbee.security.aps import KeyIdentifier

ACK_WAIT = 1_600 * MILLISECOND
"""apscAckWaitDuration."""
SLEEPY_ACK_WAIT = 9_300 * MILLISECOND
"""The same where a sleeping child must fetch the message first: indirect persistence on top."""
MAX_ASDU = 82
"""Octets of the ASDU that fit one frame under the network key; nine fewer under a link key."""
LINK_KEY_OVERHEAD = 9
FRAGMENT_OVERHEAD = 2

Report = Callable[[str, str | None, dict[str, object], int], None]


class ApsLayerUser(Protocol):
    """Who gets what arrives: the node, for its device, its ZDO and its key management."""

    def aps_received(self, message: ApsIndication, now: int) -> None:
        """A whole message."""

    def aps_command(self, header: NwkFrame, frame: ApsFrame, octets: int, data: bytes, now: int) -> None:
        """A command frame, protected or not, as it came."""

    def aps_sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message."""

    def aps_ack_wait(self, destination: int) -> int:
        """How long an acknowledgement from there may take, µs."""


class Outgoing:
    """A message of ours until its outcome is known."""

    __slots__ = ("counter", "failure", "fragments", "handle", "key", "message", "retries", "sent_at")

    def __init__(self, handle: int, message: ApsMessage, counter: int, key: LinkKey | None, retries: int) -> None:
        self.handle = handle
        self.message = message
        self.counter = counter
        self.key = key
        self.retries = retries
        self.sent_at = 0
        self.failure = Outcome.NO_APS_ACK
        self.fragments: Outbound | None = None


class ApsLayer:
    """Volatile state of the APS layer of one node."""

    def __init__(
        self,
        nwk: NwkLayer,
        eui64: Eui64,
        memory: NodeMemory,
        user: ApsLayerUser,
        rng: Random,
        report: Report,
        retries: int,
    ) -> None:
        self.timers: Timers[int] = Timers()
        self.retries = 0
        self._nwk = nwk
        self._eui64 = eui64
        self._memory = memory
        self._user = user
        self._report = report
        self._max_retries = retries
        self._counter = rng.randrange(256)
        self._waiting: dict[tuple[int, int], Outgoing] = {}
        self._by_handle: dict[int, Outgoing] = {}
        self._duplicates = Duplicates()
        self._reassembly = Reassembly()

    def next_counter(self) -> int:
        """A fresh APS counter."""
        self._counter = (self._counter + 1) & 0xFF
        return self._counter

    def forget_duplicates(self, source: int) -> None:
        """A device began anew: its counters may repeat."""
        self._duplicates.forget(source)

    # Sending

    def send(self, handle: int, message: ApsMessage, now: int) -> Outcome | None:
        """Send a message; an outcome at once where it cannot be sent at all."""
        key = None
        if message.link_key:
            partner = self._memory.eui64_of(message.destination)
            key = None if partner is None else self._memory.link_keys.get(partner)
            if key is None:
                return Outcome.NO_KEY
        room = MAX_ASDU - (LINK_KEY_OVERHEAD if key is not None else 0)
        outgoing = Outgoing(handle, message, self.next_counter(), key, self._max_retries)
        if len(message.payload) > room:
            blocks = split(message.payload, room - FRAGMENT_OVERHEAD)
            if not message.acknowledge or len(blocks) > MAX_BLOCKS:
                return Outcome.TOO_LONG
            outgoing.fragments = Outbound(blocks)
        if message.acknowledge:
            self._waiting[message.destination, outgoing.counter] = outgoing
            self._by_handle[handle] = outgoing
        self._transmit(outgoing, now)
        return None

    def _transmit(self, outgoing: Outgoing, now: int) -> None:
        message = outgoing.message
        outgoing.sent_at = now
        if message.acknowledge:
            self.timers.set(outgoing.handle, now + self._user.aps_ack_wait(message.destination))
        if outgoing.fragments is None:
            self._nwk.send(message.destination, self._frame(outgoing), outgoing, now, radius=message.radius)
            return
        for number in outgoing.fragments.missing:
            self._nwk.send(message.destination, self._block(outgoing, outgoing.fragments, number), outgoing, now)

    def _frame(self, outgoing: Outgoing) -> bytes:
        message = outgoing.message
        broadcast = message.destination >= FIRST_BROADCAST
        header = encode_header(
            ApsFrame(
                ApsFrameType.DATA,
                outgoing.counter,
                DeliveryMode.BROADCAST if broadcast else DeliveryMode.UNICAST,
                message.destination_endpoint,
                message.source_endpoint,
                message.cluster,
                message.profile,
                b"",
                outgoing.key is not None,
                message.acknowledge,
            )
        )
        return self._protect(header, message.payload, outgoing.key)

    def _block(self, outgoing: Outgoing, fragments: Outbound, number: int) -> bytes:
        message = outgoing.message
        kind = FragmentKind.LATER if number else FragmentKind.FIRST
        header = encode_header(
            ApsFrame(
                ApsFrameType.DATA,
                outgoing.counter,
                destination_endpoint=message.destination_endpoint,
                source_endpoint=message.source_endpoint,
                cluster=message.cluster,
                profile=message.profile,
                security=outgoing.key is not None,
                acknowledge=True,
                fragment=Fragment(kind, number or len(fragments.blocks)),
            )
        )
        return self._protect(header, fragments.blocks[number], outgoing.key)

    def _protect(self, header: bytes, payload: bytes, key: LinkKey | None) -> bytes:
        """Header and payload; under the link key the originator is known to both, so the nonce is not extended."""
        if key is None:
            return header + payload
        return header + security.secure(
            header, payload, key.cipher, key.outgoing.next(), self._eui64, KeyIdentifier.DATA, False
        )

    def nwk_sent(self, outgoing: Outgoing, outcome: Outcome, now: int) -> None:
        """A frame of this message left for, or failed at, the next hop."""
        if not outgoing.message.acknowledge:
            self._user.aps_sent(outgoing.handle, outcome, now)
        elif outcome is not Outcome.DELIVERED:
            outgoing.failure = outcome

    def on_timeout(self, now: int) -> None:
        """Send again what was not acknowledged in time, or give it up."""
        for handle in self.timers.due(now):
            outgoing = self._by_handle.get(handle)
            if outgoing is None:
                continue
            if outgoing.retries > 0:
                outgoing.retries -= 1
                self.retries += 1
                fields: dict[str, object] = {
                    "to": f"{outgoing.message.destination:04x}",
                    "waited_us": now - outgoing.sent_at,
                }
                self._report("aps.retry", outgoing.failure.value, fields, now)
                outgoing.failure = Outcome.NO_APS_ACK
                self._transmit(outgoing, now)
            else:
                self._finish(outgoing, outgoing.failure, now)

    def _finish(self, outgoing: Outgoing, outcome: Outcome, now: int) -> None:
        self.timers.cancel(outgoing.handle)
        del self._by_handle[outgoing.handle]
        self._waiting.pop((outgoing.message.destination, outgoing.counter), None)
        self._user.aps_sent(outgoing.handle, outcome, now)

    # Receiving

    def received(self, header: NwkFrame, data: bytes, rssi: int, lqi: int, now: int) -> None:
        """The payload of an NWK data frame."""
        try:
            frame, octets = decode_header(data)
            if frame.type is ApsFrameType.COMMAND:
                self._user.aps_command(header, frame, octets, data, now)
                return
            payload = self._open(header.source, frame, octets, data, now)
        except DecodeError as error:
            self._drop("undecodable", header.source, now, error=str(error))
            return
        if payload is None:
            return
        if frame.type is ApsFrameType.ACKNOWLEDGEMENT:
            self._acknowledged(header.source, frame, now)
        elif frame.fragment is not None:
            self._received_block(header, frame, frame.fragment, payload, rssi, lqi, now)
        else:
            if frame.acknowledge and header.destination < FIRST_BROADCAST:
                self._acknowledge(header.source, frame, None, now)
            if self._duplicates.known(header.source, frame.counter, now):
                self._drop("duplicate", header.source, now, counter=frame.counter)
                return
            self._deliver(header, frame, payload, rssi, lqi, now)

    def _open(self, source: int, frame: ApsFrame, octets: int, data: bytes, now: int) -> bytes | None:
        if not frame.security:
            return data[octets:]
        auxiliary = security.parse_auxiliary(data, octets)
        partner = self._memory.eui64_of(source)
        key = None if partner is None else self._memory.link_keys.get(partner)
        if key is None or auxiliary.key is not KeyIdentifier.DATA:
            self._drop("no-link-key", source, now)
            return None
        if auxiliary.counter <= key.incoming:
            self._drop("replayed-frame", source, now, counter=auxiliary.counter)
            return None
        try:
            payload = security.open_(data, octets, auxiliary, key.cipher, partner)
        except MicError:
            self._drop("bad-mic", source, now)
            return None
        key.incoming = auxiliary.counter
        return payload

    def _deliver(self, header: NwkFrame, frame: ApsFrame, payload: bytes, rssi: int, lqi: int, now: int) -> None:
        if frame.destination_endpoint is None or frame.source_endpoint is None:
            self._drop("group-addressed", header.source, now)
            return
        assert frame.profile is not None
        assert frame.cluster is not None
        self._user.aps_received(
            ApsIndication(
                header.source,
                self._memory.eui64_of(header.source),
                frame.source_endpoint,
                frame.destination_endpoint,
                frame.profile,
                frame.cluster,
                payload,
                frame.security,
                header.destination >= FIRST_BROADCAST,
                rssi,
                lqi,
            ),
            now,
        )

    def _received_block(
        self, header: NwkFrame, frame: ApsFrame, fragment: Fragment, payload: bytes, rssi: int, lqi: int, now: int
    ) -> None:
        number = 0 if fragment.kind is FragmentKind.FIRST else fragment.block
        inbound = self._reassembly.open(header.source, frame.counter, now)
        if inbound is None or number >= MAX_BLOCKS or (number == 0 and fragment.block > MAX_BLOCKS):
            self._drop("too-many-fragments", header.source, now)
            return
        known = number in inbound.blocks
        if number == 0:
            inbound.total = fragment.block
        inbound.take(number, payload)
        if known or inbound.window_complete(number):
            base, bitfield = inbound.window(number)
            self._acknowledge(header.source, frame, Fragment(FragmentKind.FIRST, base, bitfield), now)
        whole = None if known else inbound.whole()
        if whole is not None and not self._duplicates.known(header.source, frame.counter, now):
            self._deliver(header, frame, whole, rssi, lqi, now)

    def _acknowledge(self, source: int, frame: ApsFrame, fragment: Fragment | None, now: int) -> None:
        """Acknowledge a data frame, under the same protection."""
        key = None
        if frame.security:
            partner = self._memory.eui64_of(source)
            key = None if partner is None else self._memory.link_keys.get(partner)
        header = encode_header(
            ApsFrame(
                ApsFrameType.ACKNOWLEDGEMENT,
                frame.counter,
                DeliveryMode.UNICAST,
                frame.source_endpoint,
                frame.destination_endpoint,
                frame.cluster,
                frame.profile,
                b"",
                key is not None,
                fragment=fragment,
            )
        )
        self._nwk.send(source, self._protect(header, b"", key), None, now)

    def _acknowledged(self, source: int, frame: ApsFrame, now: int) -> None:
        outgoing = self._waiting.get((source, frame.counter))
        if outgoing is None:
            return
        if outgoing.key is not None and not frame.security:
            self._drop("unprotected-acknowledgement", source, now)
            return
        fragments = outgoing.fragments
        if fragments is not None:
            if frame.fragment is None or frame.fragment.ack_bitfield is None:
                return
            before = fragments.base
            if not fragments.acknowledged(frame.fragment.block, frame.fragment.ack_bitfield):
                if fragments.base != before:
                    outgoing.retries = self._max_retries
                    self._transmit(outgoing, now)
                return
        self._finish(outgoing, Outcome.DELIVERED, now)

    def _drop(self, reason: str, source: int, now: int, **fields: object) -> None:
        self._report("aps.dropped", reason, {"from": f"{source:04x}", **fields}, now)

