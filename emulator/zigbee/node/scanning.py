"""Scans that the device above asks for: which networks are there, and how loud a channel is.

Both are those of IEEE 802.15.4: an active scan asks for beacons on each channel in turn and takes nothing but beacons
while it lasts, an energy scan takes nothing at all.  A node in a network first lets out what it has begun to send, then
is away from the network until the scan is over: it neither sends nor hears anything of it, and its layers wait.

A channel takes as long as EZSP's `startScan` has it, (2^n + 1) periods of 960 symbols.  That a scan which is stopped
does not end in `scan_done` is an assumption.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from emulator.core.clock import MILLISECOND
from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.timers import Alarm, Timers
from emulator.ports.phy import ENERGY_SPAN, RxFrame
from emulator.zigbee.frames import mac as mac_frames
from emulator.zigbee.frames.beacon import Beacon, decode_beacon
from emulator.zigbee.frames.mac import BROADCAST_ADDRESS, BROADCAST_PAN, FrameType, MacFrame
from emulator.zigbee.frames.mac_commands import BeaconRequest, encode_command
from emulator.zigbee.node.hop import FIRST_BROADCAST
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.scan_table import SCAN, ScanAction, ScanState, ScanTrigger

SCAN_PERIOD = 960 * 16
"""aBaseSuperframeDuration, µs: 960 symbols of 16 µs."""
LONGEST_DURATION = 14
CHANNELS = range(11, 27)
DRAIN_PAUSE = 5 * MILLISECOND
"""How long after it was found sending a node is looked at again."""


class ScanKind(Enum):
    """What is looked for."""

    ENERGY = "energy"
    ACTIVE = "active"


def scan_time(duration: int) -> int:
    """What one channel of a scan takes, µs; `duration` is the exponent, 0 to 14."""
    return ((1 << duration) + 1) * SCAN_PERIOD


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """What is asked for; LocalProtocolError where it makes no sense.

    Attributes:
        channels: 11 to 26, in the order in which they are visited.
        duration: exponent of the time on each, see `scan_time`.
    """

    kind: ScanKind
    channels: tuple[int, ...]
    duration: int

    def __post_init__(self) -> None:
        if not self.channels or not set(self.channels) <= set(CHANNELS):
            raise LocalProtocolError(f"channels {CHANNELS[0]} to {CHANNELS[-1]} can be scanned, one at least")
        if not 0 <= self.duration <= LONGEST_DURATION:
            raise LocalProtocolError(f"a scan lasts from 2^0 to 2^{LONGEST_DURATION} periods and one")


@dataclass(frozen=True, slots=True)
class NetworkFound:
    """One router that answered an active scan.

    Attributes:
        short: its address; likewise `depth` its distance from the coordinator.
        lqi: link quality of its beacon, 0 to 255; `rssi` its strength, dBm.
    """

    channel: int
    pan_id: int
    extended_pan_id: Eui64
    permits_joining: bool
    stack_profile: int
    update_id: int
    short: int
    depth: int
    lqi: int
    rssi: int


class ScanUser(Protocol):
    """Who asked for a scan."""

    def network_found(self, network: NetworkFound, now: int) -> None:
        """Active scan: a router of some network, each once a channel."""

    def energy_found(self, channel: int, rssi: int, now: int) -> None:
        """Energy scan: the strongest signal on a channel while it was listened to, dBm."""

    def scan_done(self, now: int) -> None:
        """Every channel was visited, and the node is back where it was."""


_S, _T, _A = ScanState, ScanTrigger, ScanAction


class Scanner:
    """One scan.

    Args:
        mac: the node's.
        settings: what is asked for.
        user: told what is found.
        come_home: brings the node back to its channel, or off the air; takes how long it was away (µs), and now.
        report: told of beacons that are none, and of a scan that ends before its time.
        alarm: of the node.
    """

    def __init__(
        self,
        mac: MacLayer,
        settings: ScanSettings,
        user: ScanUser,
        come_home: Callable[[int, int], None],
        report: Report,
        alarm: Alarm,
    ) -> None:
        self.state = _S.DRAINING
        self.timers: Timers[str] = Timers(alarm)
        self._mac = mac
        self._settings = settings
        self._user = user
        self._come_home = come_home
        self._report = report
        self._channels = list(reversed(settings.channels))
        self._channel = settings.channels[0]
        self._until = self._since = 0
        self._left_at: int | None = None
        self._strongest: int | None = None
        self._heard: set[tuple[int, int]] = set()
        self._actions: dict[ScanAction, Callable[[int], None]] = {
            _A.WAIT: self._wait,
            _A.VISIT: self._visit,
            _A.LISTEN_ON: self._listen_on,
            _A.FINISH: self._finish,
            _A.GIVE_UP: self._give_up,
        }

    def start(self, now: int) -> None:
        """Begin; ends in `scan_done`, unless it is stopped."""
        self._step(self._drained(), now)

    def stop(self, reason: str, now: int) -> None:
        """End before the time; what was found on the channel so far is lost."""
        if self.state is not _S.OVER:
            self._report("scan.stopped", reason, {"channel": self._channel}, now)
            self._step(_T.STOPPED, now)

    def on_timeout(self, now: int) -> None:
        """Whatever is due."""
        if not self.timers.due(now):
            return
        if self.state is _S.DRAINING:
            self._step(self._drained(), now)
            return
        self._measure(now)
        if now < self._until:
            self._step(_T.TIME_LEFT, now)
            return
        if self._strongest is not None:
            self._user.energy_found(self._channel, self._strongest, now)
        self._step(_T.NEXT_CHANNEL if self._channels else _T.LAST_CHANNEL, now)

    def takes(self, frame: RxFrame, now: int) -> bool:
        """Whether a frame is kept from the node: all of them, once it is away, and beacons are looked at."""
        if self.state is not _S.LISTENING:
            return False
        if self._settings.kind is ScanKind.ACTIVE:
            self._look_at(frame, now)
        return True

    def _look_at(self, received: RxFrame, now: int) -> None:
        try:
            frame = mac_frames.decode(received.psdu)
            if frame.type is not FrameType.BEACON:
                return
            beacon = decode_beacon(frame.payload)
        except DecodeError as error:
            self._report("scan.beacon", "undecodable", {"error": str(error)}, now)
            return
        source, pan_id = frame.source, frame.source_pan
        if source is None or pan_id is None or frame.source_extended or source >= FIRST_BROADCAST:
            self._report("scan.beacon", "no-address", {}, now)
        elif (pan_id, source) not in self._heard:
            self._heard.add((pan_id, source))
            self._user.network_found(self._found(beacon, pan_id, source, received), now)

    def _found(self, beacon: Beacon, pan_id: int, short: int, frame: RxFrame) -> NetworkFound:
        return NetworkFound(
            self._channel, pan_id, beacon.extended_pan_id, beacon.association_permit, beacon.stack_profile,
            beacon.update_id, short, beacon.depth, frame.lqi, frame.rssi,
        )  # fmt: skip

    # The table, and what it has done

    def _step(self, trigger: ScanTrigger, now: int) -> None:
        row = SCAN[self.state].get(trigger)
        if row is not None:
            self.state = row.next_state
            self._actions[row.action](now)

    def _drained(self) -> ScanTrigger:
        return _T.SILENT if self._mac.idle else _T.SENDING

    def _wait(self, now: int) -> None:
        self.timers.set("step", now + DRAIN_PAUSE)

    def _visit(self, now: int) -> None:
        """Go to the next channel."""
        self._left_at = now if self._left_at is None else self._left_at
        self._channel = self._channels.pop()
        self._heard.clear()
        self._mac.receive_always(True, now)
        self._mac.tune(self._channel, now)
        self._mac.set_address(BROADCAST_PAN, BROADCAST_ADDRESS)
        self._until, self._since, self._strongest = now + scan_time(self._settings.duration), now, None
        if self._settings.kind is ScanKind.ACTIVE:
            self._ask(now)
        self._listen_on(now)

    def _ask(self, now: int) -> None:
        request = encode_command(BeaconRequest())
        sequence = self._mac.next_sequence()
        frame = MacFrame(FrameType.COMMAND, sequence, BROADCAST_PAN, BROADCAST_ADDRESS, None, None, request)
        self._mac.send(frame, BeaconRequest, now)

    def _listen_on(self, now: int) -> None:
        """Until the channel's time is over; to be measured, it is looked at before the radio forgets."""
        energy = self._settings.kind is ScanKind.ENERGY
        self.timers.set("step", min(self._until, now + ENERGY_SPAN) if energy else self._until)

    def _measure(self, now: int) -> None:
        if self._settings.kind is ScanKind.ENERGY:
            heard = self._mac.energy(self._since, now)
            self._strongest = heard if self._strongest is None else max(heard, self._strongest)
            self._since = now

    def _finish(self, now: int) -> None:
        self._give_up(now)
        self._user.scan_done(now)

    def _give_up(self, now: int) -> None:
        self.timers.clear()
        self._come_home(0 if self._left_at is None else now - self._left_at, now)
