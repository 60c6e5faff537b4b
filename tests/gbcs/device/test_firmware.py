"""CS06: the image that a meter holds is activated at once, at a date, or no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from emulator.gbcs import crypto
from emulator.gbcs.assembly import assemble
from emulator.gbcs.device.catalogue import DeviceParts, use_cases
from emulator.gbcs.device.gbcs_device import GbcsDevice, Reply
from emulator.gbcs.device.own_keys import OwnKeys
from emulator.gbcs.device.settings import DeviceSettings
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.message import Message
from emulator.gbcs.pki import SUPPLIERS
from emulator.gbcs.refusal import Reason, Refusal
from emulator.gbcs.roles import RemotePartyRole
from emulator.gbcs.use_cases import cs06
from emulator.gbcs.use_cases.payload import FUTURE_DATED_ACTIONED, FUTURE_DATED_NOT_ACTIONED, NEVER
from tests.gbcs.device.bench import NOW, Bench
from tests.gbcs.parties import BRIDGE

HASH = bytes(range(32))
OLD, NEW = 0x00010000, 0x00020000
LATER = NOW + timedelta(days=3)
Code = cs06.ResponseCode


@dataclass
class Held:
    """An image."""

    digest: bytes | None = HASH
    good: bool = True
    running: int = OLD

    def held_hash(self) -> bytes | None:
        return self.digest

    def activate(self) -> bool:
        if self.good:
            self.running, self.digest = NEW, None
        return self.good

    def version(self) -> int:
        return self.running


class Meter:
    """A meter: it holds its supplier's keys."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.held = Held()
        no_keys = OwnKeys(lambda _usage, number: crypto.private_key(bytes([number])))
        parts = DeviceParts(no_keys, self.held.version, self.held)
        state = bench.pki.device_state(BRIDGE, RemotePartyRole.SUPPLIER)
        self.device = GbcsDevice(state, use_cases(("CS06",), parts, DeviceSettings()))

    def send(self, digest: bytes = HASH, when: datetime | None = None, counter: int | None = None) -> Reply | Refusal:
        self.bench.counter += 1
        number = self.bench.counter
        header = GroupingHeader(Cra.COMMAND, number, SUPPLIERS[0], BRIDGE, cs06.MESSAGE_CODE)
        payload = cs06.Command(digest, number if counter is None else counter, when).encode()
        return self.device.receive(assemble(header, payload, "a", self.bench.ring).encode(), 0, NOW)

    def answered(self, digest: bytes = HASH, when: datetime | None = None) -> cs06.Response:
        reply = self.send(digest, when)
        assert isinstance(reply, Reply), reply
        assert reply.response.shape == "d"
        assert reply.response.header.date_time is not None
        return cs06.Response.decode(reply.response.payload)


@pytest.fixture
def meter(bench: Bench) -> Meter:
    return Meter(bench)


def _wrong(meter: Meter) -> None:
    meter.held.digest = bytes(32)


def _none(meter: Meter) -> None:
    meter.held.digest = None


def _bad(meter: Meter) -> None:
    meter.held.good = False


OUTCOMES: list[tuple[Callable[[Meter], None], cs06.ResponseCode]] = [
    (lambda _: None, Code.SUCCESS),
    (_none, Code.NO_IMAGE_HELD),
    (_wrong, Code.HASH_MISMATCH),
    (_bad, Code.ACTIVATION_FAILURE),
]


@pytest.mark.parametrize("prepare,code", OUTCOMES, ids=[code.name for _, code in OUTCOMES])
def test_at_once(meter: Meter, prepare: Callable[[Meter], None], code: cs06.ResponseCode) -> None:
    prepare(meter)
    version = NEW if code is Code.SUCCESS else OLD
    assert meter.answered() == cs06.Response(cs06.ExecutionOutcome(code, version))


@pytest.mark.parametrize("prepare,code", OUTCOMES, ids=[code.name for _, code in OUTCOMES])
def test_at_a_date_with_an_alert(meter: Meter, prepare: Callable[[Meter], None], code: cs06.ResponseCode) -> None:
    prepare(meter)
    assert meter.answered(when=LATER) == cs06.Response()
    assert (meter.held.running, meter.device.next_date()) == (OLD, LATER)
    done = meter.device.on_date(LATER)
    assert done is not None
    assert done.alert is not None
    message = Message.decode(done.alert)
    alert = cs06.Alert.decode(message.payload)
    assert (message.shape, message.header.message_code) == ("e", 0x00CA)
    assert alert.alert_code == (FUTURE_DATED_ACTIONED if code is Code.SUCCESS else FUTURE_DATED_NOT_ACTIONED)
    assert (alert.originator_counter, alert.execution_date_time) == (meter.bench.counter, LATER)
    assert alert.execution_outcome.response_code == code


def test_no_more(meter: Meter) -> None:
    meter.answered(when=LATER)
    assert meter.answered(when=NEVER) == cs06.Response()
    assert meter.device.on_date(LATER) is None
    assert meter.held.running == OLD


def test_a_counter_that_is_not_the_messages_is_refused(meter: Meter) -> None:
    refusal = meter.send(counter=1)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.COUNTER_MISMATCH
    assert meter.held.running == OLD
