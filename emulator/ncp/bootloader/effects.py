"""What the bootloader, and its XMODEM receiver, ask of the stick around them."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.ncp.bootloader.gbl_image import BootloaderVersion, GblImage


@dataclass(frozen=True, slots=True)
class WriteOctets:
    """Send these to the host, in the order given."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class ImageReceived:
    """A whole image with an application has come, and its check sum is right: store it in place of the old one."""

    image: GblImage


@dataclass(frozen=True, slots=True)
class RunApplication:
    """The host wants the application; the bootloader is off until `start`, which is what to call if there is none."""


@dataclass(frozen=True, slots=True)
class BootloaderReplaced:
    """The bootloader has put another one in its own place, and is that from now on."""

    version: BootloaderVersion


Effect = WriteOctets | ImageReceived | RunApplication | BootloaderReplaced
