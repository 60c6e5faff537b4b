"""Offers that wait for their turn: a hub with one image block serves one product after another."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from emulator.zigbee.clusters.ota import ImageIdentity


@dataclass(frozen=True, slots=True)
class QueuedOffer:
    """An image and whom it is for (EUI-64, in the order they are served)."""

    image: ImageIdentity
    octets: bytes
    targets: tuple[int, ...]


class OfferQueue:
    """One running offer and those behind it; an offer of an image that is there already only adds targets to it."""

    __slots__ = ("_open", "_running", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[QueuedOffer] = deque()
        self._running: QueuedOffer | None = None
        self._open: set[int] = set()

    @property
    def running(self) -> QueuedOffer | None:
        """The offer being served, if any."""
        return self._running

    @property
    def remaining(self) -> QueuedOffer | None:
        """The running offer with those targets only that are not through: what a hub loads again after a restart."""
        if self._running is None:
            return None
        targets = tuple(target for target in self._running.targets if target in self._open)
        return QueuedOffer(self._running.image, self._running.octets, targets)

    @property
    def waiting(self) -> tuple[QueuedOffer, ...]:
        """Those behind it."""
        return tuple(self._waiting)

    def add(self, offer: QueuedOffer) -> QueuedOffer | None:
        """Take an offer.

        Returns:
            What to load into the server and notify now: the offer itself if nothing runs, the running one's addition if
                it
            is of the same image, or None: its turn comes later.
        """
        if self._running is not None and _same(self._running, offer):
            added = tuple(target for target in offer.targets if target not in self._running.targets)
            self._running = QueuedOffer(offer.image, offer.octets, self._running.targets + added)
            self._open.update(added)
            return QueuedOffer(offer.image, offer.octets, added)
        for place, waiting in enumerate(self._waiting):
            if _same(waiting, offer):
                added = tuple(target for target in offer.targets if target not in waiting.targets)
                self._waiting[place] = QueuedOffer(offer.image, offer.octets, waiting.targets + added)
                return None
        self._waiting.append(offer)
        return self._next() if self._running is None else None

    def finished(self, client: int, image: ImageIdentity) -> QueuedOffer | None:
        """A client is through with an image (`Finished`): the next offer, if it was the last of the running one's."""
        if self._running is None or self._running.image != image:
            return None
        self._open.discard(client)
        return None if self._open else self._next()

    def _next(self) -> QueuedOffer | None:
        self._running = self._waiting.popleft() if self._waiting else None
        self._open = set(self._running.targets) if self._running else set()
        return self._running


def _same(one: QueuedOffer, other: QueuedOffer) -> bool:
    return one.image == other.image and one.octets == other.octets
