"""The routers that a device hears when it looks for another parent, in its own network or in the next one."""

from __future__ import annotations

from emulator.ports.aps import JoinSettings
from emulator.zigbee.frames.beacon import decode_beacon
from emulator.zigbee.frames.mac import MacFrame
from emulator.zigbee.node.hop import FIRST_BROADCAST
from emulator.zigbee.node.joining import Candidate
from emulator.zigbee.node.memory import Membership


class ParentSearch:
    """One scan after the other.

    Args:
        membership: the network.
        sleepy: whether the device sleeps.

    Attributes:
        full: somebody answered who has no room.
        everywhere: whether networks of the same extended PAN id are looked for, on all channels.
    """

    def __init__(self, membership: Membership, *, sleepy: bool) -> None:
        self.full = False
        self.everywhere = False
        self._membership = membership
        self._sleepy = sleepy
        self._channels: list[int] = []
        self._candidates: list[Candidate] = []

    @property
    def channel(self) -> int:
        """The channel to scan now, 11 to 26."""
        return self._channels[0]

    def begin(self, *, everywhere: bool) -> None:
        """Forget the scan before."""
        self.full = False
        self.everywhere = everywhere
        self._channels = list(JoinSettings().channels) if everywhere else [self._membership.channel]
        self._candidates = []

    def next_channel(self) -> bool:
        """This channel is done; whether there is another one."""
        del self._channels[0]
        return bool(self._channels)

    def heard(self, frame: MacFrame, lqi: int) -> None:
        """A beacon; of another network it is nothing.

        Raises:
            DecodeError: it is none.
        """
        source, pan_id, membership = frame.source, frame.source_pan, self._membership
        if source is None or pan_id is None or frame.source_extended or source >= FIRST_BROADCAST:
            return
        if pan_id != membership.pan_id and not self.everywhere:
            return
        beacon = decode_beacon(frame.payload)
        if beacon.extended_pan_id != membership.extended_pan_id:
            return
        candidate = Candidate(self.channel, pan_id, source, beacon, lqi)
        room = beacon.end_device_capacity if self._sleepy else beacon.router_capacity
        if room or (self._is_ours(candidate) and source == membership.parent):
            self._candidates.append(candidate)
        else:
            self.full = True

    def end(self) -> None:
        """Nobody else will answer: put them in order; whoever is still in a network without trust centre comes last."""
        self._candidates.sort(key=lambda candidate: (self._is_ours(candidate), candidate.rank), reverse=True)

    def _is_ours(self, candidate: Candidate) -> bool:
        membership = self._membership
        return (candidate.channel, candidate.pan_id) == (membership.channel, membership.pan_id)

    def __bool__(self) -> bool:
        return bool(self._candidates)

    def take(self) -> Candidate:
        """The best one that was not taken yet; IndexError where there is none."""
        return self._candidates.pop()
