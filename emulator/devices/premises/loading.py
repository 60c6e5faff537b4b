"""Finding and reading premises presets: a user's own folders first, then those that come with the program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from emulator.core.errors import BadInput
from emulator.devices.premises.model import HUB, Premises
from emulator.devices.premises.rules import check_premises
from emulator.devices.profile import DeviceProfile
from emulator.devices.profile_loading import built_in_folder, load_profile
from emulator.image.toml import read_model

SUBFOLDER = "premises"


@dataclass(frozen=True, slots=True)
class FurnishedPremises:
    """A premises whose set of bridges is right, with what every device in it is, by name."""

    premises: Premises
    profiles: dict[str, DeviceProfile]


def premises_paths(folders: Sequence[Path] = ()) -> dict[str, Path]:
    """Every preset's file by name; one in an earlier folder's `premises` hides those of that name in later ones."""
    lowest_first = (built_in_folder(), *reversed(folders))
    found = {path.stem: path for folder in lowest_first for path in (folder / SUBFOLDER).glob("*.toml")}
    return dict(sorted(found.items()))


def read_premises(path: Path, folders: Sequence[Path] = ()) -> FurnishedPremises:
    """The premises in a file, its profiles read and its set of bridges checked.

    Raises:
        BadInput: one line naming file, key, value and what is allowed, or why the set is wrong.
    """
    premises = read_model(path, Premises).named(path)
    profiles = {HUB: load_profile(premises.hub, folders)}
    profiles |= {one.name: load_profile(one.profile, folders) for one in (*premises.bridge, *premises.device)}
    check_premises(premises, profiles)
    return FurnishedPremises(premises, profiles)


def load_premises(name_or_path: str | Path, folders: Sequence[Path] = ()) -> FurnishedPremises:
    """The premises of that name, or in that file (known by its `.toml` or a slash).

    Raises:
        BadInput: there is none, or it is wrong.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(".toml") or "/" in text:
        return read_premises(Path(name_or_path), folders)
    paths = premises_paths(folders)
    if text not in paths:
        near = get_close_matches(text, paths, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise BadInput(f"no premises are called {text!r}{hint}", where="premises", allowed=", ".join(paths))
    return read_premises(paths[text], folders)
