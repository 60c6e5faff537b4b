"""The store: whatever moment the power is cut at, the old image runs or the new one, and a download goes on legally."""

from __future__ import annotations

import hashlib
import itertools
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import LocalProtocolError
from emulator.image.flash import Cut, Flash, FlashFault, PowerCut, cut_at
from emulator.image.store import ActiveImage, ImageStore


class Name(NamedTuple):
    manufacturer_code: int
    image_type: int
    file_version: int
    image_size: int


OLD = ActiveImage(0x00010000)
IMAGE = hashlib.shake_256(b"image").digest(95)
NAME = Name(0x1B01, 0x00B1, 0x00020000, len(IMAGE))
NEW = ActiveImage(NAME.file_version, hashlib.sha256(IMAGE).digest())
OTHER_IMAGE = hashlib.shake_256(b"other").digest(70)
OTHER = Name(0x1B01, 0x00B1, 0x00030000, len(OTHER_IMAGE))
BLOCK = 20


def started(flash: Flash) -> ImageStore[Name]:
    return ImageStore(flash, 100, Name)


def factory() -> Flash:
    flash = Flash()
    started(flash).install(OLD)
    flash.writes = 0
    return flash


def fill(store: ImageStore[Name], name: Name, image: bytes) -> None:
    """What a client does: begin unless this image is already half there, then go on with the next octet."""
    if store.identity != name:
        store.begin(name)
    for offset in range(store.received, len(image), BLOCK):
        store.write(offset, image[offset : offset + BLOCK])


def update(flash: Flash) -> ActiveImage:
    store = started(flash)
    fill(store, NAME, IMAGE)
    return store.activate()


def updated_over_another(flash: Flash) -> ActiveImage:
    """The same where a download of another image was begun and given up."""
    store = started(flash)
    fill(store, OTHER, OTHER_IMAGE[:50])
    return update(flash)


def writes_of_a_clean(run: object) -> int:
    flash = factory()
    assert callable(run)
    run(flash)
    return flash.writes


def legal(flash: Flash) -> ImageStore[Name]:
    """What comes up: exactly the old image or the new one, and a slot that vouches only for octets that are there."""
    store = started(flash)
    assert store.active in {OLD, NEW}
    image = {None: b"", NAME: IMAGE, OTHER: OTHER_IMAGE}[store.identity]
    assert store.octets() == image[: store.received]
    return store


UPDATE_WRITES = writes_of_a_clean(update)
LONGER_WRITES = writes_of_a_clean(updated_over_another)


def test_a_clean_update_writes_each_block_and_its_count_and_a_few_records() -> None:
    blocks = -(-len(IMAGE) // BLOCK)
    assert 2 * blocks + 3 + 3 == UPDATE_WRITES  # begin: two records, one erasure; activate: two records, one erasure


@pytest.mark.parametrize("cut", Cut)
@pytest.mark.parametrize("number", range(1, LONGER_WRITES + 1))
def test_after_a_power_cut_at_any_write_old_or_new_runs_and_the_update_ends_well(number: int, cut: Cut) -> None:
    flash = factory()
    flash.fault = cut_at(number, cut)
    with pytest.raises(PowerCut, match=f"{cut.value} write {number}"):
        updated_over_another(flash)
    store = legal(flash)
    if store.active == OLD:
        fill(store, NAME, IMAGE)
        assert store.activate() == NEW
    assert started(flash).active == NEW
    assert started(flash).identity is None


@pytest.mark.parametrize("cuts", list(itertools.product(Cut, Cut)))
def test_a_second_power_cut_at_any_later_write_does_no_harm_either(cuts: tuple[Cut, Cut]) -> None:
    for first, second in itertools.combinations(range(1, UPDATE_WRITES + 6), 2):
        flash = factory()
        flash.fault = both(cut_at(first, cuts[0]), cut_at(second, cuts[1]))
        for _ in range(3):
            try:
                if legal(flash).active == OLD:
                    update(flash)
            except PowerCut:
                continue
        assert legal(flash).active == NEW


def both(one: FlashFault, other: FlashFault) -> FlashFault:
    return lambda write: one(write) or other(write)


@given(st.lists(st.tuples(st.integers(1, 200), st.sampled_from(Cut)), max_size=30))
def test_many_power_cuts_do_no_harm(cuts: list[tuple[int, Cut]]) -> None:
    plan = dict(cuts)
    flash = factory()
    flash.fault = plan.get
    for _ in range(len(plan) + 1):
        try:
            if legal(flash).active == OLD:
                update(flash)
        except PowerCut:
            continue
    assert legal(flash).active == NEW


def test_the_moment_the_new_image_runs_is_one_write() -> None:
    seen = []
    for number in range(1, UPDATE_WRITES + 1):
        flash = factory()
        flash.fault = cut_at(number, Cut.AFTER)
        with pytest.raises(PowerCut):
            update(flash)
        seen.append(legal(flash).active)
    change = seen.index(NEW)
    assert seen == [OLD] * change + [NEW] * (len(seen) - change)


@pytest.mark.parametrize("offset", range(0, len(IMAGE), BLOCK))
def test_a_download_goes_on_with_the_octet_where_a_restart_stopped_it(offset: int) -> None:
    flash = factory()
    store = started(flash)
    store.begin(NAME)
    for position in range(0, offset, BLOCK):
        store.write(position, IMAGE[position : position + BLOCK])
    again = started(flash)
    assert (again.identity, again.received, again.octets()) == (NAME, offset, IMAGE[:offset])
    fill(again, NAME, IMAGE)
    assert again.activate() == NEW


def test_octets_of_two_images_are_never_mixed() -> None:
    flash = factory()
    store = started(flash)
    fill(store, NAME, IMAGE[:60])
    store.begin(OTHER)
    assert (store.identity, store.received, store.octets()) == (OTHER, 0, b"")
    assert (started(flash).identity, started(flash).received) == (OTHER, 0)


def test_an_image_at_the_limit_fits_and_one_octet_over_is_refused_and_changes_nothing() -> None:
    flash = factory()
    store = started(flash)
    fill(store, NAME, IMAGE)
    before = flash.writes
    for size in (101, 0xFFFFFFFF):
        with pytest.raises(LocalProtocolError, match="image-too-large"):
            store.begin(NAME._replace(image_size=size))
    assert (flash.writes, store.identity, store.octets()) == (before, NAME, IMAGE)
    store.begin(NAME._replace(image_size=100))
    assert len(flash.region("image/slot")) == 100


def test_memory_is_taken_at_the_beginning_of_a_download_and_given_back_after_it() -> None:
    flash = factory()
    store = started(flash)
    sizes = [len(flash.region("image/slot"))]
    store.begin(NAME)
    sizes.append(len(flash.region("image/slot")))
    fill(store, NAME, IMAGE)
    store.activate()
    sizes.append(len(flash.region("image/slot")))
    assert sizes == [0, 95, 0]


@pytest.mark.parametrize("offset, length", [(0, 20), (41, 20), (39, 20), (40, 56), (100, 1)])
def test_octets_that_do_not_follow_on_or_pass_the_end_are_refused(offset: int, length: int) -> None:
    store = started(factory())
    fill(store, NAME, IMAGE[:40])
    with pytest.raises(LocalProtocolError, match="after 40 of 95"):
        store.write(offset, bytes(length))
    assert store.octets() == IMAGE[:40]


def test_nothing_can_be_written_before_a_download_has_begun() -> None:
    with pytest.raises(LocalProtocolError):
        started(factory()).write(0, b"x")


@pytest.mark.parametrize("there", [0, 40, 94])
def test_an_image_that_is_not_complete_is_never_activated(there: int) -> None:
    store = started(factory())
    store.begin(NAME)
    store.write(0, IMAGE[:there])
    assert not store.complete
    with pytest.raises(LocalProtocolError, match=f"{there} of 95"):
        store.activate()
    assert store.active == OLD


def test_nothing_is_activated_from_an_empty_slot() -> None:
    store = started(factory())
    assert not store.complete
    with pytest.raises(LocalProtocolError):
        store.activate()


def test_a_slot_that_was_erased_stays_so_over_a_restart() -> None:
    flash = factory()
    store = started(flash)
    fill(store, NAME, IMAGE)
    store.erase()
    for one in (store, started(flash)):
        assert (one.identity, one.received, one.octets(), one.complete) == (None, 0, b"", False)


def test_only_octets_received_are_read() -> None:
    store = started(factory())
    fill(store, NAME, IMAGE[:40])
    assert store.read(10, 20) == IMAGE[10:30]
    assert store.read(30, 50) == IMAGE[30:40]
    assert store.read(40, 10) == b""


def test_the_same_image_can_be_downloaded_again_after_it_was_activated() -> None:
    flash = factory()
    update(flash)
    store = started(flash)
    assert (store.identity, store.received) == (None, 0)
    assert update(flash) == NEW


def test_a_device_on_which_nothing_was_installed_runs_nothing() -> None:
    assert started(Flash()).active is None


def test_a_torn_write_leaves_half_of_its_octets() -> None:
    flash = Flash()
    flash.erase("r", 4)
    for cut, left in ((Cut.BEFORE, b"\xff\xff\xff\xff"), (Cut.TORN, b"ab\xff\xff"), (Cut.AFTER, b"abcd")):
        flash.erase("r", 4)
        flash.fault = cut_at(flash.writes + 1, cut)
        with pytest.raises(PowerCut):
            flash.write(flash.region("r"), 0, b"abcd")
        flash.fault = None
        assert flash.region("r") == left
