"""What whole runs need."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import Demo


@pytest.fixture
def demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Demo:
    """Runs `althan demo --json`."""
    return Demo(tmp_path, capsys)
