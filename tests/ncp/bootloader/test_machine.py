"""The bootloader as a host meets it."""

from __future__ import annotations

import pytest

from emulator.core.clock import MILLISECOND, SECOND
from emulator.ncp.bootloader.effects import BootloaderReplaced, ImageReceived, RunApplication, WriteOctets
from emulator.ncp.bootloader.gbl import read_gbl
from emulator.ncp.bootloader.gbl_build import build_bootloader, build_firmware, build_gbl
from emulator.ncp.bootloader.gbl_image import ApplicationInfo, BootloaderVersion, TagId
from emulator.ncp.bootloader.machine import INPUT_OCTETS
from emulator.ncp.bootloader.machine_table import BootloaderState
from emulator.ncp.bootloader.settings import BootloaderSettings, XmodemSettings
from tests.ncp.bootloader.host import ACK, CAN, EOT, IMAGE, MENU, METADATA, NAK, POLL, Line, frame, frames
from tests.ncp.bootloader.test_gbl import WRONG

BEGIN = b"\r\nbegin upload\r\n\0"
COMPLETE = b"\r\nSerial upload complete\r\n\0"
ABORTED = b"\r\nSerial upload aborted\r\n\0"
NEWER = BootloaderVersion(2, 3, 4)


def file_error(number: bytes) -> bytes:
    return ABORTED + b"\r\nfile error 0x\0" + number + b"\r\n" + MENU


def block_error(number: bytes) -> bytes:
    return ABORTED + b"\r\nblock error 0x\0" + number + b"\r\n" + MENU


# --- the menu --------------------------------------------------------------------------------------------------------


def test_it_comes_up_with_its_menu() -> None:
    line = Line()
    assert line.effects == [WriteOctets(MENU)]
    assert line.machine.next_timeout() is None


@pytest.mark.parametrize("octet", [b"3", b"\n", b"\r", b"x", b"\0", b"\x7e", b"\xff", b"4"])
def test_whatever_is_no_choice_brings_the_menu_again(octet: bytes) -> None:
    line = Line()
    line.read()
    line.send(octet)
    assert line.read() == MENU


def test_each_octet_of_junk_brings_a_menu() -> None:
    line = Line()
    line.read()
    line.send(b"\r\n3")
    assert line.read() == MENU * 3


def test_a_flood_is_lost_where_the_serial_driver_is_full() -> None:
    line = Line()
    line.read()
    line.send(b"\n" * 100_000)
    assert line.read() == MENU * INPUT_OCTETS
    assert line.log.lines[-1] == (
        "ncp.bootloader.dropped",
        "receive-buffer-full",
        {"octets": 100_000 - INPUT_OCTETS},
    )


def test_a_version_is_shown_as_the_menu_has_it() -> None:
    line = Line(BootloaderSettings(version=BootloaderVersion(1, 12, 0)))
    assert line.read().startswith(b"\r\nGecko Bootloader v1.12.00\r\n")


# --- run -------------------------------------------------------------------------------------------------------------


def test_the_application_is_run_and_the_rest_of_the_input_is_lost() -> None:
    line = Line()
    line.read()
    line.send(b"2\n\n")
    assert line.effects[1:] == [RunApplication()]
    assert line.machine.state is BootloaderState.OFF
    line.send(b"\x1a\xc0\x38\xbc\x7e")
    assert line.read() == b""
    assert line.log.lines[-3:] == [
        ("ncp.bootloader.dropped", "reset", {"octets": 2}),
        ("ncp.bootloader.run", None, {}),
        ("ncp.bootloader.dropped", "off", {"octets": 5}),
    ]


def test_where_there_is_no_application_the_menu_comes_again() -> None:
    line = Line()
    line.read()
    line.send(b"2")
    line._take(line.machine.start(line.now))
    assert line.read() == MENU


# --- an upload -------------------------------------------------------------------------------------------------------


def test_an_upload_from_the_menu_to_the_message() -> None:
    line = Line()
    line.read()
    line.send(b"1")
    assert line.read() == BEGIN
    line.wait(5 * MILLISECOND)
    assert line.read() == POLL
    for each in frames(IMAGE):
        line.send(each)
        assert line.read() == ACK
    assert line.images() == [], "nothing is told before the end"
    line.send(EOT)
    assert line.read() == ACK
    assert line.of(ImageReceived) == [ImageReceived(read_gbl(IMAGE))]
    assert line.machine.state is BootloaderState.CLOSING
    line.wait(10 * MILLISECOND)
    assert line.read() == COMPLETE + MENU
    assert [kind for kind, _, _ in line.log.lines] == [
        "ncp.bootloader.started",
        "ncp.bootloader.upload",
        "ncp.bootloader.image",
    ]


def test_two_images_one_after_the_other() -> None:
    line = Line()
    second = build_firmware(METADATA, b"another")
    for image in (IMAGE, second):
        assert line.upload(image)
        line.wait(SECOND)
    assert line.images() == [IMAGE, second]


def test_what_the_host_sends_too_early_is_thrown_away() -> None:
    line = Line()
    line.send(b"1\r\n")
    line.send(b"\r\n")
    line.wait(5 * MILLISECOND)
    assert line.machine.state is BootloaderState.UPLOADING
    assert line.log.lines[-3:] == [
        ("ncp.bootloader.dropped", "premature", {"octets": 2}),
        ("ncp.bootloader.upload", None, {}),
        ("ncp.bootloader.dropped", "premature", {"octets": 2}),
    ]


def test_where_nobody_sends_the_menu_comes_again_after_a_minute() -> None:
    line = Line()
    line.open_upload()
    line.wait(60 * SECOND)
    assert line.read() == POLL * 59 + CAN * 3 + MENU


def test_what_comes_before_the_message_is_read_after_it() -> None:
    line = Line()
    assert line.upload(IMAGE)
    line.send(b"3")
    line.send(b"2")
    assert line.read() == b""
    line.wait(10 * MILLISECOND)
    assert line.read() == COMPLETE + MENU * 2
    assert line.of(RunApplication) == [RunApplication()]


FILE_ERRORS = {
    "text": b"4F",
    "ota-file": b"4F",
    "version-4": b"41",
    "encrypted": b"4F",
    "unknown-tag": b"44",
    "second-application": b"18",
    "short-application": b"4F",
    "reaches-to-the-moon": b"4F",
    "signed": b"45",
    "bad-crc": b"43",
}


@pytest.mark.parametrize("name, number", FILE_ERRORS.items())
def test_a_wrong_file_is_refused_with_the_number_of_the_error(name: str, number: bytes) -> None:
    file, fault = WRONG[name]
    line = Line()
    assert not line.upload(file)
    assert line.log.reasons("ncp.xmodem.cancelled") == [fault.value]
    line.wait(10 * MILLISECOND)
    assert line.read().endswith(file_error(number))
    assert line.images() == []
    assert line.log.reasons("ncp.bootloader.aborted") == [fault.value]
    assert line.upload(IMAGE), "it is still in the menu"
    assert line.images() == [IMAGE]


def test_a_wrong_file_is_refused_at_the_block_that_shows_it() -> None:
    line = Line()
    line.open_upload()
    line.send(next(frames(b"#!/bin/sh\n" * 200)))
    assert line.read() == CAN * 3
    line.wait(10 * MILLISECOND)
    assert line.read() == file_error(b"4F")


@pytest.mark.parametrize(
    "last, number",
    [(EOT, b"18"), (CAN, b"18"), (b"\x03", b"18"), (b"\n", b"21")],
    ids=["eot", "can", "ctrl-c", "line-feed"],
)
def test_a_transfer_that_ends_early_is_said_to_be_aborted(last: bytes, number: bytes) -> None:
    line = Line()
    line.open_upload()
    line.send(next(frames(IMAGE)))
    assert line.read() == ACK
    line.send(last + b"3")
    assert line.read() == CAN * 3
    line.wait(10 * MILLISECOND)
    assert line.read() == block_error(number)
    assert line.images() == []


def test_a_bootloader_that_gives_up_says_so() -> None:
    line = Line(BootloaderSettings(xmodem=XmodemSettings(silences=2)))
    line.open_upload()
    line.send(frame(1, bytes(128))[:50])
    line.wait(7 * SECOND)
    assert line.read() == NAK + CAN * 3 + block_error(b"1C")


def test_a_file_with_more_than_padding_after_its_end_is_refused() -> None:
    line = Line()
    assert not line.upload(IMAGE + bytes(256))
    line.wait(10 * MILLISECOND)
    assert line.read() == file_error(b"4F")
    assert line.images() == []


def test_a_file_longer_than_the_flash_is_refused() -> None:
    line = Line(BootloaderSettings(image_limit=len(IMAGE) - 1))
    assert not line.upload(IMAGE)
    assert line.log.reasons("ncp.bootloader.aborted") == []
    line.wait(10 * MILLISECOND)
    assert line.log.reasons("ncp.bootloader.aborted") == ["too-long"]


def test_a_file_for_another_stick_is_refused() -> None:
    line = Line(BootloaderSettings(accepts=lambda application: application.version == 7))
    assert not line.upload(IMAGE)
    line.wait(10 * MILLISECOND)
    assert line.read() == file_error(b"18")
    assert line.upload(build_firmware(METADATA, application=ApplicationInfo(version=7)))


# --- another bootloader ----------------------------------------------------------------------------------------------


def test_a_newer_bootloader_takes_the_place_of_the_old_one_on_run() -> None:
    line = Line()
    assert line.upload(build_bootloader(NEWER))
    line.wait(SECOND)
    line.read()
    line.send(b"2")
    assert line.of(BootloaderReplaced) == [BootloaderReplaced(NEWER)]
    assert line.machine.version == NEWER
    assert line.read() == MENU.replace(b"2.01.01", b"2.03.04")
    line.send(b"2")
    assert line.of(RunApplication) == [RunApplication()]


@pytest.mark.parametrize("file", [build_bootloader(NEWER), build_gbl([])], ids=["bootloader", "nothing"])
def test_a_file_without_an_application_leaves_the_old_one(file: bytes) -> None:
    line = Line()
    assert line.upload(file)
    line.wait(10 * MILLISECOND)
    assert line.read() == COMPLETE + MENU
    assert line.images() == []


def test_an_older_bootloader_does_not() -> None:
    line = Line()
    assert line.upload(build_bootloader(BootloaderVersion(2, 1, 1)))
    line.wait(SECOND)
    line.send(b"2")
    assert line.of(BootloaderReplaced) == []
    assert line.of(RunApplication) == [RunApplication()]


def test_a_bootloader_that_was_followed_by_another_upload_is_forgotten() -> None:
    line = Line()
    assert line.upload(build_bootloader(NEWER))
    line.wait(SECOND)
    assert not line.upload(build_gbl([(TagId.SIGNATURE, bytes(64))]))
    line.wait(SECOND)
    line.send(b"2")
    assert line.of(BootloaderReplaced) == []
    assert line.of(RunApplication) == [RunApplication()]


# --- power -----------------------------------------------------------------------------------------------------------


def test_before_it_is_started_it_is_off() -> None:
    line = Line()
    line._take(line.machine.stop(line.now))
    line.read()
    line.send(b"3")
    assert line.read() == b""
    assert line.log.lines[-1] == ("ncp.bootloader.dropped", "off", {"octets": 1})


def test_a_reset_ends_an_upload_without_a_word() -> None:
    line = Line()
    line.open_upload()
    line.send(next(frames(IMAGE)))
    line.read()
    line._take(line.machine.start(line.now))
    assert line.read() == MENU
    assert line.machine.next_timeout() is None
    assert line.log.reasons("ncp.bootloader.aborted") == ["reset"]
    line.wait(SECOND)
    assert line.upload(IMAGE)


def test_an_early_or_a_needless_timeout_does_nothing() -> None:
    line = Line()
    assert line.machine.on_timeout(1 << 50) == []
    line.send(b"1")
    assert line.machine.on_timeout(line.now + 4_999) == []
