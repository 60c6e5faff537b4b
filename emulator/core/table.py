"""Transition tables: state x trigger -> what to do, and the state after it.

Everything that decides which state follows stands in a table; what it takes to find the trigger, and what an action
does, stands in the machines.  A trigger that has no row in a state is not allowed there: ours is a LocalProtocolError,
the peer's is dropped with a report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

State = TypeVar("State", bound=Enum)
Trigger = TypeVar("Trigger", bound=Enum)
Action = TypeVar("Action", bound=Enum)


class Row(NamedTuple, Generic[State, Action]):
    """Do `action`, with the machine already in `next_state`."""

    action: Action
    next_state: State


Table = Mapping[State, Mapping[Trigger, Row[State, Action]]]


def rows(table: Table[State, Trigger, Action]) -> Iterator[tuple[State, Trigger, Row[State, Action]]]:
    """Every row, for tests and diagrams."""
    for state, row_of in table.items():
        for trigger, row in row_of.items():
            yield state, trigger, row


def mermaid(table: Table[State, Trigger, Action]) -> str:
    """The table as a state diagram in Mermaid's notation."""
    lines = ["stateDiagram-v2"]
    lines += [
        f"    {state.value} --> {row.next_state.value}: {trigger.value} / {row.action.value}"
        for state, trigger, row in rows(table)
    ]
    return "\n".join(lines)
