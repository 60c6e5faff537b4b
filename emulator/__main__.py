"""`python -m emulator` is `althan`."""

from __future__ import annotations

import sys

from emulator.control.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
