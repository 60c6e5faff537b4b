"""Scans: the table, what is found, and that a node in a network is away from it meanwhile, and whole afterwards."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import MINUTE, SECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.table import rows
from emulator.ports.aps import (
    BROADCAST_RX_ON,
    DeviceLeft,
    JoinSettings,
    NetworkDown,
    NetworkSettings,
    NetworkUp,
    NodeType,
    Outcome,
)
from emulator.ports.phy import RxFrame
from emulator.transports.memory.medium import NOISE_FLOOR
from emulator.transports.memory.radio import Radio
from emulator.transports.memory.soft_port import SoftPort
from emulator.zigbee.frames import mac
from emulator.zigbee.frames.beacon import Beacon, encode_beacon
from emulator.zigbee.frames.mac import FrameType, MacFrame
from emulator.zigbee.frames.mac_commands import BeaconRequest, decode_command
from emulator.zigbee.node.facts import NetworkState
from emulator.zigbee.node.scan_table import SCAN, ScanState
from emulator.zigbee.node.scanning import NetworkFound, ScanKind, scan_time
from tests.zigbee.node.han import HUB, NETWORK, Device, Han, address, line, pair

ACTIVE, ENERGY = ScanKind.ACTIVE, ScanKind.ENERGY
ALL = tuple(range(11, 27))
STRANGER = Eui64(0x00DB_0000_0000_2000)
LONG = 8


class Looker:
    """Who asks for scans; keeps what it is told."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.networks: list[NetworkFound] = []
        self.energies: list[tuple[int, int]] = []
        self.done: list[int] = []
        self.on_found: Callable[[int], None] | None = None
        self.on_done: Callable[[int], None] | None = None

    def network_found(self, network: NetworkFound, now: int) -> None:
        self.networks.append(network)
        if self.on_found is not None:
            self.on_found(now)

    def energy_found(self, channel: int, rssi: int, now: int) -> None:
        self.energies.append((channel, rssi))

    def scan_done(self, now: int) -> None:
        self.done.append(now)
        if self.on_done is not None:
            self.on_done(now)

    def scan(self, kind: ScanKind = ACTIVE, channels: tuple[int, ...] = (15,), duration: int = 3) -> Looker:
        self.device.port.scan(kind, channels, duration, self, self.device.engine.now)
        return self

    @property
    def shorts(self) -> list[int]:
        return [network.short for network in self.networks]


def stranger(han: Han) -> Device:
    """A node in no network, which hears hub and first bridge."""
    han.connect(STRANGER, HUB, rssi=-60)
    han.connect(STRANGER, address(1), rssi=-70)
    return han.device(STRANGER)


def sent_while_away(
    han: Han, looker: Looker, kind: ScanKind, channels: tuple[int, ...], duration: int
) -> list[MacFrame]:
    """What the device sent in the time that it was away for a scan, acknowledgements left out."""
    ends: list[int] = []
    looker.on_done = lambda _: ends.append(len(han.frames))
    han.run(SECOND)
    looker.scan(kind, channels, duration)
    han.run(20_000)
    begins = len(han.frames)
    while not ends:
        han.run(10_000)
    frames = [mac.decode(psdu) for _, psdu, *_ in han.frames[begins : ends[0]]]
    own = (looker.device.short, looker.device.port.eui64)
    return [frame for frame in frames if frame.source in own or frame.source is None]


def requests(han: Han, since: int = 0) -> list[int]:
    """The channels on which beacons were asked for."""
    return [
        channel
        for _, psdu, _, _, channel in han.frames[since:]
        if mac.decode(psdu).type is FrameType.COMMAND
        and isinstance(decode_command(mac.decode(psdu).payload), BeaconRequest)
    ]


# --- the table -----


def test_every_state_of_a_scan_can_be_reached_and_left_but_the_last() -> None:
    reached = {ScanState.DRAINING} | {row.next_state for _, _, row in rows(SCAN)}
    assert reached == set(ScanState)
    assert [state for state in ScanState if not SCAN[state]] == [ScanState.OVER]


# --- what is found -----


def test_a_node_in_no_network_finds_every_router_in_earshot_once() -> None:
    han, bridge = pair()
    looker = Looker(stranger(han)).scan()
    han.run(2 * SECOND)
    expected = [
        NetworkFound(15, NETWORK.pan_id, NETWORK.extended_pan_id, depth == 0, 2, 0, short, depth, lqi, rssi)
        for short, depth, lqi, rssi in ((0, 0, 148, -60), (bridge.short, 1, 108, -70))
    ]
    assert sorted(looker.networks, key=lambda network: network.depth) == expected
    assert len(looker.done) == 1


def test_it_says_whether_a_network_permits_joining_and_its_update_identifier() -> None:
    han = Han()
    han.hub.port.form(NetworkSettings(20, 0x1111, Eui64(0x77), bytes(16), update_id=9), han.now)
    looker = Looker(stranger(han)).scan(channels=(20,))
    han.run()
    (network,) = looker.networks
    assert (network.permits_joining, network.update_id, network.extended_pan_id) == (False, 9, 0x77)


def test_the_channels_are_visited_in_the_order_given_and_each_as_long_as_told() -> None:
    han = Han()
    looker = Looker(han.device(STRANGER)).scan(channels=(26, 11, 15), duration=2)
    han.run(2 * SECOND)
    assert requests(han) == [26, 11, 15]
    starts = [frame[0] for frame in han.frames]
    assert all(abs(later - sooner - scan_time(2)) < 5_000 for sooner, later in pairwise(starts))
    assert looker.done == [3 * scan_time(2)]


@pytest.mark.parametrize("duration, milliseconds", [(0, 31), (1, 46), (2, 77), (3, 138), (4, 261), (5, 507), (6, 998)])
def test_the_exponent_means_what_it_means_at_a_stick(duration: int, milliseconds: int) -> None:
    assert round(scan_time(duration) / 1_000) == milliseconds


@pytest.mark.parametrize("kind", ScanKind)
def test_a_node_that_scanned_in_no_network_is_off_the_air_afterwards_and_can_go_on_it(kind: ScanKind) -> None:
    han = Han()
    han.connect(HUB, STRANGER)
    lonely = han.device(STRANGER, NodeType.COORDINATOR)
    looker = Looker(lonely).scan(kind)
    han.run(2 * SECOND)
    assert len(looker.done) == 1
    assert lonely.port.radio.deaf_after(han.now)
    assert lonely.events == []
    lonely.port.form(NETWORK, han.now)
    han.run()
    assert lonely.up


def test_a_node_that_was_never_configured_can_scan() -> None:
    han, _ = pair()
    han.connect(STRANGER, HUB)
    radio = Radio(han.medium, STRANGER, han.streams.stream("stranger"))
    device = Device(han.engine, SoftPort(han.engine, radio, han.streams, lambda *_: None))
    looker = Looker(device).scan()
    han.run()
    assert looker.shorts == [0]
    assert looker.done


def test_a_router_that_answers_twice_is_told_once_a_channel_and_again_in_the_next_scan() -> None:
    han, _ = pair()
    one, other = stranger(han), han.device(Eui64(0x00DB_0000_0000_2001))
    han.connect(other.port.eui64, HUB)
    han.topology.set(STRANGER, address(1), None)
    since = len(han.frames)
    looker = Looker(one).scan(duration=6)
    han.run(SECOND // 5)
    Looker(other).scan(duration=0)
    han.run(2 * SECOND)
    sent = [mac.decode(psdu) for _, psdu, *_ in han.frames[since:]]
    assert len([frame for frame in sent if frame.type is FrameType.BEACON and frame.source == 0]) == 2
    assert looker.shorts.count(0) == 1
    looker.scan()
    han.run(2 * SECOND)
    assert looker.shorts.count(0) == 2


def test_the_same_address_on_another_channel_is_another_router() -> None:
    han = Han()
    device = han.device(STRANGER)
    looker = Looker(device).scan(channels=(11, 12), duration=2)
    for _ in range(4):
        han.run(scan_time(2) // 2 - 1_000)
        device.port.received(RxFrame(beacon(0), -50, 200), han.now)
    assert [(network.channel, network.short) for network in looker.networks] == [(11, 0), (12, 0)]


# --- energy -----


def test_a_silent_channel_has_the_noise_floor_and_a_busy_one_its_loudest_signal() -> None:
    han, bridge = pair()
    looker = Looker(stranger(han)).scan(ENERGY, (11, 15, 20), duration=6)
    handles = []
    for _ in range(40):
        handles.append(bridge.send(0, b"x"))
        han.run(SECOND // 10)
    assert looker.energies == [(11, NOISE_FLOOR), (15, -60), (20, NOISE_FLOOR)]
    assert looker.done
    assert all(bridge.outcome(handle) is Outcome.DELIVERED for handle in handles)


def test_a_single_short_frame_is_not_missed() -> None:
    han, _ = pair()
    looker = Looker(stranger(han)).scan(ENERGY, duration=4)
    han.run(100_000)
    Looker(han.hub).scan(ACTIVE, (15,), 0)
    han.run()
    assert looker.energies == [(15, -60)]


def test_an_energy_scan_sends_nothing_and_takes_nothing() -> None:
    han = Han()
    lonely = han.device(STRANGER)
    looker = Looker(lonely).scan(ENERGY, ALL)
    han.run(3 * SECOND)
    assert han.frames == []
    assert looker.energies == [(channel, NOISE_FLOOR) for channel in ALL]
    assert looker.networks == []


# --- in a network -----


@pytest.mark.parametrize("kind", ScanKind)
@pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY])
def test_a_device_says_nothing_of_its_network_while_it_scans_and_is_back_afterwards(
    node_type: NodeType, kind: ScanKind
) -> None:
    han, bridge = pair(node_type=node_type)
    since = len(han.frames)
    sent = sent_while_away(han, Looker(bridge), kind, ALL, 5)
    assert [frame for frame in sent if frame.source is not None or frame.type is not FrameType.COMMAND] == []
    assert requests(han, since) == (list(ALL) if kind is ACTIVE else [])
    bridge.send(0, b"there", acknowledge=True)
    han.hub.send(bridge.short, b"back", acknowledge=True)
    han.run(20 * SECOND)
    assert (han.hub.payloads(), bridge.payloads()) == ([b"there"], [b"back"])
    assert bridge.of(NetworkUp) == bridge.events


def test_the_coordinator_scans_too_and_finds_the_others_of_its_network_but_not_itself() -> None:
    han, bridges = line(2)
    looker = Looker(han.hub).scan(ACTIVE, (14, 15, 16))
    han.run(2 * SECOND)
    assert looker.shorts == [bridges[0].short]
    bridges[1].send(0, b"x", acknowledge=True)
    han.run(5 * SECOND)
    assert han.hub.payloads() == [b"x"]


def test_what_was_begun_is_sent_on_the_channel_of_the_network_before_the_scan() -> None:
    han, bridge = pair()
    bridge.send(0, b"first")
    bridge.send(0, b"second")
    looker = Looker(bridge).scan(ACTIVE, (20, 21))
    assert bridge.port.node.scanning
    han.run()
    assert looker.done
    assert han.hub.payloads() == [b"first", b"second"]
    assert requests(han)[-2:] == [20, 21]


def test_a_message_sent_meanwhile_comes_afterwards_where_it_is_acknowledged_and_fails_otherwise() -> None:
    han, bridge = pair()
    Looker(bridge).scan(ENERGY, ALL, 3)
    han.run(SECOND // 2)
    sure, unsure = bridge.send(0, b"sure", acknowledge=True), bridge.send(0, b"unsure")
    han.run(SECOND // 2)
    assert bridge.outcomes == []
    assert bridge.reasons("nwk.dropped").count("away") == 2
    han.run(10 * SECOND)
    assert (bridge.outcome(sure), bridge.outcome(unsure)) == (Outcome.DELIVERED, Outcome.NEXT_HOP_FAILED)
    assert han.hub.payloads() == [b"sure"]


def test_what_others_send_meanwhile_is_not_acknowledged_and_comes_with_their_retries() -> None:
    han, bridge = pair()
    Looker(bridge).scan(ENERGY, (15, 16, 17), 3)
    han.run(100_000)
    handle = han.hub.send(bridge.short, b"x", acknowledge=True)
    han.run(100_000)
    assert bridge.messages == []
    assert han.hub.reasons("mac.dropped") == ["no-ack"]
    han.run(5 * SECOND)
    assert han.hub.outcome(handle) is Outcome.DELIVERED
    assert bridge.payloads() == [b"x"]


def test_broadcasts_are_not_relayed_meanwhile() -> None:
    han, bridges = line(2)
    Looker(bridges[0]).scan(ENERGY, (15,), 7)
    han.run(100_000)
    han.hub.send(BROADCAST_RX_ON, b"x")
    han.run(SECOND)
    assert bridges[1].messages == []
    assert bridges[0].messages == []


def test_a_sleepy_device_does_not_poll_meanwhile_and_does_afterwards() -> None:
    han, bridge = pair(node_type=NodeType.SLEEPY, poll=SECOND // 5)
    assert sent_while_away(han, Looker(bridge), ENERGY, ALL, 4) == []
    han.hub.send(bridge.short, b"x", acknowledge=True)
    han.run(3 * SECOND + 100_000)
    assert bridge.payloads() == [b"x"]
    assert bridge.port.radio.deaf_after(han.now)


def test_a_long_absence_makes_nobody_believe_that_the_network_is_lost() -> None:
    han, bridge = pair()
    looker = Looker(bridge).scan(ENERGY, ALL, LONG)
    han.run(2 * MINUTE)
    assert looker.done
    assert bridge.reasons("rejoin.started") == []
    assert bridge.port.node.facts.state is NetworkState.JOINED
    assert bridge.of(NetworkUp) == bridge.events


def test_a_node_answers_no_scan_of_others_meanwhile() -> None:
    han, _ = pair()
    other = stranger(han)
    Looker(han.hub).scan(ENERGY, (15,), 6)
    han.run(100_000)
    looker = Looker(other).scan()
    han.run(SECOND // 2)
    assert 0 not in looker.shorts
    han.run(SECOND)
    looker.scan()
    han.run(2 * SECOND)
    assert 0 in looker.shorts


# --- ends -----


@pytest.mark.parametrize("kind", ScanKind)
def test_a_scan_that_is_stopped_ends_without_word_and_the_node_is_back(kind: ScanKind) -> None:
    han, bridge = pair()
    looker = Looker(bridge).scan(kind, ALL, 6)
    han.run(SECOND)
    bridge.port.stop_scan(han.now)
    bridge.port.stop_scan(han.now)
    assert not bridge.port.node.scanning
    assert bridge.reasons("scan.stopped") == ["asked-to"]
    bridge.send(0, b"x", acknowledge=True)
    han.run(20 * SECOND)
    assert looker.done == []
    assert han.hub.payloads() == [b"x"]


def test_what_waited_for_the_end_of_a_scan_that_is_stopped_goes_on_at_once() -> None:
    han, bridge = pair(node_type=NodeType.SLEEPY)
    Looker(bridge).scan(ACTIVE, (20,), 14)
    han.run(5 * SECOND)
    bridge.port.stop_scan(han.now)
    han.hub.send(bridge.short, b"x")
    han.run(2 * SECOND)
    assert bridge.payloads() == [b"x"]


def test_a_scan_can_be_stopped_before_it_has_left_the_channel() -> None:
    han, bridge = pair()
    bridge.send(0, b"x")
    looker = Looker(bridge).scan(ACTIVE, ALL)
    bridge.port.stop_scan(han.now)
    han.run()
    assert han.hub.payloads() == [b"x"]
    assert (looker.done, requests(han)[3:]) == ([], [])


def test_it_can_be_stopped_where_the_first_network_is_told_and_another_begun_where_one_ends() -> None:
    han, _ = pair()
    device = stranger(han)
    looker = Looker(device)
    looker.on_found = device.port.stop_scan
    looker.scan(ACTIVE, ALL)
    han.run(5 * SECOND)
    assert (len(looker.networks), looker.done) == (1, [])
    again = Looker(device)

    def once_more(_: int) -> None:
        if len(again.done) == 1:
            again.scan(ENERGY, (15,))

    again.on_done = once_more
    again.scan(ACTIVE, (15,))
    han.run(5 * SECOND)
    assert (len(again.done), len(again.energies)) == (2, 1)


def test_who_leaves_ends_the_scan_and_says_farewell_in_its_network() -> None:
    han, bridge = pair()
    looker = Looker(bridge).scan(ENERGY, ALL, 6)
    han.run(SECOND)
    bridge.port.leave(han.now)
    han.run(2 * SECOND)
    assert looker.done == []
    assert bridge.down == "left"
    assert han.hub.of(DeviceLeft)
    assert bridge.reasons("scan.stopped") == ["asked-to"]


def test_a_power_cut_ends_the_scan_and_nobody_is_told() -> None:
    han, bridge = pair()
    looker = Looker(bridge).scan(ACTIVE, ALL, 6)
    han.run(SECOND)
    bridge.port.stop(han.now)
    told = len(bridge.events)
    han.run(20 * SECOND)
    assert (looker.done, len(bridge.events)) == ([], told)
    assert bridge.reasons("scan.stopped") == ["node-reset"]
    bridge.port.resume(han.now)
    han.run(2 * SECOND)
    bridge.send(0, b"x", acknowledge=True)
    han.run(2 * SECOND)
    assert han.hub.payloads() == [b"x"]


def test_joining_ends_the_scan() -> None:
    han = Han()
    han.connect(HUB, address(1))
    bridge = han.bridge(1)
    han.form(1)
    looker = Looker(bridge).scan(ENERGY, ALL, 6)
    han.run(SECOND)
    han.join(bridge)
    assert looker.done == []
    assert bridge.reasons("scan.stopped") == ["node-reset"]


def test_looking_for_another_trust_centre_ends_the_scan() -> None:
    han, bridge = pair()
    looker = Looker(bridge).scan(ENERGY, ALL, 6)
    han.run(SECOND)
    bridge.port.seek_trust_centre(han.now)
    assert not bridge.port.node.scanning
    assert bridge.reasons("rejoin.started") == ["trust-centre-lost"]
    with pytest.raises(LocalProtocolError, match="looks for its network"):
        looker.scan()


# --- refusals -----


@pytest.mark.parametrize("channels", [(), (10,), (11, 27)])
def test_only_channels_that_there_are_can_be_scanned(channels: tuple[int, ...]) -> None:
    han, bridge = pair()
    with pytest.raises(LocalProtocolError, match="11 to 26"):
        Looker(bridge).scan(channels=channels)
    assert not bridge.port.node.scanning
    bridge.send(0, b"x")
    han.run()
    assert han.hub.payloads() == [b"x"]


@pytest.mark.parametrize("duration", [-1, 15])
def test_a_scan_has_an_exponent_of_0_to_14(duration: int) -> None:
    _, bridge = pair()
    with pytest.raises(LocalProtocolError, match="2\\^14"):
        Looker(bridge).scan(duration=duration)


def test_one_scan_at_a_time_and_none_while_a_node_joins_or_leaves() -> None:
    han, bridge = pair()
    Looker(bridge).scan()
    with pytest.raises(LocalProtocolError):
        Looker(bridge).scan()
    han.run()
    bridge.port.leave(han.now)
    with pytest.raises(LocalProtocolError):
        Looker(bridge).scan()
    han.run()
    assert bridge.of(NetworkDown)
    bridge.port.join(JoinSettings(channels=(15,)), han.now)
    with pytest.raises(LocalProtocolError):
        Looker(bridge).scan()


# --- what is no beacon -----


def beacon(
    source: int | None, *, extended: bool = False, pan: int | None = 0x1234, payload: bytes | None = None
) -> bytes:
    content = encode_beacon(Beacon(True, True, True, True, 0, Eui64(1))) if payload is None else payload
    return mac.encode(
        MacFrame(FrameType.BEACON, 1, None, None, pan, source, content, source_extended=extended)
    )  # fmt: skip


@pytest.mark.parametrize(
    "psdu, reason",
    [
        pytest.param(beacon(0, payload=b"\xff\xcf\x00\x00\x01"), "undecodable", id="of another protocol"),
        pytest.param(beacon(0, payload=b""), "undecodable", id="cut short"),
        pytest.param(beacon(5, extended=True), "no-address", id="of an EUI-64"),
        pytest.param(beacon(0xFFFD), "no-address", id="of a broadcast address"),
        pytest.param(b"\x00\x00\x00", "undecodable", id="no frame"),
    ],
)
def test_a_beacon_that_is_none_is_reported_with_the_reason(psdu: bytes, reason: str) -> None:
    han = Han()
    device = han.device(STRANGER)
    looker = Looker(device).scan()
    han.run(50_000)
    device.port.received(RxFrame(psdu, -50, 200), han.now)
    han.run()
    assert device.reasons("scan.beacon") == [reason]
    assert looker.networks == []


@given(st.lists(st.binary(max_size=40), max_size=8), st.sampled_from(ScanKind))
def test_whatever_is_heard_a_scan_ends_in_its_time(heard: list[bytes], kind: ScanKind) -> None:
    han = Han()
    device = han.device(STRANGER)
    looker = Looker(device).scan(kind, (11, 12), 0)
    for octets in heard:
        han.run(3_000)
        device.port.received(RxFrame(octets, -50, 200), han.now)
    han.run()
    assert looker.done == [2 * scan_time(0)]
