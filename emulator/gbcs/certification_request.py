"""The certification request that CS02c answers with: PKCS #10 as in the published message."""

from __future__ import annotations

from emulator.core.eui64 import Eui64, eui64_big
from emulator.gbcs import tlv
from emulator.gbcs.crypto import PrivateKey, encode_point, sign_octets
from emulator.gbcs.roles import KeyUsage

_VERSION_1 = bytes.fromhex("020100")
_EXTENSION_REQUEST = bytes.fromhex("06092a864886f70d01090e")
_KEY_USAGE = bytes.fromhex("0603551d0f0101ff0404")
_ALTERNATIVE_NAME = bytes.fromhex("0603551d110101ff")
_HARDWARE_MODULE_NAME = bytes.fromhex("06082b06010505070804")
_HARDWARE_TYPE = bytes.fromhex("060d2a863a0001848fb90f01020201")
_USAGE_BITS = {
    KeyUsage.DIGITAL_SIGNATURE: bytes.fromhex("03020780"),
    KeyUsage.KEY_AGREEMENT: bytes.fromhex("03020308"),
}


def certification_request(entity_id: Eui64, usage: KeyUsage, key: PrivateKey) -> bytes:
    """No subject; key usage and hardware serial number asked for; signed by RFC 6979.  DER."""
    public = tlv.encode(tlv.SEQUENCE, tlv.P256_KEY, tlv.encode(tlv.BIT_STRING, b"\0", encode_point(key.public_key())))
    asked_for = tlv.encode(tlv.CONTEXT_CONSTRUCTED, _extension_request(entity_id, usage))
    signed = tlv.encode(tlv.SEQUENCE, _VERSION_1, tlv.encode(tlv.SEQUENCE), public, asked_for)
    signature = tlv.encode(tlv.BIT_STRING, b"\0", sign_octets(signed, key))
    return tlv.encode(tlv.SEQUENCE, signed, tlv.ECDSA_WITH_SHA256, signature)


def _extension_request(entity_id: Eui64, usage: KeyUsage) -> bytes:
    module = tlv.encode(tlv.SEQUENCE, _HARDWARE_TYPE, tlv.encode(tlv.OCTET_STRING, eui64_big(entity_id)))
    other_name = tlv.encode(tlv.CONTEXT_CONSTRUCTED, _HARDWARE_MODULE_NAME, tlv.encode(tlv.CONTEXT_CONSTRUCTED, module))
    names = tlv.encode(tlv.OCTET_STRING, tlv.encode(tlv.SEQUENCE, other_name))
    key_usage = tlv.encode(tlv.SEQUENCE, _KEY_USAGE, _USAGE_BITS[usage])
    alternative_name = tlv.encode(tlv.SEQUENCE, _ALTERNATIVE_NAME, names)
    extensions = tlv.encode(tlv.SEQUENCE, key_usage, alternative_name)
    return tlv.encode(tlv.SEQUENCE, _EXTENSION_REQUEST, tlv.encode(tlv.SET, extensions))
