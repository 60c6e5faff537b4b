"""universal-silabs-flasher, the extra `flash`: what it finds that is neither EZSP nor a bootloader, and how it writes.

Its own search is not used: it asks for one thing after another without a word, and knows nothing of flow control.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from universal_silabs_flasher.const import ApplicationType  # type: ignore[import-untyped]  # no py.typed
from universal_silabs_flasher.flasher import (  # type: ignore[import-untyped]  # as above
    DEVICE_SPECIFIC_FLASHERS,
    Flasher,
    ProbeResult,
)
from universal_silabs_flasher.gecko_bootloader import (  # type: ignore[import-untyped]  # as above
    ReceiverCancelled,
    UploadError,
)

from emulator.transports.flasher.found import Found, Kind

__all__ = ["ReceiverCancelled", "UploadError"]

WITHIN_S: Final = 6.0
"""One look; CPC asks again three times."""
ATTEMPTS: Final = (
    (Kind.SPINEL, 460_800),
    (Kind.SPINEL, 115_200),
    (Kind.CPC, 460_800),
    (Kind.CPC, 115_200),
    (Kind.CPC, 230_400),
    (Kind.ROUTER, 115_200),
)
"""At what baud rates firmware of each kind is published."""


def reset_methods() -> tuple[str, ...]:
    """Ways into a bootloader from outside, by the sticks that have them."""
    return tuple(sorted(DEVICE_SPECIFIC_FLASHERS))


async def look_for(kind: Kind, device: str, baud: int) -> Found | None:
    """Whether firmware of this kind answers there."""
    flasher = Flasher(device=device)
    look: Callable[..., Awaitable[ProbeResult]] = getattr(flasher, f"probe_{kind.value}")
    try:
        async with asyncio.timeout(WITHIN_S):
            result = await look(baudrate=baud)
    except Exception:  # noqa: BLE001 - whatever it makes of the answer, or of there being none: it is not that
        return None
    return Found(kind, _text(result.version), baud)


async def leave_application(found: Found, device: str) -> None:
    """Have firmware that is not EZSP start its bootloader.

    Raises:
        Exception: of many kinds, whatever went wrong.
    """
    flasher = Flasher(device=device, app_type=ApplicationType(found.kind.value), app_baudrate=found.baud)
    await flasher.enter_bootloader()


async def reset_from_outside(method: str, device: str) -> None:
    """Have the stick start its bootloader by pins or the like.

    Raises:
        Exception: as above.
    """
    await DEVICE_SPECIFIC_FLASHERS[method](device=device).trigger_bootloader_reset(run_firmware=False)


async def upload(octets: bytes, device: str, baud: int, progress: Callable[[int, int], None]) -> None:
    """Hand an image to a bootloader that shows its menu; it shows it again afterwards.

    Args:
        octets: a whole GBL file.
        device: as the library has it.
        baud: of the bootloader.
        progress: told of octets sent, and of how many there are.

    Raises:
        ReceiverCancelled: the bootloader broke it off.
        UploadError: it did not take it; with its own words.
        Exception: of many kinds, where the line is lost or nobody answers.
    """
    flasher = Flasher(device=device, bootloader_baudrate=baud)
    await flasher.flash_firmware(_Image(octets), run_firmware=False, progress_callback=progress)


class _Image:
    """What the library asks of an image, which has been read and judged already."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def serialize(self) -> bytes:
        return self._octets


def _text(version: Any) -> str | None:  # noqa: ANN401 - a class of the library's
    return None if version is None else str(getattr(version, "orig_version", version))
