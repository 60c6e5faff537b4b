"""A device that joins: from the power button to a link key with the hub, after which its parts begin their work.

Its life stands in a table (`life`); the work on the way is that of `trust`, and of the search for the hub's clusters.
Whatever is said on its endpoint goes to the part that is a client of the cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Protocol

from emulator.core.events import Report
from emulator.core.standards import Standards
from emulator.core.timers import Alarm, Timers
from emulator.devices.discovery import ServiceDiscovery
from emulator.devices.endpoint import Endpoint
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans
from emulator.devices.joining.life import JOINER_LIFE, Life, LifeAction, LifeEvent, LifeTable
from emulator.devices.joining.part import ClusterClient, Part
from emulator.devices.joining.stack import REJOIN_PAUSE, watch_failures
from emulator.devices.joining.trust import CLUSTERS as TRUST_CLUSTERS
from emulator.devices.joining.trust import Trust
from emulator.devices.profile import MemberProfile
from emulator.ports.aps import (
    COORDINATOR,
    NOT_JOINED,
    ApsIndication,
    ApsPort,
    JoinSettings,
    NetworkDown,
    NetworkEvent,
    NetworkUp,
)
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import DefaultResponse, ReadAttributesResponse

Action = Callable[[int, str], None]
"""Takes `now`, and the reason of what happened."""


class JoinerUser(Protocol):
    """The device: it says in its own words what happens, and does what only it has to do then."""

    def switched_on(self, now: int) -> None:
        """Power has come; it boots."""

    def booted(self, now: int) -> None:
        """What it kept is to be read again, before it goes to its network."""

    def switched_off(self, reason: str, now: int) -> None:
        """Power has gone: parts and stack have stopped."""

    def joining(self, now: int) -> None:
        """It looks for a network to join."""

    def joined(self, event: NetworkUp, now: int) -> None:
        """It is on a network, or back on it."""

    def network_lost(self, reason: str, now: int) -> None:
        """It is on none, or did not get in."""

    def service_missing(self, cluster: int, reason: str, now: int) -> None:
        """The hub does not serve a cluster, or does not say; the part that asked for it knows."""


class Joiner:
    """One device, as far as its HAN goes.

    Args:
        user: the device.
        port: its stack.
        profile: what it is.
        means: what it establishes keys with; None: it goes without.
        standards: the open questions.
        rng: the stream for its jitter.
        report: told of everything that happens to it.
        life: the table of its life.
        actions: what of that is the device's own.

    Attributes:
        life: where it stands.
        actions: the code of every action.
        alarm: to be moved forward by every deadline of its parts.
        endpoint: for its parts to send from.
        discovery: takes what is said to its ZDO.
        trust: what it has to do with its trust centre.
    """

    def __init__(
        self,
        user: JoinerUser,
        port: ApsPort,
        profile: MemberProfile,
        means: KeyEstablishmentMeans | None,
        standards: Standards,
        rng: Random,
        report: Report,
        *,
        life: LifeTable = JOINER_LIFE,
        actions: Mapping[LifeAction, Action] | None = None,
    ) -> None:
        self.life = Life.OFF
        self.alarm = alarm = Alarm()
        self.endpoint = Endpoint(port, profile.endpoint.number, profile.profile_id, self, report)
        self.discovery = ServiceDiscovery(port, profile.profile_id, self, alarm)
        failures = watch_failures(profile, standards)
        self.trust = Trust(self, port, self.endpoint, means, failures, rng, report, alarm)
        self._user = user
        self._port = port
        self._boot_time = profile.boot_time
        self._table = life
        self._timers: Timers[LifeEvent] = Timers(alarm)
        self._parts: list[Part] = []
        self._client_of: dict[int, ClusterClient] = dict.fromkeys(TRUST_CLUSTERS, self.trust)
        self.actions: dict[LifeAction, Action] = {
            LifeAction.BOOT: self._boot,
            LifeAction.STAY_OFF: self._stay_off,
            LifeAction.SHUT_DOWN: self.shut_down,
            LifeAction.RESUME: self._resume,
            LifeAction.JOIN: self._join,
            LifeAction.JOIN_LATER: self._join_later,
            LifeAction.ESTABLISH: self._establish,
            LifeAction.START_OVER: self._start_over,
            LifeAction.RUN: self._run,
            LifeAction.LOSE_NETWORK: self._lose_network,
            LifeAction.NOTE: self._note,
            **(actions or {}),
        }

    def add(self, part: Part, *clusters: int) -> None:
        """A part of the device that is a client of these clusters, unless another is already; they start in order."""
        self._parts.append(part)
        for cluster in clusters:
            self._client_of.setdefault(cluster, part)

    # What happens

    def step(self, event: LifeEvent, now: int, reason: str = "") -> None:
        """Something happened: do what the table says."""
        row = self._table[self.life].get(event)
        if row is not None:
            self.life = row.next_state
            self.actions[row.action](now, reason)

    def step_at(self, at: int, event: LifeEvent) -> None:
        """Let something happen at `at` (µs), if nothing else comes of it before."""
        self._timers.set(event, at)

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        at = (self._timers.next_timeout(), self.discovery.timers.next_timeout(), self.trust.next_timeout())
        return min((one for one in at if one is not None), default=None)

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        for event in self._timers.due(now):
            self.step(event, now)
        self.discovery.on_timeout(now)
        self.trust.on_timeout(now)

    def network(self, event: NetworkEvent, now: int) -> None:
        """Joined, back, or out."""
        if isinstance(event, NetworkUp):
            self._user.joined(event, now)
            changed = self.trust.joined(event, now)
            self.step(LifeEvent.TRUST_CENTRE_CHANGED if changed else LifeEvent.NETWORK_UP, now)
        elif isinstance(event, NetworkDown) and event.reason == NOT_JOINED:
            self.step(LifeEvent.NOT_JOINED, now)
        elif isinstance(event, NetworkDown):
            self._user.network_lost(event.reason, now)
            self.step(LifeEvent.NETWORK_DOWN, now)

    # What the endpoint and discovery say

    def cluster_command(self, message: ApsIndication, frame: ZclFrame, now: int) -> bool:
        """A cluster's own command; False if nothing here takes it."""
        client = self._client_of.get(message.cluster)
        return client is not None and client.received(message, frame, now)

    def default_response(self, message: ApsIndication, frame: ZclFrame, response: DefaultResponse, now: int) -> None:
        """The hub refused a command of ours, or has no other answer."""
        client = self._client_of.get(message.cluster)
        if client is not None:
            client.default_response(message, frame, response, now)

    def attributes_read(self, message: ApsIndication, response: ReadAttributesResponse, now: int) -> None:
        """The hub's attributes."""
        self.trust.attributes_read(message, response, now)

    def service_found(self, device: int, cluster: int, endpoint: int, now: int) -> None:  # noqa: ARG002 - the hub
        """The hub serves a cluster that we use."""
        self._client_of[cluster].server_found(cluster, endpoint, now)

    def service_missing(self, device: int, cluster: int, reason: str, now: int) -> None:  # noqa: ARG002 - the hub
        """The hub does not serve a cluster that we use, or does not say."""
        self._user.service_missing(cluster, reason, now)
        self._client_of[cluster].server_missing(cluster, reason, now)

    # What the parts ask for

    def find_service(self, cluster: int, now: int) -> None:
        """Find out where the hub serves a cluster."""
        self.discovery.find(COORDINATOR, cluster, now)

    def keys_ready(self, now: int) -> None:
        """There is a link key with the hub under which everything may be used."""
        self.step(LifeEvent.KEY_ESTABLISHED, now)

    # Power

    def restart(self, now: int, reason: str) -> None:
        """Go off, and boot at once: the table says `BOOTING` already."""
        self.shut_down(now, reason)
        self._boot(now, "")

    def shut_down(self, now: int, reason: str) -> None:
        """Everything volatile is lost: the table says `OFF` already."""
        self._stop_work(now)
        self._port.stop(now)
        self._user.switched_off(reason, now)

    def _boot(self, now: int, _reason: str) -> None:
        self._timers.clear()
        self._user.switched_on(now)
        self._timers.set(LifeEvent.BOOTED, now + self._boot_time)

    def _stay_off(self, _now: int, _reason: str) -> None:
        """Power will not come back by itself either."""
        self._timers.clear()

    def _resume(self, now: int, _reason: str) -> None:
        self._user.booted(now)
        self._port.resume(now)

    # The network

    def _join(self, now: int, _reason: str) -> None:
        self._user.joining(now)
        self._port.join(JoinSettings(), now)

    def _join_later(self, now: int, _reason: str) -> None:
        self._timers.set(LifeEvent.REJOIN_DUE, now + REJOIN_PAUSE)

    def _establish(self, now: int, _reason: str) -> None:
        self.trust.start(now)

    def _start_over(self, now: int, _reason: str) -> None:
        self._stop_work(now)
        self.trust.start(now)

    def _run(self, now: int, _reason: str) -> None:
        self.trust.run(now)
        for part in self._parts:
            part.start(now)

    def _lose_network(self, now: int, reason: str) -> None:
        self._stop_work(now)
        self._join_later(now, reason)

    def _note(self, _now: int, _reason: str) -> None:
        """Nothing."""

    def _stop_work(self, now: int) -> None:
        self._timers.clear()
        self.discovery.stop()
        self.trust.stop(now)
        for part in self._parts:
            part.stop(now)
