"""What the tests of a device share."""

from __future__ import annotations

import pytest

from emulator.gbcs.pki import Pki
from tests.gbcs.device.bench import Bench


@pytest.fixture
def bench(pki: Pki) -> Bench:
    """A bridge of the small environment."""
    return Bench(pki)
