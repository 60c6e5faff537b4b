"""`althan stick check` before it opens a stick, and what it prints."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from emulator.control.cli.app import main
from emulator.control.cli.stick.check_text import Progress, identity_line, plan_lines, table_lines
from emulator.core.eui64 import Eui64
from emulator.transports.ezsp.assumptions import ASSUMPTIONS
from emulator.transports.ezsp.check.before import StickBefore
from emulator.transports.ezsp.check.findings import Finding, Trial, Verdict
from emulator.transports.ezsp.check.points import POINTS
from emulator.transports.ezsp.identity import StickIdentity

STICK = "ezsp:/dev/there-is-none"
FOUND = StickBefore(
    STICK,
    StickIdentity(Eui64(0xDB), 13, "7.4.3.0 build 0", "ITead", None, "1.9.2", "4/0x18/0x0f"),
    "PAN 0x1a62, channel 15",
)


def complaint(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """The one line on stderr of a call that is bad input."""
    assert main(["stick", "check", *options]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    return said.err


@pytest.mark.parametrize(
    "options, wanted",
    [
        ((), "--port"),
        (("--port", "stick", "--yes"), "stick: no stick (allowed: ezsp:/dev/NAME"),
        (("--port", STICK, "--peer", "tcp:1", "--yes"), "tcp:1: no stick"),
        (("--port", STICK, "--peer", STICK, "--yes"), "the same stick twice"),
        (("--port", STICK, "--channel", "27", "--yes"), "--channel: no channel 27 (allowed: 11 to 26)"),
        (("--port", STICK, "--yes"), "there is no such port"),
        (("--port", STICK, "--yes", "-o", "no/such/folder.json"), "no/such/folder.json: cannot be created"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], wanted: str
) -> None:
    assert wanted in complaint(capsys, *options)


def test_nothing_is_done_where_nobody_can_be_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert "--yes, or a terminal" in complaint(capsys, "--port", STICK)


def test_a_file_that_was_there_stays_where_the_check_did_not_come_to_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "findings.json"
    file.write_text("of before")
    complaint(capsys, "--port", STICK, "--yes", "-o", str(file))
    assert [path.name for path in tmp_path.iterdir()] == ["findings.json"]
    assert file.read_text() == "of before"


def test_a_stick_is_named_with_all_that_it_says_of_itself() -> None:
    assert identity_line("stick 1", FOUND) == (
        "stick 1: ezsp:/dev/there-is-none, EUI-64 00000000000000db, EZSP 13, EmberZNet 7.4.3.0 build 0, ITead, "
        "chip 4/0x18/0x0f, bootloader 1.9.2, in a network (PAN 0x1a62, channel 15)"
    )


@pytest.mark.parametrize("sticks", [1, 2, 3])
def test_it_says_what_is_lost_and_how_it_can_be_kept(sticks: int) -> None:
    said = " ".join(plan_lines(40, sticks, 25))
    assert "40 trials" in said
    assert "link keys included; `althan stick backup` keeps it" in said


def test_the_table_has_a_line_for_every_trial_and_what_would_change() -> None:
    first, second = ASSUMPTIONS[:2]
    lines = list(
        table_lines(
            [
                Finding(first, (Trial("stick 1", Verdict.PROVEN, "UP"), Trial("stick 2", Verdict.REFUSED, "DOWN"))),
                Finding(second, (Trial("stick 1", Verdict.NOT_TRIED, "why"),)),
            ]
        )
    )
    assert lines == [
        "join.security-bits  refused    hub stick 1: proven: UP",
        "                               hub stick 2: refused: DOWN",
        "form.security-bits  not tried  hub stick 1: why",
        f"refused: join.security-bits: {first.text} ({first.place})",
        "0 proven, 1 refused, 1 not tried",
    ]


def test_an_interruption_does_not_end_up_in_the_line_of_a_trial(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    progress.begun(POINTS[0], "stick 1", 1, 2)
    progress.ended(Trial("stick 1", Verdict.PROVEN, "seen"))
    progress.begun(POINTS[1], "stick 1", 2, 2)
    progress.say("interrupted")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "[1/2] setup.policies, stick 1: proven: seen",
        "[2/2] setup.configuration, stick 1: ",
        "interrupted",
    ]
