"""What kind of bootloader it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from emulator.core.clock import MILLISECOND, SECOND
from emulator.ncp.bootloader.gbl import IMAGE_LIMIT
from emulator.ncp.bootloader.gbl_image import ApplicationInfo, BootloaderVersion

DEFAULT_VERSION: Final = BootloaderVersion(2, 1, 1)


@dataclass(frozen=True, slots=True)
class XmodemSettings:
    """The waits of the receiver, in µs; the defaults are those of GSDK 4.x.

    Attributes:
        poll_interval: between two `C` while nobody sends.
        polls: that many `C` are sent, then the receiver gives up.
        silence: for the first octet of a block, and from there for all the others; then it is asked for again.
        silences: as often in a row it is asked for again before the transfer is aborted; None: for ever, as GSDK 4.x
            does.  The documents speak of a time-out that aborts it.
    """

    poll_interval: int = SECOND
    polls: int = 60
    silence: int = 3 * SECOND
    silences: int | None = None


@dataclass(frozen=True, slots=True)
class BootloaderSettings:
    """Times in µs; the defaults are those of GSDK 4.x.

    Attributes:
        version: shown above the menu.
        image_limit: octets of the largest file that is taken, without the padding of XMODEM.
        accepts: whether the application that an image announces is one for this stick; must not raise.  None: every
            one is, as GSDK 4.x has it: its parser looks at the product id only where whoever built the bootloader
            wrote a function that does (`parser_applicationUpgradeValidCallback`).  Whose bootloaders do is not known.
        opening: after an upload was chosen; what the host sends meanwhile is thrown away.
        closing: between the end of a transfer and the message about it.
        xmodem: the receiver's waits.
    """

    version: BootloaderVersion = DEFAULT_VERSION
    image_limit: int = IMAGE_LIMIT
    accepts: Callable[[ApplicationInfo], bool] | None = None
    opening: int = 5 * MILLISECOND
    closing: int = 10 * MILLISECOND
    xmodem: XmodemSettings = field(default_factory=XmodemSettings)
