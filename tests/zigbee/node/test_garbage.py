"""Whatever is thrown at a node, it neither raises nor changes what it keeps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import SECOND
from emulator.core.eui64 import Eui64
from emulator.ports.aps import JoinSettings, NodeType
from emulator.ports.phy import RxFrame
from emulator.zigbee.frames import mac, nwk
from emulator.zigbee.frames.mac import FrameType, MacFrame
from emulator.zigbee.frames.mac_commands import Capability
from emulator.zigbee.frames.nwk_commands import (
    EndDeviceTimeoutRequest,
    Leave,
    NwkCommand,
    RejoinRequest,
    RejoinResponse,
    encode_command,
)
from tests.zigbee.node.han import HUB, NETWORK, Device, Han, address, pair
from tests.zigbee.node.test_nwk import forged, state_of

ROUTER_HAN, ROUTER = pair()
SLEEPY_HAN, SLEEPY = pair(node_type=NodeType.SLEEPY)
PAN = NETWORK.pan_id

shorts = st.one_of(st.sampled_from([0, ROUTER.short, SLEEPY.short, 0xFFFC, 0xFFFD, 0xFFFF]), st.integers(0, 0xFFFF))


def psdu(body: bytes) -> bytes:
    return body + mac.fcs(body).to_bytes(2, "little")


def nwk_frames(payloads: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.builds(
        lambda kind, destination, source, radius, sequence, secure, payload: nwk.encode(
            nwk.NwkFrame(kind, destination, source, radius, sequence, payload, secure)
        ),
        st.sampled_from(nwk.NwkFrameType),
        shorts,
        shorts,
        st.integers(0, 255),
        st.integers(0, 255),
        st.booleans(),
        payloads,
    )


mac_payloads = st.one_of(st.binary(max_size=80), nwk_frames(st.binary(max_size=60)))
mac_frames = st.builds(
    lambda kind, destination, source, payload, acknowledge, pending: mac.encode(
        MacFrame(kind, 1, PAN, destination, PAN, source, payload, acknowledge, pending)
    ),
    st.sampled_from(FrameType),
    shorts,
    shorts,
    mac_payloads,
    st.booleans(),
    st.booleans(),
)
anything = st.one_of(st.binary(min_size=3, max_size=125).map(psdu), mac_frames)


def throw(han: Han, device: Device, frames: list[bytes]) -> None:
    for frame in frames:
        device.port.received(RxFrame(frame, -60, 150), han.now)
        han.run(5_000)


@given(st.lists(anything, max_size=8))
def test_garbage_changes_neither_keys_nor_counters_of_a_router(frames: list[bytes]) -> None:
    before, messages, counters = state_of(ROUTER), len(ROUTER.messages), dict(ROUTER.memory.nwk_incoming)
    throw(ROUTER_HAN, ROUTER, frames)
    assert state_of(ROUTER)[1:] == before[1:]
    # The hub goes on sending link status meanwhile.
    after = ROUTER.memory.nwk_incoming
    assert set(after) == set(counters) == {HUB}
    assert 0 <= after[HUB] - counters[HUB] <= 1
    assert len(ROUTER.messages) == messages


@given(st.lists(anything, max_size=8))
def test_garbage_changes_neither_keys_nor_counters_of_a_sleepy_device(frames: list[bytes]) -> None:
    before, messages = state_of(SLEEPY), len(SLEEPY.messages)
    throw(SLEEPY_HAN, SLEEPY, frames)
    assert state_of(SLEEPY)[1:4] == before[1:4]
    assert len(SLEEPY.messages) == messages


@given(st.lists(anything, max_size=8), st.integers(0, 3_000))
def test_garbage_while_joining_ends_in_a_network_or_a_reason(frames: list[bytes], milliseconds: int) -> None:
    han = Han()
    han.connect(HUB, address(1))
    bridge = han.bridge(1)
    han.form(1)
    bridge.port.join(JoinSettings(channels=(15,)), han.now)
    han.run(milliseconds * 1_000)
    throw(han, bridge, frames)
    han.run(60 * SECOND)
    assert bridge.events


_counter = iter(range(1_000_000, 1 << 31))


@given(
    st.lists(
        st.tuples(st.sampled_from(nwk.NwkFrameType), shorts, shorts, st.binary(max_size=60), st.integers(0, 255)),
        max_size=8,
    )
)
def test_garbage_under_the_network_key_raises_nothing_and_changes_no_key(
    frames: list[tuple[nwk.NwkFrameType, int, int, bytes, int]],
) -> None:
    han, bridge = pair()
    before = state_of(bridge)
    for kind, destination, source, payload, sequence in frames:
        frame = forged(
            next(_counter), destination=destination, source=source, sender=Eui64(HUB), kind=kind,
            payload=payload, sequence=sequence,
        )  # fmt: skip
        bridge.port.received(frame, han.now)
        han.run(100_000)
    han.run(20 * SECOND)
    membership = bridge.memory.membership
    if membership is not None:
        assert state_of(bridge)[1:3] == before[1:3]


@given(st.integers(0, 3), st.lists(st.binary(max_size=70), min_size=1, max_size=6))
def test_garbage_in_aps_raises_nothing(kind: int, payloads: list[bytes]) -> None:
    han, bridge = pair()
    for payload in payloads:
        for control in (0x00, 0x20, 0x40, 0x80, 0xA0, 0xC0):
            octets = bytes((control | kind,)) + payload
            bridge.port.received(forged(next(_counter), destination=bridge.short, payload=octets), han.now)
    han.run(20 * SECOND)


commands = st.one_of(
    st.builds(RejoinRequest, st.builds(Capability, receiver_on_when_idle=st.booleans())),
    st.builds(RejoinResponse, shorts, st.integers(0, 255)),
    st.builds(Leave, st.booleans(), st.booleans(), st.booleans()),
    st.builds(EndDeviceTimeoutRequest, st.integers(0, 255)),
)
named = st.one_of(st.none(), st.sampled_from([HUB, address(1), address(2)]), st.builds(Eui64, st.integers(1, 1 << 60)))


@given(st.sampled_from([NodeType.ROUTER, NodeType.SLEEPY]), st.lists(st.tuples(commands, shorts, named), max_size=12))
def test_commands_without_protection_move_nobody_and_change_no_key(
    node_type: NodeType, forgeries: list[tuple[NwkCommand, int, Eui64 | None]]
) -> None:
    han, bridge = pair(node_type=node_type)
    before = [state_of(device)[1:3] for device in (han.hub, bridge)]
    addresses = dict(han.hub.memory.addresses)
    for command, source, eui64 in forgeries:
        for device in (han.hub, bridge):
            header = nwk.NwkFrame(nwk.NwkFrameType.COMMAND, device.short, source, 1, 9, source_eui64=eui64)
            payload = nwk.encode_header(header) + encode_command(command)
            frame = MacFrame(FrameType.DATA, source & 0xFF, PAN, device.short, PAN, source, payload)
            device.port.received(RxFrame(mac.encode(frame), -60, 150), han.now)
            han.run(50_000)
    han.run(30 * SECOND)
    assert [state_of(device)[1:3] for device in (han.hub, bridge)] == before
    assert han.hub.memory.addresses == addresses
    assert [child.short for child in han.hub.memory.children.values()] == [bridge.short]
    assert bridge.up
