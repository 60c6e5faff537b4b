"""`althan gbcs`: every published message by name, every use case built, one line for what cannot be used."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emulator.control.cli.gbcs_recipes import CS02B, RECIPES
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.gbcs.pki import generate_pki
from emulator.gbcs.pki_folder import stored_credentials, write_pki
from tests.control.running import Althan, is_bad_input, runner

BRIDGE, OTHER = "00db1234567890b1", "00db1234567890b2"
CS08 = (
    "dd000000000000461100000000df090100000000000005140890b3d51f300000020800db1234567890a4"
    "0012012990b3d51f3001000000000000000003e802050000bdc5e70406017d96ee0f9759"
)

SECRET = "9ccfe012cc5df79fe5b98e286d3d4e6a938a35c0536554c60d6b70efc6489114"
KEYS = [
    "shape",
    "cra",
    "originator_counter",
    "originator",
    "recipient",
    "date_time",
    "message_code",
    "use_case",
    "supplementary_remote_party_id",
    "supplementary_remote_party_counter",
    "payload",
    "mac",
    "signature",
]


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    made = generate_pki(SeededStreams(7), [Eui64(int(BRIDGE, 16)), Eui64(int(OTHER, 16))])
    write_pki(folder, stored_credentials(made))
    return folder


@pytest.fixture
def althan(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Althan:
    monkeypatch.chdir(tmp_path)
    return runner("gbcs", capsys)


# --- decode ----------------------------------------------------------------------------------------------------------


def test_decode_prints_json_with_the_keys_that_tools_rely_on(althan: Althan) -> None:
    run = althan("decode", CS08, "--shared-secret", SECRET, "--json")
    assert (run.status, run.err) == (0, "")
    words = json.loads(run.out)
    assert list(words) == KEYS
    assert words["mac"] == {"present": True, "valid": True}
    assert words["signature"] == {"present": False, "valid": None}
    assert (words["use_case"], words["message_code"], words["cra"]) == ("CS08", "0129", "command")


def test_decode_prints_a_line_for_every_field(althan: Althan) -> None:
    lines = althan("decode", CS08).out.splitlines()
    assert [line.split()[0] for line in lines] == KEYS
    assert lines[-2].split(maxsplit=1)[1] == "present, not checked"
    assert "Read PPMID/HCALCS Firmware Version" in lines[7]


def test_a_key_that_says_invalid_is_status_one(althan: Althan) -> None:
    run = althan("decode", CS08, "--shared-secret", "00" * 32)
    assert (run.status, run.err) == (1, "")
    assert "NOT VALID" in run.out


def test_every_published_message_is_valid_on_the_command_line(althan: Althan, vectors: Path) -> None:
    for entry in json.loads((vectors / "gbcs_rtds.json").read_text())["messages"]:
        options = []
        if "ecdh_shared_secret" in entry:
            options += ["--shared-secret", entry["ecdh_shared_secret"]]
        if "signer_public_key" in entry:
            options += ["--signer-public-key", entry["signer_public_key"]]
        run = althan("decode", entry["hex"], "--json", *options)
        assert run.status == 0, entry["name"]
        words = json.loads(run.out)
        assert words["message_code"] == entry["message_code"]
        assert words["mac"]["valid"] is (True if "ecdh_shared_secret" in entry else None)
        assert words["signature"]["valid"] is (True if "signer_public_key" in entry else None)
        assert "error" not in words["payload"]


def test_a_message_is_taken_from_a_file_or_stdin(
    althan: Althan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = althan("decode", CS08).out
    (tmp_path / "hex").write_text("\n ".join(CS08[at : at + 6].upper() for at in range(0, len(CS08), 6)) + "\r\n")
    (tmp_path / "binary").write_bytes(bytes.fromhex(CS08))
    assert althan("decode", "hex").out == expected
    assert althan("decode", "binary").out == expected
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CS08.encode())))
    assert althan("decode", "-").out == expected


def test_what_is_no_message_is_one_line(althan: Althan, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    (tmp_path / "long").write_text("00" * 300_000)
    (tmp_path / "text").write_text("hello")
    is_bad_input(althan("decode", CS08[:-2]), "MAC header: length")
    is_bad_input(althan("decode", "00"), "no GBCS message")
    is_bad_input(althan("decode", "0"), "neither hex nor a file")
    is_bad_input(althan("decode", "absent"), "absent")
    is_bad_input(althan("decode", "empty"), "is no hex")
    is_bad_input(althan("decode", "text"), "is no hex")
    is_bad_input(althan("decode", "long"), "more than")
    is_bad_input(althan("decode", "."), "cannot be read")
    is_bad_input(althan("decode", "a\0b"), "neither hex nor a file")
    is_bad_input(althan("decode", CS08, "--shared-secret", "00"), "--shared-secret", "32 octets")
    is_bad_input(althan("decode", CS08, "--signer-public-key", "04" + "00" * 64), "--signer-public-key")
    is_bad_input(althan("decode", CS08, "--pki", tmp_path / "absent"), "absent")


def test_a_decode_imports_no_x509_and_no_builder() -> None:
    program = f"""
import sys
from emulator.control.cli.app import main
main(["gbcs", "decode", "{CS08}", "--shared-secret", "{SECRET}"])
ours = {{"emulator.control.cli.gbcs_build", "emulator.gbcs.use_cases.cs02b"}}
heavy = {{"cryptography.x509", "construct", "asyncio", "rich", *ours}}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)


# --- build -----------------------------------------------------------------------------------------------------------

OPTIONS: dict[str, list[str]] = {
    "ccs01": ["--other", OTHER, "--install-code", "30" * 16, "--join-timeout", "90"],
    "ccs02": ["--other", OTHER],
    "ccs03": ["--pan", OTHER, "--entry", f"{OTHER}={'11' * 16}", "--entry", BRIDGE],
    "ccs08": ["--from", BRIDGE, "--other", OTHER, "--version", "0123ABCD", "--result", "image-discarded"],
    "cs02a": ["--role", "supplier", "--role", "4"],
    "cs02b-alert": ["--from", BRIDGE, "--payload", "3000"],
    "cs02c": ["--key-usage", "digitalSignature"],
    "cs02d": ["--certificate", f"devices/{BRIDGE}-ds.pem"],
    "cs02e": ["--key-usage", "keyAgreement"],
    "cs03a1": ["--other", OTHER],
    "cs03a2": ["--other", OTHER, "--type", "esme"],
    "cs03b": ["--other", OTHER, "--type", "6"],
    "cs03c": ["--other", OTHER, "--type", "gsme", "--certificate", f"devices/{OTHER}-ka.pem"],
    "cs04ac": ["--other", OTHER],
    "cs04b": ["--other", OTHER],
    "cs06": ["--hash", "aa" * 32, "--when", "never"],
    "cs06-alert": ["--from", BRIDGE, "--version", "1", "--command-counter", "7", "--result", "hash-mismatch"],
    "cs09": ["--from", BRIDGE, "--version", "0123ABCD", "--when", "2026-01-31T12:00:00Z"],
    "cs14": ["--from", BRIDGE, "--pan", OTHER, "--entry", OTHER],
    "ecs52": ["--payload", "d9200003e800010100010000000201ff02010000"],
    "firmware-receipt-esme": ["--from", BRIDGE, "--hash", "aa" * 32],
    "firmware-receipt-gsme": ["--from", BRIDGE, "--hash", "aa" * 32, "--alert-code", "8F1C"],
    "gcs38": ["--payload", "0109010107020005000000060200"],
    "generic-critical": ["--from", BRIDGE, "--alert-code", "8f30"],
    "generic-non-critical": ["--from", BRIDGE, "--alert-code", "8f30"],
    "pcs01": ["--from", OTHER, "--payload", "00"],
    "pcs02": ["--from", OTHER, "--payload", "00"],
}


def built(althan: Althan, pki: Path, use_case: str, *options: str | Path) -> dict[str, Any]:
    """A message built, and then decoded with the same PKI."""
    given = [pki / option if str(option).endswith(".pem") else option for option in options]
    run = althan("build", use_case, "--pki", pki, "--counter", "1300", *given)
    assert (run.status, run.err) == (0, "")
    decoded = althan("decode", run.out.strip(), "--pki", pki, "--json")
    assert decoded.status == 0
    words: dict[str, Any] = json.loads(decoded.out)
    return words


@pytest.mark.parametrize("use_case", sorted(RECIPES))
def test_every_use_case_is_built_and_valid(althan: Althan, pki: Path, use_case: str) -> None:
    recipe = RECIPES[use_case]
    options = OPTIONS.get(use_case, [])
    to = [] if recipe.cra == 3 else ["--to", BRIDGE]
    words = built(althan, pki, use_case, *to, *options)
    assert words["shape"] == recipe.shape
    assert (words["message_code"], words["originator_counter"]) == (f"{recipe.message_code:04x}", 1300)
    assert words["mac"]["valid"] is (True if words["mac"]["present"] else None)
    assert words["signature"]["valid"] is (True if words["signature"]["present"] else None)
    assert words["recipient" if to else "originator"] == BRIDGE
    assert ("raw" in words["payload"]) == (use_case in {"ecs52", "gcs38", "pcs01", "pcs02", "cs02b-alert"})


MODES = [
    ("0", "a", "90b3d51f30010000"),
    ("rootByWanProvider", "a", "90b3d51f30000007"),
    ("2", "a", "90b3d51f30010000"),
    ("3", "a", "90b3d51f30020000"),
    ("accessControlBrokerByACB", "b", "90b3d51f30000002"),
    ("5", "a", "90b3d51f30000007"),
    ("6", "a", "90b3d51f30000004"),
    ("7", "a", "90b3d51f30000004"),
    ("8", "g", "90b3d51f30000001"),
]


@pytest.mark.parametrize("mode,shape,originator", MODES)
def test_every_mode_of_cs02b_is_built_and_valid(
    althan: Althan, pki: Path, mode: str, shape: str, originator: str
) -> None:
    certificate = "organisations/90b3d51f30000002-ka.pem"
    words = built(althan, pki, CS02B, "--to", BRIDGE, "--mode", mode, "--certificate", certificate)
    assert (words["shape"], words["originator"]) == (shape, originator)
    payload = words["payload"]
    assert payload["authorising_seq_number"] == 1300
    assert (payload["authorising_cell"] is None) == (shape == "b")
    assert payload["replacements"][0]["cell"]["role_name"] == "accessControlBroker"
    assert [one["common_name"] for one in payload["certification_path"]] == ["Z1"]
    assert words["mac"]["valid"] is (None if shape == "g" else True)


def test_a_contingency_replacement_is_signed_by_the_root_with_its_key_inside(althan: Althan, pki: Path) -> None:
    certificate = pki / "organisations" / "90b3d51f30000002-ka.pem"
    options = ("--pki", pki, "--to", BRIDGE, "--mode", "9", "--certificate", certificate)
    is_bad_input(althan("build", CS02B, *options), "--symmetric-key")
    run = althan("build", CS02B, *options, "--symmetric-key", "ab" * 16)
    words = json.loads(althan("decode", run.out.strip(), "--json").out)
    assert (words["shape"], words["message_code"]) == ("g", "0109")
    assert words["payload"]["plaintext_symmetric_key"] == "ab" * 16


def test_everything_about_a_replacement_can_be_said(althan: Althan, pki: Path) -> None:
    words = built(
        althan,
        pki,
        CS02B,
        *("--to", BRIDGE, "--mode", "8", "--certificate", "organisations/90b3d51f30010000-pp-ka.pem"),
        *("--cell", "supplier:prePaymentTopUp", "--path", "authorities/organisation-issuer.pem"),
        *("--no-time-checks", "--new-floor", "5", "--floor", "supplier=9", "--when", "2026-05-01T00:00:00"),
    )
    payload = words["payload"]
    assert payload["replacements"][0]["cell"]["cell_usage_name"] == "prepaymentTopUp"
    assert payload["apply_time_based_cpv_checks"] is False
    assert (payload["new_floor_seq_number"], payload["execution_date_time"]) == (5, "2026-05-01T00:00:00Z")
    assert payload["other_seq_number_changes"][0]["floor_seq_number"] == 9


def test_a_hub_has_the_brokers_replacement_signed(althan: Althan, pki: Path) -> None:
    certificate = "organisations/90b3d51f30000002-ds.pem"
    words = built(althan, pki, CS02B, "--to", BRIDGE, "--mode", "4", "--chf", "--certificate", certificate)
    assert words["shape"] == "a"
    assert words["payload"]["authorising_cell"]["key_usage"] == "digitalSignature"


def test_the_broker_speaks_for_a_user(althan: Althan, pki: Path) -> None:
    words = built(althan, pki, "cs08", "--to", BRIDGE)
    assert words["originator"] == "90b3d51f30000002"
    assert (words["supplementary_remote_party_id"], words["supplementary_remote_party_counter"]) == (
        "90b3d51f30010000",
        1300,
    )
    words = built(althan, pki, "cs08", "--to", BRIDGE, "--for", "90b3d51f30030000", "--for-counter", "8")
    assert (words["supplementary_remote_party_id"], words["supplementary_remote_party_counter"]) == (
        "90b3d51f30030000",
        8,
    )


def test_counters_rise_by_themselves(althan: Althan, pki: Path) -> None:
    run = althan("build", "cs08", "--pki", pki, "--to", BRIDGE)
    words = json.loads(althan("decode", run.out.strip(), "--json").out)
    assert words["originator_counter"] > 1_700_000_000_000


def test_a_message_is_written_to_a_file_that_decode_reads(althan: Althan, pki: Path, tmp_path: Path) -> None:
    run = althan("build", "cs08", "--pki", pki, "--to", BRIDGE, "--out", "message")
    assert (run.status, run.out) == (0, "message: 78 octets\n")
    assert althan("decode", "message", "--pki", pki).status == 0
    assert (tmp_path / "message").read_text().count("\n") == 1


def test_list_names_every_use_case(althan: Althan) -> None:
    run = althan("build", "--list")
    assert [line.split()[0] for line in run.out.splitlines()] == sorted([*RECIPES, CS02B])


WRONG: list[tuple[list[str], str]] = [
    ([], "USECASE"),
    (["cs08"], "--pki"),
    (["cs99", "--pki", "PKI"], "cs99"),
    (["cs08", "--pki", "PKI"], "--to"),
    (["cs08", "--pki", "PKI", "--to", "1"], "--to"),
    (["cs08", "--pki", "PKI", "--to", "00db1234567890ff"], "00db1234567890ff"),
    (["cs08", "--pki", "PKI", "--to", BRIDGE, "--other", OTHER], "--other"),
    (["cs08", "--pki", "PKI", "--to", BRIDGE, "--counter", "-1"], "--counter"),
    (["cs08", "--pki", "PKI", "--to", BRIDGE, "--counter", str(2**64)], "--counter"),
    (["cs09", "--pki", "PKI", "--version", "1"], "--from"),
    (["cs09", "--pki", "PKI", "--from", BRIDGE], "--version"),
    (["cs09", "--pki", "PKI", "--from", BRIDGE, "--version", "xyz"], "--version"),
    (["cs09", "--pki", "PKI", "--from", BRIDGE, "--version", "1", "--when", "soon"], "--when"),
    (["cs09", "--pki", "PKI", "--from", BRIDGE, "--version", "1", "--result", "so-so"], "--result"),
    (["cs02a", "--pki", "PKI", "--to", BRIDGE, "--role", "king"], "--role"),
    (["cs02c", "--pki", "PKI", "--to", BRIDGE, "--key-usage", "all"], "--key-usage"),
    (["cs02d", "--pki", "PKI", "--to", BRIDGE, "--certificate", "absent"], "absent"),
    (["cs02b", "--pki", "PKI", "--to", BRIDGE, "--mode", "10"], "--mode"),
    (["cs02b", "--pki", "PKI", "--to", BRIDGE, "--mode", "4"], "--certificate"),
    (["ccs01", "--pki", "PKI", "--to", BRIDGE, "--other", OTHER, "--install-code", "00"], "--install-code"),
    (["ccs03", "--pki", "PKI", "--to", BRIDGE, "--pan", OTHER, "--entry", f"{OTHER}=00"], "--entry"),
    (["pcs01", "--pki", "PKI", "--to", BRIDGE, "--payload", "00"], "--from"),
    (["ecs52", "--pki", "PKI", "--to", BRIDGE, "--payload", "0"], "--payload"),
]


@pytest.mark.parametrize("arguments,word", WRONG, ids=[" ".join(arguments) or "nothing" for arguments, _ in WRONG])
def test_what_cannot_be_built_is_one_line(althan: Althan, pki: Path, arguments: list[str], word: str) -> None:
    is_bad_input(althan("build", *(pki if argument == "PKI" else argument for argument in arguments)), word)


def test_help_names_every_command(althan: Althan) -> None:
    run = althan("--help")
    assert run.status == 0
    assert {"decode", "build", "send"} <= {line.split()[0] for line in run.out.splitlines() if line.strip()}
    assert "--install-code" in althan("build", "--help").out
