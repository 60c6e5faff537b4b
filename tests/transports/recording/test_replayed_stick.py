"""A stick out of a recording: EZSP frames found in its line's octets, and answered again as they were answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64, eui64_little
from emulator.core.events import Report
from emulator.ncp.ash.frames import (
    AckFrame,
    DataFrame,
    ErrorFrame,
    Frame,
    NakFrame,
    ResetCode,
    RstAckFrame,
    RstFrame,
    encode,
)
from emulator.transports.ezsp.jobs import Job
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.recovery import Work
from emulator.transports.ezsp.settings import Recovery
from emulator.transports.ezsp.stick import Stick, StickLost
from emulator.transports.ezsp.uri import parse_stick
from emulator.transports.recording.entries import Entry, Kind
from emulator.transports.recording.exchanges import Exchange, Lost, exchanges_of
from emulator.transports.recording.stick import NotRecorded, ReplayedStick

EUI64 = Eui64(0x00DB_0000_0000_0001)
VERSION_4 = bytes.fromhex("00000004")
VERSION_13 = bytes.fromhex("01000100000d")
XNCP = bytes.fromhex("0200014700") + b"\x02\x00\x00"
GET_EUI64, GET_NODE_ID, NETWORK_STATE = 0x26, 0x27, 0x18


def command(sequence: int, number: int, parameters: bytes = b"") -> bytes:
    return bytes((sequence, 0x00, 0x01)) + number.to_bytes(2, "little") + parameters


def answer(sequence: int, number: int, parameters: bytes = b"") -> bytes:
    return bytes((sequence, 0x80, 0x01)) + number.to_bytes(2, "little") + parameters


def callback(sequence: int, number: int, parameters: bytes = b"") -> bytes:
    return bytes((sequence, 0x90, 0x01)) + number.to_bytes(2, "little") + parameters


class Tape:
    """Entries of a line, one ASH frame each."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._sent = self._came = 0
        self.line()

    def put(self, kind: Kind, octets: bytes) -> None:
        self.entries.append(Entry(len(self.entries) + 2, 0, kind, octets.hex()))

    def line(self) -> None:
        self.entries.append(Entry(len(self.entries) + 2, 0, Kind.LINE, "opened"))
        self._sent = self._came = 0

    def host(self, frame: Frame) -> None:
        self.put(Kind.TX, encode(frame))

    def stick(self, frame: Frame) -> None:
        self.put(Kind.RX, encode(frame))

    def reset(self) -> None:
        self.host(RstFrame())
        self.stick(RstAckFrame(ResetCode.SOFTWARE))
        self._sent = self._came = 0

    def asks(self, payload: bytes, *, again: bool = False) -> None:
        self.host(DataFrame(self._sent, again, self._came, payload))
        self._sent = (self._sent + 1) % 8

    def says(self, *payloads: bytes) -> None:
        for payload in payloads:
            self.stick(DataFrame(self._came, False, self._sent, payload))
            self._came = (self._came + 1) % 8


def test_what_was_asked_and_said_is_found_in_the_octets() -> None:
    tape = Tape()
    tape.reset()
    tape.asks(VERSION_4)
    tape.says(bytes.fromhex("0080000d02") + b"\x00\x74")
    tape.asks(command(1, GET_EUI64))
    tape.says(answer(1, GET_EUI64, b"12345678"), callback(1, 0x19, b"\x90"))
    assert exchanges_of(tape.entries) == [
        Exchange(VERSION_4, bytes.fromhex("0080000d02") + b"\x00\x74"),
        Exchange(command(1, GET_EUI64), answer(1, GET_EUI64, b"12345678"), [callback(1, 0x19, b"\x90")]),
    ]


def test_a_frame_that_was_sent_again_counts_once_and_a_damaged_one_not_at_all() -> None:
    tape = Tape()
    tape.reset()
    request, said = command(0, GET_EUI64), answer(0, GET_EUI64, b"12345678")
    tape.asks(request)
    tape.stick(NakFrame(0))
    tape.host(DataFrame(0, True, 0, request))
    tape.put(Kind.RX, encode(DataFrame(0, False, 1, said))[:-3] + b"\x00\x00\x7e")
    tape.host(NakFrame(0))
    tape.says(said)
    tape.stick(DataFrame(0, True, 1, said))
    tape.host(AckFrame(1))
    assert exchanges_of(tape.entries) == [Exchange(request, said)]


@given(st.data())
def test_octets_may_come_in_pieces_of_any_size(data: st.DataObject) -> None:
    tape = Tape()
    tape.reset()
    for number in range(12):
        tape.asks(command(number, GET_NODE_ID, bytes((0x7E, number))))
        tape.says(answer(number, GET_NODE_ID, bytes((0x7D, number))), callback(number, 0x19, b"\x11\x13"))
    whole = exchanges_of(tape.entries)
    pieces = Tape()
    for entry in tape.entries[1:]:
        cut = data.draw(st.integers(0, len(entry.octets)))
        pieces.put(entry.kind, entry.octets[:cut])
        pieces.put(entry.kind, entry.octets[cut:])
    assert exchanges_of(pieces.entries) == whole
    assert len(whole) == 12


def test_resets_that_the_host_did_not_ask_for_are_losses() -> None:
    tape = Tape()
    tape.reset()
    tape.asks(command(0, GET_EUI64))
    tape.says(answer(0, GET_EUI64))
    tape.stick(ErrorFrame(ResetCode.ACK_TIMEOUTS))
    tape.reset()
    tape.asks(command(0, GET_EUI64))
    tape.stick(RstAckFrame(ResetCode.WATCHDOG))
    first, second = exchanges_of(tape.entries)
    assert first.after == [Lost(ResetCode.ACK_TIMEOUTS, failed=True)]
    assert second.after == [Lost(ResetCode.WATCHDOG, failed=False)]


@given(st.lists(st.tuples(st.sampled_from([Kind.RX, Kind.TX, Kind.LINE]), st.binary(max_size=40))))
def test_any_octets_are_a_line(pieces: list[tuple[Kind, bytes]]) -> None:
    entries = [Entry(2, 0, kind, octets.hex()) for kind, octets in pieces]
    assert exchanges_of(entries) == [each for each in exchanges_of(entries) if each.request]


# --- answering -------------------------------------------------------------------------------------------------------


def test_the_same_question_has_the_answers_that_it_had_and_the_last_one_from_then_on() -> None:
    stick = ReplayedStick(
        [
            Exchange(command(0, NETWORK_STATE), answer(0, NETWORK_STATE, b"\x00")),
            Exchange(command(1, NETWORK_STATE), answer(1, NETWORK_STATE, b"\x02"), [callback(1, 0x19, b"\x90")]),
        ],
        "replay:x",
    )
    assert stick.asked(command(7, NETWORK_STATE)) == [answer(7, NETWORK_STATE, b"\x00")]
    assert stick.asked(command(8, NETWORK_STATE)) == [answer(8, NETWORK_STATE, b"\x02"), callback(8, 0x19, b"\x90")]
    assert stick.asked(command(9, NETWORK_STATE)) == [answer(9, NETWORK_STATE, b"\x02")]


def test_what_was_never_answered_is_not_answered() -> None:
    stick = ReplayedStick([Exchange(command(0, NETWORK_STATE))], "replay:x")
    assert stick.asked(command(0, NETWORK_STATE)) == []


def test_a_host_that_only_looks_whether_the_stick_is_there_finds_it_recorded_or_not() -> None:
    stick = ReplayedStick([Exchange(command(1, GET_EUI64), answer(1, GET_EUI64))], "x")
    assert stick.asked(command(9, 0x05)) == [answer(9, 0x05)]


def test_what_was_never_asked_is_named_with_its_parameters() -> None:
    version = Exchange(VERSION_4, bytes.fromhex("0080000d020074"))
    stick = ReplayedStick([version, Exchange(command(1, GET_EUI64, b"\x05"))], "replay:x")
    with pytest.raises(NotRecorded, match="replay:x: getNodeId was never asked"):
        stick.asked(command(2, GET_NODE_ID))
    with pytest.raises(NotRecorded, match=r"getEui64 was asked when .*, but never with parameters 06"):
        stick.asked(command(2, GET_EUI64, b"\x06"))
    with pytest.raises(NotRecorded, match="command 0x0fff was never asked"):
        stick.asked(command(2, 0x0FFF))


# --- under its address -----------------------------------------------------------------------------------------------


def begun() -> Tape:
    """A stick of EZSP 13 that was opened as bellows opens it, and asked for its address."""
    tape = Tape()
    tape.reset()
    tape.asks(VERSION_4)
    tape.says(bytes.fromhex("0080000d020074"))
    tape.asks(command(1, 0, b"\x0d"))
    tape.says(answer(1, 0, bytes.fromhex("0d020074")))
    tape.asks(command(2, 0x47, b"\x03\x00\x00\x00"))
    tape.says(answer(2, 0x58, b"\x36"))
    tape.asks(command(3, GET_EUI64))
    tape.says(answer(3, GET_EUI64, eui64_little(EUI64)))
    return tape


def kept(tape: Tape, folder: Path) -> str:
    """The address of the stick in a file."""
    path = folder / "a stick?.jsonl"
    lines: Iterator[dict[str, object]] = ({"at": each.at, each.kind.value: each.name} for each in tape.entries)
    header = {"format": "althan-recording", "version": 1, "role": "stick"}
    path.write_text("".join(json.dumps(line) + "\n" for line in (header, *lines)))
    return f"replay:{path}"


def nobody(*_: object) -> None:
    """Nothing is told."""


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for is told to no task
            await asyncio.sleep(0.001)


async def test_a_stick_that_is_opened_twice_is_at_its_beginning_twice(tmp_path: Path) -> None:
    uri = kept(begun(), tmp_path)
    for _ in range(2):
        stick, lock = await open_stick(parse_stick(uri), nobody)
        assert (stick.version, lock) == (13, None)
        assert bytes((await stick.ask("getEui64"))["eui64"].serialize()) == eui64_little(EUI64)
        await stick.close()


async def test_what_was_never_asked_ends_it_with_one_line_from_then_on(tmp_path: Path) -> None:
    uri = kept(begun(), tmp_path)
    stick, _ = await open_stick(parse_stick(uri), nobody)
    for _ in range(2):
        with pytest.raises(NotRecorded, match="getNodeId was never asked"):
            await stick.ask("getNodeId")
    await stick.close()


class Owner:
    """Whose work a replayed stick does."""

    def __init__(self, uri: str) -> None:
        self.reports: list[str] = []
        self.failures: list[BadInput] = []
        self.failed: list[str] = []
        opener = partial(open_stick, parse_stick(uri))
        report: Report = lambda kind, *_: self.reports.append(kind)  # noqa: E731 - one line is enough
        self.work = Work(opener, Recovery(tries=2, first=1_000), self, report, lambda: 0)

    async def asks(self, command: str) -> None:
        """Begin, with one job."""
        await self.work.open()
        self.work.start()
        self.work.queue(Job(lambda stick: self._ask(stick, command), self.failed.append))

    async def _ask(self, stick: Stick, command: str) -> None:
        await stick.ask(command)

    def heard(self, callback: object) -> None:
        """Nothing is said."""

    def stick_lost(self, reason: str) -> None:
        """The reports have it."""

    async def bring_back(self, stick: Stick) -> None:
        """Nothing is to be done."""

    def gave_up(self, error: BadInput) -> None:
        self.failures.append(error)


async def test_nobody_seeks_a_stick_that_has_no_more_to_say(tmp_path: Path) -> None:
    owner = Owner(kept(begun(), tmp_path))
    await owner.asks("getNodeId")
    await until(lambda: owner.failures)
    assert "getNodeId was never asked" in str(owner.failures[0])
    assert owner.failed == ["stick-lost"]
    assert "stick.not-back" not in owner.reports
    await owner.work.close()


async def test_a_stick_that_was_lost_when_recorded_is_sought_as_any_other(tmp_path: Path) -> None:
    tape = begun()
    tape.asks(command(4, NETWORK_STATE))
    tape.stick(RstAckFrame(ResetCode.WATCHDOG))
    tape.line()
    owner = Owner(kept(tape, tmp_path))
    await owner.asks("networkState")
    await until(lambda: "stick.back" in owner.reports)
    assert owner.failures == []
    await owner.work.close()


async def test_a_stick_that_is_not_what_it_takes_is_refused_in_one_line(tmp_path: Path) -> None:
    for text in ("replay:", "replay:/nowhere/at/all", f"replay:{tmp_path}"):
        with pytest.raises(BadInput, match="no such file"):
            parse_stick(text)
    tape = Tape()
    tape.reset()
    with pytest.raises(BadInput, match="no stick was asked anything"):
        await open_stick(parse_stick(kept(tape, tmp_path)), nobody)
    tape.asks(command(0, GET_EUI64))
    with pytest.raises(NotRecorded, match="was never asked"):
        await open_stick(parse_stick(kept(tape, tmp_path)), nobody)


@pytest.mark.parametrize("failed", [True, False])
async def test_a_stick_that_was_lost_is_lost_again_and_goes_on_when_its_host_is_back(
    failed: bool, tmp_path: Path
) -> None:
    tape = begun()
    tape.asks(command(4, NETWORK_STATE))
    tape.says(answer(4, NETWORK_STATE, b"\x00"))
    tape.stick(ErrorFrame(ResetCode.ASSERT) if failed else RstAckFrame(ResetCode.ASSERT))
    tape.line()
    tape.reset()
    tape.asks(VERSION_4)
    tape.says(bytes.fromhex("0080000d020074"))
    tape.asks(command(4, NETWORK_STATE))
    tape.says(answer(4, NETWORK_STATE, b"\x02"))
    uri = kept(tape, tmp_path)
    losses: list[str] = []
    stick, _ = await open_stick(parse_stick(uri), losses.append)
    assert int((await stick.ask("networkState"))["status"]) == 0
    await until(lambda: losses)
    assert losses == ["stick-reset"]
    await stick.close()
    again, _ = await open_stick(parse_stick(uri), nobody)
    assert int((await again.ask("networkState"))["status"]) == 2
    await again.close()


async def test_a_stick_without_answers_is_a_stick_that_is_lost(tmp_path: Path) -> None:
    tape = begun()
    tape.asks(command(4, NETWORK_STATE))
    stick, _ = await open_stick(parse_stick(kept(tape, tmp_path)), nobody)
    with pytest.raises((StickLost, TimeoutError)):
        async with asyncio.timeout(0.05):
            await stick.ask("networkState")
    await stick.close()
