"""Writing an image into a virtual stick: in, out, refused, cut; and another time after that."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from emulator.ncp.bootloader.firmware_metadata import FirmwareMetadata
from emulator.ncp.bootloader.gbl_build import build_firmware, build_gbl
from emulator.transports.flasher.found import Found, Kind
from emulator.transports.flasher.listening import listen
from emulator.transports.flasher.probing import probe
from emulator.transports.flasher.writing import Step, WriteFailed, bootloader_at, enter_bootloader, start, write
from tests.transports.flasher.bench import Placed, stick_on_tcp

pytestmark = pytest.mark.e2e
pytest.importorskip("universal_silabs_flasher", reason="universal-silabs-flasher is absent (the extra `flash`)")

OCTETS = 3_000
IMAGE = build_firmware(FirmwareMetadata(ezsp_version="8.1.0.0", fw_type="zigbee_ncp"), Random(OCTETS).randbytes(OCTETS))
THREAD = build_firmware(FirmwareMetadata(fw_type="openthread_rcp"))
ENCRYPTED = build_gbl([], 0x001)


def silently(*_: object) -> None:
    """Nobody listens."""


async def in_bootloader(placed: Placed) -> str:
    return await enter_bootloader(placed.place, await listen(placed.place))


async def answers(placed: Placed) -> str:
    found = await probe(placed.place, silently)
    assert found is not None
    return f"{found.kind.value} {found.version}"


@pytest.mark.parametrize("version", [13, 18])
async def test_an_image_is_written_and_runs(version: int) -> None:
    async with stick_on_tcp(version) as placed:
        sent: list[tuple[int, int]] = []
        assert await in_bootloader(placed) == "2.01.01"
        assert placed.stick.stick.in_bootloader
        await write(placed.place, IMAGE, lambda *octets: sent.append(octets))
        await start(placed.place)
        assert await answers(placed) == "ezsp 8.1.0.0 build 0"
    assert sent == sorted(sent)
    assert sent[-1][0] == sent[-1][1] >= len(IMAGE)


async def test_what_is_refused_leaves_what_was_there() -> None:
    async with stick_on_tcp() as placed:
        await in_bootloader(placed)
        with pytest.raises(WriteFailed, match="does not take this file") as caught:
            await write(placed.place, ENCRYPTED, silently)
        assert caught.value.step is Step.REFUSED
        assert await answers(placed) == "bootloader 2.01.01"
        await start(placed.place)
        assert await answers(placed) == "ezsp 7.4.3.0 build 0"


async def test_what_does_not_run_is_told_and_another_image_mends_it() -> None:
    async with stick_on_tcp() as placed:
        await in_bootloader(placed)
        await write(placed.place, THREAD, silently)
        with pytest.raises(WriteFailed, match="nothing in the stick that it could start") as caught:
            await start(placed.place)
        assert caught.value.step is Step.NOT_STARTED
        await in_bootloader(placed)
        await write(placed.place, IMAGE, silently)
        await start(placed.place)
        assert await answers(placed) == "ezsp 8.1.0.0 build 0"


async def test_a_line_that_is_lost_on_the_way_is_told_and_another_time_completes_it() -> None:
    async with stick_on_tcp() as placed:
        await in_bootloader(placed)

        def unplug(sent: int, _total: int) -> None:
            if sent > OCTETS // 2:
                placed.line.hang_up()

        with pytest.raises(WriteFailed, match="cut") as caught:
            await write(placed.place, IMAGE, unplug)
        assert caught.value.step is Step.CUT
        assert placed.stick.stick.in_bootloader
        assert await answers(placed) == "bootloader 2.01.01"
        await in_bootloader(placed)
        await write(placed.place, IMAGE, silently)
        await start(placed.place)
        assert await answers(placed) == "ezsp 8.1.0.0 build 0"


async def test_a_transfer_that_is_called_off_leaves_the_bootloader() -> None:
    async with stick_on_tcp() as placed:
        await in_bootloader(placed)
        under_way = asyncio.Event()
        writing = asyncio.create_task(write(placed.place, IMAGE, lambda *_: under_way.set()))
        await under_way.wait()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert await answers(placed) == "bootloader 2.01.01"


async def test_a_bootloader_left_in_the_middle_of_a_block_is_found() -> None:
    async with stick_on_tcp() as placed:
        await in_bootloader(placed)
        reader, writer = await asyncio.open_connection("127.0.0.1", placed.line.port)
        writer.write(b"1")
        await reader.readuntil(b"\0C")
        writer.write(b"\x01\x01\xfe" + bytes(50))
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert await listen(placed.place) == Found(Kind.BOOTLOADER, "2.01.01", 115_200)


async def test_nothing_is_asked_of_what_does_not_answer() -> None:
    async with stick_on_tcp() as placed:
        with pytest.raises(WriteFailed, match="nothing answers") as caught:
            await enter_bootloader(placed.place, None)
        assert caught.value.step is Step.NO_BOOTLOADER
        assert not placed.stick.stick.in_bootloader


async def test_where_there_is_no_bootloader_nothing_is_started() -> None:
    async with stick_on_tcp() as placed:
        with pytest.raises(WriteFailed, match="does not show its menu"):
            await start(placed.place)


async def test_the_bootloader_has_a_baud_rate_of_its_own() -> None:
    async with stick_on_tcp() as placed:
        quick = Found(Kind.EZSP, None, 460_800)
        assert bootloader_at(placed.place, quick).baud == 115_200
        assert bootloader_at(placed.place, Found(Kind.BOOTLOADER, "1", 57_600)).baud == 57_600
