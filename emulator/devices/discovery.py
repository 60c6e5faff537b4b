"""Finding out which endpoint of a device has a cluster (Match Descriptor): it need not be endpoint 1."""

from __future__ import annotations

from typing import Final, Protocol

from emulator.core.clock import SECOND
from emulator.core.errors import DecodeError
from emulator.core.timers import Alarm, Timers
from emulator.ports.aps import ApsIndication, ApsPort
from emulator.zigbee.frames.zdo import MatchDescReq, MatchDescRsp, decode_zdo
from emulator.zigbee.node.zdo import zdo_message

RESPONSE_WAIT: Final = 5 * SECOND
TRIES: Final = 3
NOT_SERVED: Final = "not-served"
NO_ANSWER: Final = "no-answer"


class DiscoveryUser(Protocol):
    """The device."""

    def service_found(self, device: int, cluster: int, endpoint: int, now: int) -> None:
        """The device with that short address has the cluster on that endpoint."""

    def service_missing(self, device: int, cluster: int, reason: str, now: int) -> None:
        """It has it nowhere (`not-served`), or does not say (`no-answer`)."""


class ServiceDiscovery:
    """Match Descriptor requests under way.

    Args:
        port: the stack.
        profile: of the clusters looked for.
        user: the device.
        alarm: moved forward by every deadline.
        clients: look for who uses the clusters (output clusters) instead of who serves them.
    """

    def __init__(
        self, port: ApsPort, profile: int, user: DiscoveryUser, alarm: Alarm, *, clients: bool = False
    ) -> None:
        self.timers: Timers[int] = Timers(alarm)
        self._port = port
        self._profile = profile
        self._user = user
        self._clients = clients
        self._sequence = 0
        self._asked: dict[int, tuple[int, int, int]] = {}

    def stop(self) -> None:
        """Power is gone."""
        self.timers.clear()
        self._asked.clear()

    def find(self, device: int, cluster: int, now: int) -> None:
        """Ask a device for a cluster, unless that is under way."""
        if not any(asked[:2] == (device, cluster) for asked in self._asked.values()):
            self._ask(device, cluster, TRIES, now)

    def received(self, message: ApsIndication, now: int) -> None:
        """A ZDO response."""
        if message.cluster != MatchDescRsp.cluster:
            return
        try:
            sequence, response = decode_zdo(message.cluster, message.payload)
        except DecodeError:
            return
        asked = self._asked.get(sequence)
        if asked is None or not isinstance(response, MatchDescRsp) or message.source != asked[0]:
            return
        del self._asked[sequence]
        self.timers.cancel(sequence)
        device, cluster, _ = asked
        if response.endpoints:
            self._user.service_found(device, cluster, response.endpoints[0], now)
        else:
            self._user.service_missing(device, cluster, NOT_SERVED, now)

    def on_timeout(self, now: int) -> None:
        """Ask again, or give up."""
        for sequence in self.timers.due(now):
            device, cluster, tries = self._asked.pop(sequence)
            if tries > 1:
                self._ask(device, cluster, tries - 1, now)
            else:
                self._user.service_missing(device, cluster, NO_ANSWER, now)

    def _ask(self, device: int, cluster: int, tries: int, now: int) -> None:
        self._sequence = sequence = (self._sequence + 1) & 0xFF
        self._asked[sequence] = (device, cluster, tries)
        self.timers.set(sequence, now + RESPONSE_WAIT)
        served, used = ((), (cluster,)) if self._clients else ((cluster,), ())
        self._port.send(zdo_message(device, sequence, MatchDescReq(device, self._profile, served, used)), now)
