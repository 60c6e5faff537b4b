"""The folder of a device on a stick: for one program, one role and one stick, and never half written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64
from emulator.runtime.live.kept_streams import KeptStreams
from emulator.runtime.live.state import LARGEST_FILE, STATE_FILE, LiveState
from emulator.transports.ezsp.memory import HostKey

STICK, OTHER = Eui64(0x00DB_1200_0000_0001), Eui64(0x00DB_1200_0000_0002)


def begun(folder: Path, role: str = "hub") -> LiveState:
    state = LiveState(folder, role)
    state.begin(role, STICK)
    return state


def test_what_is_kept_comes_back_and_every_start_is_counted(tmp_path: Path) -> None:
    state = begun(tmp_path)
    assert state.kept is not None
    state.kept.host.link_keys[OTHER] = HostKey(bytes(range(16)))
    state.kept.device = {"through": ["x"]}
    state.keep()
    state.close()
    again = begun(tmp_path)
    assert again.kept is not None
    assert (again.kept.starts, again.kept.root, again.kept.epoch) == (2, state.kept.root, state.kept.epoch)
    assert again.kept.host.link_keys == {OTHER: HostKey(bytes(range(16)))}
    assert again.kept.device == {"through": ["x"]}


def test_a_folder_in_use_is_refused_and_free_again_afterwards(tmp_path: Path) -> None:
    first = begun(tmp_path)
    with pytest.raises(BadInput, match="is in use"):
        LiveState(tmp_path, "hub")
    first.close()
    LiveState(tmp_path, "hub").close()


def test_a_folder_of_the_other_role_is_refused(tmp_path: Path) -> None:
    begun(tmp_path, "bridge").close()
    with pytest.raises(BadInput, match="belongs to a bridge"):
        LiveState(tmp_path, "hub")
    LiveState(tmp_path, "bridge").close()


def test_a_folder_of_another_stick_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    begun(tmp_path).close()
    before = (tmp_path / STATE_FILE).read_text()
    state = LiveState(tmp_path, "hub")
    with pytest.raises(BadInput, match="belongs to the stick 00db120000000001, this is 00db120000000002"):
        state.begin("hub", OTHER)
    assert (tmp_path / STATE_FILE).read_text() == before


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format": "x"}', "null"])
def test_a_damaged_file_is_one_line_and_is_not_written_over(tmp_path: Path, damage: str) -> None:
    path = tmp_path / STATE_FILE
    path.write_text(damage)
    with pytest.raises(BadInput, match=r"state\.json: damaged"):
        LiveState(tmp_path, "hub")
    assert path.read_text() == damage


@pytest.mark.parametrize("missing", ["role", "eui64", "epoch", "root", "starts", "host", "device"])
def test_a_file_that_lacks_anything_is_damaged(tmp_path: Path, missing: str) -> None:
    begun(tmp_path).close()
    path = tmp_path / STATE_FILE
    stored = json.loads(path.read_text())
    del stored[missing]
    path.write_text(json.dumps(stored))
    with pytest.raises(BadInput, match="damaged"):
        LiveState(tmp_path, "hub")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / STATE_FILE).open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    with pytest.raises(BadInput, match="too large"):
        LiveState(tmp_path, "hub")


def test_keys_are_for_the_owner_of_the_file_alone(tmp_path: Path) -> None:
    begun(tmp_path).close()
    assert (tmp_path / STATE_FILE).stat().st_mode & 0o077 == 0


def test_what_names_a_device_stays_over_starts_and_what_must_not_repeat_does_not() -> None:
    first, second = KeptStreams(7, 1), KeptStreams(7, 2)
    assert first.octets("hub/eui64", 8) == second.octets("hub/eui64", 8)
    assert first.stream("hub/device").random() != second.stream("hub/device").random()
    assert first.stream("hub/device").random() == KeptStreams(7, 1).stream("hub/device").random()
