"""The GBCS part of a bridge: commands in, answers and alerts out, through the tunnel to the hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from emulator.core.clock import MINUTE, SECOND
from emulator.core.events import Report
from emulator.core.standards import Standards
from emulator.core.timers import Alarm
from emulator.devices.bridge.memory import BridgeMemory
from emulator.devices.bridge.stored_device import StoredDevice
from emulator.devices.endpoint import Endpoint
from emulator.devices.profile import JoinerProfile
from emulator.devices.tunnel.client import TunnelClient
from emulator.gbcs.device.gbcs_device import Reply
from emulator.gbcs.device.security_log import SecurityLog
from emulator.gbcs.device.use_case import Fault
from emulator.gbcs.message import Message
from emulator.gbcs.message_codes import message_code_text
from emulator.gbcs.refusal import Refusal
from emulator.ports.aps import COORDINATOR, ApsIndication, Outcome
from emulator.zigbee.clusters.definition import Side
from emulator.zigbee.clusters.tunnelling import TUNNELLING, TUNNELLING_CLUSTER, TunnelMessage, encode_tunnelling
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import DefaultResponse

FIND_INTERVAL: Final = 2 * MINUTE
"""µs between searches for a tunnel server."""
ALERT_CODE: Final = "8f8b"


class GbcsUser(Protocol):
    """Searches for it."""

    def find_service(self, cluster: int, now: int) -> None:
        """Find out where the hub serves a cluster; `server_found` or `server_missing` tells."""


class BridgeGbcs:
    """What of a bridge speaks GBCS.

    Args:
        user: searches for the hub's tunnels.
        endpoint: to send from.
        memory: an activation that is to be told of, and alerts that the hub does not have yet.
        device: reads Commands and makes Responses and alerts; None: it was made without keys.
        profile: says whether it is a client of the Tunnelling cluster at all.
        standards: the open questions.
        report: told of everything that happens to it.
        alarm: moved forward by every deadline.
    """

    def __init__(
        self,
        user: GbcsUser,
        endpoint: Endpoint,
        memory: BridgeMemory,
        device: StoredDevice | None,
        profile: JoinerProfile,
        standards: Standards,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self._user = user
        self._endpoint = endpoint
        self._memory = memory
        self._report = report
        self._alarm = alarm
        self._device = device
        self._date_at: int | None = None
        self._find_at: int | None = None
        self._sending: dict[int, TunnelMessage] = {}
        self._server_endpoint = 1
        self.tunnel: TunnelClient | None = None
        uses_tunnels = TUNNELLING_CLUSTER in profile.endpoint.out_clusters
        if uses_tunnels and standards.word("gbcs_transport") == "tunnelling":
            interval = round(standards.amount("gbcs_get_interval") * SECOND)
            self.tunnel = TunnelClient(self, interval, standards.number("tunnel_max_transfer"), report, alarm)

    @property
    def speaks(self) -> bool:
        """Whether it can raise alerts and answer commands."""
        return self.tunnel is not None and self._device is not None

    @property
    def security_log(self) -> SecurityLog:
        """What was refused, why, and when; it outlives restarts."""
        return self._memory.security_log

    # Life

    def boot(self) -> None:
        """Power is back: memory alone says what it knows."""
        if self._device is not None:
            self._device.boot()

    def start(self, now: int) -> None:
        """On the network: raise what is to be raised, and look for the hub's tunnels."""
        self._raise_alert(now)
        if self.tunnel is None:
            return
        self._act_on_dates(now)
        for alert in self._memory.state.alerts:
            self.tunnel.put(alert, now)
        self._user.find_service(TUNNELLING_CLUSTER, now)

    def stop(self, now: int) -> None:
        """Off the air; alerts that the hub does not have are kept, anything else is lost."""
        self._find_at = self._date_at = None
        self._sending.clear()
        if self.tunnel is not None:
            self.tunnel.stop(now)

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        tunnel_at = None if self.tunnel is None else self.tunnel.timers.next_timeout()
        return min((at for at in (self._find_at, self._date_at, tunnel_at) if at is not None), default=None)

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        if self._find_at is not None and self._find_at <= now:
            self._find_at = None
            self._user.find_service(TUNNELLING_CLUSTER, now)
        if self._date_at is not None and self._date_at <= now:
            self._act_on_dates(now)
        if self.tunnel is not None:
            self.tunnel.on_timeout(now)

    # What the hub says

    def server_found(self, _cluster: int, endpoint: int, now: int) -> None:
        """The hub serves tunnels."""
        self._server_endpoint = endpoint
        if self.tunnel is not None:
            self.tunnel.server_found(now)

    def server_missing(self, _cluster: int, _reason: str, now: int) -> None:
        """It does not, or did not say: look again later."""
        self._find_at = now + FIND_INTERVAL
        self._alarm.by(self._find_at)

    def received(self, message: ApsIndication, frame: ZclFrame, now: int) -> bool:
        """A command of the Tunnelling cluster; False where we are no client of it, or a client takes none such."""
        if not frame.server_to_client or self.tunnel is None:
            return False
        if TUNNELLING.command(frame.command, Side.CLIENT) is None:
            return False
        if message.source != COORDINATOR or not message.link_key:
            reason = "unprotected" if message.source == COORDINATOR else "not-the-hub"
            self._report("gbcs.refused", reason, {"from": f"{message.source:04x}"}, now)
        else:
            self.tunnel.received(frame.command, frame.payload, now)
        return True

    def default_response(self, message: ApsIndication, frame: ZclFrame, response: DefaultResponse, now: int) -> None:
        """The tunnel goes by the answers of its own cluster, and by what does not come."""

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
        if self._device is None:
            self._report("gbcs.refused", "no-keys", {"octets": len(octets)}, now)
            return
        answer = self._device.receive(octets, now)
        if isinstance(answer, Reply):
            self._answered(self._device, answer, now)
        else:
            self._refused(answer, now)

    def _answered(self, device: StoredDevice, reply: Reply, now: int) -> None:
        code = message_code_text(reply.command.header.message_code)
        self._tell_faults(code, reply.faults, now)
        self._report("gbcs.answered", None, {"message_code": code}, now)
        assert self.tunnel is not None
        self.tunnel.put(reply.octets, now)
        self._watch_dates(device)

    def _tell_faults(self, message_code: str, faults: Sequence[Fault], now: int) -> None:
        for fault in faults:
            fields: dict[str, object] = {"message_code": message_code, "detail": fault.detail}
            self._report("gbcs.cell-refused", fault.reason, fields, now)

    def _refused(self, refusal: Refusal, now: int) -> None:
        fields: dict[str, object] = {"detail": refusal.detail}
        if refusal.message is not None:
            fields["message_code"] = message_code_text(refusal.message.header.message_code)
            fields["originator_counter"] = refusal.message.header.originator_counter
        self._report("gbcs.refused", refusal.reason.value, fields, now)
        if refusal.alert is not None:
            self._send_alert(refusal.alert, now)

    def gbcs_settled(self, octets: bytes, _now: int) -> None:
        """The hub has a message: an alert need not be kept any longer."""
        alerts = self._memory.state.alerts
        if octets in alerts:
            self._memory.change(alerts=tuple(alert for alert in alerts if alert != octets))

    # Alerts

    def _raise_alert(self, now: int) -> None:
        """Make the alert about an activation that is over."""
        state = self._memory.state
        activation = state.unreported
        if activation is None:
            for alert in state.alerts:
                self._report("gbcs.alert", "sent-again", {"alert_code": ALERT_CODE, "octets": alert.hex()}, now)
            return
        if self.tunnel is None or self._device is None:
            self._memory.change(unreported=None)
            self._report("gbcs.alert-withheld", "no-gbcs-transport", {"alert_code": ALERT_CODE}, now)
            return
        alert = self._device.alert_about(activation)
        self._report("gbcs.alert", None, {"alert_code": ALERT_CODE, "octets": alert.hex()}, now)

    def _send_alert(self, alert: bytes, now: int) -> None:
        """One that is kept already, of a kind that is not about an activation."""
        code = message_code_text(Message.decode(alert).header.message_code)
        self._report("gbcs.alert", None, {"message_code": code, "octets": alert.hex()}, now)
        if self.tunnel is not None:
            self.tunnel.put(alert, now)

    # Future-dated Commands

    def _act_on_dates(self, now: int) -> None:
        """Do what has fallen due, also while the power was off."""
        if self._device is None:
            return
        while (done := self._device.execute_due(now)) is not None:
            code = message_code_text(done.message_code)
            self._tell_faults(code, done.faults, now)
            self._report("gbcs.executed", None, {"message_code": code}, now)
            if done.alert is not None:
                self._send_alert(done.alert, now)
        self._watch_dates(self._device)

    def _watch_dates(self, device: StoredDevice) -> None:
        self._date_at = device.next_due()
        if self._date_at is not None:
            self._alarm.by(self._date_at)
