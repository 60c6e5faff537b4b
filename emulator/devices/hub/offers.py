"""Which images a hub owes to whom: what is in the image block, what waits for it, and who is not through yet.

It survives a restart of the hub, as the images themselves do.
"""

from __future__ import annotations

from collections.abc import Sequence

from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64
from emulator.image.errors import ImageError
from emulator.image.file import parse
from emulator.ota.queue import OfferQueue, QueuedOffer
from emulator.zigbee.clusters.ota import ImageIdentity


def offer_of(image: bytes, targets: Sequence[Eui64], limit: int) -> QueuedOffer:
    """An OTA file for devices of the HAN.

    Raises:
        BadInput: it is none, has more than `limit` octets, or is for nobody.
    """
    if len(image) > limit:
        allowed = f"at most {limit} (limits.image_octets)"
        raise BadInput(f"image-too-large: {len(image)} octets", where="image", allowed=allowed)
    if not targets:
        raise BadInput("for nobody", where="image", allowed="one device or more")
    try:
        header = parse(image).header
    except ImageError as error:
        raise BadInput(str(error), where="image", allowed="a ZigBee OTA file") from error
    identity = ImageIdentity(header.manufacturer_code, header.image_type, header.file_version, len(image))
    return QueuedOffer(identity, image, tuple(dict.fromkeys(targets)))


class HubOffers:
    """The offers of one hub.

    Attributes:
        block: what was loaded last, for all it was ever for; None where nothing was.
    """

    def __init__(self) -> None:
        self.block: QueuedOffer | None = None
        self._queue = OfferQueue()
        self._owed: dict[tuple[int, ImageIdentity], None] = {}

    @property
    def running(self) -> QueuedOffer | None:
        """The offer being served, if any."""
        return self._queue.running

    @property
    def remaining(self) -> QueuedOffer | None:
        """The same, with those only that are not through with it."""
        return self._queue.remaining

    def check_name(self, offer: QueuedOffer) -> None:
        """BadInput where another file of that name is under way: the two could not be told apart on the air."""
        running = self._queue.running
        for other in (*self._queue.waiting, *([] if running is None else [running])):
            if other.image == offer.image and other.octets != offer.octets:
                what = "another file of that manufacturer, type and version is being served"
                raise BadInput(what, where="image", allowed="the same file, or another version")

    def add(self, offer: QueuedOffer) -> QueuedOffer | None:
        """Owe an offer; what of it is to be loaded and notified now, or None: its turn comes later."""
        self._owe(offer)
        running, remaining = self._queue.running, self._queue.remaining
        if running is None or remaining is None or running.image != offer.image:
            return self._queue.add(offer)
        # The one being served, for others too, or once more for those that were through with it.
        added = tuple(target for target in offer.targets if target not in remaining.targets)
        whole = QueuedOffer(offer.image, offer.octets, remaining.targets + added)
        self._queue = _queue_of(whole, *self._queue.waiting)
        return QueuedOffer(offer.image, offer.octets, added)

    def overwrite(self, offer: QueuedOffer) -> QueuedOffer | None:
        """Owe an offer before all others; what of another image was being served until now, and to whom."""
        self._owe(offer)
        before = self._queue.remaining
        self._queue = _queue_of(offer, *self._queue.waiting)
        return None if before is None or before.image == offer.image else before

    def loaded(self, offer: QueuedOffer) -> None:
        """An offer, or an addition to the one that is there, went into the block."""
        block = self.block
        same = block is not None and block.octets == offer.octets
        targets = dict.fromkeys((*block.targets, *offer.targets)) if block is not None and same else offer.targets
        self.block = QueuedOffer(offer.image, offer.octets, tuple(targets))

    def is_owed(self, device: int, image: ImageIdentity) -> bool:
        """Whether that device is not through with that image."""
        return (device, image) in self._owed

    def expects(self, device: int) -> bool:
        """Whether the offer being served is for that device, and it is not through with it."""
        running = self._queue.running
        return running is not None and (device, running.image) in self._owed

    def owed_to(self, device: int) -> list[ImageIdentity]:
        """What that device is not through with, by version."""
        images = [image for owed, image in self._owed if owed == device]
        return sorted(images, key=lambda image: image.file_version)

    def finished(self, device: int, image: ImageIdentity) -> QueuedOffer | None:
        """A device is through with an image; the offer to load next, if it was the last."""
        self._owed.pop((device, image), None)
        return self._queue.finished(device, image)

    def _owe(self, offer: QueuedOffer) -> None:
        self._owed.update(dict.fromkeys((target, offer.image) for target in offer.targets))


def _queue_of(first: QueuedOffer, *others: QueuedOffer) -> OfferQueue:
    """A queue with `first` being served."""
    queue = OfferQueue()
    for offer in (first, *others):
        queue.add(offer)
    return queue
