"""What is told about a file: every field by name, and nothing that a terminal would obey."""

from __future__ import annotations

import json
from dataclasses import fields

from emulator.image.describe import describe
from emulator.image.elements import Element, encode_elements
from emulator.image.file import OtaFile
from emulator.image.header import OtaHeader


def told(file: OtaFile) -> dict[str, tuple[str, object]]:
    return {fact.key: (fact.text, fact.value) for fact in describe(file)}


def test_every_field_of_the_header_is_told(good: OtaFile) -> None:
    names = {field.name for field in fields(OtaHeader)} - {"reserved_bits", "extra"}
    assert names | {"file_identifier", "header_length", "field_control"} <= told(good).keys()


def test_numbers_are_told_for_people_and_machines(good: OtaFile) -> None:
    facts = told(good)
    assert facts["manufacturer_code"] == ("0x1b01", "1b01")
    assert facts["file_version"] == ("00020000", "00020000")
    assert facts["field_control"] == ("0x0004 (hardware versions)", "0004")
    assert facts["stack_version"] == ("0x0002 (ZigBee Pro)", "0002")
    assert facts["upgrade_file_destination"] == ("-", None)
    assert facts["form"][1] == "gb"
    assert facts["signature_scheme"][1] == "ecdsa-p256"


def test_the_facts_of_any_file_are_json(good: OtaFile) -> None:
    odd = OtaFile.of(
        OtaHeader(
            manufacturer_code=0,
            image_type=0,
            file_version=0,
            header_version=0x0200,
            stack_version=9,
            reserved_bits=0xFFF8,
            security_credential_version=9,
            upgrade_file_destination=1,
            header_string=b"\x1b[2J".ljust(32, b"\xff"),
            extra=b"\0\1",
        ),
        b"body",
    )
    for file in (good, odd):
        for fact in describe(file):
            json.dumps(fact.value)
            assert fact.text.isprintable()
    assert told(odd)["form"][1] == "undivided"
    assert told(odd)["header_extra"] == ("0001", "0001")


def test_elements_are_told_by_tag_name_and_size() -> None:
    file = OtaFile.of(
        OtaHeader(manufacturer_code=1, image_type=2, file_version=3),
        encode_elements((Element(0, b"firmware"), Element(0xF000, b"own"))),
    )
    text, value = told(file)["elements"]
    assert text == "0x0000 upgrade image, 8 octets; 0xf000 manufacturer specific, 3 octets"
    assert value == [
        {"tag": "0000", "name": "upgrade image", "octets": 8},
        {"tag": "f000", "name": "manufacturer specific", "octets": 3},
    ]
    assert told(file)["form"] == ("2 sub-elements", "elements")
    assert told(file)["signature_scheme"][1] == "none"
