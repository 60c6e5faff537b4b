"""`althan stick flash`: what it refuses, when it asks, and what it says came of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.control.cli.stick import flash_run
from emulator.ncp.bootloader.firmware_metadata import FirmwareMetadata
from emulator.ncp.bootloader.gbl_build import build_bootloader, build_firmware
from emulator.ncp.bootloader.gbl_image import ApplicationInfo, BootloaderVersion
from emulator.transports.ezsp.uri import StickAddress
from emulator.transports.flasher.extra import need
from emulator.transports.flasher.found import EzspFacts, Found, Kind
from emulator.transports.flasher.writing import Step, WriteFailed
from tests.control.running import Run, is_bad_input, runner

ZBT_1 = bytes.fromhex("e9926794bb2c4ec89f36d9c6794a81fb")
NCP = FirmwareMetadata(ezsp_version="8.1.0.0", fw_type="zigbee_ncp")
THREAD = FirmwareMetadata(fw_type="openthread_rcp")
FILE = build_firmware(NCP, application=ApplicationInfo(product_id=ZBT_1))
FILES = {
    "good.gbl": FILE,
    "nobodys.gbl": build_firmware(NCP),
    "thread.gbl": build_firmware(THREAD, application=ApplicationInfo(product_id=ZBT_1)),
    "bootloader.gbl": build_bootloader(BootloaderVersion(2, 4, 0)),
    "damaged.gbl": FILE[:-1] + b"\0",
}
OLD = Found(Kind.EZSP, "7.4.3.0 build 0", 115_200, ezsp=EzspFacts(13, "7.4.3.0 build 0"))
NEW = Found(Kind.EZSP, "8.1.0.0 build 0", 115_200, ezsp=EzspFacts(16, "8.1.0.0 build 0"))
BOOTLOADER = Found(Kind.BOOTLOADER, "2.01.01", 115_200)

Flash = Callable[..., Run]


class Stick:
    """What stands in for a stick: what answers, first and later, and what goes wrong."""

    def __init__(self) -> None:
        self.answers: list[Found | None] = [OLD, NEW]
        self.fails: dict[str, BaseException] = {}
        self.written: list[bytes] = []
        self.resets: list[str | None] = []
        self.baud_rates: list[int] = []

    async def probe(self, place: StickAddress, _say: object) -> Found | None:
        self.baud_rates.append(place.baud)
        return self.answers.pop(0)

    async def enter_bootloader(self, _place: StickAddress, _found: Found | None, reset: str | None) -> str:
        self.resets.append(reset)
        self._fail("enter")
        return "2.01.01"

    async def write(self, _place: StickAddress, octets: bytes, progress: Callable[[int, int], None]) -> None:
        progress(0, len(octets))
        self._fail("write")
        progress(len(octets), len(octets))
        self.written.append(octets)

    async def start(self, _place: StickAddress) -> None:
        self._fail("start")

    def _fail(self, step: str) -> None:
        if step in self.fails:
            raise self.fails[step]


@pytest.fixture
def stick(monkeypatch: pytest.MonkeyPatch) -> Stick:
    stick = Stick()
    for name in ("probe", "enter_bootloader", "write", "start"):
        monkeypatch.setattr(flash_run, name, getattr(stick, name))
    monkeypatch.setattr(flash_run, "need", lambda _: None)
    return stick


@pytest.fixture
def flash(stick: Stick, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flash:
    monkeypatch.chdir(tmp_path)
    for name, octets in FILES.items():
        (tmp_path / name).write_bytes(octets)

    def run(image: str, *arguments: str, port: str = "ezsp+tcp:127.0.0.1:1") -> Run:
        return runner("stick", capsys)("flash", "--port", port, "--image", image, *arguments)

    return run


AS_ZBT_1 = ("--stick", "connect-zbt-1")


@pytest.mark.parametrize(
    "image, arguments, words",
    [
        ("absent.gbl", AS_ZBT_1, ("absent.gbl", "cannot be read")),
        ("damaged.gbl", AS_ZBT_1, ("damaged.gbl", "bad-crc")),
        ("good.gbl", (), ("good.gbl", "connect-zbt-1", "this stick is not known", "--allow-other-stick")),
        ("good.gbl", ("--stick", "connect-zbt-2"), ("for connect-zbt-1", "this is connect-zbt-2")),
        ("nobodys.gbl", AS_ZBT_1, ("no product id", "--allow-other-stick")),
        ("nobodys.gbl", (), ("--stick", "--allow-other-stick")),
        ("thread.gbl", AS_ZBT_1, ("openthread_rcp", "--allow-other-firmware")),
        ("thread.gbl", (*AS_ZBT_1, "--allow-other-stick"), ("openthread_rcp", "--allow-other-firmware")),
        ("bootloader.gbl", (), ("bootloader alone", "--allow-other-stick --allow-other-firmware")),
        ("good.gbl", ("--stick", "none-such"), ("none-such",)),
        ("good.gbl", (*AS_ZBT_1, "--reset", "kick"), ("--reset", "kick", "yellow")),
    ],
    ids=[
        "absent", "damaged", "unknown-stick", "another-stick", "no-product", "nothing-known", "thread",
        "not-that-option", "bootloader", "no-such-stick", "no-such-reset",
    ],
)  # fmt: skip
def test_what_is_not_written(
    flash: Flash, stick: Stick, image: str, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    is_bad_input(flash(image, "--yes", *arguments), *words)
    assert (stick.written, stick.baud_rates) == ([], [])


def test_a_stick_is_not_touched_without_the_extra(flash: Flash, stick: Stick, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flash_run, "need", need)
    monkeypatch.setattr("emulator.transports.flasher.extra.is_installed", lambda: False)
    is_bad_input(flash("good.gbl", *AS_ZBT_1, "--yes"), "althan stick flash needs", "'althan-emulator[flash]'")
    assert stick.baud_rates == []


def test_what_is_there_and_what_will_be_is_said_before(flash: Flash) -> None:
    run = flash("good.gbl", *AS_ZBT_1, "--yes")
    assert (run.status, run.out) == (0, "verified: the stick answers as EZSP 16, EmberZNet 8.1.0.0 build 0\n")
    lines = run.err.splitlines()
    assert lines[0].startswith("stick       connect-zbt-1 (EFR32MG21")
    assert lines[1] == "has now     EZSP 13, EmberZNet 7.4.3.0 build 0"
    assert lines[2] == "will have   EZSP 16, EmberZNet 8.1.0.0"
    assert ZBT_1.hex() in lines[3]


def test_without_a_terminal_nothing_is_written_unless_it_is_said(flash: Flash, stick: Stick) -> None:
    run = flash("good.gbl", *AS_ZBT_1)
    assert (run.status, run.out, stick.written) == (2, "", [])
    assert run.err.splitlines()[-1] == "althan: there is no terminal to ask at whether to write (allowed: --yes)"


@pytest.mark.parametrize("answer, written", [("y", [FILE]), ("n", []), ("", [])], ids=["yes", "no", "nothing"])
def test_at_a_terminal_it_asks(
    flash: Flash, stick: Stick, monkeypatch: pytest.MonkeyPatch, answer: str, written: list[bytes]
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    run = flash("good.gbl", *AS_ZBT_1)
    assert (run.status, stick.written) == (0 if written else 1, written)
    assert written or run.out == "not wanted: nothing was written\n"


class Terminal:
    """A user who types one line."""

    def __init__(self, line: str) -> None:
        self._line = line

    def isatty(self) -> bool:
        return True

    def readline(self, *_: object) -> str:
        return f"{self._line}\n"


@pytest.mark.parametrize(
    "fails, outcome, words",
    [
        ({"enter": WriteFailed(Step.NO_BOOTLOADER, "no menu")}, "no-bootloader", "no menu; nothing was written"),
        ({"write": WriteFailed(Step.CUT, "lost")}, "cut", "in its bootloader"),
        ({"write": WriteFailed(Step.REFUSED, "no")}, "refused", "the firmware it had runs again"),
        (
            {"write": WriteFailed(Step.REFUSED, "no"), "start": WriteFailed(Step.NOT_STARTED, "")},
            "refused",
            "in its bootloader",
        ),
        ({"start": WriteFailed(Step.NOT_STARTED, "no")}, "not-started", "another file"),
    ],
    ids=["no-bootloader", "cut", "refused", "refused-and-nothing-left", "not-started"],
)
def test_what_goes_wrong_is_told_with_what_to_do(
    flash: Flash, stick: Stick, fails: dict[str, BaseException], outcome: str, words: str
) -> None:
    stick.fails = fails
    run = flash("good.gbl", *AS_ZBT_1, "--yes", "--json")
    facts = json.loads(run.out)
    assert (run.status, facts["outcome"], words in facts["detail"]) == (1, outcome, True), facts["detail"]
    assert (facts["stick"], facts["file"]["ezsp"], facts["after"]) == (["connect-zbt-1"], 16, None)
    assert facts["before"]["ezsp"]["version"] == 13


@pytest.mark.parametrize(
    "image, after, outcome",
    [
        ("good.gbl", OLD, "other-version"),
        ("good.gbl", None, "silent"),
        ("good.gbl", BOOTLOADER, "not-started"),
        ("good.gbl", Found(Kind.SPINEL, "1", 115_200), "other-version"),
        ("thread.gbl", Found(Kind.SPINEL, "1", 115_200), "verified"),
        ("thread.gbl", OLD, "other-version"),
    ],
    ids=["old", "nothing", "bootloader", "thread", "thread-as-wanted", "not-thread"],
)
def test_afterwards_the_stick_must_answer_as_the_file_says(
    flash: Flash, stick: Stick, image: str, after: Found | None, outcome: str
) -> None:
    stick.answers = [OLD, after]
    run = flash(image, *AS_ZBT_1, "--yes", "--allow-other-firmware", "--json")
    assert (json.loads(run.out)["outcome"], run.status) == (outcome, 0 if outcome == "verified" else 1)


@pytest.mark.parametrize(
    "step, words",
    [("enter", "may be in its bootloader"), ("write", "is in its bootloader"), ("start", "may be in its bootloader")],
)
def test_whoever_interrupts_it_is_told_how_to_go_on(flash: Flash, stick: Stick, step: str, words: str) -> None:
    stick.fails = {step: asyncio.CancelledError()}
    run = flash("good.gbl", *AS_ZBT_1, "--yes")
    assert (run.status, run.out) == (130, "")
    assert run.err.splitlines()[-1].startswith("interrupted: ")
    assert words in run.err


@pytest.mark.parametrize(
    "before, arguments, reset",
    [
        (OLD, ("--stick", "connect-zbt-2"), None),
        (BOOTLOADER, ("--stick", "connect-zbt-2"), None),
        (None, ("--stick", "connect-zbt-2"), "zbt2"),
        (None, AS_ZBT_1, None),
        (OLD, (*AS_ZBT_1, "--reset", "rts_dtr"), "rts_dtr"),
    ],
    ids=["answers", "in-its-bootloader", "silent", "silent-without-a-way", "wanted"],
)
def test_a_bootloader_is_entered_from_outside_where_nothing_inside_can_be_asked(
    flash: Flash, stick: Stick, before: Found | None, arguments: tuple[str, ...], reset: str | None
) -> None:
    stick.answers = [before, NEW]
    assert flash("good.gbl", "--yes", "--allow-other-stick", *arguments).status == 0
    assert stick.resets == [reset]


def test_it_looks_again_at_the_baud_rate_of_the_new_firmware(flash: Flash, stick: Stick, tmp_path: Path) -> None:
    quick = FirmwareMetadata(ezsp_version="8.1.0.0", fw_type="zigbee_ncp", baudrate=460_800)
    (tmp_path / "quick.gbl").write_bytes(build_firmware(quick))
    run = flash("quick.gbl", "--yes", "--stick", "zbdongle-e", port="ezsp:/dev/null?baud=57600")
    assert (run.status, stick.baud_rates) == (0, [57_600, 460_800])
