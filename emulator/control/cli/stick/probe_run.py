"""Carries out `althan stick probe`, and says in words what was found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import typer

from emulator.control.cli.stick.running import run_until_signalled, say
from emulator.core.eui64 import eui64_text
from emulator.transports.ezsp.uri import FlowControl, StickAddress, parse_stick
from emulator.transports.ezsp.versions import SUPPORTED
from emulator.transports.flasher.extra import how_to_get, is_installed
from emulator.transports.flasher.found import EzspFacts, Found, Kind, StoredNetwork
from emulator.transports.flasher.probing import located, probe

_KINDS = {
    Kind.BOOTLOADER: "a Gecko bootloader, version {}",
    Kind.CPC: "CPC (multiprotocol) firmware, version {}; it speaks no EZSP",
    Kind.SPINEL: "Spinel (OpenThread RCP) firmware, version {}; it speaks no EZSP",
    Kind.ROUTER: "ZigBee router firmware, version {}; it speaks no EZSP",
}
_UNUSABLE = "put ZigBee NCP firmware into it: althan stick flash"


def carry_out(uri: str, *, as_json: bool) -> int:
    """Probe, print, and return the exit status.

    Raises:
        BadInput: the port cannot be opened, or is in use.
    """
    place = located(parse_stick(uri))
    found = run_until_signalled(probe(place, say))
    if found is None:
        say(nothing_answers(place))
    if as_json:
        typer.echo(json.dumps(facts(place, found), indent=2))
    elif found is not None:
        typer.echo("\n".join(lines(place, found)))
    return 1 if found is None else 0


def nothing_answers(place: StickAddress) -> str:
    """What to do about a port that is silent."""
    others = (
        ", no Thread, CPC or router firmware"
        if is_installed()
        else f" (Thread, CPC and router firmware is looked for after {how_to_get()})"
    )
    return (
        f"{place.text}: nothing answers: no EZSP, no bootloader{others}: unplug the stick and plug it in again, or "
        "look whether this is its port"
    )


def facts(place: StickAddress, found: Found | None) -> dict[str, Any]:
    """As `--json` prints it."""
    return {
        "port": place.device,
        "uri": place.text if found is None else uri_of(place, found),
        "others_looked_for": is_installed(),
        "found": None if found is None else found.facts(),
    }


def uri_of(place: StickAddress, found: Found) -> str:
    """What to give `--port` for what was found."""
    if place.is_tcp or (found.baud, found.flow) == (place.baud, place.flow):
        return place.text
    flow = "" if found.flow is FlowControl.NONE else f"&flow={found.flow.value}"
    return f"{place.text.partition('?')[0]}?baud={found.baud}{flow}"


def lines(place: StickAddress, found: Found) -> Iterator[str]:
    """In words, a line a fact."""
    yield line("port", place.device + ("" if place.is_tcp else f", {found.baud} baud"))
    yield line("answers", in_words(found))
    if found.ezsp is None:
        if found.kind is not Kind.BOOTLOADER:
            yield line("", _UNUSABLE)
    else:
        yield from _ezsp_lines(found.ezsp)
    if (uri := uri_of(place, found)) != place.text:
        yield line("--port", uri)


def in_words(found: Found) -> str:
    """What it is, in a few words."""
    if found.ezsp is None:
        return _KINDS[found.kind].format(found.version or "not told") if found.kind in _KINDS else found.kind.value
    return f"EZSP {found.ezsp.version}, EmberZNet {found.ezsp.stack or 'version not told'}"


def line(name: str, text: str) -> str:
    """One of a table of facts."""
    return f"{name:<12}{text}"


def _ezsp_lines(ezsp: EzspFacts) -> Iterator[str]:
    if ezsp.version not in SUPPORTED:
        versions = ", ".join(map(str, SUPPORTED))
        remedy = _UNUSABLE if ezsp.version < SUPPORTED[0] else "update this program"
        yield line("", f"this program speaks EZSP {versions}: {remedy}")
        return
    if ezsp.eui64 is not None:
        yield line("EUI-64", eui64_text(ezsp.eui64))
    yield line("tokens", f"manufacturer {ezsp.manufacturer or 'not written'}, board {ezsp.board or 'not written'}")
    yield line("network", network_in_words(ezsp.network))


def network_in_words(network: StoredNetwork | None) -> str:
    """The network a stick is in."""
    if network is None:
        return "none"
    if network.pan_id is None or network.extended_pan_id is None:
        return f"in one, and cannot go on with it: {network.state}"
    extended = eui64_text(network.extended_pan_id)
    return (
        f"{network.node_type or 'node'} 0x{network.short:04X} of PAN 0x{network.pan_id:04X} ({extended}) "
        f"on channel {network.channel}"
    )
