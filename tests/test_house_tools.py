"""`tools/althan` and its set-up, with stand-ins for Python, pip and the command itself."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).resolve().parents[1] / "tools"
NEEDED = ("sh", "cat", "cmp", "dirname", "readlink")


def write_script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with a complete .venv, whose `althan` shows its arguments; the path has a space in it."""
    clone = tmp_path / "a clone"
    shutil.copytree(TOOLS, clone / "tools", ignore=shutil.ignore_patterns("__pycache__", "bench"))
    (clone / "pyproject.toml").write_text("first\n")
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").symlink_to(sys.executable)
    write_script(clone / ".venv" / "bin" / "althan", "printf '<%s>' \"$@\"")
    lock = clone / "tools" / "requirements.lock"
    (clone / ".venv" / "althan.stamp").write_text(f"{clone}\nfirst\n{lock.read_text()}")
    return clone


@pytest.fixture
def pythons(tmp_path: Path) -> Path:
    """A folder for PATH with what the scripts need and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in NEEDED:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return folder


def start(
    script: Path, *arguments: str, path: Path | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({"PATH": str(path)} if path else {})
    return subprocess.run(
        [script, *arguments], capture_output=True, text=True, check=False, env=environment, cwd=folder
    )


# --- tools/althan ----------------------------------------------------------------------------------------------------


def test_a_ready_clone_starts_the_command_with_the_very_arguments(clone: Path, pythons: Path) -> None:
    done = start(clone / "tools" / "althan", "image", "a b", "", path=pythons)
    assert (done.returncode, done.stdout, done.stderr) == (0, "<image><a b><>", "")


def test_it_starts_through_a_symbolic_link_from_anywhere(clone: Path, pythons: Path, tmp_path: Path) -> None:
    link = tmp_path / "althan"
    link.symlink_to(clone / "tools" / "althan")
    assert start(link, "x", path=pythons, folder=Path("/")).stdout == "<x>"


def test_the_commands_own_status_comes_through(clone: Path, pythons: Path) -> None:
    write_script(clone / ".venv" / "bin" / "althan", "exit 130")
    assert start(clone / "tools" / "althan", path=pythons).returncode == 130


@pytest.mark.parametrize("change", ["pyproject", "lock", "stamp", "place", "python"])
def test_whatever_changed_is_set_up_again(clone: Path, pythons: Path, change: str) -> None:
    write_script(pythons / "python3", 'case "$1" in -c) echo 3.11.0;; *) echo "set-up: $*" >&2; exit 1;; esac')
    if change == "pyproject":
        (clone / "pyproject.toml").write_text("second\n")
    elif change == "lock":
        (clone / "tools" / "requirements.lock").write_text("other\n")
    elif change == "stamp":
        (clone / ".venv" / "althan.stamp").write_text("unfinished")
    elif change == "place":
        clone = clone.rename(clone.with_name("moved"))
    else:
        (clone / ".venv" / "bin" / "python").unlink()
    done = start(clone / "tools" / "althan", path=pythons)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"set-up: {clone}/tools/environment.py\n"


def test_a_missing_venv_module_names_the_debian_package(clone: Path, pythons: Path) -> None:
    (clone / ".venv" / "althan.stamp").unlink()
    write_script(pythons / "python3.12", 'case "$2" in *ensurepip*) exit 1;; *) echo 3.12.0;; esac')
    done = start(clone / "tools" / "althan", path=pythons)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "install the Debian package python3.12-venv" in done.stderr


def test_an_old_python_is_named(clone: Path, pythons: Path) -> None:
    (clone / ".venv" / "althan.stamp").unlink()
    write_script(pythons / "python3", 'case "$2" in *print*) echo 3.9.2;; *) exit 1;; esac')
    done = start(clone / "tools" / "althan", path=pythons)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "Python 3.11 or newer is needed, found only 3.9.2" in done.stderr


def test_no_python_at_all_is_one_line(clone: Path, pythons: Path) -> None:
    (clone / ".venv" / "althan.stamp").unlink()
    done = start(clone / "tools" / "althan", path=pythons)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "python3" in done.stderr


def test_a_newer_python_is_found_where_the_default_is_too_old(clone: Path, pythons: Path) -> None:
    (clone / ".venv" / "althan.stamp").unlink()
    write_script(pythons / "python3", 'case "$2" in *print*) echo 3.9.2;; *) exit 1;; esac')
    write_script(pythons / "python3.13", 'case "$1" in -c) echo 3.13.0;; *) echo "the newer one" >&2; exit 1;; esac')
    assert start(clone / "tools" / "althan", path=pythons).stderr == "the newer one\n"


# --- tools/environment.py --------------------------------------------------------------------------------------------


@pytest.fixture
def environment(clone: Path) -> ModuleType:
    """The set-up of that clone."""
    spec = importlib.util.spec_from_file_location("environment", clone / "tools" / "environment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["environment"] = module
    spec.loader.exec_module(module)
    return module


Steps = list[tuple[str, ...]]


@pytest.fixture
def steps(environment: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Steps:
    """The steps that set-up would run, written down; making the virtual environment makes its python."""
    steps: Steps = []

    def write_down(arguments: tuple[str, ...], lock: int) -> None:
        steps.append(arguments)
        if arguments[2] == "venv":
            environment.PYTHON.parent.mkdir()
            environment.PYTHON.symlink_to(sys.executable)

    monkeypatch.setattr(environment, "run", write_down)
    return steps


def names(steps: Steps) -> list[str]:
    """venv, lock, editable: what each step does."""
    return [
        "venv" if step[2] == "venv" else "editable" if "--editable" in step else Path(step[-1]).name for step in steps
    ]


def test_a_complete_environment_needs_nothing(environment: ModuleType, steps: Steps) -> None:
    environment.set_up([environment.RUNTIME])
    assert steps == []


def test_test_tools_are_added_to_what_is_there(environment: ModuleType, steps: Steps) -> None:
    environment.set_up([environment.RUNTIME, environment.TEST])
    assert names(steps) == ["requirements-test.lock"]
    assert environment.TEST.found() == environment.TEST.wanted()


def test_a_new_lock_is_installed_in_place(clone: Path, environment: ModuleType, steps: Steps) -> None:
    (clone / "tools" / "requirements.lock").write_text("other\n")
    environment.set_up([environment.RUNTIME])
    assert names(steps) == ["requirements.lock", "editable"]


def test_every_package_is_installed_by_hash(environment: ModuleType, steps: Steps) -> None:
    environment.RUNTIME.stamp.unlink()
    environment.set_up([environment.RUNTIME, environment.TEST])
    assert all("--require-hashes" in step for step in steps if step[-1].endswith(".lock"))
    assert all("--no-deps" in step for step in steps if "--editable" in step)


@pytest.mark.parametrize("stage", ["RUNTIME", "TEST"])
def test_what_was_interrupted_is_made_anew(environment: ModuleType, steps: Steps, stage: str) -> None:
    getattr(environment, stage).stamp.write_bytes(environment.UNFINISHED)
    environment.set_up([environment.RUNTIME, environment.TEST])
    assert names(steps) == ["venv", "requirements.lock", "editable", "requirements-test.lock"]


def test_an_environment_of_another_place_is_made_anew(clone: Path, environment: ModuleType, steps: Steps) -> None:
    environment.RUNTIME.stamp.write_text("/elsewhere\nfirst\n")
    environment.set_up([environment.RUNTIME])
    assert names(steps) == ["venv", "requirements.lock", "editable"]


def test_a_step_that_fails_leaves_no_stamp_that_looks_complete(
    environment: ModuleType, steps: Steps, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(arguments: tuple[str, ...], lock: int) -> None:
        raise environment.SetUpError("no network")

    environment.RUNTIME.stamp.unlink()
    monkeypatch.setattr(environment, "run", fail)
    monkeypatch.setattr(sys, "argv", ["environment.py"])
    assert environment.main() == 1
    assert environment.RUNTIME.found() == environment.UNFINISHED
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.endswith("althan: no network\n")


def test_an_interruption_leaves_no_stamp_that_looks_complete(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(arguments: tuple[str, ...], lock: int) -> None:
        raise KeyboardInterrupt

    environment.RUNTIME.stamp.unlink()
    monkeypatch.setattr(environment, "run", interrupt)
    monkeypatch.setattr(sys, "argv", ["environment.py"])
    assert environment.main() == 130
    assert environment.RUNTIME.found() == environment.UNFINISHED
    assert "Traceback" not in capsys.readouterr().err


def test_a_step_says_how_it_ended(environment: ModuleType) -> None:
    lock = environment.take_lock(environment.CLONE / ".venv.lock")
    environment.run((sys.executable, "-c", "pass"), lock)
    with pytest.raises(environment.SetUpError, match="status 3"):
        environment.run((sys.executable, "-c", "raise SystemExit(3)"), lock)
    os.close(lock)


def test_two_starts_do_not_set_up_at_once(environment: ModuleType) -> None:
    path = environment.CLONE / ".venv.lock"
    held = environment.take_lock(path)
    second = os.open(path, os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(held)
    fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(second)


def test_waiting_for_another_start_says_so(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[int] = []

    def flock(lock: int, operation: int) -> None:
        asked.append(operation)
        if operation & fcntl.LOCK_NB:
            raise BlockingIOError

    monkeypatch.setattr(environment.fcntl, "flock", flock)
    os.close(environment.take_lock(environment.CLONE / ".venv.lock"))
    assert asked == [fcntl.LOCK_EX | fcntl.LOCK_NB, fcntl.LOCK_EX]
    assert "waiting" in capsys.readouterr().err
