"""A stick tells the release of the firmware that is in it, digit for digit."""

from __future__ import annotations

import pytest

from emulator.core.eui64 import Eui64
from emulator.ncp.bootloader.firmware_metadata import StackVersion
from emulator.ncp.commands.configuration import stack_version, version_info
from emulator.ncp.firmware import Firmware
from emulator.ncp.flash import Flash


@pytest.mark.parametrize(
    "stack, digits, octets",
    [("7.4.5.0", 0x7450, (7, 4, 5, 0)), ("8.0.3.1", 0x8031, (8, 0, 3, 1)), ("8.1.0.0", 0x8100, (8, 1, 0, 0))],
)
def test_the_release_is_that_of_the_image_not_the_first_of_its_ezsp(
    stack: str, digits: int, octets: tuple[int, ...]
) -> None:
    flash = Flash(Eui64(1))
    flash.install(Firmware(bytes(32), 1, StackVersion.read(stack)))
    assert stack_version(flash) == digits
    assert tuple(version_info(flash)[2:6]) == octets


def test_a_stick_as_it_came_tells_the_first_release_of_its_ezsp() -> None:
    assert stack_version(Flash(Eui64(1), 13)) == 0x7430
