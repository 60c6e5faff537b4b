"""The hub as trust centre of its HAN: a link key with every device, and nothing else for a device that has none yet."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from emulator.cbke.responder import Responder
from emulator.cbke.settings import ResponderSettings
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.standards import Standards
from emulator.core.timers import Alarm
from emulator.devices.device_log.life import Standing
from emulator.devices.endpoint import Endpoint
from emulator.devices.hub.chf import HubChf
from emulator.devices.hub.restored_devices import RestoredDevices
from emulator.devices.joining.key_establishment import (
    CLUSTERS_WITHOUT_LINK_KEY,
    KeyEstablishment,
    KeyEstablishmentMeans,
)
from emulator.ports.aps import ApsIndication, ApsPort, Outcome
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import DefaultResponse


class TrustCentre:
    """The trust centre of one HAN.

    Args:
        port: the hub's stack, which keeps the keys.
        endpoint: to send from.
        chf: has the device log.
        restored: what is to be known of a device that has shown that it holds its key.
        means: what it establishes keys with; None: devices stay under the key of their install code.
        standards: the open questions.
        rng: for ephemeral keys.
        report: told of everything that happens.
        alarm: moved forward by every deadline.
    """

    def __init__(
        self,
        port: ApsPort,
        endpoint: Endpoint,
        chf: HubChf,
        restored: RestoredDevices,
        means: KeyEstablishmentMeans | None,
        standards: Standards,
        rng: Random,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self._keys: KeyEstablishment | None = None
        self._chf = chf
        self._restored = restored
        self._report = report
        if means is not None:
            machine = Responder(means.credentials, rng, _settings(means, standards), alarm)
            endpoint.open_clusters = means.open_clusters
            self._keys = KeyEstablishment(port, endpoint, machine, self, means.computer, report)

    def stop(self, now: int) -> None:
        """Off the air."""
        if self._keys is not None:
            self._keys.stop(now)

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        return None if self._keys is None else self._keys.next_timeout()

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        if self._keys is not None:
            self._keys.on_timeout(now)

    # What devices say

    def admits(self, message: ApsIndication, now: int) -> bool:
        """A message came from the HAN; False where its sender needs a link key of its own for that, and has none."""
        keys = self._keys
        if keys is None:
            return True
        keys.heard(message, now)
        device = message.source_eui64
        if message.destination_endpoint == 0 or message.cluster in CLUSTERS_WITHOUT_LINK_KEY or device is None:
            return True
        if self._chf.log.standing(device) is Standing.TRUSTED:
            return True
        fields: dict[str, object] = {"from": f"{message.source:04x}", "cluster": f"{message.cluster:04x}"}
        self._report("trust.dropped", "key-not-established", fields, now)
        return False

    def received(self, message: ApsIndication, frame: ZclFrame, now: int) -> bool:
        """A command of the Key Establishment cluster; False where it is not for us."""
        return self._keys is not None and self._keys.received(message, frame, now)

    def default_response(self, message: ApsIndication, response: DefaultResponse, now: int) -> None:
        """A ZCL Default Response in that cluster."""
        if self._keys is not None:
            self._keys.default_response(message, response, now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> bool:
        """What became of a message; False if it was none of ours."""
        return self._keys is not None and self._keys.sent(handle, outcome, now)

    # What key establishment says

    def key_established(self, partner: Eui64, link_key: bytes, now: int) -> None:
        """A device has a link key of its own; the stack has it already."""
        self._chf.carry_out(self._chf.log.key_established(partner, link_key, now), now)
        self._restored.classify(now)

    def key_establishment_failed(self, partner: Eui64, reason: str, retry_at: int | None, now: int) -> None:
        """The device may try again; the log's time limit puts it out if it never succeeds."""


def _settings(means: KeyEstablishmentMeans, standards: Standards) -> ResponderSettings:
    return replace(
        ResponderSettings.of(standards),
        ephemeral_seconds=means.ephemeral_seconds,
        confirm_seconds=means.confirm_seconds,
        epoch=means.epoch,
    )
