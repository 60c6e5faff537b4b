"""The counters that a device must not forget: its own, and the highest it accepted from each remote party.

The wording of GBCS was not found: the rules are a working model that agrees with RTDS 4.5.0, and the initial values
are assumptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from emulator.core.errors import DecodeError
from emulator.gbcs.roles import RemotePartyRole

COUNTER_LIMIT = 1 << 64


@dataclass(frozen=True, slots=True)
class Counters:
    """A device's counters at one moment; a change makes a new value, so that a snapshot is one as well.

    Attributes:
        alert: the Originator Counter of the last alert sent; the next has one more.
        accepted: by role, the highest Originator Counter of a replay-protected Command acted upon.
    """

    alert: int = 0
    accepted: Mapping[RemotePartyRole, int] = field(default_factory=dict)

    def next_alert(self) -> Self:
        """After one more alert."""
        return replace(self, alert=self.alert + 1)

    def is_new(self, role: RemotePartyRole, counter: int) -> bool:
        """Whether a Command of this party with this counter was never acted upon, nor a later one."""
        return counter > self.accepted.get(role, -1)

    def accept(self, role: RemotePartyRole, counter: int) -> Self:
        """After acting upon a Command; one that waited, and whose counter is below the last one, lowers nothing."""
        return self.with_floor(role, max(counter, self.accepted.get(role, -1)))

    def with_floor(self, role: RemotePartyRole, counter: int) -> Self:
        """After a new key of the party begins above this counter, be it lower than before."""
        return replace(self, accepted={**self.accepted, role: counter})

    def to_dict(self) -> dict[str, int | dict[str, int]]:
        """A plain form for non-volatile memory; JSON-ready."""
        return {"alert": self.alert, "accepted": {role.name.lower(): count for role, count in self.accepted.items()}}

    @classmethod
    def from_dict(cls, stored: Mapping[str, object]) -> Self:
        """What `to_dict` made; DecodeError if it is damaged."""
        accepted = stored.get("accepted")
        if stored.keys() != {"alert", "accepted"} or not isinstance(accepted, Mapping):
            raise DecodeError("stored counters: not `alert` and `accepted`")
        return cls(
            _counter(stored["alert"], "alert"),
            {_role(name): _counter(count, f"accepted from {name}") for name, count in accepted.items()},
        )


def _role(name: object) -> RemotePartyRole:
    roles = {role.name.lower(): role for role in RemotePartyRole}
    if not isinstance(name, str) or name not in roles:
        raise DecodeError(f"stored counters: no remote party is called {name!r}")
    return roles[name]


def _counter(value: object, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < COUNTER_LIMIT:
        raise DecodeError(f"stored counters: {what}: {value!r} is no 64-bit counter")
    return value
