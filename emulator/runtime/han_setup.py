"""Puts the devices of a HAN together: addresses and keys, stacks, models, who hears whom, and lets them join."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from emulator.core.clock import MINUTE, SECOND
from emulator.core.eui64 import Eui64
from emulator.devices.profile import HubProfile, JoinerProfile
from emulator.ports.aps import NetworkSettings
from emulator.runtime.acb import AcbHandle
from emulator.runtime.device_making import DeviceMaker
from emulator.runtime.han import JOIN_LIMIT, BridgeHandle, Han, HubHandle
from emulator.runtime.identities import network_for
from emulator.runtime.light_handle import LightHandle
from emulator.runtime.site import HUB, Member, Site
from emulator.transports.memory.topology import Link

if TYPE_CHECKING:
    from emulator.runtime.run import Run

PERMIT_AGAIN = MINUTE
ANNOUNCE_LIMIT = 10 * SECOND
"""For a device on the network to become known to the hub."""


class HanSetup:
    """One HAN that is being put together.

    Args:
        run: the run.
        name: goes before the names of the HAN's devices; empty for a run with one HAN.
        channel: 11 to 26.
        link: every link of it.
    """

    def __init__(self, run: Run, name: str, channel: int, link: Link) -> None:
        self._run = run
        self._make = DeviceMaker(run)
        self._prefix = f"{name}/" if name else ""
        self._channel = channel
        self._link = link

    def build(self, hub: HubProfile, members: Sequence[Member], relays: Sequence[Member] = ()) -> Han:
        """Everything, switched off; the relays stand between the hub and the members."""
        hub_handle = self._make.hub(f"{self._prefix}hub", hub)
        acb = AcbHandle(self._run, hub_handle.device, self._run.pki())
        between = [
            self._make.bridge(f"{self._prefix}relay-{number}", member, hub_handle.name)
            for number, member in enumerate(relays, 1)
        ]
        labels = bridge_names([profile for profile, _ in members], self._prefix)
        bridges = [self._make.bridge(*each, hub_handle.name) for each in zip(labels, members, strict=True)]
        acb.serve_hub(hub_handle.entity_id)
        for bridge in (*between, *bridges):
            acb.serve(bridge)
        han = Han(hub_handle, bridges, between, acb)
        self._place(han)
        return han

    def build_site(self, site: Site) -> Han:
        """Everything of a site, switched off."""
        hub = self._make.hub(f"{self._prefix}hub", site.hub)
        acb = AcbHandle(self._run, hub.device, self._run.pki())
        bridges = [self._make.bridge(f"{self._prefix}{name}", member, hub.name) for name, member in site.bridges]
        acb.serve_hub(hub.entity_id)
        for bridge in bridges:
            acb.serve(bridge)
        others = [self._make.light(f"{self._prefix}{name}", profile) for name, profile in site.others]
        addresses = {HUB: hub.eui64}
        addresses |= {name: each.eui64 for (name, _), each in zip(site.bridges, bridges, strict=True)}
        addresses |= {name: each.eui64 for (name, _), each in zip(site.others, others, strict=True)}
        for one, other, link in site.links:
            self._run.air.topology.connect(addresses[one], addresses[other], link)
        return Han(hub, bridges, (), acb, others)

    async def let_join(self, han: Han) -> None:
        """Switch the hub on, then the devices one after the other, the relays first: each is the parent of the next."""
        self.start(han)
        for bridge in (*han.relays, *han.bridges):
            await self.let_in(han, bridge)

    def start(self, han: Han) -> None:
        """Switch the hub on, and nobody else."""
        han.hub.device.power_on(self._network(han.hub), self._run.now)
        self._run.arm(han.hub.device)

    async def let_in(self, han: Han, device: BridgeHandle | LightHandle, limit: int = JOIN_LIMIT) -> None:
        """Switch one device on and open the HAN for it for `limit` µs at most.

        The HAN is opened again while the device does not find its way in: a broadcast can be lost.
        """
        run, hub = self._run, han.hub.device
        deadline = run.now + limit
        device.power_on()
        while not device.is_up and run.now < deadline:
            han.acb.invite(device)
            await device.joined(min(PERMIT_AGAIN, deadline - run.now))
        if device.is_up:
            known = run.now + ANNOUNCE_LIMIT
            await run.until(lambda: hub.port.short_of(device.eui64) is not None, known)

    def replace_hub(self, han: Han, profile: HubProfile) -> HubHandle:
        """Switch the hub off for good and another one on in its place, which knows nothing of its HAN.

        The channel of this setup is the new hub's.
        """
        run, before = self._run, han.hub
        before.power_off()
        number = 2
        while f"{self._prefix}hub-{number}" in run.recorder.names.values():
            number += 1
        hub = self._make.hub(f"{self._prefix}hub-{number}", profile)
        topology = run.air.topology
        for (sender, receiver), link in list(topology.links().items()):
            if sender == before.eui64:
                topology.set(hub.eui64, receiver, link)
            elif receiver == before.eui64:
                topology.set(sender, hub.eui64, link)
        han.hub = hub
        han.acb.move(hub)
        for bridge in (*han.relays, *han.bridges):
            run.recorder.watch(hub.name, bridge.usage.take)
        self.start(han)
        return hub

    def _network(self, hub: HubHandle) -> NetworkSettings:
        prefix = self._prefix if hub.name == f"{self._prefix}hub" else f"{hub.name}/"
        settings = network_for(self._run.streams, prefix, hub.eui64, self._channel)
        self._run.tell_key(settings.network_key, f"network key of {hub.name}")
        return settings

    def _place(self, han: Han) -> None:
        """A chain from the hub over the relays; the bridges hear the last of it, and each other."""
        chain: list[Eui64] = [han.hub.eui64, *(relay.eui64 for relay in han.relays)]
        topology = self._run.air.topology
        topology.chain(chain, self._link)
        ends = [bridge.eui64 for bridge in han.bridges]
        for index, end in enumerate(ends):
            topology.connect(chain[-1], end, self._link)
            for other in ends[index + 1 :]:
                topology.connect(end, other, self._link)


def bridge_names(profiles: Sequence[JoinerProfile], prefix: str = "") -> list[str]:
    """What bridges of these profiles are called in a run: the profile's name, numbered where there are several."""
    names = [profile.name for profile in profiles]
    seen: dict[str, int] = {}
    labels = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        labels.append(f"{prefix}{name}" if names.count(name) == 1 else f"{prefix}{name}.{seen[name]}")
    return labels
