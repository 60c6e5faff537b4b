"""What `--allow` and `--pan-id` may say, and how anything else is refused."""

from __future__ import annotations

import pytest

from emulator.control.live.plan import parse_guest, parse_pan_id
from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType

CODE = "83FED3407A939723A5C639B26916D505"
WITH_CRC = f"{CODE}C3B5"
"""A published install code."""
DEVICE = "00db120000001001"


@pytest.mark.parametrize("code", [CODE, WITH_CRC, CODE.lower(), "83FE-D340-7A93-9723-A5C6-39B2-6916-D505"])
def test_a_guest_has_its_code_with_or_without_crc_and_is_a_bridge_unless_it_says_otherwise(code: str) -> None:
    guest = parse_guest(f"{DEVICE}={code}")
    assert guest.eui64 == Eui64(0x00DB_1200_0000_1001)
    assert guest.install_code == bytes.fromhex(CODE)
    assert guest.han_device_type is HanDeviceType.PPMID


@pytest.mark.parametrize(
    "name, kind", [("bridge", "PPMID"), ("ppmid", "PPMID"), ("IHD", "IHD"), ("esme", "ESME"), ("hcalcs", "HCALCS")]
)
def test_a_guest_may_say_what_it_is(name: str, kind: str) -> None:
    assert parse_guest(f"{DEVICE}={CODE}:{name}").han_device_type is HanDeviceType[kind]


def test_a_code_with_colons_is_a_code() -> None:
    code = ":".join(CODE[place : place + 2] for place in range(0, len(CODE), 2))
    assert parse_guest(f"{DEVICE}={code}").install_code == bytes.fromhex(CODE)
    assert parse_guest(f"{DEVICE}={code}:ihd").han_device_type is HanDeviceType.IHD


@pytest.mark.parametrize(
    "text, words",
    [
        (DEVICE, "names no install code"),
        (f"{DEVICE}={CODE}:toaster", "no device type is called 'toaster' .allowed: bridge, esme"),
        (f"{DEVICE}={CODE}:gpf", "no device type is called 'gpf'"),
        (f"{DEVICE}=xyz", "'xyz' is not hex"),
        (f"{DEVICE}={CODE}0000", "CRC 0000 is wrong"),
        (f"{DEVICE}=", "0 octets are no install code"),
        (f"12={CODE}", "--allow"),
    ],
)
def test_what_is_no_guest_is_refused_in_one_line(text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        parse_guest(text)


def test_a_pan_id_is_decimal_or_hex_and_never_the_broadcast_pan() -> None:
    assert (parse_pan_id(None), parse_pan_id("0x1a62"), parse_pan_id("6754")) == (None, 0x1A62, 6754)
    for text in ("0", "0xffff", "65536", "-1", "1a62", ""):
        with pytest.raises(BadInput, match="--pan-id"):
            parse_pan_id(text)
