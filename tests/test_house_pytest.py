"""What tests/conftest.py promises about levels, seeds and skips, seen from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

HERE = Path(__file__).resolve().parent

SAMPLE = """
import pytest

def test_plain(): pass

@pytest.mark.e2e
def test_whole(): pass

@pytest.mark.long
def test_sweep(): pass
"""

SKIPS = """
import pytest

def test_plain(): pass

def test_published(vectors): pass

@pytest.mark.may_skip
def test_platform(): pytest.skip("not on this one")
"""

SEEDED = """
def test_draws(seed): assert seed == 0, seed
"""


def run_tests(folder: Path, text: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text((HERE / "conftest.py").read_text())
    (folder / "pyproject.toml").write_text((HERE.parent / "pyproject.toml").read_text())
    (folder / "test_sample.py").write_text(text)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("ALTHAN_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v", *arguments, "test_sample.py"],
        cwd=folder,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "level,expected",
    [
        ([], {"test_plain", "test_whole"}),
        (["--quick"], {"test_plain"}),
        (["--long"], {"test_plain", "test_whole", "test_sweep"}),
    ],
    ids=["default", "quick", "long"],
)
def test_each_level_runs_its_tests(tmp_path: Path, level: list[str], expected: set[str]) -> None:
    done = run_tests(tmp_path, SAMPLE, *level)
    assert done.returncode == 0
    passed = {line.split("::")[1].split()[0] for line in done.stdout.splitlines() if " PASSED" in line}
    assert passed == expected
    assert "skipped" not in done.stdout


def test_two_levels_at_once_are_refused(tmp_path: Path) -> None:
    done = run_tests(tmp_path, SAMPLE, "--quick", "--long")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR


def test_a_skip_passes_where_nobody_forbids_it(tmp_path: Path) -> None:
    done = run_tests(tmp_path, SKIPS)
    assert done.returncode == 0
    assert "ALTHAN_VECTORS does not name" in done.stdout


def test_a_forbidden_skip_fails_the_run_and_is_listed(tmp_path: Path) -> None:
    done = run_tests(tmp_path, SKIPS, ALTHAN_NO_SKIPS="1")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    section = done.stdout.partition("this fails the run")[2]
    assert "test_sample.py::test_published: " in section
    assert "test_sample.py::test_platform" not in section


def test_a_skip_may_be_excused_by_its_marker(tmp_path: Path) -> None:
    assert run_tests(tmp_path, SKIPS, ALTHAN_NO_SKIPS="1", ALTHAN_MAY_SKIP="vectors").returncode == 0


def test_a_folder_of_vectors_that_is_none_fails(tmp_path: Path) -> None:
    done = run_tests(tmp_path, SKIPS, ALTHAN_VECTORS="/absent")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "/absent is no folder" in done.stdout


def test_a_failing_test_shows_its_seed_and_takes_it_back(tmp_path: Path) -> None:
    first, second = run_tests(tmp_path, SEEDED), run_tests(tmp_path, SEEDED)
    line = next(line for line in first.stdout.splitlines() if line.startswith("again: "))
    assert line in second.stdout
    assert int(line.split()[-1]) > 0
    assert run_tests(tmp_path, SEEDED, "--seed", "0").returncode == 0
