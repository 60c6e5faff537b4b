"""Attacks on the network layer, each with its safe end: what is heard twice, forged, or asked for too often."""

from __future__ import annotations

import pytest

from emulator.core.aes import CcmStar
from emulator.core.clock import HOUR, MINUTE, SECOND
from emulator.core.eui64 import Eui64
from emulator.ports.aps import DeviceLeft, JoinRefused, JoinSettings, NetworkDown, NodeType
from emulator.ports.phy import RxFrame
from emulator.zigbee.frames import aps, mac, nwk
from emulator.zigbee.frames.aps_commands import TransportNetworkKey
from emulator.zigbee.frames.aps_commands import encode_command as encode_aps_command
from emulator.zigbee.frames.mac_commands import Capability, CoordinatorRealignment
from emulator.zigbee.frames.mac_commands import encode_command as encode_mac_command
from emulator.zigbee.frames.nwk_commands import Leave, NwkCommand, RejoinRequest, RejoinResponse, encode_command
from emulator.zigbee.node.readmission import MOST_WAITING
from emulator.zigbee.node.rejoining import Rejoiner
from emulator.zigbee.security import aps as aps_security
from emulator.zigbee.security.keys import WELL_KNOWN_LINK_KEY, transport_key
from tests.zigbee.node.han import HUB, NETWORK, NETWORK_KEY, Device, Han, address, line, pair
from tests.zigbee.node.han import key_of as link_key_of
from tests.zigbee.node.test_key_rotation import NEW_KEY, key_of, rotate
from tests.zigbee.node.test_nwk import PAN, forged
from tests.zigbee.node.test_rejoining import talks

STRANGER = 0x6666
ASLEEP = Capability(receiver_on_when_idle=False, allocate_address=True)


def heard(device: Device, frame: RxFrame) -> None:
    """Let a device hear a frame that nobody of the HAN has sent."""
    device.port.received(frame, device.engine.now)


def plain(command: NwkCommand, source: int, destination: int, eui64: Eui64 | None = None) -> RxFrame:
    """A command without protection, from whoever it says."""
    header = nwk.NwkFrame(nwk.NwkFrameType.COMMAND, destination, source, 1, 9, source_eui64=eui64)
    return radio(nwk.encode_header(header) + encode_command(command), source, destination)


def radio(payload: bytes, source: int, destination: int) -> RxFrame:
    sequence = sum(payload) & 0xFF
    frame = mac.MacFrame(mac.FrameType.DATA, sequence, PAN, destination, PAN, source, payload)
    return RxFrame(mac.encode(frame), -50, 200)


def transports(han: Han, device: Device) -> list[bytes]:
    """PSDUs by which a device was given a network key on its own, without protection of the NWK layer."""
    found = []
    for _, psdu, *_ in han.frames:
        frame = mac.decode(psdu)
        if frame.type is mac.FrameType.DATA and frame.destination == device.short:
            header, _ = nwk.decode_header(frame.payload)
            if not header.security and header.type is nwk.NwkFrameType.DATA:
                found.append(psdu)
    return found


# --- transport key -----


def test_transport_key_replayed_to_a_member_is_dropped() -> None:
    han, bridge = pair()
    recorded = transports(han, bridge)[-1]
    rotate(han)
    han.run(MINUTE)
    heard(bridge, RxFrame(recorded, -50, 200))
    assert bridge.reasons("nwk.dropped")[-1] == "unsecured"
    assert key_of(bridge) == (NEW_KEY, 1)


def test_transport_key_replayed_to_a_device_that_waits_for_one_does_not_bring_the_key_before_back() -> None:
    han, bridge = pair()
    recorded = transports(han, bridge)[-1]
    bridge.port.stop(han.now)
    rotate(han)
    bridge.port.resume(han.now)
    rejoiner = rejoiner_of(bridge)
    while rejoiner.state.value != "awaiting-key":
        han.run(100)
    heard(bridge, RxFrame(recorded, -50, 200))
    assert bridge.reasons("aps.dropped")[-1] == "frame-counter-replayed"
    han.run(MINUTE)
    assert key_of(bridge) == (NEW_KEY, 1)
    assert talks(han, han.hub, bridge)


def rejoiner_of(device: Device) -> Rejoiner:
    stack = device.port.node._layers.stack
    assert stack is not None
    assert stack.rejoiner is not None
    return stack.rejoiner


def test_a_network_key_from_another_trust_centre_is_not_taken() -> None:
    _, bridge = pair()
    link_key = bridge.port.link_key_with(HUB)
    assert link_key is not None
    command = TransportNetworkKey(bytes(16), 1, address(1), address(9))
    header = aps.encode_header(aps.ApsFrame(aps.ApsFrameType.COMMAND, 1, security=True))
    sealed = aps_security.secure(
        header, encode_aps_command(command), CcmStar(transport_key(link_key)), 1_000_000, HUB,
        aps_security.KeyIdentifier.KEY_TRANSPORT,
    )  # fmt: skip
    heard(bridge, forged(1_000_000, destination=bridge.short, payload=header + sealed))
    assert bridge.reasons("aps.dropped")[-1] == "unknown-trust-centre"
    assert key_of(bridge) == (NETWORK_KEY, 0)


# --- first join -----


@pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY])
@pytest.mark.parametrize("parent", [HUB, address(1)], ids=["at-the-hub", "behind-a-relay"])
def test_insecure_join_with_the_well_known_key_is_refused_and_no_key_is_sent(
    parent: Eui64, node_type: NodeType
) -> None:
    han, _ = pair()
    han.connect(parent, address(2))
    joiner = han.device(address(2), node_type, WELL_KNOWN_LINK_KEY)
    han.hub.port.allow(address(2), WELL_KNOWN_LINK_KEY)
    before = len(han.frames)
    try_to_join(han, joiner)
    assert set(han.hub.of(JoinRefused)) == {JoinRefused(address(2), "well-known-key")}
    assert set(han.hub.reasons("join.refused")) == {"well-known-key"}
    assert keys_sent(han, before) == 0
    assert joiner.down == "no-key"
    assert address(2) not in han.hub.memory.link_keys
    assert joiner.memory.membership is None


def test_after_an_insecure_join_was_refused_the_same_device_joins_by_its_install_code() -> None:
    han, _ = pair()
    han.connect(HUB, address(2))
    joiner = han.bridge(2)
    han.hub.port.allow(address(2), WELL_KNOWN_LINK_KEY)
    try_to_join(han, joiner)
    assert not joiner.up
    han.hub.port.allow(address(2), link_key_of(2))
    try_to_join(han, joiner)
    assert joiner.up
    assert talks(han, han.hub, joiner)


def try_to_join(han: Han, device: Device) -> None:
    han.permit()
    device.port.join(JoinSettings(channels=(15,)), han.now)
    han.run(MINUTE)


@pytest.mark.parametrize(
    "configured, sent_under, taken",
    [
        (link_key_of(1), WELL_KNOWN_LINK_KEY, False),
        (None, WELL_KNOWN_LINK_KEY, False),
        (link_key_of(1), link_key_of(1), True),
        (WELL_KNOWN_LINK_KEY, WELL_KNOWN_LINK_KEY, True),
    ],
    ids=["install-code", "no-key", "its-own", "configured-by-its-user"],
)
def test_a_joiner_takes_the_network_key_under_no_key_but_its_own(
    configured: bytes | None, sent_under: bytes, taken: bool
) -> None:
    """The last one is told to by its user; whether it gets in is the trust centre's decision."""
    han = Han()
    han.connect(HUB, address(1))
    joiner = han.device(address(1), key=configured)
    han.form()
    han.join_only(joiner)
    short = han.hub.port.short_of(address(1))
    assert short is not None
    heard(joiner, transport(sent_under, short))
    assert (joiner.memory.membership is not None) == taken
    assert joiner.reasons("aps.dropped") == ([] if taken else ["unexpected-key" if configured is None else "bad-mic"])


def transport(link_key: bytes, short: int) -> RxFrame:
    """A network key for the first bridge under this link key, from whoever knows it."""
    command = TransportNetworkKey(NEW_KEY, 0, address(1), HUB)
    header = aps.encode_header(aps.ApsFrame(aps.ApsFrameType.COMMAND, 1, security=True))
    sealed = aps_security.secure(
        header, encode_aps_command(command), CcmStar(transport_key(link_key)), 0, HUB,
        aps_security.KeyIdentifier.KEY_TRANSPORT,
    )  # fmt: skip
    outside = nwk.encode_header(nwk.NwkFrame(nwk.NwkFrameType.DATA, short, 0, 1, 9))
    return radio(outside + header + sealed, 0, short)


# --- rejoin -----


def test_insecure_rejoin_with_the_well_known_key_is_refused_at_both_ends() -> None:
    han, bridge = pair()
    han.hub.port.set_link_key(address(1), WELL_KNOWN_LINK_KEY, han.now)
    before = len(han.frames)
    heard(han.hub, plain(RejoinRequest(ASLEEP), bridge.short, 0, address(1)))
    han.run(10 * SECOND)
    assert han.hub.of(JoinRefused) == [JoinRefused(address(1), "well-known-key")]
    assert keys_sent(han, before) == 0
    bridge.port.set_link_key(HUB, WELL_KNOWN_LINK_KEY, han.now)
    heard(bridge, forged(1_000_000, destination=bridge.short, key_sequence=5))
    han.run(MINUTE)
    assert bridge.reasons("rejoin.failed") == ["well-known-key"]
    assert key_of(bridge) == (NETWORK_KEY, 0)


def keys_sent(han: Han, since: int) -> int:
    """Frames that carried anything on the NWK layer without its protection, commands apart."""
    found = 0
    for _, psdu, *_ in han.frames[since:]:
        frame = mac.decode(psdu)
        if frame.type is mac.FrameType.DATA:
            header, _ = nwk.decode_header(frame.payload)
            found += not header.security and header.type is nwk.NwkFrameType.DATA
    return found


@pytest.mark.parametrize("capability", [ASLEEP, Capability(receiver_on_when_idle=True)])
def test_a_rejoin_in_the_name_of_a_member_changes_nothing_for_it(capability: Capability) -> None:
    han, bridges = line(2)
    children = dict(bridges[0].memory.children)
    addresses = dict(han.hub.memory.addresses)
    for claimed in (bridges[1].short, STRANGER):
        heard(bridges[0], plain(RejoinRequest(capability), claimed, bridges[0].short, address(2)))
        heard(han.hub, plain(RejoinRequest(capability), claimed, 0, address(2)))
        han.run(MINUTE)
    assert bridges[0].memory.children == children
    assert han.hub.memory.addresses == addresses
    assert bridges[1].up
    assert not bridges[1].of(NetworkDown)
    assert talks(han, han.hub, bridges[1])


def test_a_stranger_that_asks_for_the_key_is_told_nothing_it_can_read() -> None:
    han, _ = pair()
    before = len(han.frames)
    heard(han.hub, plain(RejoinRequest(ASLEEP), STRANGER, 0, address(7)))
    han.run(MINUTE)
    assert han.hub.of(JoinRefused) == [JoinRefused(address(7), "no-link-key")]
    assert keys_sent(han, before) == 0
    assert address(7) not in han.hub.memory.addresses


def test_rejoin_storm_of_requests_is_answered_a_few_at_a_time() -> None:
    han, bridge = pair()
    before = len(han.frames)
    for number in range(1_000):
        heard(han.hub, plain(RejoinRequest(ASLEEP), 0x5000 + number, 0, Eui64(0x7700_0000 + number)))
    han.run(SECOND)
    assert han.hub.reasons("join.refused").count("too-many-rejoins") == 1_000 - MOST_WAITING
    assert len(han.frames) - before < 10 * MOST_WAITING
    assert len(han.hub.memory.children) == 1
    assert talks(han, han.hub, bridge)
    han.run(MINUTE)
    assert len(han.hub.of(JoinRefused)) == MOST_WAITING


@pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY])
def test_rejoin_storm_by_forged_key_sequences_is_a_few_attempts_an_hour_and_traffic_goes_on(
    node_type: NodeType,
) -> None:
    han, bridge = pair(node_type=node_type)
    delivered = 0
    for number in range(720):
        heard(bridge, forged(1_000_000 + number, destination=bridge.short, key_sequence=1 + number % 100))
        if number % 60 == 0:
            delivered += talks(han, han.hub, bridge, span=5 * SECOND)
        else:
            han.run(5 * SECOND)
    assert delivered == 12
    assert len(bridge.reasons("rejoin.started")) <= 10
    assert not bridge.of(NetworkDown)
    assert key_of(bridge) == (NETWORK_KEY, 0)


def test_rejoin_storm_after_an_outage_lets_everybody_back() -> None:
    han = Han()
    bridges = [han.bridge(number) for number in range(1, 9)]
    for number in range(1, 9):
        han.connect(HUB, address(number))
        for other in range(1, number):
            han.connect(address(other), address(number))
    han.form(*range(1, 9))
    han.join(*bridges)
    for bridge in bridges:
        bridge.port.stop(han.now)
    rotate(han)
    for bridge in bridges:
        bridge.port.resume(han.now)
    han.run(5 * MINUTE)
    assert {key_of(bridge) for bridge in bridges} == {(NEW_KEY, 1)}


def test_a_forged_rejoin_response_leads_nowhere() -> None:
    han, bridge = pair()
    heard(bridge, plain(RejoinResponse(0x1111, 0), 0, bridge.short))
    assert bridge.reasons("nwk.dropped")[-1] == "unsecured"
    bridge.port.stop(han.now)
    rotate(han)
    short = bridge.short
    bridge.port.resume(han.now)
    rejoiner = rejoiner_of(bridge)
    while rejoiner.state.value != "asking":
        han.run(100)
    heard(bridge, plain(RejoinResponse(0x1111, 0), STRANGER, short))
    assert bridge.reasons("nwk.dropped")[-1] == "unexpected-rejoin-response"
    heard(bridge, plain(RejoinResponse(0x1111, 0), 0, short))
    han.run(5 * MINUTE)
    assert bridge.short == short
    assert key_of(bridge) == (NEW_KEY, 1)
    assert talks(han, han.hub, bridge)


def test_a_forged_realignment_that_nobody_asked_for_is_nothing() -> None:
    _, bridge = pair(node_type=NodeType.SLEEPY)
    payload = encode_mac_command(CoordinatorRealignment(PAN, STRANGER, 15, bridge.short))
    frame = mac.MacFrame(mac.FrameType.COMMAND, 1, 0xFFFF, address(1), PAN, 0x22, payload, True, False, True, True)
    heard(bridge, RxFrame(mac.encode(frame), -50, 200))
    assert bridge.memory.membership is not None
    assert bridge.memory.membership.parent == 0


def test_a_forged_realignment_of_an_orphan_is_found_out_by_its_polls() -> None:
    han, bridge = pair(node_type=NodeType.SLEEPY)
    han.topology.set(HUB, address(1), None)
    rejoiner = rejoiner_of(bridge)
    while rejoiner.state.value != "orphaned":
        han.run(1_000)
    payload = encode_mac_command(CoordinatorRealignment(PAN, STRANGER, 15, bridge.short))
    frame = mac.MacFrame(mac.FrameType.COMMAND, 1, 0xFFFF, address(1), PAN, 0x22, payload, True, False, True, True)
    heard(bridge, RxFrame(mac.encode(frame), -50, 200))
    assert bridge.memory.membership is not None
    assert bridge.memory.membership.parent == STRANGER
    han.connect(HUB, address(1))
    han.run(MINUTE)
    assert bridge.memory.membership.parent == 0
    assert talks(han, han.hub, bridge)


# --- counters -----


def test_frame_counter_replay_over_a_restart_is_dropped() -> None:
    han, bridge = pair()
    bridge.send(0, b"once", acknowledge=True, link_key=True)
    han.run()
    recorded = [psdu for _, psdu, *_ in han.frames if mac.decode(psdu).type is mac.FrameType.DATA]
    han.hub.port.stop(han.now)
    han.hub.port.resume(han.now)
    han.run(5 * SECOND)
    for psdu in recorded:
        heard(han.hub, RxFrame(psdu, -50, 200))
    han.run()
    assert han.hub.payloads() == [b"once"]
    assert "frame-counter-replayed" in han.hub.reasons("nwk.dropped")


def test_a_replay_after_a_restart_of_its_sender_is_dropped() -> None:
    han, bridge = pair()
    bridge.send(0, b"once", acknowledge=True, link_key=True)
    han.run()
    recorded = [psdu for _, psdu, *_ in han.frames if mac.decode(psdu).type is mac.FrameType.DATA]
    bridge.port.stop(han.now)
    bridge.port.resume(han.now)
    han.run(5 * SECOND)
    for psdu in recorded:
        heard(han.hub, RxFrame(psdu, -50, 200))
    han.run()
    assert han.hub.payloads() == [b"once"]


# --- leave -----


def test_leave_forged_without_the_network_key_is_dropped() -> None:
    han, bridge = pair()
    for frame in (
        plain(Leave(request=True), 0, bridge.short),
        forged(
            1_000_000, destination=bridge.short, kind=nwk.NwkFrameType.COMMAND, key=bytes(16),
            payload=encode_command(Leave(request=True)),
        ),
    ):  # fmt: skip
        heard(bridge, frame)
    han.run(5 * SECOND)
    assert bridge.reasons("nwk.dropped")[-2:] == ["unsecured", "bad-mic"]
    assert bridge.up


@pytest.mark.parametrize("source", [STRANGER, 0])
def test_leave_forged_by_another_member_is_ignored_with_its_reason(source: int) -> None:
    han, bridge = pair()
    frame = forged(
        1_000_000, destination=bridge.short, source=source, sender=address(9), kind=nwk.NwkFrameType.COMMAND,
        payload=encode_command(Leave(request=True)),
    )  # fmt: skip
    heard(bridge, frame)
    han.run(5 * SECOND)
    assert bridge.reasons("nwk.dropped")[-1] == "leave-not-permitted"
    assert bridge.up


def test_leave_forged_to_the_trust_centre_is_ignored() -> None:
    han, bridge = pair()
    frame = forged(
        1_000_000, destination=0, source=bridge.short, sender=address(1), kind=nwk.NwkFrameType.COMMAND,
        payload=encode_command(Leave(request=True)),
    )  # fmt: skip
    heard(han.hub, frame)
    assert han.hub.reasons("nwk.dropped")[-1] == "leave-not-permitted"
    han.run(5 * SECOND)
    assert han.hub.up or not han.hub.of(NetworkDown)


def test_leave_forged_in_the_name_of_another_device_sends_nobody_away() -> None:
    han, bridge = pair()
    frame = forged(
        1_000_000, destination=0xFFFF, source=bridge.short, sender=address(9), kind=nwk.NwkFrameType.COMMAND,
        payload=encode_command(Leave()), radius=1,
    )  # fmt: skip
    heard(han.hub, frame)
    assert han.hub.reasons("nwk.dropped")[-1] == "leave-not-from-itself"
    assert han.hub.of(DeviceLeft) == []
    assert talks(han, han.hub, bridge)


def test_a_device_that_was_put_out_is_not_let_back_by_a_rejoin() -> None:
    han, bridge = pair()
    membership, link_key = bridge.memory.membership, bridge.memory.link_keys[HUB]
    han.hub.port.remove(address(1), han.now)
    han.run(5 * SECOND)
    assert bridge.down == "removed"
    bridge.memory.membership, bridge.memory.link_keys[HUB] = membership, link_key
    rotate(han)
    bridge.port.resume(han.now)
    han.run(HOUR // 6)
    assert JoinRefused(address(1), "no-link-key") in han.hub.of(JoinRefused)
    assert key_of(bridge) == (NETWORK_KEY, 0)
    bridge.port.join(JoinSettings((NETWORK.channel,)), han.now)
    han.run(MINUTE)
    assert bridge.down == "no-key"
