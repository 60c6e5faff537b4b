"""Everything that can be told about an OTA file, for people and for machines alike."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.events import Value
from emulator.image.elements import Element
from emulator.image.file import OtaFile
from emulator.image.header import (
    CREDENTIAL_NAMES,
    DEVICE_SPECIFIC_FILE,
    FILE_IDENTIFIER,
    HARDWARE_VERSIONS,
    SECURITY_CREDENTIAL_VERSION,
    STACK_NAMES,
    OtaHeader,
)
from emulator.image.signature import SCHEME_ECDSA_P256, SCHEME_NONE, signature_of

_BIT_NAMES = {
    SECURITY_CREDENTIAL_VERSION: "security credential version",
    DEVICE_SPECIFIC_FILE: "device specific file",
    HARDWARE_VERSIONS: "hardware versions",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: `name` as the standard has it, `text` for people, `value` for machines under `key`."""

    key: str
    name: str
    text: str
    value: Value


def describe(file: OtaFile) -> tuple[Fact, ...]:
    """Every field of the header, the body's form and hashes, and whether our kind of signature is there."""
    return (*_header_facts(file.header), *_body_facts(file))


def _hex(key: str, value: int, digits: int, names: dict[int, str] | None = None) -> Fact:
    """A number as hex digits, with what it means where that is known."""
    text = f"0x{value:0{digits}x}"
    meaning = (names or {}).get(value)
    return Fact(key, key.replace("_", " "), f"{text} ({meaning})" if meaning else text, f"{value:0{digits}x}")


def _optional_hex(key: str, value: int | None, digits: int, names: dict[int, str] | None = None) -> Fact:
    if value is None:
        return Fact(key, key.replace("_", " "), "-", None)
    return _hex(key, value, digits, names)


def _header_facts(header: OtaHeader) -> tuple[Fact, ...]:
    bits = ", ".join(name for bit, name in _BIT_NAMES.items() if header.field_control & bit)
    return (
        _hex("file_identifier", FILE_IDENTIFIER, 8),
        _hex("header_version", header.header_version, 4),
        Fact("header_length", "header length", f"{header.header_length} octets", header.header_length),
        _hex("field_control", header.field_control, 4, {header.field_control: bits} if bits else None),
        _hex("manufacturer_code", header.manufacturer_code, 4),
        _hex("image_type", header.image_type, 4),
        Fact("file_version", "file version", header.version_text, header.version_text),
        _hex("stack_version", header.stack_version, 4, STACK_NAMES),
        Fact("header_string", "header string", header.header_text, header.header_text),
        Fact("total_image_size", "total image size", f"{header.total_image_size} octets", header.total_image_size),
        _optional_hex("security_credential_version", header.security_credential_version, 2, CREDENTIAL_NAMES),
        _optional_hex("upgrade_file_destination", header.upgrade_file_destination, 16),
        _optional_hex("minimum_hardware_version", header.minimum_hardware_version, 4),
        _optional_hex("maximum_hardware_version", header.maximum_hardware_version, 4),
        Fact("header_extra", "octets unknown to us", header.extra.hex() or "-", header.extra.hex()),
    )


def _body_facts(file: OtaFile) -> tuple[Fact, ...]:
    elements = file.elements()
    signature = signature_of(file.body)
    digest = file.manufacturer_image_sha256().hex()
    octets = file.size - file.header.header_length
    return (
        Fact("form", "form", *_form(file, elements)),
        *_element_facts(elements or ()),
        Fact("manufacturer_image_octets", "manufacturer image", f"{octets} octets", octets),
        Fact("manufacturer_image_sha256", "its SHA-256 (CPL hash)", digest, digest),
        Fact("signature_scheme", "signature found", *_signature_form(signature)),
        Fact("signature", "signature", signature.hex() if signature else "-", signature.hex() if signature else None),
    )


def _form(file: OtaFile, elements: tuple[Element, ...] | None) -> tuple[str, Value]:
    if elements is not None:
        return f"{len(elements)} sub-elements", "elements"
    if file.is_gb_form:
        return "Great Britain's: header of 60 octets, no sub-elements", "gb"
    return "no sub-elements that can be told apart", "undivided"


def _signature_form(signature: bytes | None) -> tuple[str, Value]:
    if signature is None:
        return "none of the scheme ecdsa-p256", SCHEME_NONE
    return f"{SCHEME_ECDSA_P256}, not checked here", SCHEME_ECDSA_P256


def _element_facts(elements: tuple[Element, ...]) -> tuple[Fact, ...]:
    if not elements:
        return ()
    text = "; ".join(f"0x{element.tag:04x} {element.name}, {len(element.data)} octets" for element in elements)
    value: list[Value] = [
        {"tag": f"{element.tag:04x}", "name": element.name, "octets": len(element.data)} for element in elements
    ]
    return (Fact("elements", "sub-elements", text, value),)
