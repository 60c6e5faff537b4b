"""A device around the bridges: it joins, shows its descriptors, has traffic with the hub, and answers what it is asked.

ESME, GSME, IHD, CAD and HCALCS differ by their profiles alone.  They speak no GBCS and take no firmware here.  The life
of one stands in the table of `life`.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.standards import Standards
from emulator.core.timers import Alarm, Timers
from emulator.devices.discovery import ServiceDiscovery
from emulator.devices.endpoint import Endpoint
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans
from emulator.devices.joining.stack import REJOIN_PAUSE, stack_configuration, watch_failures
from emulator.devices.joining.trust import CLUSTERS as TRUST_CLUSTERS
from emulator.devices.joining.trust import Trust
from emulator.devices.light.life import LIGHT_LIFE, LightAction, LightEvent, LightLife
from emulator.devices.light.setup import serve_light
from emulator.devices.profile import LightProfile
from emulator.devices.traffic import Traffic
from emulator.ports.aps import (
    COORDINATOR,
    NOT_JOINED,
    ApsIndication,
    ApsPort,
    JoinSettings,
    NetworkDown,
    NetworkEvent,
    NetworkUp,
    Outcome,
)
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import DefaultResponse, ReadAttributesResponse

__all__ = ["LightDevice", "LightLife"]


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
        self.life = LightLife.OFF
        self._report = report
        self._alarm = alarm = Alarm()
        self._timers: Timers[LightEvent] = Timers(alarm)
        self._discovery = ServiceDiscovery(port, profile.profile_id, self, alarm)
        self._endpoint = endpoint = Endpoint(port, profile.endpoint.number, profile.profile_id, self, report)
        failures = watch_failures(profile, standards)
        self.trust = Trust(self, port, endpoint, cbke, failures, rng, report, alarm)
        self.traffic = Traffic(self, endpoint, profile.traffic, rng, report, alarm)
        serve_light(endpoint.server, endpoint.client, profile, cbke)
        port.attach(self)
        port.configure(stack_configuration(profile, install_code_key))

    @property
    def eui64(self) -> Eui64:
        """Its address."""
        return self.port.eui64

    # Power and time

    def power_on(self, now: int) -> None:
        """Power comes: boot, then go on with the network it knows, or join one."""
        self._step(LightEvent.POWER_ON, now)

    def power_off(self, now: int) -> None:
        """Power goes."""
        self._step(LightEvent.POWER_OFF, now, "off")

    def restart(self, now: int) -> None:
        """Off and on again at once."""
        self._step(LightEvent.POWER_OFF, now, "restart")
        self._step(LightEvent.POWER_ON, now)

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs; a little early after something was cancelled."""
        return self._alarm.earlier(None)

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        for event in self._timers.due(now):
            self._step(event, now)
        self._discovery.on_timeout(now)
        self.trust.on_timeout(now)
        self.traffic.on_timeout(now)
        self._alarm.find(self._timers, self._discovery.timers, self.trust, self.traffic)

    # What the stack says

    def network(self, event: NetworkEvent, now: int) -> None:
        """Joined, back, or out."""
        if isinstance(event, NetworkUp):
            fields: dict[str, object] = {"short": f"{event.short:04x}", "parent": f"{event.parent:04x}"}
            self._report("device.joined", None, fields, now)
            changed = self.trust.joined(event, now)
            self._step(LightEvent.TRUST_CENTRE_CHANGED if changed else LightEvent.NETWORK_UP, now)
        elif isinstance(event, NetworkDown) and event.reason == NOT_JOINED:
            self._step(LightEvent.NOT_JOINED, now)
        elif isinstance(event, NetworkDown):
            self._report("device.network-down", event.reason, {}, now)
            self._step(LightEvent.NETWORK_DOWN, now)

    def received(self, message: ApsIndication, now: int) -> None:
        """A message from the HAN."""
        if message.destination_endpoint == 0:
            self._discovery.received(message, now)
        elif not self.traffic.received(message, now):
            self._endpoint.received(message, now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message of ours."""
        if not self.trust.sent(handle, outcome, now):
            self.traffic.sent(handle, outcome, now)

    # What the endpoint and discovery say

    def cluster_command(self, message: ApsIndication, frame: ZclFrame, now: int) -> bool:
        """A cluster's own command: those of key establishment alone; who sends another is told that it is not known."""
        return self.trust.received(message, frame, now)

    def default_response(self, message: ApsIndication, _frame: ZclFrame, response: DefaultResponse, now: int) -> None:
        """The hub refused a command of ours; a read that stays unanswered is reported as lost."""
        self.trust.default_response(message, response, now)

    def attributes_read(self, message: ApsIndication, response: ReadAttributesResponse, now: int) -> None:
        """The hub's attributes, beside those that the traffic asked for."""
        self.trust.attributes_read(message, response, now)

    def service_found(self, _device: int, cluster: int, endpoint: int, now: int) -> None:
        """The hub serves a cluster that we use."""
        if cluster in TRUST_CLUSTERS:
            self.trust.service_found(cluster, endpoint, now)
        else:
            self.traffic.server_found(cluster, endpoint)

    def service_missing(self, _device: int, cluster: int, reason: str, now: int) -> None:
        """The hub does not serve it, or does not say; the part looks again later."""
        if cluster in TRUST_CLUSTERS:
            self._report("device.discovery", reason, {"cluster": f"{cluster:04x}"}, now)
            self.trust.service_missing(cluster, reason, now)
        else:
            self.traffic.server_missing(cluster, reason, now)

    # What the parts ask for

    def find_service(self, cluster: int, now: int) -> None:
        """Find out where the hub serves a cluster."""
        self._discovery.find(COORDINATOR, cluster, now)

    def keys_ready(self, now: int) -> None:
        """There is a link key with the hub under which everything may be used."""
        self._step(LightEvent.KEY_ESTABLISHED, now)

    # Life

    def _step(self, event: LightEvent, now: int, reason: str = "") -> None:
        row = LIGHT_LIFE[self.life].get(event)
        if row is not None:
            self.life = row.next_state
            ACTIONS[row.action](self, now, reason)

    def _boot(self, now: int, _reason: str) -> None:
        self._report("device.power", "on", {}, now)
        self._timers.set(LightEvent.BOOTED, now + self.profile.boot_time)

    def _shut_down(self, now: int, reason: str) -> None:
        self._stop_parts(now)
        self.port.stop(now)
        self._report("device.power", reason, {}, now)

    def _resume(self, now: int, _reason: str) -> None:
        self.port.resume(now)

    def _join(self, now: int, _reason: str) -> None:
        self._report("device.joining", None, {}, now)
        self.port.join(JoinSettings(), now)

    def _join_later(self, now: int, _reason: str) -> None:
        self._timers.set(LightEvent.REJOIN_DUE, now + REJOIN_PAUSE)

    def _establish(self, now: int, _reason: str) -> None:
        self.trust.start(now)

    def _start_over(self, now: int, _reason: str) -> None:
        self._stop_parts(now)
        self.trust.start(now)

    def _run(self, now: int, _reason: str) -> None:
        self.trust.run(now)
        self.traffic.start(now)

    def _lose_network(self, now: int, reason: str) -> None:
        self._stop_parts(now)
        self._join_later(now, reason)

    def _note(self, _now: int, _reason: str) -> None:
        """Nothing."""

    def _stop_parts(self, now: int) -> None:
        self._timers.clear()
        self._discovery.stop()
        self.trust.stop(now)
        self.traffic.stop()


ACTIONS: Final[dict[LightAction, Callable[[LightDevice, int, str], None]]] = {
    LightAction.BOOT: LightDevice._boot,
    LightAction.STAY_OFF: LightDevice._note,
    LightAction.SHUT_DOWN: LightDevice._shut_down,
    LightAction.RESUME: LightDevice._resume,
    LightAction.JOIN: LightDevice._join,
    LightAction.JOIN_LATER: LightDevice._join_later,
    LightAction.ESTABLISH: LightDevice._establish,
    LightAction.START_OVER: LightDevice._start_over,
    LightAction.RUN: LightDevice._run,
    LightAction.LOSE_NETWORK: LightDevice._lose_network,
    LightAction.NOTE: LightDevice._note,
}
