"""The security log of a device: what was refused, why, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, overload

from emulator.core.errors import DecodeError
from emulator.core.eui64 import eui64_text
from emulator.gbcs.message import Message
from emulator.gbcs.message_codes import message_code_text

LONGEST = 100
"""Entries that are kept; the oldest give way.  GBCS's own number was not found."""
_LONGEST_DETAIL = 120
"""Characters of a detail that are kept, so that a log has a greatest size."""


@dataclass(frozen=True, slots=True)
class SecurityLogEntry:
    """Something that was refused.

    Attributes:
        at: when, UTC.
        reason: why, machine-readable.
        detail: the same in words.
        originator: who the message said it came from, 16 hex digits; empty where it could not be read.
        message_code: what it was, 4 hex digits; empty likewise.
    """

    at: datetime
    reason: str
    detail: str
    originator: str = ""
    message_code: str = ""

    @classmethod
    def about(cls, message: Message | None, at: datetime, reason: str, detail: str) -> Self:
        """The entry for a message, or for octets that are none."""
        detail = detail[:_LONGEST_DETAIL]
        if message is None:
            return cls(at, reason, detail)
        header = message.header
        return cls(at, reason, detail, eui64_text(header.originator), message_code_text(header.message_code))

    def to_list(self) -> list[str]:
        """A plain form for non-volatile memory; JSON-ready."""
        return [self.at.isoformat(), self.reason, self.detail, self.originator, self.message_code]

    def fields(self) -> dict[str, str]:
        """The same by name, JSON-ready."""
        return {
            "at": self.at.isoformat(),
            "reason": self.reason,
            "detail": self.detail,
            "originator": self.originator,
            "message_code": self.message_code,
        }


class SecurityLog(Sequence[SecurityLogEntry]):
    """The newest `LONGEST` entries, oldest first; a change makes a new value."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Iterable[SecurityLogEntry] = ()) -> None:
        self._entries = tuple(entries)[-LONGEST:]

    def adding(self, *entries: SecurityLogEntry) -> Self:
        """With more at its end."""
        return type(self)((*self._entries, *entries))

    @overload
    def __getitem__(self, index: int) -> SecurityLogEntry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SecurityLogEntry]: ...
    def __getitem__(self, index: int | slice) -> SecurityLogEntry | Sequence[SecurityLogEntry]:
        return self._entries[index]

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[SecurityLogEntry]:
        return iter(self._entries)

    def to_dict(self) -> dict[str, list[list[str]]]:
        """A plain form for non-volatile memory; JSON-ready."""
        return {"entries": [entry.to_list() for entry in self._entries]}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """What `to_dict` made; DecodeError if it is damaged."""
        try:
            return cls(
                SecurityLogEntry(datetime.fromisoformat(at), reason, detail, originator, code)
                for at, reason, detail, originator, code in stored["entries"]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DecodeError("stored security log: damaged") from error
