"""What a device has to do with its trust centre: a link key with it, whether it is still there, and the next one."""

from __future__ import annotations

from random import Random
from typing import Protocol

from emulator.core.eui64 import eui64_text
from emulator.core.events import Report
from emulator.core.timers import Alarm
from emulator.devices.endpoint import Endpoint
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans
from emulator.devices.joining.keys import JoinerKeys
from emulator.devices.joining.trust_centre_watch import TrustCentreWatch
from emulator.ports.aps import ApsIndication, ApsPort, NetworkUp, Outcome
from emulator.zigbee.clusters.keep_alive import KEEP_ALIVE_CLUSTER
from emulator.zigbee.clusters.key_establishment import KEY_ESTABLISHMENT_CLUSTER
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import DefaultResponse, ReadAttributesResponse

CLUSTERS = (KEY_ESTABLISHMENT_CLUSTER, KEEP_ALIVE_CLUSTER)
"""Those that are dealt with here."""


class TrustUser(Protocol):
    """The device."""

    def find_service(self, cluster: int, now: int) -> None:
        """Find out where the hub serves a cluster; `server_found` or `server_missing` tells."""

    def keys_ready(self, now: int) -> None:
        """There is a link key with the hub under which everything may be used."""


class Trust:
    """One device's side of it.

    Args:
        user: the device.
        port: its stack, which keeps the keys.
        endpoint: to send from.
        means: what it establishes keys with; None: it goes without.
        failures: reads of Keep-Alive that must fail in a row before another trust centre is looked for; None: it uses
            no Keep-Alive, and never does.
        rng: for ephemeral keys and jitter.
        report: told of everything that happens.
        alarm: moved forward by every deadline.
    """

    def __init__(
        self,
        user: TrustUser,
        port: ApsPort,
        endpoint: Endpoint,
        means: KeyEstablishmentMeans | None,
        failures: int | None,
        rng: Random,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self.keys = JoinerKeys(user, port, endpoint, means, rng, report, alarm)
        self.watch = None if failures is None else TrustCentreWatch(self, endpoint, failures, rng, report, alarm)
        self._user = user
        self._port = port
        self._report = report

    # Life

    def joined(self, event: NetworkUp, now: int) -> bool:
        """On the network; whether it is that of another trust centre than before."""
        before, self.keys.trust_centre = self.keys.trust_centre, event.trust_centre
        if before in {None, event.trust_centre}:
            return False
        fields: dict[str, object] = {"trust_centre": eui64_text(event.trust_centre), "before": eui64_text(before)}
        self._report("trust.centre-changed", None, fields, now)
        return True

    def start(self, now: int) -> None:
        """Go on with the link key that there is, or establish one."""
        self.keys.start(now)

    def run(self, now: int) -> None:
        """There is a link key: watch whether the trust centre stays."""
        if self.watch is not None:
            self.watch.start(now)

    def stop(self, now: int) -> None:
        """Off the air."""
        self.keys.stop(now)
        if self.watch is not None:
            self.watch.stop()

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        keys_at = self.keys.next_timeout()
        watch_at = None if self.watch is None else self.watch.timers.next_timeout()
        return min((at for at in (keys_at, watch_at) if at is not None), default=None)

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        self.keys.on_timeout(now)
        if self.watch is not None:
            self.watch.on_timeout(now)

    # What the hub says; for the clusters of `CLUSTERS` alone

    def server_found(self, cluster: int, endpoint: int, now: int) -> None:
        """It serves a cluster there."""
        if cluster == KEY_ESTABLISHMENT_CLUSTER:
            self.keys.server_found(endpoint, now)
        elif self.watch is not None:
            self.watch.server_found(endpoint, now)

    def server_missing(self, cluster: int, reason: str, now: int) -> None:
        """It does not, or did not say."""
        if cluster == KEY_ESTABLISHMENT_CLUSTER:
            self.keys.server_missing(now)
        elif self.watch is not None:
            self.watch.server_missing(reason, now)

    def received(self, message: ApsIndication, frame: ZclFrame, now: int) -> bool:
        """A command of a cluster; False where it is not for us."""
        return message.cluster == KEY_ESTABLISHMENT_CLUSTER and self.keys.received(message, frame, now)

    def default_response(self, message: ApsIndication, _frame: ZclFrame, response: DefaultResponse, now: int) -> None:
        """A ZCL Default Response."""
        if message.cluster == KEY_ESTABLISHMENT_CLUSTER:
            self.keys.default_response(message, response, now)

    def attributes_read(self, message: ApsIndication, response: ReadAttributesResponse, now: int) -> None:
        """The hub's attributes."""
        if message.cluster == KEY_ESTABLISHMENT_CLUSTER:
            self.keys.attributes_read(response, now)
        elif message.cluster == KEEP_ALIVE_CLUSTER and self.watch is not None and self._is_trust_centre(message):
            self.watch.attributes_read(response, now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> bool:
        """What became of a message; False if it was none of ours."""
        return self.keys.sent(handle, outcome, now) or (
            self.watch is not None and self.watch.sent(handle, outcome, now)
        )

    def _is_trust_centre(self, message: ApsIndication) -> bool:
        """Whether it comes from there, and nobody can have forged it."""
        return message.link_key and message.source_eui64 == self.keys.trust_centre

    # What the watch says

    def find_service(self, cluster: int, now: int) -> None:
        """Find out where the hub serves a cluster."""
        self._user.find_service(cluster, now)

    def trust_centre_lost(self, now: int) -> None:
        """Look for the next one."""
        self._port.seek_trust_centre(now)
