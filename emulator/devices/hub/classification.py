"""What a device is that came out of another hub's device log: the hub goes by what the device shows of itself.

CCS03 brings identifiers and hashed keys, but no device types.  That a bridge without a Tunnelling cluster is taken for
an IHD is MP170's own account; how a hub tells the other types apart was not found.  The rules here are ours, from the
device identifiers of Smart Energy, which are general knowledge, not checked against its text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.ports.aps import SimpleDescriptor
from emulator.zigbee.clusters.energy import METERING_CLUSTER
from emulator.zigbee.clusters.tunnelling import TUNNELLING_CLUSTER


class DeviceId(IntEnum):
    """Device identifiers of Smart Energy by which types are told apart."""

    METERING_DEVICE = 0x0501
    LOAD_CONTROL_DEVICE = 0x0504
    REMOTE_COMMUNICATIONS_DEVICE = 0x0508


@dataclass(frozen=True, slots=True)
class DeviceClass:
    """What a device is taken for.

    Attributes:
        device_type: as CCS01 would have said.
        cause: what it was that decided, in machine-readable words.
    """

    device_type: HanDeviceType
    cause: str


Shown = Sequence[SimpleDescriptor]


def _is(device_id: DeviceId) -> Callable[[Shown], bool]:
    return lambda shown: any(one.device_id == device_id for one in shown)


def _is_meter_with_mirror(shown: Shown) -> bool:
    """A sleeping meter uses the Metering cluster of the hub's mirror; one that is awake is asked itself."""
    uses = any(METERING_CLUSTER in one.out_clusters for one in shown)
    return uses and _is(DeviceId.METERING_DEVICE)(shown)


def _has_tunnelling(shown: Shown) -> bool:
    return any(TUNNELLING_CLUSTER in (*one.in_clusters, *one.out_clusters) for one in shown)


def _anything(_shown: Shown) -> bool:
    return True


RULES: Final[tuple[tuple[Callable[[Shown], bool], DeviceClass], ...]] = (
    (_is_meter_with_mirror, DeviceClass(HanDeviceType.GSME, "metering-device-with-mirror")),
    (_is(DeviceId.METERING_DEVICE), DeviceClass(HanDeviceType.ESME, "metering-device")),
    (_is(DeviceId.LOAD_CONTROL_DEVICE), DeviceClass(HanDeviceType.HCALCS, "load-control-device")),
    (_is(DeviceId.REMOTE_COMMUNICATIONS_DEVICE), DeviceClass(HanDeviceType.CAD, "remote-communications-device")),
    (_has_tunnelling, DeviceClass(HanDeviceType.PPMID, "tunnelling-cluster")),
    (_anything, DeviceClass(HanDeviceType.IHD, "no-tunnelling-cluster")),
)
"""The first that holds decides."""


def classify(shown: Shown) -> DeviceClass:
    """What a device with these simple descriptors is taken for."""
    return next(device_class for holds, device_class in RULES if holds(shown))
