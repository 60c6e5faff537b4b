"""The published exchanges of annexes C.5 and C.6, and one with an authority of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

Exchange = dict[str, Any]


@pytest.fixture
def published(vectors: Path) -> dict[str, Any]:
    """The whole file."""
    return dict(json.loads((vectors / "cbke.json").read_text()))


@pytest.fixture
def exchanges(published: dict[str, Any]) -> list[Exchange]:
    """Every whole exchange in it."""
    return [*published["full_exchange"], *published["full_exchange_own_ca"]]
