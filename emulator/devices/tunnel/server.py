"""The hub's end of the GBCS tunnels: one for each device, with what waits for it.

One message at a time is under way to a device; it leaves the queue when it has arrived, and goes back to its head where
the device then says that it knows no such tunnel.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Protocol

from emulator.core.clock import SECOND
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.timers import Timers
from emulator.zigbee.clusters.definition import Side
from emulator.zigbee.clusters.gbcs_transport import Get, GetResponse, Put, decode_transfer, encode_transfer
from emulator.zigbee.clusters.tunnelling import (
    GB_HRGP,
    TRANSFER_HEADER_OCTETS,
    CloseTunnel,
    RequestTunnel,
    RequestTunnelResponse,
    TransferData,
    TransferDataError,
    TransferStatus,
    TunnelClosureNotification,
    TunnelMessage,
    TunnelStatus,
    decode_tunnelling,
)

MOST_WAITING: Final = 16
"""Messages that wait for one device at most."""
SUB_COMMAND_OCTETS: Final = 2
RETRY_PAUSE: Final = 10 * SECOND
"""µs until a PUT that did not arrive is sent again."""
CLOSE_TIMEOUT_S: Final = 0xFFFF
"""Seconds of silence after which a tunnel is closed: the default of the attribute CloseTunnelTimeout."""
NO_TUNNEL: Final = 0xFFFF

_MOST_REMAINING: Final = 0xFF
_RETRY: Final = "retry"
_IDLE: Final = "idle"


class TunnelServerUser(Protocol):
    """The hub."""

    def send_tunnelling(self, device: Eui64, message: TunnelMessage, now: int) -> None:
        """Send a message to a device's tunnel client; `TunnelServer.sent` tells of it by the same object."""

    def gbcs_from_device(self, device: Eui64, octets: bytes, now: int) -> None:
        """A GBCS message came from a device."""


@dataclass(slots=True)
class _Tunnel:
    """One tunnel.

    Attributes:
        takes: octets of the largest transfer that the client takes.
        heard_at: µs; when something last came or went.
        under_way: what is being sent of the queue's head.
        arrived: the message that arrived last, until it is certain that the client took it.
        asked: a GET came while something was under way.
    """

    identifier: int
    device: Eui64
    takes: int
    heard_at: int
    under_way: TransferData | None = None
    arrived: bytes | None = None
    asked: bool = False


@dataclass(frozen=True, slots=True)
class TunnelRules:
    """How a hub keeps its tunnels.

    Attributes:
        put: send at once instead of waiting for a GET.
        max_transfer: octets of the largest transfer.
        close_timeout: µs of silence after which a tunnel is closed; 0xFFFF s is the attribute's default.
    """

    put: bool
    max_transfer: int
    close_timeout: int = CLOSE_TIMEOUT_S * SECOND


@dataclass(slots=True)
class TunnelServer:
    """Every tunnel of one hub.

    Attributes:
        waiting: messages for devices; survives a restart with the object that holds it.
        timers: retries, and tunnels that are silent.
    """

    user: TunnelServerUser
    rules: TunnelRules
    report: Report
    waiting: dict[Eui64, deque[bytes]] = field(default_factory=dict)
    timers: Timers[tuple[str, Eui64]] = field(default_factory=Timers)
    _tunnels: dict[Eui64, _Tunnel] = field(default_factory=dict)
    _lost: dict[Eui64, int] = field(default_factory=dict)
    _next: int = 1

    # What the hub does

    def deliver(self, device: Eui64, octets: bytes, now: int) -> None:
        """Keep a message for a device until it asks, or send it if the hub may."""
        queue = self.waiting.setdefault(device, deque())
        allowed = self.rules.max_transfer - TRANSFER_HEADER_OCTETS - SUB_COMMAND_OCTETS
        if len(octets) > allowed:
            self._refuse(device, "message-too-long", {"octets": len(octets), "allowed": allowed}, now)
        elif len(queue) >= MOST_WAITING:
            self._refuse(device, "queue-full", {"allowed": MOST_WAITING}, now)
        else:
            queue.append(octets)
            self._push(device, now)

    def restart(self) -> None:
        """Power went: the tunnels are gone, what waits for devices is kept."""
        self._lost |= {device: tunnel.identifier for device, tunnel in self._tunnels.items()}
        self._tunnels.clear()
        self.timers.clear()

    def resume(self, now: int) -> None:
        """Power is back.

        Where devices do not ask, nobody would find out that the tunnels are gone: they are told so.
        """
        lost, self._lost = self._lost, {}
        if self.rules.put:
            for device, identifier in lost.items():
                self.user.send_tunnelling(device, TunnelClosureNotification(identifier), now)

    def forget(self, device: Eui64) -> None:
        """A device went, or has a new tunnel: the old one is gone."""
        self._tunnels.pop(device, None)
        self.timers.cancel((_RETRY, device))
        self.timers.cancel((_IDLE, device))

    def sent(self, device: Eui64, message: TunnelMessage, delivered: bool, now: int) -> None:
        """What became of a message of ours: what did not arrive stays first in the queue."""
        tunnel = self._tunnels.get(device)
        if tunnel is None or message is not tunnel.under_way:
            return
        tunnel.under_way = None
        if delivered:
            tunnel.arrived = self.waiting[device].popleft()
        elif self.rules.put:
            self.timers.set((_RETRY, device), now + RETRY_PAUSE)
        if tunnel.asked:
            tunnel.asked = False
            self._answer(tunnel, now)
        elif delivered:
            self._push(device, now)

    def on_timeout(self, now: int) -> None:
        """Whatever is due."""
        for key, device in self.timers.due(now):
            if key == _RETRY:
                self._push(device, now)
            else:
                self._close_if_silent(device, now)

    # What devices say

    def received(self, device: Eui64, command: int, payload: bytes, now: int) -> None:
        """A command of the cluster; DecodeError goes to the caller."""
        message = decode_tunnelling(command, payload, Side.SERVER)
        if isinstance(message, RequestTunnel):
            self._request(device, message, now)
            return
        tunnel = self._tunnels.get(device)
        if tunnel is None or tunnel.identifier != message.tunnel:
            self._unknown(device, message, now)
            return
        tunnel.heard_at = now
        if isinstance(message, TransferData):
            self._transfer(tunnel, message, now)
        elif isinstance(message, CloseTunnel):
            self.report("gbcs.tunnel", "closed-by-client", {"device": eui64_text(device)}, now)
            self.forget(device)
        elif isinstance(message, TransferDataError):
            self._trouble(tunnel, message, now)

    def _request(self, device: Eui64, request: RequestTunnel, now: int) -> None:
        status = TunnelStatus.SUCCESS
        if request.protocol != GB_HRGP:
            status = TunnelStatus.PROTOCOL_NOT_SUPPORTED
        elif request.flow_control:
            status = TunnelStatus.FLOW_CONTROL_NOT_SUPPORTED
        identifier = NO_TUNNEL
        if status is TunnelStatus.SUCCESS:
            self.forget(device)
            identifier = self._next
            self._next = self._next % (NO_TUNNEL - 1) + 1
            self._tunnels[device] = _Tunnel(identifier, device, request.maximum_transfer, now)
            self.timers.set((_IDLE, device), now + self.rules.close_timeout)
        else:
            reason = status.name.lower().replace("_", "-")
            self.report("gbcs.tunnel", reason, {"device": eui64_text(device)}, now)
        response = RequestTunnelResponse(identifier, status, self.rules.max_transfer)
        self.user.send_tunnelling(device, response, now)

    def _unknown(self, device: Eui64, message: TunnelMessage, now: int) -> None:
        self.report("gbcs.tunnel", "no-such-tunnel", {"device": eui64_text(device)}, now)
        if isinstance(message, TransferData):
            error = TransferDataError(message.tunnel, TransferStatus.NO_SUCH_TUNNEL)
            self.user.send_tunnelling(device, error, now)

    def _transfer(self, tunnel: _Tunnel, message: TransferData, now: int) -> None:
        device = tunnel.device
        if len(message.data) + TRANSFER_HEADER_OCTETS > self.rules.max_transfer:
            self._refuse(device, "message-too-long", {"octets": len(message.data)}, now)
            error = TransferDataError(message.tunnel, TransferStatus.DATA_OVERFLOW)
            self.user.send_tunnelling(device, error, now)
            return
        try:
            transfer = decode_transfer(message.data)
        except DecodeError as problem:
            self._refuse(device, "undecodable", {"error": str(problem)}, now)
            return
        if isinstance(transfer, Put):
            self.user.gbcs_from_device(device, transfer.message, now)
        elif not isinstance(transfer, Get):
            self._refuse(device, "response-from-client", {}, now)
        elif tunnel.under_way is not None:
            tunnel.asked = True
        else:
            self._answer(tunnel, now)

    def _trouble(self, tunnel: _Tunnel, error: TransferDataError, now: int) -> None:
        """The client did not take the last message."""
        device = tunnel.device
        arrived, tunnel.arrived = tunnel.arrived, None
        if error.status == TransferStatus.DATA_OVERFLOW:
            if arrived is None and tunnel.under_way is not None:
                tunnel.under_way = None
                self.waiting[device].popleft()
            self._refuse(device, "message-too-long", {"by": "client"}, now)
            self._push(device, now)
            return
        self.report("gbcs.tunnel", "lost-by-client", {"device": eui64_text(device)}, now)
        if arrived is not None:
            self.waiting[device].appendleft(arrived)
        self.forget(device)

    # Sending

    def _answer(self, tunnel: _Tunnel, now: int) -> None:
        """GET-RESPONSE with the first message that fits, or an empty one."""
        tunnel.arrived = None
        queue = self._fitting(tunnel, now)
        response = GetResponse(min(len(queue) - 1, _MOST_REMAINING), queue[0]) if queue else GetResponse(0, b"")
        message = TransferData(tunnel.identifier, encode_transfer(response))
        tunnel.under_way = message if queue else None
        self.user.send_tunnelling(tunnel.device, message, now)

    def _push(self, device: Eui64, now: int) -> None:
        """PUT the first message, where the hub may and nothing is under way."""
        tunnel = self._tunnels.get(device)
        if not self.rules.put or tunnel is None or tunnel.under_way is not None:
            return
        queue = self._fitting(tunnel, now)
        if queue:
            tunnel.arrived = None
            tunnel.heard_at = now
            tunnel.under_way = TransferData(tunnel.identifier, encode_transfer(Put(queue[0])))
            self.user.send_tunnelling(device, tunnel.under_way, now)

    def _fitting(self, tunnel: _Tunnel, now: int) -> deque[bytes]:
        """The device's queue, with a message at its head that the client takes."""
        queue = self.waiting.setdefault(tunnel.device, deque())
        allowed = tunnel.takes - TRANSFER_HEADER_OCTETS - SUB_COMMAND_OCTETS
        while queue and len(queue[0]) > allowed:
            self._refuse(tunnel.device, "message-too-long", {"octets": len(queue.popleft()), "allowed": allowed}, now)
        return queue

    def _close_if_silent(self, device: Eui64, now: int) -> None:
        tunnel = self._tunnels.get(device)
        if tunnel is None:
            return
        silent_at = tunnel.heard_at + self.rules.close_timeout
        if now < silent_at:
            self.timers.set((_IDLE, device), silent_at)
            return
        self.forget(device)
        self.report("gbcs.tunnel", "silent", {"device": eui64_text(device)}, now)
        self.user.send_tunnelling(device, TunnelClosureNotification(tunnel.identifier), now)

    def _refuse(self, device: Eui64, reason: str, fields: dict[str, object], now: int) -> None:
        self.report("gbcs.refused", reason, {"device": eui64_text(device), **fields}, now)
