"""Putting an image together: header, manufacturer image, signature, to the octet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from emulator.core.errors import BadInput
from emulator.core.standards import switch_named
from emulator.image.errors import BadImage
from emulator.image.file import OtaFile
from emulator.image.header import OtaHeader
from emulator.image.signature import Signer

Fill = Callable[[int], bytes]
"""Makes a payload of exactly so many octets."""

ERASED = b"\xff"
"""What a payload is filled up with: flash that nothing was written to."""


def default_limit() -> int:
    """Octets of the largest image by default (switch `limits.image_octets`)."""
    limit = switch_named("limits.image_octets").default
    assert isinstance(limit, int)
    return limit


def check_limit(size: int, limit: int, where: str = "image") -> None:
    """BadImage `image-too-large` where a file of `size` octets is over `limit`."""
    if size > limit:
        raise BadImage("image-too-large", f"{size} octets", where=where, allowed=f"at most {limit} octets")


def build_image(header: OtaHeader, payload: bytes, signer: Signer | None = None, limit: int | None = None) -> OtaFile:
    """An image of `header`, `payload` and the signer's trailer, in Great Britain's form where the header is.

    Args:
        header: its total image size is set here.
        payload: the manufacturer image, or what of it stands before the signature.
        signer: None leaves the image unsigned.
        limit: octets of the whole file; None takes the default.

    Raises:
        BadImage: `image-too-large`.
    """
    trailer_octets = signer.trailer_octets if signer else 0
    size = header.header_length + len(payload) + trailer_octets
    check_limit(size, default_limit() if limit is None else limit)
    complete = replace(header, total_image_size=size)
    octets = complete.encode() + payload
    if signer:
        octets += signer.trailer(octets)
    return OtaFile(complete, octets)


def build_sized(
    header: OtaHeader, size: int, fill: Fill, signer: Signer | None = None, limit: int | None = None
) -> OtaFile:
    """The same, of exactly `size` octets; BadInput where header and signature alone take more."""
    check_limit(size, default_limit() if limit is None else limit)
    least = header.header_length + (signer.trailer_octets if signer else 0)
    if size < least:
        raise BadInput(f"{size} octets", where="image size", allowed=f"at least {least} (header and signature)")
    return build_image(header, fill(size - least), signer, limit)


def padded(payload: bytes) -> Fill:
    """Fill up with erased flash behind `payload`; BadInput where it does not fit."""

    def fill(octets: int) -> bytes:
        if len(payload) > octets:
            raise BadInput(
                f"{len(payload)} octets", where="payload", allowed=f"at most {octets} in an image of that size"
            )
        return payload.ljust(octets, ERASED)

    return fill
