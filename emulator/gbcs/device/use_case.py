"""A use case as a device takes it: who may send the Command, under which protection, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from emulator.gbcs.device.state import DeviceState
from emulator.gbcs.message import Message
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases.cells import TrustAnchorCell


@dataclass(frozen=True, slots=True)
class Permit:
    """One way in which a Command may come.

    Attributes:
        shape: its protection: a = signed and with a MAC, b = MAC alone, g = signature alone.
        role: the party that it comes from.
    """

    shape: str
    role: RemotePartyRole

    @property
    def cell(self) -> TrustAnchorCell:
        """The trust anchor cell that the originator must stand in."""
        if self.role is RemotePartyRole.ROOT:
            return TrustAnchorCell(self.role, KeyUsage.KEY_CERT_SIGN)
        usage = KeyUsage.KEY_AGREEMENT if self.shape == "b" else KeyUsage.DIGITAL_SIGNATURE
        return TrustAnchorCell(self.role, usage)


@dataclass(frozen=True, slots=True)
class Request:
    """A Command whose protection is good.

    Attributes:
        command: the message.
        state: what the device keeps.
        date: now, UTC.
        permit: the way in which it came.
    """

    command: Message
    state: DeviceState
    date: datetime
    permit: Permit


@dataclass(frozen=True, slots=True)
class Fault:
    """A part of a Command that came to nothing, while the rest was done; for the security log."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes of a Command.

    Attributes:
        payload: of the Response.
        state: what the device keeps from now on.
        faults: for the security log.
    """

    payload: bytes
    state: DeviceState
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Execution:
    """What comes of a future-dated Command at its date.

    Attributes:
        message_code, payload: of the alert that tells of it.
        state: what the device keeps from now on.
        faults: for the security log.
    """

    message_code: int
    payload: bytes
    state: DeviceState
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class UseCase:
    """How a device takes the Commands of one message code.

    Attributes:
        permits: the ways in which they may come.
        act: does what is asked; it raises Refused or DecodeError, and then nothing has changed.
        replay_protected: whether a counter that is not above the last one accepted is refused.
        always_signed: whether the Response is signed even where the Command has a MAC alone.
        sets_counters: whether `act` itself puts the counter among the accepted, because it may move it further.
        dated: whether the Response has a date-time.
        execute: does what a future-dated Command asks, at its date; None where there are none.
        not_allowed: a mode that the device does not allow, whoever sends it; empty: it is allowed.
    """

    permits: tuple[Permit, ...]
    act: Callable[[Request], Answer]
    replay_protected: bool = True
    always_signed: bool = False
    sets_counters: bool = False
    dated: bool = False
    execute: Callable[[Request], Execution] | None = None
    not_allowed: str = ""


def permits(shape: str, roles: Iterable[RemotePartyRole]) -> tuple[Permit, ...]:
    """One protection for several parties."""
    return tuple(Permit(shape, role) for role in roles)
