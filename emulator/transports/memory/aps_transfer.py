"""One unicast of `mem:aps` that is not plain: loss, several hops, sleepy ends, fragments, retries.

A message is a row of blocks, most often one; the blocks of a window go out together and are acknowledged together.  An
attempt that breaks anywhere waits for the rest of the acknowledgement wait, then the window is sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from emulator.ports.aps import ApsMessage, Outcome
from emulator.transports.memory import aps_timing as timing
from emulator.transports.memory.aps_held import Held
from emulator.transports.memory.aps_keys import opens, reads
from emulator.zigbee.node.aps_sending import ACK_WAIT, SLEEPY_ACK_WAIT
from emulator.zigbee.node.fragments import MAX_BLOCKS, WINDOW
from emulator.zigbee.node.routing import DISCOVERY_RETRIES, DISCOVERY_TIME

if TYPE_CHECKING:
    from emulator.transports.memory.aps_air import Hop
    from emulator.transports.memory.aps_network import Path
    from emulator.transports.memory.aps_port import ApsAirPort

ROUTE_WAIT = DISCOVERY_TIME * (1 + DISCOVERY_RETRIES)
"""How long a router looks for a route before it says that there is none."""


class Transfer:
    """A message of ours until its outcome is known.

    Args:
        port: the sender.
        message: what to send.
        handle: names it to the device; 0 for the stack's own.
    """

    __slots__ = (
        "_acknowledged",
        "_base",
        "_blocks",
        "_delivered",
        "_done",
        "_due",
        "_failure",
        "_generation",
        "_handle",
        "_key",
        "_message",
        "_overhead",
        "_path",
        "_port",
        "_received",
        "_retries",
        "_room",
        "_tried_at",
    )

    def __init__(self, port: ApsAirPort, message: ApsMessage, handle: int) -> None:
        self._port = port
        self._message = message
        self._handle = handle
        self._generation = port.generation
        self._retries = port.configured().aps_ack_retries
        self._overhead = timing.DATA + (timing.LINK_KEY_OCTETS if message.link_key else 0)
        self._room = timing.MAX_PSDU - self._overhead
        self._blocks = 1
        if len(message.payload) > self._room:
            self._room -= timing.FRAGMENT_OCTETS
            self._blocks = -(-len(message.payload) // self._room)
        self._base = 0
        self._received: set[int] = set()
        self._acknowledged: set[int] = set()
        self._delivered = False
        self._done = False
        self._failure = Outcome.NO_APS_ACK
        self._due = 0
        self._tried_at = 0
        self._path: Path | None = None
        self._key: bytes | None = None

    def start(self, now: int) -> None:
        """Send it for the first time, or refuse it."""
        message = self._message
        if message.link_key and not self._port.has_key_for(message.destination):
            self._finish_at(now, Outcome.NO_KEY)
        elif self._blocks > 1 and (not message.acknowledge or self._blocks > MAX_BLOCKS):
            self._finish_at(now, Outcome.TOO_LONG)
        else:
            self._attempt(now)

    def lost(self, now: int) -> None:
        """The first attempt went to a device whose power was cut meanwhile."""
        self._failure = Outcome.NEXT_HOP_FAILED
        self._due = now + ACK_WAIT
        self._broken(now)

    def unread(self, now: int) -> None:
        """The first attempt came under a link key that the target had replaced meanwhile."""
        self._due = now + ACK_WAIT
        self._broken(now)

    # An attempt

    def _attempt(self, now: int) -> None:
        port = self._port
        self._tried_at = now
        path = self._path = port.sending.path_to(self._message.destination)
        if path is None:
            self._failure = Outcome.NO_ROUTE
            self._due = now + ACK_WAIT
            self._broken(now if port.sleepy else now + ROUTE_WAIT)
            self._unreachable(now)
            return
        self._key = path.key
        begin = max(now, path.network.medium.busy_until)
        self._due = begin + (SLEEPY_ACK_WAIT if port.sleepy or path.target.sleepy else ACK_WAIT)
        held = path.target.sleepy and bool(path.hops)
        arrived, end = self._send_window(path, path.hops[:-1] if held else path.hops, now)
        if not arrived:
            self._broken(end)
        elif held:
            self._hold(path, arrived, end)
        else:
            port.air.scheduler.call_at(end, self._reached, arrived)

    def _unreachable(self, now: int) -> None:
        """There is no way: a target that sleeps out of its parent's earshot has noticed that by its polls."""
        network = self._port.network
        target = None if network is None else network.members.get(self._message.destination)
        if target is not None:
            target.rejoin.check_parent(now)

    def _send_window(self, path: Path, hops: list[Hop], now: int) -> tuple[list[int], int]:
        """The blocks that got to the end of `hops`, and when the last one did."""
        air, radius = self._port.air, self._message.radius
        arrived: list[int] = []
        end = now
        first_hop = True
        for block in self._missing():
            carried = air.carry(path.network, hops[:radius] if radius else hops, self._psdu(block), now)
            end = carried.end
            first_hop = first_hop and carried.acknowledged
            if carried.arrived and not (radius and len(path.hops) > radius):
                arrived.append(block)
        self._failure = Outcome.NO_APS_ACK if first_hop else Outcome.NEXT_HOP_FAILED
        return arrived, end

    def _missing(self) -> Sequence[int]:
        """Blocks of the window that are not acknowledged."""
        if not self._acknowledged:
            return range(self._base, min(self._base + WINDOW, self._blocks))
        window = range(self._base, min(self._base + WINDOW, self._blocks))
        return [block for block in window if block not in self._acknowledged]

    def _psdu(self, block: int) -> int:
        octets = min(self._room, len(self._message.payload) - block * self._room)
        return self._overhead + octets + (timing.FRAGMENT_OCTETS if self._blocks > 1 else 0)

    def _hold(self, path: Path, blocks: list[int], now: int) -> None:
        """The parent of a sleepy target keeps them until it polls."""
        parent = path.hops[-1].sender
        if not self._message.acknowledge and parent is not self._port:
            self._finish_at(now, self._outcome_of_first_hop())
        Held(path.network, parent, path.target, {block: self._psdu(block) for block in blocks}, self._fetched).wait(now)

    def _fetched(self, arrived: list[int], expired: bool) -> None:
        path = self._path
        if expired and path is not None and path.hops[-1].sender is self._port:
            self._failure = Outcome.EXPIRED
        if arrived:
            self._reached(arrived)
        else:
            self._broken(self._port.air.scheduler.now)

    # At the target

    def _reached(self, blocks: list[int]) -> None:
        """Blocks are at the target: acknowledge the window, deliver the message once it is whole."""
        path = self._path
        assert path is not None
        if self._port.generation != self._generation:
            return
        target = path.target
        now = self._port.air.scheduler.now
        here = target.network is path.network
        if not here and len(path.hops) == 1:
            self._failure = Outcome.NEXT_HOP_FAILED
        if not here or not self._is_read(path, now):
            self._broken(now)
            return
        known = not self._received.isdisjoint(blocks)
        self._received.update(blocks)
        if self._message.acknowledge and (known or self._window_complete()):
            self._send_acknowledgement(path, now)
        elif self._message.acknowledge:
            self._broken(now)
        if len(self._received) == self._blocks and not self._delivered:
            self._delivered = True
            self._port.sending.deliver(target, self._message, path)
        if not self._message.acknowledge:
            self._finish(self._outcome_of_first_hop())

    def _is_read(self, path: Path, now: int) -> bool:
        """Whether the target has the keys for it; it says so where it has not."""
        if not reads(path.target, self._port, now):
            return False
        return not self._message.link_key or opens(path.target, self._port, self._key, now)

    def _window_complete(self) -> bool:
        return self._received.issuperset(range(self._base, min(self._base + WINDOW, self._blocks)))

    def _send_acknowledgement(self, path: Path, now: int) -> None:
        port = self._port
        back = path.target.sending.path_to(port.short)
        if back is None:
            self._broken(now)
            return
        psdu = self._overhead + (timing.FRAGMENT_ACK_OCTETS if self._blocks > 1 else 0)
        held = port.sleepy and bool(back.hops)
        carried = port.air.carry(back.network, back.hops[:-1] if held else back.hops, psdu, now)
        if not carried.arrived:
            self._broken(carried.end)
        elif held:
            Held(back.network, back.hops[-1].sender, port, {0: psdu}, self._acknowledgement_fetched).wait(carried.end)
        else:
            port.air.scheduler.call_at(carried.end, self._acknowledgement)

    # Back at the sender

    def _acknowledgement_fetched(self, arrived: list[int], expired: bool) -> None:  # noqa: ARG002 - expired or not, it is lost
        if arrived:
            self._acknowledgement()
        else:
            self._broken(self._port.air.scheduler.now)

    def _acknowledgement(self) -> None:
        """The receiver has said what it has of the window."""
        port = self._port
        if port.generation != self._generation:
            return
        self._acknowledged |= self._received
        if not self._missing():
            self._base += WINDOW
            self._retries = port.configured().aps_ack_retries
        if self._base >= self._blocks:
            self._finish(Outcome.DELIVERED)
        else:
            self._attempt(port.air.scheduler.now)

    def _broken(self, now: int) -> None:
        """This attempt leads to nothing more."""
        if self._message.acknowledge:
            self._port.air.scheduler.call_at(max(now, self._due), self._timed_out)
        else:
            self._finish_at(now, self._outcome_of_first_hop())

    def _timed_out(self) -> None:
        port = self._port
        if port.generation != self._generation:
            return
        if self._retries <= 0:
            self._finish(self._failure)
            return
        self._retries -= 1
        now = port.air.scheduler.now
        self._report("aps.retry", self._failure, waited_us=now - self._tried_at)
        self._attempt(now)

    def _outcome_of_first_hop(self) -> Outcome:
        return Outcome.DELIVERED if self._failure is Outcome.NO_APS_ACK else self._failure

    def _finish_at(self, when: int, outcome: Outcome) -> None:
        scheduler = self._port.air.scheduler
        scheduler.call_at(max(when, scheduler.now), self._finish, outcome)

    def _finish(self, outcome: Outcome) -> None:
        if self._done or self._port.generation != self._generation:
            return
        self._done = True
        if outcome is not Outcome.DELIVERED:
            self._report("aps.dropped", outcome)
            self._port.rejoin.check_parent(self._port.air.scheduler.now)
        self._port.sending.finished(self._handle, outcome, self._generation)

    def _report(self, kind: str, reason: Outcome, **fields: int) -> None:
        port = self._port
        port.report(kind, reason.value, {"to": f"{self._message.destination:04x}", **fields}, port.air.scheduler.now)
