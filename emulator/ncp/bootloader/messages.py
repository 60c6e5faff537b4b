"""What the bootloader says, octet by octet.  Source: GSDK 4.x, platform/bootloader/communication/xmodem-uart.

Each text is sent with the NUL that ends it in C; the number of an error is not.
"""

from __future__ import annotations

from typing import Final

from emulator.ncp.bootloader.gbl import GblFault
from emulator.ncp.bootloader.gbl_image import BootloaderVersion
from emulator.ncp.bootloader.xmodem import TOO_LONG, Control
from emulator.ncp.bootloader.xmodem_table import XmodemTrigger

BEGIN_UPLOAD: Final = b"\r\nbegin upload\r\n\0"
COMPLETE: Final = b"\r\nSerial upload complete\r\n\0"
_ABORTED: Final = b"\r\nSerial upload aborted\r\n\0"
_FILE_ERROR: Final = b"\r\nfile error 0x\0"
_BLOCK_ERROR: Final = b"\r\nblock error 0x\0"
_MENU: Final = "\r\nGecko Bootloader v{}.{:02}.{:02}\r\n1. upload gbl\r\n2. run\r\n3. ebl info\r\nBL > \0"

# Where GSDK has no number for what went wrong, the octet that it sent last is in its place: CAN.
_NO_NUMBER: Final = int(Control.CAN)

# AN1085, table 1; 0x4F stands for several errors of the parser.
_FILE_ERRORS: Final[dict[str, int]] = {
    GblFault.VERSION.value: 0x41,
    GblFault.CRC.value: 0x43,
    GblFault.UNKNOWN_TAG.value: 0x44,
    GblFault.SIGNATURE.value: 0x45,
    GblFault.NOT_GBL.value: 0x4F,
    GblFault.ENCRYPTED.value: 0x4F,
    GblFault.LENGTH.value: 0x4F,
    GblFault.TOO_LONG.value: 0x4F,
    GblFault.AFTER_END.value: 0x4F,
    GblFault.TAG_ORDER.value: _NO_NUMBER,
    GblFault.REJECTED.value: _NO_NUMBER,
    TOO_LONG: 0x4F,
}
_BLOCK_ERRORS: Final[dict[str, int]] = {XmodemTrigger.NOT_A_HEADER.value: 0x21, XmodemTrigger.STALLED.value: 0x1C}


def menu(version: BootloaderVersion) -> bytes:
    """The menu; of the version 4, 4 and 4 bits are shown, as `v2.01.01`."""
    return _MENU.format(f"{version.major & 0xF:X}", version.minor & 0xF, version.customer & 0xF).encode()


def aborted(reason: str) -> bytes:
    """What the host is told of a transfer that ended for `reason`, which is that of `xmodem.TransferEnded`."""
    if reason in _FILE_ERRORS:
        return _ABORTED + _FILE_ERROR + f"{_FILE_ERRORS[reason]:02X}\r\n".encode()
    return _ABORTED + _BLOCK_ERROR + f"{_BLOCK_ERRORS.get(reason, _NO_NUMBER):02X}\r\n".encode()
