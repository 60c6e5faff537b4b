"""What a restored device is taken for, by the descriptors that our own profiles show."""

from __future__ import annotations

import pytest

from emulator.core.standards import Standards
from emulator.devices.bridge.setup import shown_profile
from emulator.devices.hub.classification import RULES, classify
from emulator.devices.profile import JoinerProfile, MemberProfile
from emulator.devices.profile_loading import built_in_folder, load_profile
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.ports.aps import SimpleDescriptor

MEMBERS = [
    profile
    for path in sorted(built_in_folder().glob("*.toml"))
    if isinstance(profile := load_profile(path.stem), MemberProfile)
]


def shown(profile: MemberProfile, setting: str) -> SimpleDescriptor:
    if isinstance(profile, JoinerProfile):
        profile = shown_profile(profile, Standards({"swap_out.bridges": setting}))
    return profile.simple_descriptor()


@pytest.mark.parametrize("profile", MEMBERS, ids=lambda profile: profile.name)
def test_with_tunnelling_every_device_stays_what_ccs01_said(profile: MemberProfile) -> None:
    assert classify([shown(profile, "tunnelling")]).device_type is profile.han_device_type


@pytest.mark.parametrize("profile", MEMBERS, ids=lambda profile: profile.name)
def test_as_mp170_has_it_bridges_and_they_alone_become_ihds(profile: MemberProfile) -> None:
    found = classify([shown(profile, "mp170")])
    if profile.kind == "bridge":
        assert (found.device_type, found.cause) == (HanDeviceType.IHD, "no-tunnelling-cluster")
    else:
        assert found == classify([profile.simple_descriptor()])


def test_a_device_that_shows_nothing_is_taken_for_an_ihd() -> None:
    assert classify([]).device_type is HanDeviceType.IHD


def test_every_cause_is_another_one() -> None:
    causes = [device_class.cause for _, device_class in RULES]
    assert len(set(causes)) == len(causes)
