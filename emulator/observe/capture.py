"""`han.pcap`: every frame on the air as IEEE 802.15.4 TAP (link type 283), with RSSI, LQI and channel.

Layout: the classic pcap file (little-endian, µs), each record a TAP header of type-length-value fields padded to four
octets, then the PSDU with its FCS.  Wireshark, OpenThread's simulator and zigpy's users have TAP in common; that
tshark 4.0 reads these fields was found by trying: FCS type, RSS, channel assignment and LQI.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from emulator.core.clock import SECOND, VIRTUAL_EPOCH
from emulator.core.errors import DecodeError
from emulator.observe.part_file import OctetSink

LINK_TYPE_TAP = 283
SNAP_OCTETS = 65_535

_MAGIC = 0xA1B2C3D4
_VERSION = (2, 4)
_FILE = struct.Struct("<IHHiIII")
_RECORD = struct.Struct("<IIII")
_TAP = struct.Struct("<BBH")
_FIELD = struct.Struct("<HH")

_FCS_TYPE, _RSS, _CHANNEL, _LQI = 0, 1, 3, 10
_FCS_16_BIT = 1
# Each field padded to four octets: FCS type (1), RSS in dBm (float), channel (2) and page (1), LQI (1).
_HEADER = struct.Struct("<BBH HHB3x HHf HHHBx HHB3x")

_FRAMES_HELD = 2_048
_HEADERS_HELD = 4_096


def file_header() -> bytes:
    """The 24 octets that a capture begins with."""
    return _FILE.pack(_MAGIC, *_VERSION, 0, 0, SNAP_OCTETS, LINK_TYPE_TAP)


def tap_header(rssi: float, lqi: int, channel: int) -> bytes:
    """The TAP header of a frame with a 16-bit FCS: `rssi` in dBm, `lqi` 0 to 255, `channel` 11 to 26 of page 0."""
    fields = (_FCS_TYPE, 1, _FCS_16_BIT, _RSS, 4, rssi, _CHANNEL, 3, channel, 0, _LQI, 1, lqi)
    return _HEADER.pack(0, 0, _HEADER.size, *fields)


class CaptureWriter:
    """Writes frames to `stream`.

    Args:
        stream: a file or a live pipe; is given the file header at once.
        epoch: the date at which the run began; the virtual epoch, so that no wall time enters a capture.
        frames_held: how many frames are gathered before `stream` is given them; 1 for a live pipe.
    """

    def __init__(self, stream: OctetSink, *, epoch: datetime = VIRTUAL_EPOCH, frames_held: int = _FRAMES_HELD) -> None:
        self._stream = stream
        # A whole second keeps the arithmetic of each frame in two small integers.
        since = epoch.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        self._epoch = since.days * 86_400 + since.seconds
        self._frames_held = frames_held
        self._frames: list[bytes] = []
        self._written = 0
        self._headers: dict[tuple[float, int, int], bytes] = {}
        stream.write(file_header())
        stream.flush()

    def frame(self, at_us: int, psdu: bytes, rssi: float, lqi: int, channel: int) -> None:
        """One frame on the air.

        Args:
            at_us: when it began, µs since the run began.
            psdu: MAC header to FCS inclusive.
            rssi: dBm.
            lqi: 0 to 255.
            channel: 11 to 26.
        """
        header = self._headers.get((rssi, lqi, channel))
        if header is None:
            header = self._header(rssi, lqi, channel)
        seconds, microseconds = divmod(at_us, SECOND)
        length = len(header) + len(psdu)
        frames = self._frames
        frames.append(_RECORD.pack(self._epoch + seconds, microseconds, length, length) + header + psdu)
        if len(frames) >= self._frames_held:
            self.flush()

    @property
    def count(self) -> int:
        """Frames taken so far."""
        return self._written + len(self._frames)

    def flush(self) -> None:
        """Write what is held back."""
        self._written += len(self._frames)
        self._stream.write(b"".join(self._frames))
        self._stream.flush()
        self._frames.clear()

    def _header(self, rssi: float, lqi: int, channel: int) -> bytes:
        """The TAP header, kept because few links carry many frames."""
        if len(self._headers) >= _HEADERS_HELD:
            self._headers.clear()
        header = self._headers[rssi, lqi, channel] = tap_header(rssi, lqi, channel)
        return header


@dataclass(frozen=True, slots=True)
class CapturedFrame:
    """One frame of a capture.

    Attributes:
        at: µs since 1970-01-01 UTC.
        psdu: MAC header to FCS, if it has one.
        rssi: dBm; None, like the next two, where the capture does not say.
        lqi: 0 to 255.
        channel: 11 to 26.
        fcs_octets: length of the FCS at the end of `psdu`: 0, 2 or 4.
    """

    at: int
    psdu: bytes
    rssi: float | None
    lqi: int | None
    channel: int | None
    fcs_octets: int


def read_capture(path: Path) -> Iterator[CapturedFrame]:
    """The frames of the TAP capture `path`, one at a time.

    Raises:
        DecodeError: it is no little-endian TAP capture, it ends inside a record, or a length in it lies.
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        _check_file_header(stream.read(_FILE.size))
        while head := stream.read(_RECORD.size):
            yield _record(head, stream)


def _check_file_header(octets: bytes) -> None:
    if len(octets) < _FILE.size:
        raise DecodeError(f"capture: {len(octets)} octets are no file header")
    magic, major, minor, _, _, _, link_type = _FILE.unpack(octets)
    if magic != _MAGIC or (major, minor) != _VERSION:
        raise DecodeError(f"capture: magic {magic:#010x}, version {major}.{minor} is no little-endian pcap 2.4 in µs")
    if link_type != LINK_TYPE_TAP:
        raise DecodeError(f"capture: link type {link_type}, not {LINK_TYPE_TAP}")


def _record(head: bytes, stream: BinaryIO) -> CapturedFrame:
    if len(head) < _RECORD.size:
        raise DecodeError("capture: ends inside a record header")
    seconds, microseconds, length, _ = _RECORD.unpack(head)
    if length > SNAP_OCTETS:
        raise DecodeError(f"capture: record of {length} octets, {SNAP_OCTETS} at most")
    octets = stream.read(length)
    if len(octets) < length:
        raise DecodeError(f"capture: record of {length} octets, {len(octets)} left")
    return _captured(seconds * SECOND + microseconds, octets)


def _captured(at: int, octets: bytes) -> CapturedFrame:
    if len(octets) < _TAP.size:
        raise DecodeError("TAP header: too short")
    version, _, length = _TAP.unpack_from(octets)
    if version != 0 or not _TAP.size <= length <= len(octets):
        raise DecodeError(f"TAP header: version {version}, length {length} in {len(octets)} octets")
    found = _tap_fields(octets[_TAP.size : length])
    return CapturedFrame(
        at=at,
        psdu=octets[length:],
        rssi=_value(found, _RSS, "<f"),
        lqi=_integer(found, _LQI, "<B"),
        channel=_integer(found, _CHANNEL, "<H"),
        fcs_octets=2 * (_integer(found, _FCS_TYPE, "<B") or 0),
    )


def _tap_fields(octets: bytes) -> dict[int, bytes]:
    """Value octets by type; each value is followed by padding to a multiple of four."""
    found: dict[int, bytes] = {}
    position = 0
    while position < len(octets):
        start = position + _FIELD.size
        if start > len(octets):
            raise DecodeError("TAP field: ends inside its type and length")
        kind, length = _FIELD.unpack_from(octets, position)
        if start + length > len(octets):
            raise DecodeError(f"TAP field {kind}: {length} octets wanted, {len(octets) - start} left")
        found[kind] = octets[start : start + length]
        position = start + length + -length % 4
    return found


def _value(found: dict[int, bytes], kind: int, layout: str) -> float | None:
    octets = found.get(kind)
    if octets is None:
        return None
    if len(octets) < struct.calcsize(layout):
        raise DecodeError(f"TAP field {kind}: {len(octets)} octets are too few")
    number: float = struct.unpack_from(layout, octets)[0]
    return number


def _integer(found: dict[int, bytes], kind: int, layout: str) -> int | None:
    number = _value(found, kind, layout)
    return None if number is None else int(number)
