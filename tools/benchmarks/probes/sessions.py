"""OTA client and server alone, with nothing between them: what a session takes, and what a block costs."""

from __future__ import annotations

import gc
import random
import tracemalloc
from time import perf_counter

from benchmarks.child import Measured
from emulator.core.eui64 import Eui64
from emulator.image.catalogue import find_recipe
from emulator.image.file import OtaFile
from emulator.ota.client import OtaClient
from emulator.ota.effects import ClientEffect, FindServer, Reply, Send, Verify
from emulator.ota.events import ServerFound, Started
from emulator.ota.policy import ServerPolicy
from emulator.ota.server import OtaServer
from emulator.ota.settings import ClientIdentity, ClientSettings
from emulator.ota.slot import MemorySlot
from emulator.zigbee.clusters.ota import IMAGE_BLOCK_REQUEST

HUB = 0x00DB12_0000000001
FIRST_CLIENT = 0x00DB12_0000001000
RUNNING_VERSION = 0x0001_0000


def memory(*, sessions: int) -> Measured:
    """Octets that a server session takes beside the image, and copies of the image that loading it makes."""
    image = find_recipe("b1").build(size=768_000)
    server = OtaServer(ServerPolicy(sessions=2 * sessions), random.Random(1))
    tracemalloc.start()
    begin = _traced()
    server.load(image.octets, 0, range(FIRST_CLIENT, FIRST_CLIENT + sessions))
    loaded = _traced()
    for client in range(FIRST_CLIENT, FIRST_CLIENT + sessions):
        _one_block(server, image, client)
    served = _traced()
    assert len(server.sessions()) == sessions
    return {"octets_a_session": (served - begin) / sessions, "image_copies": (loaded - begin) // image.size}


def _one_block(server: OtaServer, image: OtaFile, address: int) -> None:
    """A client comes, asks for its first block, gets it and goes."""
    client, effects = _begin(image, address, 50)
    while True:
        send = next(effect for effect in effects if isinstance(effect, Send))
        reply = _ask(server, address, send, 0)
        if send.command_id == IMAGE_BLOCK_REQUEST:
            return
        effects = client.received(reply.command_id, reply.payload, reply.sequence, 0)


def block(*, size: int, block: int) -> Measured:
    """µs that client and server together need for a block."""
    image = find_recipe("b1").build(size=size)
    server = OtaServer(ServerPolicy(), random.Random(1))
    server.load(image.octets, 0, [FIRST_CLIENT])
    client, effects = _begin(image, FIRST_CLIENT, block)
    now = 0
    began = perf_counter()
    while not isinstance(effects[-1], Verify):
        now += 10_000
        send = effects[-1]
        assert isinstance(send, Send)
        reply = _ask(server, FIRST_CLIENT, send, now)
        effects = client.received(reply.command_id, reply.payload, reply.sequence, now)
    spent = perf_counter() - began
    return {"us": spent / client.counters.blocks * 1e6}


def _begin(image: OtaFile, address: int, block: int) -> tuple[OtaClient, list[ClientEffect]]:
    """A client that the image is for and that has found the server, and what it wants to send."""
    header = image.header
    identity = ClientIdentity(
        header.manufacturer_code, header.image_type, header.minimum_hardware_version, Eui64(address)
    )
    client = OtaClient(identity, ClientSettings(block_octets=block), MemorySlot(), random.Random(1))
    effects = client.handle(Started(RUNNING_VERSION), 0)
    assert any(isinstance(effect, FindServer) for effect in effects)
    effects = client.handle(ServerFound(0, 1, Eui64(HUB)), 0)
    return client, effects or client.on_timeout(0)


def _ask(server: OtaServer, client: int, send: Send, now: int) -> Reply:
    replies = server.received(client, send.command_id, send.payload, send.sequence, now)
    return next(reply for reply in replies if isinstance(reply, Reply))


def _traced() -> int:
    """Octets that live objects hold."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
