"""What the machines raise: whose fault it is stands in the base class."""

from __future__ import annotations

from emulator.core.errors import EmulatorError, LocalProtocolError, RemoteProtocolError
from emulator.core.events import Value


class Unacceptable(RemoteProtocolError):
    """A message of the peer's that must not be followed: it is dropped, and a report gives `reason`.

    Raised and caught inside the machines; it never leaves them.
    """

    def __init__(self, reason: str, **fields: Value) -> None:
        self.reason = reason
        self.fields = fields
        super().__init__(reason)


class ImageRefused(LocalProtocolError):
    """An image that a server will not hold.

    Attributes:
        reason: `image-too-large`, `not-device-specific`, or as `image.errors.ImageError` has it, e.g.
            `not-an-ota-file`, `total-size`.
    """

    def __init__(self, reason: str, text: str) -> None:
        self.reason = reason
        super().__init__(text)


class SlotError(EmulatorError):
    """The memory for a received image failed.

    Attributes:
        reason: e.g. `flash-full`, `flash-failure`.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
