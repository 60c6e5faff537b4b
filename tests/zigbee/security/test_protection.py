"""What NWK and APS protection promise alike, and what each does by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.aes import CcmStar, MicError
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.zigbee.security import aps, nwk
from emulator.zigbee.security.aps import KeyIdentifier

KEY = CcmStar(bytes(range(16)))
OTHER_KEY = CcmStar(bytes(range(1, 17)))
SOURCE = Eui64(0x00DB1234567890A4)
NWK_HEADER = bytes.fromhex("08020000217b1e55")
APS_HEADER = bytes.fromhex("2001190009010222")

payloads = st.binary(max_size=90)
counters = st.integers(0, 0xFFFFFFFE)
sources = st.integers(0, (1 << 64) - 1).map(Eui64)


def nwk_frame(payload: bytes = b"payload", counter: int = 1000) -> bytes:
    return NWK_HEADER + nwk.secure(NWK_HEADER, payload, KEY, counter, SOURCE, 1)


def aps_frame(payload: bytes = b"payload", extended_nonce: bool = True) -> bytes:
    return APS_HEADER + aps.secure(APS_HEADER, payload, KEY, 77, SOURCE, extended_nonce=extended_nonce)


def open_nwk(frame: bytes, cipher: CcmStar = KEY) -> bytes:
    return nwk.open_(frame, len(NWK_HEADER), nwk.parse_auxiliary(frame, len(NWK_HEADER)), cipher)


def open_aps(frame: bytes, cipher: CcmStar = KEY, source: Eui64 | None = None) -> bytes:
    return aps.open_(frame, len(APS_HEADER), aps.parse_auxiliary(frame, len(APS_HEADER)), cipher, source)


@given(payload=payloads, counter=counters, source=sources, sequence=st.integers(0, 255))
def test_an_nwk_frame_opens_to_what_was_sealed(payload: bytes, counter: int, source: Eui64, sequence: int) -> None:
    frame = NWK_HEADER + nwk.secure(NWK_HEADER, payload, KEY, counter, source, sequence)
    auxiliary = nwk.parse_auxiliary(frame, len(NWK_HEADER))
    assert (auxiliary.counter, auxiliary.source, auxiliary.key_sequence) == (counter, source, sequence)
    assert nwk.open_(frame, len(NWK_HEADER), auxiliary, KEY) == payload
    assert len(frame) == len(NWK_HEADER) + nwk.OVERHEAD + len(payload)


@given(
    payload=payloads,
    counter=counters,
    source=sources,
    which=st.sampled_from(KeyIdentifier),
    extended_nonce=st.booleans(),
    sequence=st.integers(0, 255),
)
def test_an_aps_frame_opens_to_what_was_sealed(
    payload: bytes, counter: int, source: Eui64, which: KeyIdentifier, extended_nonce: bool, sequence: int
) -> None:
    frame = APS_HEADER + aps.secure(APS_HEADER, payload, KEY, counter, source, which, extended_nonce, sequence)
    auxiliary = aps.parse_auxiliary(frame, len(APS_HEADER))
    assert (auxiliary.counter, auxiliary.key) == (counter, which)
    assert auxiliary.source == (source if extended_nonce else None)
    assert auxiliary.key_sequence == (sequence if which is KeyIdentifier.NETWORK else 0)
    assert aps.open_(frame, len(APS_HEADER), auxiliary, KEY, source) == payload


def test_ccm_is_that_of_the_published_example() -> None:
    """NIST SP 800-38C, example 1: a MIC of four octets."""
    key = CcmStar(bytes(range(0x40, 0x50)))
    nonce, header, plain = bytes(range(0x10, 0x17)), bytes(range(8)), bytes(range(0x20, 0x24))
    assert key.seal(nonce, header, plain).hex() == "7162015b4dac255d"
    assert key.open(nonce, header, bytes.fromhex("7162015b4dac255d")) == plain


def test_the_level_is_zero_on_the_air_and_five_in_the_computation() -> None:
    assert nwk_frame()[len(NWK_HEADER)] == 0x28
    assert nwk.parse_auxiliary(nwk_frame(), len(NWK_HEADER)).control == 0x2D
    on_air = {KeyIdentifier.DATA: 0x20, KeyIdentifier.KEY_TRANSPORT: 0x30, KeyIdentifier.KEY_LOAD: 0x38}
    for which, control in on_air.items():
        frame = APS_HEADER + aps.secure(APS_HEADER, b"", KEY, 1, SOURCE, which)
        assert frame[len(APS_HEADER)] == control
        assert aps.parse_auxiliary(frame, len(APS_HEADER)).control == control | 0x05
    assert aps_frame(extended_nonce=False)[len(APS_HEADER)] == 0x00


def test_nonce_and_authenticated_header_are_those_of_the_standard() -> None:
    nonce = SOURCE.to_bytes(8, "little") + (1000).to_bytes(4, "little") + b"\x2d"
    auxiliary = b"\x2d" + (1000).to_bytes(4, "little") + SOURCE.to_bytes(8, "little") + b"\x01"
    sealed = KEY.seal(nonce, NWK_HEADER + auxiliary, b"payload")
    assert nwk_frame() == NWK_HEADER + b"\x28" + auxiliary[1:] + sealed


def test_level_bits_on_the_air_do_not_matter() -> None:
    frame = bytearray(nwk_frame())
    frame[len(NWK_HEADER)] |= 0x05
    assert open_nwk(bytes(frame)) == b"payload"


@given(bit=st.integers(0, len(nwk_frame()) * 8 - 1))
def test_a_flipped_bit_anywhere_in_an_nwk_frame_is_refused(bit: int) -> None:
    frame = bytearray(nwk_frame())
    frame[bit // 8] ^= 1 << bit % 8
    level_bits = bit // 8 == len(NWK_HEADER) and bit % 8 < 3
    if level_bits:
        return
    with pytest.raises((MicError, DecodeError)):
        open_nwk(bytes(frame))


@given(bit=st.integers(0, len(aps_frame()) * 8 - 1))
def test_a_flipped_bit_anywhere_in_an_aps_frame_is_refused(bit: int) -> None:
    frame = bytearray(aps_frame())
    frame[bit // 8] ^= 1 << bit % 8
    if bit // 8 == len(APS_HEADER) and bit % 8 < 3:
        return
    with pytest.raises((MicError, DecodeError)):
        open_aps(bytes(frame), source=SOURCE)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(MicError):
        open_nwk(nwk_frame(), OTHER_KEY)
    with pytest.raises(MicError):
        open_aps(aps_frame(), OTHER_KEY)


def test_a_frame_that_does_not_name_its_source_opens_for_the_right_one_only() -> None:
    frame = aps_frame(extended_nonce=False)
    assert len(frame) == len(aps_frame()) - 8
    assert open_aps(frame, source=SOURCE) == b"payload"
    with pytest.raises(MicError):
        open_aps(frame, source=Eui64(SOURCE ^ 1))
    with pytest.raises(DecodeError):
        open_aps(frame)


@pytest.mark.parametrize("octets", range(len(NWK_HEADER), len(nwk_frame(b""))))
def test_an_nwk_frame_cut_short_is_refused(octets: int) -> None:
    with pytest.raises(DecodeError):
        open_nwk(nwk_frame(b"")[:octets])


@pytest.mark.parametrize("octets", range(len(APS_HEADER), len(aps_frame(b""))))
def test_an_aps_frame_cut_short_is_refused(octets: int) -> None:
    with pytest.raises(DecodeError):
        open_aps(aps_frame(b"")[:octets])


@pytest.mark.parametrize("control", [0x08, 0x20, 0x30, 0x38])
def test_an_nwk_frame_under_another_kind_of_key_is_refused(control: int) -> None:
    frame = bytearray(nwk_frame())
    frame[len(NWK_HEADER)] = control
    with pytest.raises(DecodeError):
        open_nwk(bytes(frame))
