"""Annexes C.5 and C.6 byte for byte: shared secret from both sides, keys and MACs."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.cbke.agreement import KeyPair, Role, associated_value, keys_of, shared_secret
from emulator.cbke.credentials import check_credentials
from emulator.cbke.curve import InvalidPoint
from emulator.cbke.ecqv import public_key_of
from emulator.cbke.suite import SUITES
from emulator.cbke.work import DeriveKeys, GenerateEphemeral
from emulator.core.aes import aes_mmo, hmac_aes_mmo
from tests.cbke.parties import BRIDGE, credentials

Exchange = dict[str, Any]
OTHER = {"initiator": "responder", "responder": "initiator"}


@pytest.mark.parametrize("side", OTHER)
def test_each_side_comes_to_the_published_secret_keys_and_macs(exchanges: list[Exchange], side: str) -> None:
    assert {one["suite"] for one in exchanges} == {1, 2}
    for one in exchanges:
        suite, own, peer = SUITES[one["suite"]], one[side], one[OTHER[side]]
        held = check_credentials(
            suite, *(bytes.fromhex(octets) for octets in (own["cert"], own["private"], one["ca_pub"]))
        )
        ephemeral = GenerateEphemeral(suite, suite.private_key(bytes.fromhex(own["ephemeral_private"])))()
        assert ephemeral.point.hex() == own["ephemeral_public"]
        peer_point = bytes.fromhex(peer["ephemeral_public"])
        keys = DeriveKeys(Role(side), held, ephemeral, bytes.fromhex(peer["cert"]), peer_point)()
        assert not hasattr(keys, "status"), "refused"
        found = (keys.secret, keys.mac_key, keys.link_key, keys.macu, keys.macv)
        assert [octets.hex() for octets in found] == [one[name] for name in ("Z", "MacKey", "KeyData", "MACU", "MACV")]


def test_the_macs_cover_the_published_messages(exchanges: list[Exchange]) -> None:
    for one in exchanges:
        mac_key = bytes.fromhex(one["MacKey"])
        assert hmac_aes_mmo(mac_key, bytes.fromhex(one["zcl_frames"]["macu_message"])).hex() == one["MACU"]
        assert hmac_aes_mmo(mac_key, bytes.fromhex(one["zcl_frames"]["macv_message"])).hex() == one["MACV"]


def test_the_hashes_of_the_zigbee_specification(published: dict[str, Any]) -> None:
    for one in published["aes_mmo"]:
        message = (
            bytes.fromhex(one["message"])
            if "message" in one
            else bytes(index & 0xFF for index in range(one["message_is_counting_octets"]))
        )
        assert aes_mmo(message).hex() == one["digest"]


def test_a_private_key_of_the_order_or_more_counts_modulo_the_order(exchanges: list[Exchange]) -> None:
    (annex,) = (one for one in exchanges if one["suite"] == 2)
    octets = bytes.fromhex(annex["responder"]["ephemeral_private"])
    suite = SUITES[2]
    assert int.from_bytes(octets, "big") > suite.curve.order
    assert suite.private_key(octets) == int.from_bytes(octets, "big") % suite.curve.order


def test_without_the_cofactor_there_would_be_another_secret(exchanges: list[Exchange]) -> None:
    """Two copies of one mistake agree with each other, so this is held against the published value."""
    (annex,) = (one for one in exchanges if one["suite"] == 2)
    suite = SUITES[2]
    curve, own, peer = suite.curve, annex["initiator"], annex["responder"]
    ephemeral = suite.private_key(bytes.fromhex(own["ephemeral_private"]))
    pair = KeyPair(ephemeral, curve.public_key(ephemeral))
    ca_public_key = curve.decode_public_key(bytes.fromhex(annex["ca_pub"]))
    peer_public_key = public_key_of(bytes.fromhex(peer["cert"]), suite, ca_public_key)
    peer_ephemeral = curve.decode(bytes.fromhex(peer["ephemeral_public"]))
    private_key = suite.private_key(bytes.fromhex(own["private"]))
    assert shared_secret(suite, private_key, pair, peer_public_key, peer_ephemeral).hex() == annex["Z"]
    peer_sum = curve.add(peer_ephemeral, curve.multiply(associated_value(suite, peer_ephemeral), peer_public_key))
    assert peer_sum is not None
    without = curve.multiply(ephemeral + associated_value(suite, pair.public_key) * private_key, peer_sum)
    assert without is not None
    assert curve.encode_x(without).hex() != annex["Z"]


def test_a_shared_point_at_infinity_is_refused() -> None:
    """No partner can choose such keys for a given certificate; here the static key is made to cancel the other."""
    own = credentials(BRIDGE)
    curve, ephemeral = own.suite.curve, GenerateEphemeral(own.suite, 5)().pair
    scalar = pow(associated_value(own.suite, ephemeral.public_key), -1, curve.order)
    cancelling = curve.multiply(-scalar, ephemeral.public_key)
    assert cancelling is not None
    with pytest.raises(InvalidPoint) as caught:
        shared_secret(own.suite, own.private_key, ephemeral, cancelling, ephemeral.public_key)
    assert caught.value.reason == "infinity"


def test_the_two_macs_are_never_the_same_and_depend_on_who_is_who() -> None:
    keys = keys_of(bytes(36), 1, 2, bytes(37), bytes(37))
    swapped = keys_of(bytes(36), 2, 1, bytes(37), bytes(37))
    assert len({keys.macu, keys.macv, swapped.macu, swapped.macv}) == 4
    assert keys.link_key == swapped.link_key
