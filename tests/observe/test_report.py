from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from emulator.core.errors import DecodeError
from emulator.observe.metrics import Metrics
from emulator.observe.report.markup import Html, tag
from emulator.observe.report.page import render_report
from emulator.observe.summary import FAILED, Clock, DeviceNotes, DeviceSummary, RunNotes, RunSummary, TimeSpent

VOID = {"meta", "br", "hr"}
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>&amp;'{}"
FILES = ("events.jsonl", "han.pcap", "keys.txt", "report.html", "junit.xml", "summary.json", "seed.txt")


class Page(HTMLParser):
    """The page as a reader of HTML has it: text, tags in order, attributes, and every tag closed where it should be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def values(self, tag: str, name: str) -> list[str]:
        return [value for where, key, value in self.attributes if (where, key) == (tag, name)]


@pytest.fixture
def several(run: Callable[..., RunSummary], device: Callable[..., DeviceSummary]) -> RunSummary:
    devices = [device(name=f"bridge-{index}") for index in range(1, 5)]
    devices[2] = device(name="bridge-3", received_sha256=None, alert=None, cs08=None, version_after="00010100")
    return run(*devices, outcome=FAILED, reason="image-overwritten")


def test_the_figures_on_the_page_are_those_put_in(run: Callable[..., RunSummary], metrics: Metrics) -> None:
    page = Page(render_report(run().as_object(), metrics.snapshot()))
    for figure in (
        "00010100 → 000102FF",
        "768,000 octets (750 KiB)",
        "00db1234567890a4",
        "15,360 of up to 50 octets",
        "1,250 octets, 0.2 % of the image",
        "180.250 61.500 3.125 12.000 256.875",
        "303.250000 s",
        "5.500 s from the first event to the last",
        "184,223",
        "55.1\N{MULTIPLICATION SIGN} real time",
        "✓ the same",
        "0x012B CS09 PPMID Firmware Activation Alert",
        "0x8F8B",
        "0x0129 CS08",
        "df 09 03",
        "dd 00 01",
        "virtual: time jumps",
        "3.296 1.1 %",
        "0.352 0.1 %",
        "bridge-1 retry no-ack 10",
        "hub drop collision 10",
    ):
        assert figure in page.text


def test_the_page_needs_nothing_but_itself(run: Callable[..., RunSummary], metrics: Metrics) -> None:
    text = render_report(run().as_object(), metrics.snapshot(), files=FILES)
    page = Page(text)
    assert {"script", "link", "img", "iframe", "object", "base"}.isdisjoint(page.tags)
    assert "url(" not in text
    assert "@import" not in text
    assert set(re.findall(r"https?://[^\"' <]+", text)) == {"http://www.w3.org/2000/svg"}
    (policy,) = (value for value in page.values("meta", "content") if "default-src" in value)
    assert policy.startswith("default-src 'none'")


def test_it_links_to_the_files_beside_it(run: Callable[..., RunSummary], metrics: Metrics) -> None:
    page = Page(render_report(run().as_object(), metrics.snapshot(), files=FILES))
    assert page.values("a", "href") == [f"./{name}" for name in FILES if name != "report.html"]


@pytest.mark.parametrize("name", ["javascript:alert(1)", 'a"b', "//evil.example/x"])
def test_no_file_name_leads_elsewhere(run: Callable[..., RunSummary], metrics: Metrics, name: str) -> None:
    (link,) = Page(render_report(run().as_object(), metrics.snapshot(), files=[name])).values("a", "href")
    assert link.startswith("./")


def test_hostile_names_are_text_and_never_markup(
    run: Callable[..., RunSummary], device: Callable[..., DeviceSummary]
) -> None:
    metrics = Metrics()
    metrics.transmitted(HOSTILE, 900, HOSTILE)
    metrics.retry(HOSTILE, 5, HOSTILE)
    metrics.progress(HOSTILE, 5, 50)
    devices = [device(name=HOSTILE, profile=HOSTILE, eui64=HOSTILE, version_after=HOSTILE), device(name="b")]
    whole = run(*devices, outcome=FAILED, reason=HOSTILE, fidelity=HOSTILE, standards={HOSTILE: HOSTILE})
    said = DeviceNotes(FAILED, HOSTILE, HOSTILE, {HOSTILE: HOSTILE}, {HOSTILE: HOSTILE})
    notes = RunNotes(title=HOSTILE, devices={HOSTILE: said})
    text = render_report(whole.as_object(), metrics.snapshot(), notes, files=[HOSTILE])
    page = Page(text)
    assert {"script", "img"}.isdisjoint(page.tags)
    assert "<script" not in text
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert HOSTILE in page.text


def test_a_failure_says_its_reason_and_what_runs_now(
    run: Callable[..., RunSummary], device: Callable[..., DeviceSummary]
) -> None:
    refused = device(
        received_sha256=None,
        blocks=0,
        version_after="00010100",
        alert=None,
        cs08=None,
        time=TimeSpent(),
        bytes_resent=0,
    )
    whole = run(refused, outcome=FAILED, reason="wrong-hardware-version")
    page = Page(render_report(whole.as_object(), Metrics().snapshot()))
    for words in (
        "bridge-1 still runs 00010100",
        "Reason: wrong-hardware-version",
        "unchanged",
        "no whole image was received",
        "The device sent no alert.",
        "No block of an image was received.",
        "No download began.",
        "None: nothing was lost",
        "No frame was counted.",
    ):
        assert words in page.text


def test_an_image_that_arrived_changed_is_seen(
    run: Callable[..., RunSummary], device: Callable[..., DeviceSummary], metrics: Metrics
) -> None:
    page = Page(render_report(run(device(received_sha256="00" * 32)).as_object(), metrics.snapshot()))
    assert "✕ not the same" in page.text


def test_several_devices_each_have_a_line_a_bar_and_a_card(several: RunSummary) -> None:
    metrics = Metrics()
    for index, device in enumerate(several.devices):
        for step in range(1_000):
            metrics.progress(device.name, step * 1_000 * (index + 1), 768 * (step + 1) if index != 2 else step)
    notes = RunNotes(
        clock=Clock.INSTANT_AIR,
        devices={
            device.name: DeviceNotes(FAILED, "image-overwritten") if number == 2 else DeviceNotes("activated")
            for number, device in enumerate(several.devices)
        },
    )
    page = Page(render_report(several.as_object(), metrics.snapshot(), notes))
    assert "3 of 4 devices activated" in page.text
    assert "At a glance" in page.text
    assert "instant air:" in page.text
    assert page.tags.count("article") == 4
    assert len([css for css in page.values("path", "class") if css.startswith("line")]) == 4
    assert page.values("circle", "class") == ["dot s1", "dot s2", "dot s4"]
    assert [css for css in page.values("path", "class") if css.startswith("cross")] == ["cross s3"]
    assert len(set(page.values("path", "stroke-dasharray"))) == 3


def test_standards_that_differ_are_named_as_assumptions(run: Callable[..., RunSummary], metrics: Metrics) -> None:
    changed = run(standards={"ota_aps_security": False, "limits.image_octets": 800_000})
    page = Page(render_report(changed.as_object(), metrics.snapshot()))
    assert "ota_aps_security false limits.image_octets 800000" in page.text
    assert "assumptions, not the specification" in page.text
    assert "answered by its default" in Page(render_report(run().as_object(), metrics.snapshot())).text


def test_what_only_the_notes_know_is_shown(run: Callable[..., RunSummary], metrics: Metrics) -> None:
    said = DeviceNotes(
        "activated",
        signature_check="ecdsa-p256, by the profile's key",
        alert={"Activation date-time": "2026-01-01 00:04:51"},
        cs08={"Originator counter": "1300"},
    )
    page = Page(render_report(run().as_object(), metrics.snapshot(), RunNotes(devices={"bridge-1": said})))
    for words in ("ecdsa-p256, by the profile's key", "Activation date-time 2026-01-01", "Originator counter 1300"):
        assert words in page.text


def test_a_download_is_drawn_with_no_more_points_than_can_be_seen(run: Callable[..., RunSummary]) -> None:
    metrics = Metrics()
    for block in range(15_360):
        metrics.progress("bridge-1", block * 20_000, (block + 1) * 50)
    (line,) = Page(render_report(run().as_object(), metrics.snapshot())).values("path", "d")
    points = [tuple(map(float, point.split())) for point in line[1:].split("L")]
    assert 300 < len(points) <= 2_000
    assert points == sorted(points, key=lambda point: (point[0], -point[1]))
    assert points[-1][1] == 14.0


def test_many_frame_classes_share_the_last_colour(run: Callable[..., RunSummary]) -> None:
    metrics = Metrics()
    for index in range(12):
        metrics.transmitted("hub", 1_000 * (12 - index), f"class-{index}")
    page = Page(render_report(run().as_object(), metrics.snapshot()))
    assert "class-6" in page.text
    assert "class-7" not in page.text
    assert "other: 15 ms" in page.text


def test_the_same_run_gives_the_same_page(several: RunSummary, metrics: Metrics) -> None:
    first = render_report(several.as_object(), metrics.snapshot())
    assert first == render_report(several.as_object(), metrics.snapshot())


def test_what_is_no_summary_is_a_decode_error() -> None:
    with pytest.raises(DecodeError):
        render_report({"outcome": "activated"}, Metrics().snapshot())


def test_only_markup_goes_unescaped() -> None:
    assert tag("p", "<b>", Html("<i></i>"), title='"<', class_="x", hidden=None) == (
        '<p title="&quot;&lt;" class="x">&lt;b&gt;<i></i></p>'
    )
