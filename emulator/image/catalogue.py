"""Where recipes and ready-made images are: a user's own folder first, then the ones that come with the program."""

from __future__ import annotations

from pathlib import Path

from emulator.core.errors import BadInput
from emulator.image.recipe import Recipe, load_recipe

_PACKAGE = Path(__file__).resolve().parents[1]


def recipes_folder() -> Path:
    """The folder that comes with the program: package data of an installed wheel, or the top level of a checkout."""
    installed = _PACKAGE / "_data" / "firmware_images"
    return installed if installed.is_dir() else _PACKAGE.parent / "firmware_images"


def recipe_paths(own: Path | None = None) -> dict[str, Path]:
    """Every recipe by name, which is its file name without `.toml`; one in `own` hides ours of that name."""
    folders = [recipes_folder()] + ([own] if own is not None else [])
    found = {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}
    return dict(sorted(found.items()))


def find_recipe(name: str, own: Path | None = None) -> Recipe:
    """The recipe of that name, or in that file; BadInput where there is none, or it is wrong."""
    paths = recipe_paths(own)
    if name in paths:
        return load_recipe(paths[name])
    if not Path(name).suffix and not Path(name).exists():
        raise BadInput(f"no recipe is called {name!r}", where="recipe", allowed=f"a file, or {', '.join(paths)}")
    return load_recipe(Path(name))


def recipe_matching(manufacturer_code: int, image_type: int, own: Path | None = None) -> Recipe:
    """The first recipe for that manufacturer and image type; BadInput where there is none."""
    for path in recipe_paths(own).values():
        recipe = load_recipe(path)
        if (recipe.header.manufacturer, recipe.header.image_type) == (manufacturer_code, image_type):
            return recipe
    what = f"no recipe is for manufacturer 0x{manufacturer_code:04x} and image type 0x{image_type:04x}"
    raise BadInput(what, where="recipe", allowed="an image file")


def ready_made(name: str) -> Path:
    """The small image that comes ready-made for one of our recipes."""
    return recipes_folder() / f"{name}.zigbee"
