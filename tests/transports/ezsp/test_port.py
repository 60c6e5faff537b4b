"""A stick as a port, over a scripted stick below bellows, in virtual time and in every EZSP version."""

from __future__ import annotations

import asyncio

import pytest

from emulator.core.clock import HOUR, SECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.ports.aps import (
    DeviceJoined,
    DeviceLeft,
    JoinRefused,
    JoinSettings,
    NetworkDown,
    NetworkKeyChanged,
    NetworkUp,
    NodeType,
    Outcome,
)
from emulator.transports.ezsp.settings import EzspSettings
from emulator.zigbee.security.keys import WELL_KNOWN_LINK_KEY
from tests.transports.ezsp.fake_stick import KEY, NETWORK, NEW_KEY, OTHER, OWN, VERSIONS, Bench, ember, on_stick

LATER_KEY = bytes(range(48, 64))

versions = pytest.mark.parametrize("version", VERSIONS)


@versions
def test_a_hub_forms_its_network(version: int) -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        assert bench.user.events == [NetworkUp(0, NETWORK.pan_id, NETWORK.extended_pan_id, 15, 0, OWN)]
        (state,) = bench.stick.of("setInitialSecurityState")
        assert state["state"].networkKey.serialize() == NETWORK.network_key
        assert bench.port.eui64 == OWN

    on_stick(main, version)


@versions
def test_a_bridge_joins_under_the_key_of_its_install_code(version: int) -> None:
    async def main(bench: Bench) -> None:
        await bench.bridge()
        assert bench.user.events == [NetworkUp(0x1234, NETWORK.pan_id, NETWORK.extended_pan_id, 15, 0xFFFF, OTHER)]
        (state,) = bench.stick.of("setInitialSecurityState")
        assert state["state"].preconfiguredKey.serialize() == KEY
        assert bench.port.link_key_with(OTHER) == KEY
        assert not bench.port.has_established_key(OTHER)
        assert bench.port.short_of(OTHER) == 0

    on_stick(main, version)


def test_endpoints_are_told_before_the_network_is_up() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        names = [name for name, _ in bench.stick.asked]
        assert names.index("addEndpoint") < names.index("formNetwork")
        assert bench.stick.of("addEndpoint")[0]["octets"] == bytes.fromhex("01090102050001010000 1900".replace(" ", ""))

    on_stick(main)


def test_a_sleepy_device_polls_its_parent() -> None:
    async def main(bench: Bench) -> None:
        await bench.bridge(NodeType.SLEEPY)
        (poll,) = bench.stick.of("pollForData")
        assert (poll["interval"], int(poll["units"])) == (1000, 1)

    on_stick(main)


@pytest.mark.parametrize(
    "networks, reason", [((), "no-beacon"), (((False, 200),), "joining-not-permitted")], ids=["none", "closed"]
)
def test_where_there_is_nothing_to_join_the_reason_is_told(networks: tuple[tuple[bool, int], ...], reason: str) -> None:
    async def main(bench: Bench) -> None:
        await bench.open(NodeType.ROUTER)
        bench.beacons(*networks)
        bench.port.join(JoinSettings(), bench.now)
        await asyncio.sleep(5)
        assert bench.user.events == [NetworkDown(reason)]

    on_stick(main)


def test_a_network_that_refuses_is_not_the_last() -> None:
    async def main(bench: Bench) -> None:
        await bench.open(NodeType.ROUTER)
        bench.beacons((True, 100), (True, 200))
        bench.stick.answers["joinNetwork"] = lambda _: bench.stick.later(
            "stackStatusHandler", ember(13, "NO_NETWORK_KEY_RECEIVED")
        )
        bench.port.join(JoinSettings(), bench.now)
        await asyncio.sleep(5)
        tried = [int(fields["parameters"].panId) for fields in bench.stick.of("joinNetwork")]
        assert tried == [NETWORK.pan_id + 1, NETWORK.pan_id]
        assert bench.user.events == [NetworkDown("no-key")]

    on_stick(main)


def test_a_stick_that_never_says_how_a_join_ended_is_waited_for_so_long_only() -> None:
    async def main(bench: Bench) -> None:
        await bench.open(NodeType.ROUTER)
        bench.beacons((True, 200))
        bench.stick.answers["joinNetwork"] = {}
        bench.port.join(JoinSettings(), bench.now)
        await asyncio.sleep(60)
        assert bench.user.events == [NetworkDown("no-answer")]

    on_stick(main)


def test_a_join_that_is_cut_short_leads_to_nothing() -> None:
    async def main(bench: Bench) -> None:
        await bench.open(NodeType.ROUTER)
        bench.beacons((True, 200))
        bench.port.join(JoinSettings(), bench.now)
        await asyncio.sleep(0.005)
        bench.port.stop(bench.now)
        await asyncio.sleep(60)
        assert bench.user.events == []

    on_stick(main)


def test_after_a_restart_the_network_is_the_same_or_there_is_none() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        resets = bench.stick.resets
        bench.port.stop(bench.now)
        bench.port.resume(bench.now)
        await asyncio.sleep(5)
        assert bench.user.events[1:] == bench.user.events[:1]
        assert bench.stick.resets > resets
        bench.stick.answers["networkInit"] = {"status": ember(13, "NOT_JOINED")}
        bench.port.stop(bench.now)
        bench.port.resume(bench.now)
        await asyncio.sleep(5)
        assert bench.user.events[2:] == [NetworkDown("not-joined")]

    on_stick(main)


@versions
def test_a_device_that_leaves_says_so(version: int) -> None:
    async def main(bench: Bench) -> None:
        await bench.bridge()
        bench.port.leave(bench.now)
        await asyncio.sleep(5)
        assert bench.user.events[1:] == [NetworkDown("left")]
        assert bench.port.link_key_with(OTHER) is None

    on_stick(main, version)


def test_whoever_is_put_out_by_the_trust_centre_is_told() -> None:
    async def main(bench: Bench) -> None:
        await bench.bridge()
        bench.stick.answers["networkState"] = {"status": 0}
        bench.stick.say("stackStatusHandler", ember(13, "NETWORK_DOWN"))
        await asyncio.sleep(5)
        assert bench.user.events[1:] == [NetworkDown("removed")]

    on_stick(main)


def test_a_device_without_a_parent_looks_for_another() -> None:
    async def main(bench: Bench) -> None:
        await bench.bridge(NodeType.SLEEPY)
        bench.stick.answers["networkState"] = {"status": 3}
        bench.stick.say("stackStatusHandler", ember(13, "MOVE_FAILED"))
        await asyncio.sleep(5)
        assert bench.stick.of("findAndRejoinNetwork")[0]["haveCurrentNetworkKey"]
        assert len(bench.user.events) == 2

    on_stick(main)


@pytest.mark.parametrize("key, ways", [(KEY, [True, False]), (WELL_KNOWN_LINK_KEY, [True])])
def test_a_device_that_finds_no_parent_asks_without_the_network_key_too_and_again_later(
    key: bytes, ways: list[bool]
) -> None:
    async def main(bench: Bench) -> None:
        await bench.bridge(NodeType.SLEEPY)
        bench.port.set_link_key(OTHER, key, bench.now)
        bench.stick.answers["networkState"] = {"status": 3}
        good = bench.stick.answers["findAndRejoinNetwork"]
        nobody = ember(13, "NO_BEACONS")
        bench.stick.answers["findAndRejoinNetwork"] = lambda _: bench.stick.later("stackStatusHandler", nobody)
        bench.stick.say("stackStatusHandler", ember(13, "MOVE_FAILED"))
        await asyncio.sleep(5)
        asked = bench.stick.of("findAndRejoinNetwork")
        assert [bool(each["haveCurrentNetworkKey"]) for each in asked] == ways
        assert len(bench.user.events) == 1
        await asyncio.sleep(15)
        assert len(bench.stick.of("findAndRejoinNetwork")) == 2 * len(ways)
        bench.stick.answers["findAndRejoinNetwork"] = good
        await asyncio.sleep(60)
        assert [type(event) for event in bench.user.events] == [NetworkUp, NetworkUp]
        assert bench.reports.count(("stick.no-way-back", "no-beacon")) == 2 * len(ways)

    on_stick(main)


def test_who_looks_for_a_parent_and_is_stopped_looks_no_more() -> None:
    async def main(bench: Bench) -> None:
        await bench.bridge(NodeType.SLEEPY)
        bench.stick.answers["networkState"] = {"status": 3}
        nobody = ember(13, "NO_BEACONS")
        bench.stick.answers["findAndRejoinNetwork"] = lambda _: bench.stick.later("stackStatusHandler", nobody)
        bench.stick.say("stackStatusHandler", ember(13, "MOVE_FAILED"))
        await asyncio.sleep(5)
        bench.port.stop(bench.now)
        await asyncio.sleep(HOUR / SECOND)
        assert bench.stick.of("findAndRejoinNetwork") == []
        assert len(bench.user.events) == 1

    on_stick(main)


# --- the trust centre ---


@versions
def test_a_device_that_is_allowed_joins_and_is_known(version: int) -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        assert bench.user.events[1:] == [DeviceJoined(OTHER, 0x4321, 0, False)]
        assert (bench.port.short_of(OTHER), bench.port.eui64_of(0x4321)) == (0x4321, OTHER)
        assert bench.port.link_key_with(OTHER) == KEY
        (kept,) = bench.stick.of("importLinkKey")
        assert kept["key"].serialize() == KEY

    on_stick(main, version)


def test_a_device_that_knocks_in_vain_is_named() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        bench.stick.knock(OTHER, 0x4321, decision=2)
        assert bench.user.events[1:] == [JoinRefused(OTHER, "unknown-device")]
        assert bench.port.short_of(OTHER) is None

    on_stick(main)


@pytest.mark.parametrize("key, reason", [(KEY, "no-link-key"), (WELL_KNOWN_LINK_KEY, "well-known-key")])
def test_a_member_that_is_not_let_back_in_keeps_its_address(key: bytes, reason: str) -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        bench.port.set_link_key(OTHER, key, bench.now)
        bench.stick.knock(OTHER, 0xFFFF, update=3, decision=2)
        assert bench.user.events[-1] == JoinRefused(OTHER, reason)
        assert bench.port.short_of(OTHER) == 0x4321

    on_stick(main)


def test_joining_stays_open_as_long_as_it_was_asked_for_and_is_closed_then() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        bench.port.allow(OTHER, KEY)
        bench.port.permit_joining(bench.now + 600 * SECOND, bench.now)
        await asyncio.sleep(HOUR / SECOND)
        durations = [int(fields["duration"]) for fields in bench.stick.of("permitJoining")]
        assert durations[:3] == [254, 254, 200]
        assert durations[-1] == 0
        assert len(bench.stick.of("importTransientKey")) > len(durations) - 1
        policies = [int(each["decisionId"]) for each in bench.stick.of("setPolicy") if int(each["policyId"]) == 0]
        assert policies[-2:] == [0x13, 0x02]

    on_stick(main)


def test_a_device_that_is_removed_is_told_to_leave_and_has_no_key_any_more() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        bench.stick.answers["findKeyTableEntry"] = {"index": 3}
        bench.port.remove(OTHER, bench.now)
        await asyncio.sleep(1)
        bench.stick.knock(OTHER, 0x4321, update=2)
        assert bench.stick.unicasts()[-1][1].clusterId == 0x0034
        assert [int(fields["index"]) for fields in bench.stick.of("eraseKeyTableEntry")] == [3]
        assert bench.user.events[-1] == DeviceLeft(OTHER, "removed")
        assert bench.port.link_key_with(OTHER) is None

    on_stick(main)


def test_a_network_key_is_given_to_all_and_put_in_force_later() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        bench.port.rotate_network_key(NEW_KEY, bench.now)
        with pytest.raises(LocalProtocolError):
            bench.port.rotate_network_key(LATER_KEY, bench.now)
        await asyncio.sleep(1)
        assert bench.stick.of("broadcastNextNetworkKey")[0]["key"].serialize() == NEW_KEY
        assert bench.stick.of("broadcastNetworkKeySwitch") == []
        await asyncio.sleep(30)
        assert len(bench.stick.of("broadcastNetworkKeySwitch")) == 1
        bench.stick.answers["exportKey"] = {"key": NEW_KEY}
        bench.stick.say("switchNetworkKeyHandler", 1)
        await asyncio.sleep(1)
        assert bench.user.events[1:] == [NetworkKeyChanged(NEW_KEY)]

    on_stick(main)


@pytest.mark.parametrize("off", [0.1, 20])
def test_a_network_key_that_a_restart_came_between_is_put_in_force_all_the_same(off: float) -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        bench.port.rotate_network_key(NEW_KEY, bench.now)
        await asyncio.sleep(1)
        bench.port.stop(bench.now)
        await asyncio.sleep(off)
        bench.port.resume(bench.now)
        await asyncio.sleep(30)
        assert len(bench.stick.of("broadcastNextNetworkKey")) == 1
        assert len(bench.stick.of("broadcastNetworkKeySwitch")) == 1

    on_stick(main)


def test_a_stick_that_finds_it_too_soon_to_switch_is_told_again() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        bench.stick.answers["broadcastNetworkKeySwitch"] = {"status": ember(13, "TOO_SOON_FOR_SWITCH_KEY")}
        bench.port.rotate_network_key(NEW_KEY, bench.now)
        await asyncio.sleep(40)
        assert len(bench.stick.of("broadcastNetworkKeySwitch")) == 2
        with pytest.raises(LocalProtocolError):
            bench.port.rotate_network_key(LATER_KEY, bench.now)

    on_stick(main)


def test_a_stick_that_refuses_a_network_key_can_be_given_another() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        for command in ("broadcastNextNetworkKey", "broadcastNetworkKeySwitch"):
            bench.stick.answers[command] = {"status": ember(13, "ERR_FATAL")}
        bench.port.rotate_network_key(NEW_KEY, bench.now)
        await asyncio.sleep(30)
        assert ("trust.network-key", "not-switched") in bench.reports
        bench.port.rotate_network_key(LATER_KEY, bench.now)
        await asyncio.sleep(1)
        assert bench.stick.of("broadcastNextNetworkKey")[1]["key"].serialize() == LATER_KEY

    on_stick(main)


def test_a_key_of_nothing_but_zeros_is_refused_because_a_stick_would_make_one_up() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        with pytest.raises(LocalProtocolError, match="not all 0"):
            bench.port.rotate_network_key(bytes(16), bench.now)

    on_stick(main)


# --- link keys ---


def test_a_key_with_a_new_partner_goes_into_a_free_row_and_a_full_table_is_said() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        rows: dict[bytes, int] = {bytes(8): 3}
        bench.stick.answers["findKeyTableEntry"] = lambda fields: {
            "index": rows.get(fields["address"].serialize(), 0xFF)
        }
        bench.port.set_link_key(OTHER, NEW_KEY, bench.now)
        await asyncio.sleep(1)
        assert bench.stick.of("importLinkKey")[0]["index"] == 3
        rows.clear()
        bench.stick.answers["importLinkKey"] = {"status": ember(13, "INDEX_OUT_OF_RANGE")}
        bench.port.set_link_key(OTHER, KEY, bench.now)
        await asyncio.sleep(1)
        assert ("trust.link-key", "stick-refused") in bench.reports

    on_stick(main)


def test_an_established_key_of_a_joiner_becomes_its_trust_centre_link_key() -> None:
    async def main(bench: Bench) -> None:
        await bench.bridge()
        bench.port.set_link_key(OTHER, NEW_KEY, bench.now)
        assert bench.port.has_established_key(OTHER)
        await asyncio.sleep(1)
        (imported,) = bench.stick.of("importKey")
        assert (int(imported["context"].core_key_type), imported["key"].serialize()) == (2, NEW_KEY)

    on_stick(main)


def test_an_established_key_of_a_hub_goes_where_the_table_has_the_device() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        bench.stick.answers["findKeyTableEntry"] = {"index": 5}
        bench.port.set_link_key(OTHER, NEW_KEY, bench.now)
        await asyncio.sleep(1)
        imported = bench.stick.of("importLinkKey")[-1]
        assert (int(imported["index"]), imported["key"].serialize()) == (5, NEW_KEY)
        with pytest.raises(LocalProtocolError):
            bench.port.set_link_key(OTHER, bytes(15), bench.now)

    on_stick(main)


def test_a_key_that_was_offered_is_in_force_once_the_stick_says_it_was_used() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        bench.port.offer_link_key(OTHER, NEW_KEY, bench.now)
        bench.stick.message(0x4321, b"old", options=0x20)
        await asyncio.sleep(1)
        assert bench.port.link_key_with(OTHER) == KEY
        used = bench.stick.commands["exportTransientKeyByEui"][2]["key_data"].deserialize(bytes(32))[0]
        used.incoming_frame_counter = 1
        bench.stick.answers["exportTransientKeyByEui"] = {"key_data": used}
        bench.stick.message(0x4321, b"new", options=0x20)
        await asyncio.sleep(1)
        assert bench.port.link_key_with(OTHER) == NEW_KEY
        assert bench.port.has_established_key(OTHER)

    on_stick(main)


def test_a_probe_of_a_link_key_is_one_message_under_it() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        handle = bench.port.probe_link_key(OTHER, 1, bench.now)
        await asyncio.sleep(1)
        _, aps, tag, _ = bench.stick.unicasts()[-1]
        assert int(aps.options) & 0x60 == 0x60
        bench.stick.outcome(tag)
        assert bench.user.outcomes == [(handle, Outcome.DELIVERED)]
        with pytest.raises(LocalProtocolError):
            bench.port.probe_link_key(Eui64(9), 1, bench.now)

    on_stick(main)


# --- a stick that is lost ---


def test_a_stick_that_was_lost_is_found_again_and_goes_on() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        handle = bench.send(b"under way", acknowledge=True)
        await asyncio.sleep(1)
        bench.unplugged = True
        assert bench.lost is not None
        bench.lost("stick-unplugged")
        assert bench.user.events[-1] == NetworkDown("stick-lost")
        assert bench.user.outcomes == [(handle, Outcome.NO_APS_ACK)]
        refused = bench.send(b"meanwhile")
        await asyncio.sleep(2)
        bench.unplugged = False
        await asyncio.sleep(20)
        assert bench.user.outcomes[1:] == [(refused, Outcome.NOT_JOINED)]
        assert bench.user.events[-1] == bench.user.events[0]
        assert ("stick.back", None) in bench.reports
        bench.send(b"again")
        await asyncio.sleep(1)
        assert bench.stick.unicasts()[-1][3] == b"again"

    on_stick(main)


def test_a_stick_that_does_not_come_back_is_given_up_in_one_clear_line() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        bench.unplugged = True
        assert bench.lost is not None
        bench.lost("stick-unplugged")
        await asyncio.sleep(600)
        (failure,) = bench.failures
        assert "plug it in again" in str(failure)
        assert "\n" not in str(failure)
        assert bench.opened == 1 + bench.settings.recovery.tries
        bench.port.resume(bench.now)
        await asyncio.sleep(1)
        assert bench.user.events[-1] == NetworkDown("stick-lost")

    on_stick(main)


def test_another_stick_at_the_same_place_is_not_taken_for_ours() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        bench.stick.answers["getEui64"] = {"eui64": bytes(8)}
        assert bench.lost is not None
        bench.lost("stick-reset")
        await asyncio.sleep(600)
        assert "another stick" in str(bench.failures[0])

    on_stick(main)


def test_a_stick_that_hangs_is_noticed_by_its_silence() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        await bench.device()
        bench.stick.silent = True
        handle = bench.send(b"x", acknowledge=True)
        await asyncio.sleep(15)
        assert (handle, Outcome.NO_APS_ACK) in bench.user.outcomes
        assert bench.user.events[-1] == NetworkDown("stick-lost")
        assert ("stick.lost", "no-answer") in bench.reports
        bench.stick.silent = False
        await asyncio.sleep(60)
        assert isinstance(bench.user.events[-1], NetworkUp)

    on_stick(main)


def test_counters_come_from_the_stick() -> None:
    async def main(bench: Bench) -> None:
        await bench.hub()
        bench.stick.answers["readCounters"] = {"values": list(range(40))}
        assert await bench.port.counters() == tuple(range(40))

    on_stick(main)


def test_before_it_is_configured_a_port_does_nothing() -> None:
    async def main(bench: Bench) -> None:
        await bench.open(NodeType.ROUTER)
        with pytest.raises(LocalProtocolError):
            bench.port.form(NETWORK, bench.now)
        with pytest.raises(LocalProtocolError):
            bench.port.probe_link_key(OTHER, 1, bench.now)

    on_stick(main, settings=EzspSettings())
