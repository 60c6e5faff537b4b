from __future__ import annotations

import io
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.aes import CcmStar
from emulator.core.clock import SECOND, VIRTUAL_EPOCH
from emulator.core.errors import DecodeError
from emulator.observe.capture import CapturedFrame, CaptureWriter, file_header, read_capture, tap_header
from emulator.observe.keys import CaptureKeys, keys_text, parse_keys, tshark_options

EPOCH_US = int(VIRTUAL_EPOCH.timestamp()) * SECOND
NETWORK_KEY = bytes.fromhex("01030507090b0d0f00020406080a0c0d")
EUI64 = bytes.fromhex("a49078563412db00")
FRAMES = st.tuples(
    st.integers(0, 10**13),
    st.binary(max_size=127),
    st.integers(-110, 10),
    st.integers(0, 255),
    st.integers(11, 26),
)


def fcs(octets: bytes) -> bytes:
    """CRC-16 of IEEE 802.15.4: x16+x12+x5+1, least significant bit first, from 0."""
    register = 0
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (0x8408 if register & 1 else 0)
    return register.to_bytes(2, "little")


def secured_image_block_request() -> bytes:
    """A data frame, FCS and all: secured NWK, APS, an Image Block Request for offset 0x1234 of version 0x00010203."""
    mac = struct.pack("<HBHHH", 0x8861, 0x42, 0x1A62, 0x0000, 0x5BCD)
    nwk = struct.pack("<HHHBB", 0x0248, 0x0000, 0x5BCD, 30, 7)
    counter = struct.pack("<I", 99)
    zcl = bytes([0x01, 0x2A, 0x03]) + struct.pack("<BHHIIB", 0, 0x10F1, 0x0001, 0x0001_0203, 0x1234, 50)
    aps = struct.pack("<BBHHBB", 0x00, 1, 0x0019, 0x0109, 1, 5) + zcl
    # Level 5 in nonce and header, level 0 on the air.
    authenticated = nwk + bytes([0x2D]) + counter + EUI64 + b"\0"
    sealed = CcmStar(NETWORK_KEY).seal(EUI64 + counter + bytes([0x2D]), authenticated, aps)
    psdu = mac + nwk + bytes([0x28]) + counter + EUI64 + b"\0" + sealed
    return psdu + fcs(psdu)


def capture(*frames: tuple[int, bytes, float, int, int]) -> bytes:
    stream = io.BytesIO()
    writer = CaptureWriter(stream)
    for frame in frames:
        writer.frame(*frame)
    writer.flush()
    return stream.getvalue()


def read(octets: bytes, folder: Path) -> list[CapturedFrame]:
    path = folder / "read.pcap"
    path.write_bytes(octets)
    return list(read_capture(path))


def fields(tshark: str, path: Path, names: list[str], options: list[str]) -> list[list[str]]:
    arguments = [tshark, "-r", str(path), "-T", "fields", *options]
    for name in names:
        arguments += ["-e", name]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


@given(st.lists(FRAMES, max_size=6))
def test_what_was_captured_reads_back(
    tmp_path_factory: pytest.TempPathFactory, frames: list[tuple[int, bytes, int, int, int]]
) -> None:
    found = read(capture(*frames), tmp_path_factory.getbasetemp())
    assert found == [
        CapturedFrame(EPOCH_US + at, psdu, float(rssi), lqi, channel, 2) for at, psdu, rssi, lqi, channel in frames
    ]


def test_the_octets_of_a_capture_are_these() -> None:
    found = capture((1_500_000, b"\x02\x00\x2a\x11\x22", -40, 200, 15))
    assert (
        found.hex()
        == (
            "d4c3b2a1020004000000000000000000ffff00001b010000"  # pcap 2.4, link type 283
            "01b9556920a10700" + "2900000029000000"  # 2026-01-01T00:00:01.5, 41 octets
            "00002400"  # TAP, 36 octets
            "0000010001000000" + "01000400000020c2" + "030003000f000000" + "0a000100c8000000" + "02002a1122"
        )
    )


def test_the_same_frames_give_the_same_octets() -> None:
    frames = [(at, bytes([at % 256] * 20), -40 - at % 3, 200, 11) for at in range(5_000)]
    assert capture(*frames) == capture(*frames)


def test_frames_are_gathered_and_none_is_lost(tmp_path: Path) -> None:
    stream = io.BytesIO()
    writer = CaptureWriter(stream, frames_held=4)
    for at in range(10):
        writer.frame(at, b"abc", -40, 255, 11)
    assert len(read(stream.getvalue(), tmp_path)) == 8
    writer.flush()
    assert writer.count == len(read(stream.getvalue(), tmp_path)) == 10


def test_a_live_pipe_gets_the_header_and_every_frame_at_once() -> None:
    stream = io.BytesIO()
    writer = CaptureWriter(stream, frames_held=1)
    assert stream.getvalue() == file_header()
    writer.frame(0, b"abc", -40, 255, 11)
    assert stream.getvalue().endswith(tap_header(-40, 255, 11) + b"abc")


def test_more_links_than_are_remembered_are_still_written_right(tmp_path: Path) -> None:
    frames = [(0, b"x", -(index % 100), index % 251, 11 + index % 16) for index in range(9_000)]
    found = read(capture(*frames), tmp_path)
    assert [(frame.rssi, frame.lqi, frame.channel) for frame in found] == [(r, lqi, c) for _, _, r, lqi, c in frames]


@given(st.data())
def test_octets_that_are_no_capture_end_in_a_decode_error_or_frames(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    octets = bytearray(capture((1, b"0123456789", -40, 200, 15), (2, b"abc", -41, 201, 16)))
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(octets)))
    try:
        found = read(bytes(octets[:cut]), tmp_path_factory.getbasetemp())
    except DecodeError:
        return
    assert len(found) <= 2


TWO = capture((1, b"0123456789", -40, 200, 15), (2, b"abc", -41, 201, 16))
RECORD = 24
TAP = RECORD + 16


def changed(at: int, layout: str, value: int) -> bytes:
    octets = bytearray(TWO)
    struct.pack_into(layout, octets, at, value)
    return bytes(octets)


@pytest.mark.parametrize(
    "octets, words",
    [
        (b"", "0 octets are no file header"),
        (TWO[:23], "23 octets are no file header"),
        (changed(0, "<I", 0xA1B23C4D), "magic"),
        (changed(4, "<H", 3), "version"),
        (changed(20, "<I", 195), "link type 195"),
        (TWO[: RECORD + 5], "inside a record header"),
        (TWO[:-1], "record of 39 octets, 38 left"),
        (changed(RECORD + 8, "<I", 0xFFFFFFFF), "65535 at most"),
        (changed(RECORD + 8, "<I", 3), "too short"),
        (changed(TAP, "<B", 1), "version 1"),
        (changed(TAP + 2, "<H", 3), "length 3"),
        (changed(TAP + 2, "<H", 47), "length 47 in 46 octets"),
        (changed(TAP + 6, "<H", 500), "500 octets wanted"),
        (changed(TAP + 2, "<H", 38), "inside its type"),
        (changed(TAP + 22, "<H", 1), "too few"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_length_that_lies_is_refused(tmp_path: Path, octets: bytes, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        read(octets, tmp_path)


def test_a_frame_without_rssi_lqi_and_channel_is_read_as_such(tmp_path: Path) -> None:
    record = struct.pack("<IIII", 1, 2, 7, 7) + b"\0\0\4\0" + b"abc"
    (frame,) = read(file_header() + record, tmp_path)
    assert frame == CapturedFrame(1_000_002, b"abc", None, None, None, 0)


def test_tshark_reads_rssi_lqi_channel_and_a_good_fcs(tshark: str, tmp_path: Path) -> None:
    psdu = secured_image_block_request()
    path = tmp_path / "han.pcap"
    path.write_bytes(capture((1_500_000, psdu, -40, 200, 15), (2_000_001, psdu, -91, 17, 26)))
    names = ["frame.time_epoch", "wpan-tap.fcs_type", "wpan-tap.rss", "wpan-tap.lqi", "wpan-tap.ch_num", "wpan.fcs_ok"]
    assert fields(tshark, path, names, []) == [
        ["1767225601.500000000", "1", "-40", "200", "15", "1"],
        ["1767225602.000001000", "1", "-91", "17", "26", "1"],
    ]
    verbose = subprocess.run([tshark, "-r", str(path), "-V"], check=True, capture_output=True, text=True).stdout
    assert "IEEE 802.15.4 Wireless with TAP pseudo-header" in verbose
    assert "Malformed" not in verbose


def test_tshark_sees_a_bad_fcs_as_bad(tshark: str, tmp_path: Path) -> None:
    psdu = secured_image_block_request()
    path = tmp_path / "han.pcap"
    path.write_bytes(capture((0, psdu[:-1] + bytes([psdu[-1] ^ 1]), -40, 200, 15)))
    assert fields(tshark, path, ["wpan.fcs_ok", "zbee_aps.cluster"], []) == [["0", ""]]


def test_tshark_decrypts_with_the_keys_of_keys_txt_and_not_without(tshark: str, tmp_path: Path) -> None:
    path = tmp_path / "han.pcap"
    path.write_bytes(capture((0, secured_image_block_request(), -40, 200, 15)))
    keys = CaptureKeys()
    keys.add(bytes(16), "link key of another")
    keys.add(NETWORK_KEY, "network key")
    options = tshark_options(parse_keys(keys_text(keys)))
    ota = "zbee_zcl_general.ota.file."
    names = ["zbee_aps.cluster", ota + "offset", ota + "version", "zbee.sec.key.origin", "zbee.sec.decryption_key"]
    assert fields(tshark, path, names, []) == [["", "", "", "", ""]]
    ((cluster, offset, version, *_),) = fields(tshark, path, names, options)
    assert (int(cluster, 0), int(offset, 0), int(version, 0)) == (0x0019, 0x1234, 0x0001_0203)


def test_the_command_that_keys_txt_gives_works_in_a_shell(tshark: str, tmp_path: Path) -> None:
    (tmp_path / "han.pcap").write_bytes(capture((0, secured_image_block_request(), -40, 200, 15)))
    keys = CaptureKeys()
    keys.add(NETWORK_KEY, "network key; touch 'oops' \"$(oops)\"")
    lines = keys_text(keys).splitlines()
    (command,) = [line[1:].strip() for line in lines if line.startswith("#   tshark -r")]
    done = subprocess.run(["/bin/sh", "-c", command], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert "Image Block Request" in done.stdout
    assert not (tmp_path / "oops").exists()
