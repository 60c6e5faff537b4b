"""The headers of nearly every frame of an update, written and read without the frame objects of `zigbee.frames`.

A frame object costs some microseconds and each data frame would need six.  What is not here is left to the general
encoders and decoders; the tests hold both against each other.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.zigbee.frames.aps import Fragment
from emulator.zigbee.frames.mac import FCS_OCTETS, MAX_PSDU, fcs
from emulator.zigbee.frames.nwk import NwkFrameType, decode_header

MAC_HEADER_OCTETS = 9
NWK_HEADER_OCTETS = 8
APS_HEADER_OCTETS = 8

_MAC_DATA = 0x8841
_MAC_DATA_ACK = 0x8861
"""Data from a short address to a short address within a PAN, without and with an acknowledgement asked for."""
_NWK_PLAIN = 0x0008
_NWK_SECURED = 0x0208
"""Version 2, nothing optional, without and with security; the frame type is to be added."""
_APS_ACKNOWLEDGEMENT = 0x02
_APS_SECURITY = 0x20
_APS_ACKNOWLEDGE = 0x40
_APS_BROADCAST = 0x08
_APS_UNUSUAL = 0xFF ^ (_APS_ACKNOWLEDGEMENT | _APS_SECURITY | _APS_ACKNOWLEDGE)

_MAC = struct.Struct("<HBHHH")
_NWK = struct.Struct("<HHHBB")
_APS = struct.Struct("<BBHHBB")
_DATA, _COMMAND = NwkFrameType.DATA, NwkFrameType.COMMAND


def mac_data(sequence: int, pan_id: int, destination: int, source: int, payload: bytes, *, acknowledge: bool) -> bytes:
    """A whole PSDU.

    Raises:
        LocalProtocolError: over 127 octets.
    """
    control = _MAC_DATA_ACK if acknowledge else _MAC_DATA
    body = _MAC.pack(control, sequence, pan_id, destination, source) + payload
    if len(body) > MAX_PSDU - FCS_OCTETS:
        raise LocalProtocolError(f"PSDU of {len(body) + FCS_OCTETS} octets, at most {MAX_PSDU} fit")
    return body + fcs(body).to_bytes(FCS_OCTETS, "little")


def read_mac_data(psdu: bytes) -> tuple[int, int, int, bool] | None:
    """Destination, source, sequence and whether an acknowledgement was asked for; None for any other kind of frame."""
    if len(psdu) < MAC_HEADER_OCTETS + FCS_OCTETS:
        return None
    control, sequence, _, destination, source = _MAC.unpack_from(psdu)
    if control == _MAC_DATA_ACK:
        return destination, source, sequence, True
    return (destination, source, sequence, False) if control == _MAC_DATA else None


class NwkHeader(NamedTuple):
    """What the layers above NWK need to know of a frame's header; fields as in `frames.nwk.NwkFrame`."""

    type: NwkFrameType
    destination: int
    source: int
    radius: int
    sequence: int
    security: bool
    source_eui64: Eui64 | None = None


def nwk_header(kind: NwkFrameType, destination: int, source: int, radius: int, sequence: int, *, secure: bool) -> bytes:
    """The eight octets of a header without EUI-64s and source route."""
    control = (_NWK_SECURED if secure else _NWK_PLAIN) | kind
    return _NWK.pack(control, destination, source, radius, sequence)


def read_nwk_header(data: bytes) -> tuple[NwkHeader, int]:
    """The header and its length in octets; DecodeError as `frames.nwk.decode_header`."""
    if len(data) >= NWK_HEADER_OCTETS:
        control, destination, source, radius, sequence = _NWK.unpack_from(data)
        if control == _NWK_SECURED:
            return NwkHeader(_DATA, destination, source, radius, sequence, True), NWK_HEADER_OCTETS
    frame, octets = decode_header(data)
    header = NwkHeader(
        frame.type, frame.destination, frame.source, frame.radius, frame.sequence, frame.security, frame.source_eui64
    )
    return header, octets


class ApsHeader(NamedTuple):
    """The header of data, or of the acknowledgement of data, from one endpoint to another.

    Fields as in `frames.aps.ApsFrame`, the addressing in the order of the octets.
    """

    acknowledgement: bool
    destination_endpoint: int
    cluster: int
    profile: int
    source_endpoint: int
    counter: int
    security: bool
    acknowledge: bool
    fragment: Fragment | None = None


def aps_data_header(
    endpoints: tuple[int, int],
    cluster: int,
    profile: int,
    counter: int,
    *,
    secure: bool,
    acknowledge: bool,
    broadcast: bool,
) -> bytes:
    """The header of a data frame that is no fragment; `endpoints` are its destination and its source.

    Raises:
        LocalProtocolError: a field does not fit.
    """
    control = _APS_BROADCAST if broadcast else 0
    if secure:
        control |= _APS_SECURITY
    if acknowledge:
        control |= _APS_ACKNOWLEDGE
    try:
        return _APS.pack(control, endpoints[0], cluster, profile, endpoints[1], counter)
    except struct.error as error:
        raise LocalProtocolError(f"APS header field out of range: {error}") from error


def aps_acknowledgement_header(header: ApsHeader, *, secure: bool) -> bytes:
    """The header of the acknowledgement of a data frame that is no fragment."""
    _, destination, cluster, profile, source, counter, _, _, _ = header
    control = _APS_ACKNOWLEDGEMENT | (_APS_SECURITY if secure else 0)
    return _APS.pack(control, source, cluster, profile, destination, counter)


def read_aps_header(data: bytes) -> ApsHeader | None:
    """The header (eight octets) of unicast data that is no fragment, or of its acknowledgement; None for the rest."""
    if len(data) < APS_HEADER_OCTETS or data[0] & _APS_UNUSUAL:
        return None
    control, destination, cluster, profile, source, counter = _APS.unpack_from(data)
    return ApsHeader(
        control & _APS_ACKNOWLEDGEMENT != 0,
        destination,
        cluster,
        profile,
        source,
        counter,
        control & _APS_SECURITY != 0,
        control & _APS_ACKNOWLEDGE != 0,
    )
