"""Who is who in a run: addresses, install codes and keys, each from a stream of its own under the seed."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.eui64 import Eui64
from emulator.core.rng import Streams
from emulator.devices.profile import MemberProfile
from emulator.ports.aps import NetworkSettings
from emulator.zigbee.security.keys import install_code_key

_OUI = 0x00DB12 << 40
"""The address block of the published test data."""
_SERIAL_OCTETS = 5
_INSTALL_CODE_OCTETS = 16
_KEY_OCTETS = 16
_LAST_PAN = 0xFFFE


def eui64_for(streams: Streams, name: str) -> Eui64:
    """The address of a device by its name in the run."""
    return Eui64(_OUI | int.from_bytes(streams.octets(f"{name}/eui64", _SERIAL_OCTETS), "big"))


@dataclass(frozen=True, slots=True)
class InstallCode:
    """An install code (without CRC) and the link key that follows from it."""

    code: bytes
    key: bytes


def install_code_for(streams: Streams, name: str, profile: MemberProfile) -> InstallCode:
    """The profile's own, or one for this run."""
    code = profile.install_code_octets() or streams.octets(f"{name}/install-code", _INSTALL_CODE_OCTETS)
    return InstallCode(code, install_code_key(code))


def network_for(streams: Streams, name: str, hub: Eui64, channel: int) -> NetworkSettings:
    """The network that the hub of the HAN with this prefix forms.

    Its extended PAN id is the hub's own address (GBCS v0.8.1).
    """
    pan_id = int.from_bytes(streams.octets(f"{name}pan-id", 2), "big") % (_LAST_PAN - 1) + 1
    return NetworkSettings(channel, pan_id, hub, streams.octets(f"{name}network-key", _KEY_OCTETS))
