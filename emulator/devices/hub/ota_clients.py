"""The OTA clients of a HAN: on which endpoint each of them is, and what the hub has on its way to them."""

from __future__ import annotations

from typing import Final

from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.standards import Standards
from emulator.devices.endpoint import Endpoint
from emulator.ports.aps import BROADCAST_RX_ON, ApsIndication, ApsPort
from emulator.zigbee.clusters.ota import OTA_CLUSTER
from emulator.zigbee.frames.zcl import ZclFrame

_ALL_ENDPOINTS: Final = 0xFF
_USUAL_ENDPOINT: Final = 1


class OtaClients:
    """Those of one hub.

    Args:
        port: its stack.
        endpoint: to send from.
        standards: the open questions.
        report: told of what cannot be sent, and of what is not listened to.
    """

    def __init__(self, port: ApsPort, endpoint: Endpoint, standards: Standards, report: Report) -> None:
        self._port = port
        self._endpoint = endpoint
        self._report = report
        self._link_key = standards.on("ota_aps_security")
        self._acknowledge = standards.on("ota_aps_acks")
        self._endpoint_of: dict[int, int] = {}
        self._sending: dict[int, tuple[Eui64, int]] = {}

    def found(self, short: int, endpoint: int) -> None:
        """The client of the device with that short address is on that endpoint."""
        self._endpoint_of[short] = endpoint

    def endpoint_of(self, short: int) -> int:
        """Where it was found last; the usual one before."""
        return self._endpoint_of.get(short, _USUAL_ENDPOINT)

    def trusted(self, device: Eui64, message: ApsIndication, now: int) -> bool:
        """Whether a client is listened to: only under the link key, where that is asked for."""
        if self._link_key and not message.link_key:
            self._report("ota.server.dropped", "unprotected", {"device": eui64_text(device)}, now)
            return False
        return True

    def stop(self) -> None:
        """Off the air: nothing is on its way."""
        self._sending.clear()

    def send(self, client: int | None, frame: ZclFrame, now: int) -> None:
        """Send a frame to a client by its address, or to all of them."""
        if client is None:
            self._endpoint.send(BROADCAST_RX_ON, _ALL_ENDPOINTS, OTA_CLUSTER, frame, now, acknowledge=False)
            return
        short = self._port.short_of(Eui64(client))
        if short is None:
            self._report("ota.server.dropped", "unknown-device", {"device": f"{client:016x}"}, now)
            return
        handle = self._endpoint.send(
            short, self._endpoint_of.get(short, _USUAL_ENDPOINT), OTA_CLUSTER, frame, now,
            acknowledge=self._acknowledge, link_key=self._link_key,
        )  # fmt: skip
        self._sending[handle] = (Eui64(client), frame.sequence)

    def sent(self, handle: int) -> tuple[Eui64, int] | None:
        """To whom a message went and with which sequence number; None if it was none of these."""
        return self._sending.pop(handle, None)
