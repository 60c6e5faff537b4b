"""One image on its way into the slot: which octets to ask for, and which to take.

No state machine and no clock: the client asks it for the next request and hands it what came.  Blocks are stored
strictly in order; in a page, blocks behind a lost one are held back until the hole is filled.  A block is taken only if
it is of the very image that was offered and within its size, so two images cannot be mixed and nothing is stored past
the end.
"""

from __future__ import annotations

from struct import Struct, error
from typing import Final

from emulator.core.errors import DecodeError
from emulator.ota.client_table import Trigger
from emulator.ota.counters import Tally
from emulator.ota.errors import Unacceptable
from emulator.ota.file_check import FIXED_OCTETS, check_fixed, check_optional
from emulator.ota.settings import ClientIdentity, ClientSettings
from emulator.ota.slot import ImageSlot
from emulator.zigbee.clusters.ota import IMAGE_BLOCK_REQUEST, IMAGE_PAGE_REQUEST, ImageIdentity
from emulator.zigbee.clusters.ota_blocks import BLOCK_PERIOD_PRESENT, NODE_ADDRESS_PRESENT

PERCENT: Final = 100

_KEY = Struct("<HHI")
_PLACE = Struct("<IB")
_PLACE_AT: Final = 1 + _KEY.size
"""Where offset and data size stand, behind the status and the image's identity."""
_DATA_AT: Final = _PLACE_AT + _PLACE.size
_PAGE = Struct("<IBHH")
_ADDRESS = Struct("<Q")
_PERIOD = Struct("<H")


class Download:
    """The image being received.

    Attributes:
        offset: octets stored so far; the next one to ask for.
        percent: of the image, whole.
        progressed: `percent` has grown since it was last set to False.
    """

    __slots__ = (
        "_asked",
        "_attention",
        "_block",
        "_block_head",
        "_block_tail",
        "_checked",
        "_head",
        "_held",
        "_identity",
        "_key",
        "_page_end",
        "_page_failures",
        "_page_head",
        "_page_over",
        "_page_start",
        "_page_tail",
        "_pages",
        "_settings",
        "_size",
        "_slot",
        "_tally",
        "image",
        "offset",
        "percent",
        "progressed",
    )

    def __init__(
        self, image: ImageIdentity, slot: ImageSlot, settings: ClientSettings, identity: ClientIdentity, tally: Tally
    ) -> None:
        self.image = image
        self.offset = slot.received
        self.percent = self.offset * PERCENT // image.image_size
        self.progressed = False
        self._slot = slot
        self._settings = settings
        self._identity = identity
        self._tally = tally
        self._size = image.image_size
        self._key = _KEY.pack(image.manufacturer_code, image.image_type, image.file_version)
        self._head = b"\0" + self._key
        self._block = settings.block_octets
        with_address = settings.send_node_address
        self._page_head = bytes((NODE_ADDRESS_PRESENT if with_address else 0,)) + self._key
        self._page_tail = _ADDRESS.pack(identity.eui64) if with_address else b""
        self._block_head = self._block_tail = b""
        self._asked = self._block
        self._checked = 0
        self._attention = 0
        self._pages = settings.page_requests
        self._page_start = self._page_end = 0
        self._page_over = True
        self._page_failures = 0
        self._held: dict[int, bytes] = {}
        self.limit_rate(settings.min_block_period_ms)

    @property
    def complete(self) -> bool:
        """Every octet is stored."""
        return self.offset == self._size

    @property
    def last_octets(self) -> int:
        """Octets that the last request asked for."""
        return self._asked

    def limit_rate(self, period_ms: int | None) -> None:
        """What to send as minimum block period from now on; None: the field is left out."""
        control, tail = self._page_head[0], self._page_tail
        if period_ms is not None:
            control, tail = control | BLOCK_PERIOD_PRESENT, tail + _PERIOD.pack(period_ms)
        self._block_head = bytes((control,)) + self._key
        self._block_tail = tail

    def check_file(self) -> None:
        """Look at as much of the file's header as is stored; Unacceptable where it is not that of the offer."""
        need = self._checked or FIXED_OCTETS
        while need <= self.offset:
            octets = self._slot.read(0, need)
            if self._checked:
                check_optional(octets, self._identity.hardware_version, self._identity.eui64)
                self._checked = self._size + 1
            else:
                self._checked = check_fixed(octets, self.image)
            need = self._checked

    def request(self, skew: int = 0) -> tuple[int, bytes]:
        """Command identifier and payload that ask for what is missing next; `skew` octets further on, on purpose."""
        if self._pages:
            return self._request_in_pages(skew)
        left = self._size - self.offset
        self._asked = asked = min(left, self._block)
        return IMAGE_BLOCK_REQUEST, self._block_head + _PLACE.pack(self.offset + skew, asked) + self._block_tail

    def lost(self) -> None:
        """The last request came to nothing, or its page broke off; the next `request` repeats what is missing."""
        if self._page_over or not self._pages:
            self._tally.bytes_resent += self._asked
            return
        if self.offset == self._page_start and not self._held:
            self._tally.bytes_resent += self._page_end - self._page_start
            self._page_end = self._page_start
            self._page_failures += 1
            if self._page_failures >= self._settings.page_failures:
                self._pages = False
        else:
            self._tally.bytes_resent += self._page_end - self.offset - sum(map(len, self._held.values()))
        self._page_over = True

    def put_off(self) -> None:
        """The last request was not refused, but has to be made again later."""
        if not self._page_over and not self._held:
            self._page_end = self.offset
        self._page_over = True

    def without_pages(self) -> None:
        """Ask for blocks only from now on."""
        self._pages = False
        self._page_over = True
        self._held.clear()

    def take(self, payload: bytes) -> Trigger:
        """Store what an Image Block Response of status SUCCESS brings.

        Returns:
            STORED: ask for more; PAGE_BLOCK: more will come; COMPLETE.

        Raises:
            DecodeError: it is not such a response.
            Unacceptable: `duplicate`, `wrong-identity`, `wrong-offset`, `wrong-size`, `past-end`: nothing is stored.
            SlotError: the memory failed.
        """
        try:
            offset, size = _PLACE.unpack_from(payload, _PLACE_AT)
        except error as problem:
            raise DecodeError(f"image block response: {len(payload)} octets, {_DATA_AT} or more expected") from problem
        if (
            offset != self.offset
            or size != len(payload) - _DATA_AT
            or not 0 < size <= self._asked
            or not payload.startswith(self._head)
        ):
            return self._take_other(payload, offset, size)
        self._slot.write(offset, payload[_DATA_AT:])
        self._tally.blocks += 1
        self.offset = offset = offset + size
        if offset < self._attention:
            return Trigger.STORED
        return self._attend()

    def _take_other(self, payload: bytes, offset: int, size: int) -> Trigger:
        """A block that is not the next one: hold it if its page is coming in, else say what is wrong with it."""
        if size != len(payload) - _DATA_AT:
            raise DecodeError(f"image block response: {size} octets declared, {len(payload) - _DATA_AT} there")
        if not payload.startswith(self._key, 1):
            raise Unacceptable("wrong-identity", found=payload[1:_PLACE_AT].hex())
        if size and (offset + size <= self.offset or offset in self._held):
            raise Unacceptable("duplicate", offset=offset)
        if offset + size > self._size:
            raise Unacceptable("past-end", offset=offset, octets=size, size=self._size)
        if not 0 < size <= (self._asked if offset == self.offset else self._block):
            raise Unacceptable("wrong-size", offset=offset, octets=size, asked=self._asked)
        if self._page_over or offset < self.offset or offset + size > self._page_end:
            raise Unacceptable("wrong-offset", offset=offset, asked=self.offset)
        self._held[offset] = payload[_DATA_AT:]
        if offset + size < self._page_end:
            return Trigger.PAGE_BLOCK
        self.lost()
        return Trigger.STORED

    def _attend(self) -> Trigger:
        """What has to be looked at now and then, and after every block of a page."""
        while self._held and self.offset in self._held:
            data = self._held.pop(self.offset)
            self._slot.write(self.offset, data)
            self._tally.blocks += 1
            self.offset += len(data)
        self.check_file()
        percent = self.offset * PERCENT // self._size
        if percent > self.percent:
            self.percent = percent
            self.progressed = True
        if self.offset == self._size:
            return Trigger.COMPLETE
        if self._pages and not self._page_over:
            return self._attend_page()
        if not self._pages:
            # Everything up to the next whole percent, or to the octets the header check needs, is routine.
            step = -(-self._size * (percent + 1) // PERCENT)
            self._attention = step if self._checked > self._size else min(step, self._checked or FIXED_OCTETS)
        return Trigger.STORED

    def _attend_page(self) -> Trigger:
        if self.offset < self._page_end:
            self._asked = min(self._block, self._page_end - self.offset)
            return Trigger.PAGE_BLOCK
        self._page_over = True
        self._page_failures = 0
        return Trigger.STORED

    def _request_in_pages(self, skew: int) -> tuple[int, bytes]:
        """The next page, or one block that is missing from the last one."""
        if self.offset < self._page_end:
            hole = min(self._held, default=self._page_end) - self.offset
            self._asked = min(hole, self._block)
            place = _PLACE.pack(self.offset + skew, self._asked)
            return IMAGE_BLOCK_REQUEST, self._block_head + place + self._block_tail
        self._held.clear()
        if self._size - self.offset <= self._block:
            self._asked = self._size - self.offset
            place = _PLACE.pack(self.offset + skew, self._asked)
            return IMAGE_BLOCK_REQUEST, self._block_head + place + self._block_tail
        self._page_start = self.offset
        self._page_end = min(self._size, self.offset + max(self._settings.page_octets, self._block))
        self._page_over = False
        size = self._page_end - self._page_start
        self._asked = min(size, self._block)
        place = _PAGE.pack(self.offset + skew, self._block, size, self._settings.page_spacing_ms)
        return IMAGE_PAGE_REQUEST, self._page_head + place + self._page_tail
