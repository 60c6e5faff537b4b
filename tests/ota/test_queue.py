"""Offers waiting for the one image block of a hub."""

from __future__ import annotations

from emulator.ota.queue import OfferQueue, QueuedOffer
from tests.ota.link import identity_of, image

FIRST, SECOND, THIRD = (image(1000, image_type=kind) for kind in (1, 2, 3))


def offer(octets: bytes, *targets: int) -> QueuedOffer:
    return QueuedOffer(identity_of(octets), octets, targets)


def test_the_first_offer_runs_at_once_the_next_when_all_of_its_targets_are_through() -> None:
    queue = OfferQueue()
    assert queue.add(offer(FIRST, 1, 2)) == offer(FIRST, 1, 2)
    assert queue.add(offer(SECOND, 3)) is None
    assert queue.waiting == (offer(SECOND, 3),)
    assert queue.finished(1, identity_of(FIRST)) is None
    assert queue.remaining == offer(FIRST, 2)
    assert queue.finished(2, identity_of(FIRST)) == offer(SECOND, 3)
    assert queue.finished(3, identity_of(SECOND)) is None
    assert queue.running is None
    assert queue.remaining is None
    assert queue.add(offer(THIRD, 4)) == offer(THIRD, 4)


def test_bridges_of_one_product_share_the_running_offer() -> None:
    queue = OfferQueue()
    queue.add(offer(FIRST, 1))
    assert queue.add(offer(FIRST, 1, 2)) == offer(FIRST, 2)
    assert queue.finished(1, identity_of(FIRST)) is None
    assert queue.running == offer(FIRST, 1, 2)
    assert queue.finished(2, identity_of(FIRST)) is None
    assert queue.running is None


def test_bridges_of_one_product_share_a_waiting_offer() -> None:
    queue = OfferQueue()
    queue.add(offer(FIRST, 1))
    queue.add(offer(SECOND, 2))
    assert queue.add(offer(SECOND, 2, 3)) is None
    assert queue.waiting == (offer(SECOND, 2, 3),)


def test_what_is_not_of_the_running_offer_ends_nothing() -> None:
    queue = OfferQueue()
    assert queue.finished(1, identity_of(FIRST)) is None
    queue.add(offer(FIRST, 1))
    queue.add(offer(SECOND, 1))
    assert queue.finished(1, identity_of(SECOND)) is None
    assert queue.finished(9, identity_of(FIRST)) is None
    assert queue.running == offer(FIRST, 1)


def test_offers_are_served_in_the_order_they_came() -> None:
    queue = OfferQueue()
    queue.add(offer(FIRST, 1))
    queue.add(offer(THIRD, 1))
    queue.add(offer(SECOND, 1))
    assert queue.finished(1, identity_of(FIRST)) == offer(THIRD, 1)
    assert queue.finished(1, identity_of(THIRD)) == offer(SECOND, 1)
