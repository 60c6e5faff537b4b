"""The GBCS part of a hub: octets between the DCC side and its devices, none of which it can read."""

from __future__ import annotations

from collections.abc import Callable

from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.standards import Standards
from emulator.core.timers import Alarm, Timers
from emulator.devices.endpoint import Endpoint
from emulator.devices.tunnel.server import TunnelRules, TunnelServer
from emulator.ports.aps import ApsIndication, ApsPort, Outcome
from emulator.zigbee.clusters.definition import Side
from emulator.zigbee.clusters.tunnelling import TUNNELLING_CLUSTER, TunnelMessage, encode_tunnelling
from emulator.zigbee.frames.zcl import ZclFrame

Upwards = Callable[[Eui64, bytes, int], None]
"""Takes a device, the octets it sent, and `now`."""


class HubGbcs:
    """What of a hub carries GBCS.

    Args:
        port: its stack.
        endpoint: to send from.
        upwards: where messages of devices go.
        standards: the open questions.
        report: told of everything that happens.
    """

    def __init__(
        self,
        port: ApsPort,
        endpoint: Endpoint,
        upwards: Upwards,
        standards: Standards,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self._port = port
        self._endpoint = endpoint
        self._upwards = upwards
        self._report = report
        self._endpoints: dict[Eui64, int] = {}
        self._sending: dict[int, tuple[Eui64, TunnelMessage]] = {}
        put = not standards.amount("gbcs_get_interval")
        rules = TunnelRules(put, standards.number("tunnel_max_transfer"))
        self.tunnels = TunnelServer(self, rules, report, timers=Timers(alarm))

    def start(self, now: int) -> None:
        """On the network."""
        self.tunnels.resume(now)

    def stop(self) -> None:
        """Power is gone: the tunnels are lost, what waits for devices is kept."""
        self._sending.clear()
        self.tunnels.restart()

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        return self.tunnels.timers.next_timeout()

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        self.tunnels.on_timeout(now)

    def received(self, device: Eui64, message: ApsIndication, frame: ZclFrame, now: int) -> None:
        """A command of the Tunnelling cluster; DecodeError goes to the caller."""
        if not message.link_key:
            self._report("gbcs.refused", "unprotected", {"device": eui64_text(device)}, now)
            return
        self._endpoints[device] = message.source_endpoint
        self.tunnels.received(device, frame.command, frame.payload, now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message, if it was one of ours."""
        context = self._sending.pop(handle, None)
        if context is not None:
            self.tunnels.sent(*context, outcome is Outcome.DELIVERED, now)

    # What the tunnels say

    def send_tunnelling(self, device: Eui64, message: TunnelMessage, now: int) -> None:
        """Send a message to a device's tunnel client."""
        short = self._port.short_of(device)
        if short is None:
            self._report("gbcs.refused", "unknown-device", {"device": eui64_text(device)}, now)
            self.tunnels.forget(device)
            return
        command, payload = encode_tunnelling(message, Side.CLIENT)
        sequence = self._endpoint.next_sequence()
        frame = ZclFrame(True, True, sequence, command, payload, disable_default_response=True)
        endpoint = self._endpoints.get(device, 1)
        handle = self._endpoint.send(short, endpoint, TUNNELLING_CLUSTER, frame, now, link_key=True)
        self._sending[handle] = (device, message)

    def gbcs_from_device(self, device: Eui64, octets: bytes, now: int) -> None:
        """A GBCS message came up a tunnel."""
        self._report("gbcs.forwarded", None, {"device": eui64_text(device), "octets": len(octets)}, now)
        self._upwards(device, octets, now)
