from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import BadInput
from emulator.zigbee.security import keys

CODE = bytes.fromhex("83FED3407A939723A5C639B26916D505")


def test_the_published_install_code_gives_the_published_key() -> None:
    assert keys.install_code_crc(CODE).hex() == "c3b5"
    assert keys.install_code_key(CODE).hex() == "66b6900981e1ee3ca4206b6b861c02bb"


def test_the_install_code_of_the_gbcs_vectors_gives_its_key() -> None:
    assert keys.install_code_crc(b"0123456789ABCDEF").hex() == "f596"
    assert keys.install_code_key(b"0123456789ABCDEF").hex() == "17e92caaa342c367e8edde58eeba69ed".replace(
        "dde5", "ddc5"
    )


def test_the_well_known_key_gives_the_published_derived_keys() -> None:
    assert keys.transport_key(keys.WELL_KNOWN_LINK_KEY).hex() == "4bab0f173e1434a2d572e1c1ef478782"
    assert keys.load_key(keys.WELL_KNOWN_LINK_KEY).hex() == "c5a47035c332ccbf251571d8baded188"


@pytest.mark.parametrize(
    "key, join, rejoin",
    [
        (None, "unknown-device", "no-link-key"),
        (keys.WELL_KNOWN_LINK_KEY, "well-known-key", "well-known-key"),
        (keys.install_code_key(CODE), None, None),
    ],
    ids=["none", "well-known", "install-code"],
)
def test_the_network_key_goes_under_no_key_that_everybody_knows(
    key: bytes | None, join: str | None, rejoin: str | None
) -> None:
    assert (keys.unfit_for_join(key), keys.unfit_for_rejoin(key)) == (join, rejoin)


def test_keys_derived_for_different_purposes_differ() -> None:
    key = bytes(range(16))
    derived = {key, keys.transport_key(key), keys.load_key(key), keys.verify_key_hash(key), keys.swap_out_key(key)}
    assert len(derived) == 5
    assert {len(one) for one in derived} == {16}


@given(code=st.sampled_from(keys.CODE_OCTETS).flatmap(lambda octets: st.binary(min_size=octets, max_size=octets)))
def test_a_code_with_its_crc_gives_the_same_key_as_without(code: bytes) -> None:
    assert keys.install_code_key(code + keys.install_code_crc(code)) == keys.install_code_key(code)


@given(bit=st.integers(0, 18 * 8 - 1))
def test_a_wrong_bit_in_a_code_or_its_crc_is_noticed(bit: int) -> None:
    code = bytearray(CODE + keys.install_code_crc(CODE))
    code[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadInput, match="CRC"):
        keys.install_code_key(bytes(code))


@pytest.mark.parametrize("octets", [0, 1, 2, 7, 9, 11, 13, 15, 17, 19, 32])
def test_a_length_that_no_install_code_has_is_refused(octets: int) -> None:
    with pytest.raises(BadInput, match="install code"):
        keys.install_code_key(bytes(octets))


@pytest.mark.parametrize("text", [CODE.hex(), "83FE D340-7A93:9723 A5C639B26916D505 c3b5", f" {CODE.hex().upper()}\n"])
def test_a_code_can_be_written_as_on_a_label(text: str) -> None:
    assert keys.parse_install_code(text) == CODE + bytes.fromhex("c3b5")


@pytest.mark.parametrize("text", ["", "xyz", "83FED", "8é"])
def test_what_is_no_code_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        keys.parse_install_code(text, where="bridge.toml: install_code")
