"""The stack of a device that joins: how it is set up, and how long it is left alone after it did not get in."""

from __future__ import annotations

from typing import Final

from emulator.core.clock import SECOND
from emulator.core.standards import Standards
from emulator.devices.profile import MemberProfile
from emulator.ports.aps import StackConfiguration
from emulator.zigbee.clusters.keep_alive import KEEP_ALIVE_CLUSTER

REJOIN_PAUSE: Final = 30 * SECOND
"""µs between joins that failed."""


def stack_configuration(profile: MemberProfile, link_key: bytes) -> StackConfiguration:
    """How the stack of a joining device is set up; `link_key` (16 octets) is that of its install code."""
    return StackConfiguration(
        profile.node_type,
        profile.manufacturer,
        (profile.simple_descriptor(),),
        poll_interval=profile.poll_interval,
        link_key=link_key,
        mains_powered=profile.mains_powered,
    )


def watch_failures(profile: MemberProfile, standards: Standards) -> int | None:
    """How many reads of Keep-Alive must fail before another trust centre is looked for; None: it uses no Keep-Alive."""
    uses = KEEP_ALIVE_CLUSTER in profile.endpoint.out_clusters
    return standards.number("swap_out.keep_alive_failures") if uses else None
