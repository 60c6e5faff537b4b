"""Images that are given, and those that a bridge refuses: the run happens, fails, says why; nothing is activated."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from emulator.image.build import build_image
from emulator.image.catalogue import find_recipe
from emulator.image.file import OtaFile
from emulator.image.header import OtaHeader
from emulator.image.mutate import MUTATIONS, mutate
from emulator.image.signature import Signer, load_signer
from tests.e2e.command import TOP, Demo, Run

KEYS = TOP / "firmware_images" / "keys"
PUBLIC_KEY = KEYS / "test_signing_key.pub.pem"


@pytest.fixture(scope="module")
def good() -> OtaFile:
    """An image for bridge-1."""
    return find_recipe("b1").build(size=4_096)


@pytest.fixture(scope="module")
def signer() -> Signer:
    return load_signer(KEYS / "test_signing_key.pem")


def refused(run: Run, reason: str) -> None:
    """The run failed for that reason, and the old version runs."""
    assert run.err == ""
    assert (run.status, run.summary["outcome"], run.summary["reason"]) == (1, "failed", reason)
    device = run.device
    assert device["version_before"] == device["version_after"] == "00010000"
    assert device["cs08"]["firmware_version"] == "00010000"
    assert device["alert"] is None
    assert not [event for event in run.events() if event["kind"] == "bridge.activated"]
    assert reason in (run.folder / "junit.xml").read_text()
    assert reason in (run.folder / "report.html").read_text()


@pytest.mark.parametrize(
    "how",
    [
        "older-version",
        "reserved-version",
        "wrong-manufacturer",
        "wrong-type",
        "wrong-hardware",
        "flip-octet",
        "bad-signature",
        "unsigned",
        "damaged-body",
        "wrong-signer",
    ],
)
def test_a_bridge_refuses_what_is_not_for_it(
    demo: Demo, tmp_path: Path, good: OtaFile, signer: Signer, how: str
) -> None:
    bad = tmp_path / "bad.zigbee"
    bad.write_bytes(mutate(good, how, signer=signer))
    refused(demo("--image", bad, "--strict"), MUTATIONS[how].reason)


def test_the_profile_becomes_the_product_that_a_foreign_image_is_for(demo: Demo, tmp_path: Path) -> None:
    header = OtaHeader(
        manufacturer_code=0x117C,
        image_type=0x2101,
        file_version=0x23014631,
        header_string=b"foreign".ljust(32, b"\0"),
        minimum_hardware_version=0x0300,
        maximum_hardware_version=0x0302,
    )
    foreign = tmp_path / "foreign.ota"
    foreign.write_bytes(OtaFile.of(header, bytes(range(256)) * 12).octets)
    run = demo("--image", foreign)
    assert (run.status, run.device["version_after"]) == (0, "23014631")
    query = next(event for event in run.events() if event["kind"] == "ota.offer")
    assert (query["manufacturer"], query["image_type"]) == ("117c", "2101")


def test_without_trust_no_signature_is_checked_and_the_summary_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], good: OtaFile
) -> None:
    from emulator.control.cli.app import main

    damaged = tmp_path / "damaged.zigbee"
    damaged.write_bytes(mutate(good, "flip-octet"))
    assert main(["demo", "--image", str(damaged), "--out", str(tmp_path / "run")]) == 0
    assert "signature  not checked" in capsys.readouterr().out


def test_with_trust_a_signature_of_that_key_is_good_and_the_summary_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], good: OtaFile
) -> None:
    from emulator.control.cli.app import main

    image = tmp_path / "good.zigbee"
    image.write_bytes(good.octets)
    command = ["demo", "--image", str(image), "--trust", str(PUBLIC_KEY), "--out", str(tmp_path / "run")]
    assert main(command) == 0
    assert "signature  ecdsa-p256 against test_signing_key.pub.pem" in capsys.readouterr().out


def test_with_trust_in_another_key_the_image_is_refused(demo: Demo, tmp_path: Path, good: OtaFile) -> None:
    key, public = tmp_path / "other.pem", tmp_path / "other.pub.pem"
    for command in (
        ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key)],
        ["openssl", "ec", "-in", str(key), "-pubout", "-out", str(public)],
    ):
        subprocess.run(command, check=True, capture_output=True)
    image = tmp_path / "good.zigbee"
    image.write_bytes(good.octets)
    refused(demo("--image", image, "--trust", public), "bad-signature")


def test_a_certificate_is_trusted_for_the_key_in_it(demo: Demo, tmp_path: Path, good: OtaFile) -> None:
    certificate, image = tmp_path / "maker.crt", tmp_path / "good.zigbee"
    command = ["openssl", "req", "-x509", "-key", str(KEYS / "test_signing_key.pem"), "-subj", "/CN=maker"]
    subprocess.run([*command, "-days", "30", "-out", str(certificate)], check=True, capture_output=True)
    image.write_bytes(good.octets)
    assert demo("--image", image, "--trust", certificate).status == 0


@pytest.mark.parametrize("name", ["b1", "b2", "b3", "b4", "ppmid"])
def test_the_ready_made_images_are_for_their_products(demo: Demo, name: str) -> None:
    profile = name.replace("b", "bridge-")
    run = demo("--image", TOP / "firmware_images" / f"{name}.zigbee", "--profile", profile, "--strict")
    assert (run.status, run.device["version_after"]) == (0, "00020000")


def test_with_trust_an_unsigned_image_is_refused(demo: Demo, tmp_path: Path, good: OtaFile) -> None:
    image = tmp_path / "unsigned.zigbee"
    image.write_bytes(build_image(good.header, bytes(3_000)).octets)
    refused(demo("--image", image, "--trust", PUBLIC_KEY), "unsigned")


def test_strict_keeps_the_profile_and_takes_its_own_product(demo: Demo, tmp_path: Path, good: OtaFile) -> None:
    image = tmp_path / "good.zigbee"
    image.write_bytes(good.octets)
    assert demo("--image", image, "--strict").status == 0
    refused(demo("--image", image, "--strict", "--profile", "bridge-2"), "wrong-manufacturer")


def test_a_bridge_without_the_ota_cluster_cannot_be_updated(demo: Demo) -> None:
    refused(demo("--profile", "bridge-1-early", "--size", 4_096), "no-ota-cluster")


def test_one_bridge_that_fails_makes_the_run_fail_and_the_others_succeed(demo: Demo) -> None:
    run = demo("--profile", "bridge-2", "--profile", "bridge-1-early", "--size", 4_096)
    assert (run.status, run.summary["outcome"], run.summary["reason"]) == (1, "failed", "no-ota-cluster")
    assert [device["version_after"] for device in run.summary["devices"]] == ["00020000", "00010000"]
