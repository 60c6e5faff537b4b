"""The extra `flash`: what is said without it, and that the tests have what users get."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path

import pytest

from emulator.core.errors import BadInput
from emulator.transports.flasher.extra import need

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())


def test_without_it_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(BadInput, match=r"flashing needs .* -m pip install 'althan-emulator\[flash\]'"):
        need("flashing")


def test_with_it_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    need("flashing")


def test_tests_have_the_version_that_users_get() -> None:
    assert set(PROJECT["project"]["optional-dependencies"]["flash"]) <= set(PROJECT["dependency-groups"]["test"])
