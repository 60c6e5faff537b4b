"""How a device tells what happens to it."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[str, str | None, dict[str, object], int], None]
"""Takes kind, machine-readable reason (for every drop, retry and refusal), fields, and `now` (µs)."""
