"""What a stick keeps reads back as it was written, and damage is told from it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.ncp.bootloader.firmware_metadata import StackVersion
from emulator.ncp.bootloader.gbl_image import BootloaderVersion
from emulator.ncp.firmware import SERVED_VERSIONS, Firmware, StartFault
from emulator.ncp.flash import Flash
from emulator.ports.aps import NodeType

RUNS = Firmware(bytes(range(32)), 20_000, StackVersion(8, 2, 2))
DOES_NOT_RUN = Firmware(bytes(32), 7, StackVersion(6, 10, 3), StartFault.VERSION_NOT_SERVED)


def full() -> Flash:
    flash = Flash(Eui64(0x00DB120000000001), 17, {1: b"\x01" * 16}, {(-1, 3): b"host", (9, 0): b""})
    flash.node_type = NodeType.ROUTER
    flash.link_key = bytes(range(16))
    flash.install(RUNS)
    flash.bootloader = BootloaderVersion(2, 4, 258)
    return flash


def test_what_is_written_is_read() -> None:
    flash = full()
    assert Flash.from_dict(json.loads(json.dumps(flash.to_dict()))) == flash


def test_a_file_of_before_there_was_a_bootloader_is_read() -> None:
    flash = Flash(Eui64(1))
    stored = flash.to_dict()
    del stored["firmware"]
    del stored["bootloader"]
    assert Flash.from_dict(stored) == flash


def test_firmware_that_does_not_run_leaves_the_version_that_ran_last() -> None:
    flash = full()
    flash.install(DOES_NOT_RUN)
    assert (flash.version, flash.start_fault) == (18, StartFault.VERSION_NOT_SERVED)
    assert Flash.from_dict(flash.to_dict()) == flash


def test_every_version_that_a_stick_can_have_has_a_stack_that_speaks_it() -> None:
    stacks = [StackVersion(major, minor, patch) for major in (7, 8, 9) for minor in range(6) for patch in range(4)]
    assert {stack.ezsp for stack in stacks} >= set(SERVED_VERSIONS)


DAMAGE: dict[str, Any] = {
    "eui64": "x",
    "ezsp": 15,
    "mfg_tokens": {"a": ""},
    "tokens": {"1": "00"},
    "node_type": "none",
    "security_bitmask": float("inf"),
    "link_key": "0",
    "firmware": {"sha256": "00", "octets": 1, "stack": "8.2.2.0", "fault": None},
    "bootloader": 1 << 32,
}


def test_every_key_is_damaged_once() -> None:
    assert set(DAMAGE) == set(full().to_dict())


@pytest.mark.parametrize("key", DAMAGE)
def test_damage_is_told(key: str) -> None:
    with pytest.raises(DecodeError, match="damaged"):
        Flash.from_dict({**full().to_dict(), key: DAMAGE[key]})


@pytest.mark.parametrize(
    "key, value",
    [
        ("sha256", "zz"),
        ("octets", -1),
        ("octets", float("inf")),
        ("stack", "8.2"),
        ("stack", 8),
        ("stack", None),
        ("stack", "6.10.3.0"),
        ("fault", "tired"),
    ],
)
def test_damaged_firmware_is_told(key: str, value: object) -> None:
    with pytest.raises(DecodeError):
        Firmware.from_dict({**RUNS.to_dict(), key: value})


def test_firmware_of_another_version_than_the_stick_has_is_damage() -> None:
    with pytest.raises(DecodeError, match=r"EZSP 13 in firmware 8\.2\.2\.0"):
        Flash.from_dict({**full().to_dict(), "ezsp": 13})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(full().to_dict())), JSON)
def test_whatever_stands_at_a_key_is_damage_or_stays_what_it_is(key: str, value: object) -> None:
    try:
        flash = Flash.from_dict({**full().to_dict(), key: value})
    except DecodeError:
        return
    assert Flash.from_dict(flash.to_dict()) == flash
