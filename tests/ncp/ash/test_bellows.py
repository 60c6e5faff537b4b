"""The stick's end against the host's end of bellows, unmodified, in virtual time; and frame by frame."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import bellows.ash  # type: ignore[import-untyped]
import pytest
from hypothesis import given

from emulator.core.clock import SECOND
from emulator.ncp.ash.effects import Effect
from emulator.ncp.ash.frames import (
    AckFrame,
    DataFrame,
    ErrorFrame,
    Frame,
    NakFrame,
    ResetCode,
    RstAckFrame,
    RstFrame,
    encode,
    stuff,
)
from emulator.ncp.ash.settings import AshSettings
from emulator.runtime.loop import run_virtual
from tests.ncp.ash.host import Spoil, Stick
from tests.ncp.ash.test_frames import FRAMES

LATENCY_S = 0.001
COMMANDS = [b"command %d \x7e\x7d\x11\x13\x18\x1a" % number for number in range(30)]


def theirs(frame: Frame) -> bellows.ash.AshFrame:
    match frame:
        case DataFrame(number, again, ack_number, payload):
            return bellows.ash.DataFrame(number, again, ack_number, payload)
        case AckFrame(ack_number, not_ready):
            return bellows.ash.AckFrame(0, not_ready, ack_number)
        case NakFrame(ack_number, not_ready):
            return bellows.ash.NakFrame(0, not_ready, ack_number)
        case RstFrame():
            return bellows.ash.RstFrame()
        case RstAckFrame(code, version):
            return bellows.ash.RStackFrame(version, code)
        case ErrorFrame(code, version):
            return bellows.ash.ErrorFrame(version, code)


@given(FRAMES)
def test_every_frame_is_the_same_octets_as_theirs(frame: Frame) -> None:
    assert encode(frame) == stuff(theirs(frame).to_bytes()) + b"\x7e"
    assert encode(frame)[:-1] == bytes(bellows.ash.AshProtocol._stuff_bytes(theirs(frame).to_bytes()))


class Ezsp:
    """What bellows tells the layer above."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.resets: asyncio.Queue[int] = asyncio.Queue()
        self.errors: asyncio.Queue[int] = asyncio.Queue()

    def connection_made(self, protocol: object) -> None:
        pass

    def data_received(self, payload: bytes) -> None:
        self.received.append(payload)

    def reset_received(self, code: int) -> None:
        self.resets.put_nowait(int(code))

    def error_received(self, code: int) -> None:
        self.errors.put_nowait(int(code))


class Cable(asyncio.Transport):
    """Between bellows and our end: what either writes is heard by the other a little later."""

    def __init__(self, stick: Stick, spoil: Spoil, *, suppress_acks: bool = False) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self.stick = stick
        self.spoil = spoil
        self.ezsp = Ezsp()
        self.protocol = bellows.ash.AshProtocol(self.ezsp, suppress_acks=suppress_acks)
        self.protocol.connection_made(self)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def now(self) -> int:
        return round(self.loop.time() * SECOND)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        octets = self.spoil(bytes(data))
        self.loop.call_later(LATENCY_S, lambda: self.do(self.stick.link.received(octets, self.now)))

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def do(self, effects: list[Effect]) -> None:
        """Carry out what the link wants, and call it again when it wants to be called."""
        self.stick.do(effects, self.now)
        if self.stick.out:
            octets = self.spoil(bytes(self.stick.out))
            self.stick.out.clear()
            self.loop.call_later(LATENCY_S, self.protocol.data_received, octets)
        self.close()
        at = self.stick.link.next_timeout()
        if at is not None:
            self._timer = self.loop.call_at(at / SECOND, lambda: self.do(self.stick.link.on_timeout(self.now)))

    async def reset(self) -> int:
        """As bellows does when it connects."""
        self.protocol.send_reset()
        async with asyncio.timeout(5):
            return await self.ezsp.resets.get()


def clean(octets: bytes) -> bytes:
    return octets


def on_a_cable(
    test: Callable[[Cable], Awaitable[None]],
    settings: AshSettings | None = None,
    spoil: Spoil = clean,
    **options: bool,
) -> Cable:
    async def main() -> Cable:
        cable = Cable(Stick(settings), spoil, **options)
        await test(cable)
        cable.close()
        return cable

    return run_virtual(main())


async def command_all(cable: Cable) -> None:
    assert await cable.reset() == ResetCode.SOFTWARE
    cable.stick.answer = lambda payload: payload[::-1]
    for command in COMMANDS:
        await cable.protocol.send_data(command)
    await asyncio.sleep(60)


def test_bellows_resets_commands_and_hears_every_response_once() -> None:
    cable = on_a_cable(command_all)
    assert cable.stick.delivered == COMMANDS
    assert cable.ezsp.received == [command[::-1] for command in COMMANDS]
    assert set(cable.stick.reports) == {("ash.reset-requested", None), ("ash.up", None)}


@pytest.mark.parametrize("delay", [0, 20_000])
def test_bellows_hears_callbacks_as_many_as_the_window_lets_go_while_it_commands(delay: int) -> None:
    async def test(cable: Cable) -> None:
        await cable.reset()
        callbacks = [b"callback %d" % number for number in range(20)]
        for callback in callbacks:
            cable.do(cable.stick.link.send(callback, cable.now, callback=True))
        for command in COMMANDS:
            await cable.protocol.send_data(command)
        await asyncio.sleep(5)
        assert cable.stick.delivered == COMMANDS
        assert cable.ezsp.received == callbacks
        assert cable.stick.link.unfinished == 0

    on_a_cable(test, AshSettings(t_tx_ack_delay=delay))


@pytest.mark.parametrize("stream", range(5))
def test_bellows_gets_through_over_a_cable_that_spoils_one_write_in_ten(stream: int) -> None:
    rng = random.Random(stream)

    def spoil(octets: bytes) -> bytes:
        if rng.random() >= 0.1:
            return octets
        place = rng.randrange(len(octets))
        spoilt = bytes((octets[place] ^ 1 << rng.randrange(8),))
        return rng.choice([b"", octets[:place] + spoilt + octets[place + 1 :]])

    async def test(cable: Cable) -> None:
        cable.spoil = clean
        await cable.reset()
        cable.spoil = spoil
        cable.stick.answer = lambda payload: payload[::-1]
        for command in COMMANDS:
            await cable.protocol.send_data(command)
        await asyncio.sleep(60)

    cable = on_a_cable(test)
    assert cable.stick.delivered == COMMANDS
    assert cable.ezsp.received == [command[::-1] for command in COMMANDS]
    assert cable.stick.reasons("ash.resent"), "it was not for nothing"


def test_bellows_hears_of_a_failure_and_of_the_reset_after_it() -> None:
    async def test(cable: Cable) -> None:
        await cable.reset()
        cable.do(cable.stick.link.fail(ResetCode.ASSERT, cable.now))
        assert await cable.ezsp.errors.get() == ResetCode.ASSERT
        with pytest.raises(bellows.ash.NcpFailure):
            await cable.protocol.send_data(b"command")
        await command_all(cable)
        assert cable.stick.delivered == COMMANDS

    on_a_cable(test)


def test_a_bellows_that_acknowledges_nothing_hears_that_there_were_too_many_timeouts() -> None:
    async def test(cable: Cable) -> None:
        await cable.reset()
        cable.do(cable.stick.link.send(b"callback", cable.now, callback=True))
        assert await cable.ezsp.errors.get() == ResetCode.ACK_TIMEOUTS
        assert 1.6 + 3 * 3.2 < cable.loop.time() < 1.6 + 3 * 3.2 + 0.1

    on_a_cable(test, suppress_acks=True)


def test_bellows_hears_of_a_reset_that_it_did_not_ask_for() -> None:
    async def test(cable: Cable) -> None:
        await cable.reset()
        await cable.protocol.send_data(b"before")
        cable.do(cable.stick.link.reset(ResetCode.WATCHDOG, cable.now))
        assert await cable.ezsp.resets.get() == ResetCode.WATCHDOG
        await cable.protocol.send_data(b"after")
        assert cable.stick.delivered == [b"before", b"after"]

    on_a_cable(test)
