"""The key establishment of a device that joined: a link key of its own with the hub, before anything else is used.

One without credentials goes without, and stays under the link key of its install code.
"""

from __future__ import annotations

from random import Random
from typing import Final, Protocol

from emulator.cbke.initiator import Initiator
from emulator.cbke.settings import InitiatorSettings
from emulator.core.clock import MINUTE
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.timers import Alarm
from emulator.devices.endpoint import Endpoint
from emulator.devices.joining.key_establishment import KeyEstablishment, KeyEstablishmentMeans
from emulator.ports.aps import ApsIndication, ApsPort, Outcome
from emulator.zigbee.clusters.key_establishment import KEY_ESTABLISHMENT_CLUSTER
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import DefaultResponse, ReadAttributesResponse

FIND_INTERVAL: Final = MINUTE
"""µs between searches for a hub that establishes keys."""


class JoinerKeysUser(Protocol):
    """The device."""

    def find_service(self, cluster: int, now: int) -> None:
        """Find out where the hub serves a cluster; `server_found` or `server_missing` tells."""

    def keys_ready(self, now: int) -> None:
        """There is a link key with the hub under which everything may be used."""


class JoinerKeys:
    """What of a device establishes keys.

    Args:
        user: the device.
        port: its stack, which keeps the keys.
        endpoint: to send from.
        means: what it establishes keys with; None: it goes without.
        rng: for ephemeral keys and jitter.
        report: told of everything that happens.
        alarm: moved forward by every deadline.

    Attributes:
        trust_centre: the hub's address; None before it was on the network.
    """

    def __init__(
        self,
        user: JoinerKeysUser,
        port: ApsPort,
        endpoint: Endpoint,
        means: KeyEstablishmentMeans | None,
        rng: Random,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self.trust_centre: Eui64 | None = None
        self._user = user
        self._port = port
        self._report = report
        self._alarm = alarm
        self._find_at: int | None = None
        self._exchange: KeyEstablishment | None = None
        if means is not None:
            settings = InitiatorSettings(means.ephemeral_seconds, means.confirm_seconds, epoch=means.epoch)
            machine = Initiator(means.credentials, rng, settings, alarm)
            self._exchange = KeyEstablishment(port, endpoint, machine, self, means.computer, report)
            endpoint.open_clusters = means.open_clusters

    @property
    def established(self) -> bool:
        """Whether its link key with the hub is one of its own: not that of the install code, nor a hash of another."""
        return self.trust_centre is not None and self._port.has_established_key(self.trust_centre)

    # Life

    def start(self, now: int) -> None:
        """On the network: go on with the key that there is, or establish one."""
        if self._exchange is None or self.established:
            self._user.keys_ready(now)
        else:
            self._user.find_service(KEY_ESTABLISHMENT_CLUSTER, now)

    def stop(self, now: int) -> None:
        """Off the air."""
        self._find_at = None
        if self._exchange is not None:
            self._exchange.stop(now)

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        exchange_at = None if self._exchange is None else self._exchange.next_timeout()
        return min((at for at in (self._find_at, exchange_at) if at is not None), default=None)

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        if self._find_at is not None and self._find_at <= now:
            self._find_at = None
            self._user.find_service(KEY_ESTABLISHMENT_CLUSTER, now)
        if self._exchange is not None:
            self._exchange.on_timeout(now)

    # What the hub says

    def server_found(self, endpoint: int, now: int) -> None:
        """The hub establishes keys."""
        if self._exchange is not None and self.trust_centre is not None and not self.established:
            self._exchange.start(self.trust_centre, endpoint, now)

    def server_missing(self, now: int) -> None:
        """It does not, or did not say: look again later."""
        self._find_at = now + FIND_INTERVAL
        self._alarm.by(self._find_at)

    def received(self, message: ApsIndication, frame: ZclFrame, now: int) -> bool:
        """A command of the cluster; False where it is not for us."""
        return self._exchange is not None and self._exchange.received(message, frame, now)

    def default_response(self, message: ApsIndication, response: DefaultResponse, now: int) -> None:
        """A ZCL Default Response in the cluster."""
        if self._exchange is not None:
            self._exchange.default_response(message, response, now)

    def attributes_read(self, response: ReadAttributesResponse, now: int) -> None:
        """The hub's suites."""
        if self._exchange is not None:
            self._exchange.attributes_read(response, now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> bool:
        """What became of a message; False if it was none of ours."""
        return self._exchange is not None and self._exchange.sent(handle, outcome, now)

    # What the exchange says

    def key_established(self, _partner: Eui64, _link_key: bytes, now: int) -> None:
        """The stack has the key already."""
        self._user.keys_ready(now)

    def key_establishment_failed(self, _partner: Eui64, reason: str, retry_at: int | None, now: int) -> None:
        """Without another try of its own, begin again later."""
        if retry_at is None and reason != "stopped":
            self._find_at = now + FIND_INTERVAL
            self._alarm.by(self._find_at)
