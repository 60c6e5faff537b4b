"""What octets of a port are taken for, and whether looking leaves a stick as it was."""

from __future__ import annotations

from binascii import crc_hqx
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import BadInput
from emulator.ncp.ash.frames import ResetCode
from emulator.transports.ezsp.port_lock import PortLock
from emulator.transports.ezsp.uri import parse_stick
from emulator.transports.flasher.listening import locked, menu_version, speaks_ash

MENU = b"\r\nGecko Bootloader v2.01.01\r\n1. upload gbl\r\n2. run\r\n3. ebl info\r\nBL > \0"
RSTACK = bytes.fromhex("1ac1020b0a527e")
ESCAPED = (0x11, 0x13, 0x18, 0x1A, 0x7D, 0x7E)


@pytest.mark.parametrize(
    "said, version",
    [
        (MENU, "2.01.01"),
        (b"\x15\x18\x18" + MENU + MENU, "2.01.01"),
        (b"\r\nEFR32 Serial Bootloader v5.4.1.0 b962\r\n1. upload ebl\r\n2. run\r\n3. ebl info\r\nBL > ", "5.4.1.0"),
        (MENU[:-8], None),
        (b"", None),
        (b"Bootloader v1 BL >", None),
    ],
    ids=["gecko", "after-a-transfer", "older", "half", "nothing", "something-else"],
)
def test_a_bootloader_is_known_by_its_whole_menu(said: bytes, version: str | None) -> None:
    assert menu_version(said) == version


def reset_frame(*contents: int) -> bytes:
    body = bytes(contents)
    frame = body + crc_hqx(body, 0xFFFF).to_bytes(2, "big")
    return b"".join(bytes((0x7D, octet ^ 0x20)) if octet in ESCAPED else bytes((octet,)) for octet in frame) + b"\x7e"


def test_a_reset_that_is_answered_is_ash() -> None:
    assert speaks_ash(RSTACK)
    assert speaks_ash(b"noise\x7enoise\x1a" + RSTACK)
    assert reset_frame(0xC1, 2, 0x0B) == RSTACK[1:]


@given(st.sampled_from([0xC1, 0xC2]), st.sampled_from(list(ResetCode)))
def test_an_answer_or_an_error_of_any_code_is(kind: int, code: ResetCode) -> None:
    assert speaks_ash(reset_frame(kind, 2, code))


@given(st.integers(0, len(RSTACK) - 2), st.integers(1, 255))
def test_an_answer_that_is_damaged_is_not(position: int, change: int) -> None:
    said = bytearray(RSTACK[1:])
    said[position % len(said)] ^= change
    assert not speaks_ash(bytes(said))


@given(st.binary(max_size=200))
def test_whatever_comes_nothing_is_raised(said: bytes) -> None:
    assert menu_version(said) is None
    assert speaks_ash(said) in {False, True}


def test_a_port_that_another_program_of_ours_has_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    place = parse_stick("ezsp:/dev/null")
    lock = PortLock("/dev/null")
    with pytest.raises(BadInput, match="in use"), locked(place):
        pass
    lock.release()
    with locked(place), locked(parse_stick("ezsp+tcp:127.0.0.1:1")), pytest.raises(BadInput, match="in use"):
        PortLock("/dev/null")
    PortLock("/dev/null").release()
