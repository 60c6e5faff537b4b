"""A hub, bridges and the Access Control Broker behind them on `mem:aps`, each with standards and flash of its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache

from emulator.cbke.authority import CertificateAuthority
from emulator.cbke.certificate import NO_END
from emulator.cbke.credentials import Credentials
from emulator.cbke.settings import checked_epoch
from emulator.cbke.suite import SUITES
from emulator.core.clock import HOUR, MINUTE, SECOND, VIRTUAL_EPOCH
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.core.standards import Standards
from emulator.devices.bridge.memory import BridgeMemory
from emulator.devices.bridge.model import Bridge, BridgeCredentials, Life
from emulator.devices.hub.model import CommsHub
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans
from emulator.devices.profile import JoinerProfile
from emulator.devices.profile_loading import load_hub, load_joiner
from emulator.gbcs.access_control_broker import (
    AccessControlBroker,
    Alerted,
    Answered,
    FirmwareActivationAlert,
    FirmwareVersionRead,
)
from emulator.gbcs.pki import Pki, generate_pki
from emulator.gbcs.roles import RemotePartyRole
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.image.flash import Flash
from emulator.image.header import OtaHeader
from emulator.image.signature import Verifier, not_checked
from emulator.ota.behaviour import WELL_BEHAVED, ClientBehaviour
from emulator.ports.aps import ApsMessage, ApsPort, NetworkSettings
from emulator.runtime.computing import InlineComputer
from emulator.runtime.device_making import trusted_roles
from emulator.runtime.driver import DeviceDriver
from emulator.runtime.engine import Engine
from emulator.transports.memory.aps_air import ApsAir
from emulator.transports.memory.topology import Topology
from emulator.zigbee.security.keys import install_code_key

HUB = Eui64(0x00DB_0000_0000_0001)
CHF = Eui64(0x00DB_0000_0000_0002)
NETWORK = NetworkSettings(15, 0x1A62, HUB, bytes(range(16)))
OLD = 0x0001_0000
NEW = 0x0002_0000


@cache
def certificate(
    eui64: Eui64, authority: int = 1, suite: int = 2, since: datetime = VIRTUAL_EPOCH, valid_for: int = NO_END
) -> Credentials:
    """Credentials of a test CA for a device."""
    streams = SeededStreams(authority)
    return CertificateAuthority.generate(SUITES[suite], streams).issue(eui64, streams, since, valid_for)


@cache
def pki() -> Pki:
    """Keys take long to make, and nothing changes in them."""
    return generate_pki(SeededStreams(1), ())


def image(
    size: int = 1000,
    profile: str | JoinerProfile = "bridge-1",
    version: int = NEW,
    seed: int = 1,
    **fields: int,
) -> bytes:
    """An unsigned OTA file for that product."""
    known = load_joiner(profile) if isinstance(profile, str) else profile
    header = OtaHeader(
        manufacturer_code=known.manufacturer,
        image_type=known.image_type,
        file_version=version,
        total_image_size=size,
        minimum_hardware_version=0x0100,
        maximum_hardware_version=0x01FF,
    )
    header = replace(header, **fields)  # type: ignore[arg-type]  # by name
    return header.encode() + random.Random(seed).randbytes(size - header.header_length)


@dataclass(frozen=True, slots=True)
class Happened:
    """One report."""

    at: int
    source: str
    kind: str
    reason: str | None
    fields: Mapping[str, object]


class TappedPort:
    """A port that keeps every message handed to it, and may refuse some."""

    def __init__(self, inside: ApsPort, tap: Callable[[ApsMessage], None]) -> None:
        self._inside = inside
        self._tap = tap
        self.swallow: Callable[[ApsMessage], bool] = lambda _: False
        self._lost = 1 << 40

    def short_of(self, device: Eui64) -> int | None:
        return self._inside.short_of(device)

    def send(self, message: ApsMessage, now: int) -> int:
        self._tap(message)
        if self.swallow(message):
            self._lost += 1
            return self._lost
        return self._inside.send(message, now)

    def __getattr__(self, name: str) -> object:
        return getattr(self._inside, name)


@dataclass(slots=True)
class Member:
    """One bridge."""

    name: str
    bridge: Bridge
    driver: DeviceDriver
    port: TappedPort
    install_code: bytes
    sent: list[ApsMessage] = field(default_factory=list)


class World:
    """A HAN; `events` has every report, `alerts` what the broker took, `statuses` what the hub told of images."""

    def __init__(
        self,
        *profiles: str | JoinerProfile,
        hub: str = "hub",
        limit: int = 768_000,
        cbke: bool = False,
        suites: tuple[int, ...] = (2,),
        hub_credentials: tuple[Credentials, ...] = (),
        **set_to: object,
    ) -> None:
        self.cbke = cbke
        self.suites = suites
        self.engine = Engine()
        self.topology = Topology()
        self.streams = SeededStreams(1)
        self.air = ApsAir(self.engine, self.topology, self.streams)
        self.standards = Standards({"limits.image_octets": limit, **set_to})
        self.events: list[Happened] = []
        self.alerts: list[FirmwareActivationAlert] = []
        self.other_alerts: list[Alerted] = []
        self.answers: list[Answered] = []
        self.refusals: list[str] = []
        self.readings: list[FirmwareVersionRead] = []
        self.statuses: list[tuple[int, str, str | None]] = []
        self.hub_sent: list[ApsMessage] = []
        self.hub_port = TappedPort(self.air.port(HUB, self._reporter("hub/stack")), self.hub_sent.append)
        self.hub = CommsHub(
            self.hub_port,  # type: ignore[arg-type]  # passes everything on
            load_hub(hub),
            self.standards,
            self.streams.stream("hub"),
            self._reporter("hub"),
            pki().identity(CHF, RemotePartyRole.WAN_PROVIDER),
            cbke=self.means(HUB, *hub_credentials),
        )
        self.hub_driver = self._drive(self.hub_port, self.hub)
        self.broker = AccessControlBroker(pki().access_control_broker.keys)
        self.broker.register(CHF, pki().device(CHF).public_keys)
        self.hub.attach_gateway_user(self)
        self.members: list[Member] = []
        self._count = 0
        self.hub.power_on(NETWORK, 0)
        self.run_for(SECOND)
        for profile in profiles:
            self.join(self.add(profile))

    def _reporter(self, source: str) -> Callable[[str, str | None, dict[str, object], int], None]:
        return lambda kind, reason, fields, now: self.events.append(Happened(now, source, kind, reason, fields))

    def means(self, eui64: Eui64, *credentials: Credentials) -> KeyEstablishmentMeans | None:
        """What a device establishes keys with: a certificate of the test CA, if not of another one."""
        if not self.cbke:
            return None
        issued = tuple(certificate(eui64, suite=suite) for suite in self.suites)
        epoch = checked_epoch(self.standards, VIRTUAL_EPOCH)
        return KeyEstablishmentMeans(credentials or issued, InlineComputer(self.engine), epoch=epoch)

    def _drive(self, port: TappedPort, device: Bridge | CommsHub) -> DeviceDriver:
        driver = DeviceDriver(self.engine, port, device)  # type: ignore[arg-type]  # passes everything on
        means = device.cbke
        if means is not None:
            means.computer.armed = driver.arm  # type: ignore[attr-defined]  # an InlineComputer
        return driver

    # Who is there

    def add(
        self,
        profile: str | JoinerProfile = "bridge-1",
        *,
        standards: Standards | None = None,
        verifier: Verifier = not_checked,
        behaviour: ClientBehaviour = WELL_BEHAVED,
        gbcs: bool = True,
        flash: Flash | None = None,
        means: KeyEstablishmentMeans | None = None,
    ) -> Member:
        """A bridge that hears the hub; switched off."""
        self._count += 1
        number = self._count
        eui64 = Eui64(0x00DB_0000_0000_1000 + number)
        name = f"bridge-{number}"
        self.topology.connect(HUB, eui64)
        sent: list[ApsMessage] = []
        port = TappedPort(self.air.port(eui64, self._reporter(f"{name}/stack")), sent.append)
        code = bytes([number]) * 16
        keys, made_for = pki().device(eui64), standards or self.standards
        identity = pki().identity(eui64, *trusted_roles(made_for)) if gbcs else None
        bridge = Bridge(
            port,  # type: ignore[arg-type]  # passes everything on
            load_joiner(profile) if isinstance(profile, str) else profile,
            BridgeCredentials(install_code_key(code), identity, means or self.means(eui64)),
            made_for,
            self.streams.stream(name),
            self._reporter(name),
            memory=BridgeMemory(flash),
            verifier=verifier,
            behaviour=behaviour,
        )
        driver = self._drive(port, bridge)
        self.broker.register(eui64, keys.public_keys)
        return Member(name, bridge, driver, port, code, sent)

    def join(self, member: Member) -> Member:
        """Switch it on, and wait until it is at work."""
        self.members.append(member)
        bridge = member.bridge
        self.hub.register(bridge.eui64, HanDeviceType.PPMID, member.install_code, 3_600, self.now)
        bridge.power_on(self.now)
        self.arm()
        assert self.until(lambda: bridge.life is Life.RUNNING, MINUTE), self.events[-5:]
        self.run_for(5 * SECOND)
        return member

    @property
    def bridge(self) -> Bridge:
        return self.members[0].bridge

    @property
    def member(self) -> Member:
        return self.members[0]

    # Time

    @property
    def now(self) -> int:
        return self.engine.now

    def arm(self) -> None:
        """Something was called from outside."""
        self.hub_driver.arm()
        for member in self.members:
            member.driver.arm()

    def run_for(self, span: int) -> None:
        self.arm()
        self.engine.run_for(span)

    def until(self, condition: Callable[[], bool], span: int = HOUR) -> bool:
        """Let time pass until `condition`, looked at after every step, holds; whether it does."""
        self.arm()
        end = self.now + span
        while not condition():
            at = self.engine.next_event
            if at is None or at > end:
                self.engine.run_until(end)
                return condition()
            self.engine.step()
        return True

    # What the DCC side does and hears

    def offer(self, octets: bytes, *members: Member) -> None:
        targets = [member.bridge.eui64 for member in members or self.members]
        self.hub.deliver_image(octets, targets, self.now)
        self.arm()

    def read_version(self, member: Member, counter: int = 1) -> bytes:
        """Send CS08; the command."""
        supplier = pki().suppliers[0].entity_id
        command = self.broker.command_cs08(member.bridge.eui64, supplier, counter)
        self.hub.deliver_gbcs(member.bridge.eui64, command, self.now)
        self.arm()
        return command

    def command(self, to: Eui64, message_code: int, payload: bytes, *, signed: bool = False) -> bytes:
        """Send any Command of the broker; the octets."""
        octets = self.broker.command(to, message_code, payload, signed=signed)
        self.deliver(to, octets)
        return octets

    def deliver(self, to: Eui64, octets: bytes) -> None:
        self.hub.deliver_gbcs(to, octets, self.now)
        self.arm()

    def gbcs_from_device(self, device: Eui64, octets: bytes, now: int) -> None:
        outcome = self.broker.receive(octets, now)
        if isinstance(outcome, FirmwareActivationAlert):
            self.alerts.append(outcome)
        elif isinstance(outcome, FirmwareVersionRead):
            self.readings.append(outcome)
        elif isinstance(outcome, Alerted):
            self.other_alerts.append(outcome)
        elif isinstance(outcome, Answered):
            self.answers.append(outcome)
        else:
            self.refusals.append(outcome.reason.value)

    def image_status(self, device: Eui64, status: str, reason: str | None, now: int) -> None:
        self.statuses.append((int(device), status, reason))

    # What a test asks

    def of(self, kind: str, source: str | None = None) -> list[Happened]:
        return [each for each in self.events if each.kind == kind and source in (None, each.source)]

    def reasons(self, kind: str, source: str | None = None) -> list[str | None]:
        return [each.reason for each in self.of(kind, source)]

    def status_of(self, member: Member) -> list[tuple[str, str | None]]:
        return [(status, reason) for device, status, reason in self.statuses if device == member.bridge.eui64]

    def restart_hub(self) -> None:
        self.hub.restart(self.now)
        self.arm()

    def restart(self, member: Member) -> None:
        member.bridge.restart(self.now)
        self.arm()

    def updated(self, version: int = NEW, span: int = 24 * HOUR) -> bool:
        """Run until every bridge runs `version` and is back, and its alert has come where it speaks GBCS."""
        bridges = [member.bridge for member in self.members]
        return self.until(
            lambda: (
                all(bridge.version == version and bridge.life is Life.RUNNING for bridge in bridges)
                and len(self.alerts) >= sum(bridge.speaks_gbcs for bridge in bridges)
            ),
            span,
        )
