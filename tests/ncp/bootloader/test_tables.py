"""The transition tables, row by row."""

from __future__ import annotations

import pytest

from emulator.core.errors import LocalProtocolError
from emulator.core.table import mermaid, rows
from emulator.ncp.bootloader.gbl_image import BootloaderVersion
from emulator.ncp.bootloader.machine import ACTIONS, Bootloader
from emulator.ncp.bootloader.machine_table import (
    BOOTLOADER_TRANSITIONS,
    BootloaderAction,
    BootloaderState,
    BootloaderTrigger,
)
from emulator.ncp.bootloader.xmodem import ACTIONS as XMODEM_ACTIONS
from emulator.ncp.bootloader.xmodem import TransferEnded, XmodemReceiver
from emulator.ncp.bootloader.xmodem_table import XMODEM_TRANSITIONS, XmodemAction, XmodemState, XmodemTrigger
from tests.ncp.bootloader.host import Log
from tests.ncp.bootloader.test_xmodem import Reader

NOW = 1_000_000
MACHINE_ROWS = list(rows(BOOTLOADER_TRANSITIONS))
XMODEM_ROWS = list(rows(XMODEM_TRANSITIONS))
MACHINE_GAPS = [
    (state, trigger)
    for state in BootloaderState
    for trigger in BootloaderTrigger
    if trigger not in BOOTLOADER_TRANSITIONS[state]
]
XMODEM_GAPS = [
    (state, trigger) for state in XmodemState for trigger in XmodemTrigger if trigger not in XMODEM_TRANSITIONS[state]
]
WAITING = {BootloaderState.OPENING, BootloaderState.UPLOADING, BootloaderState.CLOSING}


def machine_in(state: BootloaderState) -> Bootloader:
    """In that state, with what its actions need."""
    machine = Bootloader(Log())
    machine._state = state
    machine._replacement = BootloaderVersion(9, 9, 9)
    return machine


def receiver_in(state: XmodemState) -> XmodemReceiver:
    receiver = XmodemReceiver(1000, Reader(), Log())
    receiver.state = state
    return receiver


@pytest.mark.parametrize("state, trigger", [row[:2] for row in MACHINE_ROWS])
def test_a_bootloader_does_what_the_row_says(state: BootloaderState, trigger: BootloaderTrigger) -> None:
    machine = machine_in(state)
    machine._fire(trigger, NOW)
    assert machine.state is BOOTLOADER_TRANSITIONS[state][trigger].next_state
    assert (machine.next_timeout() is not None) == (machine.state in WAITING), "no wait without an end"


@pytest.mark.parametrize("state, trigger", MACHINE_GAPS)
def test_a_bootloader_stays_as_it_is_where_there_is_no_row(state: BootloaderState, trigger: BootloaderTrigger) -> None:
    machine = machine_in(state)
    with pytest.raises(LocalProtocolError):
        machine._fire(trigger, NOW)
    assert (machine.state, machine._out) == (state, [])


@pytest.mark.parametrize("state, trigger", [row[:2] for row in XMODEM_ROWS])
def test_a_receiver_does_what_the_row_says(state: XmodemState, trigger: XmodemTrigger) -> None:
    receiver = receiver_in(state)
    receiver._fire(trigger, NOW)
    assert receiver.state is XMODEM_TRANSITIONS[state][trigger].next_state
    assert (receiver.next_timeout() is None) == (receiver.state is XmodemState.ENDED), "no wait without an end"
    assert any(isinstance(effect, TransferEnded) for effect in receiver._out) == (receiver.state is XmodemState.ENDED)


@pytest.mark.parametrize("state, trigger", XMODEM_GAPS)
def test_a_receiver_stays_as_it_is_where_there_is_no_row(state: XmodemState, trigger: XmodemTrigger) -> None:
    receiver = receiver_in(state)
    with pytest.raises(LocalProtocolError):
        receiver._fire(trigger, NOW)
    assert (receiver.state, receiver._out) == (state, [])


def test_every_action_is_used_and_has_code() -> None:
    assert {row.action for _, _, row in MACHINE_ROWS} == set(ACTIONS) == set(BootloaderAction)
    assert {row.action for _, _, row in XMODEM_ROWS} == set(XMODEM_ACTIONS) == set(XmodemAction)


def test_every_trigger_and_every_state_is_used() -> None:
    assert {trigger for _, trigger, _ in MACHINE_ROWS} == set(BootloaderTrigger)
    assert {trigger for _, trigger, _ in XMODEM_ROWS} == set(XmodemTrigger)
    assert {row.next_state for _, _, row in MACHINE_ROWS} == set(BootloaderState) == set(BOOTLOADER_TRANSITIONS)
    assert {row.next_state for _, _, row in XMODEM_ROWS} | {XmodemState.POLLING} == set(XmodemState)


def test_only_a_whole_file_completes_a_transfer() -> None:
    assert [(state, trigger) for state, trigger, row in XMODEM_ROWS if row.action is XmodemAction.COMPLETE] == [
        (XmodemState.RECEIVING, XmodemTrigger.ENDED_WHOLE)
    ]


def test_only_the_menu_leads_to_the_application() -> None:
    assert [state for state, _, row in MACHINE_ROWS if row.action is BootloaderAction.RUN] == [BootloaderState.MENU]


def test_the_diagrams_have_a_line_for_every_row() -> None:
    assert len(mermaid(BOOTLOADER_TRANSITIONS).splitlines()) == 1 + len(MACHINE_ROWS)
    assert len(mermaid(XMODEM_TRANSITIONS).splitlines()) == 1 + len(XMODEM_ROWS)
    assert "    menu --> opening: upload-chosen / open" in mermaid(BOOTLOADER_TRANSITIONS)
