"""What can be wrong with an OTA file, each with a reason that machines read."""

from __future__ import annotations

from emulator.core.errors import BadInput, DecodeError


class ImageError(DecodeError):
    """Octets that are no well-formed OTA file.

    Attributes:
        reason: one of `empty`, `not-an-ota-file`, `wrapped`, `truncated`, `header-length`, `total-size`,
            `element-length`.
    """

    def __init__(self, reason: str, text: str) -> None:
        self.reason = reason
        super().__init__(text)


class BadImage(BadInput):
    """A file or recipe of the user's that gives no image.

    Attributes:
        reason: as `ImageError.reason`, or `missing`, `unreadable`, `not-a-file`, `image-too-large`.
    """

    def __init__(self, reason: str, what: str, *, where: str = "", allowed: str = "") -> None:
        self.reason = reason
        super().__init__(what, where=where, allowed=allowed)
