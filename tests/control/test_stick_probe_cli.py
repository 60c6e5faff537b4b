"""`althan stick probe`: what it prints of what it finds, and its exit status."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from emulator.control.cli.stick import probe_run
from emulator.core.eui64 import Eui64
from emulator.transports.ezsp.uri import FlowControl, StickAddress
from emulator.transports.flasher.found import EzspFacts, Found, Kind, StoredNetwork
from tests.control.running import Run, is_bad_input, runner

OWN, NETWORK = Eui64(0x00DB120000001001), Eui64(0x1122334455667788)
STORED = StoredNetwork("up", "router", 0x12, 20, 0x1A2B, NETWORK)
FACTS = EzspFacts(13, "7.4.3.0 build 0", OWN, None, "SkyConnect", STORED)
STICK = Found(Kind.EZSP, "7.4.3.0 build 0", 460_800, FlowControl.HARDWARE, FACTS)

PRINTED = """\
port        /dev/null, 460800 baud
answers     EZSP 13, EmberZNet 7.4.3.0 build 0
EUI-64      00db120000001001
tokens      manufacturer not written, board SkyConnect
network     router 0x0012 of PAN 0x1A2B (1122334455667788) on channel 20
--port      ezsp:/dev/null?baud=460800&flow=hardware
"""

Probe = Callable[..., Run]


@pytest.fixture
def probe(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Probe:
    def run(found: Found | None, *arguments: str, installed: bool = True) -> Run:
        async def stands_in(_place: StickAddress, _say: object) -> Found | None:
            return found

        monkeypatch.setattr(probe_run, "probe", stands_in)
        monkeypatch.setattr(probe_run, "is_installed", lambda: installed)
        return runner("stick", capsys)("probe", "--port", "ezsp:/dev/null", *arguments)

    return run


def test_a_stick_is_described_and_how_it_is_reached(probe: Probe) -> None:
    assert probe(STICK) == (0, PRINTED, "")


def test_as_json_nothing_else_is_printed(probe: Probe) -> None:
    run = probe(STICK, "--json")
    facts = json.loads(run.out)
    assert (run.status, run.err, facts["uri"]) == (0, "", "ezsp:/dev/null?baud=460800&flow=hardware")
    assert facts["found"]["ezsp"]["eui64"] == "00db120000001001"
    assert facts["found"]["ezsp"]["network"]["pan_id"] == 0x1A2B


@pytest.mark.parametrize(
    "found, words",
    [
        (Found(Kind.BOOTLOADER, "2.01.01", 115_200), "a Gecko bootloader, version 2.01.01"),
        (
            Found(Kind.SPINEL, "SL-OPENTHREAD/2.4", 115_200),
            "Spinel (OpenThread RCP) firmware, version SL-OPENTHREAD/2.4",
        ),
        (Found(Kind.CPC, None, 115_200), "CPC (multiprotocol) firmware, version not told"),
        (Found(Kind.ROUTER, "7.4.3", 115_200), "ZigBee router firmware"),
        (Found(Kind.EZSP, None, 115_200, ezsp=EzspFacts(8)), "this program speaks EZSP 13, 14, 16, 17, 18, 19"),
        (Found(Kind.EZSP, None, 115_200, ezsp=EzspFacts(8)), "althan stick flash"),
        (Found(Kind.EZSP, None, 115_200, ezsp=EzspFacts(20)), "update this program"),
        (Found(Kind.EZSP, None, 115_200, ezsp=EzspFacts(13)), "network     none"),
        (
            Found(Kind.EZSP, None, 115_200, ezsp=EzspFacts(13, network=StoredNetwork("no-answer"))),
            "in one, and cannot go on with it: no-answer",
        ),
    ],
    ids=["bootloader", "spinel", "cpc", "router", "old", "old-remedy", "new", "no-network", "lost-network"],
)
def test_whatever_else_answers_is_named(probe: Probe, found: Found, words: str) -> None:
    run = probe(found)
    assert (run.status, words in run.out) == (0, True), run.out


def test_where_nothing_answers_the_status_says_so(probe: Probe) -> None:
    run = probe(None, "--json")
    assert (run.status, json.loads(run.out)["found"]) == (1, None)
    assert run.err.count("\n") == 1
    assert "ezsp:/dev/null: nothing answers" in run.err


def test_without_the_extra_it_is_said_what_was_not_looked_for(probe: Probe) -> None:
    run = probe(None, installed=False)
    assert (run.status, run.out) == (1, "")
    assert "-m pip install 'althan-emulator[flash]'" in run.err


@pytest.mark.parametrize(
    "port, words",
    [
        ("/dev/ttyACM0", "ezsp:serial=NUMBER"),
        ("ezsp:serial=none-such", "no stick has this serial number"),
        ("ezsp:/dev/no-such-port", "there is no such port"),
        (f"replay:{__file__}", "a recording is no stick"),
    ],
    ids=["no-uri", "no-such-number", "no-such-port", "recording"],
)
def test_a_port_that_cannot_be_had_is_bad_input(capsys: pytest.CaptureFixture[str], port: str, words: str) -> None:
    run = runner("stick", capsys)("probe", "--port", port)
    looking = "looking for EZSP or a bootloader at 115200 baud\n"
    is_bad_input(run._replace(err=run.err.removeprefix(looking)), words)
