"""Finding and reading profiles: a user's own folders first, then those that come with the program."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from emulator.core.errors import BadInput
from emulator.devices.profile import DeviceProfile, HubProfile, JoinerProfile, Kind, LightProfile
from emulator.image.toml import read_model

_MODELS: dict[Kind, type[DeviceProfile]] = {
    "bridge": JoinerProfile,
    "ppmid": JoinerProfile,
    "hub": HubProfile,
    "esme": LightProfile,
    "gsme": LightProfile,
    "ihd": LightProfile,
    "cad": LightProfile,
    "hcalcs": LightProfile,
}
_PACKAGE = Path(__file__).resolve().parents[1]


class _Kind(BaseModel):
    """The one key that says what the others may be."""

    model_config = ConfigDict(extra="ignore")
    kind: Kind


def built_in_folder() -> Path:
    """The folder that comes with the program: package data of an installed wheel, or the top level of a checkout."""
    installed = _PACKAGE / "_data" / "hw_profiles"
    return installed if installed.is_dir() else _PACKAGE.parent / "hw_profiles"


def profile_paths(folders: Sequence[Path] = (), below: str = "") -> dict[str, Path]:
    """Every profile's file by name; one in an earlier folder hides those of that name in later ones, ours come last.

    Args:
        folders: where to look before the folder that comes with the program; BadInput if one is none.
        below: the folder in each that the profiles are in; it may be absent.
    """
    for folder in folders:
        if not folder.is_dir():
            raise BadInput("is no folder", where=str(folder), allowed="a folder of profiles, *.toml")
    lowest_first = (built_in_folder(), *reversed(folders))
    found = {path.stem: path for folder in lowest_first for path in (folder / below).glob("*.toml")}
    return dict(sorted(found.items()))


def profile_file(
    name_or_path: str | Path, folders: Sequence[Path] = (), below: str = "", what: str = "profile"
) -> Path:
    """The file of that name, or that file itself (known by its `.toml` or a slash); BadInput if there is none."""
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(".toml") or "/" in text:
        return Path(name_or_path)
    paths = profile_paths(folders, below)
    if text not in paths:
        near = get_close_matches(text, paths, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise BadInput(f"no {what} is called {text!r}{hint}", where=what, allowed=", ".join(paths))
    return paths[text]


def profiles(folders: Sequence[Path] = ()) -> list[DeviceProfile]:
    """Every profile there is, by name; BadInput if one of them is wrong."""
    return [read_profile(path) for path in profile_paths(folders).values()]


def read_profile(path: Path) -> DeviceProfile:
    """The profile in a file; BadInput, one line naming file, key, value and what is allowed, if anything is wrong."""
    return read_model(path, _MODELS[read_model(path, _Kind).kind]).named(path)


def load_profile(name_or_path: str | Path, folders: Sequence[Path] = ()) -> DeviceProfile:
    """The profile of that name, or in that file.

    Args:
        name_or_path: a name such as `bridge-1`; or a path, known by its `.toml` or a slash.
        folders: where to look before the folder that comes with the program.

    Raises:
        BadInput: there is none, or it is wrong.
    """
    return read_profile(profile_file(name_or_path, folders))


def load_joiner(name_or_path: str | Path, folders: Sequence[Path] = ()) -> JoinerProfile:
    """The same, where it must be a bridge or a PPMID."""
    found = load_profile(name_or_path, folders)
    if not isinstance(found, JoinerProfile):
        raise BadInput(f"{found.name!r} is a {found.kind}", where="profile", allowed="a bridge or a PPMID")
    return found


def load_light(name_or_path: str | Path, folders: Sequence[Path] = ()) -> LightProfile:
    """The same, where it must be a device around the bridges."""
    found = load_profile(name_or_path, folders)
    if not isinstance(found, LightProfile):
        allowed = "an ESME, a GSME, an IHD, a CAD or an HCALCS"
        raise BadInput(f"{found.name!r} is a {found.kind}", where="profile", allowed=allowed)
    return found


def load_hub(name_or_path: str | Path, folders: Sequence[Path] = ()) -> HubProfile:
    """The same, where it must be a hub."""
    found = load_profile(name_or_path, folders)
    if not isinstance(found, HubProfile):
        raise BadInput(f"{found.name!r} is a {found.kind}", where="profile", allowed="a hub")
    return found
