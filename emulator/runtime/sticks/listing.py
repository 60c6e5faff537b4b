"""The serial ports of this machine that may be sticks, and what each of them may be."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from emulator.runtime.sticks.profiles import StickProfile, sticks_with_usb
from emulator.transports.ezsp.port_lock import is_locked

_PROCESSES = Path("/proc")


class SerialPort(Protocol):
    """A port as the system lists it."""

    @property
    def device(self) -> str:
        """Its path; one that says which device it is, where the system has such."""

    @property
    def resolved_device(self) -> str:
        """The path behind that."""

    @property
    def vid(self) -> int | None:
        """USB vendor; None: no USB device."""

    @property
    def pid(self) -> int | None:
        """USB product."""

    @property
    def serial_number(self) -> str | None:
        """Of the USB device."""

    @property
    def manufacturer(self) -> str | None:
        """In the USB device's own words."""

    @property
    def product(self) -> str | None:
        """As above."""


@dataclass(frozen=True, slots=True)
class ListedStick:
    """One port.

    Attributes:
        port: path of the serial port.
        resolved_port: the device file behind that path.
        usb: vendor and product ids, `vvvv:pppp`; None: no USB device.
        profiles: names of the stick profiles that it may be; several, where the USB device does not tell them apart.
        uri: for `--port`, with baud rate and flow control where the profiles agree on them.
        uri_by_number: the same by USB serial number; None: it has none.
        in_use: a program that has it, as far as this one may see it; None: none.
        accessible: whether this user may open it.
    """

    port: str
    resolved_port: str
    usb: str | None
    manufacturer: str | None
    product: str | None
    serial_number: str | None
    profiles: tuple[str, ...]
    uri: str
    uri_by_number: str | None
    in_use: str | None
    accessible: bool

    def facts(self) -> dict[str, Any]:
        """Everything, JSON-ready."""
        return asdict(self)


def listed_sticks(
    ports: Iterable[SerialPort], folders: Sequence[Path] = (), *, every: bool = False
) -> list[ListedStick]:
    """Those that are USB devices, the known sticks first.

    Args:
        ports: those of the machine.
        folders: where to look for profiles before the folder that comes with the program.
        every: list ports that are no USB devices as well.
    """
    found = [_listed(port, folders) for port in ports if every or port.vid is not None]
    return sorted(found, key=lambda one: (not one.profiles, one.port))


def profiles_at(device: str, ports: Iterable[SerialPort], folders: Sequence[Path] = ()) -> list[StickProfile]:
    """What the stick at a serial port may be, by its USB device; none where that tells nothing."""
    real = os.path.realpath(device)
    for port in ports:
        if real in {os.path.realpath(port.device), os.path.realpath(port.resolved_device)}:
            return _profiles(port, folders)
    return []


def _listed(port: SerialPort, folders: Sequence[Path]) -> ListedStick:
    profiles = _profiles(port, folders)
    query = _query(profiles)
    return ListedStick(
        port.device,
        port.resolved_device,
        _usb(port),
        port.manufacturer,
        port.product,
        port.serial_number,
        tuple(profile.name for profile in profiles),
        f"ezsp:{port.device}{query}",
        f"ezsp:serial={port.serial_number}{query}" if port.serial_number else None,
        who_has(port.resolved_device),
        os.access(port.resolved_device, os.R_OK | os.W_OK),
    )


def _usb(port: SerialPort) -> str | None:
    return None if port.vid is None or port.pid is None else f"{port.vid:04x}:{port.pid:04x}"


def _profiles(port: SerialPort, folders: Sequence[Path]) -> list[StickProfile]:
    usb = _usb(port)
    return [] if usb is None else sticks_with_usb(usb, port.product, folders)


def _query(profiles: Sequence[StickProfile]) -> str:
    bauds, flows = {one.baud_rate for one in profiles}, {one.flow_control for one in profiles}
    said = [
        f"{key}={next(iter(values))}"
        for key, values in (("baud", bauds), ("flow", flows))
        if len(values) == 1 and None not in values
    ]
    return f"?{'&'.join(said)}" if said else ""


def who_has(device: str, processes: Path = _PROCESSES) -> str | None:
    """Who has a port: a program of ours by its lock, or another by what the system shows of its open files.

    A program of another user is not seen, nor any other than ours where the system has no `/proc`.
    """
    return _process_with(device, processes) or ("another althan" if is_locked(device) else None)


def _process_with(device: str, processes: Path) -> str | None:
    real = os.path.realpath(device)
    for files in processes.glob("[0-9]*/fd"):
        try:
            if any(os.path.realpath(file) == real for file in files.iterdir()):
                name = (files.parent / "comm").read_text().strip()
                return f"{name} (process {files.parent.name})"
        except OSError:
            continue
    return None
