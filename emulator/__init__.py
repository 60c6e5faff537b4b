"""Emulator of the ZigBee firmware update path of Great Britain's smart metering, for Alt HAN bridges.

The names of the Python API live in the packages below and are fetched when first asked for, so that `import emulator`
costs nothing and no package here is imported by one that stands lower.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_EXPORTS: dict[str, str] = {}
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
