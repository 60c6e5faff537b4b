"""The small things that happen many times, each alone: frames, event log, capture; and the machine."""

from __future__ import annotations

import heapq
import io
import timeit
from collections.abc import Callable

from benchmarks.child import Measured
from emulator.core.aes import CcmStar
from emulator.core.eui64 import Eui64
from emulator.core.events import Event
from emulator.observe.capture import CaptureWriter
from emulator.observe.event_log import EventLog
from emulator.zigbee.frames import aps, mac, nwk, zcl
from emulator.zigbee.security import aps as aps_security
from emulator.zigbee.security import nwk as nwk_security
from emulator.zigbee.security.aps import KeyIdentifier

_REPEATS = 7
_SOURCE = Eui64(0x00DB12_1122334455)


def microseconds(call: Callable[[], object], number: int) -> float:
    """The least of several timings of `number` calls, µs a call: what the code costs when nobody else is at work."""
    return min(timeit.repeat(call, number=number, repeat=_REPEATS)) / number * 1e6


# --- the machine -----------------------------------------------------------------------------------------------------


def machine() -> Measured:
    """What a few things cost that are not ours, to tell a slow machine from a slow program."""
    heap = [(number, number) for number in range(20)]
    ccm = CcmStar(bytes(16))
    nonce, header, data = bytes(13), bytes(31), bytes(90)
    sealed = ccm.seal(nonce, header, data)

    def push_and_pop() -> None:
        heapq.heappush(heap, (10, 10))
        heapq.heappop(heap)

    return {
        "heap": microseconds(push_and_pop, 20_000),
        "seal": microseconds(lambda: ccm.seal(nonce, header, data), 5_000),
        "open": microseconds(lambda: ccm.open(nonce, header, sealed), 5_000),
    }


# --- frames ----------------------------------------------------------------------------------------------------------


def frames() -> Measured:
    """Encode and decode of the frame that carries a block: all layers, NWK security; and with the link key as well."""
    network, link = CcmStar(bytes(16)), CcmStar(bytes(range(16)))
    lean, full = _encode(bytes(78), network, None), _encode(bytes(64), network, link)
    assert _decode(lean, network, None) == bytes(78)
    assert _decode(full, network, link) == bytes(64)
    return {
        "encode_lean": microseconds(lambda: _encode(bytes(78), network, None), 2_000),
        "decode_lean": microseconds(lambda: _decode(lean, network, None), 2_000),
        "encode_full": microseconds(lambda: _encode(bytes(64), network, link), 2_000),
        "decode_full": microseconds(lambda: _decode(full, network, link), 2_000),
    }


def _encode(payload: bytes, network: CcmStar, link: CcmStar | None) -> bytes:
    asdu = zcl.encode(zcl.ZclFrame(True, True, 7, 5, payload))
    data, unicast = aps.ApsFrameType.DATA, aps.DeliveryMode.UNICAST
    if link is None:
        apdu = aps.encode(aps.ApsFrame(data, 9, unicast, 1, 1, 0x19, 0x109, asdu))
    else:
        head = aps.encode_header(aps.ApsFrame(data, 9, unicast, 1, 1, 0x19, 0x109, b"", True, True))
        apdu = head + aps_security.secure(head, asdu, link, 7, _SOURCE, KeyIdentifier.DATA, False)
    npdu = nwk.encode_header(nwk.NwkFrame(nwk.NwkFrameType.DATA, 0x1234, 0, 30, 7, b"", True))
    npdu += nwk_security.secure(npdu, apdu, network, 7, _SOURCE, 0)
    return mac.encode(mac.MacFrame(mac.FrameType.DATA, 5, 0x1AAA, 0x1234, 0x1AAA, 0, npdu, True))


def _decode(psdu: bytes, network: CcmStar, link: CcmStar | None) -> bytes:
    npdu = mac.decode(psdu).payload
    _, offset = nwk.decode_header(npdu)
    apdu = nwk_security.open_(npdu, offset, nwk_security.parse_auxiliary(npdu, offset), network)
    _, offset = aps.decode_header(apdu)
    if link is None:
        return zcl.decode(apdu[offset:]).payload
    auxiliary = aps_security.parse_auxiliary(apdu, offset)
    return zcl.decode(aps_security.open_(apdu, offset, auxiliary, link, _SOURCE)).payload


# --- files -----------------------------------------------------------------------------------------------------------


def writing() -> Measured:
    """An event of four fields into the log, and a frame of 126 octets into the capture."""
    log, capture = EventLog(io.BytesIO()), CaptureWriter(io.BytesIO())
    fields: dict[str, str | int | float | bool | None] = {"octets": 7_680, "size": 768_000, "percent": 1, "to": "0000"}
    event = Event(123_456_789, "bridge-1", "ota.progress", None, {**fields})
    psdu = bytes(126)
    return {
        "event": microseconds(lambda: log(event), 10_000),
        "frame": microseconds(lambda: capture.frame(123_456_789, psdu, -50, 188, 15), 10_000),
    }
