"""Premises: what comes with the program, what follows from it, and every wrong set with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.core.errors import BadInput
from emulator.devices.premises.loading import FurnishedPremises, load_premises, premises_paths
from emulator.devices.premises.model import HUB
from emulator.devices.profile import JoinerProfile
from emulator.devices.profile_loading import built_in_folder

PRESETS = sorted(premises_paths())
APART = (built_in_folder() / "premises" / "both-apart-no-mains.toml").read_text()
GAS = (built_in_folder() / "premises" / "gas-far-no-mains.toml").read_text()


def refusal(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        load_premises(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def without(text: str, table: str, name: str) -> str:
    """The text without one `[[table]]`, known by a name in it."""
    parts = text.split("\n\n")
    kept = [part for part in parts if not (part.startswith(f"[[{table}]]") and f'"{name}"' in part)]
    assert len(kept) < len(parts)
    return "\n\n".join(kept)


# --- what comes with the program -------------------------------------------------------------------------------------


def test_there_is_one_for_every_way_to_answer_the_questions() -> None:
    answers = {load_premises(name).premises.questions for name in PRESETS}
    assert {(one.out_of_range, one.close_together, one.mains_at_gsme) for one in answers} == {
        ("ihd-or-ppmid", None, None),
        ("gsme", None, True),
        ("gsme", None, False),
        *(("both", together, mains) for together in (True, False) for mains in (True, False)),
    }


@pytest.mark.parametrize("name", PRESETS)
def test_each_has_two_or_three_bridges_and_all_far_devices_are_behind_one(name: str) -> None:
    premises = load_premises(name).premises
    assert (premises.name, len(premises.bridge) in {2, 3}) == (name, True)
    behind = {device.name for bridge in premises.bridge for device in premises.behind(bridge.name)}
    assert behind == {device.name for device in premises.far} != set()


@pytest.mark.parametrize("name", PRESETS)
def test_where_there_is_no_mains_the_bridge_at_the_gas_meter_has_a_battery(name: str) -> None:
    furnished = load_premises(name)
    premises = furnished.premises
    batteries = [bridge.name for bridge in premises.bridge if not _profile(furnished, bridge.name).mains_powered]
    assert bool(batteries) == (premises.questions.mains_at_gsme is False)


def _profile(furnished: FurnishedPremises, name: str) -> JoinerProfile:
    found = furnished.profiles[name]
    assert isinstance(found, JoinerProfile)
    return found


def test_who_is_behind_a_bridge_follows_from_the_pairs() -> None:
    premises = load_premises("both-apart").premises
    behind = {bridge.name: [device.name for device in premises.behind(bridge.name)] for bridge in premises.bridge}
    assert behind == {"bridge-intake": ["ihd", "gsme"], "bridge-flat": ["ihd"], "bridge-gas": ["gsme"]}


def test_every_device_has_its_profile() -> None:
    furnished = load_premises("ppmid-far")
    assert furnished.profiles[HUB].kind == "hub"
    assert furnished.profiles["ppmid"].kind == "ppmid"


# --- finding them ----------------------------------------------------------------------------------------------------


def test_a_users_own_folder_comes_first(tmp_path: Path) -> None:
    (tmp_path / "premises").mkdir()
    (tmp_path / "premises" / "gas-far.toml").write_text(GAS)
    assert load_premises("gas-far", [tmp_path]).premises.questions.mains_at_gsme is False
    assert load_premises("gas-far").premises.questions.mains_at_gsme is True


def test_a_wrong_name_is_told_the_nearest() -> None:
    with pytest.raises(BadInput, match="did you mean 'gas-far'"):
        load_premises("gas-fat")


# --- wrong sets ------------------------------------------------------------------------------------------------------


def test_one_bridge_alone_is_refused(tmp_path: Path) -> None:
    text = without(without(GAS, "bridge", "bridge-gas"), "pair", "bridge-gas")
    assert "'bridge-intake' stands alone" in refusal(tmp_path, text)


def test_a_bridge_that_needs_mains_where_there_is_none_is_refused(tmp_path: Path) -> None:
    found = refusal(tmp_path, GAS.replace('"bridge-4"', '"bridge-3"'))
    assert "bridge.profile" in found
    assert (
        "'bridge-gas' needs mains (consumer-mains), and there is none at 'gsme' (allowed: a battery-fed bridge)"
        in found
    )


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


def moved(text: str, profile: str, place: str, to: str) -> str:
    """Whoever is of that profile stands somewhere else."""
    standing = f'profile = "{profile}"\nplace = '
    return changed(text, f'{standing}"{place}"', f'{standing}"{to}"')


def paired(text: str, old: str, new: str) -> str:
    """The partner of the bridge at the intake is another one."""
    return changed(text, f'["bridge-intake", "{old}"]', f'["bridge-intake", "{new}"]')


WRONG = [
    (
        paired(without(APART, "bridge", "bridge-flat"), "bridge-flat", "bridge-gas"),
        "no bridge stands in 'flat', where 'ihd' is out of range",
    ),
    (without(GAS, "pair", "bridge-gas"), "'bridge-intake' has no partner"),
    (without(APART, "pair", "bridge-gas"), "'bridge-gas' has no partner"),
    (paired(GAS, "bridge-gas", "bridge-attic"), "no bridge is called 'bridge-attic'"),
    (moved(GAS, "bridge-1", "intake", "meter-box"), "stand in one place"),
    (changed(GAS, 'profile = "bridge-1"', 'profile = "ppmid"'), "'bridge-intake' is a ppmid"),
    (changed(GAS, 'profile = "esme"', 'profile = "bridge-2"'), "'esme' is a bridge"),
    (changed(GAS, 'hub = "hub"', 'hub = "ihd"'), "'ihd' is a ihd"),
    (changed(GAS, 'hub_place = "intake"', 'hub_place = "attic"'), "no place is called 'attic'"),
    (changed(GAS, 'name = "ihd"', 'name = "esme"'), "'esme' is there twice"),
    (changed(GAS, 'name = "ihd"', 'name = "hub"'), "'hub' is there twice"),
    (moved(GAS, "gsme", "meter-box", "intake"), "'gsme' is the answer, and nobody stands apart"),
    (moved(GAS, "ihd", "intake", "meter-box"), "'gsme' is the answer, and ihd, gsme stands apart"),
    (
        changed(APART, "close_together = false", "close_together = true"),
        "is true, and the devices out of range stand in 2 places",
    ),
    (changed(GAS, "mains_at_gsme = false", ""), "mains_at_gsme: is asked where the GSME is out of range"),
    (changed(GAS, "[questions]", "[questions]\nclose_together = true"), 'is asked where out_of_range = "both"'),
    (changed(GAS, "rssi = -75", "rssi = 5"), "pair.0.rssi: 5 is not a value of it"),
    (changed(GAS, "[questions]", "[questions]\nweather = 1"), "unknown key"),
]


@pytest.mark.parametrize("text,reason", WRONG, ids=[reason for _, reason in WRONG])
def test_what_does_not_go_together_is_refused_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in refusal(tmp_path, text)


def test_four_bridges_are_too_many(tmp_path: Path) -> None:
    more = '\n[[bridge]]\nname = "bridge-more"\nprofile = "bridge-2"\nplace = "intake"\n'
    assert "4 bridges (allowed: 2 or 3 bridges)" in refusal(tmp_path, APART + more)


def test_far_bridges_that_have_each_other_alone_are_refused(tmp_path: Path) -> None:
    places = '[[place]]\nname = "attic"\n\n'
    text = APART.replace("[[bridge]]", places + "[[bridge]]", 1)
    old = 'profile = "bridge-1"\nplace = "intake"'
    text = text.replace(old, old.replace("intake", "attic"))
    assert "no bridge stands where the hub does, in 'intake'" in refusal(tmp_path, text)
