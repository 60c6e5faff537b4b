"""Key establishment: the arithmetic of a whole exchange, both sides, and what a certificate costs."""

from __future__ import annotations

import random

from benchmarks.child import Measured
from benchmarks.probes.micro import microseconds
from emulator.cbke.agreement import Keys, Role
from emulator.cbke.authority import CertificateAuthority, random_private_key
from emulator.cbke.suite import SUITES
from emulator.cbke.work import Answer, AnswerEphemeral, DeriveKeys, GenerateEphemeral
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams

_DEVICE, _HUB = Eui64(0x00DB12_34567890A0), Eui64(0x00DB12_34567890A1)


def exchange(*, suite: int) -> Measured:
    """What both sides compute until both have the keys and both MACs, µs."""
    streams, kind = SeededStreams(1), SUITES[suite]
    authority = CertificateAuthority.generate(kind, streams)
    ours, theirs = (authority.issue(eui64, streams) for eui64 in (_DEVICE, _HUB))
    rng = random.Random(1)

    def whole() -> None:
        ephemeral = GenerateEphemeral(kind, random_private_key(kind, rng))()
        answer = AnswerEphemeral(theirs, random_private_key(kind, rng), ours.octets, ephemeral.point)()
        assert isinstance(answer, Answer)
        keys = DeriveKeys(Role.INITIATOR, ours, ephemeral, theirs.octets, answer.point)()
        assert isinstance(keys, Keys)
        assert keys == answer.keys

    return {"exchange": microseconds(whole, 3), "issue": microseconds(lambda: authority.issue(_DEVICE, streams), 3)}
