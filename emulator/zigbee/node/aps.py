"""The APS layer of a soft node: what arrives is opened, acknowledged, put together and delivered once."""

from __future__ import annotations

from random import Random
from typing import Protocol

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.timers import Alarm
from emulator.ports.aps import ApsFragment, ApsIndication, StackConfiguration
from emulator.zigbee.frames.aps import ApsFrame, ApsFrameType, Fragment, FragmentKind, decode_header, encode_header
from emulator.zigbee.node.aps_security import ApsSecurity
from emulator.zigbee.node.aps_sending import (
    ACK_WAIT,
    LINK_KEY_OVERHEAD,
    MAX_ASDU,
    SLEEPY_ACK_WAIT,
    ApsSender,
    ApsSenderUser,
)
from emulator.zigbee.node.duplicates import Duplicates
from emulator.zigbee.node.fragments import MAX_BLOCKS, Reassembly
from emulator.zigbee.node.headers import (
    APS_HEADER_OCTETS,
    ApsHeader,
    NwkHeader,
    aps_acknowledgement_header,
    read_aps_header,
)
from emulator.zigbee.node.hop import FIRST_BROADCAST
from emulator.zigbee.node.host_fragments import ReceivedBlocks, place_of
from emulator.zigbee.node.memory import LinkKey, NodeMemory
from emulator.zigbee.node.nwk import NwkLayer

__all__ = ["ACK_WAIT", "LINK_KEY_OVERHEAD", "MAX_ASDU", "SLEEPY_ACK_WAIT", "ApsLayer", "ApsLayerUser"]

_COMMAND, _ACKNOWLEDGEMENT = ApsFrameType.COMMAND, ApsFrameType.ACKNOWLEDGEMENT
_FIRST = FragmentKind.FIRST


class ApsLayerUser(ApsSenderUser, Protocol):
    """Who gets what arrives: the node, for its device, its ZDO and its key management."""

    def aps_received(self, message: ApsIndication, now: int) -> None:
        """A whole message."""

    def aps_command(self, header: NwkHeader, frame: ApsFrame, octets: int, data: bytes, now: int) -> None:
        """A command frame, protected or not, as it came."""


class ApsLayer:
    """Volatile state of the APS layer of one node.

    Attributes:
        sender: its sending half.
        groups: those that this node hears, each with an endpoint that is a member.
    """

    def __init__(
        self,
        nwk: NwkLayer,
        eui64: Eui64,
        memory: NodeMemory,
        user: ApsLayerUser,
        rng: Random,
        report: Report,
        alarm: Alarm,
        configuration: StackConfiguration,
    ) -> None:
        self._nwk = nwk
        self._memory = memory
        self._user = user
        self._report = report
        self._security = ApsSecurity(eui64, memory, self._drop)
        self.sender = ApsSender(nwk, memory, self._security, user, rng, report, alarm, configuration)
        self.groups: dict[int, int] = {}
        self._duplicates = Duplicates()
        self._reassembly = Reassembly(configuration.fragment_window)
        self._blocks = ReceivedBlocks() if configuration.host_fragments else None

    def forget_duplicates(self, source: int) -> None:
        """A device began anew: its counters may repeat."""
        self._duplicates.forget(source)
        self._reassembly.forget(source)
        if self._blocks is not None:
            self._blocks.forget(source)

    # Receiving

    def received(self, nwk: NwkHeader, data: bytes, previous_hop: int, rssi: int, lqi: int, now: int) -> None:
        """The payload of an NWK data frame."""
        try:
            header, octets, group = read_aps_header(data), APS_HEADER_OCTETS, None
            if header is None:
                header, octets, group = self._unusual(nwk, data, now)
            if header is None:
                return
            if not nwk.security:
                self._drop("unsecured", nwk.source, now)
                return
            payload = self._security.open(data, octets, nwk.source, now) if header.security else data[octets:]
        except DecodeError as error:
            self._drop("undecodable", nwk.source, now, error=str(error))
            return
        if payload is None:
            return
        self._count(nwk, header)
        if header.acknowledgement:
            self.sender.acknowledged(nwk.source, header, now)
        elif header.fragment is not None:
            self._received_block(nwk, header, header.fragment, payload, previous_hop, rssi, lqi, now)
        else:
            if header.acknowledge and nwk.destination < FIRST_BROADCAST:
                self._acknowledge(nwk.source, header, now)
            if self._duplicates.known(nwk.source, header.counter, now):
                self._drop("duplicate", nwk.source, now, counter=header.counter)
            else:
                self._deliver(nwk, header, payload, previous_hop, rssi, lqi, now, group=group)

    def _count(self, nwk: NwkHeader, header: ApsHeader) -> None:
        if header.acknowledgement:
            return
        if nwk.destination < FIRST_BROADCAST:
            self._nwk.counters.aps_rx_unicasts += 1
        else:
            self._nwk.counters.aps_rx_broadcasts += 1

    def _unusual(self, nwk: NwkHeader, data: bytes, now: int) -> tuple[ApsHeader | None, int, int | None]:
        """Fragments, broadcasts, and messages to groups of ours, with the group; commands are passed on."""
        frame, octets = decode_header(data)
        if frame.type is _COMMAND:
            self._user.aps_command(nwk, frame, octets, data, now)
            return None, octets, None
        destination, cluster, profile, source = (
            frame.destination_endpoint, frame.cluster, frame.profile, frame.source_endpoint,
        )  # fmt: skip
        if frame.group is not None and nwk.destination >= FIRST_BROADCAST:
            destination = self.groups.get(frame.group)
        if destination is None or cluster is None or profile is None or source is None:
            self._drop("no-endpoint" if frame.group is None else "not-a-member", nwk.source, now)
            return None, octets, None
        header = ApsHeader(
            frame.type is _ACKNOWLEDGEMENT, destination, cluster, profile, source, frame.counter, frame.security,
            frame.acknowledge, frame.fragment,
        )  # fmt: skip
        return header, octets, frame.group

    def _deliver(
        self, nwk: NwkHeader, header: ApsHeader, payload: bytes, previous_hop: int, rssi: int, lqi: int, now: int,
        fragment: ApsFragment | None = None, group: int | None = None,
    ) -> None:  # fmt: skip
        source = nwk.source
        message = ApsIndication(
            source, self._memory.eui64_of(source), header.source_endpoint, header.destination_endpoint,
            header.profile, header.cluster, payload, header.security, nwk.destination >= FIRST_BROADCAST, rssi, lqi,
            header.counter, nwk.radius, previous_hop, fragment, group=group,
        )  # fmt: skip
        self._user.aps_received(message, now)

    def _received_block(
        self, nwk: NwkHeader, header: ApsHeader, fragment: Fragment, payload: bytes, previous_hop: int, rssi: int,
        lqi: int, now: int,
    ) -> None:  # fmt: skip
        """A block of a long message: for the device above, or to be put together here."""
        if nwk.destination >= FIRST_BROADCAST:
            self._drop("broadcast-fragment", nwk.source, now)
        elif self._blocks is None:
            whole = self._put_together(nwk.source, header, fragment, payload, now)
            if whole is not None and not self._duplicates.known(nwk.source, header.counter, now):
                self._deliver(nwk, header, whole, previous_hop, rssi, lqi, now)
        else:
            refusal = self._blocks.take(nwk.source, header, fragment, now)
            if refusal is not None:
                self._drop(refusal, nwk.source, now)
            else:
                part = ApsFragment(*place_of(fragment), header.counter)
                self._deliver(nwk, header, payload, previous_hop, rssi, lqi, now, part)

    def acknowledge_fragment(self, source: int, counter: int, block: int, bitfield: int, now: int) -> None:
        """Say which blocks of a message the device above has.

        Raises:
            LocalProtocolError: there is no such message, or a value does not fit.
        """
        if self._blocks is None:
            raise LocalProtocolError("the stack acknowledges blocks by itself")
        header, bits = self._blocks.acknowledgement(source, counter, block, bitfield, now)
        self._acknowledge_window(source, header, block, bits, now)

    def _put_together(
        self, source: int, header: ApsHeader, fragment: Fragment, payload: bytes, now: int
    ) -> bytes | None:
        """Keep and acknowledge a block; the whole message, where it was the last one missing."""
        counter = header.counter
        if not self._duplicates.remembers(source, counter, now):
            self._reassembly.begin_anew(source, counter)
        number, total = place_of(fragment)
        if number >= MAX_BLOCKS or (total or 0) > MAX_BLOCKS:
            self._drop("too-many-fragments", source, now)
            return None
        inbound = self._reassembly.open(source, counter, header.security, now)
        if inbound is None:
            self._drop("too-many-messages", source, now)
            return None
        refusal = inbound.refusal(number, total, header.security)
        if refusal is not None:
            self._drop(refusal, source, now)
            return None
        known = number in inbound.blocks
        inbound.take(number, total, payload)
        if known or inbound.window_complete(number):
            self._acknowledge_window(source, header, *inbound.window_of(number), now)
        return None if known else inbound.whole()

    def _acknowledge(self, source: int, header: ApsHeader, now: int) -> None:
        """Acknowledge a data frame, under the same protection."""
        key = self._security.key_with(source) if header.security else None
        self._send_acknowledgement(source, aps_acknowledgement_header(header, secure=key is not None), key, now)

    def _acknowledge_window(self, source: int, header: ApsHeader, base: int, bitfield: int, now: int) -> None:
        """Say which blocks of a window are there."""
        key = self._security.key_with(source) if header.security else None
        frame = ApsFrame(
            _ACKNOWLEDGEMENT,
            header.counter,
            destination_endpoint=header.source_endpoint,
            source_endpoint=header.destination_endpoint,
            cluster=header.cluster,
            profile=header.profile,
            security=key is not None,
            fragment=Fragment(_FIRST, base, bitfield),
        )
        self._send_acknowledgement(source, encode_header(frame), key, now)

    def _send_acknowledgement(self, source: int, header: bytes, key: LinkKey | None, now: int) -> None:
        try:
            frame = self._security.seal(header, b"", key)
        except LocalProtocolError as error:
            self._drop(str(error), source, now)
            return
        self._nwk.send(source, frame, None, now)

    def _drop(self, reason: str, source: int, now: int, **fields: object) -> None:
        self._report("aps.dropped", reason, {"from": f"{source:04x}", **fields}, now)
