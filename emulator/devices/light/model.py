"""A device around the bridges: it joins, shows its descriptors, has traffic with the hub, and answers what it is asked.

ESME, GSME, IHD, CAD and HCALCS differ by their profiles alone.  They speak no GBCS and take no firmware here: such a
device is a `Joiner` whose one part is its traffic.
"""

from __future__ import annotations

from random import Random

from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.standards import Standards
from emulator.devices.joining.joiner import Joiner
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans
from emulator.devices.joining.life import Life, LifeEvent
from emulator.devices.joining.stack import stack_configuration
from emulator.devices.joining.trust import CLUSTERS as TRUST_CLUSTERS
from emulator.devices.light.setup import serve_light
from emulator.devices.profile import LightProfile
from emulator.devices.traffic import Traffic
from emulator.ports.aps import ApsIndication, ApsPort, NetworkEvent, NetworkUp, Outcome


class LightDevice:
    """One device.

    Args:
        port: its stack.
        profile: what it is.
        install_code_key: pre-configured trust centre link key, 16 octets.
        standards: the open questions.
        rng: the stream for its jitter.
        report: told of everything that happens to it.
        cbke: what it establishes keys with; None: it goes without.

    Attributes:
        joiner: the life of it, and its way to the hub.
    """

    def __init__(
        self,
        port: ApsPort,
        profile: LightProfile,
        install_code_key: bytes,
        standards: Standards,
        rng: Random,
        report: Report,
        *,
        cbke: KeyEstablishmentMeans | None = None,
    ) -> None:
        self.port = port
        self.profile = profile
        self._report = report
        self.joiner = joiner = Joiner(self, port, profile, cbke, standards, rng, report)
        self._endpoint = endpoint = joiner.endpoint
        self._traffic = Traffic(joiner, endpoint, profile.traffic, rng, report, joiner.alarm)
        joiner.add(self._traffic, *self._traffic.clusters)
        serve_light(endpoint.server, endpoint.client, profile, cbke)
        port.attach(self)
        port.configure(stack_configuration(profile, install_code_key))

    @property
    def eui64(self) -> Eui64:
        """Its address."""
        return self.port.eui64

    @property
    def life(self) -> Life:
        """Where it stands in its life."""
        return self.joiner.life

    # Power and time

    def power_on(self, now: int) -> None:
        """Power comes: boot, then go on with the network it knows, or join one."""
        self.joiner.step(LifeEvent.POWER_ON, now)

    def power_off(self, now: int, reason: str = "off") -> None:
        """Power goes."""
        self.joiner.step(LifeEvent.POWER_OFF, now, reason)

    def restart(self, now: int) -> None:
        """Off and on again at once."""
        self.power_off(now, "restart")
        self.power_on(now)

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs; a little early after something was cancelled."""
        return self.joiner.alarm.earlier(None)

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        self.joiner.on_timeout(now)
        self._traffic.on_timeout(now)
        self.joiner.alarm.find(self.joiner, self._traffic)

    # What the stack says

    def network(self, event: NetworkEvent, now: int) -> None:
        """Joined, back, or out."""
        self.joiner.network(event, now)

    def received(self, message: ApsIndication, now: int) -> None:
        """A message from the HAN."""
        if message.destination_endpoint == 0:
            self.joiner.discovery.received(message, now)
        elif not self._traffic.answered(message, now):
            self._endpoint.received(message, now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message of ours."""
        if not self.joiner.trust.sent(handle, outcome, now):
            self._traffic.sent(handle, outcome, now)

    # What the joiner says

    def switched_on(self, now: int) -> None:
        """Power has come."""
        self._report("device.power", "on", {}, now)

    def booted(self, now: int) -> None:
        """It has nothing to read again."""

    def switched_off(self, reason: str, now: int) -> None:
        """Power has gone."""
        self._report("device.power", reason, {}, now)

    def joining(self, now: int) -> None:
        """It looks for a network to join."""
        self._report("device.joining", None, {}, now)

    def joined(self, event: NetworkUp, now: int) -> None:
        """It is on a network, or back on it."""
        fields: dict[str, object] = {"short": f"{event.short:04x}", "parent": f"{event.parent:04x}"}
        self._report("device.joined", None, fields, now)

    def network_lost(self, reason: str, now: int) -> None:
        """It is on none, or did not get in."""
        self._report("device.network-down", reason, {}, now)

    def service_missing(self, cluster: int, reason: str, now: int) -> None:
        """The hub does not serve a cluster of its trust centre, or does not say; of others its traffic tells."""
        if cluster in TRUST_CLUSTERS:
            self._report("device.discovery", reason, {"cluster": f"{cluster:04x}"}, now)
