"""The receiver alone: frames in, answers out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import SECOND
from emulator.core.errors import LocalProtocolError
from emulator.ncp.bootloader.effects import WriteOctets
from emulator.ncp.bootloader.settings import XmodemSettings
from emulator.ncp.bootloader.xmodem import TransferEnded, XmodemEffect, XmodemReceiver
from emulator.ncp.bootloader.xmodem_table import XmodemState
from tests.ncp.bootloader.host import ACK, CAN, EOT, NAK, POLL, SOH, Log, crc16, frame, frames

LIMIT = 128 * 600
BLOCK = bytes(range(128))
REFUSAL = [WriteOctets(CAN * 3)]


class Reader:
    """Takes anything; `needed` octets are whole."""

    def __init__(self, needed: int = 0, fault: str | None = None) -> None:
        self.needed = needed
        self.found = fault
        self.seen = 0

    def fault(self, file: bytearray) -> str | None:
        self.seen = len(file)
        return self.found

    def whole(self) -> bool:
        return self.seen >= self.needed


class Bench:
    """A receiver that has asked for its first block."""

    def __init__(
        self, limit: int = LIMIT, reader: Reader | None = None, settings: XmodemSettings | None = None
    ) -> None:
        self.log = Log()
        self.receiver = XmodemReceiver(limit, reader or Reader(), self.log, settings)
        assert self.receiver.start(0) == [WriteOctets(POLL)]

    def send(self, octets: bytes, now: int = 0) -> list[XmodemEffect]:
        return self.receiver.received(octets, now)

    def answer(self, octets: bytes) -> bytes:
        return b"".join(effect.octets for effect in self.send(octets) if isinstance(effect, WriteOctets))

    def timeout(self) -> list[XmodemEffect]:
        due = self.receiver.next_timeout()
        assert due is not None
        assert self.receiver.on_timeout(due - 1) == []
        return self.receiver.on_timeout(due)


def test_the_check_sum_is_that_of_xmodem() -> None:
    assert crc16(b"123456789") == 0x31C3  # the check value of CRC-16/XMODEM
    assert Bench().answer(frame(1, BLOCK)) == ACK


def test_a_file_of_many_blocks_comes_as_it_was_sent() -> None:
    file = b"".join(bytes([number & 0xFF]) * 128 for number in range(600))
    bench = Bench()
    assert [bench.answer(each) for each in frames(file)] == [ACK] * 600
    assert bench.send(EOT) == [WriteOctets(ACK), TransferEnded(file)]
    assert bench.receiver.state is XmodemState.ENDED
    assert bench.receiver.next_timeout() is None
    assert bench.log.lines == []


# --- asking ----------------------------------------------------------------------------------------------------------


def test_it_asks_sixty_times_a_second_apart_and_then_gives_up() -> None:
    bench = Bench()
    for number in range(1, 60):
        assert bench.receiver.next_timeout() == number * SECOND
        assert bench.timeout() == [WriteOctets(POLL)]
    assert bench.timeout() == [*REFUSAL, TransferEnded(None, "no-sender")]
    assert bench.log.reasons("ncp.xmodem.cancelled") == ["no-sender"]


def test_a_block_that_does_not_come_is_asked_for_every_three_seconds_for_ever() -> None:
    bench = Bench()
    bench.send(frame(1, BLOCK))
    for number in range(1, 200):
        assert bench.receiver.next_timeout() == number * 3 * SECOND
        assert bench.timeout() == [WriteOctets(NAK)]
    assert bench.log.reasons("ncp.xmodem.nak") == ["silence"] * 199
    assert bench.answer(frame(2, BLOCK)) == ACK


def test_it_can_be_told_to_give_up() -> None:
    bench = Bench(settings=XmodemSettings(silences=3))
    bench.timeout()
    bench.timeout()
    bench.send(frame(1, BLOCK))
    assert [bench.timeout() for _ in range(2)] == [[WriteOctets(NAK)]] * 2
    bench.send(frame(2, BLOCK))
    assert [bench.timeout() for _ in range(2)] == [[WriteOctets(NAK)]] * 2
    assert bench.timeout() == [*REFUSAL, TransferEnded(None, "stalled")]


def test_what_has_come_of_a_block_is_forgotten_when_the_rest_does_not_come() -> None:
    bench = Bench()
    assert bench.send(frame(1, BLOCK)[:70]) == []
    assert bench.timeout() == [WriteOctets(NAK)]
    assert bench.log.lines == [("ncp.xmodem.nak", "silence", {"block": 1, "octets": 70})]
    assert bench.answer(frame(1, BLOCK)) == ACK


def test_the_rest_of_a_block_has_three_seconds_from_its_first_octet() -> None:
    bench = Bench()
    bench.send(frame(1, BLOCK)[:1], now=SECOND)
    bench.send(frame(1, BLOCK)[1:100], now=3 * SECOND)
    assert bench.receiver.next_timeout() == 4 * SECOND


# --- damage ----------------------------------------------------------------------------------------------------------

GOOD = frame(2, BLOCK)
DAMAGED = {
    "number-too-high": (frame(3, BLOCK), "block-number"),
    "number-too-low": (frame(0, BLOCK), "block-number"),
    "complement": (GOOD[:2] + b"\x00" + GOOD[3:], "complement"),
    "contents": (GOOD[:50] + b"\xff" + GOOD[51:], "bad-crc"),
    "crc-high": (GOOD[:-2] + bytes([GOOD[-2] ^ 1]) + GOOD[-1:], "bad-crc"),
    "crc-low": (GOOD[:-1] + bytes([GOOD[-1] ^ 1]), "bad-crc"),
}


@pytest.mark.parametrize("damaged, reason", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_block_is_asked_for_again(damaged: bytes, reason: str) -> None:
    bench = Bench()
    bench.send(frame(1, BLOCK))
    assert bench.answer(damaged) == NAK
    assert bench.log.reasons("ncp.xmodem.nak") == [reason]
    assert bench.answer(GOOD) == ACK
    assert bench.send(EOT)[-1] == TransferEnded(BLOCK * 2)


@given(st.integers(0, 133 * 8 - 1))
def test_no_flipped_bit_of_a_block_gets_into_the_file(bit: int) -> None:
    damaged = bytearray(GOOD)
    damaged[bit // 8] ^= 1 << bit % 8
    bench = Bench()
    bench.send(frame(1, BLOCK))
    effects = bench.send(bytes(damaged)) + bench.send(GOOD + EOT)
    (ended,) = [effect for effect in effects if isinstance(effect, TransferEnded)]
    assert ended.file in {BLOCK * 2, None}
    assert (ended.file is None) == (bit < 8), "only the octet that begins a block cannot be repaired"


def test_the_first_block_is_number_one() -> None:
    bench = Bench()
    assert bench.answer(frame(0, BLOCK)) == NAK
    assert bench.answer(frame(2, BLOCK)) == NAK
    assert bench.answer(frame(1, BLOCK)) == ACK


def test_a_block_that_comes_twice_is_acknowledged_twice_and_taken_once() -> None:
    bench = Bench()
    assert bench.answer(frame(1, BLOCK) * 2 + frame(2, BLOCK) * 3) == ACK * 5
    assert bench.log.reasons("ncp.xmodem.ack") == ["repeated"] * 3
    assert bench.send(EOT)[-1] == TransferEnded(BLOCK * 2)


def test_a_repetition_is_known_after_the_numbers_have_begun_again() -> None:
    file = bytes(128 * 257)
    bench = Bench()
    assert all(bench.answer(each * 2) == ACK * 2 for each in frames(file))
    assert bench.send(EOT)[-1] == TransferEnded(file)


# --- the end ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begun", [False, True], ids=["before", "after-a-block"])
@pytest.mark.parametrize(
    "octet, reason",
    [
        (CAN, "cancelled"),
        (b"\x03", "cancelled"),
        (b"C", "cancelled"),
        (b"\n", "not-a-header"),
        (b"\x02", "not-a-header"),
        (b"\x00", "not-a-header"),
        (EOT, "ended-early"),
    ],
    ids=["can", "ctrl-c", "c", "line-feed", "stx", "nul", "eot"],
)
def test_whatever_begins_no_block_ends_the_transfer(octet: bytes, reason: str, begun: bool) -> None:
    bench = Bench(reader=Reader(needed=1000))
    if begun:
        bench.send(frame(1, BLOCK))
    assert bench.send(octet) == [*REFUSAL, TransferEnded(None, reason)]
    assert bench.log.reasons("ncp.xmodem.cancelled") == [reason]
    assert bench.receiver.next_timeout() is None


def test_an_empty_file_is_never_whole() -> None:
    assert Bench().send(EOT)[-1] == TransferEnded(None, "ended-early")


def test_a_block_with_the_wrong_thing_in_it_ends_the_transfer() -> None:
    bench = Bench(reader=Reader(fault="not-this"))
    assert bench.send(frame(1, BLOCK)) == [*REFUSAL, TransferEnded(None, "not-this")]


def test_what_comes_after_the_end_is_dropped() -> None:
    bench = Bench()
    assert bench.answer(frame(1, BLOCK) + EOT + b"2\n") == ACK * 2
    assert bench.send(b"") == []
    assert bench.send(b"x") == []
    assert bench.receiver.on_timeout(1 << 50) == []
    assert bench.log.lines == [("ncp.xmodem.dropped", "after-end", {"octets": count}) for count in (2, 1)]


def test_no_more_is_kept_than_the_limit() -> None:
    bench = Bench(limit=300)
    assert [bench.answer(frame(number, BLOCK)) for number in (1, 2, 3)] == [ACK] * 3, "300 octets take three blocks"
    assert bench.send(frame(4, BLOCK)) == [*REFUSAL, TransferEnded(None, "too-long")]


def test_it_is_started_once() -> None:
    bench = Bench()
    with pytest.raises(LocalProtocolError):
        bench.receiver.start(0)
    bench.send(CAN)
    with pytest.raises(LocalProtocolError):
        bench.receiver.start(0)


# --- any octets ------------------------------------------------------------------------------------------------------

PIECES = st.one_of(
    st.binary(max_size=20),
    st.sampled_from([SOH, EOT, CAN]),
    st.builds(frame, st.integers(0, 5), st.binary(min_size=128, max_size=128)),
)


@given(st.lists(st.tuples(PIECES, st.integers(0, 4 * SECOND)), max_size=20))
def test_whatever_comes_it_ends_at_most_once_and_keeps_no_more_than_it_may(steps: list[tuple[bytes, int]]) -> None:
    bench, now, ended = Bench(limit=256), 0, 0
    for octets, span in steps:
        now += span
        effects = bench.receiver.on_timeout(now) + bench.receiver.received(octets, now)
        ended += sum(isinstance(effect, TransferEnded) for effect in effects)
        assert (ended == 1) == (bench.receiver.state is XmodemState.ENDED)
        assert (bench.receiver.next_timeout() is None) == (ended == 1)
        assert len(bench.receiver._file) <= 256
        assert len(bench.receiver._frame) < 133


@given(st.lists(st.integers(1, 150), max_size=30))
def test_it_does_not_matter_in_which_pieces_the_octets_come(lengths: list[int]) -> None:
    stream = frame(1, BLOCK) + frame(1, BLOCK) + frame(3, BLOCK) + frame(2, BLOCK[::-1]) + EOT
    pieces, start = [], 0
    for length in [*lengths, len(stream)]:
        pieces.append(stream[start : start + length])
        start += length
    bench = Bench()
    assert [effect for piece in pieces for effect in bench.send(piece)] == Bench().send(stream)
