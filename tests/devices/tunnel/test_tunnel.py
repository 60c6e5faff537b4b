"""Both ends of the GBCS tunnel: the tables, and that no message is lost or doubled on the way."""

from __future__ import annotations

import itertools

import pytest

from emulator.core.clock import DAY, HOUR, MINUTE, SECOND
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.core.standards import Standards
from emulator.core.table import rows
from emulator.devices.tunnel.client import (
    MOST_WAITING,
    RETRY_PAUSE,
    SETTLING,
    TRANSITIONS,
    TunnelAction,
    TunnelClient,
    TunnelEvent,
    TunnelState,
)
from emulator.devices.tunnel.server import MOST_WAITING as MOST_WAITING_AT_HUB
from emulator.devices.tunnel.server import TunnelRules, TunnelServer
from emulator.ports.aps import DeviceJoined, Outcome
from emulator.zigbee.clusters.definition import Side
from emulator.zigbee.clusters.gbcs_transport import Get, GetResponse, Put, decode_transfer, encode_transfer
from emulator.zigbee.clusters.tunnelling import (
    CloseTunnel,
    RequestTunnel,
    RequestTunnelResponse,
    TransferData,
    TransferDataError,
    TransferStatus,
    TunnelClosureNotification,
    TunnelMessage,
    TunnelStatus,
    encode_tunnelling,
)
from tests.devices.fake_port import Reports
from tests.devices.world import NEW, World, image

TUNNEL = 7
DEVICE = Eui64(0x1001)


class ClientBench:
    """A client, and what it wanted of its bridge."""

    def __init__(self, interval: int = 30 * SECOND, takes: int = 1500) -> None:
        self.reports = Reports()
        self.sent: list[TunnelMessage] = []
        self.received: list[bytes] = []
        self.settled: list[bytes] = []
        self.now = 0
        self.client = TunnelClient(self, interval, takes, self.reports)

    def send_tunnelling(self, message: TunnelMessage, now: int) -> None:
        self.sent.append(message)

    def gbcs_received(self, octets: bytes, now: int) -> None:
        self.received.append(octets)

    def gbcs_settled(self, octets: bytes, now: int) -> None:
        self.settled.append(octets)

    def open(self, takes: int = 1500) -> ClientBench:
        self.client.server_found(self.now)
        self.take(RequestTunnelResponse(TUNNEL, TunnelStatus.SUCCESS, takes))
        self.done()
        assert self.client.state is TunnelState.OPEN
        return self

    def take(self, message: TunnelMessage) -> None:
        command, payload = encode_tunnelling(message, Side.CLIENT)
        self.client.received(command, payload, self.now)

    def done(self, outcome: Outcome = Outcome.DELIVERED) -> None:
        self.client.sent(self.sent[-1], outcome, self.now)

    def at(self, now: int) -> None:
        self.now = now
        self.client.on_timeout(now)

    def transfers(self) -> list[object]:
        return [decode_transfer(message.data) for message in self.sent if isinstance(message, TransferData)]

    def puts(self) -> list[bytes]:
        return [transfer.message for transfer in self.transfers() if isinstance(transfer, Put)]


def client_in(state: TunnelState) -> ClientBench:
    bench = ClientBench()
    if state is TunnelState.REQUESTED:
        bench.client.server_found(0)
    elif state is TunnelState.OPEN:
        bench.open()
    elif state is TunnelState.PAUSING:
        bench.client.server_found(0)
        bench.done(Outcome.NO_APS_ACK)
    assert bench.client.state is state
    return bench


@pytest.mark.parametrize("state, event", list(itertools.product(TunnelState, TunnelEvent)))
def test_the_client_does_what_its_table_says(state: TunnelState, event: TunnelEvent) -> None:
    bench = client_in(state)
    row = TRANSITIONS[state].get(event)
    sent = len(bench.sent)
    bench.client._step(event, 0)
    assert bench.client.state is (state if row is None else row.next_state)
    new = [type(message) for message in bench.sent[sent:]]
    expected = {TunnelAction.REQUEST: [RequestTunnel], TunnelAction.OPENED: [TransferData]}
    assert new == ([] if row is None else expected.get(row.action, []))
    if row is not None and row.next_state in {TunnelState.REQUESTED, TunnelState.PAUSING}:
        assert bench.client.timers.next_timeout() is not None


def test_every_state_has_rows_and_can_be_stopped() -> None:
    assert set(TRANSITIONS) == set(TunnelState)
    assert all(row[TunnelEvent.STOPPED].next_state is TunnelState.CLOSED for row in TRANSITIONS.values())
    assert {row.action for _, _, row in rows(TRANSITIONS)} == set(TunnelAction)


# --- the client ---


def test_the_client_gets_at_once_and_then_at_its_interval() -> None:
    bench = ClientBench().open()
    for number in range(1, 4):
        bench.at(number * 30 * SECOND)
    assert bench.transfers() == [Get()] * 4


def test_without_interval_the_client_gets_once() -> None:
    bench = ClientBench(interval=0).open()
    bench.at(DAY)
    assert bench.transfers() == [Get()]


def test_the_client_fetches_everything_there_is() -> None:
    bench = ClientBench().open()
    bench.take(TransferData(TUNNEL, encode_transfer(GetResponse(1, b"one"))))
    bench.take(TransferData(TUNNEL, encode_transfer(GetResponse(0, b"two"))))
    bench.take(TransferData(TUNNEL, encode_transfer(GetResponse(0, b""))))
    bench.take(TransferData(TUNNEL, encode_transfer(Put(b"three"))))
    assert bench.received == [b"one", b"two", b"three"]
    assert bench.transfers() == [Get(), Get()]


def test_one_message_at_a_time_is_under_way_and_all_arrive_in_order() -> None:
    bench = ClientBench().open()
    for octets in (b"one", b"two", b"three"):
        bench.client.put(octets, 0)
    assert bench.puts() == [b"one"]
    bench.done()
    bench.done()
    bench.done()
    assert bench.puts() == [b"one", b"two", b"three"]
    assert bench.settled == []
    bench.at(SETTLING)
    assert bench.settled == [b"one", b"two", b"three"]


def test_a_message_is_not_lost_when_sending_it_fails() -> None:
    bench = ClientBench().open()
    bench.client.put(b"one", 0)
    bench.done(Outcome.NO_APS_ACK)
    assert bench.client.state is TunnelState.PAUSING
    bench.at(RETRY_PAUSE)
    bench.take(RequestTunnelResponse(8, TunnelStatus.SUCCESS))
    assert bench.puts() == [b"one", b"one"]
    assert bench.reports.reasons("gbcs.tunnel") == [None, "no-aps-ack", None]


@pytest.mark.parametrize("before_outcome", [True, False])
def test_a_message_to_a_hub_that_has_forgotten_the_tunnel_is_sent_again(before_outcome: bool) -> None:
    bench = ClientBench().open()
    bench.client.put(b"one", 0)
    put = bench.sent[-1]
    error = TransferDataError(TUNNEL, TransferStatus.NO_SUCH_TUNNEL)
    if before_outcome:
        bench.take(error)
        bench.client.sent(put, Outcome.DELIVERED, 0)
    else:
        bench.client.sent(put, Outcome.DELIVERED, 0)
        bench.take(error)
    assert bench.client.state is TunnelState.REQUESTED
    bench.at(4 * SECOND)
    assert bench.settled == []
    bench.take(RequestTunnelResponse(8, TunnelStatus.SUCCESS))
    assert bench.puts() == [b"one", b"one"]
    bench.done()
    bench.at(MINUTE)
    assert bench.settled == [b"one"]


@pytest.mark.parametrize("before_outcome", [True, False])
def test_a_message_too_long_for_the_server_is_given_up_and_the_next_one_goes(before_outcome: bool) -> None:
    bench = ClientBench().open()
    bench.client.put(b"much too long", 0)
    bench.client.put(b"short", 0)
    put = bench.sent[-1]
    error = TransferDataError(TUNNEL, TransferStatus.DATA_OVERFLOW)
    if before_outcome:
        bench.take(error)
        bench.client.sent(put, Outcome.DELIVERED, 0)
        assert bench.puts() == [b"much too long", b"short"]
    else:
        bench.client.sent(put, Outcome.DELIVERED, 0)
        bench.sent.pop()
        bench.take(error)
        assert bench.puts() == [b"much too long"]
    assert bench.reports.reasons("gbcs.refused") == ["message-too-long"]
    assert bench.settled == [b"much too long"]
    assert bench.client.state is TunnelState.OPEN


@pytest.mark.parametrize("octets, refused", [(97, []), (98, ["message-too-long"])])
def test_the_client_sends_no_more_than_it_may(octets: int, refused: list[str]) -> None:
    bench = ClientBench(takes=100).open()
    bench.client.put(bytes(octets), 0)
    assert bench.reports.reasons("gbcs.refused") == refused


@pytest.mark.parametrize("octets, refused", [(47, []), (48, ["message-too-long"])])
def test_the_client_sends_no_more_than_the_server_takes(octets: int, refused: list[str]) -> None:
    bench = ClientBench()
    bench.client.put(bytes(octets), 0)
    bench.client.put(b"next", 0)
    bench.open(takes=50)
    assert bench.reports.reasons("gbcs.refused") == refused
    assert bench.puts()[0] == (b"next" if refused else bytes(octets))


@pytest.mark.parametrize("octets, taken", [(96, True), (97, False)])
def test_the_client_takes_no_more_than_it_said(octets: int, taken: bool) -> None:
    bench = ClientBench(takes=100).open()
    bench.take(TransferData(TUNNEL, encode_transfer(GetResponse(0, bytes(octets)))))
    assert bool(bench.received) is taken
    if not taken:
        assert bench.sent[-1] == TransferDataError(TUNNEL, TransferStatus.DATA_OVERFLOW)


def test_what_is_for_another_tunnel_is_answered_and_not_taken() -> None:
    bench = ClientBench().open()
    bench.take(TransferData(TUNNEL + 1, encode_transfer(Put(b"x"))))
    assert bench.received == []
    assert bench.sent[-1] == TransferDataError(TUNNEL + 1, TransferStatus.NO_SUCH_TUNNEL)
    bench.take(TransferDataError(TUNNEL + 1, TransferStatus.NO_SUCH_TUNNEL))
    bench.take(TunnelClosureNotification(TUNNEL + 1))
    bench.take(RequestTunnelResponse(9, TunnelStatus.SUCCESS))
    assert bench.client.state is TunnelState.OPEN
    assert bench.reports.reasons("gbcs.tunnel")[1:] == ["unexpected"] * 3


def test_a_tunnel_that_the_server_closed_is_opened_again() -> None:
    bench = ClientBench().open()
    bench.take(TunnelClosureNotification(TUNNEL))
    assert isinstance(bench.sent[-1], RequestTunnel)
    assert bench.reports.reasons("gbcs.tunnel")[-1] == "closed-by-server"


@pytest.mark.parametrize("status", [TunnelStatus.BUSY, TunnelStatus.PROTOCOL_NOT_SUPPORTED])
def test_a_refused_client_asks_again_after_a_pause(status: TunnelStatus) -> None:
    bench = ClientBench()
    bench.client.server_found(0)
    bench.take(RequestTunnelResponse(0xFFFF, status))
    assert bench.client.state is TunnelState.PAUSING
    bench.at(RETRY_PAUSE)
    assert [type(message) for message in bench.sent] == [RequestTunnel, RequestTunnel]


def test_the_clients_queue_ends_somewhere() -> None:
    bench = ClientBench()
    for number in range(MOST_WAITING + 1):
        bench.client.put(bytes((number,)), 0)
    assert bench.client.waiting == MOST_WAITING
    assert bench.reports.reasons("gbcs.refused") == ["queue-full"]


@pytest.mark.parametrize("data", [b"", b"\x09", b"\x02", b"\x01x", encode_transfer(Get())])
def test_garbage_in_a_tunnel_is_refused_with_a_reason(data: bytes) -> None:
    bench = ClientBench().open()
    bench.take(TransferData(TUNNEL, data))
    assert len(bench.reports.reasons("gbcs.refused")) == 1
    with pytest.raises(DecodeError):
        bench.client.received(0x55, b"", 0)


# --- the server ---


class ServerBench:
    """A server, and what it wanted of its hub."""

    def __init__(self, put: bool = False, takes: int = 1500) -> None:
        self.reports = Reports()
        self.sent: list[TunnelMessage] = []
        self.received: list[bytes] = []
        self.now = 0
        self.server = TunnelServer(self, TunnelRules(put, takes), self.reports)

    def send_tunnelling(self, device: Eui64, message: TunnelMessage, now: int) -> None:
        self.sent.append(message)

    def gbcs_from_device(self, device: Eui64, octets: bytes, now: int) -> None:
        self.received.append(octets)

    def take(self, message: TunnelMessage) -> None:
        command, payload = encode_tunnelling(message, Side.SERVER)
        self.server.received(DEVICE, command, payload, self.now)

    def open(self, takes: int = 1500) -> ServerBench:
        self.take(RequestTunnel(maximum_transfer=takes))
        return self

    @property
    def tunnel(self) -> int:
        return next(message.tunnel for message in reversed(self.sent) if isinstance(message, RequestTunnelResponse))

    def get(self) -> object:
        """GET, and what that is answered with."""
        count = len(self.sent)
        self.take(TransferData(self.tunnel, encode_transfer(Get())))
        return self.last() if len(self.sent) > count else None

    def last(self) -> object:
        message = self.sent[-1]
        return decode_transfer(message.data) if isinstance(message, TransferData) else message

    def done(self, delivered: bool = True) -> None:
        self.server.sent(DEVICE, self.sent[-1], delivered, self.now)

    def deliver(self, octets: bytes) -> None:
        self.server.deliver(DEVICE, octets, self.now)


def test_messages_wait_for_get_and_leave_the_queue_when_they_arrived() -> None:
    bench = ServerBench().open()
    assert bench.get() == GetResponse(0, b"")
    for octets in (b"one", b"two"):
        bench.deliver(octets)
    assert bench.get() == GetResponse(1, b"one")
    bench.done(delivered=False)
    assert bench.get() == GetResponse(1, b"one")
    bench.done()
    assert bench.get() == GetResponse(0, b"two")
    bench.done()
    assert bench.get() == GetResponse(0, b"")


@pytest.mark.parametrize("delivered, answer", [(True, b"two"), (False, b"one")])
def test_a_get_that_crosses_an_answer_is_answered_when_that_is_through(delivered: bool, answer: bytes) -> None:
    bench = ServerBench().open()
    bench.deliver(b"one")
    bench.deliver(b"two")
    bench.get()
    assert bench.get() is None
    bench.done(delivered)
    assert bench.last() == GetResponse(0 if delivered else 1, answer)


def test_where_the_hub_may_put_it_does_one_after_the_other() -> None:
    bench = ServerBench(put=True).open()
    bench.deliver(b"one")
    bench.deliver(b"two")
    assert bench.last() == Put(b"one")
    assert bench.get() is None
    bench.done()
    assert bench.last() == GetResponse(0, b"two")
    bench.done()
    assert bench.server.waiting[DEVICE] == type(bench.server.waiting[DEVICE])()


def test_a_put_that_did_not_arrive_is_sent_again() -> None:
    bench = ServerBench(put=True).open()
    bench.deliver(b"one")
    bench.done(delivered=False)
    at = bench.server.timers.next_timeout()
    assert at is not None
    bench.server.on_timeout(at)
    assert [decode_transfer(m.data) for m in bench.sent if isinstance(m, TransferData)] == [Put(b"one")] * 2


def test_a_message_to_a_client_that_has_forgotten_the_tunnel_waits_for_the_next_one() -> None:
    bench = ServerBench().open()
    bench.deliver(b"one")
    bench.get()
    bench.done()
    bench.take(TransferDataError(bench.tunnel, TransferStatus.NO_SUCH_TUNNEL))
    bench.open()
    assert bench.get() == GetResponse(0, b"one")


def test_messages_survive_a_restart_of_the_hub_and_tunnels_do_not() -> None:
    bench = ServerBench().open()
    bench.deliver(b"one")
    bench.get()
    bench.server.restart()
    bench.get()
    assert bench.last() == TransferDataError(bench.tunnel, TransferStatus.NO_SUCH_TUNNEL)
    assert bench.reports.reasons("gbcs.tunnel") == ["no-such-tunnel"]
    bench.open()
    assert bench.get() == GetResponse(0, b"one")


@pytest.mark.parametrize("octets, refused", [(96, []), (97, ["message-too-long"])])
def test_the_hub_keeps_nothing_that_no_transfer_can_carry(octets: int, refused: list[str]) -> None:
    bench = ServerBench(takes=100)
    bench.deliver(bytes(octets))
    assert bench.reports.reasons("gbcs.refused") == refused


def test_what_is_too_long_for_the_client_makes_way_for_what_is_not() -> None:
    bench = ServerBench().open(takes=50)
    bench.deliver(bytes(47))
    bench.deliver(bytes(46))
    assert bench.get() == GetResponse(0, bytes(46))
    assert bench.reports.reasons("gbcs.refused") == ["message-too-long"]


@pytest.mark.parametrize("octets, taken", [(97, True), (98, False)])
def test_the_hub_takes_no_more_than_it_said(octets: int, taken: bool) -> None:
    bench = ServerBench(takes=100).open()
    bench.take(TransferData(bench.tunnel, encode_transfer(Put(bytes(octets)))))
    assert bool(bench.received) is taken
    if not taken:
        assert bench.last() == TransferDataError(bench.tunnel, TransferStatus.DATA_OVERFLOW)


def test_the_hubs_queue_ends_somewhere() -> None:
    bench = ServerBench()
    for number in range(MOST_WAITING_AT_HUB + 1):
        bench.deliver(bytes((number,)))
    assert bench.reports.reasons("gbcs.refused") == ["queue-full"]


@pytest.mark.parametrize(
    "request_, status, reason",
    [
        (RequestTunnel(protocol=1), TunnelStatus.PROTOCOL_NOT_SUPPORTED, "protocol-not-supported"),
        (RequestTunnel(flow_control=True), TunnelStatus.FLOW_CONTROL_NOT_SUPPORTED, "flow-control-not-supported"),
    ],
)
def test_tunnels_of_another_kind_are_refused(request_: RequestTunnel, status: TunnelStatus, reason: str) -> None:
    bench = ServerBench()
    bench.take(request_)
    assert bench.last() == RequestTunnelResponse(0xFFFF, status, 1500)
    assert bench.reports.reasons("gbcs.tunnel") == [reason]


def test_a_silent_tunnel_is_closed_and_one_that_is_used_is_not() -> None:
    bench = ServerBench().open()
    bench.now = 0xFFFF * SECOND - 1
    bench.get()
    at = bench.server.timers.next_timeout()
    assert at is not None
    bench.server.on_timeout(at)
    assert not isinstance(bench.last(), TunnelClosureNotification)
    at = bench.server.timers.next_timeout()
    assert at is not None
    assert at == bench.now + 0xFFFF * SECOND
    bench.server.on_timeout(at)
    assert bench.last() == TunnelClosureNotification(bench.tunnel)


def test_a_client_may_close_its_own_tunnel_only() -> None:
    bench = ServerBench().open()
    bench.take(CloseTunnel(bench.tunnel + 1))
    assert bench.get() == GetResponse(0, b"")
    bench.take(CloseTunnel(bench.tunnel))
    assert isinstance(bench.get(), TransferDataError)


def test_a_device_may_not_use_the_tunnel_of_another() -> None:
    bench = ServerBench().open()
    command, payload = encode_tunnelling(TransferData(bench.tunnel, encode_transfer(Get())), Side.SERVER)
    bench.server.received(Eui64(0x2002), command, payload, 0)
    assert isinstance(bench.last(), TransferDataError)


# --- both, end to end ---


def gets(world: World) -> list[int]:
    ends = encode_transfer(Get())
    return [
        message.destination
        for message in world.member.sent
        if message.cluster == 0x0704 and message.payload[2] == 0x02 and message.payload[5:] == ends
    ]


@pytest.mark.parametrize("interval, least, most", [(30.0, 119, 121), (60.0, 59, 61), (0.0, 0, 0)])
def test_a_bridge_asks_every_so_often(interval: float, least: int, most: int) -> None:
    world = World("bridge-1", gbcs_get_interval=interval)
    before = len(gets(world))
    world.run_for(HOUR)
    assert least <= len(gets(world)) - before <= most


def test_thirty_seconds_are_the_default() -> None:
    assert Standards().amount("gbcs_get_interval") == 30


@pytest.mark.parametrize("interval, within", [(30.0, 35 * SECOND), (0.0, 2 * SECOND)])
def test_a_command_comes_with_the_next_get_or_at_once(interval: float, within: int) -> None:
    world = World("bridge-1", gbcs_get_interval=interval)
    world.read_version(world.member)
    assert world.until(lambda: bool(world.readings), within)


@pytest.mark.parametrize("interval", [30.0, 0.0])
def test_a_restart_of_the_hub_loses_tunnels_and_no_command(interval: float) -> None:
    world = World("bridge-1", gbcs_get_interval=interval)
    world.read_version(world.member)
    world.restart_hub()
    world.run_for(10 * MINUTE)
    world.read_version(world.member, 2)
    assert world.until(lambda: len(world.readings) >= 2, DAY)
    assert world.refusals == []


def test_an_announcement_that_comes_late_does_not_cost_a_bridge_its_tunnel() -> None:
    world = World("bridge-1", gbcs_get_interval=0.0)
    world.run_for(MINUTE)
    announced = DeviceJoined(world.bridge.eui64, world.bridge.port.short_of(world.bridge.eui64) or 0, 0, sleepy=False)
    world.hub.network(announced, world.engine.now)
    world.read_version(world.member)
    assert world.until(lambda: bool(world.readings), MINUTE)


def test_an_alert_raised_while_the_hub_restarts_arrives() -> None:
    world = World("bridge-1")
    world.offer(image(500))
    assert world.until(lambda: bool(world.of("bridge.activated")))
    world.restart_hub()
    assert world.updated(NEW, DAY)
    assert len(world.alerts) == 1


def test_a_response_longer_than_a_frame_is_fragmented() -> None:
    world = World("bridge-1")
    world.read_version(world.member)
    assert world.until(lambda: bool(world.readings), MINUTE)
    longest = max(len(message.payload) for message in world.member.sent if message.cluster == 0x0704)
    assert longest > 82
    assert all(message.acknowledge and message.link_key for message in world.member.sent if message.cluster == 0x0704)


@pytest.mark.parametrize("repeats, answers, refused", [(True, 2, 0), (False, 1, 1)])
def test_a_repeated_command_is_answered_where_the_switch_says_so(repeats: bool, answers: int, refused: int) -> None:
    world = World("bridge-1", cs08_repeats=repeats)
    command = world.read_version(world.member)
    assert world.until(lambda: bool(world.readings), MINUTE)
    world.hub.deliver_gbcs(world.bridge.eui64, command, world.now)
    world.run_for(MINUTE)
    assert len(world.of("gbcs.answered")) == answers
    assert world.reasons("gbcs.refused", "bridge-1") == ["counter-repeated"] * refused
    world.restart(world.member)
    world.run_for(MINUTE)
    world.hub.deliver_gbcs(world.bridge.eui64, command, world.now)
    world.run_for(MINUTE)
    assert len(world.of("gbcs.answered")) == (3 if repeats else 1)


def test_a_tunnel_without_the_link_key_is_refused_on_both_sides() -> None:
    world = World("bridge-1")
    for port, sent in ((world.hub_port, world.hub_sent), (world.member.port, world.member.sent)):
        message = next(message for message in sent if message.cluster == 0x0704)
        message.link_key = False
        port.send(message, world.now)
    world.run_for(SECOND)
    assert world.reasons("gbcs.refused") == ["unprotected"] * 2


def test_a_bridge_without_keys_refuses_commands_and_goes_on() -> None:
    world = World()
    world.join(world.add(gbcs=False))
    assert not world.bridge.speaks_gbcs
    world.hub.deliver_gbcs(world.bridge.eui64, b"command", world.now)
    world.run_for(MINUTE)
    assert world.reasons("gbcs.refused") == ["no-keys"]
    world.offer(image(500))
    assert world.updated()
