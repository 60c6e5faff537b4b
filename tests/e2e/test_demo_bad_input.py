"""Bad input: exit status 2, one line that says what, where and what is allowed, and nothing written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.image.catalogue import find_recipe
from emulator.image.file import OtaFile
from emulator.image.mutate import mutate
from tests.e2e.command import SMALL, Demo, Run


def bad(run: Run, *words: str) -> None:
    """One line on stderr with these words, status 2, nothing on stdout, nothing on disk."""
    assert run.status == 2
    assert run.out == ""
    assert run.err.startswith("althan: ")
    assert run.err.count("\n") == 1
    assert run.err.endswith("\n")
    for word in words:
        assert word in run.err
    assert not run.folder.exists()


def _cut(octets: bytes) -> bytes:
    return octets[:-1]


def _none(_octets: bytes) -> bytes:
    return b""


def _no_magic(octets: bytes) -> bytes:
    return b"\x00" + octets[1:]


def _long_header(octets: bytes) -> bytes:
    return octets[:6] + (len(octets) + 1).to_bytes(2, "little") + octets[8:]


def _short_header(octets: bytes) -> bytes:
    return octets[:6] + (10).to_bytes(2, "little") + octets[8:]


def _long_total(octets: bytes) -> bytes:
    return octets[:52] + (len(octets) + 1).to_bytes(4, "little") + octets[56:]


def _short_total(octets: bytes) -> bytes:
    return octets[:52] + (len(octets) - 1).to_bytes(4, "little") + octets[56:]


@pytest.mark.parametrize(
    "spoil",
    [_cut, _none, _no_magic, _long_header, _short_header, _long_total, _short_total],
    ids=lambda each: each.__name__,
)
def test_a_file_that_is_no_ota_file_is_bad_input(demo: Demo, tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "bad.zigbee"
    path.write_bytes(spoil(find_recipe("b1").build(size=4_096).octets))
    bad(demo("--image", path), str(path))


def test_a_missing_file_is_bad_input(demo: Demo, tmp_path: Path) -> None:
    bad(demo("--image", tmp_path / "missing.zigbee"), "missing.zigbee")


def test_a_folder_is_no_ota_file(demo: Demo, tmp_path: Path) -> None:
    bad(demo("--image", tmp_path), str(tmp_path))


def test_the_limit_itself_is_allowed_and_one_octet_over_is_not(demo: Demo) -> None:
    bad(demo("--size", 768_001), "--size", "768000")
    bad(demo("--size", 5_001, "--set", "limits.image_octets=5000"), "5000")
    assert demo("--size", 5_000, "--set", "limits.image_octets=5000").status == 0


def test_an_image_over_the_limit_is_bad_input_before_anything_runs(demo: Demo, tmp_path: Path) -> None:
    image: OtaFile = find_recipe("b1").build(size=4_096)
    path = tmp_path / "big.zigbee"
    path.write_bytes(mutate(image, "over-limit"))
    bad(demo("--image", path), "768000")


@pytest.mark.parametrize(
    "options, words",
    [
        (["--profile", "bridge-9"], ["bridge-9", "bridge-1"]),
        (["--profile", "hub"], ["hub"]),
        (["--loss", "-1"], ["--loss", "0 to 90"]),
        (["--loss", "100"], ["--loss", "0 to 90"]),
        (["--loss", "nan"], ["--loss"]),
        (["--loss", "much"], ["--loss"]),
        (["--block-size", "0"], ["--block-size", "1 to 255"]),
        (["--block-size", "256"], ["--block-size", "1 to 255"]),
        (["--min-block-period", "-1"], ["--min-block-period"]),
        (["--min-block-period", "65535"], ["--min-block-period", "65534"]),
        (["--hops", "0"], ["--hops", "1 to 6"]),
        (["--hops", "7"], ["--hops", "1 to 6"]),
        (["--size", "0"], ["--size"]),
        (["--size", "511"], ["--size", "512"]),
        (["--fidelity", "photons"], ["photons", "frames", "aps"]),
        (["--set", "nonsense=1"], ["nonsense"]),
        (["--set", "ota_block_octets=0"], ["ota_block_octets", "1 to 255"]),
        (["--set", "ota_block_octets"], ["ota_block_octets"]),
        (["--trust", "key.pem"], ["--image", "--trust"]),
        (["--strict"], ["--image", "--strict"]),
        (["--seed", "one"], ["--seed"]),
        (["--nonsense"], ["--nonsense"]),
        (["surplus"], ["surplus"]),
    ],
    ids=lambda value: " ".join(value) if value and value[0].startswith("-") else "",
)
def test_a_bad_option_is_named_with_what_is_allowed(demo: Demo, options: list[str], words: list[str]) -> None:
    bad(demo(*options), *words)


def test_seven_type_1_devices_are_too_many(demo: Demo) -> None:
    bad(demo.small(*["--profile", "bridge-1"] * 7), "7", "limits.type1_devices")


def test_relays_count_as_type_1_devices(demo: Demo) -> None:
    bad(demo.small("--hops", 3, *["--profile", "bridge-1"] * 5), "7", "limits.type1_devices")


def test_more_of_them_are_a_matter_of_the_standards(demo: Demo) -> None:
    run = demo("--size", 1_024, "--set", "limits.type1_devices=7", "--fidelity", "aps", *["--profile", "bridge-1"] * 7)
    assert run.status == 0


def test_a_key_that_is_none_is_bad_input(demo: Demo, tmp_path: Path) -> None:
    image, key = tmp_path / "good.zigbee", tmp_path / "key.pem"
    image.write_bytes(find_recipe("b1").build(size=4_096).octets)
    key.write_text("no key")
    bad(demo("--image", image, "--trust", key), "key.pem")
    bad(demo("--image", image, "--trust", tmp_path / "missing.pem"), "missing.pem")


def test_a_profile_with_an_unknown_key_or_a_bad_value_is_bad_input(demo: Demo, tmp_path: Path) -> None:
    from tests.e2e.command import TOP

    good = (TOP / "hw_profiles" / "bridge-1.toml").read_text()
    path = tmp_path / "mine.toml"
    path.write_text(f"colour = 'red'\n{good}")
    bad(demo("--profile", path), "mine.toml", "colour")
    path.write_text(good.replace('kind = "bridge"', 'kind = "bride"'))
    bad(demo("--profile", path), "mine.toml", "kind", "bridge")


def test_a_folder_that_cannot_be_made_or_written_is_bad_input(demo: Demo, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    run = demo.small("--out", tmp_path / "file" / "run")
    assert run.status == 2
    assert run.err.count("\n") == 1
    assert str(tmp_path / "file") in run.err
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.may_skip
def test_a_folder_that_is_not_ours_to_write_is_bad_input(demo: Demo, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    run = demo.small("--out", locked / "run")
    assert run.status == 2
    assert run.err.count("\n") == 1


def test_what_was_in_the_folder_stays_where_the_input_is_bad(demo: Demo, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "summary.json").write_text("of before")
    assert demo("--size", 1, "--out", folder).status == 2
    assert [path.name for path in folder.iterdir()] == ["summary.json"]
    assert (folder / "summary.json").read_text() == "of before"


def test_a_run_replaces_the_files_of_the_one_before(demo: Demo, tmp_path: Path) -> None:
    folder = tmp_path / "again"
    assert demo.small("--out", folder).status == 0
    first = (folder / "han.pcap").read_bytes()
    assert demo("--size", SMALL, "--seed", 2, "--out", folder).status == 0
    assert (folder / "han.pcap").read_bytes() != first
    assert not list(folder.glob("*.part"))
