"""A frame in one line for people: who to whom, what it is, and as deep as keys allow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from emulator.core.aes import CcmStar, MicError
from emulator.core.errors import DecodeError
from emulator.core.eui64 import eui64_text
from emulator.zigbee.clusters.catalogue import definition_of
from emulator.zigbee.clusters.definition import ClusterDefinition, Side
from emulator.zigbee.frames import aps, aps_commands, mac, mac_commands, nwk, nwk_commands, zcl
from emulator.zigbee.frames.aps import ApsFrame, ApsFrameType, FragmentKind
from emulator.zigbee.frames.beacon import decode_beacon
from emulator.zigbee.frames.mac import FrameType, MacFrame
from emulator.zigbee.frames.nwk import NwkFrame, NwkFrameType
from emulator.zigbee.frames.zdo import decode_zdo
from emulator.zigbee.security import nwk as security

_PROFILES: Final = {0x0000: "ZDO", 0x0104: "HA", 0x0109: "SE"}
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def in_words(psdu: bytes, network_keys: Iterable[CcmStar] = ()) -> str:
    """One line on a PSDU, FCS included; whatever it is, it is said as far as it can be read."""
    try:
        frame = mac.decode(psdu)
    except DecodeError as error:
        return f"{len(psdu)} octets that are no frame: {error}"
    return ", ".join(_mac(frame, tuple(network_keys)))


def _mac(frame: MacFrame, keys: tuple[CcmStar, ...]) -> Iterator[str]:
    addresses = _addresses(frame)
    if frame.type is FrameType.ACKNOWLEDGEMENT:
        yield f"acknowledgement {frame.sequence}{', more is pending' if frame.pending else ''}"
    elif frame.type is FrameType.BEACON:
        yield f"beacon {addresses}"
        yield _beacon(frame.payload)
    elif frame.type is FrameType.COMMAND:
        yield f"MAC {addresses}"
        yield _named(mac_commands.decode_command, frame.payload)
    else:
        yield f"MAC {addresses}"
        yield from _nwk(frame.payload, keys)


def _addresses(frame: MacFrame) -> str:
    source = "-" if frame.source is None else _address(frame.source, frame.source_extended)
    destination = "-" if frame.destination is None else _address(frame.destination, frame.destination_extended)
    pan = frame.destination_pan if frame.source_pan is None else frame.source_pan
    return f"{source} > {destination} PAN {'-' if pan is None else f'{pan:04x}'} seq {frame.sequence}"


def _address(address: int, extended: bool) -> str:
    return eui64_text(address) if extended else f"{address:04x}"


def _beacon(payload: bytes) -> str:
    try:
        beacon = decode_beacon(payload)
    except DecodeError as error:
        return f"unreadable: {error}"
    joining = "permits joining" if beacon.association_permit else "closed"
    return f"network {eui64_text(beacon.extended_pan_id)}, {joining}, depth {beacon.depth}, update {beacon.update_id}"


def _nwk(data: bytes, keys: tuple[CcmStar, ...]) -> Iterator[str]:
    try:
        frame, octets = nwk.decode_header(data)
    except DecodeError as error:
        yield f"{len(data)} octets that are no NWK frame: {error}"
        return
    kind = "NWK" if frame.type is NwkFrameType.DATA else "NWK command"
    yield f"{kind} {frame.source:04x} > {frame.destination:04x} radius {frame.radius} seq {frame.sequence}"
    payload: bytes | None = data[octets:]
    if frame.security:
        said, payload = _opened(data, octets, keys)
        yield said
    if payload is not None:
        yield from _nwk_payload(frame, payload)


def _opened(data: bytes, octets: int, keys: tuple[CcmStar, ...]) -> tuple[str, bytes | None]:
    """What is said of the protection, and what is under it where a key opens it."""
    try:
        auxiliary = security.parse_auxiliary(data, octets)
    except DecodeError as error:
        return f"protected, unreadable: {error}", None
    said = f"counter {auxiliary.counter} of {eui64_text(auxiliary.source)} key {auxiliary.key_sequence}"
    for key in keys:
        try:
            return said, security.open_(data, octets, auxiliary, key)
        except MicError:
            continue
    return f"protected, {said}", None


def _nwk_payload(frame: NwkFrame, payload: bytes) -> Iterator[str]:
    if frame.type is NwkFrameType.COMMAND:
        yield _named(nwk_commands.decode_command, payload)
        return
    try:
        header, octets = aps.decode_header(payload)
    except DecodeError as error:
        yield f"{len(payload)} octets that are no APS frame: {error}"
        return
    yield _aps(header)
    if header.security:
        yield "under a link key"
    elif header.type is ApsFrameType.COMMAND:
        yield _named(aps_commands.decode_command, payload[octets:])
    elif header.type is ApsFrameType.DATA:
        yield _application(header, payload[octets:])


def _aps(header: ApsFrame) -> str:
    kind = {ApsFrameType.DATA: "APS", ApsFrameType.COMMAND: "APS command"}.get(header.type, "APS acknowledgement")
    if header.profile is None or header.cluster is None:
        return f"{kind} counter {header.counter}"
    place = "" if header.fragment is None else f" {_block(header)}"
    profile = _PROFILES.get(header.profile, f"{header.profile:04x}")
    endpoints = f"{header.source_endpoint} > {header.destination_endpoint}"
    return f"{kind} {profile} {_cluster(header)} endpoint {endpoints} counter {header.counter}{place}"


def _block(header: ApsFrame) -> str:
    assert header.fragment is not None
    first = header.fragment.kind is FragmentKind.FIRST and header.type is ApsFrameType.DATA
    return f"first of {header.fragment.block} blocks" if first else f"block {header.fragment.block}"


def _cluster(header: ApsFrame) -> str:
    assert header.cluster is not None
    return f"{header.cluster:04x}" if header.profile == aps.ZDO_PROFILE else definition_of(header.cluster).name


def _application(header: ApsFrame, payload: bytes) -> str:
    assert header.cluster is not None
    if header.fragment is not None and header.fragment.kind is not FragmentKind.FIRST:
        return f"{len(payload)} octets"
    try:
        if header.profile == aps.ZDO_PROFILE:
            return _words(type(decode_zdo(header.cluster, payload)[1]).__name__)
        return _zcl(zcl.decode(payload), definition_of(header.cluster))
    except DecodeError as error:
        return f"{len(payload)} octets, unreadable: {error}"


def _zcl(frame: zcl.ZclFrame, cluster: ClusterDefinition) -> str:
    receiver = Side.CLIENT if frame.server_to_client else Side.SERVER
    known = cluster.command(frame.command, receiver) if frame.cluster_specific else None
    kind = "command" if frame.cluster_specific else "general command"
    name = f"{kind} {frame.command:02x}" if known is None else known.name
    return f"{name} tsn {frame.sequence}, {len(frame.payload)} octets"


def _named(decode: Callable[[bytes], object], payload: bytes) -> str:
    """The name of a command, which is that of its class."""
    try:
        return _words(type(decode(payload)).__name__)
    except DecodeError as error:
        return f"unreadable: {error}"


def _words(name: str) -> str:
    return _HUMP.sub(" ", name).lower()
