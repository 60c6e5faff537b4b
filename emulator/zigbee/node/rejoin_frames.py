"""What a device sends that looks for its way back, and what its radio takes meanwhile."""

from __future__ import annotations

from emulator.ports.aps import NodeType, StackConfiguration
from emulator.zigbee.frames.mac import BROADCAST_ADDRESS, BROADCAST_PAN, FrameType, MacFrame
from emulator.zigbee.frames.mac_commands import BeaconRequest, OrphanNotification, encode_command
from emulator.zigbee.frames.nwk_commands import RejoinRequest
from emulator.zigbee.frames.nwk_commands import encode_command as encode_nwk_command
from emulator.zigbee.node.descriptors import capability_of
from emulator.zigbee.node.joining import Candidate
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Membership
from emulator.zigbee.node.nwk import NwkLayer


class RejoinFrames:
    """MAC and NWK as a rejoin uses them.

    Args:
        mac, nwk: to send with.
        membership: the network, and the address there so far.
        configuration: what the device is.
    """

    def __init__(self, mac: MacLayer, nwk: NwkLayer, membership: Membership, configuration: StackConfiguration) -> None:
        self._mac = mac
        self._nwk = nwk
        self._membership = membership
        self._sleepy = configuration.node_type is NodeType.SLEEPY
        self._capability = capability_of(configuration)

    def call_parent(self, now: int) -> None:
        """Orphan scan, on our channel alone."""
        self._announce(OrphanNotification(), now, source=True)

    def scan(self, channel: int, now: int, *, elsewhere: bool) -> None:
        """Active scan of one channel; `elsewhere`: for another network, while ours is left alone."""
        if elsewhere:
            self._nwk.security.away = True
            self._mac.tune(channel, now)
            self._mac.set_address(BROADCAST_PAN, BROADCAST_ADDRESS)
        self._announce(BeaconRequest(), now, source=False)

    def _announce(self, command: BeaconRequest | OrphanNotification, now: int, *, source: bool) -> None:
        self._mac.receive_always(True, now)
        frame = MacFrame(
            FrameType.COMMAND, self._mac.next_sequence(), BROADCAST_PAN, BROADCAST_ADDRESS,
            BROADCAST_PAN if source else None, self._mac.eui64 if source else None, encode_command(command),
            source_extended=source,
        )  # fmt: skip
        self._mac.send(frame, type(command), now)

    def ask(self, parent: Candidate, now: int, *, secured: bool) -> None:
        """Ask one router to take us, under the network key or without it; then its answer needs none either."""
        self._mac.tune(parent.channel, now)
        self._mac.set_address(parent.pan_id, self._membership.short)
        self.be_at(self._membership.short, plain=not secured)
        request = encode_nwk_command(RejoinRequest(self._capability))
        self._nwk.send_to_neighbour(parent.short, request, now, secure=secured, source_eui64=self._mac.eui64)

    def be_at(self, short: int, *, plain: bool) -> None:
        """Take frames for an address, `plain`: unprotected ones too."""
        self._nwk.security.plain_for = short if plain else None
        self._mac.set_address(self._mac.pan_id, short)

    def end(self, now: int) -> None:
        """Back to what is usual."""
        membership = self._membership
        self._nwk.security.plain_for, self._nwk.security.away = None, False
        self._mac.tune(membership.channel, now)
        self._mac.set_address(membership.pan_id, membership.short)
        self._mac.receive_always(not self._sleepy, now)
