"""`althan stick check` on virtual sticks of another process, over TCP, as a user runs it."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from functools import partial
from pathlib import Path
from random import Random

import pytest

from emulator.core.eui64 import Eui64
from emulator.ports.aps import NetworkSettings, NetworkUp, NodeType
from emulator.transports.ezsp.assumptions import ASSUMPTIONS
from emulator.transports.ezsp.check.before import StickBefore, look
from emulator.transports.ezsp.check.seat import Seat
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.uri import parse_stick
from tests.e2e.command import ALTHAN
from tests.e2e.sticks.bench import run, served
from tests.e2e.sticks.outside import told

pytestmark = pytest.mark.e2e

CHECK = (*ALTHAN, "stick", "check", "--port")
END_LIMIT_S = 60


def looked_at(uri: str) -> StickBefore:
    return asyncio.run(look(uri))


def put_into_network(uri: str) -> None:
    """A hub was here before."""

    async def form() -> None:
        seat = Seat("hub", partial(open_stick, parse_stick(uri)), Random(1), lambda: 0)
        await seat.port.open()
        seat.configure(NodeType.COORDINATOR)
        seat.port.form(NetworkSettings(15, 0x1A62, Eui64(0xABCD), bytes(range(16))), 0)
        assert isinstance(await seat.network_result(), NetworkUp)
        await seat.port.close()

    asyncio.run(form())


def test_a_stick_is_checked_and_left_without_a_network(tmp_path: Path) -> None:
    with served(tmp_path) as stick:
        uri = stick.facts["uri"]
        done = run(tmp_path, *CHECK, uri, "--yes", "--json", "-o", "findings.json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert json.loads((tmp_path / "findings.json").read_text()) == found
        (described,) = found["sticks"]
        assert (described["eui64"], described["ezsp"]) == (stick.facts["eui64"], 13)
        assert described["firmware"] == "7.4.3.0 build 0"
        assert {each["name"] for each in found["points"]} == {each.name for each in ASSUMPTIONS}
        assert found["counts"]["refused"] == 0
        assert found["counts"]["proven"] > 0
        assert found["not_clean"] == {}
        assert looked_at(uri).network is None


def test_a_stick_in_a_network_is_left_alone_unless_that_is_wanted_and_interrupted_it_is_in_none(tmp_path: Path) -> None:
    with served(tmp_path) as stick:
        uri = stick.facts["uri"]
        put_into_network(uri)
        refused = run(tmp_path, *CHECK, uri, "--yes")
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "the stick is in a network (PAN 0x1a62, channel 15), which would be lost" in refused.stderr
        assert f"althan stick backup --port {uri}" in refused.stderr
        assert looked_at(uri).network == "PAN 0x1a62, channel 15"

        with subprocess.Popen(
            [*CHECK, uri, "--yes", "--overwrite"], cwd=tmp_path, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            told(process, "fragments.option")
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=END_LIMIT_S)
            assert process.returncode == 130
            assert out.endswith("interrupted: the sticks are being left without a network\n")
        assert looked_at(uri).network is None
