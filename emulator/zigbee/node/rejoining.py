"""The way back of a device that is a member already: orphan scan, rejoin under the network key, or without it.

The stack stays on while a device looks for its network: on its own channel, where it hears whatever it is sent (that
a network stays on its channel is an assumption).  An attempt first asks every router in earshot under the network key,
and where none answers goes on with a trust centre rejoin: the request and its answer are not protected, and the
network key comes under the link key with the trust centre.  A device without such a key, or with the well-known one,
which would be everybody's, does not try.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

from emulator.core.clock import SECOND
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.timers import Alarm, Timers
from emulator.ports.aps import COORDINATOR, NodeType, StackConfiguration
from emulator.ports.phy import TxResult
from emulator.zigbee.frames.aps_commands import TransportNetworkKey
from emulator.zigbee.frames.mac import MacFrame
from emulator.zigbee.frames.mac_commands import AssociationStatus, CoordinatorRealignment, decode_command
from emulator.zigbee.frames.nwk_commands import RejoinResponse
from emulator.zigbee.node.hop import FIRST_BROADCAST
from emulator.zigbee.node.joining import KEY_POLL, KEY_WAIT, RESPONSE_WAIT, SCAN_DURATION, Candidate
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Membership, NodeMemory
from emulator.zigbee.node.nwk import NwkLayer
from emulator.zigbee.node.parent_search import ParentSearch
from emulator.zigbee.node.rejoin_frames import RejoinFrames
from emulator.zigbee.node.rejoin_table import ENDINGS, REJOIN, RejoinAction, RejoinState, RejoinTrigger
from emulator.zigbee.node.rests import Rests
from emulator.zigbee.node.watching import NodeWatcher
from emulator.zigbee.security.keys import unfit_for_rejoin

MOST_POLL_FAILURES = 4
"""Polls in a row that a parent may leave unacknowledged before its child takes it for lost."""
ANSWER_WAIT = 1 * SECOND

_State, _Trigger, _Action = RejoinState, RejoinTrigger, RejoinAction
_ON_DEMAND = (RejoinTrigger.TRUST_CENTRE_LOST, RejoinTrigger.WITHOUT_KEY)
"""What somebody above must ask for, each time."""
_WITHOUT_NETWORK_KEY = (RejoinTrigger.KEY_MISSED, *_ON_DEMAND)
"""Where ours is of no use any more."""


@dataclass(frozen=True, slots=True)
class NextNetwork:
    """The network of the trust centre after ours.

    Attributes:
        trust_centre: its EUI-64.
        counter: of the frame that brought the network key.
        update_id: as its beacons have it.
    """

    channel: int
    pan_id: int
    trust_centre: Eui64
    counter: int
    update_id: int


@dataclass(frozen=True, slots=True)
class NewPlace:
    """Where a device is from now on.

    Attributes:
        network_key: with its sequence number, where it was given along.
        network: which one, where it is not the same as before.
    """

    short: int
    parent: int
    depth: int
    network_key: tuple[bytes, int] | None = None
    network: NextNetwork | None = None


class RejoinUser(Protocol):
    """The stack."""

    def moved(self, place: NewPlace, now: int) -> None:
        """A parent took us, or took us back."""

    def network_in_earshot(self, now: int) -> bool:
        """Whether a router of the network was heard of late; asked of routers alone."""


class Rejoiner:
    """What one device does to stay in its network.

    Args:
        mac, nwk: to send with.
        memory, membership: the network, and the link key with its trust centre.
        configuration: what the device is.
        user: told of the new place.
        watcher: told of searches that begin and fail.
        rng: for rests that are not the same everywhere.
        report: told of beginnings, failures and ends.
        alarm: of the node.

    Attributes:
        state: where it stands.
    """

    def __init__(
        self,
        mac: MacLayer,
        nwk: NwkLayer,
        memory: NodeMemory,
        membership: Membership,
        configuration: StackConfiguration,
        user: RejoinUser,
        watcher: NodeWatcher,
        rng: Random,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self.state = _State.SETTLED
        self.timers: Timers[str] = Timers(alarm)
        self._mac = mac
        self._memory = memory
        self._membership = membership
        self._sleepy = configuration.node_type is NodeType.SLEEPY
        self._frames = RejoinFrames(mac, nwk, membership, configuration)
        self._user = user
        self._watcher = watcher
        self._report = report
        self._cause: RejoinTrigger | None = None
        self._secured = True
        self._search = ParentSearch(membership, sleepy=self._sleepy)
        self._parent: Candidate | None = None
        self._place = NewPlace(membership.short, membership.parent, membership.depth)
        self._reason: str | None = None
        self._failed_polls = 0
        self._rests = Rests(rng)
        self._actions: dict[RejoinAction, Callable[[int], None]] = {
            _Action.CALL_PARENT: self._call_parent,
            _Action.SCAN: self._scan,
            _Action.SCAN_ON: self._scan_on,
            _Action.ASK: self._ask,
            _Action.AWAIT_KEY: self._await_key,
            _Action.GO_ON: self._go_on,
            _Action.REST: self._rest_a_while,
            _Action.SETTLE: self._settle,
        }

    # What starts it

    def polled(self, result: TxResult, now: int) -> None:
        """A poll of the parent is done."""
        self._watcher.polled(result, now, pending=self._mac.awaits_data)
        if result is TxResult.ACKED:
            self._failed_polls = 0
            if self._cause is _Trigger.PARENT_LOST:
                self._step(_Trigger.HEARD_AGAIN, now)
        elif result is TxResult.NO_ACK:
            self._failed_polls += 1
            if self._failed_polls >= MOST_POLL_FAILURES:
                self.start(_Trigger.PARENT_LOST, now)

    def start(self, cause: RejoinTrigger, now: int) -> None:
        """Something is wrong with our place in the network; nothing happens where that is being dealt with."""
        if cause not in REJOIN[self.state]:
            return
        if cause in _ON_DEMAND and not self._may_go_without():
            self._fail(now)
            return
        self._cause, self._reason = cause, None
        self._secured = cause not in _WITHOUT_NETWORK_KEY
        self._rests.begin(now)
        self._report("rejoin.started", cause.value, {}, now)
        self._watcher.search_began(now)
        self._step(cause, now)

    @property
    def seeks_trust_centre(self) -> bool:
        """Whether it looks for the trust centre after its own: it is away from its network until that is over."""
        return self._cause is _Trigger.TRUST_CENTRE_LOST and self.state is not _State.RESTING

    @property
    def is_searching(self) -> bool:
        """Whether an attempt is under way."""
        return self.state not in (_State.SETTLED, _State.RESTING)

    @property
    def is_lost(self) -> bool:
        """Whether something is wrong with its place in the network, an attempt being under way or not."""
        return self._cause is not None

    # What is heard meanwhile

    def beacon(self, frame: MacFrame, lqi: int, now: int) -> None:
        """Somebody answered the scan."""
        if self.state is not _State.SCANNING:
            return
        try:
            self._search.heard(frame, lqi)
        except DecodeError as error:
            self._report("join.beacon", "undecodable", {"error": str(error)}, now)

    def command(self, frame: MacFrame, now: int) -> None:
        """A MAC command: a parent that knows us still answers the orphan, or it is nothing to us."""
        try:
            command = decode_command(frame.payload)
        except DecodeError as error:
            self._report("mac.dropped", "undecodable", {"error": str(error)}, now)
            return
        if isinstance(command, CoordinatorRealignment):
            self._realigned(command, now)

    def _realigned(self, command: CoordinatorRealignment, now: int) -> None:
        membership = self._membership
        if (command.pan_id, command.short) != (membership.pan_id, membership.short):
            return
        self._place = NewPlace(membership.short, command.coordinator, membership.depth)
        self._step(_Trigger.REALIGNED, now)

    def response(self, response: RejoinResponse, source: int, now: int, *, secured: bool) -> None:
        """A router answers our request to come back."""
        parent = self._parent
        if self.state is not _State.ASKING or parent is None or source != parent.short or secured != self._secured:
            self._report("nwk.dropped", "unexpected-rejoin-response", {"from": f"{source:04x}"}, now)
            return
        if response.status != AssociationStatus.SUCCESS or not COORDINATOR < response.short < FIRST_BROADCAST:
            self._reason = "pan-full" if response.status == AssociationStatus.PAN_AT_CAPACITY else "rejoin-refused"
            self._next_parent(now)
            return
        self._place = NewPlace(response.short, parent.short, parent.beacon.depth + 1)
        self._step(_Trigger.ACCEPTED if secured else _Trigger.KEY_TO_COME, now)

    def network_key(self, command: TransportNetworkKey, counter: int, now: int) -> bool:
        """The network key came under our link key with the trust centre; whether it was waited for."""
        parent = self._parent
        if self.state is not _State.AWAITING_KEY or parent is None:
            return False
        network = None
        if self.seeks_trust_centre:
            network = NextNetwork(
                parent.channel, parent.pan_id, command.source, counter, parent.beacon.update_id
            )  # fmt: skip
        self._place = replace(self._place, network_key=(command.key, command.key_sequence), network=network)
        self._step(_Trigger.KEY_CAME, now)
        return True

    def key_unreadable(self, now: int) -> None:
        """A network key came that our link key with the trust centre does not open."""
        if self.state is _State.AWAITING_KEY:
            self._reason = "key-refused"
            self._next_parent(now)

    def on_timeout(self, now: int) -> None:
        """Whatever is due."""
        for name in self.timers.due(now):
            if name == "poll":
                self._poll(now)
            else:
                self._timed_out(now)

    def _timed_out(self, now: int) -> None:
        if self.state is _State.ORPHANED:
            self._step(_Trigger.TIMEOUT, now)
        elif self.state is _State.SCANNING and self._search.next_channel():
            self._step(_Trigger.NEXT_CHANNEL, now)
        elif self.state is _State.SCANNING:
            self._search.end()
            self._next_parent(now)
        elif self.state is _State.RESTING:
            self._look_again(now)
        else:
            self._next_parent(now)

    def _look_again(self, now: int) -> None:
        """The rest is over: is the network still lost?  Whether the trust centre is, the device above must say."""
        if self._cause in _ON_DEMAND:
            self._cause = None
        if self._cause is _Trigger.NETWORK_LOST and self._user.network_in_earshot(now):
            self._cause = None
            self._watcher.search_needless(now)
        if self._cause is _Trigger.KEY_MISSED and not self._may_go_without():
            self._cause = None
            self._fail(now)
        if self._cause is None:
            self._step(_Trigger.HEARD_AGAIN, now)
        else:
            self._rests.begin(now)
            self._step(_Trigger.STILL_LOST, now)

    def _next_parent(self, now: int) -> None:
        """The next one that answered the scan, the same ones without the network key, or nobody."""
        if self._search:
            self._step(_Trigger.FOUND, now)
            return
        if self.state is _State.ASKING and self._secured and self._may_go_without():
            self._secured = False
        else:
            self._secured = self._cause not in _WITHOUT_NETWORK_KEY
            self._reason = self._reason or ("pan-full" if self._search.full else ENDINGS[self.state])
        self._step(_Trigger.NOBODY, now)

    def _may_go_without(self) -> bool:
        """Whether a trust centre rejoin is possible; says why where it is not."""
        known = self._memory.link_keys.get(self._membership.trust_centre)
        self._reason = unfit_for_rejoin(None if known is None else known.key)
        return self._reason is None

    # The table, and what it has done

    def _step(self, trigger: RejoinTrigger, now: int) -> None:
        row = REJOIN[self.state].get(trigger)
        if row is not None:
            self.state = row.next_state
            self._actions[row.action](now)

    def _wait(self, span: int, now: int) -> None:
        self.timers.set("step", now + span)

    def _call_parent(self, now: int) -> None:
        self._frames.call_parent(now)
        self._wait(RESPONSE_WAIT, now)

    def _scan(self, now: int) -> None:
        self._reason = None
        self._search.begin(everywhere=self._cause is _Trigger.TRUST_CENTRE_LOST)
        self._scan_on(now)

    def _scan_on(self, now: int) -> None:
        self._frames.scan(self._search.channel, now, elsewhere=self._search.everywhere)
        self._wait(SCAN_DURATION, now)

    def _ask(self, now: int) -> None:
        parent = self._parent = self._search.take()
        self._frames.ask(parent, now, secured=self._secured)
        self._wait(ANSWER_WAIT, now)
        if self._sleepy:
            self.timers.set("poll", now + KEY_POLL)

    def _poll(self, now: int) -> None:
        """A parent may hold its answer for a sleeping child."""
        if self._parent is not None and self.state in (_State.ASKING, _State.AWAITING_KEY):
            self._mac.poll(self._parent.short, now)
            self.timers.set("poll", now + KEY_POLL)

    def _await_key(self, now: int) -> None:
        self._frames.be_at(self._place.short, plain=True)
        self._wait(KEY_WAIT, now)

    def _go_on(self, now: int) -> None:
        """At a parent, and in possession of the key."""
        self._report("rejoin.done", None if self._cause is None else self._cause.value, self._fields(), now)
        self._cause = None
        self._end(now)
        self._user.moved(self._place, now)

    def _fields(self) -> dict[str, object]:
        return {"parent": f"{self._place.parent:04x}", "network_key": self._place.network_key is not None}

    def _rest_a_while(self, now: int) -> None:
        self._end(now)
        # Last of all: whoever is told may want another attempt at once.
        self._fail(now)

    def _fail(self, now: int) -> None:
        """Say why an attempt came to nothing; where there was none so far there is no reason."""
        if self._reason is not None:
            self._report("rejoin.failed", self._reason, {}, now)
            self._watcher.search_failed(self._reason, now)

    def _settle(self, now: int) -> None:  # noqa: ARG002 - an action like the others
        """All is well, and has been for a while."""
        self._cause = None
        self.timers.clear()

    def _end(self, now: int) -> None:
        """Back to what is usual; another attempt only after a rest."""
        self._failed_polls = 0
        self._frames.end(now)
        self.timers.clear()
        self._wait(self._rests.span(), now)
