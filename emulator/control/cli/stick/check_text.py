"""What `althan stick check` prints: who the sticks are, what will be done, progress, and the table of findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import typer

from emulator.core.eui64 import eui64_text
from emulator.transports.ezsp.check.before import StickBefore
from emulator.transports.ezsp.check.findings import Finding, Trial, Verdict
from emulator.transports.ezsp.check.point import Point

_WORDS: Final = {Verdict.PROVEN: "proven", Verdict.REFUSED: "refused", Verdict.NOT_TRIED: "not tried"}
_WIDTH: Final = max(map(len, _WORDS.values()))
_LONGEST: Final = {1: "about a minute", 2: "five to fifteen minutes", 3: "five to fifteen minutes"}


def identity_line(name: str, stick: StickBefore) -> str:
    """Who a stick is."""
    identity = stick.identity
    parts = [
        f"EUI-64 {eui64_text(identity.eui64)}",
        f"EZSP {identity.ezsp}",
        identity.firmware and f"EmberZNet {identity.firmware}",
        identity.manufacturer,
        identity.board,
        identity.chip and f"chip {identity.chip}",
        identity.bootloader and f"bootloader {identity.bootloader}",
        f"in a network ({stick.network})" if stick.network else "in no network",
    ]
    return f"{name}: {stick.uri}, {', '.join(part for part in parts if part)}"


def plan_lines(trials: int, sticks: int, channel: int) -> list[str]:
    """What will be done to them."""
    them, whose, are = ("the stick", "its", "is") if sticks == 1 else ("the sticks", "their", "are")
    return [
        f"{trials} trials, {_LONGEST[sticks]}, on channel {channel}: networks are formed, joined and left, keys",
        f"replaced, {them} reset. What {them} had of a network is lost, link keys included; `althan stick backup`",
        f"keeps it. EUI-64, firmware and tokens of {whose} maker stay. In the end {them} {are} in no network.",
    ]


class Progress:
    """One line on stderr for every trial: its name when it begins, what was seen when it is over."""

    def __init__(self) -> None:
        self._open = False

    def begun(self, point: Point, hub: str, number: int, trials: int) -> None:
        """As `run.Progress`."""
        typer.echo(f"[{number}/{trials}] {point.name}, {hub}: ", nl=False, err=True)
        self._open = True

    def ended(self, trial: Trial) -> None:
        """As `run.Progress`."""
        typer.echo(f"{_WORDS[trial.verdict]}: {trial.seen}", err=True)
        self._open = False

    def say(self, text: str) -> None:
        """A line of its own."""
        if self._open:
            typer.echo(err=True)
        self._open = False
        typer.echo(text, err=True)


def table_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """The findings, then what was refused and where it would change, then the counts."""
    width = max(len(finding.assumption.name) for finding in findings)
    sticks = {trial.hub for finding in findings for trial in finding.trials}
    for finding in findings:
        name, verdict = finding.assumption.name, _WORDS[finding.verdict]
        differ = len({trial.verdict for trial in finding.trials}) > 1
        for trial in finding.trials:
            hub = "" if len(sticks) == 1 else f"hub {trial.hub}: "
            own = f"{_WORDS[trial.verdict]}: " if differ else ""
            yield f"{name:<{width}}  {verdict:<{_WIDTH}}  {hub}{own}{trial.seen}"
            name = verdict = ""
    for finding in findings:
        if finding.verdict is Verdict.REFUSED:
            yield f"refused: {finding.assumption.name}: {finding.assumption.text} ({finding.assumption.place})"
    verdicts = [finding.verdict for finding in findings]
    yield ", ".join(f"{verdicts.count(verdict)} {word}" for verdict, word in _WORDS.items())
