"""A client and a server on a wire of their own in virtual time: no radio, but loss, delay, repetition and restarts."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from emulator.core.clock import DAY, MILLISECOND, SECOND
from emulator.image.header import OtaHeader
from emulator.ota.behaviour import WELL_BEHAVED, ClientBehaviour
from emulator.ota.client import OtaClient
from emulator.ota.client_table import ClientState
from emulator.ota.effects import (
    Activate,
    ClientEffect,
    DefaultResponse,
    FindServer,
    Finished,
    Reply,
    Report,
    Send,
    ServerEffect,
    Unsolicited,
    Verify,
)
from emulator.ota.events import Activated, DefaultResponseReceived, SendFailed, ServerFound, Started, Stopped, Verified
from emulator.ota.policy import ServerPolicy
from emulator.ota.server import OtaServer
from emulator.ota.settings import ClientIdentity, ClientSettings
from emulator.ota.slot import MemorySlot
from emulator.zigbee.clusters.ota import ImageIdentity

CLIENT = 0x00DB1234567890B1
OTHER = 0x00DB1234567890B2
MANUFACTURER = 0x10C7
IMAGE_TYPE = 0x00B1
HARDWARE = 0x0100
OLD_VERSION = 0x0A000001
NEW_VERSION = 0x0A000002
LATENCY = 5 * MILLISECOND

ME = ClientIdentity(MANUFACTURER, IMAGE_TYPE, HARDWARE, CLIENT)

Fate = Callable[[str, int], list[int]]
"""By direction (`up` to the server, `down`) and ordinal of the message: the delays it arrives after; none = lost."""


def image(size: int = 1000, version: int = NEW_VERSION, seed: int = 1, **fields: Any) -> bytes:
    """A well-formed OTA file of `size` octets in Great Britain's form."""
    header = OtaHeader(
        manufacturer_code=MANUFACTURER,
        image_type=IMAGE_TYPE,
        file_version=version,
        total_image_size=size,
        minimum_hardware_version=0x0100,
        maximum_hardware_version=0x01FF,
    )
    header = replace(header, **fields)
    return header.encode() + random.Random(seed).randbytes(size - header.header_length)


def identity_of(octets: bytes) -> ImageIdentity:
    header = OtaHeader.decode(octets)
    return ImageIdentity(header.manufacturer_code, header.image_type, header.file_version, len(octets))


def on_time(_direction: str, _ordinal: int) -> list[int]:
    return [LATENCY]


class Link:
    """One client, one server, and what they made each other do.

    Attributes:
        activated: the octets of each image that was activated.
        reports: every report, of both, in order, with its time.
        batches: the effects of each event, of both, with its time.
    """

    def __init__(
        self,
        octets: bytes | None = None,
        *,
        settings: ClientSettings | None = None,
        policy: ServerPolicy | None = None,
        fate: Fate = on_time,
        behaviour: ClientBehaviour = WELL_BEHAVED,
        identity: ClientIdentity = ME,
        good: Callable[[bytes], bool] = lambda _: True,
        seed: int = 7,
    ) -> None:
        self.settings = settings or ClientSettings()
        self.policy = policy or ServerPolicy()
        self.identity = identity
        self.behaviour = behaviour
        self.fate = fate
        self.good = good
        self.rng = random.Random(seed)
        self.now = 0
        self.version = OLD_VERSION
        self.slot = MemorySlot()
        self.client = self._new_client()
        self.server = OtaServer(self.policy, self.rng)
        self.octets = octets
        self.activated: list[bytes] = []
        self.activations: list[Activate] = []
        self.finished: list[Finished] = []
        self.reports: list[tuple[int, Report]] = []
        self.batches: list[tuple[int, Sequence[ClientEffect | ServerEffect]]] = []
        self.sent: list[Send] = []
        self.replies: list[ServerEffect] = []
        self.fail_sends = 0
        self.after_activation = True
        self._serial = count()
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._ordinals = {"up": 0, "down": 0}
        if octets is not None:
            self.serve(self.server.load(octets, 0, [CLIENT]))

    def _new_client(self) -> OtaClient:
        return OtaClient(self.identity, self.settings, self.slot, self.rng, self.behaviour)

    # What a test does

    def start(self) -> Link:
        self.do(self.client.handle(Started(self.version), self.now))
        return self

    def run(self, span: int = 10 * DAY, until: Callable[[Link], bool] = lambda _: False) -> Link:
        """Let time pass, `span` µs at most, while anything is due and `until` does not hold."""
        end = self.now + span
        while not until(self):
            at = self._next()
            if at is None or at > end:
                self.now = end if at is not None else self.now
                break
            self.now = max(self.now, at)
            self._step()
        return self

    def update(self) -> Link:
        """From power-up until the image was activated, or there is nothing more to be expected within days."""
        return self.start().run(until=lambda _: bool(self.activated))

    def restart_client(self) -> Link:
        self.client = self._new_client()
        return self.start()

    def restart_server(self, octets: bytes | None = None) -> Link:
        self.server = OtaServer(self.policy, self.rng)
        content = octets if octets is not None else self.octets
        if content is not None:
            self.serve(self.server.load(content, self.now, [CLIENT]))
        return self

    def until_blocks(self, blocks: int) -> Link:
        return self.start().run(until=lambda _: self.client.counters.blocks >= blocks)

    def reasons(self, kind: str) -> list[str | None]:
        return [report.reason for _, report in self.reports if report.kind == kind]

    def kinds(self) -> list[str]:
        return [report.kind for _, report in self.reports]

    def commands(self) -> list[int]:
        return [send.command_id for send in self.sent]

    def deliver(self, command_id: int, payload: bytes, sequence: int = 0, *, broadcast: bool = False) -> None:
        """Hand the client a message that no server of ours sent."""
        self.do(self.client.received(command_id, payload, sequence, self.now, broadcast=broadcast))

    def moments(self, kind: type[ClientEffect | ServerEffect], command_id: int) -> list[int]:
        """When such messages were sent."""
        return [
            at
            for at, effects in self.batches
            for effect in effects
            if isinstance(effect, kind) and getattr(effect, "command_id", None) == command_id
        ]

    # The wire

    def do(self, effects: list[ClientEffect]) -> None:
        """What a device does for its client."""
        self.batches.append((self.now, effects))
        for effect in effects:
            match effect:
                case Send():
                    self._send(effect)
                case DefaultResponse():
                    self._up(self._to_server_default(effect))
                case FindServer():
                    self._after(LATENCY, lambda: self.do(self.client.handle(ServerFound(0, 1, OTHER), self.now)))
                case Verify():
                    self._after(SECOND, self._verify)
                case Activate():
                    self.activations.append(effect)
                    self.activated.append(self.slot.read(0, self.slot.received))
                    if self.after_activation:
                        self._after(SECOND, self._activate)
                case Report():
                    self.reports.append((self.now, effect))

    def serve(self, effects: list[ServerEffect]) -> None:
        """What a hub does for its server."""
        self.batches.append((self.now, effects))
        for effect in effects:
            match effect:
                case Reply() | Unsolicited() | DefaultResponse():
                    self.replies.append(effect)
                    self._down(self._to_client(effect))
                case Finished():
                    self.finished.append(effect)
                case Report():
                    self.reports.append((self.now, effect))

    def _send(self, send: Send) -> None:
        self.sent.append(send)
        if self.fail_sends:
            self.fail_sends -= 1
            client = self.client
            self._after(LATENCY, lambda: self._if(client, lambda: client.handle(SendFailed(send.sequence), self.now)))
            return
        self._up(lambda: self.server.received(CLIENT, send.command_id, send.payload, send.sequence, self.now))

    def _to_server_default(self, effect: DefaultResponse) -> Callable[[], list[ServerEffect]]:
        return lambda: self.server.default_response(CLIENT, effect.command_id, effect.status, self.now)

    def _to_client(self, effect: Reply | Unsolicited | DefaultResponse) -> Callable[[], list[ClientEffect]]:
        if isinstance(effect, DefaultResponse):
            event = DefaultResponseReceived(effect.command_id, effect.status)
            return lambda: self.client.handle(event, self.now)
        sequence = effect.sequence if isinstance(effect, Reply) else 0
        return lambda: self.client.received(
            effect.command_id,
            effect.payload,
            sequence,
            self.now,
            broadcast=isinstance(effect, Unsolicited) and effect.to is None,
        )

    def _verify(self) -> None:
        if self.client.state is ClientState.VERIFYING:
            ok = self.good(self.slot.read(0, self.slot.received))
            self.do(self.client.handle(Verified(ok, None if ok else "bad-signature"), self.now))

    def _activate(self) -> None:
        if self.client.state is ClientState.ACTIVATING:
            identity = self.slot.identity
            assert identity is not None
            self.version = identity.file_version
            self.do(self.client.handle(Activated(True, self.version), self.now))
            self.do(self.client.handle(Stopped(), self.now))

    def _if(self, client: OtaClient, handle: Callable[[], list[ClientEffect]]) -> None:
        if client is self.client:
            self.do(handle())

    def _up(self, handle: Callable[[], list[ServerEffect]]) -> None:
        for delay in self._delays("up"):
            self._after(delay, lambda: self.serve(handle()))

    def _down(self, handle: Callable[[], list[ClientEffect]]) -> None:
        for delay in self._delays("down"):
            self._after(delay, lambda: self.do(handle()))

    def _delays(self, direction: str) -> list[int]:
        self._ordinals[direction] += 1
        return self.fate(direction, self._ordinals[direction])

    def _after(self, delay: int, function: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self.now + delay, next(self._serial), function))

    def _next(self) -> int | None:
        times = [self.client.next_timeout(), self.server.next_timeout()]
        times += [self._agenda[0][0]] if self._agenda else []
        return min((at for at in times if at is not None), default=None)

    def _step(self) -> None:
        if self._agenda and self._agenda[0][0] <= self.now:
            heapq.heappop(self._agenda)[2]()
            return
        self.serve(self.server.on_timeout(self.now))
        self.do(self.client.on_timeout(self.now))
