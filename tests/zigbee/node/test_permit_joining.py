"""Joining permitted for longer than one request can say."""

from __future__ import annotations

import random

import pytest

from emulator.core.clock import MINUTE, SECOND
from emulator.core.timers import Alarm
from emulator.ports.aps import BROADCAST_ROUTERS, ApsMessage
from emulator.zigbee.frames.zdo import MgmtPermitJoiningReq, decode_zdo
from emulator.zigbee.node.permit_joining import PERMIT_RENEWAL, PermitJoining
from emulator.zigbee.node.zdo import LONGEST_PERMIT


class Stack:
    """What a stack is told, and the requests that it is to send: when, and for how many seconds."""

    def __init__(self) -> None:
        self.here: list[int] = []
        self.requests: list[tuple[int, int]] = []

    def permit_joining(self, until: int) -> None:
        self.here.append(until)

    def send_own(self, message: ApsMessage, now: int) -> None:
        assert message.destination == BROADCAST_ROUTERS
        _, request = decode_zdo(message.cluster, message.payload)
        assert isinstance(request, MgmtPermitJoiningReq)
        self.requests.append((now, request.duration))


def opened(span: int) -> tuple[Stack, PermitJoining]:
    stack = Stack()
    permit = PermitJoining(stack, random.Random(1), Alarm())
    permit.everywhere(span, 0)
    return stack, permit


def run(permit: PermitJoining) -> None:
    """Until nothing falls due any more."""
    while (now := permit.timers.next_timeout()) is not None:
        permit.on_timeout(now)


@pytest.mark.parametrize("span", [SECOND, PERMIT_RENEWAL])
def test_what_ends_before_it_would_be_renewed_is_said_once(span: int) -> None:
    stack, permit = opened(span)
    run(permit)
    assert stack.here == [span]
    assert [now for now, _ in stack.requests] == [0]


def test_routers_are_told_again_before_they_forget() -> None:
    stack, permit = opened(10 * MINUTE)
    run(permit)
    assert stack.requests == [(0, LONGEST_PERMIT), (200 * SECOND, LONGEST_PERMIT), (400 * SECOND, 200)]
    assert set(stack.here) == {10 * MINUTE}


@pytest.mark.parametrize("renewals", [0, 1])
def test_closing_ends_it_everywhere(renewals: int) -> None:
    stack, permit = opened(10 * MINUTE)
    for _ in range(renewals):
        permit.on_timeout(PERMIT_RENEWAL)
    now = (renewals + 1) * MINUTE
    permit.everywhere(0, now)
    run(permit)
    assert stack.requests[-1] == (now, 0)
    assert len(stack.requests) == renewals + 2
    assert stack.here[-1] == 0


def test_who_opens_this_node_alone_renews_nothing_elsewhere() -> None:
    stack, permit = opened(10 * MINUTE)
    permit.here(MINUTE)
    run(permit)
    assert stack.here == [10 * MINUTE, MINUTE]
    assert len(stack.requests) == 1
