"""The same seed and scenario give the same octets, in whatever process; another seed gives others."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.e2e.command import SMALL, althan, environment

pytestmark = pytest.mark.e2e

FILES = ("events.jsonl", "han.pcap", "keys.txt", "junit.xml")


def digests(folder: Path, hash_seed: str, *options: object) -> dict[str, str]:
    """SHA-256 of the files of a run in a process of its own."""
    name = f"run-{len(list(folder.iterdir()))}"
    done = althan(
        "demo", "--json", "--size", SMALL, "--out", name, *options,
        folder=folder, env=environment(PYTHONHASHSEED=hash_seed),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    written = [folder / name / file for file in FILES]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in written if path.exists()}


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--loss", 20],
        ["--hops", 2, "--loss", 5],
        ["--profile", "bridge-1", "--profile", "bridge-4", "--profile", "bridge-1"],
        ["--fidelity", "aps", "--loss", 20],
        ["--page-requests", "--loss", 10],
    ],
    ids=["default", "loss", "hops", "several", "aps", "pages"],
)
def test_the_same_seed_gives_the_same_octets_in_another_process(tmp_path: Path, options: list[object]) -> None:
    first, second = (digests(tmp_path, hash_seed, *options) for hash_seed in ("0", "4711"))
    assert first == second
    assert "events.jsonl" in first


def test_another_seed_gives_other_octets(tmp_path: Path) -> None:
    first, second = (digests(tmp_path, "0", "--seed", seed) for seed in (1, 2))
    assert all(first[name] != second[name] for name in ("events.jsonl", "han.pcap", "keys.txt"))


def test_where_the_files_go_changes_nothing_in_them(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    assert digests(tmp_path, "0") == digests(tmp_path / "elsewhere", "0")
