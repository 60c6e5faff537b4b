"""Profiles of sticks: every one that comes with the program is right, and what is wrong is one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.core.errors import BadInput
from emulator.runtime.sticks.profiles import load_stick, read_stick, stick_paths, sticks, sticks_with_usb
from emulator.transports.ezsp.uri import FlowControl

OURS = sorted(stick_paths())
MINIMAL = 'description = "one"\nchip = "EFR32MG24"\n'
ORDINARY_PRODUCT = "Sonoff Zigbee 3.0 USB Dongle Plus V2"


def written(folder: Path, text: str, name: str = "mine") -> Path:
    path = folder / "sticks" / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_there_are_profiles() -> None:
    assert {"zbdongle-e", "connect-zbt-1", "connect-zbt-2", "yellow", "slzb-07", "slzb-06m"} <= set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_a_profile_that_comes_with_the_program_is_right_and_says_where_it_is_from(name: str) -> None:
    stick = load_stick(name)
    assert stick.name == name
    assert stick_paths()[name].read_text().startswith("# ")


def test_those_who_share_a_product_id_are_one_stick_under_two_names() -> None:
    same = {stick.chip for stick in sticks() if stick.product_id == load_stick("skyconnect").product_id}
    assert len(same) == 1


@pytest.mark.parametrize("flow", FlowControl)
def test_flow_control_is_called_as_in_the_uri_of_a_stick(tmp_path: Path, flow: FlowControl) -> None:
    assert read_stick(written(tmp_path, f'{MINIMAL}flow_control = "{flow.value}"\n')).flow_control == flow.value


def test_what_a_profile_leaves_out_is_not_known(tmp_path: Path) -> None:
    stick = read_stick(written(tmp_path, MINIMAL))
    assert (stick.baud_rate, stick.flow_control, stick.product_id) == (None, None, None)
    assert (stick.usb, stick.ezsp, stick.notes, stick.network) == ((), (), (), False)


def test_one_of_the_users_own_comes_first(tmp_path: Path) -> None:
    written(tmp_path, MINIMAL, "yellow")
    assert load_stick("yellow", [tmp_path]).description == "one"
    assert load_stick("yellow").description != "one"


@pytest.mark.parametrize(
    "line, said",
    [
        ("baud = 1", "baud: unknown key (allowed: description, chip, baud_rate"),
        ("baud_rate = 9600", "baud_rate: 9600 is not a value of it (allowed: 57600, 115200"),
        ('baud_rate = "115200"', "baud_rate: '115200' is not a value of it"),
        ('flow_control = "rts"', "flow_control: 'rts' is not a value of it (allowed: 'none', 'software' or 'hardware'"),
        ('usb = ["10C4:EA60"]', "usb.0: '10C4:EA60' is not a value of it"),
        ('usb = ["10c4:ea60", "10c4:ea60"]', "usb: each pair of ids once"),
        ("ezsp = [14, 13]", "ezsp: versions in ascending order, each once"),
        ("ezsp = [3]", "ezsp.0: 3 is not a value of it"),
        ('product_id = "00"', "product_id: '00' is not a value of it"),
        ('notes = [""]', "notes.0: '' is not a value of it"),
        ('network = "yes"', "network: 'yes' is not a value of it"),
    ],
)
def test_what_is_wrong_is_one_line_with_file_key_and_what_is_allowed(tmp_path: Path, line: str, said: str) -> None:
    path = written(tmp_path, f"{MINIMAL}{line}\n")
    with pytest.raises(BadInput) as refused:
        read_stick(path)
    assert str(refused.value).startswith(f"{path}: {said}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("chip", ["CC2652P", "EFR32MG2", "efr32mg21"])
def test_a_chip_of_another_kind_is_refused(tmp_path: Path, chip: str) -> None:
    with pytest.raises(BadInput, match="chip"):
        read_stick(written(tmp_path, f'description = "one"\nchip = "{chip}"\n'))


def test_a_name_that_there_is_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadInput, match="did you mean 'yellow'"):
        load_stick("yelow")


@pytest.mark.parametrize(
    "usb, product, names",
    [
        ("1a86:55d4", None, {"zbdongle-e"}),
        ("10C4:EA60", ORDINARY_PRODUCT, {"zbdongle-e"}),
        ("10c4:ea60", "SMLIGHT SLZB-07", {"slzb-07"}),
        ("10c4:ea60", "SMLIGHT SLZB-07Mg24", {"slzb-07mg24"}),
        ("10c4:ea60", "home assistant connect zbt-1", {"connect-zbt-1"}),
        ("ffff:ffff", ORDINARY_PRODUCT, set()),
    ],
)
def test_a_stick_is_known_by_its_usb_ids_and_name(usb: str, product: str | None, names: set[str]) -> None:
    assert {stick.name for stick in sticks_with_usb(usb, product)} == names


def test_where_only_the_ids_are_known_all_that_have_them_may_be_meant() -> None:
    found = {stick.name for stick in sticks_with_usb("10c4:ea60")}
    assert found == {stick.name for stick in sticks_with_usb("10c4:ea60", "CP2102N USB to UART Bridge Controller")}
    assert found >= {"zbdongle-e", "connect-zbt-1", "slzb-07"}
