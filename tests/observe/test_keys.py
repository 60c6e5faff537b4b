from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError
from emulator.observe.keys import CaptureKey, CaptureKeys, keys_text, parse_keys, tshark_options

KEY = bytes(range(16))


def test_a_key_is_a_line_of_32_digits_a_space_and_a_label() -> None:
    keys = CaptureKeys()
    keys.add(KEY, "network key")
    lines = [line for line in keys_text(keys).splitlines() if not line.startswith("#")]
    assert lines == ["000102030405060708090a0b0c0d0e0f network key"]


@given(st.lists(st.tuples(st.binary(min_size=16, max_size=16), st.text(max_size=20)), max_size=4))
def test_what_was_written_reads_back(pairs: list[tuple[bytes, str]]) -> None:
    keys = CaptureKeys()
    for key, label in pairs:
        keys.add(key, label)
    assert parse_keys(keys_text(keys)) == list(keys)


def test_a_key_is_written_once_under_its_first_label() -> None:
    keys = CaptureKeys()
    for label in ("link key bridge-1", "again"):
        keys.add(KEY, label)
    assert list(keys) == [CaptureKey(KEY, "link key bridge-1")]
    assert len(keys) == 1


def test_no_label_can_break_out_of_its_quotes() -> None:
    keys = CaptureKeys()
    keys.add(KEY, "a\"b'c\\d\n# e,$(f)")
    assert [key.label for key in keys] == ["a_b_c_d__ e___f_"]


def test_the_tshark_option_has_the_form_of_wiresharks_table() -> None:
    assert tshark_options([CaptureKey(KEY, "nwk")]) == [
        "-o",
        'uat:zigbee_pc_keys:"000102030405060708090a0b0c0d0e0f","Normal","nwk"',
    ]


@pytest.mark.parametrize("length", [0, 15, 17])
def test_what_is_no_key_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="16 octets"):
        CaptureKeys().add(bytes(length), "x")


@pytest.mark.parametrize("line", ["00 x", "zz" * 16 + " x", "00" * 17], ids=["short", "no hex", "long"])
def test_a_line_that_is_no_key_is_a_decode_error_that_names_it(line: str) -> None:
    with pytest.raises(DecodeError, match="line 2"):
        parse_keys(f"# comment\n{line}\n")
