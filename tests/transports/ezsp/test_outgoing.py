"""Whoever sent a message is told what became of it, once, and nobody once all was forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, cast

import pytest

from emulator.core.errors import LocalProtocolError
from emulator.ports.aps import ApsFragment, ApsMessage, Outcome
from emulator.runtime.loop import run_virtual
from emulator.transports.ezsp.host import Host
from emulator.transports.ezsp.jobs import Job
from emulator.transports.ezsp.memory import HostKey, HostMemory
from emulator.transports.ezsp.outgoing import Outgoing
from emulator.transports.ezsp.recovery import Work
from emulator.transports.ezsp.settings import EzspSettings
from tests.transports.ezsp.fake_stick import KEY, OTHER, User

SHORT = 0x4321


class Desk:
    """An outgoing with a host, whose work is left undone; `elsewhere` is told in the place of the device."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.user = User()
        self.elsewhere: list[tuple[int, Outcome]] = []
        self.host = Host(
            cast("Work", self), EzspSettings(), HostMemory(), Random(1), lambda *_: None, lambda: 0
        )  # fmt: skip
        self.host.user = self.user
        self.host.up = True
        self.outgoing = Outgoing(self.host)

    def queue(self, job: Job) -> None:
        """As the work."""
        self.jobs.append(job)

    def send(self, *, link_key: bool = False, fragment: ApsFragment | None = None, elsewhere: bool = False) -> int:
        message = ApsMessage(SHORT, 1, 1, 0x0109, 0x19, b"x", link_key=link_key, fragment=fragment)
        told = (lambda handle, outcome: self.elsewhere.append((handle, outcome))) if elsewhere else None
        return self.outgoing.send(message, 0, told)


def at_desk(test: Callable[[Desk], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        await test(Desk())

    run_virtual(main())


@pytest.mark.parametrize("up, link_key, outcome", [(False, False, Outcome.NOT_JOINED), (True, True, Outcome.NO_KEY)])
def test_what_cannot_be_sent_is_told_later_and_asks_the_stick_nothing(
    up: bool, link_key: bool, outcome: Outcome
) -> None:
    async def test(desk: Desk) -> None:
        desk.host.up = up
        handle = desk.send(link_key=link_key)
        assert desk.user.outcomes == []
        await asyncio.sleep(1)
        assert desk.user.outcomes == [(handle, outcome)]
        assert desk.jobs == []

    at_desk(test)


def test_a_partner_with_a_key_is_sent_to_under_it() -> None:
    async def test(desk: Desk) -> None:
        desk.host.memory.learn(OTHER, SHORT)
        desk.host.memory.link_keys[OTHER] = HostKey(KEY)
        desk.send(link_key=True)
        assert len(desk.jobs) == 1

    at_desk(test)


def test_whoever_is_named_is_told_in_the_place_of_the_device_and_once() -> None:
    async def test(desk: Desk) -> None:
        handle = desk.send(elsewhere=True)
        for _ in range(2):
            desk.jobs[0].failed("stick-lost")
        assert desk.elsewhere == [(handle, Outcome.NOT_JOINED)]
        assert desk.user.outcomes == []

    at_desk(test)


def test_of_what_was_forgotten_nobody_is_told() -> None:
    async def test(desk: Desk) -> None:
        desk.send()
        desk.host.up = False
        desk.send(elsewhere=True)
        desk.outgoing.forget()
        desk.jobs[0].failed("stick-lost")
        await asyncio.sleep(1)
        assert (desk.user.outcomes, desk.elsewhere) == ([], [])

    at_desk(test)


def test_of_its_own_messages_nobody_is_told() -> None:
    async def test(desk: Desk) -> None:
        desk.outgoing.send_own(ApsMessage(SHORT, 0, 0, 0, 0x34, b""))
        desk.jobs[0].failed("stick-lost")
        assert desk.user.outcomes == []

    at_desk(test)


def test_a_block_of_a_long_message_is_no_message() -> None:
    async def test(desk: Desk) -> None:
        with pytest.raises(LocalProtocolError, match="splits"):
            desk.send(fragment=ApsFragment(0))

    at_desk(test)
