"""A device's own keys and certificates: CS02c makes a key pair, CS02d puts it in force, CS02e shows the certificate.

Between CS02c and CS02d the new key waits and the old one stays in force.  Codes: gbcs-parser; what each step checks was
not found beyond what the codes say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.gbcs.certificate_reading import ReadCertificate, read_certificate
from emulator.gbcs.certification_request import certification_request
from emulator.gbcs.crypto import PrivateKey, encode_point, private_key
from emulator.gbcs.keys import EntityKeys
from emulator.gbcs.roles import KeyUsage
from emulator.gbcs.use_cases import cs02c, cs02d, cs02e
from emulator.gbcs.use_cases.cells import Certificate

_SCALAR_OCTETS = 32


@dataclass(frozen=True, slots=True)
class OwnCredential:
    """One of a device's keys.

    Attributes:
        private_key: the key in force.
        certificate: its certificate, DER; empty where that is the one which the device was made with.
        pending: the key that CS02c made and no certificate has come for; None = none.
    """

    private_key: PrivateKey = field(repr=False)
    certificate: bytes = b""
    pending: PrivateKey | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class OwnCredentials:
    """Both keys of a device at one moment; a change makes a new value, so that a snapshot is one as well.

    Attributes:
        entity_id: the device.
        held: by what the key is for.
    """

    entity_id: Eui64
    held: Mapping[KeyUsage, OwnCredential]

    @classmethod
    def of(cls, keys: EntityKeys) -> Self:
        """Those of a new device, whose certificates are the ones that it was made with."""
        signing, agreeing = OwnCredential(keys.digital_signature), OwnCredential(keys.key_agreement)
        return cls(keys.entity_id, {KeyUsage.DIGITAL_SIGNATURE: signing, KeyUsage.KEY_AGREEMENT: agreeing})

    @property
    def keys(self) -> EntityKeys:
        """The keys in force."""
        signing, agreeing = self.held[KeyUsage.DIGITAL_SIGNATURE], self.held[KeyUsage.KEY_AGREEMENT]
        return EntityKeys(self.entity_id, signing.private_key, agreeing.private_key)

    def issue(self, command: cs02c.Command, key: PrivateKey) -> tuple[Self, cs02c.Response]:
        """CS02c: `key` waits for its certificate, instead of one that waited before; a certification request for it."""
        usage = command.key_usage
        if usage not in self.held:
            return self, cs02c.Response(response_code=cs02c.ResponseCode.INVALID_KEY_USAGE)
        request = certification_request(self.entity_id, usage, key)
        return self._with(usage, replace(self.held[usage], pending=key)), cs02c.Response(request)

    def update(self, command: cs02d.Command) -> tuple[Self, cs02d.Response]:
        """CS02d: the waiting key comes into force if the certificate is for it; otherwise nothing changes."""
        code, usage = self._judge(command.certificate.octets)
        if usage is None:
            return self, cs02d.Response(code)
        pending = self.held[usage].pending
        assert pending is not None
        changed = self._with(usage, OwnCredential(pending, command.certificate.octets))
        return changed, cs02d.Response(cs02d.ResponseCode.SUCCESS)

    def provide(self, command: cs02e.Command, made_with: Callable[[KeyUsage], bytes]) -> cs02e.Response:
        """CS02e: the certificate in force; `made_with` gives that of the maker, DER, empty where there is none."""
        held = self.held.get(command.key_usage)
        if held is None:
            return cs02e.Response(response_code=cs02e.ResponseCode.INVALID_KEY_USAGE)
        certificate = held.certificate or made_with(command.key_usage)
        if not certificate:
            return cs02e.Response(response_code=cs02e.ResponseCode.NO_CERTIFICATE_HELD)
        return cs02e.Response(Certificate(certificate))

    def _with(self, usage: KeyUsage, credential: OwnCredential) -> Self:
        return replace(self, held={**self.held, usage: credential})

    def _judge(self, octets: bytes) -> tuple[cs02d.ResponseCode, KeyUsage | None]:
        """The response code, and on success which key the certificate is for."""
        try:
            certificate = read_certificate(octets)
        except DecodeError:
            return cs02d.ResponseCode.INVALID_CERTIFICATE, None
        code = self._fault(certificate)
        return (code, None) if code else (cs02d.ResponseCode.SUCCESS, certificate.extensions.key_usage)

    def _fault(self, certificate: ReadCertificate) -> cs02d.ResponseCode:
        usage = certificate.extensions.key_usage
        if certificate.extensions.hardware_serial != self.entity_id:
            return cs02d.ResponseCode.WRONG_DEVICE_IDENTITY
        if usage is None or usage not in self.held:
            return cs02d.ResponseCode.INVALID_KEY_USAGE
        pending = self.held[usage].pending
        if pending is None:
            return cs02d.ResponseCode.NO_CORRESPONDING_KEY_PAIR_GENERATED
        if encode_point(pending.public_key()) != certificate.point:
            return cs02d.ResponseCode.WRONG_PUBLIC_KEY
        return cs02d.ResponseCode.SUCCESS

    def to_dict(self) -> dict[str, list[str | None]]:
        """A plain form for non-volatile memory, private keys included; JSON-ready."""
        return {
            usage.value: [
                _scalar(one.private_key),
                one.certificate.hex(),
                None if one.pending is None else _scalar(one.pending),
            ]
            for usage, one in self.held.items()
        }

    @classmethod
    def from_dict(cls, entity_id: Eui64, stored: Mapping[str, Any]) -> Self:
        """What `to_dict` made; DecodeError if it is damaged."""
        try:
            held = {KeyUsage(usage): _credential(*values) for usage, values in stored.items()}
        except (ValueError, TypeError) as error:
            raise DecodeError("stored credentials: damaged") from error
        if set(held) != {KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_AGREEMENT}:
            raise DecodeError("stored credentials: not one key for each use")
        return cls(entity_id, held)


def _credential(key: str, certificate: str, pending: str | None) -> OwnCredential:
    waiting = None if pending is None else _key(pending)
    return OwnCredential(_key(key), bytes.fromhex(certificate), waiting)


def _scalar(key: PrivateKey) -> str:
    return key.private_numbers().private_value.to_bytes(_SCALAR_OCTETS, "big").hex()


def _key(scalar: str) -> PrivateKey:
    value = int.from_bytes(bytes.fromhex(scalar), "big")
    if not value:
        raise ValueError(scalar)
    return private_key((value - 1).to_bytes(_SCALAR_OCTETS, "big"))
