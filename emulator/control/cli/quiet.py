"""What libraries log is told better by the commands that use them."""

from __future__ import annotations

import logging


def quiet_libraries() -> None:
    """Nothing of it goes to stderr."""
    root = logging.getLogger()
    if not any(isinstance(handler, logging.NullHandler) for handler in root.handlers):
        root.addHandler(logging.NullHandler())
