"""What a host remembers, and long messages put together: properties of both."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.transports.ezsp.assumptions import ASSUMPTIONS
from emulator.transports.ezsp.callbacks import ApsHeader, read_message_arrived, read_message_sent
from emulator.transports.ezsp.fragments import Reassembly, blocks_of
from emulator.transports.ezsp.memory import HostKey, HostMemory
from emulator.zigbee.node.memory import LinkKeyKind

devices = st.integers(1, 50).map(Eui64)
sixteen = st.binary(min_size=16, max_size=16)
link_keys = st.builds(HostKey, sixteen, st.sampled_from(LinkKeyKind))


def header(group: int, sequence: int = 7, options: int = 0x8040) -> ApsHeader:
    return ApsHeader(0x0109, 0x19, 1, 1, options, group, sequence)


@given(
    st.lists(st.tuples(devices, st.integers(0, 10))), st.dictionaries(devices, link_keys),
    st.dictionaries(devices, sixteen), st.booleans(),
)  # fmt: skip
def test_what_is_stored_comes_back(
    addresses: list[tuple[Eui64, int]], keys: dict[Eui64, HostKey], allowed: dict[Eui64, bytes], joined: bool
) -> None:
    memory = HostMemory(joined, Eui64(1), link_keys=keys, allowed=allowed, sleepy={Eui64(3): True})
    for device, short in addresses:
        memory.learn(device, short)
    assert HostMemory.restored(json.loads(json.dumps(memory.stored()))) == memory
    for device, short in memory.addresses.items():
        assert memory.eui64_of(short) == device


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_what_is_no_memory_is_said_to_be_none(stored: object) -> None:
    with pytest.raises(DecodeError):
        HostMemory.restored(stored)


@pytest.mark.parametrize("part", list(HostMemory().stored()))
def test_each_part_of_a_memory_is_checked(part: str) -> None:
    for wrong in ({"x": 1}, [1], "zz", 1.5):
        with pytest.raises(DecodeError):
            HostMemory.restored({**HostMemory().stored(), part: wrong})


@given(st.binary(min_size=1, max_size=600), st.integers(1, 80), st.integers(1, 8), st.integers(0, 1 << 30))
def test_blocks_in_any_order_and_more_than_once_give_the_message_once(
    payload: bytes, size: int, window: int, seed: int
) -> None:
    blocks = blocks_of(payload, size)
    if blocks is None:
        assert len(payload) > 255 * size
        return
    order = [*range(len(blocks)), *range(len(blocks))]
    Random(seed).shuffle(order)
    reassembly = Reassembly(window)
    taken = [
        reassembly.take(1, header((len(blocks) << 8 if number == 0 else 0) | number), blocks[number], 0)
        for number in order
    ]
    assert [each.whole for each in taken if each.whole is not None] == [payload]
    last = taken[-1].reply
    assert last is not None
    assert last & 0xFF == order[-1] - order[-1] % window


def test_a_block_beyond_the_end_or_of_another_protection_is_refused() -> None:
    reassembly = Reassembly(3)
    reassembly.take(1, header(2 << 8), b"a", 0)
    assert reassembly.take(1, header(2), b"c", 0).refusal == "wrong-fragment-count"
    assert reassembly.take(1, header(1, options=0x8060), b"b", 0).refusal == "mixed-protection"
    assert reassembly.take(1, header(0, sequence=8), b"", 0).refusal == "wrong-fragment-count"
    assert reassembly.take(1, header(1), b"b", 0).whole == b"ab"


@given(st.binary(max_size=60), st.sampled_from((13, 14, 19)))
def test_octets_of_callbacks_end_in_a_value_or_in_a_decode_error(body: bytes, version: int) -> None:
    for read in (read_message_arrived, read_message_sent):
        try:
            read(body, version)
        except DecodeError:
            continue


def test_every_assumption_has_a_name_of_its_own() -> None:
    assert len({each.name for each in ASSUMPTIONS}) == len(ASSUMPTIONS)
