"""Certificates as the GBCS profile has them, read without X.509 machinery.

Whatever a peer sends must end in a value or a DecodeError, quickly: this reads just what the profile has, and keeps
names as their octets.  Source of the profile: the certificates of RTDS 4.5.0 and GBCS v0.8.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.gbcs import der, tlv
from emulator.gbcs.roles import KeyUsage
from emulator.gbcs.tlv import DerReader, Element, only_element

_WHAT = "certificate"
_VALIDITY = "certificate: validity"
_EXTENSION = "certificate: extension"
_VERSION_3 = bytes.fromhex("020102")
_POINT_OCTETS = 65
_ENTITY_ID_OCTETS = 8
_CENTURY_PIVOT = b"50"  # RFC 5280: two-digit years below it are of this century

_COMMON_NAME = bytes.fromhex("550403")
_ORGANISATIONAL_UNIT = bytes.fromhex("55040b")
_UNIQUE_IDENTIFIER = bytes.fromhex("55042d")
_SUBJECT_KEY_IDENTIFIER = bytes.fromhex("551d0e")
_KEY_USAGE = bytes.fromhex("551d0f")
_SUBJECT_ALTERNATIVE_NAME = bytes.fromhex("551d11")
_BASIC_CONSTRAINTS = bytes.fromhex("551d13")
_CERTIFICATE_POLICIES = bytes.fromhex("551d20")
_AUTHORITY_KEY_IDENTIFIER = bytes.fromhex("551d23")
_KNOWN = {
    _SUBJECT_KEY_IDENTIFIER,
    _KEY_USAGE,
    _SUBJECT_ALTERNATIVE_NAME,
    _BASIC_CONSTRAINTS,
    _CERTIFICATE_POLICIES,
    _AUTHORITY_KEY_IDENTIFIER,
}
_HARDWARE_MODULE_NAME = bytes.fromhex("2b06010505070804")

_USAGE_BITS = {0x80: KeyUsage.DIGITAL_SIGNATURE, 0x08: KeyUsage.KEY_AGREEMENT}
_ISSUING_BITS = 0x04
"""keyCertSign; authorities have cRLSign beside it."""


@dataclass(frozen=True, slots=True)
class CertificateName:
    """A distinguished name.

    Attributes:
        octets: its encoding; two names are the same if these are.
        common_name: None if there is none.
        role: the organisational unit, two hex digits; None if there is none, or it is something else.
        unique_identifier: the entity identifier of an organisation; None if there is none.
    """

    octets: bytes
    common_name: str | None = None
    role: int | None = None
    unique_identifier: Eui64 | None = None


@dataclass(frozen=True, slots=True)
class Extensions:
    """The extensions of the profile.

    Attributes:
        key_usage: the one use of the key; None if there is none, or another than the profile has.
        subject_key_identifier: of the certificate's own key; None if absent.
        authority_key_identifier: of the key that signed it; None if absent.
        hardware_serial: the entity identifier of a device; None if absent.
        is_authority: basicConstraints says that it issues certificates.
        path_length: how many authorities may stand below it; None = any number.
        policies: object identifiers of the policies, encoded.
        unknown_critical: object identifiers of critical extensions that the profile does not have.
    """

    key_usage: KeyUsage | None = None
    subject_key_identifier: bytes | None = None
    authority_key_identifier: bytes | None = None
    hardware_serial: Eui64 | None = None
    is_authority: bool = False
    path_length: int | None = None
    policies: tuple[bytes, ...] = ()
    unknown_critical: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadCertificate:
    """What a certificate says; whether its signature is good is another matter (`paths`).

    Attributes:
        octets: the whole certificate, DER.
        serial: its serial number.
        issuer: who says so.
        subject: whom it is about; empty for a device.
        not_before: first second of its validity, UTC.
        not_after: last second of its validity, UTC.
        point: the public key, uncompressed.
        extensions: its extensions.
        signed: the octets that the signature covers.
        signature: ECDSA, DER.
    """

    octets: bytes = field(repr=False)
    serial: int
    issuer: CertificateName
    subject: CertificateName
    not_before: datetime
    not_after: datetime
    point: bytes
    extensions: Extensions
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def entity_id(self) -> Eui64 | None:
        """The device or organisation that it is about; None for an authority."""
        return self.extensions.hardware_serial or self.subject.unique_identifier

    @property
    def is_self_issued(self) -> bool:
        """Whether subject and issuer have the same name, as in a root."""
        return self.subject == self.issuer and bool(self.subject.common_name)


def read_certificate(octets: bytes) -> ReadCertificate:
    """Read a certificate; DecodeError says what is wrong with it."""
    reader = DerReader(only_element(octets, _WHAT, tlv.SEQUENCE).content)
    signed = reader.element(_WHAT, tlv.SEQUENCE)
    if reader.element(_WHAT, tlv.SEQUENCE).octets != tlv.ECDSA_WITH_SHA256:
        raise DecodeError(f"{_WHAT}: not signed by ECDSA with SHA-256")
    signature = _bits(reader.element(_WHAT, tlv.BIT_STRING), "signature")
    reader.finish(_WHAT)
    fields = DerReader(signed.content)
    version = fields.element("certificate: version", tlv.CONTEXT_CONSTRUCTED)
    if version.content != _VERSION_3:
        raise DecodeError(f"{_WHAT}: not of version 3")
    serial = int.from_bytes(fields.element("certificate: serial number", tlv.INTEGER).content, "big", signed=True)
    fields.element("certificate: signature algorithm", tlv.SEQUENCE)
    issuer = read_name(fields.element("certificate: issuer", tlv.SEQUENCE))
    not_before, not_after = _validity(fields.element(_VALIDITY, tlv.SEQUENCE))
    subject = read_name(fields.element("certificate: subject", tlv.SEQUENCE))
    point = read_public_key(fields.element("certificate: public key", tlv.SEQUENCE))
    extensions = read_extensions(fields.element("certificate: extensions", tlv.CONTEXT_CONSTRUCTED | 3).content)
    fields.finish(_WHAT)
    return ReadCertificate(
        octets, serial, issuer, subject, not_before, not_after, point, extensions, signed.octets, signature
    )


def read_name(element: Element) -> CertificateName:
    """A distinguished name: of its parts only those that the profile has are looked at."""
    found: dict[bytes, bytes] = {}
    for part in element.children("certificate: name"):
        for attribute in part.children("certificate: name"):
            reader = DerReader(attribute.content)
            kind = reader.element("certificate: name", tlv.OBJECT_IDENTIFIER).content
            found[kind] = reader.element("certificate: name").content
    name = found.get(_COMMON_NAME)
    return CertificateName(
        element.octets,
        None if name is None else name.decode("utf-8", "replace"),
        _role(found.get(_ORGANISATIONAL_UNIT, b"")),
        _unique_identifier(found.get(_UNIQUE_IDENTIFIER)),
    )


def _role(text: bytes) -> int | None:
    try:
        return int(text.decode("ascii"), 16)
    except ValueError:
        return None


def _unique_identifier(bits: bytes | None) -> Eui64 | None:
    if bits is None or len(bits) != 1 + _ENTITY_ID_OCTETS or bits[0]:
        return None
    return Eui64(int.from_bytes(bits[1:], "big"))


def _validity(element: Element) -> tuple[datetime, datetime]:
    reader = DerReader(element.content)
    dates = _date(reader.element(_VALIDITY)), _date(reader.element(_VALIDITY))
    reader.finish(_VALIDITY)
    return dates


def _date(element: Element) -> datetime:
    """`YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`, by the tag."""
    if element.tag == tlv.UTC_TIME:
        century = b"20" if element.content[:2] < _CENTURY_PIVOT else b"19"
        return der.parse_time(century + element.content, _VALIDITY)
    if element.tag == tlv.GENERALIZED_TIME:
        return der.parse_time(element.content, _VALIDITY)
    raise DecodeError(f"{_VALIDITY}: tag {element.tag:#04x} is no time")


def read_public_key(element: Element) -> bytes:
    """The uncompressed point of a SubjectPublicKeyInfo; DecodeError unless it is a key on P-256."""
    reader = DerReader(element.content)
    if reader.element("certificate: public key", tlv.SEQUENCE).octets != tlv.P256_KEY:
        raise DecodeError("certificate: public key: not on P-256")
    point = _bits(reader.element("certificate: public key", tlv.BIT_STRING), "public key")
    if len(point) != _POINT_OCTETS:
        raise DecodeError(f"certificate: public key: {len(point)} octets, not {_POINT_OCTETS}")
    return point


def _bits(element: Element, what: str) -> bytes:
    """A BIT STRING of whole octets."""
    if element.content[:1] != b"\x00":
        raise DecodeError(f"certificate: {what}: not of whole octets")
    return element.content[1:]


def read_extensions(octets: bytes) -> Extensions:
    """The extensions inside the SEQUENCE of them; DecodeError for one that is damaged or there twice."""
    found: dict[bytes, bytes] = {}
    unknown: list[bytes] = []
    for extension in only_element(octets, _EXTENSION, tlv.SEQUENCE).children(_EXTENSION):
        reader = DerReader(extension.content)
        kind = reader.element(_EXTENSION, tlv.OBJECT_IDENTIFIER).content
        critical = reader.if_next(_EXTENSION, tlv.BOOLEAN)
        if kind in found:
            raise DecodeError(f"{_EXTENSION}: there twice")
        found[kind] = reader.element(_EXTENSION, tlv.OCTET_STRING).content
        if kind not in _KNOWN and critical is not None and critical.content != b"\x00":
            unknown.append(kind)
    is_authority, path_length = _basic_constraints(found.get(_BASIC_CONSTRAINTS))
    return Extensions(
        key_usage=_key_usage(found.get(_KEY_USAGE)),
        subject_key_identifier=_subject_key_identifier(found.get(_SUBJECT_KEY_IDENTIFIER)),
        authority_key_identifier=_authority_key_identifier(found.get(_AUTHORITY_KEY_IDENTIFIER)),
        hardware_serial=read_hardware_serial(found.get(_SUBJECT_ALTERNATIVE_NAME)),
        is_authority=is_authority,
        path_length=path_length,
        policies=_policies(found.get(_CERTIFICATE_POLICIES)),
        unknown_critical=tuple(unknown),
    )


def _key_usage(value: bytes | None) -> KeyUsage | None:
    if value is None:
        return None
    bits = only_element(value, _EXTENSION, tlv.BIT_STRING).content[1:]
    if len(bits) != 1:
        return None
    return KeyUsage.KEY_CERT_SIGN if bits[0] & _ISSUING_BITS else _USAGE_BITS.get(bits[0])


def _subject_key_identifier(value: bytes | None) -> bytes | None:
    return None if value is None else only_element(value, _EXTENSION, tlv.OCTET_STRING).content


def _authority_key_identifier(value: bytes | None) -> bytes | None:
    """Of its three parts the key identifier alone."""
    if value is None:
        return None
    found = DerReader(only_element(value, _EXTENSION, tlv.SEQUENCE).content).if_next(_EXTENSION, tlv.CONTEXT)
    return None if found is None else found.content


def read_hardware_serial(value: bytes | None) -> Eui64 | None:
    """The serial number of the hardware module name in a subject alternative name; None if it has none."""
    if value is None:
        return None
    for name in only_element(value, _EXTENSION, tlv.SEQUENCE).children(_EXTENSION):
        reader = DerReader(name.content)
        if name.tag != tlv.CONTEXT_CONSTRUCTED:
            continue
        if reader.element(_EXTENSION, tlv.OBJECT_IDENTIFIER).content != _HARDWARE_MODULE_NAME:
            continue
        module = only_element(reader.element(_EXTENSION, tlv.CONTEXT_CONSTRUCTED).content, _EXTENSION, tlv.SEQUENCE)
        parts = DerReader(module.content)
        parts.element(_EXTENSION, tlv.OBJECT_IDENTIFIER)
        serial = parts.element(_EXTENSION, tlv.OCTET_STRING).content
        return Eui64(int.from_bytes(serial, "big")) if len(serial) == _ENTITY_ID_OCTETS else None
    return None


def _basic_constraints(value: bytes | None) -> tuple[bool, int | None]:
    if value is None:
        return False, None
    reader = DerReader(only_element(value, _EXTENSION, tlv.SEQUENCE).content)
    authority = reader.if_next(_EXTENSION, tlv.BOOLEAN)
    length = reader.if_next(_EXTENSION, tlv.INTEGER)
    is_authority = authority is not None and authority.content != b"\x00"
    return is_authority, None if length is None else int.from_bytes(length.content, "big")


def _policies(value: bytes | None) -> tuple[bytes, ...]:
    if value is None:
        return ()
    policies = only_element(value, _EXTENSION, tlv.SEQUENCE).children(_EXTENSION)
    return tuple(DerReader(one.content).element(_EXTENSION, tlv.OBJECT_IDENTIFIER).content for one in policies)
