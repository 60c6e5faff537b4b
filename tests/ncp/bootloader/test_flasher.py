"""The bootloader against universal-silabs-flasher's own classes, in virtual time; they are no dependency of ours."""

from __future__ import annotations

import asyncio
import importlib
import random
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

import pytest

from emulator.core.clock import SECOND
from emulator.ncp.bootloader.effects import Effect, ImageReceived, RunApplication, WriteOctets
from emulator.ncp.bootloader.gbl import read_gbl
from emulator.ncp.bootloader.gbl_build import build_bootloader, build_firmware, build_gbl
from emulator.ncp.bootloader.gbl_image import BootloaderVersion
from emulator.ncp.bootloader.machine import Bootloader
from emulator.runtime.loop import run_virtual
from tests.ncp.bootloader.host import IMAGE, METADATA, Log
from tests.ncp.bootloader.test_gbl import WRONG

pytestmark = pytest.mark.may_skip
MENU_WRITES = 3
"""What the flasher writes before the first block: a line feed, ebl info, upload."""


def module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        pytest.skip("universal-silabs-flasher is not installed in this environment")


@pytest.fixture(scope="module")
def flasher() -> ModuleType:
    return module("universal_silabs_flasher.gecko_bootloader")


@pytest.fixture(scope="module")
def pygbl(flasher: ModuleType) -> ModuleType:
    """What the flasher reads firmware with."""
    return module("pygbl")


class Wire(asyncio.Transport):
    """Between the flasher's protocol and a bootloader; `lossy` says of each write to the stick whether it is lost."""

    def __init__(self, bootloader: Bootloader, protocol: Any, lossy: Callable[[bytes], bool]) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self.bootloader = bootloader
        self.protocol = protocol
        self.lossy = lossy
        self.effects: list[Effect] = []
        self.timer: asyncio.TimerHandle | None = None
        self.application = True
        self.closed = False
        protocol.connection_made(self)

    @property
    def now(self) -> int:
        return round(self.loop.time() * SECOND)

    def write(self, data: bytes | bytearray | memoryview[int]) -> None:
        if not self.lossy(bytes(data)):
            self.loop.call_soon(lambda: self.take(self.bootloader.received(bytes(data), self.now)))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True
        self.loop.call_soon(self.protocol.connection_lost, None)

    def take(self, effects: list[Effect]) -> None:
        self.effects += effects
        for effect in effects:
            if isinstance(effect, WriteOctets) and not self.closed:
                self.loop.call_soon(self.protocol.data_received, effect.octets)
            if isinstance(effect, RunApplication) and not self.application:
                self.take(self.bootloader.start(self.now))
        self.arm()

    def arm(self) -> None:
        if self.timer:
            self.timer.cancel()
        due = self.bootloader.next_timeout()
        if due is not None:
            self.timer = self.loop.call_at(
                due / SECOND, lambda: self.take(self.bootloader.on_timeout(max(due, self.now)))
            )

    def images(self) -> list[bytes]:
        return [effect.image.octets for effect in self.effects if isinstance(effect, ImageReceived)]


def intact(_octets: bytes) -> bool:
    return False


def with_flasher(
    flasher: ModuleType, scene: Callable[[Any, Wire], Awaitable[None]], lossy: Callable[[bytes], bool] = intact
) -> Wire:
    """Run a scene between the flasher's protocol and a bootloader that has just come up."""

    async def main() -> Wire:
        bootloader = Bootloader(Log())
        wire = Wire(bootloader, flasher.GeckoBootloaderProtocol(), lossy)
        wire.take(bootloader.start(wire.now))
        await scene(wire.protocol, wire)
        if wire.timer:
            wire.timer.cancel()
        return wire

    return run_virtual(main())


def padded(file: bytes) -> bytes:
    """The flasher pads before it sends."""
    return file + b"\xff" * (-len(file) % 128)


def test_it_knows_the_bootloader_by_its_menu(flasher: ModuleType) -> None:
    async def scene(gecko: Any, wire: Wire) -> None:
        assert str((await gecko.probe()).orig_version) == "2.01.01"

    with_flasher(flasher, scene)


def test_it_uploads_and_runs(flasher: ModuleType) -> None:
    shown: list[int] = []

    async def scene(gecko: Any, wire: Wire) -> None:
        await gecko.probe()
        await gecko.upload_firmware(padded(IMAGE), progress_callback=lambda at, _: shown.append(at))
        await gecko.run_firmware()

    wire = with_flasher(flasher, scene)
    assert wire.images() == [IMAGE]
    assert wire.effects[-1] == RunApplication()
    assert shown[-1] == len(padded(IMAGE))


def test_it_uploads_an_image_of_many_blocks(flasher: ModuleType) -> None:
    image = build_firmware(METADATA, random.Random(4).randbytes(60_000))

    async def scene(gecko: Any, wire: Wire) -> None:
        await gecko.upload_firmware(padded(image))

    assert with_flasher(flasher, scene).images() == [image]


@pytest.mark.parametrize("name", ["encrypted", "bad-crc", "signed", "unknown-tag", "version-4", "text"])
def test_it_is_told_that_a_file_is_refused_and_may_send_another(flasher: ModuleType, name: str) -> None:
    async def scene(gecko: Any, wire: Wire) -> None:
        with pytest.raises(flasher.ReceiverCancelled):
            await gecko.upload_firmware(padded(WRONG[name][0]))
        assert wire.images() == []
        await gecko.upload_firmware(padded(IMAGE))

    assert with_flasher(flasher, scene).images() == [IMAGE]


def test_it_is_told_that_there_is_no_application(flasher: ModuleType) -> None:
    async def scene(gecko: Any, wire: Wire) -> None:
        wire.application = False
        await gecko.probe()
        with pytest.raises(flasher.NoFirmwareError):
            await gecko.run_firmware()

    with_flasher(flasher, scene)


def test_it_repeats_what_a_bad_line_loses(flasher: ModuleType, seed: int) -> None:
    rng = random.Random(seed)
    lost = []

    def lossy(octets: bytes) -> bool:
        if len(octets) == 133 and rng.random() < 0.1:
            lost.append(octets)
        return bool(lost) and lost[-1] is octets

    image = build_firmware(METADATA, random.Random(4).randbytes(6_000))

    async def scene(gecko: Any, wire: Wire) -> None:
        await gecko.upload_firmware(padded(image), max_failures=10)

    assert with_flasher(flasher, scene, lossy).images() == [image]
    assert lost


@pytest.mark.parametrize("blocks", [0, 1, 4, len(padded(IMAGE)) // 128])
def test_after_a_cut_the_next_one_finds_the_menu(flasher: ModuleType, blocks: int) -> None:
    """The connection dies in the middle of the upload, and somebody tries again when the flasher has given up."""
    sent: list[bytes] = []

    def lossy(octets: bytes) -> bool:
        sent.append(octets)
        return len(sent) > MENU_WRITES + blocks

    async def scene(gecko: Any, wire: Wire) -> None:
        with pytest.raises(flasher.UploadError):
            await gecko.upload_firmware(padded(IMAGE))
        wire.close()
        assert wire.images() == []
        again = Wire(wire.bootloader, flasher.GeckoBootloaderProtocol(), intact)
        if wire.timer:
            wire.timer.cancel()
        again.arm()
        await again.protocol.probe()
        await again.protocol.upload_firmware(padded(IMAGE))
        assert again.images() == [IMAGE]
        if again.timer:
            again.timer.cancel()

    with_flasher(flasher, scene, lossy)


# --- files -----------------------------------------------------------------------------------------------------------


def test_its_reader_takes_our_files_and_finds_the_metadata(flasher: ModuleType, pygbl: ModuleType) -> None:
    image = pygbl.parse_firmware_image(padded(IMAGE))
    assert image.serialize_tags() == IMAGE
    found = module("universal_silabs_flasher.firmware").get_nabucasa_metadata(image)
    assert found.ezsp_version.orig_version == "7.4.3.0"
    assert found.fw_type.value == "zigbee_ncp"
    assert found.baudrate == 115200


def test_its_reader_takes_our_bootloaders(pygbl: ModuleType) -> None:
    image = pygbl.parse_firmware_image(build_bootloader(BootloaderVersion(2, 3, 4)))
    assert str(image.get_first_tag(pygbl.GBL3Bootloader).version) == "2.3.4"


def test_we_take_the_files_that_its_writer_makes(pygbl: ModuleType) -> None:
    tags = [
        pygbl.GBL3Header(version=3, type=pygbl.GBL3Type.NONE),
        pygbl.GBL3ApplicationInfo(
            type=pygbl.GBL3ApplicationType.ZIGBEE, version=7, capabilities=9, product_id=bytes(16)
        ),
        pygbl.GBL3EraseProg(address=0x4000, data=bytes(1000)),
        pygbl.GBL3Metadata(metadata=METADATA.encode()),
    ]
    image = read_gbl(pygbl.GBL3Image(tags=tags).compress(pygbl.GBL3Compression.LZMA).serialize())
    assert image.application is not None
    assert image.application.version == 7
    assert image.metadata == METADATA.encode()
    assert [address for address, _ in image.program()] == [0x4000]


def test_both_call_the_same_files_wrong(pygbl: ModuleType) -> None:
    for name in ("text", "no-end", "bad-crc", "half-a-tag-header", "short-application"):
        with pytest.raises(pygbl.GBLError):
            pygbl.parse_firmware_image(WRONG[name][0])
    assert pygbl.parse_firmware_image(build_gbl([], 0x001)), "encrypted: it leaves that to the stick"
