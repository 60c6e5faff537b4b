"""`althan demo --json`: one object on stdout, the same as `summary.json`, with the keys and types that are promised."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from emulator.image.catalogue import find_recipe
from tests.e2e.command import SMALL, Demo, Run, althan

SHAPE: dict[str, Any] = {
    "outcome": str,
    "reason": (str, type(None)),
    "seed": int,
    "fidelity": str,
    "virtual_seconds": float,
    "wall_seconds": float,
    "frames": int,
    "devices": list,
    "standards": dict,
    "files": {"events": str, "capture": str, "keys": str, "report": str},
}
DEVICE: dict[str, Any] = {
    "name": str,
    "profile": str,
    "eui64": str,
    "image_bytes": int,
    "image_sha256": str,
    "received_sha256": str,
    "blocks": int,
    "block_size": int,
    "bytes_resent": int,
    "version_before": str,
    "version_after": str,
    "time": {"air_s": float, "wait_s": float, "retry_s": float, "pace_s": float},
    "alert": {"message_code": str, "alert_code": str, "result": int, "firmware_version": str, "hex": str},
    "cs08": {
        "message_code": str,
        "response_code": int,
        "firmware_version": str,
        "command_hex": str,
        "response_hex": str,
    },
}
VERSION = re.compile("[0-9A-F]{8}")


def matches(value: object, shape: object) -> bool:
    if isinstance(shape, dict):
        assert isinstance(value, dict)
        assert list(value) == list(shape)
        return all(matches(value[key], inner) for key, inner in shape.items())
    assert isinstance(shape, type | tuple)
    return isinstance(value, shape) and not isinstance(value, bool)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A small run in a process of its own."""
    folder = tmp_path_factory.mktemp("json")
    done = althan("demo", "--json", "--size", SMALL, "--out", "run", folder=folder)
    return Run(done.returncode, done.stdout, done.stderr, folder / "run")


def test_stdout_is_the_octets_of_summary_json_and_stderr_is_silent(printed: Run) -> None:
    assert printed.status == 0
    assert printed.out.encode() == (printed.folder / "summary.json").read_bytes()
    assert printed.err == ""


def test_the_object_has_exactly_the_keys_and_types_that_are_promised(printed: Run) -> None:
    assert matches(printed.summary, SHAPE)
    assert [matches(device, DEVICE) for device in printed.summary["devices"]] == [True]


def test_an_update_that_succeeds_says_what_happened(printed: Run) -> None:
    image = find_recipe("b1").build(size=int(SMALL))
    summary, device = printed.summary, printed.device
    assert (summary["outcome"], summary["reason"]) == ("activated", None)
    assert (summary["seed"], summary["fidelity"], summary["standards"]) == (1, "frames", {})
    assert (device["name"], device["profile"]) == ("bridge-1", "bridge-1")
    assert re.fullmatch("[0-9a-f]{16}", device["eui64"])
    assert device["image_bytes"] == int(SMALL)
    assert device["image_sha256"] == device["received_sha256"] == hashlib.sha256(image.octets).hexdigest()
    assert (device["block_size"], device["blocks"], device["bytes_resent"]) == (50, 82, 0)
    assert (device["version_before"], device["version_after"]) == ("00010000", "00020000")


def test_versions_are_eight_upper_case_hex_digits(printed: Run) -> None:
    device = printed.device
    versions = [device["version_before"], device["version_after"]]
    versions += [device["alert"]["firmware_version"], device["cs08"]["firmware_version"]]
    assert all(VERSION.fullmatch(version) for version in versions)


def test_alert_and_cs08_are_shown_decoded_and_in_octets(printed: Run) -> None:
    alert, cs08 = printed.device["alert"], printed.device["cs08"]
    assert (alert["message_code"], alert["alert_code"], alert["result"]) == ("012b", "8f8b", 0)
    assert (cs08["message_code"], cs08["response_code"]) == ("0129", 0)
    assert alert["firmware_version"] == cs08["firmware_version"] == "00020000"
    assert "012b" in alert["hex"]
    assert "0129" in cs08["command_hex"]
    assert "0129" in cs08["response_hex"]
    assert bytes.fromhex(alert["hex"])


def test_the_files_named_are_there(printed: Run) -> None:
    files = printed.summary["files"]
    assert files == {
        "events": "run/events.jsonl",
        "capture": "run/han.pcap",
        "keys": "run/keys.txt",
        "report": "run/report.html",
    }
    written = {"events.jsonl", "han.pcap", "keys.txt", "report.html", "junit.xml", "summary.json", "seed.txt"}
    assert {path.name for path in printed.folder.iterdir()} == written
    assert (printed.folder / "seed.txt").read_text() == "1\n"


def test_a_run_without_frames_names_no_capture_and_no_keys(demo: Demo) -> None:
    run = demo.small("--fidelity", "aps")
    assert run.status == 0
    files = run.summary["files"]
    assert (files["capture"], files["keys"]) == (None, None)
    assert not (run.folder / "han.pcap").exists()
    assert not (run.folder / "keys.txt").exists()


def test_wall_seconds_are_from_the_first_event_to_the_last(printed: Run) -> None:
    assert 0 < printed.summary["wall_seconds"] < 60
    assert printed.summary["virtual_seconds"] == pytest.approx(printed.events()[-1]["at"] / 1e6, abs=0.1)


def test_no_event_holds_wall_time(printed: Run) -> None:
    assert not {key for event in printed.events() for key in event} & {"utc", "wall", "time", "date"}


def test_devices_stand_in_the_order_of_profile_and_never_hub_or_relays(demo: Demo) -> None:
    names = ["bridge-3", "ppmid", "bridge-1", "bridge-4"]
    run = demo.small("--hops", "2", *[word for name in names for word in ("--profile", name)])
    assert run.status == 0
    assert [device["profile"] for device in run.summary["devices"]] == names


def test_standards_are_those_that_differ_from_the_defaults(demo: Demo) -> None:
    run = demo.small("--set", "gbcs_get_interval=10", "--set", "ota_block_octets=40", "--set", "ota_activation=now")
    assert run.summary["standards"] == {"ota_block_octets": 40, "gbcs_get_interval": 10.0}
    assert run.device["block_size"] == 40


def test_the_name_of_a_profile_of_ones_own_is_that_of_its_file(demo: Demo, tmp_path: Path) -> None:
    source = Path(__file__).resolve().parents[2] / "hw_profiles" / "bridge-2.toml"
    (tmp_path / "my-bridge.toml").write_text(source.read_text())
    run = demo.small("--profile", tmp_path / "my-bridge.toml")
    assert run.device["profile"] == "my-bridge"
    assert run.device["name"] == "my-bridge"
