"""What is at a port: the looks in their order, from the likely and quick to the rest."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Final

import serialx

from emulator.core.errors import BadInput
from emulator.transports.ezsp.opening import UnsupportedEzsp, open_stick
from emulator.transports.ezsp.stick import StickLost
from emulator.transports.ezsp.uri import REPLAYED, FlowControl, StickAddress, locate
from emulator.transports.flasher.extra import is_installed
from emulator.transports.flasher.ezsp_facts import ezsp_facts
from emulator.transports.flasher.found import EzspFacts, Found, Kind
from emulator.transports.flasher.listening import listen, locked

BAUD_RATES: Final = (115_200, 460_800, 57_600, 230_400)
"""Of published EZSP firmware and of bootloaders, the frequent ones first."""

Say = Callable[[str], None]


def located(address: StickAddress) -> StickAddress:
    """The address with its path, by serial number where that is what it says; BadInput if there is no stick there."""
    if address.device.startswith(REPLAYED):
        raise BadInput("a recording is no stick that could be probed or flashed", where=address.text)
    return locate(address, serialx.list_serial_ports() if address.serial_number else ())


def silabs() -> ModuleType:
    """The part that needs the extra; it takes a second to import."""
    return importlib.import_module("emulator.transports.flasher.silabs")


async def probe(place: StickAddress, say: Say, *, others: bool = True) -> Found | None:
    """Whatever answers; None: nothing does.

    Args:
        place: with its path.
        say: told of every look before it begins.
        others: look for other firmware than EZSP and a bootloader as well, where the extra is there.

    Raises:
        BadInput: the port cannot be opened, or is in use.
    """
    with locked(place):
        found = await _first_look(place, say)
        if found is None and others and is_installed():
            found = await _other_firmware(place, say)
    if found is None or found.kind is not Kind.EZSP:
        return found
    say("EZSP answers; asking what it is")
    facts = await _facts(replace(place, baud=found.baud, flow=found.flow))
    return replace(found, version=facts.stack, ezsp=facts)


async def _first_look(place: StickAddress, say: Say) -> Found | None:
    for here in _ways(place):
        say(f"looking for EZSP or a bootloader{_at(place, here.baud)}")
        found = await listen(here)
        if found is not None:
            return found
    return None


def _ways(place: StickAddress) -> Iterator[StickAddress]:
    """As the user has it, then at other baud rates; without flow control, which a short exchange does not need."""
    yield place
    if not place.is_tcp:
        for baud in BAUD_RATES:
            if baud != place.baud:
                yield replace(place, baud=baud, flow=FlowControl.NONE)


async def _other_firmware(place: StickAddress, say: Say) -> Found | None:
    library = silabs()
    seen: set[Kind] = set()
    for kind, baud in library.ATTEMPTS:
        if place.is_tcp and kind in seen:
            continue
        seen.add(kind)
        say(f"looking for {kind.value}{_at(place, baud)}")
        found: Found | None = await library.look_for(kind, place.device, baud)
        if found is not None:
            return found
    return None


async def _facts(place: StickAddress) -> EzspFacts:
    try:
        stick, lock = await open_stick(replace(place, serial_number=None), _unheard)
    except UnsupportedEzsp as error:
        return EzspFacts(error.version)
    try:
        return await ezsp_facts(stick)
    except StickLost as error:
        raise BadInput(f"the stick does not answer any more: {error}", where=place.text) from error
    finally:
        await stick.close()
        if lock is not None:
            lock.release()


def _at(place: StickAddress, baud: int) -> str:
    return "" if place.is_tcp else f" at {baud} baud"


def _unheard(reason: str) -> None:
    """Whoever asks notices by himself that it is gone."""
