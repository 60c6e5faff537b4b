"""README.md prints the SHA-256 of the default demo's event log and capture: these are those."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from tests.e2e.command import TOP, althan

DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


def printed(file: str) -> str:
    """The digest on the one line of README.md that names `file` and has a digest."""
    lines = [line for line in (TOP / "README.md").read_text().splitlines() if file in line and DIGEST.search(line)]
    assert len(lines) == 1, f"README.md: {len(lines)} lines have {file} and a SHA-256"
    (digest,) = DIGEST.findall(lines[0])
    assert isinstance(digest, str)
    return digest


@pytest.mark.e2e
def test_the_digests_in_the_readme_are_those_of_the_default_demo(tmp_path: Path) -> None:
    done = althan("demo", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    files = ("events.jsonl", "han.pcap")
    found = {name: hashlib.sha256((tmp_path / "althan-demo" / name).read_bytes()).hexdigest() for name in files}
    assert found == {name: printed(name) for name in files}
