"""Octets in flash: as long as they are, the old or the new after a cut, never neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import LocalProtocolError
from emulator.image.blob import Blob
from emulator.image.flash import Cut, Flash, PowerCut, cut_at


def test_nothing_is_there_before_the_first_write_and_no_memory_is_taken() -> None:
    flash = Flash()
    assert Blob(flash, "b", 100).octets == b""
    assert (len(flash.region("b/0")), len(flash.region("b/1"))) == (0, 0)


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=8))
def test_the_last_writing_is_what_is_read(writings: list[bytes]) -> None:
    flash = Flash()
    blob = Blob(flash, "b", 60)
    for octets in writings:
        blob.write(octets)
        assert blob.octets == Blob(flash, "b", 60).octets == octets


@pytest.mark.parametrize("cut,kept", [(Cut.BEFORE, b"old"), (Cut.TORN, b"old"), (Cut.AFTER, b"newer")])
@pytest.mark.parametrize("before", [1, 2, 3])
def test_a_cut_leaves_the_old_or_the_new(cut: Cut, kept: bytes, before: int) -> None:
    flash = Flash()
    blob = Blob(flash, "b", 60)
    for _ in range(before):
        blob.write(b"older and longer")
    blob.write(b"old")
    flash.fault = cut_at(flash.writes + 1, cut)
    with pytest.raises(PowerCut):
        blob.write(b"newer")
    again = Blob(flash, "b", 60)
    assert again.octets == kept
    again.write(b"after")
    assert Blob(flash, "b", 60).octets == b"after"


def test_more_than_the_limit_is_refused_and_changes_nothing() -> None:
    flash = Flash()
    blob = Blob(flash, "b", 3)
    blob.write(b"abc")
    with pytest.raises(LocalProtocolError, match="at most 3"):
        blob.write(b"abcd")
    assert Blob(flash, "b", 3).octets == b"abc"


@given(st.binary(max_size=80))
def test_damaged_flash_is_as_if_nothing_were_there(damage: bytes) -> None:
    flash = Flash()
    flash.region("b/0").extend(damage)
    assert Blob(flash, "b", 60).octets == b""
