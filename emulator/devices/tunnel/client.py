"""The bridge's end of the GBCS tunnel: opens it, fetches what the hub holds, hands over responses and alerts.

One message at a time is under way.  One that arrived counts as handed over only when no error has followed for a
moment: a hub that has restarted takes it from the air, and then says that it knows no such tunnel.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Final, Protocol

from emulator.core.clock import SECOND
from emulator.core.errors import DecodeError
from emulator.core.events import Report
from emulator.core.table import Row, Table
from emulator.core.timers import Alarm, Timers
from emulator.ports.aps import Outcome
from emulator.zigbee.clusters.definition import Side
from emulator.zigbee.clusters.gbcs_transport import Get, GetResponse, Put, decode_transfer, encode_transfer
from emulator.zigbee.clusters.tunnelling import (
    TRANSFER_HEADER_OCTETS,
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

RESPONSE_WAIT: Final = 5 * SECOND
RETRY_PAUSE: Final = 10 * SECOND
SETTLING: Final = 5 * SECOND
"""µs without an error after which a message that arrived counts as handed over."""
SUB_COMMAND_OCTETS: Final = 1
MOST_WAITING: Final = 16
"""Messages that wait for the hub at most."""


class TunnelState(Enum):
    """Where the tunnel stands."""

    CLOSED = "closed"
    REQUESTED = "requested"
    OPEN = "open"
    PAUSING = "pausing"


class TunnelEvent(Enum):
    """What happens to it."""

    SERVER_FOUND = "server-found"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    LOST = "lost"
    TIMEOUT = "timeout"
    SEND_FAILED = "send-failed"
    STOPPED = "stopped"


class TunnelAction(Enum):
    """What it does."""

    REQUEST = "request"
    OPENED = "opened"
    PAUSE = "pause"
    FORGET = "forget"


S, E, A = TunnelState, TunnelEvent, TunnelAction

TRANSITIONS: Final[Table[TunnelState, TunnelEvent, TunnelAction]] = {
    S.CLOSED: {
        E.SERVER_FOUND: Row(A.REQUEST, S.REQUESTED),
        E.STOPPED: Row(A.FORGET, S.CLOSED),
    },
    S.REQUESTED: {
        E.ACCEPTED: Row(A.OPENED, S.OPEN),
        E.REFUSED: Row(A.PAUSE, S.PAUSING),
        E.TIMEOUT: Row(A.PAUSE, S.PAUSING),
        E.SEND_FAILED: Row(A.PAUSE, S.PAUSING),
        E.STOPPED: Row(A.FORGET, S.CLOSED),
    },
    S.PAUSING: {
        E.TIMEOUT: Row(A.REQUEST, S.REQUESTED),
        E.STOPPED: Row(A.FORGET, S.CLOSED),
    },
    S.OPEN: {
        E.LOST: Row(A.REQUEST, S.REQUESTED),
        E.SEND_FAILED: Row(A.PAUSE, S.PAUSING),
        E.STOPPED: Row(A.FORGET, S.CLOSED),
    },
}
"""What has no row changes nothing."""


class _Timer(Enum):
    STEP = "step"
    GET = "get"
    SETTLE = "settle"


class TunnelClientUser(Protocol):
    """The bridge."""

    def send_tunnelling(self, message: TunnelMessage, now: int) -> None:
        """Send a message to the tunnel server; `TunnelClient.sent` tells of it by the same object."""

    def gbcs_received(self, octets: bytes, now: int) -> None:
        """A GBCS message came."""

    def gbcs_settled(self, octets: bytes, now: int) -> None:
        """A message given to `put` is with the hub, or was refused for good: it need not be kept."""


class TunnelClient:
    """The tunnel of one bridge.

    Args:
        user: the bridge.
        get_interval: µs between GETs; 0: the hub may PUT, and is asked once only.
        max_transfer: octets of the largest transfer.
        report: told of what is refused or lost.
        alarm: moved forward by every deadline.
    """

    def __init__(
        self,
        user: TunnelClientUser,
        get_interval: int,
        max_transfer: int,
        report: Report,
        alarm: Alarm | None = None,
    ) -> None:
        self.state = TunnelState.CLOSED
        self.timers: Timers[_Timer] = Timers(alarm)
        self._user = user
        self._get_interval = get_interval
        self._max_transfer = max_transfer
        self._report = report
        self._tunnel = 0
        self._server_takes = max_transfer
        self._queue: deque[bytes] = deque()
        self._under_way: TransferData | None = None
        self._arrived: list[bytes] = []

    @property
    def waiting(self) -> int:
        """Messages that the hub does not have yet."""
        return len(self._queue)

    def server_found(self, now: int) -> None:
        """The hub serves tunnels: ask for one."""
        self._step(TunnelEvent.SERVER_FOUND, now)

    def stop(self, now: int) -> None:
        """Off the air: the tunnel and what waits for it are gone."""
        self._step(TunnelEvent.STOPPED, now)

    def put(self, octets: bytes, now: int) -> None:
        """Hand a GBCS message over as soon as may be."""
        if len(self._queue) >= MOST_WAITING:
            self._refuse(octets, "queue-full", {"allowed": MOST_WAITING}, now)
        elif self._fits(octets, self._max_transfer, now):
            self._queue.append(octets)
            self._hand_over(now)

    def received(self, command: int, payload: bytes, now: int) -> None:
        """A command of the cluster; DecodeError goes to the caller."""
        message = decode_tunnelling(command, payload, Side.CLIENT)
        if isinstance(message, RequestTunnelResponse):
            self._answered(message, now)
        elif isinstance(message, TransferData):
            self._transfer(message, now)
        elif isinstance(message, TransferDataError | TunnelClosureNotification):
            self._trouble(message, now)

    def sent(self, message: TunnelMessage, outcome: Outcome, now: int) -> None:
        """What became of a message of ours."""
        delivered = outcome is Outcome.DELIVERED
        if not delivered:
            self._report("gbcs.tunnel", outcome.value, {}, now)
        if message is self._under_way:
            self._under_way = None
            if delivered:
                self._arrived.append(self._queue.popleft())
                self.timers.set(_Timer.SETTLE, now + SETTLING)
        if delivered:
            self._hand_over(now)
        else:
            self._step(TunnelEvent.SEND_FAILED, now)

    def on_timeout(self, now: int) -> None:
        """Whatever is due."""
        for key in self.timers.due(now):
            if key is _Timer.GET:
                self._get(now)
            elif key is _Timer.SETTLE:
                self._settle(now)
            else:
                self._step(TunnelEvent.TIMEOUT, now)

    # Transitions

    def _step(self, event: TunnelEvent, now: int) -> None:
        row = TRANSITIONS[self.state].get(event)
        if row is None:
            return
        self.state = row.next_state
        self.timers.cancel(_Timer.GET)
        self.timers.cancel(_Timer.STEP)
        if row.action is TunnelAction.REQUEST:
            self._user.send_tunnelling(RequestTunnel(maximum_transfer=self._max_transfer), now)
            self.timers.set(_Timer.STEP, now + RESPONSE_WAIT)
        elif row.action is TunnelAction.PAUSE:
            self.timers.set(_Timer.STEP, now + RETRY_PAUSE)
        elif row.action is TunnelAction.OPENED:
            self._get(now)
            self._hand_over(now)
        else:
            self.timers.clear()
            self._queue.clear()
            self._arrived.clear()
            self._under_way = None

    def _answered(self, response: RequestTunnelResponse, now: int) -> None:
        if self.state is not TunnelState.REQUESTED:
            self._report("gbcs.tunnel", "unexpected", {"status": response.status}, now)
        elif response.status == TunnelStatus.SUCCESS:
            self._tunnel = response.tunnel
            self._server_takes = response.maximum_transfer
            self._report("gbcs.tunnel", None, {"tunnel": response.tunnel, "takes": response.maximum_transfer}, now)
            self._step(TunnelEvent.ACCEPTED, now)
        else:
            self._report("gbcs.tunnel", "refused", {"status": response.status}, now)
            self._step(TunnelEvent.REFUSED, now)

    def _trouble(self, message: TransferDataError | TunnelClosureNotification, now: int) -> None:
        """The server will not have something, or knows our tunnel no longer: what is in doubt is sent again."""
        if self.state is not TunnelState.OPEN or message.tunnel != self._tunnel:
            self._report("gbcs.tunnel", "unexpected", {"tunnel": message.tunnel}, now)
            return
        if isinstance(message, TransferDataError) and message.status == TransferStatus.DATA_OVERFLOW:
            self._overflowed(now)
            return
        reason = "no-such-tunnel" if isinstance(message, TransferDataError) else "closed-by-server"
        self._report("gbcs.tunnel", reason, {"tunnel": message.tunnel}, now)
        self._under_way = None
        if isinstance(message, TransferDataError):
            self._queue.extendleft(reversed(self._arrived))
            self._arrived.clear()
        self._step(TunnelEvent.LOST, now)

    def _overflowed(self, now: int) -> None:
        """A message was too long for the server, and will be so the next time: of those in doubt, the longest."""
        doubtful = [*self._arrived, *([] if self._under_way is None else [self._queue[0]])]
        if not doubtful:
            return
        longest = max(doubtful, key=len)
        if longest in self._arrived:
            self._arrived.remove(longest)
        else:
            self._under_way = None
            self._queue.popleft()
        self._refuse(longest, "message-too-long", {"by": "server"}, now)
        self._hand_over(now)

    # Messages

    def _transfer(self, message: TransferData, now: int) -> None:
        if self.state is not TunnelState.OPEN or message.tunnel != self._tunnel:
            self._report("gbcs.refused", "no-such-tunnel", {"tunnel": message.tunnel}, now)
            self._user.send_tunnelling(TransferDataError(message.tunnel, TransferStatus.NO_SUCH_TUNNEL), now)
            return
        if len(message.data) + TRANSFER_HEADER_OCTETS > self._max_transfer:
            fields: dict[str, object] = {"octets": len(message.data), "allowed": self._max_transfer}
            self._report("gbcs.refused", "message-too-long", fields, now)
            self._user.send_tunnelling(TransferDataError(message.tunnel, TransferStatus.DATA_OVERFLOW), now)
            return
        try:
            transfer = decode_transfer(message.data)
        except DecodeError as error:
            self._report("gbcs.refused", "undecodable", {"error": str(error)}, now)
            return
        if isinstance(transfer, GetResponse):
            if transfer.message:
                self._user.gbcs_received(transfer.message, now)
            if transfer.remaining:
                self._get(now)
        elif isinstance(transfer, Put):
            self._user.gbcs_received(transfer.message, now)
        else:
            self._report("gbcs.refused", "get-from-server", {}, now)

    def _get(self, now: int) -> None:
        if self.state is TunnelState.OPEN:
            self._user.send_tunnelling(TransferData(self._tunnel, encode_transfer(Get())), now)
            if self._get_interval:
                self.timers.set(_Timer.GET, now + self._get_interval)

    def _hand_over(self, now: int) -> None:
        """Send the first message that fits, if none is under way."""
        if self.state is not TunnelState.OPEN or self._under_way is not None:
            return
        while self._queue and not self._fits(self._queue[0], self._server_takes, now):
            self._queue.popleft()
        if self._queue:
            self._under_way = TransferData(self._tunnel, encode_transfer(Put(self._queue[0])))
            self._user.send_tunnelling(self._under_way, now)

    def _fits(self, octets: bytes, takes: int, now: int) -> bool:
        allowed = min(takes, self._max_transfer) - TRANSFER_HEADER_OCTETS - SUB_COMMAND_OCTETS
        if len(octets) <= allowed:
            return True
        self._refuse(octets, "message-too-long", {"allowed": allowed}, now)
        return False

    def _refuse(self, octets: bytes, reason: str, fields: dict[str, object], now: int) -> None:
        self._report("gbcs.refused", reason, {"octets": len(octets), **fields}, now)
        self._user.gbcs_settled(octets, now)

    def _settle(self, now: int) -> None:
        settled, self._arrived = self._arrived, []
        for octets in settled:
            self._user.gbcs_settled(octets, now)
