"""The errors of the whole program: whose fault it is stands in the type."""

from __future__ import annotations


class EmulatorError(Exception):
    """Root of every error that the emulator raises on purpose."""


class DecodeError(EmulatorError):
    """Octets that are not what they should be.

    Every decoder of the program ends in a value or in this, never in another exception.
    """


class LocalProtocolError(EmulatorError):
    """Our side asked for something the protocol does not allow now."""


class RemoteProtocolError(EmulatorError):
    """The peer did something the protocol does not allow now."""


class BadInput(EmulatorError):
    """What the user handed in cannot be used (exit status 2).

    Args:
        what: what is wrong, in a few words.
        where: the file, key or option it was found in.
        allowed: what would be accepted, if that can be said.
    """

    def __init__(self, what: str, *, where: str = "", allowed: str = "") -> None:
        self.what = what
        self.where = where
        self.allowed = allowed
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f" (allowed: {self.allowed})" if self.allowed else ""
        return f"{place}{self.what}{remedy}"
