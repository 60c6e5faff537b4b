"""Flash in files: what was written is there for the next program, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.core.errors import BadInput
from emulator.devices.bridge.memory import BridgeMemory
from emulator.image.flash import ERASED
from emulator.runtime.live.file_flash import LARGEST_REGION, FileFlash
from emulator.zigbee.clusters.ota import ImageIdentity

IMAGE = ImageIdentity(0x1B01, 0x00B1, 0x0002_0000, 1_000)


def test_what_was_written_is_there_for_the_next_program(tmp_path: Path) -> None:
    flash = FileFlash(tmp_path)
    region = flash.region("bridge/state")
    flash.write(region, 0, b"abcdef")
    flash.write(region, 2, b"XY")
    assert bytes(FileFlash(tmp_path).region("bridge/state")) == b"abXYef"


def test_an_erased_region_is_erased_for_the_next_program_whatever_it_held(tmp_path: Path) -> None:
    flash = FileFlash(tmp_path)
    flash.write(flash.region("slot"), 0, b"z" * 50)
    flash.erase("slot", 20)
    assert bytes(FileFlash(tmp_path).region("slot")) == ERASED * 20


def test_what_an_owner_filled_without_a_write_goes_along_with_the_first_one(tmp_path: Path) -> None:
    flash = FileFlash(tmp_path)
    region = flash.region("record")
    region.extend(ERASED * 8)
    flash.write(region, 6, b"ab")
    assert bytes(FileFlash(tmp_path).region("record")) == ERASED * 6 + b"ab"


def test_a_bridge_finds_a_half_received_image_where_it_left_it(tmp_path: Path) -> None:
    store = BridgeMemory(FileFlash(tmp_path)).images(2_000, 0x0001_0000)
    store.begin(IMAGE)
    store.write(0, b"\x55" * 64)
    after = BridgeMemory(FileFlash(tmp_path)).images(2_000, 0x0001_0000)
    assert (after.identity, after.received) == (IMAGE, 64)
    assert bytes(after.read(0, 64)) == b"\x55" * 64


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    flash = FileFlash(tmp_path)
    flash.write(flash.region("bridge/state"), 0, b"keys")
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o077 == 0


def test_a_file_that_no_region_has_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "slot.flash").open("wb") as file:
        file.truncate(LARGEST_REGION + 1)
    with pytest.raises(BadInput, match=r"slot\.flash: too large"):
        FileFlash(tmp_path).region("slot")
