"""Everything that a life in the network puts on the air, as tshark sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.core.clock import MINUTE, SECOND
from emulator.ports.aps import BROADCAST_ALL, ApsMessage, DeviceLeft, NodeType, Outcome
from emulator.zigbee.frames.mac import FrameType, peek
from emulator.zigbee.frames.nwk_commands import Leave, encode_command
from emulator.zigbee.security.keys import swap_out_key
from tests.zigbee.dissection import Packet, dissect
from tests.zigbee.node.han import NETWORK_KEY, Device, Han, address, key_of, line
from tests.zigbee.node.test_rejoining import two_parents
from tests.zigbee.node.test_swap_out import ESTABLISHED, NEXT_KEY, swapped

ZCL_COMMAND = bytes((0x01, 0x00, 0x20))


def send(device: Device, destination: int, payload: bytes, **options: Any) -> int:
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

    check_every_frame(tshark, tmp_path, han, [NETWORK_KEY, *(key_of(number) for number in (1, 2, 3))])


@pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY])
def test_tshark_decodes_and_decrypts_a_rotation_and_every_way_back(
    tshark: str, tmp_path: Path, node_type: NodeType
) -> None:
    new_key = bytes(range(100, 116))
    han, first, second, device = two_parents(node_type)
    first.port.stop(han.now)
    han.run(2 * MINUTE)
    device.port.stop(han.now)
    han.hub.port.rotate_network_key(new_key, han.now)
    han.run(MINUTE)
    device.port.resume(han.now)
    han.run(MINUTE)
    assert device.reasons("rejoin.done")[-1] == "key-missed"
    stack = han.hub.port.node._layers.stack
    assert stack is not None
    stack.nwk.send_command(second.short, encode_command(Leave(rejoin=True, request=True)), han.now)
    han.run(10 * SECOND)
    assert second.reasons("rejoin.done") == ["asked-to"]
    packets = check_every_frame(
        tshark, tmp_path, han, [NETWORK_KEY, new_key, *(key_of(number) for number in (1, 2, 3))]
    )  # fmt: skip
    commands = {value for packet in packets for value in packet.values("zbee_nwk.cmd.id")}
    assert {"0x04", "0x06", "0x07"} <= commands
    assert {"0x05", "0x06", "0x09", "0x0e"} <= {
        value for packet in packets for value in packet.values("zbee_aps.cmd.id")
    }


def test_tshark_decodes_and_decrypts_a_swap_out_of_the_trust_centre(tshark: str, tmp_path: Path) -> None:
    han, hub, bridge = swapped()
    assert bridge.port.short_of(hub.port.eui64) == 0
    han.run(30 * MINUTE)
    keys = [NETWORK_KEY, NEXT_KEY, key_of(1), ESTABLISHED, swap_out_key(ESTABLISHED)]
    packets = check_every_frame(tshark, tmp_path, han, keys)
    assert {"0x06", "0x07"} <= {value for packet in packets for value in packet.values("zbee_nwk.cmd.id")}
    assert "0x05" in {value for packet in packets for value in packet.values("zbee_aps.cmd.id")}


def check_every_frame(tshark: str, folder: Path, han: Han, keys: list[bytes]) -> list[Packet]:
    """Every frame is well formed, and decrypted with these keys."""
    psdus = [psdu for _, psdu, *_ in han.frames]
    packets = dissect(tshark, folder, psdus, keys)
    assert len(packets) == len(psdus) > 100
    for number, (psdu, packet) in enumerate(zip(psdus, packets, strict=True), 1):
        assert "_ws.malformed" not in packet, f"packet {number}"
        assert "zbee_sec.encrypted_payload" not in packet, f"packet {number}: {sorted(packet.fields)}"
        assert packet.value("wpan.fcs_ok") in ("1", "True"), f"packet {number}"
        if peek(psdu).type is FrameType.DATA:
            assert "zbee_nwk" in packet, f"packet {number}"
    return packets
