"""CS03 and CS04: a PPMID keeps whom it is joined with, a bridge refuses to be joined with anybody."""

from __future__ import annotations

import json

import pytest

from emulator.core.eui64 import Eui64
from emulator.gbcs.assembly import assemble
from emulator.gbcs.device.gbcs_device import GbcsDevice, Reply
from emulator.gbcs.device.joining import MOST_JOINED
from emulator.gbcs.device.state import DeviceState, JoinedDevice
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.pki import ACCESS_CONTROL_BROKER
from emulator.gbcs.refusal import Reason, Refusal
from emulator.gbcs.roles import KeyUsage
from emulator.gbcs.use_cases import cs03, cs04
from emulator.gbcs.use_cases.cells import Certificate
from tests.gbcs.device.bench import NOW, Bench
from tests.gbcs.parties import BRIDGE, BRIDGE_USE_CASES, device_of

METER = Eui64(0x00DB1234567890A0)
JOINS = ("CS03A1", "CS03A2", "CS03B", "CS03C", "CS04AC", "CS04B")
Code = cs03.ResponseCode
MESSAGES = [
    *((code, cs03.Command(method, METER, cs03.GbcsDeviceType.ESME).encode()) for code, method in cs03.METHODS.items()),
    *((code, cs04.Command(METER).encode()) for code in (cs04.METHOD_A_OR_C, cs04.METHOD_B)),
]


@pytest.fixture
def ppmid(bench: Bench) -> GbcsDevice:
    return device_of(bench.pki, names=(*BRIDGE_USE_CASES, *JOINS))


def command(bench: Bench, code: int, payload: bytes) -> bytes:
    bench.counter += 1
    shape = "b" if code in {cs03.METHOD_B, cs04.METHOD_B} else "a"
    header = GroupingHeader(Cra.COMMAND, bench.counter, ACCESS_CONTROL_BROKER, BRIDGE, code)
    return assemble(header, payload, shape, bench.ring).encode()


def join(
    bench: Bench,
    device: GbcsDevice,
    code: int = cs03.METHOD_A_NOT_METER,
    other: Eui64 = METER,
    *,
    method: int | None = None,
    kind: int = cs03.GbcsDeviceType.ESME,
    certificate: bool = False,
) -> int:
    handed_over = Certificate(bench.pki.device_certificate(BRIDGE, KeyUsage.KEY_AGREEMENT)) if certificate else None
    asked = cs03.Command(cs03.METHODS[code] if method is None else method, other, kind, handed_over)
    reply = device.receive(command(bench, code, asked.encode()), 0, NOW)
    assert isinstance(reply, Reply), reply
    assert reply.response.shape == ("c" if code == cs03.METHOD_B else "d")
    return cs03.Response.decode(reply.response.payload).response_code


def part(bench: Bench, device: GbcsDevice, code: int = cs04.METHOD_A_OR_C) -> int:
    reply = device.receive(command(bench, code, cs04.Command(METER).encode()), 0, NOW)
    assert isinstance(reply, Reply), reply
    return cs04.Response.decode(reply.response.payload).response_code


@pytest.mark.parametrize("code,payload", MESSAGES, ids=[f"{code:04x}" for code, _ in MESSAGES])
def test_a_bridge_refuses_what_its_ppmid_twin_takes(bench: Bench, ppmid: GbcsDevice, code: int, payload: bytes) -> None:
    octets = command(bench, code, payload)
    assert isinstance(ppmid.receive(octets, 0, NOW), Reply)
    before = bench.device.state
    refusal = bench.send(octets)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.UNKNOWN_USE_CASE
    assert bench.device.state is before
    assert [entry.reason for entry in bench.device.security_log] == ["unknown-use-case"]


@pytest.mark.parametrize("code", [cs03.METHOD_A_METER, cs03.METHOD_A_NOT_METER, cs03.METHOD_B])
def test_a_ppmid_joins_and_parts(bench: Bench, ppmid: GbcsDevice, code: int) -> None:
    assert join(bench, ppmid, code) == Code.SUCCESS
    assert list(ppmid.state.joined) == [JoinedDevice(METER, cs03.GbcsDeviceType.ESME)]
    again = DeviceState.from_dict(json.loads(json.dumps(ppmid.state.to_dict())))
    assert again.joined == ppmid.state.joined
    assert part(bench, ppmid) == cs04.ResponseCode.SUCCESS
    assert list(ppmid.state.joined) == []
    assert part(bench, ppmid, cs04.METHOD_B) == cs04.ResponseCode.NOT_IN_DEVICE_LOG


def test_a_join_with_a_gsme_needs_its_certificate(bench: Bench, ppmid: GbcsDevice) -> None:
    assert join(bench, ppmid, cs03.METHOD_C) == Code.INVALID_OR_MISSING_CERTIFICATE
    assert join(bench, ppmid, cs03.METHOD_C, certificate=True) == Code.SUCCESS


def test_a_method_that_does_not_fit_is_said_to_be(bench: Bench, ppmid: GbcsDevice) -> None:
    assert join(bench, ppmid, method=0) == Code.INVALID_MESSAGE_CODE_FOR_JOIN_METHOD_AND_ROLE
    assert join(bench, ppmid, method=9) == Code.INVALID_JOIN_METHOD_AND_ROLE
    assert ppmid.state.joined == ()


def test_the_same_device_as_another_kind_and_one_too_many_are_refused(bench: Bench, ppmid: GbcsDevice) -> None:
    for number in range(MOST_JOINED):
        assert join(bench, ppmid, other=Eui64(number)) == Code.SUCCESS
    assert join(bench, ppmid, other=Eui64(0)) == Code.SUCCESS
    assert join(bench, ppmid, other=Eui64(0), kind=6) == Code.INCOMPATIBLE_WITH_EXISTING_ENTRY
    assert join(bench, ppmid, other=Eui64(99)) == Code.DEVICE_LOG_FULL
