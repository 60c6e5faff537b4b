"""Make or mend the .venv of a clone; environment.sh runs it when a stamp does not fit.

Standard library only: nothing is installed yet.  It talks on stderr alone, since stdout belongs to the command that the
user typed.  A stamp says `unfinished` before the first step and is true only after the last, so what was interrupted
never looks complete.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

CLONE = Path(__file__).resolve().parent.parent
ENVIRONMENT = CLONE / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
UNFINISHED = b"unfinished"
PIP = (str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input", "install")


class SetUpError(Exception):
    """Set-up cannot go on; the text is for the user."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One set of packages; environment.sh knows the same names and files."""

    name: str
    lock: Path
    editable: bool

    @property
    def stamp(self) -> Path:
        """The file that tells what this stage was made from."""
        return ENVIRONMENT / f"{self.name}.stamp"

    def wanted(self) -> bytes:
        """The stamp of a stage that is complete and up to date."""
        return f"{CLONE}\n".encode() + (CLONE / "pyproject.toml").read_bytes() + self.lock.read_bytes()

    def found(self) -> bytes:
        """The stamp there is; empty where there is none."""
        return self.stamp.read_bytes() if self.stamp.is_file() else b""


RUNTIME = Stage("althan", CLONE / "tools" / "requirements.lock", editable=True)
TEST = Stage("test", CLONE / "tools" / "requirements-test.lock", editable=False)


def say(text: str) -> None:
    """One line on stderr."""
    print(f"althan: {text}", file=sys.stderr, flush=True)


def take_lock(path: Path) -> int:
    """Wait until no other set-up of this clone runs; the kernel lets go of the lock when its holders end."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("another start is setting up this clone; waiting for it")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def run(arguments: tuple[str, ...], lock: int) -> None:
    """Run one step, its stdout to our stderr; SetUpError if it fails.

    It inherits the lock: if this process is killed, the next start waits for the orphan instead of working beside it.
    Its process group is its own, so that Ctrl-C reaches us alone and ends in one line, not in a traceback of the step.
    """
    step = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=sys.stderr, pass_fds=(lock,), process_group=0)
    try:
        status = step.wait()
    except KeyboardInterrupt:
        os.killpg(step.pid, signal.SIGKILL)
        step.wait()
        raise
    if status:
        raise SetUpError(f"set-up failed: {arguments[2]} ended with status {status}; the next start tries again")


def can_be_mended() -> bool:
    """Whether the .venv there is was complete once, in this place, and still runs."""
    stamps = [stage.found() for stage in (RUNTIME, TEST)]
    if any(stamp and not stamp.startswith(f"{CLONE}\n".encode()) for stamp in stamps):
        return False
    if not os.access(PYTHON, os.X_OK):
        return False
    return subprocess.run((*PIP[:3], "--version"), capture_output=True, check=False).returncode == 0


def create(lock: int) -> None:
    """An empty virtual environment in the place of whatever is there."""
    say("setting up .venv (once, about a minute)")
    if ENVIRONMENT.exists():
        shutil.rmtree(ENVIRONMENT)
    ENVIRONMENT.mkdir()
    RUNTIME.stamp.write_bytes(UNFINISHED)
    run((sys.executable, "-m", "venv", str(ENVIRONMENT)), lock)


def install(stage: Stage, lock: int) -> None:
    """Bring one stage up to date."""
    wanted = stage.wanted()
    stage.stamp.write_bytes(UNFINISHED)
    say(f"installing what {stage.lock.relative_to(CLONE)} lists")
    run((*PIP, "--require-hashes", "--requirement", str(stage.lock)), lock)
    if stage.editable:
        run((*PIP, "--no-deps", "--no-build-isolation", "--editable", str(CLONE)), lock)
    stage.stamp.write_bytes(wanted)


def set_up(stages: list[Stage]) -> None:
    """Do whatever is missing, alone."""
    lock = take_lock(CLONE / ".venv.lock")
    if all(stage.found() == stage.wanted() for stage in stages) and os.access(PYTHON, os.X_OK):
        return
    started = time.monotonic()
    if not can_be_mended():
        create(lock)
    for stage in stages:
        if stage.found() != stage.wanted():
            install(stage, lock)
    say(f"ready after {time.monotonic() - started:.0f} s")


def main() -> int:
    """Exit status: 0 ready, 1 failed, 130 interrupted."""
    try:
        set_up([RUNTIME, TEST] if "--test" in sys.argv[1:] else [RUNTIME])
    except KeyboardInterrupt:
        say("set-up interrupted; the next start begins it afresh")
        return 130
    except (SetUpError, OSError) as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
