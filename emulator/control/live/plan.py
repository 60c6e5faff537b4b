"""What `althan hub run` and `althan bridge run` were asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from emulator.core.errors import BadInput
from emulator.core.eui64 import parse_eui64
from emulator.core.standards import Standards
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.runtime.live.remote_bridge import RemoteBridge
from emulator.transports.ezsp.uri import StickAddress
from emulator.zigbee.frames.mac import BROADCAST_PAN
from emulator.zigbee.security.keys import parse_install_code

DEFAULT_STATE: Final = Path("althan-state")
"""Folder of the folders of every stick that was given none."""
CODE_CRC_OCTETS: Final = 2
_TYPES: Final = {
    "bridge": HanDeviceType.PPMID,
    **{kind.name.lower(): kind for kind in HanDeviceType if kind is not HanDeviceType.GPF},
}
_ALLOW: Final = "EUI64=INSTALLCODE[:TYPE]"


@dataclass(frozen=True, slots=True)
class StickPlan:
    """What both have in common.

    Attributes:
        port: where the stick is.
        state: folder of what is kept; None: one by role and stick below `althan-state`.
        pki: folder of the PKI that hub and bridges share; None: one of its own, in the state.
        ca: test CA of key establishment; None: that of the PKI.
        cbke: whether link keys are established.
        once: end when there is nothing more to do.
        record: file that the run is recorded in.
        folders: where profiles are looked for first.
    """

    port: StickAddress
    state: Path | None = None
    pki: Path | None = None
    ca: Path | None = None
    cbke: bool = True
    once: bool = False
    record: Path | None = None
    standards: Standards = field(default_factory=Standards)
    folders: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class HubPlan:
    """A hub.

    Attributes:
        stick: what every plan has.
        profile: of the hub.
        image: OTA file to be offered to every guest.
        channel: 11 to 26; None: that of the state, or the usual one.
        pan_id: None: that of the state, or one of its own.
        tx_power: dBm; None: as the stick comes.
        guests: who may join.
    """

    stick: StickPlan
    profile: str = "hub"
    image: Path | None = None
    channel: int | None = None
    pan_id: int | None = None
    tx_power: int | None = None
    guests: tuple[RemoteBridge, ...] = ()


@dataclass(frozen=True, slots=True)
class BridgePlan:
    """A bridge.

    Attributes:
        stick: what every plan has.
        profile: of the bridge.
        install_code: without its CRC; None: that of the profile, or one of its own.
        certificate: file of the certificate of key establishment; None: see `issue`.
        issue: whether a certificate of the test CA is made where there is none.
    """

    stick: StickPlan
    profile: str = "bridge-1"
    install_code: bytes | None = None
    certificate: Path | None = None
    issue: bool = False


def parse_guest(text: str) -> RemoteBridge:
    """Read `EUI64=INSTALLCODE[:TYPE]`; BadInput in one line otherwise."""
    address, equals, rest = text.partition("=")
    if not equals:
        raise BadInput(f"{text!r} names no install code", where="--allow", allowed=_ALLOW)
    code, kind = rest, HanDeviceType.PPMID
    before, colon, name = rest.rpartition(":")
    if colon and not _is_hex(name):
        code = before
        if name.lower() not in _TYPES:
            raise BadInput(f"no device type is called {name!r}", where="--allow", allowed=", ".join(_TYPES))
        kind = _TYPES[name.lower()]
    return RemoteBridge(
        parse_eui64(address, where="--allow"), parse_install_code(code, "--allow")[:-CODE_CRC_OCTETS], kind
    )  # fmt: skip


def parse_pan_id(text: str | None) -> int | None:
    """Read a PAN id, decimal or 0x and hex digits; BadInput otherwise."""
    if text is None:
        return None
    try:
        value = int(text, 0)
    except ValueError:
        value = 0
    if not 1 <= value < BROADCAST_PAN:
        raise BadInput(f"{text!r} is no PAN id", where="--pan-id", allowed="0x0001 to 0xfffe")
    return value


def _is_hex(text: str) -> bool:
    return bool(text) and set(text.lower()) <= set("0123456789abcdef")
