"""A device of a test environment, and whoever sends it Commands about credentials."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from emulator.core.eui64 import Eui64
from emulator.gbcs import crypto
from emulator.gbcs.assembly import assemble
from emulator.gbcs.certificate_reading import read_certificate
from emulator.gbcs.device.catalogue import DeviceParts, use_cases
from emulator.gbcs.device.gbcs_device import GbcsDevice, Reply
from emulator.gbcs.device.own_keys import OwnKeys
from emulator.gbcs.device.settings import DeviceSettings
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.key_ring import HeldCredential, KeyRing
from emulator.gbcs.message import Message
from emulator.gbcs.pki import ACCESS_CONTROL_BROKER, Credential, Identity, Pki
from emulator.gbcs.refusal import Refusal
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases import cs02b, cs02b_outcome
from emulator.gbcs.use_cases.cells import Certificate, TrustAnchorCell
from emulator.gbcs.use_cases.cs02b_modes import MODES, Mode
from tests.gbcs.parties import BRIDGE, BRIDGE_USE_CASES, VERSION

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ROOT_ROLE, BROKER_ROLE = RemotePartyRole.ROOT, RemotePartyRole.ACCESS_CONTROL_BROKER
BROKER_KA = TrustAnchorCell(BROKER_ROLE, KeyUsage.KEY_AGREEMENT)
BROKER_DS = TrustAnchorCell(BROKER_ROLE, KeyUsage.DIGITAL_SIGNATURE)
RECOVERY_DS = TrustAnchorCell(RemotePartyRole.RECOVERY, KeyUsage.DIGITAL_SIGNATURE)
SUPPLIER_DS = TrustAnchorCell(RemotePartyRole.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE)
NEW_KEYS = [crypto.private_key(bytes((number,)) * 48) for number in range(1, 5)]


class Bench:
    """A device, and whoever sends it Commands about credentials."""

    def __init__(self, pki: Pki, settings: DeviceSettings | None = None) -> None:
        self.pki = pki
        self.keys = list(NEW_KEYS)
        self.counter = 100
        chosen = settings or DeviceSettings()
        roles = (RemotePartyRole.SUPPLIER,) if chosen.authority == "supplier" else ()
        own_keys = OwnKeys(lambda _usage, _number: self.keys.pop(0), partial(pki.device_certificate, BRIDGE))
        taken = use_cases(BRIDGE_USE_CASES, DeviceParts(own_keys, lambda: VERSION), chosen)
        self.device = GbcsDevice(pki.device_state(BRIDGE, *roles), taken, chosen)
        self.ring = KeyRing(
            HeldCredential(name, read_certificate(one.certificate_octets), one.private_key)
            for name, one in pki.credentials.items()
        )
        self.new_broker = pki.renewed(ACCESS_CONTROL_BROKER, BROKER_ROLE, 2)

    def message(
        self,
        code: int,
        shape: str,
        payload: bytes,
        originator: Eui64 = ACCESS_CONTROL_BROKER,
        *,
        ring: KeyRing | None = None,
        counter: int | None = None,
    ) -> Message:
        header = GroupingHeader(Cra.COMMAND, counter or self.counter, originator, BRIDGE, code)
        return assemble(header, payload, shape, ring or self.ring)

    def replacing(
        self,
        *replacements: tuple[Credential, TrustAnchorCell],
        mode: Mode = Mode.ACCESS_CONTROL_BROKER_BY_ACB,
        path: Credential | None = None,
        **control: object,
    ) -> cs02b.Command:
        cell = None if mode is Mode.ACCESS_CONTROL_BROKER_BY_ACB else MODES[mode].cell
        asked = cs02b.Control(mode, self.counter, cell)
        return cs02b.Command(
            replace(asked, **control),  # type: ignore[arg-type] # by name
            tuple(cs02b.Replacement(Certificate(one.certificate_octets), cell) for one, cell in replacements),
            (Certificate((path or self.pki.organisation_issuer).certificate_octets),),
        )

    def by_broker(self, command: cs02b.Command, shape: str = "b") -> bytes:
        return self.message(0x0104, shape, command.encode()).encode()

    def send(self, octets: bytes, date: datetime = NOW) -> Reply | Refusal:
        return self.device.receive(octets, 7, date)

    def obeyed(self, octets: bytes, date: datetime = NOW) -> Reply:
        reply = self.send(octets, date)
        assert isinstance(reply, Reply), reply
        assert Message.decode(reply.octets) == reply.response
        return reply

    def outcome(self, octets: bytes, date: datetime = NOW) -> cs02b_outcome.ExecutionOutcome:
        reply = self.obeyed(octets, date)
        assert reply.response.shape == "d"
        assert reply.response.header.date_time is not None
        outcome = cs02b_outcome.Response.decode(reply.response.payload).execution_outcome
        assert outcome is not None
        return outcome


def both(bench: Bench, identity: Identity) -> tuple[tuple[Credential, TrustAnchorCell], ...]:
    return (identity.digital_signature, BROKER_DS), (identity.key_agreement, BROKER_KA)


def own(bench: Bench, code: int, payload: bytes) -> bytes:
    bench.counter += 1
    return bench.obeyed(bench.message(code, "a", payload).encode()).response.payload
