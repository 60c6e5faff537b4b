"""The images a server holds: each once, shared by all who fetch it."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct

from emulator.image.errors import ImageError
from emulator.image.header import OtaHeader
from emulator.ota.errors import ImageRefused
from emulator.zigbee.clusters.ota import DEVICE_SPECIFIC_TYPES, ImageIdentity
from emulator.zigbee.frames.zcl_status import Status

_KEY = Struct("<HHI")


def image_key(manufacturer_code: int, image_type: int, file_version: int) -> bytes:
    """An image's name as the messages spell it: 8 octets."""
    return _KEY.pack(manufacturer_code, image_type, file_version)


class ServedImage:
    """One image and whom it is for.

    Attributes:
        octets: the whole file.
        header: read from it.
        identity: what messages call it; its size is that of `octets`.
        key: its name in a message, 8 octets; `head`: status SUCCESS and the same, as a block response begins.
        targets: EUI-64 of the clients it is for, or None: for all.
        outcomes: status by client, for those that are through with it.
        offers_again: offers made to a client after it was through.
    """

    __slots__ = ("head", "header", "identity", "key", "loaded_at", "octets", "offers_again", "outcomes", "targets")

    def __init__(self, octets: bytes, header: OtaHeader, targets: set[int] | None, now: int) -> None:
        self.octets = octets
        self.header = header
        names = (header.manufacturer_code, header.image_type, header.file_version)
        self.identity = ImageIdentity(*names, len(octets))
        self.key = image_key(*names)
        self.head = bytes((Status.SUCCESS,)) + self.key
        self.targets = targets
        self.outcomes: dict[int, int] = {}
        self.offers_again: dict[int, int] = {}
        self.loaded_at = now

    def is_for(self, client: int) -> bool:
        """Whether that client may have it."""
        return self.targets is None or client in self.targets

    def unfinished(self) -> list[int]:
        """The targets that are not through with it, in the order of their addresses."""
        return sorted(self.targets - self.outcomes.keys()) if self.targets else []

    def begin_again(self, clients: set[int] | None) -> None:
        """It is offered anew to these, or to all: forget that they are through with it."""
        for client in list(self.outcomes) if clients is None else clients:
            self.outcomes.pop(client, None)
            self.offers_again.pop(client, None)


def read_image(octets: bytes, limit: int) -> OtaHeader:
    """The header of an image that a server may hold.

    Raises:
        ImageRefused: `image-too-large`, or what is wrong with the file (`image.errors`).
    """
    if len(octets) > limit:
        raise ImageRefused("image-too-large", f"{len(octets)} octets, at most {limit} are held")
    try:
        header = OtaHeader.decode(octets)
    except ImageError as problem:
        raise ImageRefused(problem.reason, str(problem)) from problem
    if header.total_image_size != len(octets):
        raise ImageRefused("total-size", f"the header says {header.total_image_size} octets, there are {len(octets)}")
    return header


class Shelf:
    """The images of a server: a few for many clients, and files made for one client each."""

    __slots__ = ("_blocks", "_images", "_limit", "_specific")

    def __init__(self, blocks: int, limit: int) -> None:
        self._blocks = blocks
        self._limit = limit
        self._images: dict[bytes, ServedImage] = {}
        self._specific: dict[tuple[int, bytes], ServedImage] = {}

    @property
    def images(self) -> list[ServedImage]:
        """Those for many clients, the oldest first."""
        return list(self._images.values())

    def put(self, octets: bytes, targets: Iterable[int] | None, now: int) -> tuple[ServedImage, list[ServedImage]]:
        """Hold an image; it, and those it overwrites.  The very same image again only gains targets.

        Raises:
            ImageRefused: it will not be held; nothing has changed.
        """
        header = read_image(octets, self._limit)
        wanted = None if targets is None else set(targets)
        image = ServedImage(octets, header, wanted, now)
        there = self._images.get(image.key)
        if there is not None and there.octets == octets:
            there.targets = None if wanted is None or there.targets is None else there.targets | wanted
            there.begin_again(wanted)
            return there, []
        gone = [] if there is None else [self._images.pop(image.key)]
        while len(self._images) >= self._blocks:
            gone.append(self._images.pop(next(iter(self._images))))
        self._images[image.key] = image
        return image, gone

    def put_specific(self, octets: bytes, client: int, now: int) -> ServedImage:
        """Hold a file made for one client; one of the same name for it is replaced.

        Raises:
            ImageRefused: it will not be held, `not-device-specific` where its type is that of an ordinary image.
        """
        header = read_image(octets, self._limit)
        if header.image_type not in DEVICE_SPECIFIC_TYPES:
            raise ImageRefused("not-device-specific", f"image type 0x{header.image_type:04x}")
        image = ServedImage(octets, header, {client}, now)
        self._specific[client, image.key] = image
        return image

    def take_down(self, key: bytes) -> ServedImage | None:
        """Hold it no longer."""
        return self._images.pop(key, None)

    def by_key(self, client: int, key: bytes) -> ServedImage | None:
        """The image of that name that this client may have."""
        image = self._specific.get((client, key)) or self._images.get(key)
        return image if image is not None and image.is_for(client) else None

    def for_query(self, client: int, manufacturer_code: int, image_type: int) -> ServedImage | None:
        """What there is for a client of that kind: the last one loaded."""
        found = None
        for image in self._images.values():
            identity = image.identity
            fits = identity.manufacturer_code == manufacturer_code and identity.image_type == image_type
            if fits and image.is_for(client):
                found = image
        return found

    def for_specific_query(self, client: int, manufacturer_code: int, image_type: int) -> list[ServedImage]:
        """The files of that kind made for this client, the last one loaded first."""
        return [
            image
            for (owner, _), image in reversed(self._specific.items())
            if owner == client
            and image.identity.manufacturer_code == manufacturer_code
            and image.identity.image_type == image_type
        ]
