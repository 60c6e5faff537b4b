"""`althan image`: what it prints, what it writes, and one line with status 2 for whatever cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.image.catalogue import ready_made, recipes_folder
from emulator.image.file import parse
from emulator.image.mutate import MUTATIONS
from tests.control.running import Althan, is_bad_input, runner

KEY = str(recipes_folder() / "keys" / "test_signing_key.pem")
PUBLIC = str(recipes_folder() / "keys" / "test_signing_key.pub.pem")
B1 = str(ready_made("b1"))


@pytest.fixture
def althan(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Althan:
    monkeypatch.chdir(tmp_path)
    return runner("image", capsys)


# --- build -----------------------------------------------------------------------------------------------------------


def test_build_makes_750_kilobytes_from_a_recipe_the_same_every_time(althan: Althan, tmp_path: Path) -> None:
    run = althan("build", "--recipe", "b1")
    assert (run.status, run.err) == (0, "")
    assert run.out.startswith("1B01-00B1-00020000.zigbee: 768000 octets, version 00020000, SHA-256 40fb84f92a0198e8")
    built = (tmp_path / "1B01-00B1-00020000.zigbee").read_bytes()
    althan("build", "--recipe", recipes_folder() / "b1.toml", "--out", "again")
    assert (tmp_path / "again").read_bytes() == built


@pytest.mark.parametrize("name", ["b1", "b2", "b3", "b4", "ppmid"])
def test_build_makes_the_ready_made_images(althan: Althan, tmp_path: Path, name: str) -> None:
    althan("build", "--recipe", name, "--size", "4096", "--out", "small")
    assert (tmp_path / "small").read_bytes() == ready_made(name).read_bytes()


def test_build_from_a_payload_and_options_alone(althan: Althan, tmp_path: Path) -> None:
    (tmp_path / "firmware.bin").write_bytes(b"firmware")
    options = ("--manufacturer", "0x1B01", "--type", "177", "--version", "0x00030000", "--hardware", "0x0100..0x01ff")
    run = althan("build", "--payload", "firmware.bin", *options, "--text", "mine", "--key", KEY, "--out", "image")
    assert run.status == 0
    file = parse((tmp_path / "image").read_bytes())
    assert file.body[:8] == b"firmware"
    assert (file.header.image_type, file.header.version_text, file.header.header_text) == (0x00B1, "00030000", "mine")
    assert (file.header.minimum_hardware_version, file.header.maximum_hardware_version) == (0x0100, 0x01FF)
    assert althan("verify", "image", "--trust", PUBLIC).status == 0


def test_build_fills_a_payload_up_to_a_size(althan: Althan, tmp_path: Path) -> None:
    (tmp_path / "firmware.bin").write_bytes(b"firmware")
    options = ("--manufacturer", "1", "--type", "1", "--version", "1", "--size", "768000", "--out", "image")
    assert althan("build", "--payload", "firmware.bin", *options).status == 0
    assert parse((tmp_path / "image").read_bytes()).size == 768_000


def test_build_takes_a_recipe_with_other_values(althan: Althan, tmp_path: Path) -> None:
    althan("build", "--recipe", "b1", "--version", "00030000", "--hardware", "0x0500", "--size", "1000")
    header = parse((tmp_path / "1B01-00B1-00030000.zigbee").read_bytes()).header
    assert (header.minimum_hardware_version, header.maximum_hardware_version) == (0x0500, 0x0500)


def test_build_writes_into_a_folder_under_the_usual_name(althan: Althan, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    althan("build", "--recipe", "ppmid", "--size", "1000", "--out", "images")
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["121D-0084-00020000.zigbee"]


def test_build_at_the_limit_works_and_one_octet_over_is_refused(althan: Althan, tmp_path: Path) -> None:
    assert althan("build", "--recipe", "b1", "--size", "768000").status == 0
    over = ("build", "--recipe", "b1", "--size", "768001", "--out", "over")
    is_bad_input(althan(*over), "768001 octets", "at most 768000 octets")
    assert not (tmp_path / "over").exists()
    assert althan(*over, "--limit", "768001").status == 0
    assert althan(*over, "--set", "limits.image_octets=768001").status == 0


REQUIRED = {"--manufacturer": "1", "--type": "1", "--version": "1"}


@pytest.mark.parametrize("missing", REQUIRED)
def test_build_names_the_option_that_is_missing(althan: Althan, tmp_path: Path, missing: str) -> None:
    (tmp_path / "firmware.bin").write_bytes(b"firmware")
    options = [word for option, value in REQUIRED.items() if option != missing for word in (option, value)]
    is_bad_input(althan("build", "--payload", "firmware.bin", *options), missing, "is missing")


BAD_BUILDS = {
    "nothing": ([], "nothing to build from", "--recipe FILE, or --payload FILE"),
    "no-such-recipe": (["--recipe", "b9"], "'b9'", "b1, b2, b3, b4, ppmid"),
    "no-such-file": (["--recipe", "none.toml"], "none.toml: no such file"),
    "no-number": (["--recipe", "b1", "--manufacturer", "acme"], "--manufacturer: 'acme'", "0 to 0xFFFF"),
    "too-high": (["--recipe", "b1", "--type", "0x10000"], "--type: '0x10000'", "0 to 0xFFFF"),
    "negative": (["--recipe", "b1", "--version", "-1"], "--version: '-1'", "0 to 0xFFFFFFFF"),
    "range": (["--recipe", "b1", "--hardware", "2..1"], "--hardware: '2..1'", "A..B"),
    "range-no-number": (["--recipe", "b1", "--hardware", "a..b"], "--hardware: 'a'"),
    "text": (["--recipe", "b1", "--text", "x" * 33], "header string", "at most 32 octets"),
    "size": (["--recipe", "b1", "--size", "129"], "129 octets", "at least 130"),
    "size-no-number": (["--recipe", "b1", "--size", "big"], "--size"),
    "key": (["--recipe", "b1", "--key", B1], "b1.zigbee: holds no private key", "P-256"),
    "public-key": (["--recipe", "b1", "--key", PUBLIC], "holds no private key"),
    "no-key": (["--recipe", "b1", "--key", "none.pem"], "none.pem: no such file"),
    "no-payload": (["--recipe", "b1", "--payload", "none.bin"], "none.bin: no such file"),
    "no-folder": (["--recipe", "b1", "--out", "none/image"], "none/image: cannot be written"),
    "standard": (["--recipe", "b1", "--set", "limits.images=1"], "limits.images"),
}


@pytest.mark.parametrize("arguments, words", [(case[0], case[1:]) for case in BAD_BUILDS.values()], ids=BAD_BUILDS)
def test_build_refuses_bad_input(althan: Althan, tmp_path: Path, arguments: list[str], words: tuple[str, ...]) -> None:
    is_bad_input(althan("build", *arguments), *words)
    assert list(tmp_path.iterdir()) == []


def test_build_and_mutate_never_overwrite_what_they_read(althan: Althan, tmp_path: Path) -> None:
    for name in ("firmware.bin", "image"):
        (tmp_path / name).write_bytes(Path(B1).read_bytes())
    (tmp_path / "key.pem").write_bytes(Path(KEY).read_bytes())
    (tmp_path / "mine.toml").write_text(
        (recipes_folder() / "b1.toml").read_text().replace("keys/test_signing_key.pem", "key.pem")
    )
    (tmp_path / "link").symlink_to("image")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    payload = ("--payload", "firmware.bin", "--manufacturer", "1", "--type", "1", "--version", "1")
    for arguments in (
        ("build", *payload, "--out", "firmware.bin"),
        ("build", *payload, "--key", "key.pem", "--out", "key.pem"),
        ("build", "--recipe", "mine.toml", "--out", "mine.toml"),
        ("build", "--recipe", "mine.toml", "--out", "key.pem"),
        ("mutate", "image", "--how", "empty", "--out", "image"),
        ("mutate", "image", "--how", "empty", "--out", "./link"),
    ):
        is_bad_input(althan(*arguments), "would overwrite what is read")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


# --- show ------------------------------------------------------------------------------------------------------------


def test_show_prints_every_field_with_its_name(althan: Althan) -> None:
    run = althan("show", B1)
    assert (run.status, run.err) == (0, "")
    lines = dict(line.split("  ", 1) for line in run.out.splitlines())
    told = {name.strip(): text.strip() for name, text in lines.items()}
    assert told["manufacturer code"] == "0x1b01"
    assert told["file version"] == "00020000"
    assert told["header string"] == "Alt HAN emulator Bridge 1 (test)"
    assert told["total image size"] == "4096 octets"
    assert told["maximum hardware version"] == "0x01ff"
    assert told["SHA-256"] == parse(Path(B1).read_bytes()).sha256().hex()
    assert told["its SHA-256 (CPL hash)"] == parse(Path(B1).read_bytes()).manufacturer_image_sha256().hex()


def test_show_json_is_one_object_and_nothing_else(althan: Althan) -> None:
    run = althan("show", "--json", B1)
    told = json.loads(run.out)
    assert (told["manufacturer_code"], told["image_type"], told["file_version"]) == ("1b01", "00b1", "00020000")
    assert (told["size"], told["form"], told["signature_scheme"]) == (4096, "gb", "ecdsa-p256")


def test_show_finds_the_file_inside_a_wrapper_and_says_so(althan: Althan, tmp_path: Path) -> None:
    (tmp_path / "wrapped").write_bytes(b"NGIS" + bytes(12) + Path(B1).read_bytes() + bytes(5))
    run = althan("show", "wrapped")
    assert run.status == 0
    assert "a maker's, 16 octets before the OTA file and 5 after it" in run.out
    is_bad_input(althan("verify", "wrapped"), "16 octets in, inside a maker's wrapper")
    is_bad_input(althan("mutate", "wrapped", "--how", "empty"), "wrapper")


@pytest.mark.parametrize("name", [name for name, one in MUTATIONS.items() if one.reason == "image-too-large"])
def test_show_reads_what_is_too_large_for_a_bridge(althan: Althan, name: str) -> None:
    althan("mutate", B1, "--how", name, "--out", "big")
    assert althan("show", "big").status == 0


# --- verify ----------------------------------------------------------------------------------------------------------

GOOD_EXPECTATIONS = ("--manufacturer", "0x1B01", "--type", "0x00B1", "--hardware", "0x0102", "--newer-than", "00010000")


def test_verify_says_what_it_checked(althan: Althan) -> None:
    run = althan("verify", B1, *GOOD_EXPECTATIONS, "--trust", PUBLIC)
    assert (run.status, run.err) == (0, "")
    checked = "manufacturer, image type, hardware version, newer version, size limit, signature"
    assert run.out == f"{B1}: nothing speaks against it (checked: {checked})\n"
    assert althan("verify", B1).out.endswith("(checked: size limit)\n")


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (("--manufacturer", "0x1B02"), "wrong-manufacturer"),
        (("--type", "0x00B2"), "wrong-image-type"),
        (("--hardware", "0x0200"), "wrong-hardware"),
        (("--newer-than", "00020000"), "not-an-upgrade"),
        (("--limit", "4095"), "image-too-large"),
        (("--set", "limits.image_octets=4095"), "image-too-large"),
    ],
)
def test_verify_ends_with_1_and_the_reason(althan: Althan, arguments: tuple[str, ...], reason: str) -> None:
    run = althan("verify", B1, *arguments)
    assert (run.status, run.err) == (1, "")
    assert run.out.startswith(f"{reason}: ")
    run = althan("verify", "--json", B1, *arguments)
    told = json.loads(run.out)
    assert (run.status, told["accepted"], [finding["reason"] for finding in told["findings"]]) == (1, False, [reason])


def test_verify_takes_expectations_and_key_from_a_recipe(althan: Althan) -> None:
    assert althan("verify", B1, "--recipe", "b1").status == 0
    run = althan("verify", B1, "--recipe", "b2")
    assert run.status == 1
    assert [line.split(":")[0] for line in run.out.splitlines()] == ["wrong-manufacturer", "wrong-image-type"]


@pytest.mark.parametrize("how", MUTATIONS)
def test_a_mutation_ends_with_1_where_it_can_be_read_and_2_where_it_is_no_ota_file(althan: Althan, how: str) -> None:
    run = althan("mutate", B1, "--how", how, "--key", KEY, "--out", "bad")
    assert run.status == 0
    assert run.out.rstrip().endswith(f"must be refused: {MUTATIONS[how].reason}")
    run = althan("verify", "bad", *GOOD_EXPECTATIONS, "--trust", PUBLIC)
    if run.status == 1:
        assert run.out.startswith(f"{MUTATIONS[how].reason}: ")
        assert run.out.count("\n") == 1
        return
    is_bad_input(run, "bad: ")
    unreadable = {"empty", "truncated", "total-size", "not-an-ota-file", "wrapped", "header-length"}
    assert MUTATIONS[how].reason in unreadable


@pytest.mark.parametrize(
    "name, words",
    [
        ("none", "none: no such file"),
        (".", ".: is a folder"),
        ("empty", "empty: the file is empty"),
        ("text", "text: no OTA file: it begins with 68656c6c"),
    ],
)
@pytest.mark.parametrize("command", [("show",), ("verify",), ("mutate", "--how", "empty")], ids=lambda words: words[0])
def test_what_is_no_ota_file_is_bad_input(
    althan: Althan, tmp_path: Path, command: tuple[str, ...], name: str, words: str
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("hello")
    is_bad_input(althan(*command, name), words)


def test_verify_refuses_a_key_that_cannot_be_trusted(althan: Althan) -> None:
    is_bad_input(althan("verify", B1, "--trust", B1), "b1.zigbee: holds no public key")


# --- mutate ----------------------------------------------------------------------------------------------------------


def test_mutate_lists_every_way_with_its_reason(althan: Althan) -> None:
    lines = althan("mutate", "--list").out.splitlines()
    assert [line.split()[:2] for line in lines] == [[name, one.reason] for name, one in MUTATIONS.items()]


def test_mutate_writes_beside_its_input(althan: Althan, tmp_path: Path) -> None:
    (tmp_path / "good.zigbee").write_bytes(Path(B1).read_bytes())
    althan("mutate", "good.zigbee", "--how", "flip-octet", "--at", "100")
    bad = (tmp_path / "good-flip-octet.zigbee").read_bytes()
    assert [at for at in range(4096) if bad[at] != Path(B1).read_bytes()[at]] == [100]


def test_mutate_names_what_is_missing_or_unknown(althan: Althan) -> None:
    is_bad_input(althan("mutate"), "FILE: is missing", "--list")
    is_bad_input(althan("mutate", B1), "--how: is missing")
    is_bad_input(althan("mutate", B1, "--how", "explode"), "'explode'", "flip-octet")
    is_bad_input(althan("mutate", B1, "--how", "flip-octet", "--at", "4096"), "--at", "0 to 4095")
