"""The GBCS part of a bridge: commands in, answers and alerts out, through the tunnel to the hub."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

from emulator.core.clock import MINUTE, SECOND, date_at
from emulator.core.events import Report
from emulator.core.standards import Standards
from emulator.core.timers import Alarm
from emulator.devices.bridge.memory import MOST_ALERTS, BridgeMemory
from emulator.devices.endpoint import Endpoint
from emulator.devices.profile import JoinerProfile
from emulator.devices.tunnel.client import TunnelClient
from emulator.gbcs.device.catalogue import DeviceParts, use_cases
from emulator.gbcs.device.firmware import activation_alert
from emulator.gbcs.device.gbcs_device import GbcsDevice, Reply
from emulator.gbcs.device.identity import DeviceIdentity
from emulator.gbcs.device.security_log import SecurityLog
from emulator.gbcs.device.settings import DeviceSettings
from emulator.gbcs.device.state import DeviceState
from emulator.gbcs.message import Message
from emulator.gbcs.message_codes import message_code_text
from emulator.gbcs.refusal import Refusal
from emulator.gbcs.use_cases import cs09
from emulator.ports.aps import COORDINATOR, ApsIndication, Outcome
from emulator.zigbee.clusters.definition import Side
from emulator.zigbee.clusters.tunnelling import TUNNELLING, TUNNELLING_CLUSTER, TunnelMessage, encode_tunnelling
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
        memory: credentials, counters, the security log, and alerts that the hub does not have yet.
        identity: what it was made with; None: it speaks no GBCS.
        version: gives the firmware version that runs.
        profile: says which use cases it takes, and whether it is a client of the Tunnelling cluster at all.
        standards: the open questions.
        epoch: the date of `now` = 0.
        report: told of everything that happens to it.
        alarm: moved forward by every deadline.
    """

    def __init__(
        self,
        user: GbcsUser,
        endpoint: Endpoint,
        memory: BridgeMemory,
        identity: DeviceIdentity | None,
        version: Callable[[], int],
        profile: JoinerProfile,
        standards: Standards,
        epoch: datetime,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self._user = user
        self._endpoint = endpoint
        self._memory = memory
        self._identity = identity
        self._version = version
        self._use_cases = profile.gbcs.use_cases
        self._epoch = epoch
        self._report = report
        self._alarm = alarm
        self._settings = device_settings(standards)
        self._device: GbcsDevice | None = None
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
        return self.tunnel is not None and self._identity is not None

    @property
    def security_log(self) -> SecurityLog:
        """What was refused, why, and when; it outlives restarts."""
        return self._memory.security_log

    # Life

    def boot(self) -> None:
        """Power is back: memory alone says what it knows."""
        self._device = None

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
        """A command of the Tunnelling cluster; False where we are no client of it, or a client takes none such."""
        if self.tunnel is None or TUNNELLING.command(frame.command, Side.CLIENT) is None:
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
        if self._identity is None or self.tunnel is None:
            self._report("gbcs.refused", "no-keys", {"octets": len(octets)}, now)
            return
        device = self._gbcs_device()
        answer = device.receive(octets, now, self._date(now))
        self._keep(device, () if not isinstance(answer, Refusal) or answer.alert is None else (answer.alert,))
        if isinstance(answer, Reply):
            self._answered(answer, now)
        else:
            self._refused(answer, now)

    def _answered(self, reply: Reply, now: int) -> None:
        code = message_code_text(reply.command.header.message_code)
        for fault in reply.faults:
            self._report("gbcs.cell-refused", fault.reason, {"message_code": code, "detail": fault.detail}, now)
        self._report("gbcs.answered", None, {"message_code": code}, now)
        assert self.tunnel is not None
        self.tunnel.put(reply.octets, now)
        self._watch_dates()

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
        """Make the alert about an activation that is over; its counter is taken in the same write that keeps it."""
        state = self._memory.state
        activation = state.unreported
        if activation is None:
            for alert in state.alerts:
                self._report("gbcs.alert", "sent-again", {"alert_code": ALERT_CODE, "octets": alert.hex()}, now)
            return
        if not self.speaks:
            self._memory.change(unreported=None)
            self._report("gbcs.alert-withheld", "no-gbcs-transport", {"alert_code": ALERT_CODE}, now)
            return
        device = self._gbcs_device()
        payload = activation_alert(
            self._settings, activation.running, activation.result, activation.at, activation.attempted
        )
        alert = device.alert(cs09.MESSAGE_CODE, payload)
        self._keep(device, (alert,), unreported=None)
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
        if self._identity is None:
            return
        device = self._gbcs_device()
        while (done := device.on_date(self._date(now))) is not None:
            self._keep(device, () if done.alert is None else (done.alert,))
            code = message_code_text(done.message_code)
            for fault in done.faults:
                self._report("gbcs.cell-refused", fault.reason, {"message_code": code, "detail": fault.detail}, now)
            self._report("gbcs.executed", None, {"message_code": code}, now)
            if done.alert is not None:
                self._send_alert(done.alert, now)
        self._watch_dates()

    def _watch_dates(self) -> None:
        date = self._gbcs_device().next_date()
        self._date_at = None if date is None else (date - self._epoch) // timedelta(microseconds=1)
        if self._date_at is not None:
            self._alarm.by(self._date_at)

    # The device

    def _gbcs_device(self) -> GbcsDevice:
        """It, as memory has it."""
        if self._device is None:
            assert self._identity is not None
            parts = DeviceParts(self._identity.own_keys, self._version)
            state = self._memory.state.gbcs or self._identity.state
            taken = use_cases(self._use_cases, parts, self._settings)
            self._device = GbcsDevice(state, taken, self._settings, self._memory.security_log)
        return self._device

    def _keep(self, device: GbcsDevice, alerts: tuple[bytes, ...] = (), **values: object) -> None:
        """Store what has changed, before anything of it is sent."""
        state = self._memory.state
        if device.state is not (state.gbcs or self._made_with()) or values:
            kept = (*state.alerts, *alerts)[-MOST_ALERTS:]
            self._memory.change(gbcs=device.state, alerts=kept, **values)
        if device.security_log is not self._memory.security_log:
            self._memory.keep_log(device.security_log)

    def _made_with(self) -> DeviceState | None:
        return None if self._identity is None else self._identity.state

    def _date(self, now: int) -> datetime:
        return date_at(now, self._epoch)


def device_settings(standards: Standards) -> DeviceSettings:
    """How the standards of a run read what GBCS leaves open."""
    failed = standards.word("cs09_version_on_failure") == "failed"
    supplier = standards.word("credentials.authority") == "supplier"
    return DeviceSettings(
        cs08_repeats=standards.on("cs08_repeats"),
        cs09_version_on_failure="failed" if failed else "running",
        authority="supplier" if supplier else "acb",
        time_checks=standards.on("credentials.time_checks"),
        unsupported_alert=standards.on("unsupported_alert"),
    )
