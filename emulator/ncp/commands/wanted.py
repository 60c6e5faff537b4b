"""Which messages a host sees: all but ZDO requests that the stack answers, unless it asked for those."""

from __future__ import annotations

from typing import Final

from emulator.ncp.chip import APPLICATION_ZDO_FLAGS, Chip
from emulator.ports.aps import ApplicationZdo
from emulator.zigbee.frames.aps import ZDO_PROFILE
from emulator.zigbee.frames.zdo_discovery import DeviceAnnce

_ZDO_RESPONSES: Final = 0x8000
"""Clusters from here on are responses."""


def is_wanted(chip: Chip, profile: int, cluster: int) -> bool:
    """Whether the host sees a message that nobody waits for it to answer.

    Announcements it sees in any case: herdsman 11 asks for nothing and waits for them (after an update).
    """
    if profile != ZDO_PROFILE or cluster >= _ZDO_RESPONSES or cluster == DeviceAnnce.cluster:
        return True
    return bool(chip.ram.configuration.get(APPLICATION_ZDO_FLAGS, 0) & ApplicationZdo.SUPPORTED.value)
