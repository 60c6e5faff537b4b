"""Profiles: what comes with the program, what a user writes, and what is wrong with it in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.core.clock import SECOND
from emulator.core.errors import BadInput
from emulator.devices.profile import (
    BatteryTable,
    DeviceProfile,
    Endpoint,
    GbcsTable,
    HubProfile,
    JoinerProfile,
    LightProfile,
    MeterTable,
    OtaClientTable,
    OtaServerTable,
    Signature,
    TrafficTable,
)
from emulator.devices.profile_loading import (
    built_in_folder,
    load_hub,
    load_joiner,
    load_profile,
    profile_paths,
    profiles,
)
from emulator.ports.aps import NodeType

BRIDGES = ["bridge-1", "bridge-2", "bridge-3", "bridge-4"]

MINE = """
description = "mine"
kind = "bridge"
manufacturer = 0x1234
model = "M"
image_type = 0x0001
hardware_version = 1
firmware_version = 2
power = "battery"
[endpoint]
device_id = 0x0506
in_clusters = [0x0000]
out_clusters = [0x0019]
"""


def write(folder: Path, text: str, name: str = "mine") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


# --- what comes with the program -------------------------------------------------------------------------------------


def test_every_profile_that_ships_loads() -> None:
    found = profiles()
    assert [one.name for one in found] == sorted(path.stem for path in built_in_folder().glob("*.toml"))
    assert {*BRIDGES, "bridge-1-early", "ppmid", "hub", "hub-2020"} <= {one.name for one in found}


@pytest.mark.parametrize(
    "number,power", [(1, "distribution-network"), (2, "consumer-mains"), (3, "consumer-mains"), (4, "battery")]
)
def test_each_bridge_is_a_product_of_its_own(number: int, power: str) -> None:
    bridge = load_joiner(f"bridge-{number}")
    assert (bridge.manufacturer, bridge.image_type) == (0x1B00 + number, 0x00B0 + number)
    assert (bridge.hardware_version, bridge.firmware_version) == (0x0102, 0x00010000)
    assert (bridge.power, bridge.node_type, bridge.has_ota) == (power, NodeType.ROUTER, True)


def test_no_two_products_share_maker_and_image_type() -> None:
    products = [load_joiner(name) for name in [*BRIDGES, "ppmid"]]
    assert len({(one.manufacturer, one.image_type) for one in products}) == len(products)
    assert len({one.model for one in products}) == len(products)


def test_an_early_bridge_differs_from_its_product_only_by_the_ota_cluster() -> None:
    early, now = load_joiner("bridge-1-early"), load_joiner("bridge-1")
    assert not early.has_ota
    assert set(now.endpoint.out_clusters) - set(early.endpoint.out_clusters) == {0x0019}
    same = {"endpoint", "description"}
    assert early.model_dump(exclude=same) == now.model_dump(exclude=same)


def test_only_todays_hub_serves_bridges() -> None:
    assert load_hub("hub").serves_bridges
    assert not load_hub("hub-2020").serves_bridges


def test_only_the_battery_bridge_has_no_mains() -> None:
    assert [load_joiner(name).mains_powered for name in BRIDGES] == [True, True, True, False]


# --- what a user writes ----------------------------------------------------------------------------------------------


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    mine = load_joiner(write(tmp_path, MINE))
    assert (mine.name, mine.path) == ("mine", tmp_path / "mine.toml")
    assert (mine.profile_id, mine.node, mine.install_code) == (0x0109, "router", None)
    assert mine.ota == OtaClientTable()
    assert mine.signature.scheme == "none"
    assert mine.simple_descriptor().endpoint == 1


def test_times_are_microseconds_inside(tmp_path: Path) -> None:
    times = "boot_time_s = 1.5\nverify_time_s = 2\nactivation_time_s = 0.25\npoll_interval_s = 7.5\n"
    mine = load_joiner(write(tmp_path, times + MINE))
    expected = (3 * SECOND // 2, 2 * SECOND, SECOND // 4, 15 * SECOND // 2)
    assert (mine.boot_time, mine.verify_time, mine.activation_time, mine.poll_interval) == expected


def test_an_install_code_may_have_separators(tmp_path: Path) -> None:
    mine = load_joiner(write(tmp_path, 'install_code = "83:FE-D3 407A93"\n' + MINE))
    assert mine.install_code_octets() == bytes.fromhex("83fed3407a93")


def test_an_own_folder_comes_first(tmp_path: Path) -> None:
    own = write(tmp_path, MINE, "bridge-1")
    assert load_profile("bridge-1", [tmp_path]).path == own
    assert load_profile("bridge-2", [tmp_path]).path == built_in_folder() / "bridge-2.toml"
    assert profile_paths([tmp_path])["bridge-1"] == own


def test_the_first_of_several_own_folders_wins(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, MINE)
    assert load_profile("mine", [tmp_path / "one", tmp_path / "two"]).path == tmp_path / "one" / "mine.toml"


@pytest.mark.parametrize("form", [str, Path])
def test_a_path_needs_no_folder(tmp_path: Path, form: type) -> None:
    assert load_profile(form(write(tmp_path, MINE))).name == "mine"


def test_a_profile_never_changes() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_joiner("bridge-1").manufacturer = 1  # type: ignore[misc]  # that it cannot be done is the point


# --- what is wrong with it -------------------------------------------------------------------------------------------


def refusal(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        load_profile(path)
    text = str(caught.value)
    assert "\n" not in text
    assert str(path) in text
    return text


@pytest.mark.parametrize(
    "line,key,value,allowed",
    [
        ("manufactuer = 1", "manufactuer", "unknown key", "manufacturer"),
        ("boot_time_s = -1", "boot_time_s", "-1", "greater than or equal to 0"),
        ('boot_time_s = "long"', "boot_time_s", "'long'", "valid number"),
        ('node = "coordinator"', "node", "'coordinator'", "'router' or 'sleepy'"),
        ("profile_id = 0x10000", "profile_id", "65536", "65535"),
        ("profile_id = true", "profile_id", "True", "integer"),
        ('install_code = "83fe"', "install_code", "'83fe'", "12, 16, 24 or 32 hex digits"),
        ('install_code = "zz83fed3407a"', "install_code", "'zz83fed3407a'", "hex digits"),
        ("poll_interval_s = 0", "poll_interval_s", "0", "greater than 0"),
        (f'manufacturer_name = "{"x" * 33}"', "manufacturer_name", "xxx", "32"),
    ],
)
def test_a_bad_key_names_file_key_value_and_what_is_allowed(
    tmp_path: Path, line: str, key: str, value: str, allowed: str
) -> None:
    text = refusal(write(tmp_path, f"{line}\n{MINE}"))
    assert key in text
    assert value in text
    assert allowed in text


@pytest.mark.parametrize(
    "table,key,value,allowed",
    [
        ("[ota]\nblock_octets = 0", "ota.block_octets", "0", "greater than or equal to 1"),
        ("[ota]\nblock_octets = 256", "ota.block_octets", "256", "255"),
        ("[ota]\nblok_octets = 50", "ota.blok_octets", "unknown key", "block_octets"),
        ('[ota]\nserves = ["ppmid"]', "ota.serves", "unknown key", "block_octets"),
        ('[signature]\nscheme = "rsa"', "signature.scheme", "'rsa'", "ecdsa-p256"),
        ('[signature]\nscheme = "ecdsa-p256"', "signature.public_key", "goes with scheme", "ecdsa-p256"),
        ('[signature]\npublic_key = "x.pem"', "signature.public_key", "goes with scheme", "ecdsa-p256"),
        ("[battery]\ncapacity_mah = 0", "battery.capacity_mah", "0", "greater than 0"),
        ("[battery]\ncapacity_mah = 1\nlow_percent = 101", "battery.low_percent", "101", "100"),
        ("[battery]\nidle_ma = 6", "battery.capacity_mah", "missing", ""),
    ],
)
def test_a_bad_table_names_its_key_dotted(tmp_path: Path, table: str, key: str, value: str, allowed: str) -> None:
    text = refusal(write(tmp_path, f"{MINE}\n{table}\n"))
    assert key in text
    assert value in text
    assert allowed in text


@pytest.mark.parametrize(
    "old,new,key",
    [
        ("in_clusters = [0x0000]", "in_clusters = [0x10000]", "endpoint.in_clusters.0"),
        ("in_clusters = [0x0000]", 'in_clusters = ["0x0000"]', "endpoint.in_clusters.0"),
        ("device_id = 0x0506", "", "endpoint.device_id"),
        ("manufacturer = 0x1234", "", "manufacturer"),
        ('kind = "bridge"', "", "kind"),
        ('kind = "bridge"', 'kind = "meter"', "kind"),
        ('power = "battery"', 'power = "solar"', "power"),
    ],
)
def test_a_missing_or_impossible_value_is_refused(tmp_path: Path, old: str, new: str, key: str) -> None:
    assert f": {key}: " in refusal(write(tmp_path, MINE.replace(old, new)))


def test_a_hub_has_nothing_of_a_joiner(tmp_path: Path) -> None:
    text = refusal(write(tmp_path, MINE.replace('kind = "bridge"', 'kind = "hub"')))
    assert "image_type: unknown key" in text


def test_what_is_no_toml_is_refused(tmp_path: Path) -> None:
    assert "no TOML" in refusal(write(tmp_path, "kind = "))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    refusal(tmp_path / "absent.toml")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="absent: is no folder"):
        load_profile("bridge-1", [tmp_path / "absent"])


def test_an_unknown_name_lists_the_names_and_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"'brige-2'; did you mean 'bridge-2'\? .*bridge-1-early.*ppmid"):
        load_profile("brige-2")


def test_a_hub_cannot_be_updated_and_a_bridge_is_no_hub() -> None:
    with pytest.raises(BadInput, match=r"'hub' is a hub .*a bridge or a PPMID"):
        load_joiner("hub")
    with pytest.raises(BadInput, match=r"'bridge-1' is a bridge .*a hub"):
        load_hub("bridge-1")


def test_a_battery_belongs_to_a_device_that_is_fed_by_one(tmp_path: Path) -> None:
    text = MINE.replace('power = "battery"', 'power = "consumer-mains"')
    found = refusal(write(tmp_path, f"{text}\n[battery]\ncapacity_mah = 1000\n"))
    assert 'battery: goes with power = "battery" only' in found


# --- the README ------------------------------------------------------------------------------------------------------


def test_the_readme_has_every_profile_and_every_key() -> None:
    readme = built_in_folder() / "README.md"
    text = readme.read_text()
    models = (
        DeviceProfile,
        JoinerProfile,
        HubProfile,
        Endpoint,
        OtaClientTable,
        OtaServerTable,
        GbcsTable,
        Signature,
        BatteryTable,
        LightProfile,
        MeterTable,
        TrafficTable,
    )
    tables = {"endpoint", "ota", "cbke", "gbcs", "signature", "battery", "gpf", "meter", "traffic"}
    keys = {key for model in models for key in model.model_fields} - tables
    missing = [word for word in (*sorted(keys), *profile_paths()) if f"`{word}`" not in text]
    assert missing == []
