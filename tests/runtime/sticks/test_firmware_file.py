"""Firmware files: what is read in them, and which are refused for which stick."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.core.errors import BadInput
from emulator.ncp.bootloader.firmware_metadata import FirmwareMetadata
from emulator.ncp.bootloader.gbl_build import build_bootloader, build_firmware, build_gbl
from emulator.ncp.bootloader.gbl_image import ApplicationInfo, ApplicationType, BootloaderVersion, TagId
from emulator.runtime.sticks.firmware_file import (
    OTHER_FIRMWARE,
    OTHER_STICK,
    Against,
    FirmwareFile,
    doubts,
    objections,
    read_firmware,
)
from emulator.runtime.sticks.profiles import StickProfile, load_stick, sticks

NCP = FirmwareMetadata(sdk_version="2024.12.0", ezsp_version="8.1.0.0", fw_type="zigbee_ncp", baudrate=115_200)
RCP = FirmwareMetadata(fw_type="openthread_rcp")
ZBT_1, ZBT_2 = ("e9926794bb2c4ec89f36d9c6794a81fb", "f45e0317d584ada47dda6c95112f24fa")
ELSEWHERE = "00112233445566778899aabbccddeeff"


def firmware(metadata: FirmwareMetadata | None = NCP, product: str = "00" * 16, kind: int = 1) -> bytes:
    return build_firmware(metadata, application=ApplicationInfo(kind, product_id=bytes.fromhex(product)))


def read(folder: Path, octets: bytes) -> FirmwareFile:
    path = folder / "firmware.gbl"
    path.write_bytes(octets)
    return read_firmware(path)


def names(*stick: str) -> list[StickProfile]:
    return [load_stick(name) for name in stick]


def against(file: FirmwareFile, *stick: str) -> list[Against]:
    return [each.against for each in objections(file, names(*stick), sticks())]


def test_a_file_says_what_is_in_it(tmp_path: Path) -> None:
    facts = read(tmp_path, firmware(product=ZBT_1)).facts()
    assert (facts["emberznet"], facts["ezsp"], facts["baud"], facts["firmware"]) == (
        "8.1.0.0", 16, 115_200, "zigbee_ncp",
    )  # fmt: skip
    assert (facts["product_id"], facts["application_types"]) == (ZBT_1, ["zigbee"])
    assert (facts["signed"], facts["encrypted"], facts["bootloader"]) == (False, False, None)
    assert read(tmp_path, build_bootloader(BootloaderVersion(2, 4, 1))).facts()["bootloader"] == "2.4.1"


@pytest.mark.parametrize(
    "octets, words",
    [
        (b"", "truncated"),
        (b"hello there", "not-a-gbl"),
        (firmware()[:-1], "truncated"),
        (firmware()[:-1] + b"x", "crc"),
    ],
    ids=["empty", "text", "cut", "damaged"],
)
def test_what_is_no_whole_file_is_refused_by_name(tmp_path: Path, octets: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=rf"firmware\.gbl: .*{words}.*allowed: a whole GBL file"):
        read(tmp_path, octets)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"absent\.gbl: cannot be read"):
        read_firmware(tmp_path / "absent.gbl")


@pytest.mark.parametrize(
    "product, stick, expected",
    [
        (ZBT_1, ("connect-zbt-1",), []),
        (ZBT_1, ("connect-zbt-1", "skyconnect"), []),
        (ZBT_2, ("connect-zbt-1",), [Against.ANOTHER_STICK]),
        (ELSEWHERE, ("connect-zbt-1",), [Against.ANOTHER_STICK]),
        ("00" * 16, ("connect-zbt-1",), [Against.NO_PRODUCT]),
        (ZBT_1, ("zbdongle-e",), [Against.ANOTHER_STICK]),
        (ZBT_1, ("zbdongle-e", "connect-zbt-1"), [Against.AMBIGUOUS_STICK]),
        ("00" * 16, ("zbdongle-e", "connect-zbt-1"), [Against.AMBIGUOUS_STICK]),
        ("00" * 16, ("zbdongle-e",), []),
        (ELSEWHERE, ("zbdongle-e",), []),
        (ZBT_1, (), [Against.ANOTHER_STICK]),
        (ELSEWHERE, (), [Against.UNKNOWN_STICK]),
    ],
    ids=[
        "its-own", "its-own-by-two-names", "of-another", "of-nobody", "none", "known-to-be-for-another",
        "perhaps-its-own", "perhaps", "nothing-known", "unknown-product", "known-to-be-for-some", "unknown-stick",
    ],
)  # fmt: skip
def test_the_product_id_decides_as_far_as_it_is_known(
    tmp_path: Path, product: str, stick: tuple[str, ...], expected: list[Against]
) -> None:
    file = read(tmp_path, firmware(product=product))
    assert against(file, *stick) == expected
    assert {each.option for each in objections(file, names(*stick), sticks())} <= {OTHER_STICK}


@pytest.mark.parametrize(
    "octets, expected",
    [
        (firmware(), []),
        (firmware(FirmwareMetadata(fw_type="ncp-uart-hw")), []),
        (firmware(RCP), [Against.NOT_EZSP]),
        (firmware(None), []),
        (firmware(FirmwareMetadata()), []),
        (firmware(None, kind=ApplicationType.THREAD | ApplicationType.BLUETOOTH), [Against.NOT_EZSP]),
        (build_bootloader(BootloaderVersion(2, 4, 0)), [Against.NO_APPLICATION]),
        (build_gbl([]), [Against.NO_APPLICATION]),
        (build_gbl([(TagId.PROGRAM, bytes(8))]), [Against.NOT_EZSP]),
    ],
    ids=[
        "ncp",
        "ncp-by-its-old-name",
        "thread",
        "silent",
        "says-nothing",
        "of-another-kind",
        "bootloader",
        "empty",
        "bare",
    ],
)
def test_only_firmware_of_a_zigbee_ncp_is_taken(tmp_path: Path, octets: bytes, expected: list[Against]) -> None:
    file = read(tmp_path, octets)
    assert against(file, "zbdongle-e") == expected
    assert {each.option for each in objections(file, names("zbdongle-e"), sticks())} <= {OTHER_FIRMWARE}


def test_of_an_encrypted_file_nobody_can_tell(tmp_path: Path) -> None:
    file = read(tmp_path, build_gbl([(TagId.ENCRYPTED_TAGS, bytes(64))], 0x001))
    assert against(file, "connect-zbt-1") == [Against.ENCRYPTED]


@pytest.mark.parametrize(
    "octets, stick, words",
    [
        (firmware(product=ZBT_1), "connect-zbt-1", "no firmware of EZSP 16"),
        (firmware(), "zbdongle-e", "cannot be told"),
        (firmware(None), "zbdongle-e", "does not say which firmware"),
        (firmware(FirmwareMetadata(ezsp_version="9.9.0.0", fw_type="zigbee_ncp")), "zbdongle-e", "9.9.0.0"),
        (build_bootloader(BootloaderVersion(2, 4, 0)), "zbdongle-e", "brings bootloader 2.4.0"),
        (build_gbl([(TagId.SIGNATURE, bytes(64))], 0x100), "zbdongle-e", "signed"),
    ],
    ids=["ezsp", "product", "silent", "unknown-stack", "bootloader", "signed"],
)
def test_what_is_doubtful_is_said(tmp_path: Path, octets: bytes, stick: str, words: str) -> None:
    assert any(words in doubt for doubt in doubts(read(tmp_path, octets), names(stick)))


def test_nothing_is_doubtful_about_a_stick_s_own_firmware(tmp_path: Path) -> None:
    own = FirmwareMetadata(ezsp_version="7.4.5.0", fw_type="zigbee_ncp")
    assert list(doubts(read(tmp_path, firmware(own, ZBT_1)), names("connect-zbt-1"))) == []
