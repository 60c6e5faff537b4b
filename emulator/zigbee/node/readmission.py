"""The parent's part of a rejoin: who asks under the network key is taken back, who asks without it waits for the key.

A request that is not protected proves nothing.  It changes nothing here or anywhere else until the device announces
itself under the network key: no child is taken for another one, nobody is sent away, and no more than a few wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.zigbee.frames.mac_commands import AssociationStatus
from emulator.zigbee.frames.nwk_commands import RejoinRequest, RejoinResponse, encode_command
from emulator.zigbee.node.association import MAX_CHILDREN, Parent
from emulator.zigbee.node.headers import NwkHeader
from emulator.zigbee.node.hop import FIRST_BROADCAST
from emulator.zigbee.node.joining import KEY_WAIT
from emulator.zigbee.node.memory import Child, NodeMemory
from emulator.zigbee.node.nwk import Heard, NwkLayer

MOST_WAITING = 4
"""Devices without the network key that a parent deals with at a time."""
WAITING_LIFE = 2 * KEY_WAIT


class ReadmissionUser(Protocol):
    """The stack."""

    def child_rejoined(self, child: Child, now: int) -> None:
        """A device came back here, and has the network key."""

    def child_wants_key(self, child: Child, now: int) -> None:
        """Somebody who says that it is this device asks for the network key."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    child: Child
    since: int


class Readmission:
    """Rejoin requests at one router or coordinator.

    Args:
        nwk: to answer with.
        memory: children and addresses.
        parent: gives out addresses.
        user: the stack.
        report: told of refusals.
    """

    def __init__(
        self, nwk: NwkLayer, memory: NodeMemory, parent: Parent, user: ReadmissionUser, report: Report
    ) -> None:
        self._nwk = nwk
        self._memory = memory
        self._parent = parent
        self._user = user
        self._report = report
        self._waiting: dict[Eui64, _Waiting] = {}

    def secured(self, request: RejoinRequest, header: NwkHeader, heard: Heard, now: int) -> None:
        """A device that has the network key asks to be our child; the protection proves who it is."""
        eui64 = heard.sender
        if header.source != heard.previous_hop or header.source_eui64 not in (None, eui64):
            self._refuse("not-from-itself", eui64, now)
            return
        child = self._decide(request, eui64, header.source, now, secure=True)
        if child is not None:
            self._waiting.pop(eui64, None)
            self._user.child_rejoined(child, now)

    def unsecured(self, request: RejoinRequest, header: NwkHeader, previous_hop: int, now: int) -> None:
        """Somebody asks for a place and the network key."""
        eui64 = header.source_eui64
        if eui64 is None or header.source != previous_hop or header.source >= FIRST_BROADCAST:
            self._report("join.refused", "no-address", {"from": f"{header.source:04x}"}, now)
            return
        self._waiting = {known: each for known, each in self._waiting.items() if now - each.since < WAITING_LIFE}
        if len(self._waiting) >= MOST_WAITING and eui64 not in self._waiting:
            self._refuse("too-many-rejoins", eui64, now)
            return
        child = self._decide(request, eui64, header.source, now, secure=False)
        if child is not None:
            self._waiting[eui64] = _Waiting(child, now)
            self._user.child_wants_key(child, now)

    def short_of(self, device: Eui64) -> int | None:
        """Where a device is that waits for the network key."""
        waiting = self._waiting.get(device)
        return None if waiting is None else waiting.child.short

    def waits_at(self, short: int) -> bool:
        """Whether somebody with this short address waits for the network key."""
        return any(waiting.child.short == short for waiting in self._waiting.values())

    def announced(self, device: Eui64, short: int) -> Child | None:
        """A device announced itself under the network key: the child it is, if it waited for that here."""
        waiting = self._waiting.get(device)
        if waiting is None or waiting.child.short != short:
            return None
        del self._waiting[device]
        return waiting.child

    def _decide(self, request: RejoinRequest, eui64: Eui64, asked: int, now: int, *, secure: bool) -> Child | None:
        """Answer a request; the child, unless there is no room for it."""
        known = self._memory.child(eui64)
        if known is None and len(self._memory.children) >= MAX_CHILDREN:
            self._answer(asked, RejoinResponse(asked, AssociationStatus.PAN_AT_CAPACITY), now, secure=secure)
            self._refuse("pan-full", eui64, now)
            return None
        short = asked if self._free(asked, eui64) else self._parent.address_for(eui64)
        self._answer(asked, RejoinResponse(short, AssociationStatus.SUCCESS), now, secure=secure)
        return Child(eui64, short, not request.capability.receiver_on_when_idle)

    def _free(self, short: int, eui64: Eui64) -> bool:
        """Whether nobody else is known at an address that a device says it has."""
        child = self._memory.children.get(short)
        return self._memory.eui64_of(short) in (None, eui64) and (child is None or child.eui64 == eui64)

    def _answer(self, destination: int, response: RejoinResponse, now: int, *, secure: bool) -> None:
        self._nwk.send_to_neighbour(destination, encode_command(response), now, secure=secure)

    def _refuse(self, reason: str, eui64: Eui64, now: int) -> None:
        self._report("join.refused", reason, {"device": eui64_text(eui64)}, now)
