"""The GBCS part of a bridge: commands in, answers and alerts out, through the tunnel to the hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from emulator.core.clock import MINUTE, SECOND
from emulator.core.events import Report
from emulator.core.standards import Standards
from emulator.core.timers import Alarm
from emulator.devices.bridge_memory import MOST_ALERTS, BridgeMemory
from emulator.devices.endpoint import Endpoint
from emulator.devices.tunnel_client import TunnelClient
from emulator.gbcs.device import DeviceSettings, GbcsDevice, Reply
from emulator.gbcs.keys import EntityKeys, TrustAnchors
from emulator.ports.aps import COORDINATOR, ApsIndication, Outcome
from emulator.zigbee.clusters.definition import Side
from emulator.zigbee.clusters.tunnelling import TUNNELLING_CLUSTER, TunnelMessage, encode_tunnelling
from emulator.zigbee.frames.zcl import ZclFrame

FIND_INTERVAL: Final = 2 * MINUTE
"""µs between searches for a tunnel server."""
ALERT_CODE: Final = "8f8b"


class GbcsUser(Protocol):
    """The bridge."""

    def find_service(self, cluster: int, now: int) -> None:
        """Find out where the hub serves a cluster; `server_found` or `server_missing` tells."""


class BridgeGbcs:
    """What of a bridge speaks GBCS.

    Args:
        user: the bridge.
        endpoint: to send from.
        memory: counters, and alerts that the hub does not have yet.
        keys: its own; None: it speaks no GBCS.
        trust_anchors: what it holds of remote parties; None as well.
        version: gives the firmware version that runs.
        uses_tunnels: whether its endpoint is a client of the Tunnelling cluster at all.
        standards: the open questions.
        report: told of everything that happens to it.
        alarm: moved forward by every deadline.
    """

    def __init__(
        self,
        user: GbcsUser,
        endpoint: Endpoint,
        memory: BridgeMemory,
        keys: EntityKeys | None,
        trust_anchors: TrustAnchors | None,
        version: Callable[[], int],
        uses_tunnels: bool,
        standards: Standards,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self._user = user
        self._endpoint = endpoint
        self._memory = memory
        self._keys = keys
        self._trust_anchors = trust_anchors
        self._version = version
        self._report = report
        self._alarm = alarm
        self._settings = device_settings(standards)
        self._find_at: int | None = None
        self._sending: dict[int, TunnelMessage] = {}
        self._server_endpoint = 1
        self.tunnel: TunnelClient | None = None
        if uses_tunnels and standards.word("gbcs_transport") == "tunnelling":
            interval = round(standards.amount("gbcs_get_interval") * SECOND)
            self.tunnel = TunnelClient(self, interval, standards.number("tunnel_max_transfer"), report, alarm)

    @property
    def speaks(self) -> bool:
        """Whether it can raise alerts and answer commands."""
        return self.tunnel is not None and self._keys is not None and self._trust_anchors is not None

    # Life

    def start(self, now: int) -> None:
        """On the network: raise what is to be raised, and look for the hub's tunnels."""
        self._raise_alert(now)
        if self.tunnel is None:
            return
        for alert in self._memory.state.alerts:
            self.tunnel.put(alert, now)
        self._user.find_service(TUNNELLING_CLUSTER, now)

    def stop(self, now: int) -> None:
        """Off the air; alerts that the hub does not have are kept, anything else is lost."""
        self._find_at = None
        self._sending.clear()
        if self.tunnel is not None:
            self.tunnel.stop(now)

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        at = self._find_at
        tunnel_at = None if self.tunnel is None else self.tunnel.timers.next_timeout()
        if at is None or tunnel_at is None:
            return tunnel_at if at is None else at
        return min(at, tunnel_at)

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        if self._find_at is not None and self._find_at <= now:
            self._find_at = None
            self._user.find_service(TUNNELLING_CLUSTER, now)
        if self.tunnel is not None:
            self.tunnel.on_timeout(now)

    # What the hub says

    def server_found(self, endpoint: int, now: int) -> None:
        """The hub serves tunnels."""
        self._server_endpoint = endpoint
        if self.tunnel is not None:
            self.tunnel.server_found(now)

    def server_missing(self, now: int) -> None:
        """It does not, or did not say: look again later."""
        self._find_at = now + FIND_INTERVAL
        self._alarm.by(self._find_at)

    def received(self, message: ApsIndication, frame: ZclFrame, now: int) -> bool:
        """A command of the Tunnelling cluster; False where we are no client of it."""
        if self.tunnel is None:
            return False
        if message.source != COORDINATOR or not message.link_key:
            reason = "unprotected" if message.source == COORDINATOR else "not-the-hub"
            self._report("gbcs.refused", reason, {"from": f"{message.source:04x}"}, now)
        else:
            self.tunnel.received(frame.command, frame.payload, now)
        return True

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message, if it was one of ours."""
        message = self._sending.pop(handle, None)
        if message is not None and self.tunnel is not None:
            self.tunnel.sent(message, outcome, now)

    # What the tunnel says

    def send_tunnelling(self, message: TunnelMessage, now: int) -> None:
        """Send a message to the tunnel server."""
        command, payload = encode_tunnelling(message, Side.SERVER)
        sequence = self._endpoint.next_sequence()
        frame = ZclFrame(True, False, sequence, command, payload, disable_default_response=True)
        handle = self._endpoint.send(
            COORDINATOR, self._server_endpoint, TUNNELLING_CLUSTER, frame, now, link_key=True
        )  # fmt: skip
        self._sending[handle] = message

    def gbcs_received(self, octets: bytes, now: int) -> None:
        """A GBCS command came."""
        device = self._device()
        if device is None or self.tunnel is None:
            self._report("gbcs.refused", "no-keys", {"octets": len(octets)}, now)
            return
        answer = device.receive(octets, now)
        if device.counters != self._memory.state.counters:
            self._memory.change(counters=device.counters)
        if isinstance(answer, Reply):
            code = answer.command.header.message_code
            self._report("gbcs.answered", None, {"message_code": f"{code:04x}"}, now)
            self.tunnel.put(answer.octets, now)
        else:
            self._report("gbcs.refused", answer.reason.value, {"detail": answer.detail}, now)

    def gbcs_settled(self, octets: bytes, _now: int) -> None:
        """The hub has a message: an alert need not be kept any longer."""
        alerts = self._memory.state.alerts
        if octets in alerts:
            self._memory.change(alerts=tuple(alert for alert in alerts if alert != octets))

    # Alerts

    def _raise_alert(self, now: int) -> None:
        """Make the alert about an activation that is over; its counter is taken in the same write that keeps it."""
        state = self._memory.state
        activation = state.unreported
        if activation is None:
            for alert in state.alerts:
                self._report("gbcs.alert", "sent-again", {"alert_code": ALERT_CODE, "octets": alert.hex()}, now)
            return
        device = self._device() if self.speaks else None
        if device is None:
            self._memory.change(unreported=None)
            self._report("gbcs.alert-withheld", "no-gbcs-transport", {"alert_code": ALERT_CODE}, now)
            return
        alert = device.firmware_activation_alert(
            activation.running, activation.result, activation.at, activation.attempted
        )
        alerts = (*state.alerts, alert)[-MOST_ALERTS:]
        self._memory.change(unreported=None, alerts=alerts, counters=device.counters)
        self._report("gbcs.alert", None, {"alert_code": ALERT_CODE, "octets": alert.hex()}, now)

    def _device(self) -> GbcsDevice | None:
        if self._keys is None or self._trust_anchors is None:
            return None
        return GbcsDevice(self._keys, self._trust_anchors, self._version, self._settings, self._memory.state.counters)


def device_settings(standards: Standards) -> DeviceSettings:
    """How the standards of a run read what GBCS leaves open."""
    failed = standards.word("cs09_version_on_failure") == "failed"
    return DeviceSettings(
        cs08_repeats=standards.on("cs08_repeats"), cs09_version_on_failure="failed" if failed else "running"
    )
