"""Structures of EZSP commands, as bellows wants them."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, Final

import bellows.types as t  # type: ignore[import-untyped]  # bellows carries no marker for type checkers

from emulator.core.eui64 import Eui64, eui64_little
from emulator.ports.aps import NetworkSettings
from emulator.transports.ezsp.callbacks import NEW_LAYOUT, ApsHeader

HAVE_TRUST_CENTRE: Final = 0x0040
GLOBAL_LINK_KEY: Final = 0x0004
HAVE_LINK_KEY: Final = 0x0100
HAVE_NETWORK_KEY: Final = 0x0200
NO_FRAME_COUNTER_RESET: Final = 0x1000
HASHED_LINK_KEY: Final = 0x0084
REQUIRE_ENCRYPTED_KEY: Final = 0x0800

_DIRECT: Final = 0
"""A unicast to a short address, not by way of one of the stick's tables."""

KEY_NETWORK: Final = 1
KEY_TRUST_CENTRE_LINK: Final = 2


def eui64_of(value: Any) -> Eui64:  # noqa: ANN401 - a value of bellows
    """The number of an EUI-64 of bellows."""
    return Eui64(int.from_bytes(value.serialize(), "little"))


def eui64(device: int) -> Any:  # noqa: ANN401 - as above
    """An EUI-64 as bellows has it."""
    return t.EUI64(eui64_little(device))


def key_data(key: bytes) -> Any:  # noqa: ANN401 - as above
    """A key of 16 octets as bellows has it."""
    return t.KeyData(key)


def aps_frame(aps: ApsHeader) -> Any:  # noqa: ANN401 - as above
    """The APS part of a message to send."""
    return t.EmberApsFrame(
        profileId=aps.profile, clusterId=aps.cluster, sourceEndpoint=aps.source_endpoint,
        destinationEndpoint=aps.destination_endpoint, options=aps.options, groupId=aps.group, sequence=aps.sequence,
    )  # fmt: skip


_UNICAST_13 = struct.Struct("<BHHHBBHHBBB")
_UNICAST_14 = struct.Struct("<BHHHBBHHBHB")


class Octets:
    """Parameters of a command in octets: bellows takes a class in the place of its mapping of fields.

    Args:
        octets: all of them.
    """

    __slots__ = ("_octets",)

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def serialize(self) -> bytes:
        """As bellows asks for them."""
        return self._octets


def unicast_octets(version: int, destination: int, aps: ApsHeader, tag: int, payload: bytes) -> bytes:
    """The parameters of `sendUnicast` to a short address: most of what a stick is told, so it is to be quick.

    Args:
        version: of EZSP.
        destination: short address.
        aps: the header of the message.
        tag: 1 octet, as messageSentHandler is to repeat it.
        payload: at most 255 octets.
    """
    layout = _UNICAST_13 if version < NEW_LAYOUT else _UNICAST_14
    return layout.pack(
        _DIRECT, destination, aps.profile, aps.cluster, aps.source_endpoint, aps.destination_endpoint, aps.options,
        aps.group, aps.sequence, tag, len(payload),
    ) + payload  # fmt: skip


def network_parameters(
    channel: int, pan_id: int, extended_pan_id: Eui64, power: int, update_id: int = 0, channels: Iterable[int] = ()
) -> Any:  # noqa: ANN401 - as above
    """A network to form or to join; `power` in dBm, `channels` those that it may change to beside its own."""
    mask = sum({1 << each: 1 << each for each in (channel, *channels)})
    return t.EmberNetworkParameters(
        extendedPanId=t.ExtendedPanId(eui64_little(extended_pan_id)), panId=pan_id, radioTxPower=power & 0xFF,
        radioChannel=channel, joinMethod=0, nwkManagerId=0, nwkUpdateId=update_id, channels=mask,
    )  # fmt: skip


def security_of_trust_centre(settings: NetworkSettings, link_key: bytes) -> Any:  # noqa: ANN401 - as above
    """What a trust centre forms its network with; `link_key` is nobody's and only fills the place."""
    return t.EmberInitialSecurityState(
        bitmask=GLOBAL_LINK_KEY | HAVE_LINK_KEY | HAVE_NETWORK_KEY | REQUIRE_ENCRYPTED_KEY,
        preconfiguredKey=t.KeyData(link_key), networkKey=t.KeyData(settings.network_key),
        networkKeySequenceNumber=settings.key_sequence, preconfiguredTrustCenterEui64=t.EUI64(bytes(8)),
    )  # fmt: skip


def security_of_joiner(link_key: bytes) -> Any:  # noqa: ANN401 - as above
    """What a device joins with: the key of its install code, and no network key in the clear."""
    return t.EmberInitialSecurityState(
        bitmask=HAVE_LINK_KEY | REQUIRE_ENCRYPTED_KEY, preconfiguredKey=t.KeyData(link_key),
        networkKey=t.KeyData(bytes(16)), networkKeySequenceNumber=0, preconfiguredTrustCenterEui64=t.EUI64(bytes(8)),
    )  # fmt: skip


def security_of_restored(network_key: bytes, sequence: int, link_key: bytes, trust_centre: int, *, hashed: bool) -> Any:  # noqa: ANN401 - as above
    """What the trust centre of a backup goes on with: its counters too, which are set before."""
    own = HASHED_LINK_KEY if hashed else GLOBAL_LINK_KEY
    kept = HAVE_LINK_KEY | HAVE_NETWORK_KEY | REQUIRE_ENCRYPTED_KEY | HAVE_TRUST_CENTRE | NO_FRAME_COUNTER_RESET
    return t.EmberInitialSecurityState(
        bitmask=own | kept, preconfiguredKey=t.KeyData(link_key), networkKey=t.KeyData(network_key),
        networkKeySequenceNumber=sequence, preconfiguredTrustCenterEui64=eui64(trust_centre),
    )  # fmt: skip


def sleepy_child(device: int, short: int) -> Any:  # noqa: ANN401 - as above
    """A row of the table of children; what is not named here is of no meaning where it is written."""
    return t.EmberChildDataV10(
        eui64=eui64(device), type=t.EmberNodeType.SLEEPY_END_DEVICE, id=short, phy=0, power=0, timeout=0,
        timeout_remaining=0,
    )  # fmt: skip


def key_context(kind: int, device: int = 0) -> Any:  # noqa: ANN401 - as above
    """Which key is meant (`KEY_NETWORK`, `KEY_TRUST_CENTRE_LINK`)."""
    return t.SecurityManagerContextV13(
        core_key_type=kind, key_index=0, derived_type=0, eui64=eui64(device), multi_network_index=0, flags=0,
        psa_key_alg_permission=0,
    )  # fmt: skip


def sl_status(value: Any) -> int:  # noqa: ANN401 - as above
    """A status of any version in the numbers of `status`."""
    return int(t.sl_Status.from_ember_status(value))


def sl_status_of_octet(octet: int) -> int:
    """Status octet of EZSP 13, likewise."""
    return sl_status(t.EmberStatus(octet))


def status_name(status: int) -> str:
    """The name that EZSP 14 and later have for a status in the numbers of `status`; its number where there is none."""
    return t.sl_Status(status).name if status in t.sl_Status._value2member_map_ else f"status 0x{status:04x}"
