"""The whole report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from emulator.observe.metrics import MetricsSnapshot
from emulator.observe.report import tables
from emulator.observe.report.cards import devices
from emulator.observe.report.markup import Html, join, tag
from emulator.observe.report.measured import airtime, progress, troubles, where_time_went
from emulator.observe.report.overview import at_a_glance, headline, section, what_ran
from emulator.observe.report.style import STYLE
from emulator.observe.summary import RunNotes, RunSummary

# Nothing may be fetched and nothing may run, whatever a name in the report says.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
FILES = {
    "events.jsonl": "every event, one a line",
    "han.pcap": "every frame, for Wireshark and tshark",
    "keys.txt": "the keys for it, and how to load them",
    "summary.json": "the figures of this page, for programs",
    "junit.xml": "the results, for continuous integration",
    "seed.txt": "the seed that gives the same run again",
}
_REPORT = "report.html"
_NO_NOTES = RunNotes()


def render_report(
    summary: Mapping[str, Any], metrics: MetricsSnapshot, notes: RunNotes = _NO_NOTES, files: Sequence[str] = ()
) -> str:
    """`report.html` for the object of `summary.json` and a snapshot of the metrics.

    Args:
        summary: as `RunSummary.as_object` makes it.
        metrics: as `Metrics.snapshot` makes it; may lack devices, and have others.
        notes: title, clock, and what else is to be said of devices.
        files: names of the files beside the report, to link to.

    Raises:
        DecodeError: `summary` is no such object.
    """
    run = RunSummary.from_object(summary)
    return whole_page(
        f"{run.outcome}: {notes.title}",
        headline(run, notes),
        at_a_glance(run, notes),
        progress(run, metrics),
        where_time_went(run),
        devices(run, notes),
        troubles(run, metrics),
        airtime(run, metrics),
        what_ran(run, notes.clock),
        files_beside(files),
    )


def whole_page(title: str, *parts: Html) -> str:
    """A page of these parts, in one file that fetches nothing."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(STYLE)),
    )
    body = tag("body", tag("main", *parts))
    return join(Html("<!DOCTYPE html>\n"), tag("html", head, body, lang="en-GB"), Html("\n"))


def files_beside(names: Sequence[str]) -> Html:
    """Links to the other files of the run."""
    beside = [name for name in names if name != _REPORT]
    if not beside:
        return Html("")
    # "./" keeps a name with a colon from being taken for a scheme.
    rows = [(tag("a", name, href=f"./{quote(name)}"), FILES.get(name, "")) for name in beside]
    return section("Files", tables.pairs(rows))
