"""What is noted of a device: its calls in order, whoever makes them, and answers only where they are new."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.ports.aps import ApsMessage, ApsPort, JoinSettings, NetworkSettings, NodeType, StackConfiguration
from emulator.transports.recording.port import RecordingPort
from emulator.transports.recording.tape import Tape

DEVICE = Eui64(7)
MESSAGE = ApsMessage(1, 2, 3, 4, 5, b"6")


class Stack:
    """An `ApsPort` that answers anything; `inside` happens inside the next call."""

    eui64 = DEVICE
    mark = "only this port has it"

    def __init__(self) -> None:
        self.called: list[str] = []
        self.answers: dict[str, Any] = {}
        self.inside: Callable[[], object] | None = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: object) -> Any:
            self.called.append(name)
            inside, self.inside = self.inside, None
            if inside is not None:
                inside()
            answer = self.answers.get(name)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


@pytest.fixture
def lines() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def tape(lines: list[dict[str, Any]]) -> Tape:
    return Tape(lines.append)


def kinds(lines: list[dict[str, Any]]) -> list[str]:
    return [
        f"{kind} {line[kind]}"
        for line in lines
        for kind in ("in", "out", "ask", "outside", "raised", "note")
        if kind in line
    ]


def test_every_call_of_a_port_is_passed_on_and_noted(tape: Tape, lines: list[dict[str, Any]]) -> None:
    stack = Stack()
    port: ApsPort = RecordingPort(stack, tape)
    stack.answers = {"send": 5, "short_of": 9, "has_established_key": True}
    port.configure(StackConfiguration(NodeType.ROUTER, 1, ()))
    port.form(NetworkSettings(15, 1, DEVICE, bytes(16)), 1)
    port.permit_joining(5, 1)
    port.allow(DEVICE, b"k")
    port.forbid(DEVICE)
    port.set_link_key(DEVICE, b"k", 2)
    port.offer_link_key(DEVICE, None, 2)
    port.remove(DEVICE, 2)
    port.rotate_network_key(b"n", 2)
    port.join(JoinSettings(), 3)
    port.seek_trust_centre(3)
    port.resume(3)
    port.stop(3)
    port.leave(3)
    assert port.send(MESSAGE, 4) == 5
    assert (port.short_of(DEVICE), port.eui64_of(1), port.link_key_with(DEVICE)) == (9, None, None)
    assert port.has_established_key(DEVICE)
    assert port.eui64 == DEVICE
    assert [kind.partition(" ")[2] for kind in kinds(lines)] == stack.called
    assert lines[14]["result"] == 5
    assert getattr(port, "mark") == Stack.mark  # noqa: B009 - what no ApsPort has


def test_answers_are_noted_where_they_are_new(tape: Tape, lines: list[dict[str, Any]]) -> None:
    for answer in (1, 1, 2, 2, 1):
        assert tape.ask("short_of", (7,), answer) == answer
    assert [line["result"] for line in lines] == [1, 2, 1]


def test_a_call_of_the_stack_stands_behind_what_happened_inside_it(tape: Tape, lines: list[dict[str, Any]]) -> None:
    tape.made()
    tape.into("power_on", (), 1, lambda: tape.out("resume", (), 1, lambda: tape.into("sent", (1,), 1, lambda: None)))
    assert kinds(lines) == ["in power_on", "in sent", "out resume"]
    assert [bool(line.get("nested")) for line in lines] == [False, True, False]


def test_calls_of_others_are_told_apart_and_their_questions_not_noted(tape: Tape, lines: list[dict[str, Any]]) -> None:
    tape.out("configure", (), None, lambda: None)
    tape.made()
    tape.out("rotate_network_key", (b"k",), 5, lambda: None)
    tape.ask("short_of", (1,), 2)
    assert not tape.running
    tape.into("on_timeout", (), 6, lambda: tape.ask("short_of", (1,), 2))
    tape.note("remark", {"why": "none"}, 7)
    assert kinds(lines) == [
        "out configure",
        "outside rotate_network_key",
        "in on_timeout",
        "ask short_of",
        "note remark",
    ]


def test_errors_are_noted_and_go_on(tape: Tape, lines: list[dict[str, Any]]) -> None:
    stack = Stack()
    stack.answers = {"rotate_network_key": LocalProtocolError("not now")}
    port = RecordingPort(stack, tape)
    tape.made()
    with pytest.raises(LocalProtocolError, match="not now"):
        tape.into("on_timeout", (), 1, lambda: port.rotate_network_key(b"k", 1))
    assert kinds(lines) == ["in on_timeout", "out rotate_network_key", "raised LocalProtocolError: not now"]
    assert lines[1]["result"] == {"error": ["LocalProtocolError", "not now"]}
    assert not tape.running
