"""Where a stick is, as the user writes it.

`ezsp:/dev/ttyACM0?baud=115200&flow=software`, `ezsp:serial=ABC` by USB serial number, `ezsp+tcp:HOST:PORT`, and
`replay:FILE` for a stick out of a recording, which answers as the recorded one did.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import parse_qsl

from emulator.core.errors import BadInput

_SERIAL: Final = "ezsp:"
_TCP: Final = "ezsp+tcp:"
_REPLAY: Final = "replay:"
REPLAYED: Final = "althan-replay://"
"""What the device of a stick out of a recording begins with."""
_BY_NUMBER: Final = "serial="
_ALLOWED: Final = (
    "ezsp:/dev/NAME[?baud=N&flow=software|hardware|none], ezsp:serial=NUMBER, ezsp+tcp:HOST:PORT, replay:FILE"
)
_BAUDS: Final = range(1_200, 4_000_001)
_PORTS: Final = range(1, 65_536)
DEFAULT_BAUD: Final = 115_200


class FlowControl(Enum):
    """How a serial port and a stick stop each other."""

    NONE = "none"
    SOFTWARE = "software"
    HARDWARE = "hardware"


@dataclass(frozen=True, slots=True)
class StickAddress:
    """A stick that can be opened.

    Attributes:
        text: as the user wrote it, for messages.
        device: path of the serial port, `socket://host:port`, or `althan-replay://` and the path of a recording.
        baud: bits/s; of no meaning over TCP, like `flow`.
        serial_number: the USB serial number to look the path up by; `device` is empty then.
    """

    text: str
    device: str
    baud: int = DEFAULT_BAUD
    flow: FlowControl = FlowControl.NONE
    serial_number: str | None = None

    @property
    def is_tcp(self) -> bool:
        """Whether there is a network in between, and no port to lock."""
        return self.device.startswith("socket://")


class UsbPort(Protocol):
    """A serial port as the system lists it."""

    @property
    def device(self) -> str:
        """Its path."""

    @property
    def serial_number(self) -> str | None:
        """Of the USB device, where it has one."""


def parse_stick(text: str) -> StickAddress:
    """Read the URI of a stick; BadInput in one line that says what is allowed."""
    if text.startswith(_TCP):
        return _tcp(text)
    if text.startswith(_REPLAY):
        return _replay(text)
    if not text.startswith(_SERIAL):
        raise BadInput("no stick", where=text, allowed=_ALLOWED)
    place, _, query = text.removeprefix(_SERIAL).partition("?")
    options = _options(text, query)
    baud, flow = _baud(text, options.pop("baud", None)), _flow(text, options.pop("flow", None))
    for name in options:
        raise BadInput(f"unknown option {name!r}", where=text, allowed="baud, flow")
    if place.startswith(_BY_NUMBER):
        number = place.removeprefix(_BY_NUMBER)
        if not number:
            raise BadInput("no serial number", where=text, allowed=_ALLOWED)
        return StickAddress(text, "", baud, flow, number)
    if not place or "://" in place:
        raise BadInput("no path of a serial port", where=text, allowed=_ALLOWED)
    return StickAddress(text, place, baud, flow)


def locate(address: StickAddress, ports: Iterable[UsbPort]) -> StickAddress:
    """The address with its path looked up by serial number among `ports`; BadInput where there is none, or several."""
    if address.serial_number is None:
        return address
    listed = list(ports)
    found = [port.device for port in listed if port.serial_number == address.serial_number]
    if len(found) != 1:
        there = ", ".join(sorted({port.serial_number for port in listed if port.serial_number})) or "none is plugged in"
        how_many = "no stick has" if not found else f"{len(found)} ports have"
        raise BadInput(f"{how_many} this serial number", where=address.text, allowed=there)
    return StickAddress(address.text, found[0], address.baud, address.flow, address.serial_number)


def _tcp(text: str) -> StickAddress:
    host, _, port = text.removeprefix(_TCP).removeprefix("//").rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) not in _PORTS:
        raise BadInput("no host and port", where=text, allowed="ezsp+tcp:HOST:PORT, the port 1 to 65535")
    return StickAddress(text, f"socket://{host}:{int(port)}")


def _replay(text: str) -> StickAddress:
    path = Path(text.removeprefix(_REPLAY))
    if not path.is_file():
        raise BadInput("there is no such file", where=text, allowed="replay:FILE, a file that --record wrote")
    return StickAddress(text, f"{REPLAYED}{path.resolve()}")


def _options(text: str, query: str) -> dict[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    options = dict(pairs)
    if len(options) != len(pairs):
        raise BadInput("an option is given twice", where=text, allowed="baud, flow")
    return options


def _baud(text: str, value: str | None) -> int:
    if value is None:
        return DEFAULT_BAUD
    if not value.isascii() or not value.isdigit() or int(value) not in _BAUDS:
        raise BadInput(f"baud={value}", where=text, allowed=f"{_BAUDS[0]} to {_BAUDS[-1]}")
    return int(value)


def _flow(text: str, value: str | None) -> FlowControl:
    try:
        return FlowControl.NONE if value is None else FlowControl(value)
    except ValueError:
        names = ", ".join(kind.value for kind in FlowControl)
        raise BadInput(f"flow={value}", where=text, allowed=names) from None
