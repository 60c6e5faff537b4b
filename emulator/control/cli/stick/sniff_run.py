"""Carries out `althan stick sniff`: frames from a stick into a capture, or in lines, until somebody has enough."""

from __future__ import annotations

import asyncio
import io
import json
import os
import select
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO, Final

import typer

from emulator.control.cli.stick.running import run_until_signalled, say
from emulator.control.cli.stick.session import failure_of, opened
from emulator.core.aes import CcmStar
from emulator.core.clock import SECOND
from emulator.core.errors import BadInput
from emulator.observe.capture import CaptureWriter
from emulator.observe.part_file import refused
from emulator.transports.ezsp.sniffer import SniffedFrame, Sniffer, listening
from emulator.zigbee.frame_words import in_words
from emulator.zigbee.security.keys import KEY_OCTETS

STDOUT: Final = Path("-")
_TURN_S: Final = 0.25
"""How soon a reader that has gone is noticed."""
_TELL_EVERY_S: Final = 5.0

Take = Callable[[SniffedFrame], None]


@dataclass(frozen=True, slots=True)
class SniffPlan:
    """What was asked for; `write` None: lines on stdout."""

    uri: str
    channel: int
    write: Path | None
    seconds: float | None
    keys: tuple[CcmStar, ...]
    as_json: bool


class Tally:
    """How many frames came, and how fast."""

    def __init__(self, channel: int) -> None:
        self.frames = 0
        self._channel = channel
        self._began = self._told = time.monotonic()
        self._told_frames = 0

    def said(self) -> str:
        """Since the beginning."""
        span = time.monotonic() - self._began
        return f"{self.frames} frames in {span:.0f} s on channel {self._channel}"

    def news(self) -> str | None:
        """Now and then, what came since the time before."""
        span = time.monotonic() - self._told
        if span < _TELL_EVERY_S:
            return None
        rate = (self.frames - self._told_frames) / span
        self._told, self._told_frames = time.monotonic(), self.frames
        return f"{self.frames} frames, {rate:.1f}/s"


def network_keys(texts: list[str]) -> tuple[CcmStar, ...]:
    """Keys in hex, made ready; BadInput for what is none."""
    keys = []
    for text in texts:
        try:
            key = bytes.fromhex(text)
        except ValueError:
            key = b""
        if len(key) != KEY_OCTETS:
            raise BadInput("no key", where="--key", allowed=f"{2 * KEY_OCTETS} hex digits")
        keys.append(CcmStar(key))
    return tuple(keys)


def carry_out(plan: SniffPlan) -> None:
    """Listen until the time is up, Ctrl-C, or nobody reads any more; each is a good end.

    Raises:
        BadInput: the port or the file cannot be used.
        typer.Exit: the stick failed.
    """
    if plan.as_json and plan.write is not None:
        raise BadInput("lines of JSON and a capture", where="--json", allowed="without -w")
    tally = Tally(plan.channel)
    with _output(plan.write) as stream, _until_nobody_reads():
        epoch = datetime.now(UTC).replace(microsecond=0)
        take = _lines(plan) if stream is None else _capture(stream, epoch, plan.channel)
        sniffer = Sniffer(lambda: time.time_ns() // 1_000 - int(epoch.timestamp()) * SECOND)
        with failure_of("what came before is kept"), suppress(KeyboardInterrupt):
            run_until_signalled(_sniff(plan, sniffer, take, tally, stream))
    dropped = f", {sniffer.dropped} dropped" if sniffer.dropped else ""
    say(tally.said() + dropped)


async def _sniff(plan: SniffPlan, sniffer: Sniffer, take: Take, tally: Tally, stream: BinaryIO | None) -> None:
    async with opened(plan.uri, sniffer.lost) as stick, listening(stick, sniffer, plan.channel, plan.uri):
        say(f"listening on channel {plan.channel}, Ctrl-C ends it")
        loop = asyncio.get_running_loop()
        end = None if plan.seconds is None else loop.time() + plan.seconds
        while end is None or loop.time() < end:
            frame = await sniffer.next(_TURN_S if end is None else max(0.0, min(_TURN_S, end - loop.time())))
            if frame is not None:
                tally.frames += 1
                take(frame)
            elif _has_gone(sys.stdout if stream is None else stream):
                return
            if stream is not None and (news := tally.news()) is not None:
                say(news)


# --- where to --------------------------------------------------------------------------------------------------------


@contextmanager
def _output(write: Path | None) -> Iterator[BinaryIO | None]:
    """Where a capture goes; None: it is lines that are wanted.

    Opened before anything else: a FIFO waits for its reader, and Ctrl-C ends that.
    """
    if write is None:
        yield None
    elif write == STDOUT:
        if sys.stdout.isatty():
            raise BadInput("a capture is not for a terminal", where="-w -", allowed="a pipe, or a file")
        yield sys.stdout.buffer
    else:
        with refused(write, "cannot be written"):
            if write.exists() and stat.S_ISFIFO(write.stat().st_mode):
                say(f"{write}: waiting for whoever reads it")
            # A pipe is not sought in, so it is opened without a buffer that would.
            file = io.FileIO(write, "w")
        # A reader that has gone by the end leaves nothing to be closed well.
        with suppress(BrokenPipeError), file:
            yield file


@contextmanager
def _until_nobody_reads() -> Iterator[None]:
    """A reader that has gone has seen enough."""
    try:
        yield
    except BrokenPipeError:
        # Python flushes stdout once more at exit, so give it somewhere to go.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _has_gone(stream: IO[str] | IO[bytes]) -> bool:
    """Whether whoever read from a pipe is there no more; of anything else, never."""
    poll = select.poll()
    try:
        poll.register(stream.fileno(), 0)
    except io.UnsupportedOperation:
        return False
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _capture(stream: BinaryIO, epoch: datetime, channel: int) -> Take:
    writer = CaptureWriter(stream, epoch=epoch, frames_held=1)
    return lambda frame: writer.frame(frame.at, frame.psdu, frame.rssi, frame.lqi, channel)


def _lines(plan: SniffPlan) -> Take:
    began: list[int] = []

    def shown(frame: SniffedFrame) -> None:
        began[:] = began or [frame.at]
        words, at = in_words(frame.psdu, plan.keys), (frame.at - began[0]) / SECOND
        if plan.as_json:
            typer.echo(json.dumps(_facts(frame, plan.channel, at, words)))
        else:
            typer.echo(f"{at:11.6f} {frame.rssi:4} dBm {frame.lqi:3} {words}")

    return shown


def _facts(frame: SniffedFrame, channel: int, at: float, words: str) -> dict[str, object]:
    return {
        "at_s": at,
        "channel": channel,
        "rssi": frame.rssi,
        "lqi": frame.lqi,
        "psdu": frame.psdu.hex(),
        "words": words,
    }
