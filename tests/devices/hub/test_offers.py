"""One image block a hub: who shares it, who waits for it, and whose image is overwritten."""

from __future__ import annotations

import pytest

from emulator.core.clock import DAY, HOUR, MINUTE
from emulator.core.errors import BadInput
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.zigbee.clusters.ota import IMAGE_NOTIFY, OTA_CLUSTER
from tests.devices.world import NEW, OLD, World, image


def notified(world: World) -> dict[int, int]:
    """Image Notify commands by short address."""
    found: dict[int, int] = {}
    for message in world.hub_sent:
        if message.cluster == OTA_CLUSTER and message.payload[0] & 3 and message.payload[2] == IMAGE_NOTIFY:
            found[message.destination] = found.get(message.destination, 0) + 1
    return found


def loads(world: World) -> list[object]:
    return [each.fields["manufacturer"] for each in world.of("ota.server.loaded")]


def test_bridges_of_one_product_share_one_load() -> None:
    world = World("bridge-1", "bridge-1", "bridge-1")
    world.offer(image(1000))
    assert world.updated()
    assert loads(world) == ["1b01"]
    for member in world.members:
        assert world.status_of(member) == [("offered", None), ("transferred", None)]


def test_different_products_are_served_one_after_another() -> None:
    world = World("bridge-1", "bridge-2", "ppmid")
    one, two, three = world.members
    world.offer(image(1000), one)
    world.offer(image(1000, "bridge-2"), two)
    world.offer(image(1000, "ppmid"), three)
    assert world.updated()
    assert loads(world) == ["1b01", "1b02", "121d"]
    assert [each.reason for each in world.of("ota.server.unloaded")] == ["image-overwritten"] * 2
    assert world.status_of(two) == [("queued", None), ("offered", None), ("transferred", None)]
    assert not any(status == "failed" for _, status, _ in world.statuses)


def test_an_image_loaded_meanwhile_overwrites_and_the_loser_hears_of_it() -> None:
    world = World("bridge-1", "bridge-2")
    one, two = world.members
    world.offer(image(5000), one)
    assert world.until(lambda: one.bridge.counters.blocks > 10)
    world.hub.overwrite_image(image(1000, "bridge-2"), [two.bridge.eui64], world.now)
    assert world.until(lambda: two.bridge.version == NEW)
    assert world.status_of(one)[-1] == ("failed", "image-overwritten")
    assert world.status_of(two)[-1] == ("transferred", None)
    assert one.bridge.version == OLD
    assert "server-abort" in world.reasons("ota.failed", one.name)


def test_an_offer_that_waited_has_its_turn_after_one_that_overwrote() -> None:
    world = World("bridge-1", "bridge-2", "bridge-3")
    one, two, three = world.members
    world.offer(image(5000), one)
    world.offer(image(1000, "bridge-2"), two)
    world.hub.overwrite_image(image(1000, "bridge-3"), [three.bridge.eui64], world.now)
    assert world.until(lambda: two.bridge.version == three.bridge.version == NEW)
    assert [status for status, _ in world.status_of(one)] == ["failed"]


def test_the_loser_may_be_offered_its_image_again_and_goes_on_where_it_stopped() -> None:
    world = World("bridge-1", "bridge-2")
    one, two = world.members
    world.offer(image(5000), one)
    assert world.until(lambda: one.bridge.counters.blocks == 50)
    world.hub.overwrite_image(image(1000, "bridge-2"), [two.bridge.eui64], world.now)
    world.offer(image(5000), one)
    assert world.updated()
    assert one.bridge.counters.blocks == 100


def test_a_bridge_that_is_through_is_not_notified_again_after_a_restart_of_the_hub() -> None:
    world = World("bridge-1", "bridge-1")
    first, second = world.members
    second.bridge.power_off(world.now)
    world.offer(image(1000))
    assert world.until(lambda: first.bridge.version == NEW)
    world.run_for(30 * MINUTE)
    short = world.hub_port.short_of(first.bridge.eui64)
    assert short is not None
    before, sent = notified(world)[short], len(world.hub_sent)
    world.restart_hub()
    second.bridge.power_on(world.now)
    assert world.updated()
    assert notified(world)[short] == before
    asked = [message.destination for message in world.hub_sent[sent:] if message.destination_endpoint == 0]
    assert short not in asked
    assert world.status_of(first) == [("offered", None), ("transferred", None)]
    assert len(world.of("bridge.activated", first.name)) == 1


def test_a_bridge_that_is_off_when_its_image_is_offered_fetches_it_when_it_is_back() -> None:
    world = World("bridge-1")
    world.bridge.power_off(world.now)
    world.offer(image(1000))
    world.run_for(3 * HOUR)
    assert ("failed", "no-ota-cluster") not in world.status_of(world.member)
    world.bridge.power_on(world.now)
    assert world.updated()
    assert world.status_of(world.member)[-1] == ("transferred", None)


def test_a_bridge_that_never_comes_back_does_not_block_the_others_for_ever() -> None:
    world = World("bridge-1", "bridge-2")
    one, two = world.members
    one.bridge.power_off(world.now)
    world.offer(image(1000), one)
    world.offer(image(1000, "bridge-2"), two)
    assert world.until(lambda: two.bridge.version == NEW, 9 * DAY)
    assert world.status_of(one)[-1] == ("failed", "offer-expired")


def test_a_bridge_that_leaves_frees_the_block() -> None:
    world = World("bridge-1", "bridge-2")
    one, two = world.members
    world.offer(image(5000), one)
    world.offer(image(1000, "bridge-2"), two)
    assert world.until(lambda: one.bridge.counters.blocks > 10)
    one.bridge.port.leave(world.now)
    assert world.until(lambda: two.bridge.version == NEW)
    assert world.status_of(one)[-1] == ("failed", "left")


def test_an_image_for_a_device_that_is_not_there_fails_at_once() -> None:
    world = World("bridge-1")
    absent, stranger = world.add(), world.add()
    world.hub.register(absent.bridge.eui64, HanDeviceType.PPMID, absent.install_code, 60, world.now)
    world.offer(image(1000), absent, stranger, world.member)
    assert world.until(lambda: world.bridge.version == NEW)
    assert world.status_of(absent) == [("failed", "not-on-the-han")]
    assert world.status_of(stranger) == [("failed", "not-in-log")]


@pytest.mark.parametrize("device_type", [HanDeviceType.IHD, HanDeviceType.CAD])
def test_a_device_of_a_type_that_has_no_firmware_is_offered_none(device_type: HanDeviceType) -> None:
    world = World("bridge-1")
    other = world.add()
    world.hub.register(other.bridge.eui64, device_type, other.install_code, 60, world.now)
    world.offer(image(1000), other)
    assert world.status_of(other) == [("failed", "no-firmware-for-type")]
    assert world.of("ota.server.notify") == []


@pytest.mark.parametrize("moment", ["off", "booting"])
def test_an_image_delivered_while_the_hub_is_down_is_offered_when_it_is_up(moment: str) -> None:
    world = World("bridge-1")
    world.hub.power_off(world.now)
    if moment == "booting":
        world.hub.restart(world.now)
    world.offer(image(1000))
    if moment == "off":
        world.run_for(HOUR)
        world.hub.restart(world.now)
    assert world.updated()


def test_each_device_is_told_once_how_it_ended() -> None:
    world = World("bridge-1", "bridge-2")
    world.offer(image(1000))
    assert world.until(lambda: world.members[0].bridge.version == NEW)
    world.run_for(DAY)
    for member in world.members:
        ends = [status for status, _ in world.status_of(member) if status in {"transferred", "failed"}]
        assert len(ends) == 1, world.status_of(member)
    assert world.status_of(world.members[1])[-1] == ("failed", "wrong-manufacturer")


def test_the_same_image_for_one_more_bridge_joins_the_offer_under_way() -> None:
    world = World("bridge-1", "bridge-1")
    one, two = world.members
    world.offer(image(3000), one)
    assert world.until(lambda: one.bridge.counters.blocks > 10)
    world.offer(image(3000), two)
    assert world.updated()
    assert one.bridge.counters.blocks == two.bridge.counters.blocks == 60


# --- what a hub does not load ---


@pytest.mark.parametrize("method", ["deliver_image", "overwrite_image"])
@pytest.mark.parametrize(
    "octets, what",
    [
        (image(1001), "image-too-large: 1001 octets"),
        (b"", "empty"),
        (bytes(100), "no OTA file"),
        (image(900)[:-1], "octets"),
    ],
    ids=["over", "empty", "magic", "cut"],
)
def test_a_hub_loads_neither_what_is_too_large_nor_what_is_no_file(method: str, octets: bytes, what: str) -> None:
    world = World("bridge-1", limit=1000)
    with pytest.raises(BadInput, match=what):
        getattr(world.hub, method)(octets, [world.bridge.eui64], world.now)
    assert world.statuses == []
    assert world.of("ota.server.loaded") == []


def test_a_hub_loads_exactly_its_limit() -> None:
    world = World("bridge-1", limit=1000)
    world.offer(image(1000))
    assert world.updated()


def test_an_image_for_nobody_is_bad_input() -> None:
    world = World("bridge-1")
    with pytest.raises(BadInput, match="nobody"):
        world.hub.deliver_image(image(500), [], world.now)


def test_two_files_of_one_name_are_not_served_together() -> None:
    world = World("bridge-1", "bridge-1")
    world.offer(image(500), world.members[0])
    with pytest.raises(BadInput, match="another file"):
        world.offer(image(500, seed=2), world.members[1])
