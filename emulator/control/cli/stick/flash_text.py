"""What `althan stick flash` says: what is there and what will be, how far it is, and what came of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from time import monotonic
from typing import Final

from emulator.control.cli.stick.probe_run import in_words, line, network_in_words
from emulator.control.cli.stick.running import say
from emulator.runtime.sticks.firmware_file import FirmwareFile, doubts
from emulator.runtime.sticks.profiles import StickProfile
from emulator.transports.ezsp.uri import StickAddress
from emulator.transports.flasher.found import Found

_EVERY_S: Final = 2.0
_EVERY_ON_TERMINAL_S: Final = 0.2


class Outcome(StrEnum):
    """What came of it; machine-readable."""

    VERIFIED = "verified"
    """The stick answers as the file said."""
    OTHER_VERSION = "other-version"
    """It answers, and otherwise than the file said."""
    SILENT = "silent"
    """It was written and started, and nothing answers."""
    NOT_STARTED = "not-started"
    REFUSED = "refused"
    CUT = "cut"
    NO_BOOTLOADER = "no-bootloader"
    NOT_WANTED = "not-wanted"
    """Whoever was asked said no."""


_IN_BOOTLOADER: Final = (
    "the stick is in its bootloader, and what firmware it had may be gone: run the same command again, which goes on "
    "from there, also after it was unplugged"
)
ADVICE: Final = {
    Outcome.OTHER_VERSION: "the file says something else of itself than the stick does",
    Outcome.SILENT: "look again: althan stick probe; its firmware may want another baud rate or flow control",
    Outcome.NOT_STARTED: f"{_IN_BOOTLOADER}, or with another file",
    Outcome.CUT: _IN_BOOTLOADER,
    Outcome.NO_BOOTLOADER: "nothing was written: unplug the stick and plug it in, or use --reset where it has a way",
    Outcome.NOT_WANTED: "nothing was written",
}
STILL_RUNS: Final = "the firmware it had runs again"
MAY_BE_IN_BOOTLOADER: Final = "the stick may be in its bootloader; run the same command again, or unplug it"
REFUSED_AND_STAYS: Final = f"{_IN_BOOTLOADER}, with a file that is for this stick"


def plan_lines(
    place: StickAddress, found: Found | None, file: FirmwareFile, stick: Sequence[StickProfile]
) -> Iterator[str]:
    """What is on the stick, and what will be."""
    names = ", or ".join(f"{one.name} ({one.chip})" for one in stick) or "not known which"
    yield line("stick", f"{names}, at {place.device}")
    yield line("has now", "nothing that answers" if found is None else in_words(found))
    if found is not None and found.ezsp is not None and found.ezsp.network is not None:
        yield line("", f"{network_in_words(found.ezsp.network)}: usually kept, but see `althan stick backup`")
    yield line("will have", firmware_in_words(file))
    yield line("file", f"{file.path}, {len(file.image.octets):,} octets, product id {file.product_id or 'none'}")
    for doubt in doubts(file, stick):
        yield line("mind", doubt)


def firmware_in_words(file: FirmwareFile) -> str:
    """What is in the file."""
    if file.metadata is None:
        return f"{'/'.join(file.application_types) or 'some'} firmware that does not say which"
    if file.stack is None:
        return f"{file.metadata.fw_type or 'firmware'}, SDK {file.metadata.sdk_version or 'not told'}"
    ezsp = "another EZSP" if file.stack.ezsp is None else f"EZSP {file.stack.ezsp}"
    return f"{ezsp}, EmberZNet {file.stack}"


class Written:
    """Says on stderr how far it is: one line that changes on a terminal, a line now and then in a log."""

    def __init__(self) -> None:
        self._began = monotonic()
        self._said = self._began
        self._on_terminal = sys.stderr.isatty()

    def __call__(self, sent: int, total: int) -> None:
        """So many octets are out."""
        now, sent = monotonic(), min(sent, total)
        every = _EVERY_ON_TERMINAL_S if self._on_terminal else _EVERY_S
        if sent < total and now - self._said < every:
            return
        self._said = now
        rate = sent / max(now - self._began, 0.001)
        text = f"written {sent:,} of {total:,} octets, {sent / total:.0%}, {rate / 1000:.1f} kB/s"
        if self._on_terminal:
            sys.stderr.write(f"\r{text}\x1b[K" + ("\n" if sent == total else ""))
            sys.stderr.flush()
        else:
            say(text)

    def stop(self) -> None:
        """No more comes of it: leave the line."""
        if self._on_terminal:
            say("")
