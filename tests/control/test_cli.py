"""The command line as a whole: what goes wrong is one line and a status, results alone are on stdout."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

import emulator
from emulator.control.cli import app as cli
from emulator.control.cli.app import COMMANDS, main
from emulator.core.errors import BadInput
from emulator.core.standards import SWITCHES

ALTHAN = [sys.executable, "-m", "emulator"]


def one_line(text: str) -> str:
    assert text.startswith("althan: ")
    assert text.endswith("\n")
    assert text.count("\n") == 1
    return text


def stand_in(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """A command `fail` that raises `error`."""
    app = typer.Typer(add_completion=False)

    @app.command()
    def fail() -> None:
        raise error

    monkeypatch.setitem(COMMANDS, "fail", ("tests.stand_in", "Fail."))
    monkeypatch.setattr(cli, "import_module", lambda name: type("Module", (), {"app": app}))


# --- help and version ------------------------------------------------------------------------------------------------


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"althan {emulator.__version__}\n"


def test_help_lists_every_command_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    for name, (_, summary) in COMMANDS.items():
        assert [name, *summary.split()] in lines


def test_help_and_version_import_nothing_heavy() -> None:
    script = (
        "import sys; from emulator.control.cli.app import main\n"
        "for option in ('--help', '--version'): main([option])\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "typer" in loaded
    assert loaded.isdisjoint(
        {"aiohttp", "bellows", "construct", "cryptography", "pydantic", "rich", "zigpy", "asyncio"}
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_plain_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: althan {name} ")
    assert "completion" not in text
    assert text.isascii()  # no boxes of rich


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_leaves_its_errors_to_main(name: str) -> None:
    app = import_module(COMMANDS[name][0]).app
    assert app.pretty_exceptions_enable is False
    assert app.rich_markup_mode is None


def test_without_a_command_help_is_shown_and_the_status_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("Usage: althan ")


# --- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments,said",
    [
        (["nonsense"], "no command is called 'nonsense' (allowed: bridge, "),
        (["--nonsense"], "--nonsense"),
        (["standards", "--nonsense"], "--nonsense"),
        (["standards", "extra"], "extra"),
        (["standards", "--set"], "--set"),
        (["standards", "--set", "ota_block_octets"], "allowed: NAME=VALUE"),
        (["standards", "--set", "nonsense=1"], "nonsense"),
        (["standards", "--set", "ota_block_octets=0"], "allowed: 1 to 255"),
        (["profiles", "nonsense"], "bridge-1"),
        (["profiles", "--profiles", "/nonsense"], "/nonsense: is no folder"),
    ],
)
def test_bad_input_is_one_line_on_stderr_and_status_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in one_line(shown.err)


def test_bad_input_of_several_lines_becomes_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(monkeypatch, BadInput("this\nand that", where="file", allowed="less"))
    assert main(["fail"]) == 2
    assert capsys.readouterr().err == "althan: file: this and that (allowed: less)\n"


def test_a_command_chooses_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, typer.Exit(1))
    assert main(["fail"]) == 1


def test_an_interruption_is_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stand_in(monkeypatch, KeyboardInterrupt())
    assert main(["fail"]) == 130
    assert capsys.readouterr().out == ""


def test_a_mistake_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, RuntimeError("ours"))
    with pytest.raises(RuntimeError, match="ours"):
        main(["fail"])


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    with subprocess.Popen([*ALTHAN, "standards"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() in {1, -signal.SIGPIPE}


# --- althan standards ------------------------------------------------------------------------------------------------


def test_standards_lists_every_switch_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["standards"]) == 0
    text = capsys.readouterr().out
    words = " ".join(text.split())
    for switch in SWITCHES:
        assert f"{switch.name} = " in text
        assert f"allowed {switch.allowed_text()} why {switch.why} source {switch.source}" in words


def test_standards_fits_the_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert main(["standards"]) == 0
    assert max(len(line) for line in capsys.readouterr().out.splitlines()) <= 60


def test_standards_as_json_has_six_facts_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["standards", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == [switch.name for switch in SWITCHES]
    for row, switch in zip(rows, SWITCHES, strict=True):
        assert set(row) == {"name", "value", "default", "allowed", "why", "source"}
        assert row["value"] == row["default"] == switch.default


def test_standards_shows_what_is_set_beside_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["standards", "--set", "ota_block_octets=40", "--set", "ota_aps_acks=false"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "ota_block_octets = 40   (default 50)" in lines
    assert "ota_aps_acks = false   (default true)" in lines


# --- althan profiles -------------------------------------------------------------------------------------------------


def test_profiles_lists_names_kinds_and_descriptions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profiles"]) == 0
    rows = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert ["bridge-1", "bridge", "Bridge 1 (B1), fed from the distribution network"] in rows
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


def test_profiles_as_json_is_a_list_of_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profiles", "--json"]) == 0
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert found["bridge-1"]["manufacturer"] == 0x1B01
    assert found["bridge-1"]["firmware_version"] == "00010000"
    assert found["hub-2020"]["ota"] == {"serves": ["esme", "gsme"]}


def test_one_profile_is_shown_key_by_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profiles", "bridge-4"]) == 0
    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert shown["manufacturer"] == "0x1b04"
    assert shown["firmware_version"] == "00010000"
    assert shown["endpoint.in_clusters"] == "0x0000, 0x0003, 0x0800"
    assert shown["signature.scheme"] == "ecdsa-p256"


def test_own_folders_come_from_the_option_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = Path(emulator.__file__).parents[1] / "hw_profiles" / "bridge-1.toml"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.toml").write_text(shipped.read_text())
    assert main(["profiles", "--profiles", str(tmp_path / "one"), "--json"]) == 0
    names = {one["name"] for one in json.loads(capsys.readouterr().out)}
    assert "one" in names
    assert "two" not in names
    monkeypatch.setenv("ALTHAN_PROFILES", f"{tmp_path / 'one'}:{tmp_path / 'two'}")
    assert main(["profiles", "two", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["file"] == str(tmp_path / "two" / "two.toml")


# --- the package itself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", emulator.__all__)
def test_every_public_name_can_be_fetched(name: str) -> None:
    assert getattr(emulator, name) is not None
    assert name in dir(emulator)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        emulator.nonsense  # noqa: B018 - asking is the point


@pytest.mark.parametrize("group", ["gbcs", "demo"])
def test_a_command_that_a_group_does_not_have_names_those_it_has(
    group: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([group, "nonsense"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"althan: althan {group}: no command is called 'nonsense' (allowed: ")
    assert said.count("\n") == 1
