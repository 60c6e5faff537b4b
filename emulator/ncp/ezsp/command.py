"""What a command is, and the commands of one EZSP version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import MappingProxyType

from emulator.core.errors import LocalProtocolError
from emulator.ncp.ezsp.record import Record, Values
from emulator.ncp.ezsp.wire import Misfit

RESPONSES_ONLY = frozenset({"invalidCommand", "noCallbacks"})
"""Frames that only a stick sends, as a response to another command."""


@dataclass(frozen=True, slots=True)
class Command:
    """One EZSP frame id: what the host sends under it, and what the stick sends.

    Attributes:
        name: as bellows calls it, which is UG100's name.
        frame_id: 16 bits.
        request: parameters of the command.
        response: parameters of the response, or of the callback.
        absent: values of the request's fields that only other versions carry.
        foreign: names of the response's fields that only other versions carry.
    """

    name: str
    frame_id: int
    request: Record
    response: Record
    absent: Values = field(default_factory=lambda: MappingProxyType({}))
    foreign: frozenset[str] = frozenset()
    _known: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", self.response.names | self.foreign)

    @property
    def is_callback(self) -> bool:
        """Whether the stick sends it on its own account."""
        return "Handler" in self.name

    @property
    def is_request(self) -> bool:
        """Whether a host may send it."""
        return not self.is_callback and self.name not in RESPONSES_ONLY

    def encode_response(self, values: Values) -> bytes:
        """The parameters of the response or callback; what is not given is zero, what only others carry falls away.

        Raises:
            Misfit: a value does not fit its field, or no version has such a field.
        """
        if not values.keys() <= self._known:
            unknown = values.keys() - self._known
            raise Misfit(f"no such field: {', '.join(sorted(unknown))}", (self.name,))
        try:
            return self.response.write_known(values)
        except Misfit as error:
            raise error.within(self.name) from None


class CommandTable:
    """The commands of one version, by frame id and by name."""

    __slots__ = ("by_id", "by_name", "version")

    def __init__(self, version: int, commands: Iterable[Command]) -> None:
        self.version = version
        self.by_name = MappingProxyType({command.name: command for command in commands})
        self.by_id = MappingProxyType({command.frame_id: command for command in self.by_name.values()})

    def __iter__(self) -> Iterator[Command]:
        return iter(self.by_name.values())

    def __len__(self) -> int:
        return len(self.by_name)

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def named(self, name: str) -> Command:
        """The command of that name; LocalProtocolError if this version has none."""
        try:
            return self.by_name[name]
        except KeyError:
            raise LocalProtocolError(f"EZSP {self.version} has no {name}") from None
