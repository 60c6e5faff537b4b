"""`althan pki`: what it makes, what it shows, and one line with status 2 for whatever cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.core.rng import SeededStreams
from emulator.gbcs.pem import certificate_pem, private_key_pem
from emulator.gbcs.pki import generate_pki
from emulator.gbcs.pki_folder import load_pki
from tests.control.running import Althan, is_bad_input, runner

BRIDGE = "00db1234567890b1"


@pytest.fixture
def althan(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Althan:
    monkeypatch.chdir(tmp_path)
    return runner("pki", capsys)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_seed_makes_the_same_pki_every_time(althan: Althan, tmp_path: Path) -> None:
    for name in ("one", "two"):
        run = althan("create", name, "--seed", "7", "--device", "00:DB:12:34:56:78:90:B1")
        assert run == (0, f"{name}: 22 certificates, 22 private keys\n", "")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert f"devices/{BRIDGE}-ka.key" in contents(tmp_path / "one")


def test_without_a_seed_nobody_can_guess_it(althan: Althan, tmp_path: Path) -> None:
    althan("create", "one")
    althan("create", "two")
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] == two[name]] == ["pki.json"]


def test_it_is_the_pki_that_a_run_with_this_seed_has(althan: Althan, tmp_path: Path) -> None:
    althan("create", "pki", "--seed", "7")
    run = generate_pki(SeededStreams(7), [])
    loaded = load_pki(tmp_path / "pki")
    assert loaded.organisation_root.certificate == run.organisation_root.certificate


def test_an_earlier_pki_is_replaced_and_anything_else_left_alone(althan: Althan, tmp_path: Path) -> None:
    althan("create", "pki", "--seed", "1")
    before = contents(tmp_path / "pki")
    assert althan("create", "pki", "--seed", "2").status == 0
    assert contents(tmp_path / "pki") != before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("dear")
    is_bad_input(althan("create", "mine"), "mine", "not empty")
    assert contents(tmp_path / "mine") == {"letter": b"dear"}


def test_another_pki_is_imported_with_devices_made_for_it(althan: Althan, tmp_path: Path) -> None:
    theirs = generate_pki(SeededStreams(3), [])
    broker = theirs.access_control_broker
    (tmp_path / "theirs").mkdir()
    for number, one in enumerate((broker.digital_signature, broker.key_agreement)):
        (tmp_path / "theirs" / f"{number}.crt").write_bytes(certificate_pem(one.certificate_octets))
        (tmp_path / "theirs" / f"{number}.k").write_bytes(private_key_pem(one.private_key))
    (tmp_path / "theirs" / "lost.k").write_bytes(private_key_pem(theirs.recovery.digital_signature.private_key))
    run = althan("create", "ours", "--from", "theirs", "--device", BRIDGE)
    assert (run.status, run.out) == (0, "ours: 6 certificates, 6 private keys\n")
    assert run.err.count("\n") == 1
    assert "without a certificate" in run.err
    loaded = load_pki(tmp_path / "ours")
    assert loaded.access_control_broker.keys.key_agreement.private_numbers() == (
        broker.keys.key_agreement.private_numbers()
    )
    device = next(iter(loaded.devices.values()))
    device.key_agreement.certificate.verify_directly_issued_by(loaded.device_issuer.certificate)


def test_show_lists_every_certificate(althan: Althan) -> None:
    althan("create", "pki", "--seed", "7", "--device", BRIDGE)
    lines = althan("show", "pki").out.splitlines()
    assert len(lines) == 1 + 22
    assert any(line.startswith("organisations/90b3d51f30000002-ka.pem") and line.endswith("yes") for line in lines)
    rows = json.loads(althan("show", "pki", "--json").out)
    (broker,) = (row for row in rows if row["file"] == "organisations/90b3d51f30000002-ka.pem")
    assert (broker["entity_id"], broker["role_name"]) == ("90b3d51f30000002", "accessControlBroker")
    assert (broker["key_usage"], broker["private_key"], broker["issuer"]) == ("keyAgreement", True, "Z1")
    assert len(broker["public_key"]) == 130


def test_what_cannot_be_used_is_one_line(althan: Althan, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    is_bad_input(althan("show", "empty"), "empty", "is no PKI")
    is_bad_input(althan("show", "absent"), "absent")
    is_bad_input(althan("create", "pki", "--device", "12"), "--device")
    is_bad_input(althan("create", "pki", "--from", "empty"), "no certificate")
    is_bad_input(althan("create", "pki", "--from", "absent"), "no folder")
    is_bad_input(althan("create", "pki", "--from", "empty", "--seed", "1"), "--seed")
    is_bad_input(althan("create", "empty/file/pki", "--seed", "x"), "--seed")
    assert not (tmp_path / "pki").exists()


# --- renew -----------------------------------------------------------------------------------------------------------


def test_renewed_credentials_are_the_brokers_alone_and_under_the_same_authority(althan: Althan, tmp_path: Path) -> None:
    assert althan("create", "old", "--seed", "1", "--device", "00db1234567890b1").status == 0
    run = althan("renew", "old", "--out", "new", "--seed", "2")
    assert run.status == 0
    old, new = contents(tmp_path / "old"), contents(tmp_path / "new")
    assert old.keys() == new.keys()
    changed = {name for name in old if old[name] != new[name]}
    stem = "organisations/90b3d51f30000002"
    assert changed == {f"{stem}-{usage}.{kind}" for usage in ("ds", "ka") for kind in ("pem", "key")}
    assert run.out.split() == [f"new/{stem}-ds.pem", f"new/{stem}-ka.pem"]
    shown = json.loads(althan("show", "new", "--json").out)
    assert {row["issuer"] for row in shown if row["role"] == 4} == {"Z1"}


def test_an_organisation_that_only_signs_is_renewed_with_one_certificate(althan: Althan) -> None:
    althan("create", "old", "--seed", "1")
    run = althan("renew", "old", "--out", "new", "--role", "recovery")
    assert (run.status, len(run.out.split())) == (0, 1)


def test_nobody_of_that_role_is_bad_input(althan: Althan) -> None:
    althan("create", "old", "--seed", "1")
    is_bad_input(althan("renew", "old", "--out", "new", "--role", "king"), "--role", "accessControlBroker", "recovery")
    is_bad_input(althan("renew", "nowhere", "--out", "new"), "nowhere")
