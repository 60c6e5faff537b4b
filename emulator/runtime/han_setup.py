"""Puts the devices of a HAN together: addresses and keys, stacks, models, who hears whom, and lets them join."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from emulator.core.clock import MINUTE, SECOND
from emulator.core.eui64 import Eui64, eui64_text, parse_eui64
from emulator.core.events import Event, EventSink
from emulator.core.standards import Standards
from emulator.devices.bridge.model import Bridge, BridgeCredentials
from emulator.devices.device_log.life import Standing
from emulator.devices.hub.model import CommsHub
from emulator.devices.joining.credentials import own_credentials
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans
from emulator.devices.light.model import LightDevice
from emulator.devices.profile import DeviceProfile, HubProfile, JoinerProfile, LightProfile
from emulator.devices.profile_ota import signature_verifier
from emulator.gbcs.roles import RemotePartyRole
from emulator.ports.aps import ApsPort, NetworkSettings
from emulator.runtime.acb import AcbHandle
from emulator.runtime.charge import ChargeMeter
from emulator.runtime.driver import Device, DeviceDriver
from emulator.runtime.han import JOIN_LIMIT, BridgeHandle, Han, HubHandle
from emulator.runtime.identities import eui64_for, install_code_for, network_for
from emulator.runtime.light_handle import LightHandle
from emulator.runtime.site import HUB, Member, Site
from emulator.runtime.usage import DownloadUsage
from emulator.transports.memory.topology import Link

if TYPE_CHECKING:
    from emulator.runtime.simulation import Simulation

PERMIT_AGAIN = MINUTE
LINK_KEY = "trust.link-key"
ANNOUNCE_LIMIT = 10 * SECOND
"""For a device on the network to become known to the hub."""


class HanSetup:
    """One HAN that is being put together.

    Args:
        simulation: the run.
        name: goes before the names of the HAN's devices; empty for a run with one HAN.
        channel: 11 to 26.
        link: every link of it.
    """

    def __init__(self, simulation: Simulation, name: str, channel: int, link: Link) -> None:
        self._simulation = simulation
        self._prefix = f"{name}/" if name else ""
        self._channel = channel
        self._link = link

    def build(self, hub: HubProfile, members: Sequence[Member], relay: JoinerProfile, relays: int) -> Han:
        """Everything, switched off; `relays` of profile `relay` stand between the hub and the members."""
        hub_handle = self._hub(hub)
        acb = AcbHandle(self._simulation, hub_handle.device, self._simulation.pki())
        member = (relay, signature_verifier(relay, self._simulation.standards))
        names = [f"{self._prefix}relay-{number}" for number in range(1, relays + 1)]
        between = [self._bridge(name, hub_handle, member) for name in names]
        labels = _labels(self._prefix, [profile for profile, _ in members])
        bridges = [self._bridge(*each) for each in zip(labels, [hub_handle] * len(labels), members, strict=True)]
        acb.serve_hub(hub_handle.entity_id)
        for bridge in (*between, *bridges):
            acb.serve(bridge)
        han = Han(hub_handle, bridges, between, acb)
        self._place(han)
        return han

    def build_site(self, site: Site) -> Han:
        """Everything of a site, switched off."""
        hub = self._hub(site.hub)
        acb = AcbHandle(self._simulation, hub.device, self._simulation.pki())
        bridges = [self._bridge(f"{self._prefix}{name}", hub, member) for name, member in site.bridges]
        acb.serve_hub(hub.entity_id)
        for bridge in bridges:
            acb.serve(bridge)
        others = [self._light(f"{self._prefix}{name}", profile) for name, profile in site.others]
        addresses = {HUB: hub.eui64}
        addresses |= {name: each.eui64 for (name, _), each in zip(site.bridges, bridges, strict=True)}
        addresses |= {name: each.eui64 for (name, _), each in zip(site.others, others, strict=True)}
        for one, other, link in site.links:
            self._simulation.air.topology.connect(addresses[one], addresses[other], link)
        return Han(hub, bridges, (), acb, others)

    async def let_join(self, han: Han) -> None:
        """Switch the hub on, then the devices one after the other, the relays first: each is the parent of the next."""
        self.start(han)
        for bridge in (*han.relays, *han.bridges):
            await self.let_in(han, bridge)

    def start(self, han: Han) -> None:
        """Switch the hub on, and nobody else."""
        han.hub.device.power_on(self._network(han.hub), self._simulation.now)
        self._simulation.arm(han.hub.device)

    async def let_in(self, han: Han, device: BridgeHandle | LightHandle, limit: int = JOIN_LIMIT) -> None:
        """Switch one device on and open the HAN for it for `limit` µs at most.

        The HAN is opened again while the device does not find its way in: a broadcast can be lost.
        """
        simulation, hub = self._simulation, han.hub.device
        deadline = simulation.now + limit
        device.power_on()
        while not device.is_up and simulation.now < deadline:
            han.acb.invite(device)
            await device.joined(min(PERMIT_AGAIN, deadline - simulation.now))
        if device.is_up:
            known = simulation.now + ANNOUNCE_LIMIT
            await simulation.until(lambda: hub.port.short_of(device.eui64) is not None, known)

    def replace_hub(self, han: Han, profile: HubProfile) -> HubHandle:
        """Switch the hub off for good and another one on in its place, which knows nothing of its HAN.

        The channel of this setup is the new hub's.
        """
        simulation, before = self._simulation, han.hub
        before.power_off()
        number = 2
        while f"{self._prefix}hub-{number}" in simulation.recorder.names.values():
            number += 1
        hub = self._hub(profile, f"hub-{number}")
        topology = simulation.air.topology
        for (sender, receiver), link in list(topology.links().items()):
            if sender == before.eui64:
                topology.set(hub.eui64, receiver, link)
            elif receiver == before.eui64:
                topology.set(sender, hub.eui64, link)
        han.hub = hub
        han.acb.move(hub)
        for bridge in (*han.relays, *han.bridges):
            simulation.recorder.watch(hub.name, bridge.usage.take)
        self.start(han)
        return hub

    def _network(self, hub: HubHandle) -> NetworkSettings:
        prefix = self._prefix if hub.name == f"{self._prefix}hub" else f"{hub.name}/"
        settings = network_for(self._simulation.streams, prefix, hub.eui64, self._channel)
        self._simulation.tell_key(settings.network_key, f"network key of {hub.name}")
        return settings

    def _hub(self, profile: HubProfile, label: str = "hub") -> HubHandle:
        simulation, name = self._simulation, f"{self._prefix}{label}"
        eui64 = self._address(name, profile)
        port = simulation.air.port(eui64, name)
        rng = simulation.streams.stream(f"{name}/device")
        chf = simulation.pki().identity(self._address(f"{name}/chf"), RemotePartyRole.WAN_PROVIDER)
        device = CommsHub(
            port,
            profile,
            simulation.standards,
            rng,
            simulation.recorder.reporter(name),
            chf,
            cbke=self._means(eui64, profile),
            epoch=simulation.epoch,
        )
        driver = self._drive(port, device)
        simulation.recorder.watch(name, self._watch_keys(device))
        self._introduce(name, profile, eui64)
        return HubHandle(simulation, name, device, driver)

    def _bridge(self, name: str, hub: HubHandle, member: Member) -> BridgeHandle:
        simulation = self._simulation
        profile, verifier = member
        eui64 = self._address(name, profile)
        port = simulation.air.port(eui64, name)
        code = install_code_for(simulation.streams, name, profile)
        pki = simulation.pki()
        device = Bridge(
            port,
            profile,
            BridgeCredentials(
                code.key, pki.identity(eui64, *trusted_roles(simulation.standards)), self._means(eui64, profile)
            ),
            simulation.standards,
            simulation.streams.stream(f"{name}/device"),
            simulation.recorder.reporter(name),
            verifier=verifier,
            epoch=simulation.epoch,
        )
        driver = self._drive(port, device)
        simulation.tell_key(code.key, f"link key of {name}")
        usage = DownloadUsage(
            name,
            lambda: f"{port.short_of(eui64) or 0:04x}",
            lambda: device.counters,
            lambda: simulation.air.exchanged(eui64),
        )
        simulation.recorder.watch(name, usage.take)
        simulation.recorder.watch(hub.name, usage.take)
        self._introduce(name, profile, eui64)
        return BridgeHandle(simulation, name, device, driver, code.code, usage, self._charge(name, device))

    def _means(self, eui64: Eui64, profile: DeviceProfile) -> KeyEstablishmentMeans | None:
        authority = self._simulation.authority
        return None if authority is None else authority.means(eui64, profile)

    def _drive(self, port: ApsPort, device: Device) -> DeviceDriver:
        simulation = self._simulation
        driver = simulation.drivers[device] = DeviceDriver(simulation.engine, port, device)
        if simulation.authority is not None:
            simulation.authority.driven(port.eui64, driver)
        return driver

    def _watch_keys(self, hub: CommsHub) -> EventSink:
        """Tell the capture of the keys that the hub establishes, and of those that it has from another hub's log."""
        simulation = self._simulation

        def watch(event: Event) -> None:
            if event.kind != LINK_KEY:
                return
            partner = parse_eui64(str(event.fields["partner"]))
            key = hub.port.link_key_with(partner)
            if key is not None:
                invited = hub.chf.log.standing(partner) is Standing.INVITED
                origin = "hashed" if invited else "established"
                simulation.tell_key(key, f"{origin} link key of {simulation.recorder.names.get(partner, partner)}")

        return watch

    def _charge(self, name: str, device: Bridge) -> ChargeMeter | None:
        """Let the battery know how long the radio is at work, and follow what it gives; None where there is none."""
        if device.supply is None:
            return None
        simulation, battery = self._simulation, device.supply.battery
        battery.radio = lambda: simulation.air.radio_use(device.eui64)
        meter = ChargeMeter(name, battery)
        simulation.recorder.watch(name, meter.take)
        return meter

    def _light(self, name: str, profile: LightProfile) -> LightHandle:
        simulation = self._simulation
        eui64 = self._address(name, profile)
        code = install_code_for(simulation.streams, name, profile)
        rng = simulation.streams.stream(f"{name}/device")
        port = simulation.air.port(eui64, name)
        report, means = simulation.recorder.reporter(name), self._means(eui64, profile)
        device = LightDevice(port, profile, code.key, simulation.standards, rng, report, cbke=means)
        driver = self._drive(port, device)
        simulation.tell_key(code.key, f"link key of {name}")
        self._introduce(name, profile, eui64)
        return LightHandle(simulation, name, device, driver, code.code)

    def _introduce(self, name: str, profile: DeviceProfile, eui64: Eui64) -> None:
        """Say in the events of the run who is who."""
        fields: dict[str, object] = {"device_kind": profile.kind, "profile": profile.name, "eui64": eui64_text(eui64)}
        self._simulation.recorder.reporter(name)("han.device", None, fields, self._simulation.now)

    def _address(self, name: str, profile: DeviceProfile | None = None) -> Eui64:
        """The address of a device: that of its certificate, where its profile names one."""
        own = None if profile is None or self._simulation.authority is None else own_credentials(profile)
        eui64 = eui64_for(self._simulation.streams, name) if own is None else own.eui64
        self._simulation.recorder.names[eui64] = name
        return eui64

    def _place(self, han: Han) -> None:
        """A chain from the hub over the relays; the bridges hear the last of it, and each other."""
        chain: list[Eui64] = [han.hub.eui64, *(relay.eui64 for relay in han.relays)]
        topology = self._simulation.air.topology
        topology.chain(chain, self._link)
        ends = [bridge.eui64 for bridge in han.bridges]
        for index, end in enumerate(ends):
            topology.connect(chain[-1], end, self._link)
            for other in ends[index + 1 :]:
                topology.connect(end, other, self._link)


def trusted_roles(standards: Standards) -> tuple[RemotePartyRole, ...]:
    """Whose keys a bridge or PPMID holds beside those that every device has."""
    return (RemotePartyRole.SUPPLIER,) if standards.word("credentials.authority") == "supplier" else ()


def _labels(prefix: str, profiles: Sequence[JoinerProfile]) -> list[str]:
    """The profile's name, numbered where there are several of it."""
    names = [profile.name for profile in profiles]
    seen: dict[str, int] = {}
    labels = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        labels.append(f"{prefix}{name}" if names.count(name) == 1 else f"{prefix}{name}.{seen[name]}")
    return labels
