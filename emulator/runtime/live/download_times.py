"""Where the time of a download goes, seen from one end: what it should take, what it took, and which side waited.

Every block is three spans: `ours`, from the other's message to ours; `link`, from there until it is known that ours has
arrived; `theirs`, from there to the other's next message, which has been on the air meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from emulator.core.clock import MILLISECOND, SECOND
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64, eui64_text, parse_eui64
from emulator.core.events import Event, Report
from emulator.ports.aps import ApsIndication, ApsMessage, Outcome
from emulator.runtime.live.download_floor import BlockExchange
from emulator.zigbee.clusters.ota import IMAGE_BLOCK_REQUEST, IMAGE_BLOCK_RESPONSE, OTA_CLUSTER
from emulator.zigbee.clusters.ota_blocks import BLOCK, decode_image_block_request
from emulator.zigbee.frames.zcl_status import Status

_HEADER: Final = 3
_AT_CLIENT: Final = "ota.started"
_AT_SERVER: Final = "ota.server.started"
_ENDED: Final = ("ota.downloaded", "ota.server.end")
_LATE: Final = 0.99


@dataclass(slots=True, eq=False)
class Download:
    """One download under way.

    Attributes:
        size, offset: octets of the image, and where it began.
        began, ended: the first and the last message, µs.
        blocks: that were answered; block_octets: of the largest.
        gaps: every span of ours, µs.
    """

    device: Eui64 | None = None
    size: int = 0
    offset: int = 0
    began: int | None = None
    ended: int = 0
    blocks: int = 0
    block_octets: int = 0
    received: int = 0
    sent: int = 0
    acknowledge: bool = False
    link_key: bool = False
    period: int = 0
    ours: int = 0
    link: int = 0
    theirs: int = 0
    gaps: list[int] = field(default_factory=list)
    told: bool = False
    _since: int = 0
    _phase: str = ""

    def came(self, asdu: bytes, now: int) -> None:
        """A message of the other end."""
        self._pass("ours", now)
        self.received = max(self.received, len(asdu))
        self._look(asdu)

    def went(self, message: ApsMessage, now: int) -> None:
        """A message of ours was handed to the stack."""
        if self._phase == "ours":
            self.gaps.append(now - self._since)
        self._pass("link", now)
        self.sent = max(self.sent, len(message.payload))
        self.acknowledge, self.link_key = message.acknowledge, message.link_key
        self._look(message.payload)

    def arrived(self, now: int) -> None:
        """It is known what became of it."""
        if self._phase == "link":
            self._pass("theirs", now)

    def _pass(self, phase: str, now: int) -> None:
        """What went on until now is over."""
        if self._phase:
            setattr(self, self._phase, getattr(self, self._phase) + now - self._since)
        self._phase, self._since, self.ended = phase, now, now
        if self.began is None:
            self.began = now

    def _look(self, asdu: bytes) -> None:
        payload = asdu[_HEADER:]
        if asdu[2] == IMAGE_BLOCK_REQUEST:
            try:
                self.period = (decode_image_block_request(payload).minimum_block_period or 0) * MILLISECOND
            except DecodeError:
                return  # whoever it is for says so
        elif len(payload) >= BLOCK.size and payload[0] == Status.SUCCESS:
            self.blocks += 1
            self.block_octets = max(self.block_octets, len(payload) - BLOCK.size)

    def exchange(self, baud: int | None) -> BlockExchange:
        """What one block takes."""
        return BlockExchange(self.received, self.sent, self.acknowledge, self.link_key, baud, self.period)


class DownloadTimes:
    """A `MessageTap` that tells `update.expected` when a download has begun, and `update.measured` when it is over.

    Args:
        report: told of both.
        baud: bits/s of the stick's serial line; None for one without.

    Attributes:
        downloads: by the short address of the other end.
    """

    def __init__(self, report: Report, baud: int | None) -> None:
        self.downloads: dict[int, Download] = {}
        self._report = report
        self._baud = baud
        self._handles: dict[int, int] = {}
        self._coming = (0, 0)

    def heard(self, message: ApsIndication, now: int) -> None:
        """A message came."""
        if _is_of_a_download(message.cluster, message.payload):
            download = self._at(message.source)
            download.device = message.source_eui64 or download.device
            download.came(message.payload, now)
            self._expect(download, now)

    def handed(self, handle: int, message: ApsMessage, now: int) -> None:
        """A message is on its way."""
        if _is_of_a_download(message.cluster, message.payload):
            self._handles[handle] = message.destination
            download = self._at(message.destination)
            download.went(message, now)
            self._expect(download, now)

    def settled(self, handle: int, outcome: Outcome, now: int) -> None:  # noqa: ARG002 - MessageTap
        """It is known what became of it."""
        other = self._handles.pop(handle, None)
        if other is not None and other in self.downloads:
            self.downloads[other].arrived(now)

    def take(self, event: Event) -> None:
        """An event of the device: where a download begins and ends."""
        if event.kind == _AT_CLIENT:
            # Before anything was asked for: what is left from before is over.
            self.downloads.clear()
            self._coming = _extent(event)
        elif event.kind == _AT_SERVER:
            for download in self._of(event):
                download.size, download.offset = _extent(event)
        elif event.kind in _ENDED:
            ended = self._of(event)
            for download in ended:
                self._measure(download, event.at)
            self.downloads = {at: each for at, each in self.downloads.items() if each not in ended}

    def of(self, device: Eui64) -> Download | None:
        """The download of a device, while it is under way."""
        return next((each for each in self.downloads.values() if each.device == device), None)

    def _of(self, event: Event) -> list[Download]:
        """The downloads that an event is about: that of the client it names, or the only one of a bridge."""
        client = event.fields.get("client")
        if client is None:
            return list(self.downloads.values())
        return [each for each in self.downloads.values() if each.device == parse_eui64(str(client))]

    def _at(self, other: int) -> Download:
        """The download with whoever has this short address."""
        if other not in self.downloads:
            size, offset = self._coming
            self.downloads[other] = Download(size=size, offset=offset)
        return self.downloads[other]

    def _expect(self, download: Download, now: int) -> None:
        """Once the first block is through, it is known what one takes."""
        if download.told or not download.blocks or not download.size or not download.sent or not download.received:
            return
        download.told = True
        blocks = -(-(download.size - download.offset) // max(1, download.block_octets))
        fields = {**self._name(download), "size": download.size, "offset": download.offset}
        fields |= {"block_octets": download.block_octets, **download.exchange(self._baud).fields(blocks)}
        self._report("update.expected", None, fields, now)

    def _measure(self, download: Download, now: int) -> None:
        if download.began is None or not download.blocks:
            return
        took = download.ended - download.began
        gaps = sorted(download.gaps) or [0]
        fields = {
            **self._name(download),
            **download.exchange(self._baud).fields(download.blocks),
            "took_s": round(took / SECOND, 3),
            "ours_s": round(download.ours / SECOND, 3),
            "link_s": round(download.link / SECOND, 3),
            "theirs_s": round(download.theirs / SECOND, 3),
            "gap_p99_ms": round(gaps[int(_LATE * (len(gaps) - 1))] / MILLISECOND, 3),
        }
        self._report("update.measured", None, fields, now)

    @staticmethod
    def _name(download: Download) -> dict[str, object]:
        return {} if download.device is None else {"device": eui64_text(download.device)}


def _is_of_a_download(cluster: int, asdu: bytes) -> bool:
    return cluster == OTA_CLUSTER and len(asdu) > _HEADER and asdu[2] in (IMAGE_BLOCK_REQUEST, IMAGE_BLOCK_RESPONSE)


def _extent(event: Event) -> tuple[int, int]:
    """Octets of the image, and the offset at which its download begins."""
    size, offset = event.fields["size"], event.fields["offset"]
    return (size, offset) if isinstance(size, int) and isinstance(offset, int) else (0, 0)
