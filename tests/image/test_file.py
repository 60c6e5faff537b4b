"""The whole file: sizes that lie, wrappers, and files of the user's that cannot be read."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import BadInput
from emulator.image.elements import Element, encode_elements
from emulator.image.errors import BadImage, ImageError
from emulator.image.file import OtaFile, parse, read_image, read_octets, unwrap, write_atomically
from emulator.image.header import MAGIC, OtaHeader

HEADER = OtaHeader(manufacturer_code=1, image_type=2, file_version=3)
REASONS = {"empty", "not-an-ota-file", "wrapped", "truncated", "header-length", "total-size"}


def reads_or_is_refused(octets: bytes) -> None:
    """Either a file of exactly these octets, or one line with a known reason."""
    refusal = None
    try:
        assert parse(octets).encode() == octets
    except ImageError as error:
        refusal = error
    if refusal is not None:
        assert refusal.reason in REASONS
        assert "\n" not in str(refusal)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(MAGIC.__add__))
def test_any_octets_are_an_ota_file_or_an_image_error(octets: bytes) -> None:
    reads_or_is_refused(octets)


@given(st.binary(max_size=200))
def test_a_file_comes_back_as_it_was_put_together(body: bytes) -> None:
    file = OtaFile.of(HEADER, body)
    again = parse(file.encode())
    assert again == file
    assert again.body == body
    assert again.header.total_image_size == again.size


@given(st.integers(0, 999), st.integers(1, 255))
def test_a_changed_octet_anywhere_gives_another_file_or_an_image_error(position: int, change: int) -> None:
    octets = bytearray(OtaFile.of(HEADER, bytes(range(1, 250)) * 4).octets[:1000].ljust(1000, b"x"))
    octets[52:56] = (1000).to_bytes(4, "little")
    octets[position] ^= change
    reads_or_is_refused(bytes(octets))


@pytest.mark.parametrize(
    "declared, reason",
    [(0, "total-size"), (55, "total-size"), (99, "total-size"), (101, "truncated"), (0xFFFFFFFF, "truncated")],
)
def test_a_total_size_that_lies_is_refused(declared: int, reason: str) -> None:
    octets = bytearray(OtaFile.of(HEADER, bytes(44)).octets)
    octets[52:56] = declared.to_bytes(4, "little")
    with pytest.raises(ImageError) as caught:
        parse(bytes(octets))
    assert caught.value.reason == reason


def test_a_body_that_is_elements_is_shown_as_such() -> None:
    parts = (Element(0, b"firmware"), Element(3, bytes(16)), Element(0xF000, b"a maker's own"))
    file = OtaFile.of(HEADER, encode_elements(parts))
    assert parse(file.octets).elements() == parts
    assert not file.is_gb_form


def test_a_gb_image_has_no_elements(good: OtaFile) -> None:
    assert good.elements() is None
    assert good.is_gb_form


def test_the_manufacturer_image_is_everything_behind_the_header(good: OtaFile) -> None:
    assert good.manufacturer_image_sha256() == hashlib.sha256(good.octets[60:]).digest()
    assert good.sha256() == hashlib.sha256(good.octets).digest()


@given(st.binary(min_size=1, max_size=80), st.binary(max_size=80))
def test_a_wrapped_file_is_found_and_said_to_be_wrapped(before: bytes, after: bytes) -> None:
    octets = OtaFile.of(HEADER, b"firmware").octets
    wrapped = before + octets + after
    found = unwrap(wrapped)
    assert found is not None
    if MAGIC not in before:
        assert (found.file.octets, found.before, found.after) == (octets, len(before), len(after))
        if not MAGIC.startswith(before[:4]):
            with pytest.raises(ImageError, match="wrapper") as caught:
                parse(wrapped)
            assert caught.value.reason == "wrapped"


def test_a_magic_by_chance_does_not_hide_the_file_behind_it() -> None:
    octets = OtaFile.of(HEADER, b"firmware").octets
    found = unwrap(b"junk" + MAGIC + bytes(100) + octets)
    assert found is not None
    assert found.file.octets == octets


def test_a_wrapper_is_not_looked_through_for_ever() -> None:
    assert unwrap(bytes(65_537) + OtaFile.of(HEADER, b"").octets) is None
    assert unwrap((b"\0" + MAGIC) * 20_000) is None


def test_a_file_that_is_missing_a_folder_or_empty_is_bad_input(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    for path, reason in ((tmp_path / "none", "missing"), (tmp_path, "not-a-file"), (empty, "empty")):
        with pytest.raises(BadImage) as caught:
            read_image(path, 1000)
        assert caught.value.reason == reason
        assert str(path) in str(caught.value)


def test_a_device_or_pipe_is_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(BadImage, match="no regular file"):
            read_octets(path, 1000)


def test_a_file_at_the_limit_is_read_and_one_octet_over_is_not(tmp_path: Path, good: OtaFile) -> None:
    path = tmp_path / "image.zigbee"
    path.write_bytes(good.octets)
    assert read_image(path, good.size) == good
    with pytest.raises(BadImage, match="1000 octets") as caught:
        read_image(path, good.size - 1)
    assert caught.value.reason == "image-too-large"
    assert caught.value.allowed == "at most 999 octets"


def test_a_huge_file_is_refused_by_its_size_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(2**40)
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(BadImage, match=str(2**40)):
        read_octets(path, 768_000)


def test_a_file_name_that_no_system_has_is_bad_input() -> None:
    with pytest.raises(BadImage):
        read_octets(Path("a\0b"), 1000)


def test_a_file_that_is_no_image_names_itself_and_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "photo.zigbee"
    path.write_bytes(b"\xff\xd8\xff\xe0" * 30)
    with pytest.raises(BadImage, match="it begins with ffd8ffe0") as caught:
        read_image(path, 1000)
    assert caught.value.reason == "not-an-ota-file"
    assert str(path) in str(caught.value)


def test_writing_replaces_the_whole_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(b"old and longer")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "image"
    path.write_bytes(b"old")

    def disc_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", disc_full)
    with pytest.raises(BadInput, match="No space left on device"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be written: No such file"):
        write_atomically(tmp_path / "none" / "image", b"new")


def test_the_published_ppmid_image_reads_as_the_reference_says(vectors: Path) -> None:
    text = (vectors / "duis" / "11.4_UPDATE_PPMID_FIRMWARE_REQUEST_DUIS.XML").read_text()
    found = re.search(r"<(?:\w+:)?FirmwareImage>([^<]+)<", text)
    assert found
    file = parse(base64.b64decode(found.group(1)))
    header = file.header
    assert (header.header_length, header.field_control) == (60, 0x0004)
    assert (header.manufacturer_code, header.image_type, header.file_version) == (0x121D, 0x0084, 0xACDCACDC)
    assert (header.minimum_hardware_version, header.maximum_hardware_version) == (0x1111, 0x1211)
    assert header.header_text == "I am a GFI PPMID firmware image "
    assert file.is_gb_form


@given(st.binary(min_size=1, max_size=60), st.integers(0, 0xFFFF), st.integers(0, 2**32 - 1))
def test_zigpy_reads_our_files_as_we_do(firmware: bytes, code: int, version: int) -> None:
    from zigpy.ota.image import OTAImage

    header = OtaHeader(
        manufacturer_code=code,
        image_type=0x00B1,
        file_version=version,
        security_credential_version=1,
        upgrade_file_destination=0x0011223344556677,
        minimum_hardware_version=0x0102,
        maximum_hardware_version=0x0304,
    )
    file = OtaFile.of(header, encode_elements((Element(0, firmware), Element(0xF123, b"own"))))
    image, rest = OTAImage.deserialize(file.octets)
    assert (rest, image.serialize()) == (b"", file.octets)
    assert (image.header.manufacturer_id, image.header.file_version) == (code, version)
    assert image.header.image_size == file.size
    assert int.from_bytes(image.header.upgrade_file_destination.serialize(), "little") == 0x0011223344556677
    assert (image.header.minimum_hardware_version, image.header.maximum_hardware_version) == (0x0102, 0x0304)
    assert [(part.tag_id, bytes(part.data)) for part in image.subelements] == [(0, firmware), (0xF123, b"own")]
