"""GBCS messages at a device: a Command answered, an alert signed, and messages only read and checked."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.child import Measured
from benchmarks.probes.micro import microseconds
from emulator.core.clock import VIRTUAL_EPOCH
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.gbcs import crypto
from emulator.gbcs.access_control_broker import AccessControlBroker
from emulator.gbcs.crypto import KeyAgreement
from emulator.gbcs.device.catalogue import DeviceParts, use_cases
from emulator.gbcs.device.firmware import activation_alert
from emulator.gbcs.device.gbcs_device import GbcsDevice, Reply
from emulator.gbcs.device.settings import DeviceSettings
from emulator.gbcs.message import Message
from emulator.gbcs.pki import Pki, generate_pki
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases import cs02b, cs09
from emulator.gbcs.use_cases.catalogue import decode_payload
from emulator.gbcs.use_cases.cells import Certificate, TrustAnchorCell
from emulator.gbcs.use_cases.cs02b_modes import Mode

_DEVICE = Eui64(0x00DB12_34567890A0)
_COMMANDS = 40
_TIMINGS = 7
_CS02B = 0x0104
"""Message code of CS02b where the Access Control Broker replaces its own credentials."""


def device() -> Measured:
    """What a bridge needs for an answer to CS08 (verify, build, MAC) and for a signed alert, µs."""
    pki, broker = _environment()
    identity, settings = pki.identity(_DEVICE), DeviceSettings()
    taken = use_cases(("CS08",), DeviceParts(identity.own_keys, lambda: 0x0002_0000), settings)
    bridge = GbcsDevice(identity.state, taken, settings)
    supplier = pki.suppliers[0].entity_id
    commands = [broker.command_cs08(_DEVICE, supplier, each) for each in range(1, _COMMANDS * _TIMINGS + 2)]
    assert isinstance(bridge.receive(commands.pop(0), 0, VIRTUAL_EPOCH), Reply)
    left = iter(commands)
    payload = activation_alert(settings, 0x0002_0000, cs09.Result.SUCCESS, VIRTUAL_EPOCH)
    return {
        "cs08": microseconds(lambda: bridge.receive(next(left), 0, VIRTUAL_EPOCH), _COMMANDS),
        "alert": microseconds(lambda: bridge.alert(cs09.MESSAGE_CODE, payload), _COMMANDS),
    }


def reading() -> Measured:
    """Messages decoded and MAC-checked, µs each, without and with their payload; the secret of the pair is known."""
    pki, broker = _environment()
    agreement = KeyAgreement(pki.device(_DEVICE).keys.key_agreement)
    secret = agreement.shared_secret(pki.access_control_broker.public_keys.key_agreement)
    cs08 = broker.command_cs08(_DEVICE, pki.suppliers[0].entity_id, 1)
    credentials = broker.command(_DEVICE, _CS02B, _replacement(pki, 2))
    return {
        "cs08_octets": len(cs08),
        "cs08": microseconds(_reader(cs08, secret), 500),
        "cs08_payload": microseconds(_reader(cs08, secret, payload=True), 500),
        "cs02b_octets": len(credentials),
        "cs02b": microseconds(_reader(credentials, secret), 500),
        "cs02b_payload": microseconds(_reader(credentials, secret, payload=True), 500),
    }


def _environment() -> tuple[Pki, AccessControlBroker]:
    """A PKI with one device, and a broker that knows it; making them is not part of any figure."""
    pki = generate_pki(SeededStreams(1), [_DEVICE])
    broker = AccessControlBroker(pki.access_control_broker.keys)
    broker.register(_DEVICE, pki.device(_DEVICE).public_keys)
    return pki, broker


def _replacement(pki: Pki, counter: int) -> bytes:
    """Payload of CS02b: two certificates and the one that issued them."""
    broker = pki.access_control_broker
    role = RemotePartyRole.ACCESS_CONTROL_BROKER
    pairs = (
        (broker.digital_signature, TrustAnchorCell(role, KeyUsage.DIGITAL_SIGNATURE)),
        (broker.key_agreement, TrustAnchorCell(role, KeyUsage.KEY_AGREEMENT)),
    )
    command = cs02b.Command(
        cs02b.Control(Mode.ACCESS_CONTROL_BROKER_BY_ACB, counter),
        tuple(cs02b.Replacement(Certificate(one.certificate_octets), cell) for one, cell in pairs),
        (Certificate(pki.organisation_issuer.certificate_octets),),
    )
    return command.encode()


def _reader(octets: bytes, secret: bytes, *, payload: bool = False) -> Callable[[], None]:
    def read() -> None:
        message = Message.decode(octets)
        assert crypto.mac_is_valid(message, secret)
        if payload:
            assert decode_payload(message) is not None

    return read
