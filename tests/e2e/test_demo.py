"""`althan demo` with its options: what each one changes, seen in the outcome, the numbers and the events."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.image.catalogue import find_recipe
from tests.e2e.command import SMALL, TOP, Demo, Run


def activated(run: Run) -> Run:
    """The run, which ended well for everybody."""
    assert run.err == ""
    assert (run.status, run.summary["outcome"], run.summary["reason"]) == (0, "activated", None)
    for device in run.summary["devices"]:
        assert device["image_sha256"] == device["received_sha256"]
        assert device["version_after"] == device["alert"]["firmware_version"] == device["cs08"]["firmware_version"]
        assert device["version_after"] > device["version_before"]
    return run


def total(device: dict[str, dict[str, float]]) -> float:
    return sum(device["time"].values())


def download(run: Run, name: str = "bridge-1") -> float:
    """Seconds from the first block asked for to the last one stored, by the events."""
    times = {event["kind"]: event["at"] for event in reversed(run.events()) if event["source"] == name}
    return float(times["ota.downloaded"] - times["ota.started"]) / 1e6


@pytest.mark.parametrize("fidelity", ["frames", "aps"])
@pytest.mark.parametrize("loss", [0, 5, 20])
def test_an_update_comes_through_whatever_is_lost(demo: Demo, loss: int, fidelity: str) -> None:
    run = activated(demo("--size", 8_000, "--loss", loss, "--fidelity", fidelity))
    assert run.summary["fidelity"] == fidelity
    assert run.device["blocks"] == 160


def test_losses_cost_time_and_frames(demo: Demo) -> None:
    clean, lossy = activated(demo.small()), activated(demo.small("--loss", 20))
    assert total(lossy.device) > total(clean.device)
    assert lossy.summary["frames"] > clean.summary["frames"]
    assert any(event["kind"] == "air.lost" and event["reason"] == "loss" for event in lossy.events())


@pytest.mark.parametrize("fidelity", ["frames", "aps"])
@pytest.mark.parametrize(
    "options",
    [[], ["--lean"], ["--page-requests"], ["--min-block-period", 100], ["--loss", 5], ["--hops", 2]],
    ids=["default", "lean", "pages", "paced", "loss", "hops"],
)
def test_the_times_add_up_to_the_download(demo: Demo, fidelity: str, options: list[object]) -> None:
    run = activated(demo.small("--fidelity", fidelity, *options))
    assert total(run.device) == pytest.approx(download(run), abs=1e-5)
    assert all(part >= 0 for part in run.device["time"].values())


def test_both_fidelities_agree_on_airtime_and_download(demo: Demo) -> None:
    frames, aps = activated(demo("--size", 20_000)), activated(demo("--size", 20_000, "--fidelity", "aps"))
    assert aps.device["time"]["air_s"] == pytest.approx(frames.device["time"]["air_s"], rel=0.05)
    assert total(aps.device) == pytest.approx(total(frames.device), rel=0.05)
    assert aps.summary["frames"] == pytest.approx(frames.summary["frames"], rel=0.05)


def test_lean_is_64_octets_without_acknowledgements_and_link_key(demo: Demo) -> None:
    # Large enough for the frames of joining and key establishment, the same in both, not to count.
    run = activated(demo("--lean", "--size", 40_000))
    assert run.device["block_size"] == 64
    assert run.summary["standards"] == {"ota_aps_security": False, "ota_aps_acks": False}
    assert run.summary["frames"] < activated(demo("--size", 40_000)).summary["frames"] / 2


def test_what_is_said_beside_lean_counts_more(demo: Demo) -> None:
    run = activated(demo.small("--lean", "--block-size", 48, "--aps-acks"))
    assert run.device["block_size"] == 48
    assert run.summary["standards"] == {"ota_aps_security": False}


@pytest.mark.parametrize("octets", [40, 64, 255])
def test_the_block_size_is_the_one_asked_for(demo: Demo, octets: int) -> None:
    run = activated(demo.small("--block-size", octets))
    assert run.device["block_size"] == octets
    assert run.device["blocks"] == -(-int(SMALL) // octets)
    assert run.device["bytes_resent"] == 0


def test_long_blocks_cross_the_air_in_fragments_without_delay(demo: Demo) -> None:
    # Many of them: what a stack keeps of each must not run out.
    run = activated(demo("--size", 20_000, "--block-size", 64))
    assert run.device["time"]["retry_s"] < 5
    assert run.device["bytes_resent"] == 0


def test_without_acknowledgements_a_hub_sends_blocks_that_fit_a_frame(demo: Demo) -> None:
    run = activated(demo.small("--block-size", 255, "--no-aps-acks"))
    assert 40 <= run.device["block_size"] <= 65
    assert run.device["blocks"] == -(-int(SMALL) // run.device["block_size"])


def test_no_acknowledgements_and_no_link_key_are_switches_that_the_summary_shows(demo: Demo) -> None:
    unacknowledged = activated(demo.small("--no-aps-acks"))
    assert unacknowledged.summary["standards"] == {"ota_aps_acks": False}
    plain = activated(demo.small("--no-ota-link-key"))
    assert plain.summary["standards"] == {"ota_aps_security": False}
    assert unacknowledged.summary["frames"] < plain.summary["frames"]


def test_options_count_more_than_set(demo: Demo) -> None:
    run = activated(demo.small("--set", "ota_aps_acks=false", "--aps-acks"))
    assert run.summary["standards"] == {}


def test_pages_need_fewer_requests(demo: Demo) -> None:
    paged, blocks = activated(demo.small("--page-requests")), activated(demo.small("--no-page-requests"))
    assert paged.summary["frames"] < blocks.summary["frames"]
    assert paged.device["time"]["pace_s"] > 0
    assert blocks.device["time"]["pace_s"] == 0


def test_pages_survive_losses(demo: Demo) -> None:
    activated(demo("--size", 8_000, "--page-requests", "--loss", 10))


def test_a_minimum_block_period_paces_the_download(demo: Demo) -> None:
    run = activated(demo.small("--min-block-period", 250))
    blocks, time = run.device["blocks"], run.device["time"]
    assert total(run.device) == pytest.approx(0.25 * blocks, rel=0.05)
    assert time["pace_s"] > 0.8 * total(run.device)


@pytest.mark.parametrize("fidelity", ["frames", "aps"])
@pytest.mark.parametrize("hops", [2, 3])
def test_relays_carry_the_update_and_are_bridges_too(demo: Demo, hops: int, fidelity: str) -> None:
    run = activated(demo.small("--hops", hops, "--fidelity", fidelity))
    joined = [event["source"] for event in run.events() if event["kind"] == "bridge.joined"]
    assert joined[:hops] == [*(f"relay-{number}" for number in range(1, hops)), "bridge-1"]
    near = activated(demo.small("--fidelity", fidelity))
    assert total(run.device) > 1.5 * total(near.device)


def test_different_products_are_served_one_after_another(demo: Demo) -> None:
    names = ["bridge-1", "bridge-2", "bridge-3", "bridge-4"]
    run = activated(demo.small(*[word for name in names for word in ("--profile", name)]))
    assert [device["name"] for device in run.summary["devices"]] == names
    of_downloads = [
        (event["kind"], event["source"]) for event in run.events() if event["kind"] in {"ota.started", "ota.downloaded"}
    ]
    assert of_downloads == [(kind, name) for name in names for kind in ("ota.started", "ota.downloaded")]


def test_bridges_of_one_product_share_an_offer(demo: Demo) -> None:
    run = activated(demo.small(*["--profile", "bridge-1"] * 4))
    assert [device["name"] for device in run.summary["devices"]] == [f"bridge-1.{number}" for number in range(1, 5)]
    loads = [event for event in run.events() if event["kind"] == "ota.server.loaded"]
    assert len(loads) == 1
    begun = [event["at"] for event in run.events() if event["kind"] == "ota.started"]
    ended = [event["at"] for event in run.events() if event["kind"] == "ota.downloaded"]
    assert max(begun) < min(ended)


def test_six_bridges_fit(demo: Demo) -> None:
    run = activated(demo("--size", 1_024, *["--profile", "bridge-2"] * 6))
    assert len(run.summary["devices"]) == 6


def test_a_genuine_ppmid_is_updated_the_same_way(demo: Demo) -> None:
    activated(demo.small("--profile", "ppmid"))


@pytest.mark.parametrize("fidelity", ["frames", "aps"])
def test_a_bridge_that_sleeps_waits_for_its_polls(demo: Demo, tmp_path: Path, fidelity: str) -> None:
    profile = (TOP / "hw_profiles" / "bridge-4.toml").read_text()
    assert 'node = "router"' in profile
    (tmp_path / "sleeper.toml").write_text(profile.replace('node = "router"', 'node = "sleepy"'))
    run = activated(demo("--size", 1_024, "--profile", tmp_path / "sleeper.toml", "--fidelity", fidelity))
    # One block a poll, and a poll a second.
    assert total(run.device) == pytest.approx(run.device["blocks"], rel=0.2)


def test_without_a_transport_for_gbcs_there_is_no_alert_and_no_answer(demo: Demo) -> None:
    run = demo.small("--set", "gbcs_transport=none")
    assert (run.status, run.device["alert"], run.device["cs08"]) == (0, None, None)
    assert run.device["version_after"] == "00020000"


def test_a_hub_that_may_put_delivers_commands_at_once(demo: Demo) -> None:
    waiting, at_once = activated(demo.small()), activated(demo.small("--set", "gbcs_get_interval=0"))
    assert at_once.summary["virtual_seconds"] < waiting.summary["virtual_seconds"] - 10


def test_the_image_is_that_of_the_product_in_the_size_asked_for(demo: Demo) -> None:
    run = activated(demo("--profile", "bridge-3", "--size", 5_000))
    assert run.device["image_sha256"] == find_recipe("b3").build(size=5_000).sha256().hex()


def test_the_summary_in_words_says_everything_that_is_promised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from emulator.control.cli.app import main

    assert main(["demo", "--size", SMALL, "--out", str(tmp_path / "run")]) == 0
    printed = capsys.readouterr().out
    for words in (
        "activated",
        "00010000 -> 00020000",
        "air ",
        "waiting ",
        "retries ",
        "pacing ",
        "0x8F8B",
        "012b",
        "CS08",
        "0129",
        "signature  ecdsa-p256",
        *(str(tmp_path / "run" / name) for name in ("report.html", "events.jsonl", "han.pcap", "keys.txt")),
    ):
        assert words in printed
