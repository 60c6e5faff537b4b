"""Recipes: what they build, and one line for whatever is wrong with one."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from emulator.core.errors import BadInput
from emulator.image.catalogue import find_recipe, ready_made, recipe_matching, recipe_paths, recipes_folder
from emulator.image.file import parse, read_image
from emulator.image.recipe import load_recipe
from emulator.image.signature import SignatureStatus, load_verifier

NAMES = ("b1", "b2", "b3", "b4", "ppmid")
CODES = {
    "b1": (0x1B01, 0x00B1),
    "b2": (0x1B02, 0x00B2),
    "b3": (0x1B03, 0x00B3),
    "b4": (0x1B04, 0x00B4),
    "ppmid": (0x121D, 0x0084),
}
GOOD = """
name = "mine"
[header]
manufacturer = 0x1B01
image_type = 0x00B1
version = 0x00020000
hardware = [0x0100, 0x01FF]
text = "mine"
[payload]
pattern = "pseudo-random"
seed = "mine"
size = 1000
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_a_ready_made_image_is_what_its_recipe_builds(name: str) -> None:
    recipe = find_recipe(name)
    assert recipe.build(recipe.payload.small_size).octets == ready_made(name).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_of_ours_builds_750_kilobytes_for_its_own_device(name: str) -> None:
    file = find_recipe(name).build()
    assert file.size == 768_000
    assert file.is_gb_form
    header = file.header
    assert (header.manufacturer_code, header.image_type) == CODES[name]
    assert (header.file_version, header.takes_hardware(0x0102)) == (0x00020000, True)
    assert load_verifier(recipes_folder() / "keys" / "test_signing_key.pub.pem")(file.octets) is SignatureStatus.GOOD


def test_the_big_image_of_bridge_1_is_the_same_on_every_machine() -> None:
    digest = hashlib.sha256(find_recipe("b1").build().octets).hexdigest()
    assert digest == "40fb84f92a0198e88c077ba381c755674d627199a476d34ce768bd86f2cccbb6"


def test_the_catalogue_has_all_five_and_finds_them_by_what_they_are_for() -> None:
    assert tuple(recipe_paths()) == NAMES
    for name, (manufacturer, image_type) in CODES.items():
        assert recipe_matching(manufacturer, image_type).name == name
    with pytest.raises(BadInput, match="0x1b01 and image type 0x00b2"):
        recipe_matching(0x1B01, 0x00B2)


def test_a_users_own_folder_comes_first(tmp_path: Path) -> None:
    (tmp_path / "b1.toml").write_text(GOOD)
    (tmp_path / "mine.toml").write_text(GOOD)
    assert find_recipe("b1", tmp_path).name == "mine"
    assert find_recipe("b2", tmp_path).name == "b2"
    assert tuple(recipe_paths(tmp_path)) == ("b1", "b2", "b3", "b4", "mine", "ppmid")


def test_an_installed_package_finds_its_own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "emulator" / "_data" / "firmware_images"
    shutil.copytree(recipes_folder(), data)
    monkeypatch.setattr("emulator.image.catalogue._PACKAGE", tmp_path / "emulator")
    assert recipes_folder() == data
    assert find_recipe("b4").build(4096).octets == ready_made("b4").read_bytes()


def test_an_unknown_recipe_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no recipe is called 'b9'.*b1, b2, b3, b4, ppmid"):
        find_recipe("b9")
    with pytest.raises(BadInput, match="no such file"):
        find_recipe(str(tmp_path / "none.toml"))


def test_a_payload_of_zeros_is_zeros_and_no_elements(tmp_path: Path) -> None:
    text = GOOD.replace('pattern = "pseudo-random"', 'pattern = "zeros"')
    file = load_recipe(written(tmp_path, text)).build()
    assert file.body == bytes(940)
    assert file.is_gb_form


def test_a_payload_file_stands_beside_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "firmware.bin").write_bytes(b"firmware")
    text = GOOD[: GOOD.index("[payload]")] + '[payload]\npattern = "file"\nfile = "firmware.bin"\n'
    path = written(tmp_path, text)
    assert load_recipe(path).build().body == b"firmware"
    assert load_recipe(path).build(70).body == b"firmware\xff\xff"
    assert load_recipe(path).files() == (path, tmp_path / "firmware.bin")
    (tmp_path / "firmware.bin").unlink()
    with pytest.raises(BadInput, match=r"firmware.bin: no such file"):
        load_recipe(path).build()


def test_a_header_without_hardware_versions_can_be_asked_for(tmp_path: Path) -> None:
    text = GOOD.replace("hardware = [0x0100, 0x01FF]", "security_credential_version = 1")
    header = load_recipe(written(tmp_path, text)).build().header
    assert (header.field_control, header.security_credential_version) == (0x0001, 1)


def test_a_recipe_over_the_limit_is_refused(tmp_path: Path) -> None:
    recipe = load_recipe(written(tmp_path, GOOD.replace("1000", "768_001")))
    with pytest.raises(BadInput, match=r"768001 octets.*at most 768000"):
        recipe.build()
    assert recipe.build(limit=768_001).size == 768_001


def bad(change: tuple[str, str], *words: str) -> tuple[str, tuple[str, ...]]:
    assert change[0] in GOOD
    return GOOD.replace(*change), words


BAD = {
    "unknown-table": bad(("[payload]", "[body]"), "body: unknown key", "name, header, payload, signature"),
    "unknown-key": bad(("seed =", "sed ="), "payload.sed: unknown key", "pattern, seed, file, size, small_size"),
    "key-missing": bad(("version = 0x00020000\n", ""), "header.version: this key is missing"),
    "table-missing": bad((GOOD, 'name = "x"'), "header: this key is missing"),
    "too-high": bad(("0x1B01", "0x10000"), "header.manufacturer: 65536", "less than or equal to 65535"),
    "negative": bad(("0x00B1", "-1"), "header.image_type: -1", "greater than or equal to 0"),
    "text-for-number": bad(("0x00020000", '"2"'), "header.version: '2'", "a valid integer"),
    "truth-for-number": bad(("0x00020000", "true"), "header.version: True", "a valid integer"),
    "fraction": bad(("1000", "1000.5"), "payload.size: 1000.5", "a valid integer"),
    "number-for-text": bad(('"mine"\n[header]', "5\n[header]"), "name: 5", "a valid string"),
    "number-for-table": bad(("[payload]", "payload.x = 1\n[header.y]"), "header.payload: unknown key"),
    "range-of-one": bad(("[0x0100, 0x01FF]", "[0x0100]"), "header.hardware: [256]", "at least 2 items"),
    "range-inside-out": bad(("[0x0100, 0x01FF]", "[2, 1]"), "header.hardware: the lowest version comes first"),
    "range-too-high": bad(("0x01FF", "0x1FFFF"), "header.hardware.1: 131071", "less than or equal to 65535"),
    "text-too-long": bad(('text = "mine"', f'text = "{"é" * 17}"'), "header.text: 34 octets, at most 32"),
    "unknown-pattern": bad(("pseudo-random", "ones"), "payload.pattern: 'ones'", "'pseudo-random', 'zeros' or 'file'"),
    "file-without-name": bad(("pseudo-random", "file"), "payload.file: goes with pattern"),
    "name-without-file": bad(("seed =", "file ="), "payload.file: goes with pattern"),
    "no-size": bad(("size = 1000", ""), "payload.size: needed unless the payload is a file"),
    "size-too-small": bad(("1000", "59"), "payload.size: 59", "greater than or equal to 60"),
    "unknown-scheme": bad((GOOD, GOOD + '[signature]\nscheme = "rsa"'), "signature.scheme: 'rsa'", "'none' or 'ecdsa"),
    "scheme-without-key": bad((GOOD, GOOD + '[signature]\nscheme = "ecdsa-p256"'), "signature.key: goes with scheme"),
    "key-without-scheme": bad((GOOD, GOOD + '[signature]\nkey = "a.pem"'), "signature.key: goes with scheme"),
    "no-toml": bad((GOOD, "name = "), "is no TOML", "Invalid value"),
    "key-twice": bad(("seed =", "size = 1\nseed ="), "is no TOML"),
    "nested-too-deeply": bad((GOOD, "name = " + "[" * 5000), "is nested too deeply"),
    "long-value": bad(('"mine"\n[header]', f"[{'1,' * 500}]\n[header]"), "...", "a valid string"),
}


@pytest.mark.parametrize("text, words", BAD.values(), ids=BAD.keys())
def test_a_bad_recipe_is_one_line_with_file_key_value_and_what_is_allowed(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(BadInput) as caught:
        load_recipe(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    assert len(line) - len(str(path)) < 300
    for word in words:
        assert word in line


def test_a_recipe_that_is_no_text_is_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="UTF-8"):
        load_recipe(path)


def test_a_key_that_cannot_sign_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("no key")
    text = GOOD + '[signature]\nscheme = "ecdsa-p256"\nkey = "a.pem"'
    with pytest.raises(BadInput, match=r"a.pem: holds no private key"):
        load_recipe(written(tmp_path, text)).build()


@pytest.mark.parametrize("name", NAMES)
def test_a_ready_made_image_can_be_read_by_anybody(name: str) -> None:
    path = ready_made(name)
    assert parse(path.read_bytes()) == read_image(path, 768_000)
