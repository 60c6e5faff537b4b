"""The watch over the trust centre: how often it is asked, and when it is taken for lost."""

from __future__ import annotations

import random

import pytest

from emulator.core.clock import MINUTE, SECOND
from emulator.core.timers import Alarm
from emulator.devices.endpoint import Endpoint
from emulator.devices.joining.trust_centre_watch import ANSWER_WAIT, TrustCentreWatch
from emulator.ports.aps import Outcome
from emulator.zigbee.clusters.keep_alive import KEEP_ALIVE_CLUSTER, TC_KEEP_ALIVE_BASE, TC_KEEP_ALIVE_JITTER
from emulator.zigbee.frames.zcl_foundation import AttributeStatus, ReadAttributesResponse
from emulator.zigbee.frames.zcl_types import DataType, TypedValue
from tests.devices.fake_port import DEVICE, FakePort, Reports

LONGEST = 15 * MINUTE
"""Between two reads, with the attributes as they are by default."""


class Watched:
    """A watch whose trust centre is played by the test."""

    def __init__(self, failures: int = 3) -> None:
        self.port = FakePort(DEVICE)
        self.reports = Reports()
        self.searches = 0
        self.lost: list[int] = []
        self.now = 0
        endpoint = Endpoint(self.port, 1, 0x0109, self, self.reports)  # type: ignore[arg-type]  # nothing comes in
        self.watch = TrustCentreWatch(self, endpoint, failures, random.Random(1), self.reports, Alarm())

    def find_service(self, cluster: int, now: int) -> None:
        assert cluster == KEEP_ALIVE_CLUSTER
        self.searches += 1

    def trust_centre_lost(self, now: int) -> None:
        self.lost.append(now)

    def started(self) -> Watched:
        self.watch.start(self.now)
        return self

    def pass_span(self, span: int) -> None:
        end = self.now + span
        while (at := self.watch.timers.next_timeout()) is not None and at <= end:
            self.now = at
            self.watch.on_timeout(at)
        self.now = end

    def asked(self) -> Watched:
        """It has read once and waits for the answer."""
        self.started().pass_span(LONGEST)
        self.watch.server_found(1, self.now)
        return self

    def answer(self, base: int = 10, jitter: int = 300) -> None:
        records = (
            AttributeStatus(TC_KEEP_ALIVE_BASE, 0, TypedValue(DataType.UINT8, base)),
            AttributeStatus(TC_KEEP_ALIVE_JITTER, 0, TypedValue(DataType.UINT16, jitter)),
        )
        self.watch.attributes_read(ReadAttributesResponse(records), self.now)


def test_it_looks_for_the_cluster_once_and_reads_both_attributes_under_the_link_key() -> None:
    watched = Watched().asked()
    assert watched.searches == 1
    [message] = watched.port.sent
    assert (message.cluster, message.destination, message.link_key) == (KEEP_ALIVE_CLUSTER, 0, True)
    assert watched.port.zcl()[0].payload == bytes((0, 0, 1, 0))


def test_the_first_read_is_due_after_base_and_jitter() -> None:
    watched = Watched().started()
    watched.pass_span(10 * MINUTE - 1)
    assert watched.searches == 0
    watched.pass_span(5 * MINUTE + 1)
    assert watched.searches == 1


def test_the_trust_centre_says_how_often_it_is_to_be_read() -> None:
    watched = Watched().asked()
    watched.answer(base=2, jitter=0)
    watched.pass_span(2 * MINUTE - 1)
    assert len(watched.port.sent) == 1
    watched.pass_span(1)
    assert len(watched.port.sent) == 2


def test_a_base_of_nothing_is_not_obeyed() -> None:
    watched = Watched().asked()
    watched.answer(base=0, jitter=0)
    watched.pass_span(9 * MINUTE)
    assert len(watched.port.sent) == 1


@pytest.mark.parametrize("failures", [1, 3])
def test_so_many_silences_in_a_row_are_a_lost_trust_centre(failures: int) -> None:
    watched = Watched(failures).asked()
    watched.pass_span((failures - 1) * (LONGEST + ANSWER_WAIT))
    while not watched.lost:
        watched.pass_span(SECOND)
    assert watched.reports.reasons("trust.keep-alive") == ["no-answer"] * failures
    watched.pass_span(LONGEST + ANSWER_WAIT)
    assert len(watched.lost) == 2


def test_a_message_that_is_not_delivered_is_a_failure_at_once_and_only_one() -> None:
    watched = Watched(1).asked()
    assert watched.watch.sent(1, Outcome.NO_ROUTE, watched.now)
    assert watched.reports.reasons("trust.keep-alive") == ["no-route"]
    watched.pass_span(ANSWER_WAIT)
    assert len(watched.lost) == 1


def test_one_answer_makes_up_for_all_silences_before_it() -> None:
    watched = Watched(2).asked()
    watched.pass_span(ANSWER_WAIT)
    watched.pass_span(LONGEST)
    watched.answer()
    watched.pass_span(LONGEST + ANSWER_WAIT)
    assert watched.lost == []


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    watched = Watched(2).asked()
    watched.pass_span(ANSWER_WAIT)
    watched.answer(base=1, jitter=0)
    watched.pass_span(9 * MINUTE)
    assert len(watched.port.sent) == 1


def test_a_trust_centre_that_does_not_say_where_the_cluster_is_fails_and_is_asked_again() -> None:
    watched = Watched(2).started()
    for _ in range(2):
        watched.pass_span(LONGEST)
        watched.watch.server_missing("no-answer", watched.now)
    assert len(watched.lost) == 1
    assert watched.searches == 2


def test_a_trust_centre_without_the_cluster_is_not_watched() -> None:
    watched = Watched(1).started()
    watched.pass_span(LONGEST)
    watched.watch.server_missing("not-served", watched.now)
    watched.pass_span(10 * LONGEST)
    assert (watched.lost, watched.searches) == ([], 1)


def test_off_the_network_nothing_is_read_and_afterwards_the_cluster_is_looked_for_anew() -> None:
    watched = Watched().asked()
    watched.watch.stop()
    watched.pass_span(10 * LONGEST)
    assert watched.lost == []
    watched.started().pass_span(LONGEST)
    assert watched.searches == 2
    assert not watched.watch.sent(99, Outcome.DELIVERED, watched.now)
