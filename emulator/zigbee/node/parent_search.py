"""The routers of its own network that a device hears when it looks for another parent."""

from __future__ import annotations

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
    """

    def __init__(self, membership: Membership, *, sleepy: bool) -> None:
        self.full = False
        self._membership = membership
        self._sleepy = sleepy
        self._candidates: list[Candidate] = []

    def begin(self) -> None:
        """Forget the scan before."""
        self.full = False
        self._candidates = []

    def heard(self, frame: MacFrame, lqi: int) -> None:
        """A beacon; of another network it is nothing.

        Raises:
            DecodeError: it is none.
        """
        source, membership = frame.source, self._membership
        if source is None or frame.source_extended or source >= FIRST_BROADCAST:
            return
        if frame.source_pan != membership.pan_id:
            return
        beacon = decode_beacon(frame.payload)
        if beacon.extended_pan_id != membership.extended_pan_id:
            return
        room = beacon.end_device_capacity if self._sleepy else beacon.router_capacity
        if room or source == membership.parent:
            self._candidates.append(Candidate(membership.channel, membership.pan_id, source, beacon, lqi))
        else:
            self.full = True

    def end(self) -> None:
        """Nobody else will answer: put them in order."""
        self._candidates.sort(key=lambda candidate: candidate.rank, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._candidates)

    def take(self) -> Candidate:
        """The best one that was not taken yet; IndexError where there is none."""
        return self._candidates.pop()
