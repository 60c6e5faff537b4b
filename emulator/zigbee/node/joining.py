"""How a device gets into a network: scan, associate, wait for the network key; the next parent where one fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Protocol

from emulator.core.clock import MILLISECOND, SECOND
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.timers import Alarm, Timers
from emulator.ports.aps import COORDINATOR, JoinSettings, NodeType
from emulator.ports.phy import TxResult
from emulator.zigbee.frames.beacon import Beacon, decode_beacon
from emulator.zigbee.frames.mac import BROADCAST_ADDRESS, BROADCAST_PAN, NO_SHORT_ADDRESS, FrameType, MacFrame
from emulator.zigbee.frames.mac_commands import (
    AssociationRequest,
    AssociationResponse,
    AssociationStatus,
    BeaconRequest,
    Capability,
    decode_command,
    encode_command,
)
from emulator.zigbee.node.hop import FIRST_BROADCAST
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.neighbours import cost_of

SCAN_DURATION = 138 * MILLISECOND
"""A channel's share of an active scan: (2^3 + 1) superframes of 960 symbols."""
RESPONSE_WAIT = 492 * MILLISECOND
"""macResponseWaitTime, after which the parent is polled for its association response."""
COLLECT_WAIT = 1 * SECOND
KEY_WAIT = 5 * SECOND
KEY_POLL = 250 * MILLISECOND
ROUNDS = 3
"""Scans before a join is given up."""
ROUND_PAUSE = 2 * SECOND


class State(Enum):
    """Where a join stands."""

    IDLE = "idle"
    SCANNING = "scanning"
    ASSOCIATING = "associating"
    COLLECTING = "collecting"
    AWAITING_KEY = "awaiting-key"
    PAUSING = "pausing"


class Input(Enum):
    """What drives it on."""

    START = "start"
    TIMEOUT = "timeout"
    REQUEST_SENT = "request-sent"
    REQUEST_FAILED = "request-failed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    KEY = "key"
    BAD_KEY = "bad-key"


TRANSITIONS: dict[tuple[State, Input], str] = {
    (State.IDLE, Input.START): "scan_first_channel",
    (State.PAUSING, Input.TIMEOUT): "scan_first_channel",
    (State.SCANNING, Input.TIMEOUT): "scan_next_channel",
    (State.ASSOCIATING, Input.REQUEST_SENT): "await_response",
    (State.ASSOCIATING, Input.REQUEST_FAILED): "try_next_parent",
    (State.ASSOCIATING, Input.TIMEOUT): "collect_response",
    (State.COLLECTING, Input.ACCEPTED): "await_key",
    (State.COLLECTING, Input.REFUSED): "try_next_parent",
    (State.COLLECTING, Input.TIMEOUT): "try_next_parent",
    (State.COLLECTING, Input.REQUEST_FAILED): "try_next_parent",
    (State.AWAITING_KEY, Input.TIMEOUT): "try_next_parent",
    (State.AWAITING_KEY, Input.BAD_KEY): "try_next_parent",
    (State.AWAITING_KEY, Input.KEY): "finish",
}
"""State and input to the action taken; anything not here is ignored, because it comes too late."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A parent that answered the scan."""

    channel: int
    pan_id: int
    short: int
    beacon: Beacon
    lqi: int

    @property
    def rank(self) -> tuple[int, int, int]:
        """Good links first, then near the coordinator, then the better of equals."""
        return cost_of(self.lqi), self.beacon.depth, -self.lqi


class JoinUser(Protocol):
    """The node."""

    def associated(self, parent: Candidate, short: int, now: int) -> None:
        """A parent took us: go on its network, still without the key."""

    def dissociated(self) -> None:
        """That parent led to nothing."""

    def join_failed(self, reason: str, now: int) -> None:
        """Given up."""


class Joiner:
    """One attempt to join, over several parents and rounds.

    Attributes:
        parent_eui64: of the parent that took us, where it said so.
    """

    def __init__(
        self,
        mac: MacLayer,
        node_type: NodeType,
        mains: bool,
        user: JoinUser,
        rng: Random,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self.state = State.IDLE
        self.parent_eui64: Eui64 | None = None
        self.timers: Timers[str] = Timers(alarm)
        self._mac = mac
        self._sleepy = node_type is NodeType.SLEEPY
        self._capability = Capability(
            full_function_device=not self._sleepy,
            mains_powered=mains,
            receiver_on_when_idle=not self._sleepy,
            allocate_address=True,
        )
        self._user = user
        self._rng = rng
        self._report = report
        self._settings = JoinSettings()
        self._rounds = 0
        self._channels: list[int] = []
        self._candidates: list[Candidate] = []
        self._parent: Candidate | None = None
        self._short = BROADCAST_ADDRESS
        self._reason = "no-beacon"
        self._actions: dict[str, Callable[[int], None]] = {
            "scan_first_channel": self._scan_first_channel,
            "scan_next_channel": self._scan_next_channel,
            "await_response": self._await_response,
            "collect_response": self._collect_response,
            "try_next_parent": self._try_next_parent,
            "await_key": self._await_key,
            "finish": self._finish,
        }

    def start(self, settings: JoinSettings, now: int) -> None:
        """Begin; ends in `associated` and a key, or in `join_failed`."""
        self._settings = settings
        self._rounds = ROUNDS
        self.state = State.IDLE
        self._step(Input.START, now)

    def key_received(self, now: int) -> None:
        """The network key came and could be read."""
        self._step(Input.KEY, now)

    def key_unreadable(self, now: int) -> None:
        """A network key came that our link key does not open."""
        self._reason = "key-refused"
        self._report("join.refused", "key-refused", {}, now)
        self._step(Input.BAD_KEY, now)

    def request_done(self, context: object, result: TxResult, now: int) -> None:
        """The association request (its context is the parent) or a poll is done; news of other parents are too late."""
        if isinstance(context, Candidate):
            if context is not self._parent:
                return
        elif result is TxResult.ACKED or self.state is not State.COLLECTING:
            return
        self._step(Input.REQUEST_SENT if result is TxResult.ACKED else Input.REQUEST_FAILED, now)

    def beacon(self, frame: MacFrame, lqi: int, now: int) -> None:
        """Somebody answered the scan."""
        source, pan_id = frame.source, frame.source_pan
        if self.state is not State.SCANNING or source is None or pan_id is None:
            return
        if frame.source_extended or source >= FIRST_BROADCAST or pan_id == BROADCAST_PAN:
            self._report("join.beacon", "no-address", {}, now)
            return
        try:
            beacon = decode_beacon(frame.payload)
        except DecodeError as error:
            self._report("join.beacon", "undecodable", {"error": str(error)}, now)
            return
        wanted = self._settings.extended_pan_id
        if wanted is not None and beacon.extended_pan_id != wanted:
            return
        if self._settings.pan_id not in (None, pan_id):
            return
        room = beacon.end_device_capacity if self._sleepy else beacon.router_capacity
        if beacon.association_permit and room:
            self._candidates.append(Candidate(self._channels[0], pan_id, source, beacon, lqi))
        else:
            self._reason = "pan-full" if beacon.association_permit else "joining-not-permitted"

    def command(self, frame: MacFrame, now: int) -> None:
        """A MAC command while we join: the parent's decision, or nothing for us."""
        try:
            response = decode_command(frame.payload)
        except DecodeError as error:
            self._report("mac.dropped", "undecodable", {"error": str(error)}, now)
            return
        if isinstance(response, AssociationResponse):
            sender = Eui64(frame.source) if frame.source is not None and frame.source_extended else None
            self._decided(response, sender, now)

    def _decided(self, response: AssociationResponse, sender: Eui64 | None, now: int) -> None:
        if response.status == AssociationStatus.SUCCESS and COORDINATOR < response.short < FIRST_BROADCAST:
            self._short = response.short
            self.parent_eui64 = sender
            self._step(Input.ACCEPTED, now)
        else:
            full = response.status == AssociationStatus.PAN_AT_CAPACITY
            self._reason = "pan-full" if full else "association-refused"
            self._step(Input.REFUSED, now)

    def on_timeout(self, now: int) -> None:
        """Whatever is due."""
        for key in self.timers.due(now):
            if key == "poll" and self.state is State.AWAITING_KEY and self._parent is not None:
                self._mac.poll(self._parent.short, now)
                self.timers.set("poll", now + KEY_POLL)
            elif key == "step":
                self._step(Input.TIMEOUT, now)

    def _step(self, event: Input, now: int) -> None:
        action = TRANSITIONS.get((self.state, event))
        if action is not None:
            self._actions[action](now)

    def _enter(self, state: State, timeout: int | None) -> None:
        self.state = state
        if timeout is None:
            self.timers.clear()
        else:
            self.timers.set("step", timeout)

    def _scan_first_channel(self, now: int) -> None:
        self._rounds -= 1
        self._reason = "no-beacon"
        self._candidates = []
        self._channels = list(self._settings.channels)
        self._mac.receive_always(True, now)
        self._mac.set_address(BROADCAST_PAN, BROADCAST_ADDRESS)
        self._scan(now)

    def _scan_next_channel(self, now: int) -> None:
        del self._channels[0]
        if self._channels:
            self._scan(now)
        else:
            self._candidates.sort(key=lambda candidate: candidate.rank, reverse=True)
            self._try_next_parent(now)

    def _scan(self, now: int) -> None:
        self._mac.tune(self._channels[0], now)
        request = encode_command(BeaconRequest())
        frame = MacFrame(
            FrameType.COMMAND, self._mac.next_sequence(), BROADCAST_PAN, BROADCAST_ADDRESS, None, None, request
        )
        self._mac.send(frame, BeaconRequest, now)
        self._enter(State.SCANNING, now + SCAN_DURATION)

    def _try_next_parent(self, now: int) -> None:
        if self.state is State.AWAITING_KEY:
            if self._reason == "no-beacon":
                self._reason = "no-key"
            self._user.dissociated()
        elif self.state in (State.ASSOCIATING, State.COLLECTING) and self._reason == "no-beacon":
            self._reason = "no-association-response"
        if self._candidates:
            self._associate(self._candidates.pop(), now)
        elif self._rounds > 0 and self._reason != "key-refused":
            self._enter(State.PAUSING, now + ROUND_PAUSE + self._rng.randrange(SECOND))
        else:
            self._enter(State.IDLE, None)
            self._user.join_failed(self._reason, now)

    def _associate(self, parent: Candidate, now: int) -> None:
        self._parent = parent
        self._mac.tune(parent.channel, now)
        self._mac.set_address(parent.pan_id, NO_SHORT_ADDRESS)
        frame = MacFrame(
            FrameType.COMMAND, self._mac.next_sequence(), parent.pan_id, parent.short, BROADCAST_PAN,
            self._mac.eui64, encode_command(AssociationRequest(self._capability)),
            acknowledge=True, source_extended=True,
        )  # fmt: skip
        self._mac.send(frame, parent, now)
        self._enter(State.ASSOCIATING, None)

    def _await_response(self, now: int) -> None:
        self._enter(State.ASSOCIATING, now + RESPONSE_WAIT)

    def _collect_response(self, now: int) -> None:
        assert self._parent is not None
        self._mac.poll(self._parent.short, now)
        self._enter(State.COLLECTING, now + COLLECT_WAIT)

    def _await_key(self, now: int) -> None:
        assert self._parent is not None
        self._enter(State.AWAITING_KEY, now + KEY_WAIT)
        if self._sleepy:
            self.timers.set("poll", now + KEY_POLL)
        self._user.associated(self._parent, self._short, now)

    def _finish(self, now: int) -> None:
        self._enter(State.IDLE, None)
        self._mac.receive_always(not self._sleepy, now)
