"""Every command with whatever a host may put into it: always an answer, and the stick goes on."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.ncp.commands.catalogue import COMMANDS
from emulator.ncp.ezsp.header import MAX_FRAME_OCTETS
from emulator.ncp.tables import VERSIONS, commands
from tests.ncp.commands.sticks import FIRST_EUI64, PAN_ID, ROUTER, SLEEPY, Air, HostedStick
from tests.ncp.ezsp.drawing import record_of

State = Callable[[Air, int], HostedStick]

HEADER_OCTETS = 5
FRAME_COUNTERS = (0x23, 0x24)
NUMBERS = (*range(8), 0x0B, 0x0F, 0x1A, 0x1E, 0x23, 0x24, 0x2A, 0x40, 0x60, 0xC0, 0xFC, 0xFE, 0xFF)
TELLING = [
    *(number.to_bytes(1, "little") for number in NUMBERS),
    *(number.to_bytes(2, "little") for number in (0, PAN_ID, 0x8000, 0x8040, 0xFFFC, 0xFFFD, 0xFFFE, 0xFFFF)),
    *(number.to_bytes(4, "little") for number in (0, 0x07FF_F800, 0x1000_0000, 0xFFFF_FFFF)),
    *(number.to_bytes(8, "little") for number in (0, FIRST_EUI64, FIRST_EUI64 + 1, 0xFFFF_FFFF_FFFF_FFFF)),
]
"""What means something as one field or another."""


def fresh(air: Air, version: int) -> HostedStick:
    return air.stick(version)


def hub(air: Air, version: int) -> HostedStick:
    return air.pair(version)[0]


def router(air: Air, version: int) -> HostedStick:
    return air.pair(version, ROUTER)[1]


def sleepy(air: Air, version: int) -> HostedStick:
    return air.pair(version, SLEEPY)[1]


def joining(air: Air, version: int) -> HostedStick:
    stick = air.stick(version)
    stick.begin_join()
    return stick


def leaving(air: Air, version: int) -> HostedStick:
    stick = hub(air, version)
    stick.ask("leaveNetwork")
    return stick


def scanning(air: Air, version: int) -> HostedStick:
    stick = hub(air, version)
    stick.ask("startScan", scanType=1, channelMask=0x07FF_F800, duration=5)
    return stick


STATES = (fresh, hub, router, sleepy, joining, leaving, scanning)


def served(version: int) -> list[str]:
    return sorted(name for name in COMMANDS if name in commands(version))


def still_answers(stick: HostedStick) -> None:
    assert stick.ask("echo", data=b"still here")["echo"] == b"still here"
    for counter in FRAME_COUNTERS:
        assert len(stick.ask("getValue", valueId=counter)["value"]) == 4
    stick.ask("getConfigurationValue", configId=1)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("state", STATES)
def test_every_command_is_answered_in_every_state(state: State, version: int) -> None:
    air = Air()
    stick = state(air, version)
    for seed, name in enumerate(served(version) * 3):
        values = record_of(stick.command(name).request, random.Random(f"{name} {seed}"))
        stick.answered(name, values)
        air.engine.run_for(1_000)
    still_answers(stick)


PARAMETERS = st.one_of(
    st.lists(st.sampled_from(TELLING), max_size=12).map(b"".join),
    st.binary(max_size=MAX_FRAME_OCTETS - HEADER_OCTETS),
    st.tuples(st.sampled_from(TELLING), st.integers(0, 250), st.binary(max_size=3)).map(
        lambda parts: (parts[0] + bytes((parts[1],)) + parts[2] * 250)[: MAX_FRAME_OCTETS - HEADER_OCTETS]
    ),
    st.tuples(st.sampled_from(FRAME_COUNTERS), st.binary(max_size=9)).map(
        lambda parts: bytes((parts[0], len(parts[1]))) + parts[1]
    ),
)


@given(
    st.sampled_from(STATES),
    st.sampled_from(VERSIONS),
    st.lists(st.tuples(st.sampled_from(sorted(COMMANDS)), PARAMETERS, st.integers(0, 3_000_000)), max_size=8),
)
def test_any_octets_behind_any_command_are_answered(
    state: State, version: int, asked: list[tuple[str, bytes, int]]
) -> None:
    air = Air()
    stick = state(air, version)
    for name, parameters, pause in asked:
        if name not in commands(version):
            continue
        answer = stick.put(stick.raw(stick.command(name).frame_id, parameters))
        assert answer is not None
        assert answer[0] == stick.sequence
        assert len(answer) <= MAX_FRAME_OCTETS
        air.engine.run_for(pause)
    still_answers(stick)
