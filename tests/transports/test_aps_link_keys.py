"""The link keys of a device of `mem:aps`."""

from __future__ import annotations

import pytest

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.transports.memory.aps_link_keys import LinkKeys, check_link_key
from emulator.zigbee.security.keys import WELL_KNOWN_LINK_KEY, swap_out_key

PARTNER, OTHER = Eui64(1), Eui64(2)
FIRST, SECOND = bytes([1]) * 16, bytes([2]) * 16


def test_with_a_stranger_there_is_none() -> None:
    keys = LinkKeys()
    assert keys.get(PARTNER) is None
    assert PARTNER not in keys
    assert not keys.is_established(PARTNER)
    assert keys.for_next_trust_centre(PARTNER) is None


def test_a_pre_configured_key_is_in_force_and_not_established() -> None:
    keys = LinkKeys()
    keys.take(PARTNER, FIRST)
    assert keys.get(PARTNER) == FIRST
    assert not keys.is_established(PARTNER)


def test_an_established_key_replaces_the_one_before_and_what_was_offered() -> None:
    keys = LinkKeys()
    keys.take(PARTNER, FIRST)
    keys.offer(PARTNER, SECOND)
    keys.establish(PARTNER, SECOND)
    assert (keys.get(PARTNER), keys.is_established(PARTNER)) == (SECOND, True)
    assert keys.is_replaced(PARTNER, FIRST)
    assert not keys.is_offered(PARTNER, SECOND)


def test_the_same_key_established_again_replaces_nothing() -> None:
    keys = LinkKeys()
    keys.establish(PARTNER, FIRST)
    keys.establish(PARTNER, FIRST)
    assert not keys.is_replaced(PARTNER, FIRST)


def test_an_offer_holds_until_it_is_taken_back() -> None:
    keys = LinkKeys()
    keys.offer(PARTNER, FIRST)
    assert keys.is_offered(PARTNER, FIRST)
    assert not keys.is_offered(OTHER, FIRST)
    assert PARTNER not in keys
    keys.offer(PARTNER, None)
    assert not keys.is_offered(PARTNER, FIRST)


def test_the_next_trust_centre_knows_the_hash_of_a_key_and_never_the_hash_of_a_hash() -> None:
    keys = LinkKeys()
    keys.establish(PARTNER, FIRST)
    inherited = keys.for_next_trust_centre(PARTNER)
    assert inherited == swap_out_key(FIRST)
    assert inherited is not None
    keys.inherit(OTHER, inherited)
    assert keys.for_next_trust_centre(OTHER) == inherited
    assert not keys.is_established(OTHER)


def test_the_well_known_key_is_not_hashed() -> None:
    keys = LinkKeys()
    keys.take(PARTNER, WELL_KNOWN_LINK_KEY)
    assert keys.for_next_trust_centre(PARTNER) == WELL_KNOWN_LINK_KEY


@pytest.mark.parametrize("everything", [False, True])
def test_what_is_forgotten_leaves_nothing_behind(everything: bool) -> None:
    keys = LinkKeys()
    keys.take(OTHER, FIRST)
    keys.establish(PARTNER, FIRST)
    keys.establish(PARTNER, SECOND)
    keys.offer(PARTNER, FIRST)
    if everything:
        keys.clear()
    else:
        keys.forget(PARTNER)
    assert PARTNER not in keys
    assert not keys.is_offered(PARTNER, FIRST)
    assert (OTHER in keys) is not everything
    keys.take(PARTNER, SECOND)
    assert not keys.is_replaced(PARTNER, FIRST)
    assert not keys.is_established(PARTNER)


@pytest.mark.parametrize("octets", [0, 15, 17])
def test_a_key_of_another_length_is_refused(octets: int) -> None:
    with pytest.raises(LocalProtocolError, match="16"):
        check_link_key(bytes(octets))
