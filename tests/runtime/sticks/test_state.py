"""The file of a stick has what was there before, or what is there now."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64
from emulator.ncp.bootloader.firmware_metadata import StackVersion
from emulator.ncp.bootloader.gbl_image import BootloaderVersion
from emulator.ncp.firmware import Firmware
from emulator.ncp.flash import Flash
from emulator.observe.part_file import PartFile
from emulator.runtime.sticks.state import StickState, read_state
from emulator.zigbee.node.memory import NodeMemory

NEWER = Firmware(bytes(32), 20_000, StackVersion(8, 1, 0))


def kept(folder: Path) -> tuple[Path, Flash, StickState]:
    path, flash = folder / "stick.json", Flash(Eui64(1))
    state = StickState(path, flash, NodeMemory())
    state.keep()
    return path, flash, state


def flash_in(path: Path) -> Flash:
    found = read_state(path)
    assert found is not None
    return found[0]


def test_firmware_and_bootloader_are_in_the_file_once_they_are_said_to_have_changed(tmp_path: Path) -> None:
    path, flash, state = kept(tmp_path)
    flash.install(NEWER)
    flash.bootloader = BootloaderVersion(2, 3, 4)
    state.changed()
    state.keep()
    assert flash_in(path) == flash
    assert flash_in(path).version == 16


def test_what_cannot_be_written_leaves_the_old_firmware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, flash, state = kept(tmp_path)

    def full(self: PartFile) -> None:
        raise BadInput("no space left on device")

    monkeypatch.setattr(PartFile, "publish", full)
    flash.install(NEWER)
    state.changed()
    with pytest.raises(BadInput, match="no space"):
        state.keep()
    assert flash_in(path).firmware is None
    assert sorted(each.name for each in tmp_path.iterdir()) == ["stick.json"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"memory": 1}', "[" * 100_000])
def test_a_damaged_file_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "stick.json"
    path.write_text(text)
    with pytest.raises(BadInput, match="damaged") as refused:
        read_state(path)
    assert "\n" not in str(refused.value)


def test_damaged_firmware_is_said_of_the_file(tmp_path: Path) -> None:
    path, flash, state = kept(tmp_path)
    flash.install(NEWER)
    state.changed()
    state.keep()
    path.write_text(path.read_text().replace('"8.1.0.0"', '"8.1"'))
    with pytest.raises(BadInput, match=r"stick\.json: damaged: .*stack version"):
        read_state(path)
