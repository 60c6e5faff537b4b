"""A stack that does nothing by itself, and a bridge or hub on it: messages go in and out by hand."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.core.standards import Standards
from emulator.devices.bridge.model import Bridge, BridgeCredentials, Life
from emulator.devices.hub.model import CommsHub
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans
from emulator.devices.profile import JoinerProfile
from emulator.devices.profile_loading import load_hub, load_joiner
from emulator.gbcs.pki import generate_pki
from emulator.gbcs.roles import RemotePartyRole
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.image.signature import Verifier, not_checked
from emulator.ports.aps import (
    ApsIndication,
    ApsMessage,
    ApsUser,
    JoinSettings,
    NetworkDown,
    NetworkSettings,
    NetworkUp,
    Outcome,
    StackConfiguration,
)
from emulator.zigbee.frames.zcl import ZclFrame, decode, encode
from tests.devices.world import certificate

DEVICE = Eui64(0x00DB_0000_0000_1001)
HUB = Eui64(0x00DB_0000_0000_0001)
SHORT = 0x1234
UP = NetworkUp(SHORT, 0x1A62, HUB, 15, 0, HUB)
INCOMING = ApsIndication(0, HUB, 1, 1, 0x0109, 0, b"", link_key=True, broadcast=False, rssi=-50, lqi=200)


class FakePort:
    """Keeps what it is asked; addresses are those of one hub (0x0000) and one device."""

    def __init__(self, eui64: Eui64) -> None:
        self.eui64 = eui64
        self.calls: list[str] = []
        self.sent: list[ApsMessage] = []
        self.user: ApsUser | None = None
        self.known = {HUB: 0, DEVICE: SHORT}
        self.configuration: StackConfiguration | None = None

    def attach(self, user: ApsUser) -> None:
        self.user = user

    def configure(self, configuration: StackConfiguration) -> None:
        self.configuration = configuration

    def form(self, settings: NetworkSettings, now: int) -> None:
        self.calls.append("form")

    def permit_joining(self, until: int, now: int) -> None:
        self.calls.append("permit")

    def allow(self, device: Eui64, link_key: bytes) -> None:
        self.calls.append("allow")

    def forbid(self, device: Eui64) -> None:
        self.calls.append("forbid")

    def set_link_key(self, device: Eui64, key: bytes, now: int) -> None:
        self.calls.append("set_link_key")

    def offer_link_key(self, device: Eui64, key: bytes | None, now: int) -> None:
        self.calls.append("offer_link_key")

    def link_key_with(self, device: Eui64) -> bytes | None:
        return None

    def has_established_key(self, device: Eui64) -> bool:
        return False

    def seek_trust_centre(self, now: int) -> None:
        self.calls.append("seek_trust_centre")

    def rotate_network_key(self, key: bytes, now: int) -> None:
        self.calls.append("rotate_network_key")

    def remove(self, device: Eui64, now: int) -> None:
        self.calls.append("remove")

    def join(self, settings: JoinSettings, now: int) -> None:
        self.calls.append("join")

    def resume(self, now: int) -> None:
        self.calls.append("resume")

    def stop(self, now: int) -> None:
        self.calls.append("stop")

    def leave(self, now: int) -> None:
        self.calls.append("leave")

    def send(self, message: ApsMessage, now: int) -> int:
        self.sent.append(message)
        return len(self.sent)

    def short_of(self, device: Eui64) -> int | None:
        return self.known.get(device)

    def eui64_of(self, short: int) -> Eui64 | None:
        return next((eui64 for eui64, known in self.known.items() if known == short), None)

    # For the test

    def zcl(self, cluster: int | None = None) -> list[ZclFrame]:
        """The ZCL frames sent, of one cluster or of all."""
        return [
            decode(message.payload)
            for message in self.sent
            if message.destination_endpoint and cluster in (None, message.cluster)
        ]


class Reports(list[tuple[str, str | None, dict[str, object]]]):
    """What was reported."""

    def __call__(self, kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
        self.append((kind, reason, fields))

    def reasons(self, kind: str) -> list[str | None]:
        return [reason for found, reason, _ in self if found == kind]


def indication(cluster: int, frame: ZclFrame | bytes, **changes: object) -> ApsIndication:
    """A message from the hub (or, with `source` and `source_eui64`, from elsewhere)."""
    payload = frame if isinstance(frame, bytes) else encode(frame)
    return replace(INCOMING, cluster=cluster, payload=payload, **changes)  # type: ignore[arg-type]  # by name


def from_device(cluster: int, frame: ZclFrame | bytes, **changes: object) -> ApsIndication:
    return indication(cluster, frame, **{"source": SHORT, "source_eui64": DEVICE, **changes})


class NoComputer:
    """Never comes to a result."""

    def compute(self, work: Callable[[], Any], done: Callable[[Any, int], None]) -> None:
        """Nothing."""


class LoneBridge:
    """A bridge that has a stack of straw; `now` moves only when a test says so."""

    def __init__(
        self,
        profile: str | JoinerProfile = "bridge-1",
        verifier: Verifier = not_checked,
        *,
        cbke: bool = False,
        **standards: object,
    ) -> None:
        self.port = FakePort(DEVICE)
        means = KeyEstablishmentMeans((certificate(DEVICE),), NoComputer()) if cbke else None
        self.reports = Reports()
        self.now = 0
        self.bridge = Bridge(
            self.port,
            load_joiner(profile) if isinstance(profile, str) else profile,
            BridgeCredentials(bytes(16), cbke=means),
            Standards(standards),
            random.Random(1),
            self.reports,
            verifier=verifier,
        )

    def up(self) -> LoneBridge:
        """Booted, on the network."""
        self.bridge.power_on(self.now)
        self.pass_time(lambda: self.bridge.life is Life.JOINING)
        self.bridge.network(NetworkDown("not-joined"), self.now)
        self.bridge.network(UP, self.now)
        assert self.bridge.life is (Life.RUNNING if self.bridge.cbke is None else Life.ESTABLISHING)
        return self

    def pass_time(self, until: Callable[[], bool], steps: int = 100) -> None:
        for _ in range(steps):
            if until():
                return
            at = self.bridge.next_timeout()
            assert at is not None
            self.now = at
            self.bridge.on_timeout(at)
        raise AssertionError("it never came to that")

    def take(self, cluster: int, frame: ZclFrame | bytes, **changes: object) -> None:
        self.bridge.received(indication(cluster, frame, **changes), self.now)

    def confirm(self, outcome: Outcome = Outcome.DELIVERED) -> None:
        """Say of the last message what became of it."""
        self.bridge.sent(len(self.port.sent), outcome, self.now)


CHF = Eui64(0x00DB_0000_0000_0003)


class LoneHub:
    """The same for a hub."""

    def __init__(self, profile: str = "hub", **standards: object) -> None:
        self.port = FakePort(HUB)
        self.reports = Reports()
        chf = generate_pki(SeededStreams(1), ()).identity(CHF, RemotePartyRole.WAN_PROVIDER)
        self.hub = CommsHub(self.port, load_hub(profile), Standards(standards), random.Random(1), self.reports, chf)
        self.hub.power_on(NetworkSettings(15, 0x1A62, HUB, bytes(16)), 0)
        self.hub.network(NetworkUp(0, 0x1A62, HUB, 15, 0, HUB), 0)
        self.hub.register(DEVICE, HanDeviceType.PPMID, bytes(16), 60, 0)

    def take(self, cluster: int, frame: ZclFrame | bytes, **changes: object) -> None:
        self.hub.received(from_device(cluster, frame, **changes), 0)
