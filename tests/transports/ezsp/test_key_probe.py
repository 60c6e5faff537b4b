"""A link key that was just established is tried at once, and the port says whether it works."""

from __future__ import annotations

import asyncio

import pytest

from emulator.core.eui64 import Eui64
from emulator.ports.aps import Outcome
from emulator.runtime.loop import run_virtual
from emulator.transports.ezsp.key_probe import PROBED, SAYS_NOTHING, KeyProbe
from emulator.zigbee.frames.zcl import decode
from emulator.zigbee.frames.zcl_foundation import DefaultResponse, decode_foundation

PARTNER = Eui64(0x00DB_1200_0000_0001)


class Desk:
    """A port that the test plays."""

    def __init__(self, *outcomes: Outcome | None) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[tuple[Eui64, int]] = []
        self.told: list[tuple[str, str | None, object]] = []
        self.probe = KeyProbe(
            self._send, lambda kind, reason, fields, _: self.told.append((kind, reason, fields["tries"])), lambda: 0
        )

    def _send(self, partner: Eui64, endpoint: int) -> int | None:
        self.sent.append((partner, endpoint))
        handle, outcome = len(self.sent), self.outcomes.pop(0)
        if outcome is None:
            return None
        asyncio.get_running_loop().call_later(0.1, self.probe.settled, handle, outcome)
        return handle


def played(*outcomes: Outcome | None, stopped: bool = False, known: bool = True) -> Desk:
    async def main() -> Desk:
        desk = Desk(*outcomes)
        if known:
            desk.probe.heard(PARTNER, 7)
        desk.probe.begin(PARTNER)
        if stopped:
            desk.probe.stop()
        await asyncio.sleep(60)
        return desk

    return run_virtual(main())


def test_a_key_that_works_is_told_after_one_message() -> None:
    desk = played(Outcome.DELIVERED)
    assert desk.sent == [(PARTNER, 7)]
    assert desk.told == [(PROBED, None, 1)]


def test_a_partner_that_is_slower_to_put_it_in_force_is_tried_again() -> None:
    assert played(Outcome.NO_APS_ACK, Outcome.DELIVERED).told == [(PROBED, None, 2)]


def test_a_key_that_never_works_is_said_with_the_reason() -> None:
    assert played(*[Outcome.NO_APS_ACK] * 3).told == [(PROBED, "no-aps-ack", 3)]


@pytest.mark.parametrize("outcome", [Outcome.NO_ROUTE, Outcome.NEXT_HOP_FAILED, Outcome.NO_KEY])
def test_a_message_that_never_got_there_says_nothing_of_the_key(outcome: Outcome) -> None:
    assert played(*[outcome] * 3).told == []


def test_a_partner_that_is_gone_meanwhile_is_not_tried_again() -> None:
    assert len(played(None).sent) == 1


def test_off_the_network_nothing_is_tried() -> None:
    assert played(stopped=True).sent == []


def test_a_partner_whose_endpoint_nobody_has_heard_of_is_not_tried() -> None:
    assert played(known=False).sent == []


def test_other_messages_are_not_its_own() -> None:
    async def main() -> None:
        assert not Desk().probe.settled(99, Outcome.DELIVERED)

    run_virtual(main())


def test_what_is_sent_asks_for_no_answer() -> None:
    frame = decode(SAYS_NOTHING)
    assert frame.disable_default_response
    assert isinstance(decode_foundation(frame.command, frame.payload), DefaultResponse)
