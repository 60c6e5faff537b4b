"""Leaving: who may make us go, and what it means here when somebody says that it goes."""

from __future__ import annotations

from typing import Protocol

from emulator.core.events import Report
from emulator.ports.aps import COORDINATOR
from emulator.zigbee.frames.nwk_commands import Leave
from emulator.zigbee.node.headers import NwkHeader
from emulator.zigbee.node.memory import Membership, NodeMemory
from emulator.zigbee.node.nwk import Heard
from emulator.zigbee.node.zdo import LEAVE_NOT_PERMITTED

NOT_FROM_ITSELF = "leave-not-from-itself"


class DeparturesUser(Protocol):
    """The stack."""

    def removed(self, now: int) -> None:
        """We are put out."""

    def told_to_rejoin(self, now: int) -> None:
        """We are to leave and come back."""

    def neighbour_left(self, short: int, now: int, *, for_good: bool) -> None:
        """A neighbour goes; `for_good`: it does not mean to come back."""


class Departures:
    """Leave commands at one node.

    A request is obeyed from the coordinator and from our parent, where the sender of the frame is who it says (further
    on only the network key vouches for it).  Whoever says that it leaves must say so itself, to its neighbours.
    """

    def __init__(self, memory: NodeMemory, membership: Membership, user: DeparturesUser, report: Report) -> None:
        self._memory = memory
        self._membership = membership
        self._user = user
        self._report = report

    def received(self, command: Leave, header: NwkHeader, heard: Heard, now: int) -> None:
        """A leave command under the network key."""
        if not command.request:
            self._told(command, header, heard, now)
        elif not self._may_ask(header, heard):
            self._drop(LEAVE_NOT_PERMITTED, header.source, now)
        elif command.rejoin:
            self._user.told_to_rejoin(now)
        else:
            self._user.removed(now)

    def _may_ask(self, header: NwkHeader, heard: Heard) -> bool:
        source, membership = header.source, self._membership
        if membership.short == COORDINATOR or source not in (COORDINATOR, membership.parent):
            return False
        expected = membership.trust_centre if source == COORDINATOR else self._memory.eui64_of(source)
        return heard.previous_hop != source or expected in (None, heard.sender)

    def _told(self, command: Leave, header: NwkHeader, heard: Heard, now: int) -> None:
        source = header.source
        child = self._memory.children.get(source)
        eui64 = self._memory.eui64_of(source) if child is None else child.eui64
        if heard.previous_hop != source or eui64 not in (None, heard.sender):
            self._drop(NOT_FROM_ITSELF, source, now)
        else:
            self._user.neighbour_left(source, now, for_good=not command.rejoin)

    def _drop(self, reason: str, source: int, now: int) -> None:
        self._report("nwk.dropped", reason, {"from": f"{source:04x}"}, now)
