"""The Python that README.md shows runs, as it stands there, and prints that the update was activated."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.e2e.command import TOP, environment

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def example() -> str:
    """The first Python block that uses the API."""
    blocks = [block for block in BLOCK.findall((TOP / "README.md").read_text()) if "emulator.simulate(" in block]
    assert blocks, "README.md shows no emulator.simulate("
    return str(blocks[0])


def program(block: str) -> str:
    """The block as a whole program: awaits at its top level go into a coroutine."""
    if "asyncio.run(" in block:
        return block
    imports = [line for line in block.splitlines() if re.match(r"(import|from) ", line)]
    rest = [line for line in block.splitlines() if line not in imports]
    body = textwrap.indent("\n".join(rest), "    ")
    return "\n".join(["import asyncio", "import emulator", *imports, "async def main():", body, "asyncio.run(main())"])


def test_the_python_of_the_readme_runs_as_it_stands_there(tmp_path: Path) -> None:
    script = tmp_path / "readme.py"
    script.write_text(program(example()))
    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False, timeout=240
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "True" in done.stdout
    assert "00020000" in done.stdout
