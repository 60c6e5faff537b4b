"""Emulator of the ZigBee firmware update path of Great Britain's smart metering, for Alt HAN bridges.

The names of the Python API live in the packages below and are fetched when first asked for, so that `import emulator`
costs nothing and no package here is imported by one that stands lower.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.core.errors import BadInput as BadInput
    from emulator.runtime.acb import CannotRead as CannotRead
    from emulator.runtime.live.connection import Connection as Connection
    from emulator.runtime.live.connection import connect as connect
    from emulator.runtime.outcome import Alert as Alert
    from emulator.runtime.outcome import Outcome as Outcome
    from emulator.runtime.outcome import VersionReading as VersionReading
    from emulator.runtime.simulation import Simulation as Simulation
    from emulator.runtime.simulation import simulate as simulate
    from emulator.transports.memory.topology import Link as Link

__version__ = "0.1.0"

_EXPORTS: dict[str, str] = {
    "Alert": "emulator.runtime.outcome",
    "BadInput": "emulator.core.errors",
    "CannotRead": "emulator.runtime.acb",
    "Connection": "emulator.runtime.live.connection",
    "Link": "emulator.transports.memory.topology",
    "Outcome": "emulator.runtime.outcome",
    "Simulation": "emulator.runtime.simulation",
    "VersionReading": "emulator.runtime.outcome",
    "connect": "emulator.runtime.live.connection",
    "simulate": "emulator.runtime.simulation",
}
"""Public name -> the module that has it under the same name."""

__all__ = ["__version__", *_EXPORTS]  # noqa: PLE0604 - the names of a dictionary are strings


def __getattr__(name: str) -> object:
    """Fetch a public name from the module that has it."""
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(module), name)


def __dir__() -> list[str]:
    """Everything that can be asked for."""
    return sorted({*globals(), *_EXPORTS})
