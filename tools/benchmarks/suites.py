"""What is measured, and the budget of each figure (design section 5, and the issue's list)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.airtime import ROWS
from benchmarks.child import CLONE, Measured, probe
from benchmarks.figures import Budget, Sample, at_least, at_most

IMAGE = 768_000
LEAN: dict[str, object] = {"block": 64, "acks": False, "link_key": False}
GREAT_BRITAIN: dict[str, object] = {"block": 50, "acks": True, "link_key": True}

BRIDGES = (1, 4, 16, 32)
SIZES = (96_000, 192_000, 384_000, 768_000)
A_HAN = 4
SMALL = 48_000
LINEAR = at_most(1.25)
"""Cost of a unit against that of the smallest run: what "linear" is taken to allow."""
SHARED = at_most(1.5)
"""The same against a bridge that has its channel to itself: three more then hear, and wait for, every frame."""
AIRTIME_IMAGE = 192_000


@dataclass(frozen=True, slots=True)
class Suite:
    """A group of figures.

    Attributes:
        title: for the table.
        measure: one round.
        exact: does not depend on the machine, so one round will do.
    """

    title: str
    measure: Callable[[], Iterator[Sample]]
    exact: bool = False


# --- one update ------------------------------------------------------------------------------------------------------


def machine() -> Iterator[Sample]:
    """Things that are not ours."""
    found = probe("micro.machine")
    yield Sample("heap push and pop (0.5 on the machine of C.6)", found["heap"], "us")
    yield Sample("AES-CCM* seal (1.3)", found["seal"], "us")
    yield Sample("AES-CCM* open (1.4)", found["open"], "us")


def update() -> Iterator[Sample]:
    """One bridge and 768,000 octets, in every form that has a budget."""
    yield from _update("lean", LEAN, at_most(3, 1.5), ratio=at_least(50))
    yield from _update("lean, no files", LEAN, None, ratio=at_least(100), files=False)
    yield from _update("GB default", GREAT_BRITAIN, at_most(6, 3))
    yield from _update("GB default, no files", GREAT_BRITAIN, None, files=False)
    yield from _update("mem:aps, GB default", GREAT_BRITAIN, at_most(0.35), fidelity="aps")
    yield from _update("mem:aps, lean", LEAN, at_most(0.35), fidelity="aps")


def _update(
    name: str,
    form: dict[str, object],
    budget: Budget | None,
    *,
    ratio: Budget | None = None,
    fidelity: str = "frames",
    files: bool = True,
) -> Iterator[Sample]:
    found = probe("updates.one", size=IMAGE, fidelity=fidelity, files=files, **form)
    yield Sample(f"{name}: first to last event", found["wall"], "s", budget)
    if ratio is not None:
        yield Sample(f"{name}: virtual over wall time", found["virtual"] / found["wall"], "x", ratio, 0)
        yield Sample(f"{name}: the same of the download", _download_ratio(found), "x", ratio, 0)
    yield Sample(f"{name}: a block, all in", found["download_wall"] / found["blocks"] * 1e6, "us", None, 1)


def _download_ratio(found: Measured) -> float:
    return found["download_virtual"] / found["download_wall"]


# --- linear in bridges and bytes -------------------------------------------------------------------------------------


def bridges() -> Iterator[Sample]:
    """1 to 32 bridges at once."""
    yield from _bridges("lean frames", LEAN, "frames", at_most(90))
    yield from _bridges("mem:aps GB", GREAT_BRITAIN, "aps", at_most(15))


def _bridges(name: str, form: dict[str, object], fidelity: str, budget: Budget) -> Iterator[Sample]:
    each: dict[int, float] = {}
    for number in BRIDGES:
        found = probe("updates.many", bridges=number, size=IMAGE, fidelity=fidelity, **form)
        each[number] = found["wall"] / number
        yield Sample(f"{name}: {number} at once", found["wall"], "s", budget if number == BRIDGES[-1] else None)
        yield Sample(f"{name}: {number} at once, each", each[number], "s", None, 3)
        yield Sample(f"{name}: {number} at once, each against one alone", each[number] / each[1], "x", SHARED)
        if number > A_HAN:
            against = each[number] / each[A_HAN]
            yield Sample(f"{name}: {number} at once, each against one full HAN", against, "x", LINEAR)


def octets() -> Iterator[Sample]:
    """96 to 768 kB, the download alone."""
    smallest = 0.0
    for size in SIZES:
        found = probe("updates.one", size=size, **LEAN)
        each = found["download_wall"] / size * 100_000
        smallest = smallest or each
        yield Sample(f"lean frames: {size:,} octets, for 100 kB", each, "s", None, 3)
        yield Sample(f"lean frames: {size:,} octets, against the smallest", each / smallest, "x", LINEAR)


def work() -> Iterator[Sample]:
    """The same in function calls, so that no noise can hide or fake a bend."""
    baseline = 0.0
    for size in SIZES:
        each = _calls(1, size) / size * 100_000
        baseline = baseline or each
        yield Sample(f"{size:,} octets: calls for 100 kB, against the smallest", each / baseline, "x", LINEAR, 3)
    each_of = {number: _calls(number, SMALL) / number for number in BRIDGES}
    for number, each in each_of.items():
        name = f"{number} bridges: calls of each"
        yield Sample(name, each, "", None, 0)
        yield Sample(f"{name}, against one alone", each / each_of[1], "x", SHARED, 3)
        if number > A_HAN:
            yield Sample(f"{name}, against one full HAN", each / each_of[A_HAN], "x", LINEAR, 3)


def _calls(bridges: int, size: int) -> float:
    return probe("updates.calls", bridges=bridges, size=size, fidelity="frames", **LEAN)["calls"]


# --- commands, airtime, fleets, memory -------------------------------------------------------------------------------


def commands() -> Iterator[Sample]:
    """Commands that must answer at once."""
    yield Sample("python -c pass", probe("commands.python")["seconds"], "s", None, 3)
    direct = 0.0
    for option in ("--help", "--version"):
        direct = probe("commands.start", arguments=[option], through_tools=False)["seconds"]
        yield Sample(f"althan {option}", direct, "s", at_most(0.3), 3)
    if (CLONE / ".venv" / "althan.stamp").exists():
        seconds = probe("commands.start", arguments=["--version"], through_tools=True)["seconds"]
        yield Sample("tools/althan --version, on top of that", seconds - direct, "s", at_most(0.1), 3)


def airtime() -> Iterator[Sample]:
    """Virtual seconds of a download against the arithmetic."""
    for fidelity in ("frames", "aps"):
        for row in ROWS:
            found = probe(
                "updates.one",
                size=AIRTIME_IMAGE,
                block=row.block,
                acks=row.acks,
                link_key=row.link_key,
                fidelity=fidelity,
                files=False,
            )
            model = found["download_virtual"] * IMAGE / AIRTIME_IMAGE
            computed = row.seconds(IMAGE)
            printed = f" ({row.published} in the table)" if row.published else ""
            name = f"{fidelity}, {row.name}: {model:.1f} s, computed {computed:.1f} s{printed}"
            yield Sample(name, abs(model / computed - 1) * 100, "%", at_most(5))


def idle() -> Iterator[Sample]:
    """A hundred bridges that only stand there for a day."""
    found = probe("fleets.idle", bridges=100, hours=24)
    yield Sample("100 bridges, 24 virtual hours", found["wall"], "s", at_most(30))
    yield Sample("events on the agenda in that time", found["events"], "", None, 0)
    yield Sample("everybody joins first", found["join_wall"], "s")


def memory() -> Iterator[Sample]:
    """What things take."""
    found = probe("updates.one", size=IMAGE, **LEAN)
    yield Sample("one lean update with files: peak RSS", found["peak_kib"] / 1024, "MiB", None, 1)
    yield Sample("  before it, everything imported", found["before_kib"] / 1024, "MiB", None, 1)
    few, many = (probe("updates.many", bridges=number, size=IMAGE, fidelity="aps", **LEAN) for number in (4, 32))
    growth = (many["peak_kib"] - few["peak_kib"]) / 28
    yield Sample("one more bridge at work, its flash of 750 KiB included (mem:aps)", growth, "KiB", None, 0)
    for fidelity in ("frames", "aps"):
        found = probe("fleets.standing", bridges=32, fidelity=fidelity)
        yield Sample(f"one more bridge joined, its share of a hub ({fidelity})", found["octets_a_bridge"] / 1024, "KiB")
    yield Sample("copies of an image that offering it makes, for a hub", found["image_copies_a_hub"], "", at_most(0.05))
    found = probe("sessions.memory", sessions=500)
    yield Sample("one more session of an OTA server", found["octets_a_session"] / 1024, "KiB", at_most(10))
    yield Sample("copies of an image that loading it makes", found["image_copies"], "", at_most(0), 0)


def micro() -> Iterator[Sample]:
    """Single steps."""
    for name, form in (("64 octets", LEAN), ("50 octets", GREAT_BRITAIN)):
        found = probe("sessions.block", size=IMAGE, block=form["block"])
        yield Sample(f"OTA client and server, a block of {name}", found["us"], "us")
    found = probe("micro.frames")
    yield Sample("block frame encoded, NWK security", found["encode_lean"], "us")
    yield Sample("block frame decoded, NWK security", found["decode_lean"], "us")
    yield Sample("block frame encoded, link key too", found["encode_full"], "us")
    yield Sample("block frame decoded, link key too", found["decode_full"], "us")
    found = probe("micro.writing")
    yield Sample("event into the log", found["event"], "us")
    yield Sample("frame into the capture", found["frame"], "us")


def gbcs() -> Iterator[Sample]:
    """Messages at a device, on one core."""
    found = probe("gbcs.device")
    yield Sample("CS08 answered: checked, built, MAC", found["cs08"] / 1000, "ms", at_most(1), 3)
    yield Sample("alert 0x8F8B signed", found["alert"] / 1000, "ms", at_most(1), 3)
    found = probe("gbcs.reading")
    for name, label in (("cs08", "CS08"), ("cs02b", "CS02b")):
        size = f"{label} Command of {found[f'{name}_octets']:,.0f} octets"
        for what, key in (("decoded and MAC-checked", name), ("the same with its payload", f"{name}_payload")):
            yield Sample(f"{size}, {what}", 1e6 / found[key], "/s", at_least(2_000), 0)


def cbke() -> Iterator[Sample]:
    """Key establishment, both sides on one core."""
    for suite in (2, 1):
        found = probe("cbke.exchange", suite=suite)
        yield Sample(f"suite {suite}: a whole exchange, both sides", found["exchange"] / 1000, "ms", at_most(300), 1)
        yield Sample(f"suite {suite}: a certificate issued", found["issue"] / 1000, "ms", None, 1)


STICK_IMAGE = 50_000
STICK_FORMS: dict[str, dict[str, object]] = {
    "GB default, EZSP 13": {**GREAT_BRITAIN, "version": 13},
    "GB default, EZSP 18": {**GREAT_BRITAIN, "version": 18},
    "lean, EZSP 13": {**LEAN, "version": 13},
    "as zigpy sends, EZSP 13": {"block": 50, "acks": True, "link_key": False, "version": 13},
}


def sticks() -> Iterator[Sample]:
    """Our hub and our bridge on virtual sticks, zigpy's OTA server on the same ones, and how long a form takes."""
    found = {name: probe("sticks.ours", size=STICK_IMAGE, **form) for name, form in STICK_FORMS.items()}
    for name, each in found.items():
        yield from _through_sticks(name, each, at_least(300), at_most(20))
    zigpy = probe("zigpy_sticks.update", size=STICK_IMAGE, version=13)
    yield from _through_sticks("zigpy's OTA server, EZSP 13", zigpy)
    same = found["as zigpy sends, EZSP 13"]
    yield Sample("ours as zigpy sends, against zigpy", same["rate"] / zigpy["rate"], "x")
    yield Sample("the same in processor time", zigpy["cpu"] / same["cpu"], "x")
    for line in ("pty", "memory", "tcp"):
        formed = probe("sticks.form", line=line, version=13)
        yield Sample(f"{line}: opened", formed["open"], "s", None, 3)
        yield Sample(f"{line}: opened and formed", formed["open"] + formed["form"], "s", at_most(1), 3)


def _through_sticks(
    name: str, found: Measured, rate: Budget | None = None, gap: Budget | None = None
) -> Iterator[Sample]:
    yield Sample(f"{name}: blocks", found["rate"], "/s", rate, 0)
    yield Sample(f"{name}: a block, processor time of all", found["cpu"], "us", None, 0)
    yield Sample(f"{name}: host's gap, median", found["gap_median"], "ms", None, 1)
    yield Sample(f"{name}: host's gap, 99 %", found["gap_p99"], "ms", gap, 1)


SUITES = {
    "machine": Suite("what is not ours, to tell a slow machine from a slow program", machine),
    "update": Suite("one bridge, 768,000 octets, from join to CS08, without key establishment", update),
    "bridges": Suite("bridges at once, in HANs of four, each on its own channel, without key establishment", bridges),
    "bytes": Suite("cost over the size of the image, download alone", octets),
    "work": Suite("the last two in function calls, lean frames, from join to CS08", work, exact=True),
    "commands": Suite("command line", commands),
    "airtime": Suite("airtime of the model, difference from the arithmetic (768,000 octets)", airtime, exact=True),
    "idle": Suite("idle fleet at mem:aps", idle),
    "memory": Suite("memory", memory, exact=True),
    "sticks": Suite("hub and bridge through bellows, TCP and two virtual sticks, instant air, one process", sticks),
    "gbcs": Suite("GBCS messages at a device, least of seven timings", gbcs),
    "cbke": Suite("key establishment, least of seven timings", cbke),
    "micro": Suite("single steps, least of seven timings", micro),
}
"""By the name that the command line takes."""
