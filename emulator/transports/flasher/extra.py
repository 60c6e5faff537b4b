"""Whether universal-silabs-flasher is there, and how it is got."""

from __future__ import annotations

import importlib.util
import sys
from typing import Final

from emulator.core.errors import BadInput

MODULE: Final = "universal_silabs_flasher"


def is_installed() -> bool:
    """Whether the extra `flash` is."""
    return importlib.util.find_spec(MODULE) is not None


def how_to_get() -> str:
    """The command that installs it beside this program, in a clone's own environment too."""
    return f"{sys.executable} -m pip install 'althan-emulator[flash]'"


def need(what: str) -> None:
    """Go on only where it is there; BadInput in one line that says how to get it, where it is not."""
    if not is_installed():
        raise BadInput(f"{what} needs universal-silabs-flasher: {how_to_get()}")
