"""A running HAN over HTTP: what requests get, one line for every mistake, bounds, and a clean end."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http.client import HTTPConnection
from typing import Any, NamedTuple

import pytest

from emulator.control.api import RunningHan
from emulator.control.http.address import Address, address_of, listening_socket, parse_address
from emulator.control.http.application import BODY_LIMIT, application
from emulator.control.http.bodies import LONGEST_MESSAGE
from emulator.control.http.server import served
from emulator.core.errors import BadInput
from emulator.core.eui64 import eui64_text
from emulator.runtime.han import BridgeHandle, Han
from emulator.runtime.pace import MAX, Speed
from emulator.runtime.simulation import Simulation
from tests.runtime.test_exchange import firmware_version_read, flipped

TIMEOUT_S = 30


class Answer(NamedTuple):
    status: int
    body: Any


class Server(NamedTuple):
    address: Address
    simulation: Simulation
    han: Han
    running: RunningHan

    @property
    def bridge(self) -> BridgeHandle:
        return self.han.bridges[0]

    @property
    def eui64(self) -> str:
        return eui64_text(self.bridge.eui64)

    def command(self, counter: int = 1_000) -> bytes:
        return firmware_version_read(self.simulation.pki(), self.bridge.eui64, counter)

    async def get(self, path: str) -> Answer:
        return await asyncio.to_thread(self._ask, "GET", path)

    async def post(self, body: object, path: str = "/api/gbcs") -> Answer:
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await asyncio.to_thread(self._ask, "POST", path, octets)

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        return await asyncio.to_thread(self._ask, method, path, body)

    def _ask(self, method: str, path: str, body: Any = None) -> Answer:
        connection = HTTPConnection(self.address.host, self.address.port, timeout=TIMEOUT_S)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return Answer(response.status, json.loads(response.read()))
        finally:
            connection.close()


@asynccontextmanager
async def serving(seed: int, speed: Speed) -> AsyncIterator[Server]:
    """A HAN at that speed, and its server."""
    with listening_socket(Address(port=0), "test") as listener:
        async with Simulation(seed, fidelity="aps") as simulation:
            han = await simulation.han()
            running = RunningHan(simulation, han, speed)
            keeping = asyncio.create_task(running.run())
            async with served(application(running), listener):
                yield Server(address_of(listener), simulation, han, running)
                running.stop()
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping


@pytest.fixture
async def server(seed: int) -> AsyncIterator[Server]:
    async with serving(seed, MAX) as made:
        yield made


def is_one_line(answer: Answer, status: int, *words: str) -> None:
    """An error of that status, in one line, with nothing beside it."""
    assert answer.status == status
    assert list(answer.body) == ["error"]
    assert "\n" not in answer.body["error"]
    for word in words:
        assert word in answer.body["error"]


# --- what there is ---------------------------------------------------------------------------------------------------


async def test_the_han_and_its_devices_are_told(server: Server) -> None:
    answer = await server.get("/api/han")
    assert answer.status == 200
    assert list(answer.body) == ["virtual_seconds", "date", "speed", "fidelity", "devices"]
    assert (answer.body["speed"], answer.body["fidelity"]) == ("max", "aps")
    hub, bridge = answer.body["devices"]
    assert (hub["kind"], hub["version"]) == ("hub", None)
    assert (bridge["eui64"], bridge["profile"], bridge["version"]) == (server.eui64, "bridge-1", "00010000")
    assert (await server.get(f"/api/han/devices/{server.eui64}")).body["name"] == "bridge-1"


async def test_a_message_is_answered_and_seen_coming_up(server: Server) -> None:
    answer = await server.post({"octets": server.command().hex(), "wait_seconds": 300})
    assert answer.status == 200
    assert list(answer.body) == ["device", "outcome", "reason", "detail", "response", "virtual_seconds"]
    assert (answer.body["outcome"], answer.body["reason"]) == ("answered", None)
    messages = (await server.get("/api/gbcs/messages")).body
    (message,) = [each for each in messages if each["device"] == server.eui64]
    assert message["octets"] == answer.body["response"]
    assert (message["cra"], message["message_code"]) == ("response", "0129")


async def test_a_refusal_is_an_answer_with_its_reason_and_stands_in_the_security_log(server: Server) -> None:
    answer = await server.post({"octets": flipped(server.command()).hex(), "to": server.eui64})
    assert (answer.status, answer.body["outcome"], answer.body["reason"]) == (200, "refused", "mac-invalid")
    (entry,) = (await server.get(f"/api/devices/{server.eui64}/security-log")).body
    assert (entry["reason"], entry["message_code"]) == ("mac-invalid", "0129")


async def test_no_answer_in_time_is_an_answer_too(server: Server) -> None:
    server.bridge.power_off()
    answer = await server.post({"octets": server.command().hex(), "wait_seconds": 60})
    assert (answer.status, answer.body["outcome"], answer.body["virtual_seconds"]) == (200, "no-answer", 60)


async def test_it_describes_itself(server: Server) -> None:
    described = (await server.get("/api/openapi.json")).body
    assert set(described["paths"]) == {
        "/api/han",
        "/api/han/devices/{eui64}",
        "/api/devices/{eui64}/security-log",
        "/api/gbcs",
        "/api/gbcs/messages",
    }


# --- what cannot be used ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body,word",
    [
        (b"{", "no JSON"),
        (b"", "request"),
        ([], "request"),
        ({}, "octets"),
        ({"octets": ""}, "octets"),
        ({"octets": "0"}, "octets"),
        ({"octets": "xx"}, "octets"),
        ({"octets": "00 11"}, "octets"),
        ({"octets": 7}, "octets"),
        ({"octets": "00", "wait_seconds": 0}, "wait_seconds"),
        ({"octets": "00", "wait_seconds": 1e9}, "wait_seconds"),
        (b'{"octets": "00", "wait_seconds": NaN}', "wait_seconds"),
        ({"octets": "00", "to": "12"}, "to: "),
        ({"octets": "00", "to": "0" * 1_000}, "to"),
        ({"octets": "00", "speed": "max"}, "speed"),
        ({"octets": "00"}, "no GBCS message"),
        ({"octets": "00", "to": "00db1234567890ff"}, "00db1234567890ff"),
        ({"octets": "00" * (LONGEST_MESSAGE + 1)}, "octets"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_cannot_be_used_is_one_line(server: Server, body: object, word: str) -> None:
    is_one_line(await server.post(body), 400, word)


async def test_a_device_or_path_that_there_is_not_is_one_line(server: Server) -> None:
    is_one_line(await server.get("/api/nothing"), 404)
    is_one_line(await server.get("/api/han/devices/00db1234567890ff"), 404, "00db1234567890ff", server.eui64)
    is_one_line(await server.get("/api/devices/00db1234567890ff/security-log"), 404, "00db1234567890ff")
    is_one_line(await server.get("/api/han/devices/x"), 400, "EUI-64")
    is_one_line(await server.ask("DELETE", "/api/han"), 405)


async def test_a_request_that_is_too_long_is_refused_whether_it_says_so_or_not(server: Server) -> None:
    is_one_line(await server.post(bytes(BODY_LIMIT + 1)), 413, str(BODY_LIMIT))

    def pieces() -> Any:
        for _ in range(BODY_LIMIT // 1_000 + 2):
            yield bytes(1_000)

    is_one_line(await server.ask("POST", "/api/gbcs", pieces()), 413, str(BODY_LIMIT))


async def test_the_longest_message_is_taken(server: Server) -> None:
    answer = await server.post({"octets": "00" * LONGEST_MESSAGE, "to": server.eui64})
    assert (answer.status, answer.body["reason"]) == (200, "message-too-long")


@pytest.mark.filterwarnings("ignore")
async def test_a_fault_of_our_own_is_one_line_too(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("by a model")

    monkeypatch.setattr(RunningHan, "device", fail)
    is_one_line(await server.get(f"/api/han/devices/{server.eui64}"), 500, "ZeroDivisionError")
    assert "ZeroDivisionError" in caplog.text


# --- the end ---------------------------------------------------------------------------------------------------------


async def test_who_waits_when_the_han_stops_is_told_so(seed: int) -> None:
    async with serving(seed, Speed(0.001)) as server:
        asking = asyncio.create_task(server.post({"octets": server.command().hex()}))
        waiting = server.han.hub.device.gbcs.tunnels.waiting
        while not waiting.get(server.bridge.eui64):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
        server.running.stop()
        is_one_line(await asking, 503, "stopped")
        is_one_line(await server.post({"octets": server.command().hex()}), 503, "stopped")


async def test_a_request_whose_body_never_comes_does_not_keep_the_server(seed: int) -> None:
    async with asyncio.timeout(TIMEOUT_S), serving(seed, MAX) as server:
        reader, writer = await asyncio.open_connection(server.address.host, server.address.port)
        head = "POST /api/gbcs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()
        await asyncio.sleep(0.05)
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 503 ")


# --- where to listen -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text,address,loopback",
    [
        ("127.0.0.1:8420", Address("127.0.0.1", 8420), True),
        ("localhost:0", Address("localhost", 0), True),
        ("[::1]:80", Address("::1", 80), True),
        ("127.8.9.10:1", Address("127.8.9.10", 1), True),
        ("0.0.0.0:8420", Address("0.0.0.0", 8420), False),
        ("[::]:8420", Address("::", 8420), False),
        ("rig.example:8420", Address("rig.example", 8420), False),
    ],
    ids=str,
)
def test_an_address_is_read_and_known_to_be_loopback_or_not(text: str, address: Address, loopback: bool) -> None:
    assert parse_address(text, "--listen") == address
    assert (str(address), address.is_loopback) == (text, loopback)


@pytest.mark.parametrize(
    "text", ["", "8420", ":8420", "host:", "host:x", "host:65536", "::1:80", "[h]:80", "h:-1", "h:\u0661"]
)
def test_anything_else_is_no_address(text: str) -> None:
    with pytest.raises(BadInput, match="--listen"):
        parse_address(text, "--listen")


def test_a_port_that_is_taken_and_a_host_that_there_is_not_are_bad_input() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(BadInput, match="in use"):
        listening_socket(address_of(taken), "--listen")
    with pytest.raises(BadInput, match="cannot listen"):
        listening_socket(Address("192.0.2.1", 0), "--listen")  # an address for documentation, no machine has it
