"""DER by schema: the exact octets, and a DecodeError that names the field for anything else."""

from __future__ import annotations

import pytest

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.gbcs import der
from emulator.gbcs.der import Asn1Type

INNER = der.sequence(number=der.integer(0xFF))
SCHEMA = der.sequence(
    mode=der.integer(0xFF),
    key=der.Optional(der.context(0, der.octet_string(1, 4))),
    flag=der.Optional(der.context(1, der.integer(1)), default=0),
    inner=der.Optional(der.context(2, INNER)),
    bits=der.bit_string(9),
    several=der.Optional(der.context(3, der.sequence_of(der.integer(9)))),
    rest=der.sequence_of(der.anything()),
)
FULL = {
    "mode": 4,
    "key": b"\x01\x02",
    "flag": 1,
    "inner": {"number": 200},
    "bits": "00001",
    "several": [1, 2],
    "rest": [b"\x05\x00"],
}
FULL_OCTETS = "3023 020104 80020102 810101 a204020200c8 03020308 a306020101020102 30020500"


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


def test_every_type_has_its_octets() -> None:
    encoded = der.encode(SCHEMA, FULL)
    assert encoded[2:] == octets(FULL_OCTETS)[2:]
    assert der.decode(SCHEMA, encoded, "x") == FULL


def test_what_is_absent_stays_absent_and_what_is_empty_stays_empty() -> None:
    absent = {"mode": 0, "bits": "", "several": [], "rest": []}
    assert der.decode(SCHEMA, der.encode(SCHEMA, absent), "x") == absent | {"flag": 0}
    with pytest.raises(DecodeError, match=r"^x: rest"):
        der.decode(SCHEMA, octets("3006 020104 030100"), "x")


def test_a_default_is_not_written_but_read_when_it_stands_there() -> None:
    schema = der.sequence(flag=der.Optional(der.integer(1), default=0))
    assert der.encode(schema, {"flag": 0}) == octets("3000")
    assert der.decode(schema, octets("3003020100"), "x") == {"flag": 0}


@pytest.mark.parametrize("value,content", [(0, "00"), (127, "7f"), (128, "0080"), (2**64 - 1, "00" + "ff" * 8)])
def test_numbers_are_as_short_as_their_sign_allows(value: int, content: str) -> None:
    encoded = der.encode(der.integer(2**64 - 1), value)
    assert encoded == bytes((2, len(content) // 2)) + octets(content)
    assert der.decode(der.integer(2**64 - 1), encoded, "x") == value


WRONG: list[tuple[Asn1Type, str, str]] = [
    (der.null(), "050100", "x: NULL"),
    (der.integer(5), "020106", "x: 6 is not"),
    (der.integer(5), "0201ff", "x: -1 is not"),
    (der.integer(5), "0200", "x: a number of 0"),
    (der.integer(5), "020a00000000000000000001", "x: a number of 10"),
    (der.integer(5), "0a0101", "x: tag 0x0a"),
    (der.integer(5), "02010100", "x: 1 octets left over"),
    (der.integer(5), "1f0101", "x: tag 0x1f is not of one octet"),
    (der.enumerated(5), "020101", "x: tag 0x02"),
    (der.octet_string(2), "040101", "x: 1 octets, not 2"),
    (der.octet_string(1, 2), "0400", "x: 0 octets, not 1 to 2"),
    (der.octet_string(2), "24040402aabb", "x: tag 0x24"),
    (der.bit_string(9), "0300", "x:  is no string"),
    (der.bit_string(9), "030208ff", "x: 08ff is no string"),
    (der.bit_string(9), "030101", "x: 01 is no string"),
    (der.bit_string(9), "030300ffff", "x: 00ffff is no string"),
    (INNER, "3080020101", "x: 0x80 starts no length"),
    (INNER, "3004020101", "x: announces 4"),
    (INNER, "30020101", "x: number: tag 0x01"),
    (INNER, "3006020101020101", "x: 3 octets left over"),
    (SCHEMA, "3000", "x: mode"),
]


@pytest.mark.parametrize("schema,text,message", WRONG, ids=[text for _, text, _ in WRONG])
def test_what_is_wrong_is_a_decode_error_that_names_it(schema: Asn1Type, text: str, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        der.decode(schema, octets(text), "x")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("text", ["81 03", "82 0003"], ids=str)
def test_longer_lengths_than_needed_are_read(text: str) -> None:
    assert der.decode(INNER, octets(f"30 {text} 020101"), "x") == {"number": 1}


@pytest.mark.parametrize(
    "schema,value",
    [(der.integer(5), 6), (der.integer(5), -1), (der.octet_string(2), b"x"), (der.bit_string(2), "012")],
    ids=str,
)
def test_a_value_that_the_schema_does_not_have_is_not_written(schema: Asn1Type, value: object) -> None:
    with pytest.raises(LocalProtocolError):
        der.encode(schema, value)
