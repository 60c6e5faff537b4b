"""The output folder of a run: opens every file before anything runs, and gives them their names when all is done."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from emulator.core.clock import VIRTUAL_EPOCH
from emulator.core.errors import BadInput
from emulator.observe.capture import CaptureWriter
from emulator.observe.checklist import ChecklistSummary
from emulator.observe.event_log import EventLog
from emulator.observe.junit import checklist_junit_text, junit_text
from emulator.observe.keys import CaptureKeys, keys_text
from emulator.observe.metrics import MetricsSnapshot
from emulator.observe.part_file import PartFile, refused
from emulator.observe.report.checklist_page import render_checklist
from emulator.observe.report.page import render_report
from emulator.observe.summary import FileNames, RunNotes, RunSummary

EVENTS = "events.jsonl"
CAPTURE = "han.pcap"
KEYS = "keys.txt"
REPORT = "report.html"
JUNIT = "junit.xml"
SUMMARY = "summary.json"
SEED = "seed.txt"

_NO_NOTES = RunNotes()


class RunFiles:
    """The files of one run in `folder`, which is created if it is missing.

    As a context manager it discards everything that `finish` has not published.

    Args:
        folder: where they go; older files of the same names are replaced when the run is finished, and not before.
        capture: write `han.pcap` and `keys.txt`; a run without frames has none.
        utc: for runs by the wall clock: the date for each line of the event log, as text.
        epoch: the date at which the run began, for the capture.

    Raises:
        BadInput: the folder cannot be created or written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        capture: bool = True,
        utc: Callable[[], str] | None = None,
        epoch: datetime = VIRTUAL_EPOCH,
    ) -> None:
        self.folder = folder
        self.keys = CaptureKeys()
        self._parts: dict[str, PartFile] = {}
        self._created = _missing_folders(folder)
        self._finished = False
        try:
            with refused(folder, "the folder cannot be created"):
                folder.mkdir(parents=True, exist_ok=True)
            names = (EVENTS, *((CAPTURE, KEYS) if capture else ()), REPORT, JUNIT, SUMMARY, SEED)
            for name in names:
                self._parts[name] = PartFile(folder / name)
            self.events = EventLog(self._parts[EVENTS], utc=utc)
            self.capture = CaptureWriter(self._parts[CAPTURE], epoch=epoch) if capture else None
        except BadInput:
            self.discard()
            raise

    def names(self) -> FileNames:
        """Where the files will be, as `summary.json` names them."""
        paths = {name: str(part.path) for name, part in self._parts.items()}
        return FileNames(paths[EVENTS], paths.get(CAPTURE), paths.get(KEYS), paths[REPORT])

    def finish(self, summary: RunSummary, metrics: MetricsSnapshot, notes: RunNotes = _NO_NOTES) -> RunSummary:
        """Write what is made at the end and give every file its name; the summary with `files` filled in.

        Raises:
            BadInput: the folder is full, or no longer there; nothing is published then.
        """
        whole = replace(summary, files=self.names())
        report = render_report(whole.as_object(), metrics, notes, files=tuple(self._parts))
        self._publish(report, junit_text(whole, notes), whole.text(), whole.seed)
        return whole

    def finish_checklist(self, summary: ChecklistSummary) -> ChecklistSummary:
        """The same for a run that shows a behaviour step by step."""
        whole = replace(summary, files=self.names())
        report = render_checklist(whole, tuple(self._parts))
        self._publish(report, checklist_junit_text(whole), whole.text(), whole.seed)
        return whole

    def _publish(self, report: str, junit: str, summary: str, seed: int | None) -> None:
        self.events.flush()
        if self.capture is not None:
            self.capture.flush()
            self._write(KEYS, keys_text(self.keys, CAPTURE))
        self._write(REPORT, report)
        self._write(JUNIT, junit)
        self._write(SUMMARY, summary)
        self._write(SEED, f"{'none' if seed is None else seed}\n")
        # A full disk shows when files are closed: only when all are whole does the first get its name.
        for part in self._parts.values():
            part.close()
        for part in self._parts.values():
            part.publish()
        self._finished = True

    def discard(self) -> None:
        """Remove everything that is not published, and the folders that were made for it where they are empty."""
        if self._finished:
            return
        for part in self._parts.values():
            part.discard()
        _remove_empty(self._created)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def _write(self, name: str, text: str) -> None:
        # A lone surrogate, as in a file name that is no UTF-8, becomes a question mark.
        self._parts[name].write(text.encode("utf-8", "replace"))


def _missing_folders(folder: Path) -> list[Path]:
    """`folder` and those above it that do not exist, innermost first."""
    missing = []
    while not os.path.lexists(folder) and folder != folder.parent:
        missing.append(folder)
        folder = folder.parent
    return missing


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return  # Somebody else has put something there, or it was never made.
