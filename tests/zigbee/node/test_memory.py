"""What a node keeps: addresses, keys, and counters that are never used twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.core.eui64 import Eui64
from emulator.zigbee.node.memory import LinkKeyKind, NodeMemory

PARTNER, OTHER = Eui64(0x11), Eui64(0x22)
KEY = bytes(16)
steps = st.lists(st.sampled_from(["nwk", "aps", "restart", "forget", "again"]), max_size=60)


@given(steps)
def test_no_counter_is_used_twice_under_one_key_whatever_happens(path: list[str]) -> None:
    memory = NodeMemory()
    used: dict[str, list[int]] = {"nwk": [], "aps": []}
    for step in path:
        if step == "nwk":
            used["nwk"].append(memory.nwk_outgoing.next())
        elif step == "aps":
            used["aps"].append(memory.take_link_key(PARTNER, KEY).outgoing.next())
        elif step == "restart":
            memory.restart()
        elif step == "forget":
            memory.forget()
        else:
            memory.forget_link_key(PARTNER)
    for counters in used.values():
        assert counters == sorted(set(counters))


def test_after_a_restart_the_next_counter_is_beyond_all_that_may_have_been_used() -> None:
    memory = NodeMemory()
    used = [memory.nwk_outgoing.next() for _ in range(1_500)]
    reserved = memory.nwk_outgoing.reserved
    memory.restart()
    assert memory.nwk_outgoing.peek() == reserved > used[-1]


def test_another_key_with_the_same_partner_begins_anew() -> None:
    memory = NodeMemory()
    memory.take_link_key(PARTNER, KEY).incoming = 99
    other = memory.take_link_key(PARTNER, b"\x01" * 16)
    assert (other.incoming, other.outgoing.peek()) == (-1, 0)
    assert memory.take_link_key(PARTNER, b"\x01" * 16) is other


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5))))
def test_addresses_are_one_to_one(pairs: list[tuple[int, int]]) -> None:
    memory = NodeMemory()
    for eui64, short in pairs:
        memory.learn(Eui64(eui64), short)
        assert memory.addresses[Eui64(eui64)] == short
        assert len(set(memory.addresses.values())) == len(memory.addresses)
        for known, at in memory.addresses.items():
            assert memory.eui64_of(at) == known
        assert [short for short in range(1, 6) if memory.eui64_of(short) is not None] == sorted(
            memory.addresses.values()
        )


def test_a_device_that_went_has_no_address() -> None:
    memory = NodeMemory()
    memory.learn(PARTNER, 5)
    memory.forget_address(PARTNER)
    memory.forget_address(OTHER)
    assert memory.eui64_of(5) is None
    assert memory.addresses == {}


def test_leaving_empties_it_but_for_what_the_trust_centre_was_told() -> None:
    memory = NodeMemory()
    memory.allowed[PARTNER] = KEY
    memory.learn(PARTNER, 5)
    memory.nwk_incoming[PARTNER] = 7
    memory.take_link_key(PARTNER, KEY)
    memory.forget()
    assert (memory.membership, memory.nwk_incoming, memory.link_keys, memory.children, memory.addresses) == (
        None, {}, {}, {}, {},
    )  # fmt: skip
    assert memory.allowed == {PARTNER: KEY}


def test_a_replaced_key_keeps_its_counter_in_case_it_comes_back() -> None:
    memory = NodeMemory()
    used = [memory.take_link_key(PARTNER, KEY).outgoing.next() for _ in range(3)]
    memory.replace_link_key(PARTNER, b"\x01" * 16, LinkKeyKind.ESTABLISHED)
    assert (memory.link_keys[PARTNER].incoming, memory.link_keys[PARTNER].outgoing.peek()) == (-1, 0)
    assert memory.link_keys[PARTNER].replaced is not None
    memory.replace_link_key(PARTNER, KEY, LinkKeyKind.ESTABLISHED)
    assert memory.link_keys[PARTNER].outgoing.peek() > used[-1]
