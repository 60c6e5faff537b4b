"""What an update run is to be: everything is read, built and checked before anything runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emulator.core.errors import BadInput
from emulator.core.standards import Standards
from emulator.image.catalogue import find_recipe
from emulator.image.file import OtaFile
from emulator.image.header import OtaHeader
from emulator.scenarios.update_plan import UpdatePlan, prepare

SMALL = UpdatePlan(size=2_048)


def with_file(tmp_path: Path, image: OtaFile) -> UpdatePlan:
    path = tmp_path / "image.zigbee"
    path.write_bytes(image.octets)
    return UpdatePlan(image=path)


def test_bridges_of_one_product_are_offered_one_image() -> None:
    planned = prepare(replace(SMALL, profiles=("bridge-1", "bridge-2", "bridge-1")))
    assert planned[0].image is planned[2].image
    assert planned[0].image is not planned[1].image
    assert [each.image.size for each in planned] == [2_048] * 3


def test_the_image_is_750_kb_unless_something_else_is_said() -> None:
    assert prepare(UpdatePlan())[0].image.size == 768_000
    lower = Standards({"limits.image_octets": 4_000})
    assert prepare(UpdatePlan(standards=lower))[0].image.size == 4_000


def test_options_change_the_ota_client_of_every_bridge() -> None:
    plan = replace(SMALL, block_octets=40, page_requests=True, min_block_period_ms=250, profiles=("bridge-1", "ppmid"))
    for planned in prepare(plan):
        ota = planned.profile.ota
        assert (ota.block_octets, ota.page_requests, ota.min_block_period_ms) == (40, True, 250)


def test_without_options_the_profile_is_as_it_was() -> None:
    (planned,) = prepare(SMALL)
    assert (planned.profile.ota.block_octets, planned.profile.ota.page_requests) == (None, None)


def test_a_file_makes_the_profile_the_product_that_it_is_for(tmp_path: Path) -> None:
    header = OtaHeader(
        manufacturer_code=0x117C,
        image_type=0x2101,
        file_version=0x23014631,
        header_string=bytes(32),
        minimum_hardware_version=0x0300,
        maximum_hardware_version=0x0302,
    )
    (planned,) = prepare(with_file(tmp_path, OtaFile.of(header, bytes(100))))
    profile = planned.profile
    assert (profile.manufacturer, profile.image_type, profile.hardware_version) == (0x117C, 0x2101, 0x0300)
    assert planned.check.startswith("not checked")


def test_a_file_for_the_profiles_own_hardware_leaves_that(tmp_path: Path) -> None:
    (planned,) = prepare(with_file(tmp_path, find_recipe("b1").build(size=2_048)))
    assert planned.profile.hardware_version == 0x0102


def test_strict_leaves_the_profile_and_its_check(tmp_path: Path) -> None:
    plan = replace(with_file(tmp_path, find_recipe("b2").build(size=2_048)), strict=True)
    (planned,) = prepare(plan)
    assert planned.profile.manufacturer == 0x1B01
    assert planned.check == "ecdsa-p256 against test_signing_key.pub.pem"


def test_the_standards_can_switch_the_check_off() -> None:
    (planned,) = prepare(replace(SMALL, standards=Standards({"image_signature": "none"})))
    assert planned.check == "not checked (image_signature=none)"


@pytest.mark.parametrize(
    "plan",
    [
        UpdatePlan(profiles=()),
        UpdatePlan(profiles=("hub",)),
        UpdatePlan(profiles=("no-such-bridge",)),
        UpdatePlan(profiles=("bridge-1",) * 7),
        UpdatePlan(hops=3, profiles=("bridge-1",) * 5),
        UpdatePlan(hops=0),
        UpdatePlan(loss=-0.1),
        UpdatePlan(loss=91),
        UpdatePlan(loss=float("nan")),
        UpdatePlan(block_octets=0),
        UpdatePlan(block_octets=256),
        UpdatePlan(min_block_period_ms=0xFFFF),
        UpdatePlan(size=511),
        UpdatePlan(size=768_001),
        UpdatePlan(strict=True),
        UpdatePlan(trust=Path("key.pem")),
        UpdatePlan(image=Path("image.zigbee"), size=1_000),
        UpdatePlan(image=Path("/nowhere/image.zigbee")),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(plan: UpdatePlan) -> None:
    with pytest.raises(BadInput) as refusal:
        prepare(plan)
    assert "\n" not in str(refusal.value)
