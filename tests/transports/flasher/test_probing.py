"""Looking at a port: a virtual stick as itself, in its bootloader, and what else may be there."""

from __future__ import annotations

import asyncio
from binascii import crc_hqx
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

import pytest

from emulator.core.clock import SECOND
from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64
from emulator.ncp.flash import MfgToken
from emulator.ports.aps import NetworkSettings
from emulator.transports.ezsp.network import form
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.uri import FlowControl, StickAddress, parse_stick
from emulator.transports.flasher import probing
from emulator.transports.flasher.found import EzspFacts, Found, Kind, StoredNetwork
from emulator.transports.flasher.probing import probe
from emulator.zigbee.node.facts import NetworkState
from tests.transports.flasher.bench import Placed, stick_on_tcp

pytestmark = pytest.mark.e2e

OWN_BOARD = b"SkyConnect".ljust(16, b"\xff")


def silently(text: str) -> None:
    """Nobody listens."""


async def form_network(placed: Placed) -> None:
    stick, _ = await open_stick(placed.place, silently)
    settings = NetworkSettings(20, 0x1A2B, Eui64(0x1122334455667788), bytes(range(16)))
    await form(stick, settings, 8, 10 * SECOND, Random(1), placed.stick.chip.eui64)
    await stick.close()


@pytest.mark.parametrize("version", [13, 18])
async def test_a_stick_says_what_it_is(version: int) -> None:
    async with stick_on_tcp(version) as placed:
        flash = placed.stick.chip.flash
        flash.write_mfg_token(MfgToken.BOARD_NAME, OWN_BOARD)
        found = await probe(placed.place, silently)
        assert found is not None
        assert found.ezsp == EzspFacts(version, found.version, flash.own_eui64, None, "SkyConnect", None)
        assert (found.kind, found.version is not None) == (Kind.EZSP, True)


async def test_the_network_it_is_in_is_told_and_it_is_off_the_air_afterwards() -> None:
    async with stick_on_tcp() as placed:
        await form_network(placed)
        found = await probe(placed.place, silently)
        assert found is not None
        assert found.ezsp is not None
        assert found.ezsp.network == StoredNetwork("up", "coordinator", 0, 20, 0x1A2B, Eui64(0x1122334455667788))
        assert found.facts()["ezsp"]["network"]["extended_pan_id"] == "1122334455667788"
        assert placed.stick.chip.node.facts.state is NetworkState.NO_NETWORK


async def test_a_port_where_nobody_listens_is_bad_input(unused_tcp_port: int) -> None:
    with pytest.raises(BadInput, match="connection refused"):
        await probe(parse_stick(f"ezsp+tcp:127.0.0.1:{unused_tcp_port}"), silently)


# --- what else may be there ------------------------------------------------------------------------------------------


@asynccontextmanager
async def peer(answer: Callable[[bytes], bytes]) -> AsyncIterator[StickAddress]:
    """Something on TCP that answers what it is told."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.read(4096):
            writer.write(answer(said))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield parse_stick(f"ezsp+tcp:127.0.0.1:{server.sockets[0].getsockname()[1]}")


async def test_a_router_with_a_command_line_is_told_apart() -> None:
    silabs = pytest.importorskip("emulator.transports.flasher.silabs")

    def answer(said: bytes) -> bytes:
        return b"stack ver. [7.4.3.0]\r\n> " if b"version" in said else b"\r\n> "

    async with peer(answer) as place:
        found = await silabs.look_for(Kind.ROUTER, place.device, 115_200)
        assert found == Found(Kind.ROUTER, "7.4.3.0", 115_200)
        assert await silabs.look_for(Kind.EZSP, "socket://127.0.0.1:1", 115_200) is None


async def test_a_multiprotocol_radio_is_told_apart() -> None:
    silabs = pytest.importorskip("emulator.transports.flasher.silabs")
    # Property 3 is the version of CPC, property 4 that of the application, which is not set.
    versions = {0x03: b"".join(number.to_bytes(4, "little") for number in (4, 4, 2)), 0x04: b"UNDEFINED\0"}

    async with peer(lambda said: cpc_answer(said, versions)) as place:
        found = await silabs.look_for(Kind.CPC, place.device, 115_200)
    assert found == Found(Kind.CPC, "4.4.2", 115_200)


def cpc_answer(said: bytes, values: dict[int, bytes]) -> bytes:
    """PROP_VALUE_IS to a PROP_VALUE_GET in an unnumbered frame, as CPC has them."""
    body = said[7:]
    asked = int.from_bytes(body[4:8], "little")
    value = asked.to_bytes(4, "little") + values[asked]
    payload = bytes((0x06, body[1])) + len(value).to_bytes(2, "little") + value
    header = b"\x14" + said[1:2] + (len(payload) + 2).to_bytes(2, "little") + said[4:5]
    return b"".join(part + crc_hqx(part, 0).to_bytes(2, "little") for part in (header, payload))


class Library:
    """In the place of the extra: finds one thing, and notes what it is asked for."""

    ATTEMPTS = ((Kind.SPINEL, 460_800), (Kind.SPINEL, 115_200), (Kind.CPC, 460_800))

    def __init__(self, answers: Found | None) -> None:
        self.answers = answers
        self.asked: list[tuple[Kind, int]] = []

    async def look_for(self, kind: Kind, device: str, baud: int) -> Found | None:
        self.asked.append((kind, baud))
        found = self.answers
        return found if found is not None and (kind, baud) == (found.kind, found.baud) else None


def stand_in(
    monkeypatch: pytest.MonkeyPatch, there: Found | None, other: Found | None
) -> tuple[list[StickAddress], Library]:
    """A port where `there` answers to the first looks, and `other` to the library's."""
    looks: list[StickAddress] = []
    library = Library(other)

    async def listen(place: StickAddress) -> Found | None:
        looks.append(place)
        return there if there is not None and there.baud == place.baud else None

    monkeypatch.setattr(probing, "listen", listen)
    monkeypatch.setattr(probing, "silabs", lambda: library)
    monkeypatch.setattr(probing, "is_installed", lambda: True)
    return looks, library


async def test_a_stick_at_another_baud_rate_is_found_there(monkeypatch: pytest.MonkeyPatch) -> None:
    bootloader = Found(Kind.BOOTLOADER, "2.4.0", 115_200)
    looks, library = stand_in(monkeypatch, bootloader, None)
    assert await probe(parse_stick("ezsp:/dev/null?baud=460800&flow=hardware"), silently) == bootloader
    assert [(place.baud, place.flow) for place in looks] == [
        (460_800, FlowControl.HARDWARE), (115_200, FlowControl.NONE),
    ]  # fmt: skip
    assert library.asked == []


async def test_other_firmware_is_looked_for_after_ours_at_every_usual_baud_rate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thread = Found(Kind.SPINEL, "SL-OPENTHREAD/2.4.4.0", 115_200)
    looks, library = stand_in(monkeypatch, None, thread)
    said: list[str] = []
    assert await probe(parse_stick("ezsp:/dev/null"), said.append) == thread
    assert [place.baud for place in looks] == [115_200, 460_800, 57_600, 230_400]
    assert library.asked == [(Kind.SPINEL, 460_800), (Kind.SPINEL, 115_200)]
    assert said[-1] == "looking for spinel at 115200 baud"


async def test_over_tcp_where_there_is_no_baud_rate_each_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, library = stand_in(monkeypatch, None, None)
    assert await probe(parse_stick("ezsp+tcp:127.0.0.1:9"), silently) is None
    assert len(looks) == 1
    assert library.asked == [(Kind.SPINEL, 460_800), (Kind.CPC, 460_800)]


async def test_without_the_extra_only_ours_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    _, library = stand_in(monkeypatch, None, Found(Kind.CPC, "4.4", 460_800))
    monkeypatch.setattr(probing, "is_installed", lambda: False)
    assert await probe(parse_stick("ezsp+tcp:127.0.0.1:9"), silently) is None
    assert library.asked == []
