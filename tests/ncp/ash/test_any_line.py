"""Whatever a line does to the octets: every EZSP frame comes once and in order, or the link says that it failed."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import asdict, dataclass
from functools import partial

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from emulator.core.clock import HOUR, MILLISECOND, SECOND
from emulator.ncp.ash.frames import LONGEST_DATA, AckFrame, DataFrame, RstFrame, encode
from emulator.ncp.ash.link import AshLink
from emulator.ncp.ash.link_table import LinkState
from emulator.ncp.ash.reader import AshReader, DamagedFrame
from emulator.ncp.ash.settings import AshSettings
from tests.ncp.ash.host import Host, Line, Stick
from tests.ncp.ash.test_reader import MOST_KEPT


@dataclass(frozen=True)
class Noise:
    """What a line does to octets, by chance: per mille of them lost, flipped, doubled, made a signal."""

    lost: int = 0
    flipped: int = 0
    doubled: int = 0
    signals: int = 0


NOISES = st.builds(Noise, *[st.sampled_from([0, 0, 0, 1, 2, 5, 20])] * 4)
SETTINGS = st.builds(
    AshSettings,
    window=st.integers(1, 7),
    t_tx_ack_delay=st.sampled_from([0, 20 * MILLISECOND]),
    ack_timeouts=st.integers(1, 4),
    waiting_responses=st.sampled_from([1, 16]),
)
PAYLOADS = st.lists(st.binary(min_size=3, max_size=LONGEST_DATA), max_size=25)


class NoisyLine:
    """One direction.  It knows what was said, so that damage which the CRC cannot show is told from a fault of ours."""

    def __init__(self, noise: Noise, rng: random.Random) -> None:
        self.shares = asdict(noise)
        self.rng = rng
        self.said: set[object] = set()
        self.shadow = AshReader()
        self.good = self._stretch()
        """Octets to come before the next one that is spoilt."""

    def _stretch(self) -> int:
        chance = sum(self.shares.values()) / 1_000
        return int(math.log(1 - self.rng.random()) / math.log(1 - chance)) if chance else 1 << 50

    def __call__(self, octets: bytes) -> bytes:
        self.said.update(AshReader().feed(octets))
        spoilt = self._spoil(octets)
        heard = [item for item in self.shadow.feed(spoilt) if not isinstance(item, DamagedFrame)]
        # One frame in 65,536 that lost or gained an octet has the right CRC all the same.
        if not self.said.issuperset(heard):
            reject()
        return spoilt

    def _spoil(self, octets: bytes) -> bytes:
        out, place = bytearray(), 0
        while place + self.good < len(octets):
            out += octets[place : place + self.good]
            place += self.good
            out += self._spoilt(octets[place])
            place += 1
            self.good = self._stretch()
        self.good -= len(octets) - place
        return bytes(out + octets[place:])

    def _spoilt(self, octet: int) -> bytes:
        (what,) = self.rng.choices(list(self.shares), list(self.shares.values()))
        match what:
            case "lost":
                return b""
            case "flipped":
                return bytes((octet ^ 1 << self.rng.randrange(8),))
            case "doubled":
                return bytes((octet, octet))
            case _:
                return bytes((self.rng.choice(b"\x7e\x7d\x11\x13\x18\x1a\xff"),))


def noisy(noise: Noise, settings: AshSettings, seed: int, window: int) -> Line:
    up, down = (NoisyLine(noise, random.Random(f"{seed} {way}")) for way in ("up", "down"))
    line = Line(Host(window), Stick(settings), up, down)
    line.host.connect(0)
    line.run(20 * SECOND)
    return line


def offer(line: Line, up: list[bytes], down: list[bytes], rng: random.Random) -> None:
    """Frames at both ends, spread over a few seconds; every other one of the stick's is a callback."""

    def from_stick(payload: bytes) -> None:
        callback = rng.random() < 0.5
        line.stick.do(line.stick.link.send(payload, line.now, callback=callback), line.now)

    def from_host(payload: bytes) -> None:
        line.host.send(payload, line.now)

    for send, payloads in ((from_host, up), (from_stick, down)):
        moments = sorted(rng.randrange(3 * SECOND) for _ in payloads)
        for moment, payload in zip(moments, payloads, strict=True):
            line.at(line.now + moment, partial(send, payload))


def is_start(part: list[bytes], whole: list[bytes]) -> bool:
    return part == whole[: len(part)]


@given(NOISES, SETTINGS, PAYLOADS, PAYLOADS, st.integers(0, 2**32), st.integers(1, 7), st.integers(1, 700))
def test_every_frame_comes_once_and_in_order_or_the_link_says_that_it_failed(
    noise: Noise,
    settings: AshSettings,
    up: list[bytes],
    down: list[bytes],
    seed: int,
    window: int,
    latency_ms: int,
) -> None:
    line = noisy(noise, settings, seed, window)
    host, stick = line.host, line.stick
    assume(host.connected)
    line.latency = latency_ms * MILLISECOND
    offer(line, up, down, random.Random(seed))
    line.run(line.now + 1 * HOUR)
    assert is_start(stick.delivered, up)
    assert is_start(host.delivered, down)
    if stick.link.state is LinkState.CONNECTED and host.connected:
        assert (stick.delivered, host.delivered) == (up, down)
        assert stick.link.unfinished == 0
        assert not stick.lost
    else:
        assert stick.failed is not None or host.failed
    assert stick.link.next_timeout() is None, "nothing goes on for ever"


@pytest.mark.parametrize("stream", range(8))
def test_a_line_that_spoils_three_octets_in_a_thousand_stops_nobody(stream: int) -> None:
    line = noisy(Noise(), AshSettings(), stream, 3)
    line.spoil_up, line.spoil_down = (NoisyLine(Noise(1, 1, 0, 1), random.Random(f"{stream} {way}")) for way in "ab")
    up, down = ([b"%s %60d" % (way, number) for number in range(40)] for way in (b"up", b"down"))
    offer(line, up, down, random.Random(stream))
    line.run()
    assert (line.stick.delivered, line.host.delivered) == (up, down)
    assert line.stick.reasons("ash.rejected")
    assert line.stick.reasons("ash.resent")


@given(PAYLOADS, PAYLOADS, SETTINGS, st.integers(0, 2**32), st.integers(1, 7))
def test_on_a_clean_line_nothing_is_dropped_refused_or_sent_again(
    up: list[bytes], down: list[bytes], settings: AshSettings, seed: int, window: int
) -> None:
    line = noisy(Noise(), settings, seed, window)
    offer(line, up, down, random.Random(seed))
    line.run()
    assert (line.stick.delivered, line.host.delivered) == (up, down)
    kinds = Counter(kind for kind, _ in line.stick.reports)
    refused_for_memory = line.stick.reasons("ash.rejected")
    assert set(kinds) <= {"ash.reset-requested", "ash.up", "ash.rejected", "ash.dropped"}
    assert set(refused_for_memory) <= {"no-memory"}
    assert refused_for_memory or "ash.dropped" not in kinds


@given(NOISES, st.integers(0, 2**32), st.integers(1, 7))
def test_a_dialogue_of_commands_and_responses_gets_through_or_fails_aloud(noise: Noise, seed: int, window: int) -> None:
    line = noisy(noise, AshSettings(), seed, window)
    assume(line.host.connected)
    line.stick.answer = lambda payload: payload[::-1]
    commands = [b"command %d" % number for number in range(10)]
    for command in commands:
        line.host.send(command, line.now)
    line.run(line.now + 1 * HOUR)
    answers = [command[::-1] for command in commands]
    assert is_start(line.stick.delivered, commands)
    assert is_start(line.host.delivered, answers)
    assert line.host.failed or line.stick.failed is not None or line.host.delivered == answers


@given(st.integers(0, 200), st.integers(0, 3))
def test_a_cancel_byte_at_any_point_costs_one_frame_which_comes_again(place: int, frames: int) -> None:
    line = noisy(Noise(), AshSettings(), 0, 3)
    commands = [b"command number %d" % number for number in range(frames + 1)]
    cancelled = False

    def cancel(octets: bytes) -> bytes:
        nonlocal cancelled
        if cancelled:
            return octets
        cancelled = True
        return octets[:place] + b"\x1a" + octets[place:]

    line.spoil_up = cancel
    for command in commands:
        line.host.send(command, line.now)
    line.run()
    assert line.stick.delivered == commands
    assert "ash.down" not in dict(line.stick.reports)


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 60), st.integers(0, 2**32))
def test_a_reset_at_any_point_begins_anew(up: int, down: int, after: int, seed: int) -> None:
    line = noisy(Noise(), AshSettings(), seed, 3)
    host, stick = line.host, line.stick
    offer(line, [b"before %d" % n for n in range(up)], [b"before %d" % n for n in range(down)], random.Random(seed))
    line.run(line.now + after * SECOND // 20)
    host.connect(line.now)
    # Of frames that were offered for later, the hosts of the field would know nothing any more.
    line._agenda.clear()
    line.run(line.now + SECOND)
    assert host.connected
    assert stick.resets == 2
    for number in range(12):
        host.send(b"after %d" % number, line.now)
        stick.do(stick.link.send(b"after %d" % number, line.now), line.now)
    line.run()
    assert stick.delivered == host.delivered == [b"after %d" % number for number in range(12)]


@given(st.lists(st.binary(max_size=600), max_size=12), st.booleans())
def test_any_octets_in_any_pieces_never_raise_and_little_is_kept(pieces: list[bytes], failed: bool) -> None:
    link = AshLink(AshSettings(waiting_callbacks=3, waiting_responses=3))
    link.reset(2, 0)
    if failed:
        link.fail(6, 0)
    for number, piece in enumerate(pieces):
        link.received(piece, number * SECOND)
        link.send(b"callback", number * SECOND, callback=True)
        link.on_timeout(number * SECOND)
        assert link._session.reader.held <= MOST_KEPT
        assert link.unfinished <= 3 + 3 + 5
    effects = link.received(b"\x1a" + encode(RstFrame()), 100 * SECOND)
    assert link.state is LinkState.RESETTING
    assert effects
    link.reset(11, 100 * SECOND)
    assert link.unfinished == 0


def test_a_host_that_never_acknowledges_cannot_make_the_stick_keep_much() -> None:
    stick = Stick()
    stick.do(stick.link.reset(2, 0), 0)
    stick.answer = lambda _: bytes(100)
    for number in range(1_000):
        frame = DataFrame(stick.link._session.expected, False, 0, b"command")
        stick.do(stick.link.received(encode(frame), number), number)
    assert len(stick.delivered) == stick.link.unfinished == 5 + 16
    assert stick.reasons("ash.rejected") == ["no-memory"]
    stick.do(stick.link.received(encode(AckFrame(5)), 2_000), 2_000)
    assert stick.link.unfinished == 16
