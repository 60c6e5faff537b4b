"""Everything that a life in the network puts on the air, as tshark sees it."""

from __future__ import annotations

from pathlib import Path

from emulator.core.clock import SECOND
from emulator.ports.aps import BROADCAST_ALL, ApsMessage, DeviceLeft, NodeType, Outcome
from emulator.zigbee.frames.mac import FrameType, peek
from tests.zigbee.dissection import dissect
from tests.zigbee.node.han import NETWORK_KEY, Device, address, key_of, line

ZCL_COMMAND = bytes((0x01, 0x00, 0x20))


def send(device: Device, destination: int, payload: bytes, **options: bool) -> int:
    """A command of a cluster that tshark knows nothing of."""
    message = ApsMessage(destination, 1, 1, 0x0109, 0xFC00, ZCL_COMMAND + payload, **options)
    return device.port.send(message, device.engine.now)


def test_tshark_decodes_and_decrypts_every_frame_of_a_life_in_the_network(tshark: str, tmp_path: Path) -> None:
    han, bridges = line(3, last=NodeType.SLEEPY)
    han.lose(0.1)
    last = bridges[-1]
    handles = [send(last, 0, bytes(500), acknowledge=True, link_key=True), send(last, 0, b"plain")]
    back = send(han.hub, last.short, bytes(range(200)), acknowledge=True, link_key=True)
    send(han.hub, BROADCAST_ALL, b"all")
    han.run(40 * SECOND)
    assert last.outcome(handles[0]) is han.hub.outcome(back) is Outcome.DELIVERED
    han.lose(0.0)
    last.port.leave(han.now)
    han.run()
    han.hub.port.remove(address(2), han.now)
    han.run(5 * SECOND)
    assert han.hub.of(DeviceLeft) == [DeviceLeft(address(3), "left"), DeviceLeft(address(2), "removed")]

    psdus = [psdu for _, psdu, *_ in han.frames]
    packets = dissect(tshark, tmp_path, psdus, [NETWORK_KEY, *(key_of(number) for number in (1, 2, 3))])
    assert len(packets) == len(psdus) > 300
    for number, (psdu, packet) in enumerate(zip(psdus, packets, strict=True), 1):
        assert "_ws.malformed" not in packet, f"packet {number}"
        assert "zbee_sec.encrypted_payload" not in packet, f"packet {number}: {sorted(packet.fields)}"
        assert packet.value("wpan.fcs_ok") in ("1", "True"), f"packet {number}"
        if peek(psdu).type is FrameType.DATA:
            assert "zbee_nwk" in packet, f"packet {number}"
