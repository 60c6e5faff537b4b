"""The published messages, and a small test environment: one Access Control Broker, one supplier, one bridge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.core.rng import SeededStreams
from emulator.gbcs.pki import Pki, generate_pki
from tests.gbcs.parties import BRIDGE, STRANGER, Parties, Rtds


@pytest.fixture(scope="session")
def rtds(vectors: Path) -> Rtds:
    """The published reference messages."""
    entries = json.loads((vectors / "gbcs_rtds.json").read_text())["messages"]
    assert entries
    return Rtds(entries)


@pytest.fixture(scope="session")
def pki() -> Pki:
    """One environment for all tests: nothing in it changes."""
    return generate_pki(SeededStreams(1), [BRIDGE, STRANGER])


@pytest.fixture
def parties(pki: Pki) -> Parties:
    """Fresh parties."""
    return Parties(pki)
