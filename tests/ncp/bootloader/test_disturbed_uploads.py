"""Lost, flipped, doubled and cut: an image arrives whole or not at all, and the next upload goes as if nothing were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import MILLISECOND, SECOND
from emulator.ncp.bootloader.effects import RunApplication
from emulator.ncp.bootloader.gbl_build import build_firmware
from emulator.ncp.bootloader.machine import INPUT_OCTETS
from emulator.ncp.bootloader.machine_table import BootloaderState
from emulator.ncp.bootloader.settings import BootloaderSettings
from tests.ncp.bootloader.host import EOT, IMAGE, METADATA, Line, frames

NEXT = build_firmware(METADATA, b"the next one")
STREAM = b"".join(frames(IMAGE)) + EOT


def damage(octets: bytes, kind: str, where: int) -> bytes:
    if kind == "lost":
        return b""
    if kind == "doubled":
        return octets * 2
    if kind == "shortened":
        return octets[: where % len(octets)]
    flipped = bytearray(octets)
    flipped[where // 8 % len(octets)] ^= 1 << where % 8
    return bytes(flipped)


class Way:
    """Damages the frames in the order in which they come; what comes after the list is left alone."""

    def __init__(self, damages: list[tuple[str, int] | None]) -> None:
        self.damages = iter(damages)

    def __call__(self, octets: bytes) -> bytes:
        found = next(self.damages, None)
        return octets if found is None else damage(octets, *found)


def is_unharmed(line: Line) -> None:
    """The next host finds the menu and uploads its own image."""
    before = len(line.images())
    line.recover()
    assert line.upload(NEXT)
    assert line.images()[before:] == [NEXT]


DAMAGES = st.none() | st.tuples(st.sampled_from(["lost", "doubled", "shortened", "flipped"]), st.integers(0, 1 << 16))


@given(st.lists(DAMAGES, max_size=12))
def test_a_disturbed_upload_brings_the_whole_image_or_none(damages: list[tuple[str, int] | None]) -> None:
    line = Line()
    acknowledged = line.upload(IMAGE, Way(damages))
    assert line.images() == ([IMAGE] if acknowledged else [])
    is_unharmed(line)


@given(st.lists(st.none() | st.sampled_from(["lost", "doubled", "shortened"]), max_size=12), st.data())
def test_what_can_be_repeated_is_repeated(kinds: list[str | None], data: st.DataObject) -> None:
    """Up to three spoilt tries of each frame, and never the octet that begins it, which cannot be repaired."""
    spoilt = 0
    damages: list[tuple[str, int] | None] = []
    for kind in kinds:
        spoilt = spoilt + 1 if kind in {"lost", "shortened"} else 0
        damages.append(None if kind is None or spoilt > 3 else (kind, data.draw(st.integers(1, 132))))
        spoilt = 0 if damages[-1] is None else spoilt
    line = Line()
    assert line.upload(IMAGE, Way(damages))
    assert line.images() == [IMAGE]


@pytest.mark.parametrize("kind", ["lost", "doubled"])
def test_each_frame_may_be_lost_or_doubled_once(kind: str) -> None:
    for number in range(len(STREAM) // 133 + 1):
        line = Line()
        assert line.upload(IMAGE, Way([None] * number + [(kind, 0)]))
        assert line.images() == [IMAGE]


def test_a_block_whose_number_looks_like_the_last_one_is_lost_and_ends_the_upload_in_time() -> None:
    """As in the real receiver, which takes it for a repetition: 3 flipped into 2."""
    line = Line()
    assert not line.upload(IMAGE, Way([None, None, ("flipped", 8)]))
    assert line.images() == []
    is_unharmed(line)


def test_an_upload_that_is_cut_after_any_octet_leaves_the_old_image() -> None:
    for length in range(len(STREAM)):
        line = Line()
        line.open_upload()
        line.send(STREAM[:length])
        line.wait(20 * SECOND)
        assert line.images() == []
        is_unharmed(line)
        assert line.of(RunApplication) == []


def test_an_upload_that_is_cut_after_its_last_octet_is_whole() -> None:
    line = Line()
    line.open_upload()
    for octet in STREAM:
        line.send(bytes([octet]))
    assert line.images() == [IMAGE]


def test_power_lost_after_any_octet_leaves_the_old_image() -> None:
    for length in range(0, len(STREAM), 7):
        line = Line()
        line.open_upload()
        line.send(STREAM[:length])
        line._take(line.machine.stop(line.now))
        line.send(STREAM[length:])
        assert line.images() == []
        line._take(line.machine.start(line.now))
        is_unharmed(line)


@pytest.mark.parametrize("junk", [b"\x1a\xc0\x38\xbc\x7e", b"\n3", b"\r\n\r\n", b"\x7e" * 40], ids=str)
def test_a_host_that_takes_it_for_something_else_does_no_harm(junk: bytes) -> None:
    line = Line()
    line.send(junk)
    line.open_upload()
    line.wait(2 * SECOND)
    line.send(junk)
    assert line.images() == []
    is_unharmed(line)


PIECES = st.one_of(
    st.binary(max_size=20),
    st.sampled_from([b"1", b"2", b"\n3", EOT, *frames(IMAGE)]),
    st.just(STREAM),
)
STEPS = st.tuples(
    st.sampled_from(["send", "send", "send", "start", "stop"]),
    PIECES,
    st.sampled_from([0, MILLISECOND, 5 * MILLISECOND, SECOND, 3 * SECOND, 61 * SECOND]),
)


@given(st.lists(STEPS, max_size=15))
def test_whatever_comes_nothing_is_raised_and_only_whole_images_are_told(steps: list[tuple[str, bytes, int]]) -> None:
    line = Line(BootloaderSettings(image_limit=2000))
    for what, octets, span in steps:
        if what == "send":
            line.send(octets)
        else:
            line._take(getattr(line.machine, what)(line.now))
        assert len(line.machine._input) <= INPUT_OCTETS
        assert line.machine._receiver is None or line.machine.state is BootloaderState.UPLOADING
        line.wait(span)
    assert set(line.images()) <= {IMAGE}
    line._take(line.machine.start(line.now))
    assert line.upload(NEXT)
