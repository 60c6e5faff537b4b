"""Pieces of work: pure, fit for another process, and a refusal for keys that are none."""

from __future__ import annotations

import pickle

import pytest

from emulator.cbke.agreement import Keys, Role
from emulator.cbke.checks import Refusal
from emulator.cbke.work import Answer, AnswerEphemeral, DeriveKeys, GenerateEphemeral
from emulator.zigbee.clusters.key_establishment import TerminateStatus
from tests.cbke.parties import BRIDGE, HUB, credentials

OWN, PEER = credentials(BRIDGE), credentials(HUB)
EPHEMERAL = GenerateEphemeral(OWN.suite, 0x1234567)()


@pytest.mark.parametrize("number", [1, 2])
def test_work_done_in_another_process_comes_to_the_same(number: int) -> None:
    own, peer = credentials(BRIDGE, number), credentials(HUB, number)
    generate = GenerateEphemeral(own.suite, 77)
    ephemeral = generate()
    answer = AnswerEphemeral(peer, 78, own.octets, ephemeral.point)
    answered = answer()
    assert isinstance(answered, Answer)
    derive = DeriveKeys(Role.INITIATOR, own, ephemeral, peer.octets, answered.point)
    for work in (generate, answer, derive):
        copy = pickle.loads(pickle.dumps(work))
        assert copy == work
        assert pickle.loads(pickle.dumps(copy())) == work()
    assert derive() == answered.keys


@pytest.mark.parametrize(
    "point, reason",
    [
        (b"\x03" + bytes(36), "ephemeral-key-off-curve"),
        (b"\x02" + bytes(36), "ephemeral-key-low-order"),
        (b"\x02" + bytes(35) + b"\x01", "ephemeral-key-low-order"),
        (bytes(37), "ephemeral-key-malformed"),
        (b"\0", "ephemeral-key-infinity"),
    ],
    ids=["off-curve", "order-2", "order-4", "malformed", "infinity"],
)
def test_an_ephemeral_key_that_is_none_is_refused_as_a_bad_message(point: bytes, reason: str) -> None:
    assert DeriveKeys(Role.INITIATOR, OWN, EPHEMERAL, PEER.octets, point)() == Refusal(
        TerminateStatus.BAD_MESSAGE, reason
    )
    assert AnswerEphemeral(OWN, 5, PEER.octets, point)() == Refusal(TerminateStatus.BAD_MESSAGE, reason)


def test_a_certificate_whose_point_is_none_is_refused_as_such() -> None:
    certificate = PEER.octets[:37] + b"\x02" + bytes(36)
    assert DeriveKeys(Role.RESPONDER, OWN, EPHEMERAL, certificate, EPHEMERAL.point)() == Refusal(
        TerminateStatus.INVALID_CERTIFICATE, "certificate-point-low-order"
    )


def test_keys_depend_on_everything_that_went_into_them() -> None:
    base = DeriveKeys(Role.INITIATOR, OWN, EPHEMERAL, PEER.octets, GenerateEphemeral(OWN.suite, 9)().point)
    other_ephemeral = DeriveKeys(Role.INITIATOR, OWN, GenerateEphemeral(OWN.suite, 8)(), PEER.octets, base.peer_point)
    other_point = DeriveKeys(Role.INITIATOR, OWN, EPHEMERAL, PEER.octets, GenerateEphemeral(OWN.suite, 7)().point)
    found = [one() for one in (base, other_ephemeral, other_point)]
    assert all(isinstance(keys, Keys) for keys in found)
    assert len({keys.link_key for keys in found if isinstance(keys, Keys)}) == 3
