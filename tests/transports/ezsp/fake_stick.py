"""A scripted stick below bellows' real `EZSP`: answers frames by bellows' tables, says what a test makes it say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from random import Random
from typing import Any

import bellows.ezsp  # type: ignore[import-untyped]  # bellows carries no marker for type checkers
import bellows.types as t  # type: ignore[import-untyped]  # as above

from emulator.core.clock import SECOND
from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64, eui64_little
from emulator.ports.aps import (
    ApsIndication,
    ApsMessage,
    JoinSettings,
    NetworkEvent,
    NetworkSettings,
    NodeType,
    Outcome,
    SimpleDescriptor,
    StackConfiguration,
)
from emulator.runtime.loop import run_virtual
from emulator.transports.ezsp.memory import HostMemory
from emulator.transports.ezsp.port import EzspPort, open_port
from emulator.transports.ezsp.settings import EzspSettings
from emulator.transports.ezsp.stick import Stick
from emulator.transports.ezsp.tapped_ezsp import TappedEzsp

OWN = Eui64(0x00DB_0000_0000_0001)
OTHER = Eui64(0x00DB_0000_0000_1001)
KEY = bytes(range(16, 32))
NEW_KEY = bytes(range(32, 48))
NETWORK = NetworkSettings(15, 0x1A62, Eui64(0xABCD), bytes(range(16)))
ENDPOINT = SimpleDescriptor(1, 0x0109, 0x0502, 0, (0x0000,), (0x0019,))
CONFIG = {"path": "fake", "baudrate": 115200, "flow_control": None}
VERSIONS = (13, 14, 16, 17, 18, 19)
OVERFLOW = 256

Answer = Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]]


def ember(version: int, name: str) -> Any:
    """A status as a version says it, by the name that both numberings have."""
    return t.sl_Status[name] if version >= 14 else t.EmberStatus[name]


class FakeStick:
    """The gateway that bellows talks to; `asked` is what it was asked since the last reset, `resets` counts those."""

    def __init__(self, version: int = 13, eui64: Eui64 = OWN) -> None:
        self.version = version
        self.commands = bellows.ezsp.EZSP._BY_VERSION.get(version, bellows.ezsp.EZSP._BY_VERSION[19]).COMMANDS
        self.names = {identifier: name for name, (identifier, _, _) in self.commands.items()}
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.resets = 0
        self.silent = False
        self.network_up = False
        self.api: Any = None
        self.eui64 = eui64
        self.sequence = 0
        self._script()

    def _script(self) -> None:
        ok = ember(self.version, "NETWORK_UP")
        parameters = t.EmberNetworkParameters(
            extendedPanId=t.ExtendedPanId(eui64_little(0xABCD)), panId=0x1A62, radioTxPower=8, radioChannel=15,
            joinMethod=0, nwkManagerId=0, nwkUpdateId=0, channels=0,
        )  # fmt: skip
        self.answers |= {
            "getEui64": {"eui64": t.EUI64(eui64_little(self.eui64))},
            "maximumPayloadLength": {"apsLength": 82},
            "getNetworkParameters": {"nodeType": 1, "parameters": parameters},
            "getParentChildParameters": {"parentNodeId": 0xFFFF},
            "findKeyTableEntry": {"index": 0xFF},
            "networkState": {"status": 2},
            "getValue": {"value": bytes(1)},
            "customFrame": {"status": t.EmberStatus.ERR_FATAL if self.version < 14 else t.sl_Status.FAIL},
            "exportKey": {"key": t.KeyData(NETWORK.network_key)},
        }
        for command in ("formNetwork", "joinNetwork", "networkInit", "findAndRejoinNetwork"):
            self.answers[command] = lambda _: self.later("stackStatusHandler", ok)
        self.answers["leaveNetwork"] = lambda _: self.later("stackStatusHandler", ember(self.version, "NETWORK_DOWN"))

    # Gateway

    async def reset(self) -> None:
        self.resets += 1
        if self.silent:
            raise TimeoutError
        self.asked.clear()

    async def disconnect(self) -> None:
        self.api = None

    async def send_data(self, data: bytes) -> None:
        if self.silent:
            return
        if data[1:3] == b"\x00\x00" and len(data) == 4:
            reply = bytes((data[0], 0x80, 0x00, self.version, 2)) + bytes(2)
            asyncio.get_running_loop().call_soon(self._deliver, reply)
            return
        name = self.names[data[3] | data[4] << 8]
        identifier, request, response = self.commands[name]
        fields = self._fields(name, data[5:], request)
        self.asked.append((name, fields))
        if name == "version":
            body = bytes((self.version, 2, 0, 0))
        else:
            answer = self.answers.get(name, {})
            body = self._body(response, answer(fields) if callable(answer) else answer)
        header = bytes((data[0], 0x80, 0x01)) + identifier.to_bytes(2, "little")
        asyncio.get_running_loop().call_soon(self._deliver, header + body)

    def _fields(self, name: str, data: bytes, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        if name == "addEndpoint":
            return {"octets": data}
        values, _ = t.deserialize_dict(data, schema)
        return dict(values)

    @staticmethod
    def _body(schema: Mapping[str, Any], values: Mapping[str, Any]) -> bytes:
        body = b""
        for name, kind in schema.items():
            value = kind(values[name]) if name in values else kind.deserialize(bytes(128))[0]
            if name not in values and kind.__name__ == "AnonymousList":
                value = kind([])
            body += value.serialize()
        return body

    def _deliver(self, frame: bytes) -> None:
        if self.api is not None:
            self.api.frame_received(frame)

    # What a test makes it do

    def say(self, name: str, *values: Any, body: bytes | None = None) -> None:
        """A callback, now."""
        identifier, _, schema = self.commands[name]
        if body is None:
            body = b"".join(kind(value).serialize() for kind, value in zip(schema.values(), values, strict=True))
        self._deliver(bytes((0, 0x90, 0x01)) + identifier.to_bytes(2, "little") + body)

    def later(self, name: str, *values: Any) -> Mapping[str, Any]:
        """A callback a little later; an empty answer, which is a good one."""
        asyncio.get_running_loop().call_later(0.01, lambda: self.say(name, *values))
        return {}

    def of(self, name: str) -> list[Mapping[str, Any]]:
        return [fields for asked, fields in self.asked if asked == name]

    def unicasts(self) -> list[tuple[int, Any, int, bytes]]:
        """Destination, APS frame, tag and payload of every unicast, whatever the version."""
        keys = ("indexOrDestination", "apsFrame", "messageTag", "messageContents")
        if self.version >= 14:
            keys = ("nwk", "aps_frame", "message_tag", "message")
        return [
            (int(fields[keys[0]]), fields[keys[1]], int(fields[keys[2]]), bytes(fields[keys[3]]))
            for fields in self.of("sendUnicast")
        ]

    def outcome(self, tag: int, status: str = "OK") -> None:
        """messageSentHandler; `status` as the newer versions call it."""
        aps = t.EmberApsFrame.deserialize(bytes(11))[0]
        if self.version >= 14:
            self.say("messageSentHandler", t.sl_Status[status], 0, 0, aps, tag, b"")
        else:
            old = {"OK": "SUCCESS", "ZIGBEE_DELIVERY_FAILED": "DELIVERY_FAILED"}.get(status, status)
            self.say("messageSentHandler", 0, 0, aps, tag, t.EmberStatus[old], b"")

    def message(self, source: int, payload: bytes, *, options: int = 0, group: int = 0, sequence: int = 7,
                cluster: int = 0x19, profile: int = 0x0109, endpoint: int = 1, kind: int = 0) -> None:  # fmt: skip
        """incomingMessageHandler, from nobody whose EUI-64 is told."""
        aps = t.EmberApsFrame(
            profileId=profile, clusterId=cluster, sourceEndpoint=endpoint, destinationEndpoint=endpoint,
            options=options, groupId=group, sequence=sequence,
        )  # fmt: skip
        if self.version >= 14:
            nobody = t.EUI64(bytes(8))
            self.say("incomingMessageHandler", kind, aps, source, nobody, 255, 255, 200, -50, 0, payload)
        else:
            self.say("incomingMessageHandler", kind, aps, 200, -50, source, 255, 255, payload)

    def announce(self, device: Eui64, short: int, capability: int = 0x8E) -> None:
        payload = b"\x01" + short.to_bytes(2, "little") + eui64_little(device) + bytes((capability,))
        self.message(short, payload, cluster=0x0013, profile=0, endpoint=0, kind=4)

    def knock(self, device: Eui64, short: int, update: int = 1, decision: int = 0, parent: int = 0) -> None:
        self.say("trustCenterJoinHandler", short, t.EUI64(eui64_little(device)), update, decision, parent)


class User:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[ApsIndication] = []
        self.outcomes: list[tuple[int, Outcome]] = []
        self.events: list[NetworkEvent] = []

    def received(self, message: ApsIndication, now: int) -> None:
        self.messages.append(message)

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        self.outcomes.append((handle, outcome))

    def network(self, event: NetworkEvent, now: int) -> None:
        self.events.append(event)


class Bench:
    """A port over a scripted stick, in virtual time."""

    def __init__(
        self, stick: FakeStick, settings: EzspSettings | None = None, memory: HostMemory | None = None
    ) -> None:
        self.stick = stick
        self.settings = settings or EzspSettings()
        self.memory = memory or HostMemory()
        self.user = User()
        self.reports: list[tuple[str, str | None]] = []
        self.failures: list[BadInput] = []
        self.unplugged = False
        self.opened = 0
        self.lost: Callable[[str], None] | None = None
        self.port: EzspPort

    @property
    def now(self) -> int:
        return round(asyncio.get_running_loop().time() * SECOND)

    async def opener(self, lost: Callable[[str], None]) -> tuple[Stick, None]:
        self.opened += 1
        if self.unplugged:
            raise BadInput("there is no such port", where="fake")
        self.lost = lost
        ezsp = TappedEzsp(CONFIG, lost)
        ezsp._gw = self.stick
        self.stick.api = ezsp
        await ezsp.startup_reset()
        return Stick(ezsp), None

    def report(self, kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
        self.reports.append((kind, reason))

    async def open(self, node_type: NodeType = NodeType.COORDINATOR, **options: Any) -> None:
        self.port = await open_port(
            self.opener, Random(1), self.report, lambda: self.now, settings=self.settings, memory=self.memory,
            failed=self.failures.append,
        )  # fmt: skip
        self.port.attach(self.user)
        key = None if node_type is NodeType.COORDINATOR else KEY
        self.port.configure(StackConfiguration(node_type, 0x1234, (ENDPOINT,), link_key=key, **options))

    async def hub(self) -> None:
        await self.open()
        await self.hub_again()

    async def hub_again(self) -> None:
        self.port.form(NETWORK, self.now)
        await asyncio.sleep(1)

    async def bridge(self, node_type: NodeType = NodeType.ROUTER) -> None:
        await self.open(node_type)
        self.beacons((True, 200))
        state = t.EmberCurrentSecurityState(bitmask=0, trustCenterLongAddress=t.EUI64(eui64_little(OTHER)))
        self.stick.answers["getCurrentSecurityState"] = {"state": state}
        self.stick.answers["getNodeId"] = {"nodeId": 0x1234}
        joined = self.stick.answers["getNetworkParameters"]
        assert isinstance(joined, Mapping)
        self.stick.answers["getNetworkParameters"] = {**joined, "nodeType": 2}
        self.port.join(JoinSettings(channels=(15,)), self.now)
        await asyncio.sleep(2)

    def beacons(self, *networks: tuple[bool, int]) -> None:
        """What a scan finds: whether it permits joining, and the LQI."""

        def scan(_: Mapping[str, Any]) -> Mapping[str, Any]:
            for number, (permits, lqi) in enumerate(networks):
                found = t.EmberZigbeeNetwork(
                    channel=15, panId=0x1A62 + number, extendedPanId=t.ExtendedPanId(eui64_little(0xABCD)),
                    allowingJoin=permits, stackProfile=2, nwkUpdateId=0,
                )  # fmt: skip
                self.stick.later("networkFoundHandler", found, lqi, -40)
            done = t.sl_Status.OK if self.stick.version >= 14 else t.EmberStatus.SUCCESS
            return self.stick.later("scanCompleteHandler", 15, done)

        self.stick.answers["startScan"] = scan

    async def device(self, device: Eui64 = OTHER, short: int = 0x4321) -> None:
        """A device that was allowed joins the hub."""
        self.port.allow(device, KEY)
        self.stick.knock(device, short)
        self.stick.announce(device, short)
        await asyncio.sleep(1)

    def send(
        self, payload: bytes, destination: int = 0x4321, *, acknowledge: bool = False, link_key: bool = False
    ) -> int:
        message = ApsMessage(destination, 1, 1, 0x0109, 0x19, payload, acknowledge=acknowledge, link_key=link_key)
        return self.port.send(message, self.now)


def on_stick(
    main: Callable[[Bench], Coroutine[Any, Any, None]], version: int = 13, settings: EzspSettings | None = None
) -> None:
    """Run a test with a bench, close its port, and see that no task is left."""

    async def whole() -> None:
        bench = Bench(FakeStick(version), settings)
        await main(bench)
        await bench.port.close()
        await asyncio.sleep(1)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_virtual(whole())
