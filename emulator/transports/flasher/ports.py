"""The serial ports of this machine."""

from __future__ import annotations

import serialx


def serial_ports() -> list[serialx.SerialPortInfo]:
    """All that the system lists, by their paths."""
    return sorted(serialx.list_serial_ports(), key=lambda port: port.device)
