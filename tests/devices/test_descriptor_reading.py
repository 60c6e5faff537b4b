"""What a device shows of itself is read from it, endpoint after endpoint, or it is said that it does not tell."""

from __future__ import annotations

from emulator.core.eui64 import Eui64
from emulator.core.timers import Alarm
from emulator.devices.descriptor_reading import RESPONSE_WAIT, TRIES, DescriptorReading
from emulator.ports.aps import SimpleDescriptor
from emulator.zigbee.frames.zdo import (
    ActiveEpReq,
    ActiveEpRsp,
    MatchDescRsp,
    SimpleDescReq,
    SimpleDescRsp,
    ZdoMessage,
    ZdoStatus,
    decode_zdo,
    encode_zdo,
)
from tests.devices.fake_port import DEVICE, HUB, SHORT, FakePort, indication

ONE = SimpleDescriptor(1, 0x0109, 0x0501, 0, (0, 0x0702), (0x0704,))
TWO = SimpleDescriptor(2, 0x0109, 0x0500, 0, (), (0x0702,))


class Reader:
    """A reading whose device is played by the test."""

    def __init__(self) -> None:
        self.port = FakePort(HUB)
        self.reading = DescriptorReading(self.port, self, Alarm())
        self.read: list[tuple[Eui64, tuple[SimpleDescriptor, ...]]] = []
        self.missing: list[str] = []
        self.now = 0
        self.reading.read(DEVICE, SHORT, 0)

    def descriptors_read(self, device: Eui64, descriptors: tuple[SimpleDescriptor, ...], now: int) -> None:
        self.read.append((device, descriptors))

    def descriptors_missing(self, device: Eui64, reason: str, now: int) -> None:
        assert device == DEVICE
        self.missing.append(reason)

    @property
    def asked(self) -> list[ZdoMessage]:
        return [decode_zdo(message.cluster, message.payload)[1] for message in self.port.sent]

    def take(self, response: ZdoMessage, *, sequence: int | None = None, source: int = SHORT) -> None:
        last = self.port.sent[-1].payload[0]
        cluster, payload = encode_zdo(last if sequence is None else sequence, response)
        message = indication(cluster, payload, source=source, source_eui64=DEVICE, destination_endpoint=0)
        self.reading.received(message, self.now)

    def wait(self) -> None:
        self.now += RESPONSE_WAIT
        self.reading.on_timeout(self.now)


def test_every_endpoint_is_asked_for_its_descriptor() -> None:
    reader = Reader()
    reader.take(ActiveEpRsp(0, SHORT, (1, 2)))
    reader.take(SimpleDescRsp(0, SHORT, ONE))
    assert reader.read == []
    reader.take(SimpleDescRsp(0, SHORT, TWO))
    assert reader.read == [(DEVICE, (ONE, TWO))]
    assert reader.asked == [ActiveEpReq(SHORT), SimpleDescReq(SHORT, 1), SimpleDescReq(SHORT, 2)]
    assert reader.reading.timers.next_timeout() is None


def test_a_device_without_endpoints_shows_nothing() -> None:
    reader = Reader()
    reader.take(ActiveEpRsp(0, SHORT, ()))
    assert reader.read == [(DEVICE, ())]


def test_a_device_that_is_being_asked_is_not_asked_twice() -> None:
    reader = Reader()
    reader.reading.read(DEVICE, SHORT, 0)
    assert len(reader.port.sent) == 1


def test_silence_is_asked_again_and_then_told() -> None:
    reader = Reader()
    for _ in range(TRIES):
        assert reader.missing == []
        reader.wait()
    assert reader.missing == ["no-answer"]
    assert reader.asked == [ActiveEpReq(SHORT)] * TRIES
    reader.wait()
    assert reader.missing == ["no-answer"]


def test_each_answer_gives_as_many_tries_again() -> None:
    reader = Reader()
    reader.wait()
    reader.wait()
    reader.take(ActiveEpRsp(0, SHORT, (1,)))
    reader.wait()
    reader.wait()
    reader.take(SimpleDescRsp(0, SHORT, ONE))
    assert reader.read == [(DEVICE, (ONE,))]


def test_a_refusal_is_told_at_once() -> None:
    reader = Reader()
    reader.take(ActiveEpRsp(0, SHORT, (1,)))
    reader.take(SimpleDescRsp(ZdoStatus.NOT_ACTIVE, SHORT))
    assert reader.missing == ["refused"]
    assert reader.reading.timers.next_timeout() is None


def test_what_was_not_asked_is_not_taken() -> None:
    reader = Reader()
    reader.take(SimpleDescRsp(0, SHORT, ONE))
    reader.take(ActiveEpRsp(0, SHORT, (1,)), sequence=77)
    reader.take(ActiveEpRsp(0, SHORT, (1,)), source=0x4321)
    reader.take(MatchDescRsp(0, SHORT, (1,)))
    garbage = indication(ActiveEpRsp.cluster, b"\x01", source=SHORT, source_eui64=DEVICE, destination_endpoint=0)
    reader.reading.received(garbage, 0)
    assert len(reader.port.sent) == 1


def test_without_power_nobody_is_asked_any_more() -> None:
    reader = Reader()
    reader.reading.stop()
    reader.take(ActiveEpRsp(0, SHORT, (1,)))
    reader.wait()
    assert (reader.read, reader.missing) == ([], [])
