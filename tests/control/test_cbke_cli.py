"""`althan cbke`: the published exchanges computed, certificates issued, and one line with status 2 for bad input."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from emulator.cbke.authority_folder import CA_PUBLIC_KEY, certificate_file, private_key_file, read_authority
from emulator.cbke.credential_text import load_credentials
from emulator.cbke.suite import SUITES
from emulator.cbke.work import GenerateEphemeral
from emulator.core.clock import VIRTUAL_EPOCH
from emulator.core.eui64 import parse_eui64
from tests.cbke.parties import BRIDGE, HUB, authority, credentials
from tests.control.running import Althan, is_bad_input, runner

ONE, TWO = "00:DB:12:34:56:78:90:B1", "00db1234567890b2"
NAMES = {"Z": "z", "MacKey": "mac_key", "KeyData": "key_data", "MACU": "macu", "MACV": "macv"}


@pytest.fixture
def althan(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Althan:
    monkeypatch.chdir(tmp_path)
    return runner("cbke", capsys)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def exchange() -> dict[str, Any]:
    """The least that is needed, from our own authority, as the initiator."""
    own, suite = credentials(BRIDGE), SUITES[2]
    return {
        "suite": 2,
        "role": "initiator",
        "ca_pub": suite.curve.encode(own.ca_public_key).hex(),
        "initiator": {
            "cert": own.octets.hex(),
            "private": suite.private_key_octets_of(own.private_key).hex(),
            "ephemeral_private": f"{5:072x}",
        },
        "responder": {
            "cert": credentials(HUB).octets.hex(),
            "ephemeral_public": GenerateEphemeral(suite, 6)().point.hex(),
        },
    }


def write(values: object, name: str = "exchange.json") -> str:
    Path(name).write_text(json.dumps(values))
    return name


# --- compute ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role, peer", [("initiator", "responder"), ("responder", "initiator")])
def test_the_published_exchanges_come_to_the_published_values(
    althan: Althan, vectors: Path, role: str, peer: str
) -> None:
    published = json.loads((vectors / "cbke.json").read_text())
    for one in published["full_exchange"] + published["full_exchange_own_ca"]:
        run = althan("compute", write(one | {"role": role}), "--json")
        expected = {ours: one[theirs] for theirs, ours in NAMES.items()}
        expected |= {"public_key": one[role]["public"], "peer_public_key": one[peer]["public"]}
        assert (run.status, run.err) == (0, "")
        assert json.loads(run.out) == expected


def test_both_sides_come_to_the_same_from_what_each_knows(althan: Althan) -> None:
    one = exchange()
    suite, hub = SUITES[2], credentials(HUB)
    other = one | {
        "role": "V",
        "initiator": {
            "cert": one["initiator"]["cert"],
            "ephemeral_public": GenerateEphemeral(suite, 5)().point.hex(),
        },
        "responder": {
            "cert": hub.octets.hex(),
            "private": suite.private_key_octets_of(hub.private_key).hex(),
            "ephemeral_private": f"{6:072x}",
        },
    }
    ours, theirs = (json.loads(althan("compute", write(values), "--json").out) for values in (one, other))
    assert ours["public_key"] == theirs["peer_public_key"]
    assert {name: ours[name] for name in NAMES.values()} == {name: theirs[name] for name in NAMES.values()}


def test_without_json_there_is_a_line_for_each_value_and_stdin_will_do(
    althan: Althan, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = json.loads(althan("compute", write(exchange()), "--json").out)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(exchange()).encode())))
    run = althan("compute", "-")
    assert run.status == 0
    assert dict(line.split() for line in run.out.splitlines()) == values


CHANGES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "suite-3": ({"suite": 3}, ("suite: is 3", "1, 2")),
    "suite-true": ({"suite": True}, ("suite: is True",)),
    "no-role": ({"role": None}, ("role: is None", "initiator, responder")),
    "suite-of-other-certificates": ({"suite": 1}, ("certificate of 74 octets",)),
    "no-hex": ({"ca_pub": "xyz"}, ("ca_pub: is no hex",)),
    "number-for-hex": ({"ca_pub": 7}, ("ca_pub: is no hex",)),
    "no-ca": ({"ca_pub": None}, ("ca_pub: is missing",)),
    "ca-off-curve": ({"ca_pub": "03" + "00" * 36}, ("ca_pub: not on sect283k1",)),
    "no-side": ({"responder": None}, ("responder: is missing",)),
    "side-no-object": ({"responder": []}, ("responder: is no object",)),
    "another-ca": ({"ca_pub": SUITES[2].curve.encode(authority(seed=2).public_key).hex()}, ("do not belong together",)),
}


@pytest.mark.parametrize("change, words", CHANGES.values(), ids=CHANGES)
def test_a_value_that_cannot_be_used_is_named(althan: Althan, change: dict[str, Any], words: tuple[str, ...]) -> None:
    is_bad_input(althan("compute", write(exchange() | change)), "exchange.json", *words)


INNER: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "no-private": ("initiator", {"private": None}, ("initiator.private: is missing",)),
    "private-length": ("initiator", {"private": "00"}, ("initiator.private: private key of 1 octets",)),
    "private-of-another": ("initiator", {"private": "00" * 35 + "07"}, ("initiator.cert", "do not belong together")),
    "ephemeral-zero": ("initiator", {"ephemeral_private": "00" * 36}, ("initiator.ephemeral_private",)),
    "wrong-ephemeral": ("initiator", {"ephemeral_public": "00"}, ("initiator.ephemeral_public: contradicts",)),
    "wrong-public": ("responder", {"public": "00"}, ("responder.public: contradicts",)),
    "wrong-eui64": ("responder", {"eui64": "00" * 8}, ("responder.eui64: contradicts", "00db1234567890a1")),
    "peer-certificate": ("responder", {"cert": "00"}, ("responder.cert: certificate of 1 octets",)),
    "peer-point": (
        "responder",
        {"ephemeral_public": "02" + "00" * 36},
        ("responder: refused: ephemeral-key-low-order",),
    ),
    "no-peer-point": ("responder", {"ephemeral_public": None}, ("responder.ephemeral_public: is missing",)),
}


@pytest.mark.parametrize("side, change, words", INNER.values(), ids=INNER)
def test_a_value_of_one_side_that_cannot_be_used_is_named(
    althan: Althan, side: str, change: dict[str, Any], words: tuple[str, ...]
) -> None:
    values = exchange()
    values[side] |= change
    is_bad_input(althan("compute", write(values)), *words)


def test_what_is_no_exchange_at_all_is_named(althan: Althan, tmp_path: Path) -> None:
    is_bad_input(althan("compute", "absent.json"), "absent.json", "No such file")
    is_bad_input(althan("compute", tmp_path), "cannot be read")
    is_bad_input(althan("compute", write([])), "no JSON object")
    (tmp_path / "text").write_text("{")
    is_bad_input(althan("compute", "text"), "no JSON")
    (tmp_path / "deep").write_text("[" * 60_000)
    is_bad_input(althan("compute", "deep"), "no JSON")
    (tmp_path / "long").write_text(" " * 70_000)
    is_bad_input(althan("compute", "long"), "more than 65536 octets")


# --- issue -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", SUITES)
def test_what_is_issued_can_be_named_by_a_profile(althan: Althan, number: int) -> None:
    run = althan("issue", "--eui64", ONE, "--eui64", TWO, "--out", "ca", "--suite", str(number))
    assert (run.status, run.err) == (0, "")
    for text in (ONE, TWO):
        eui64 = parse_eui64(text)
        paths = (Path("ca") / name for name in (certificate_file(eui64), private_key_file(eui64), CA_PUBLIC_KEY))
        assert load_credentials(SUITES[number], *paths, eui64=eui64).eui64 == eui64
    secret = {path.name for path in Path("ca").iterdir() if path.stat().st_mode & 0o077 == 0}
    assert {name for name in contents(Path("ca")) if name.endswith("private-key.txt")} == secret


def test_a_seed_issues_the_same_every_time_and_none_never(althan: Althan) -> None:
    for name, seed in (("one", ("--seed", "7")), ("two", ("--seed", "7")), ("three", ()), ("four", ())):
        assert althan("issue", "--eui64", ONE, "--out", name, *seed).status == 0
    one, two, three, four = (contents(Path(name)) for name in ("one", "two", "three", "four"))
    assert one == two
    assert [name for name in three if three[name] == four[name]] == ["cbke.json"]


@pytest.mark.parametrize("seed", [(), ("--seed", "7")], ids=["unseeded", "seeded"])
def test_what_is_issued_is_valid_in_virtual_time_and_today(althan: Althan, seed: tuple[str, ...]) -> None:
    althan("issue", "--eui64", ONE, "--out", "ca", *seed)
    eui64 = parse_eui64(ONE)
    paths = [Path("ca") / name for name in (certificate_file(eui64), private_key_file(eui64), CA_PUBLIC_KEY)]
    for date in (VIRTUAL_EPOCH, datetime.now(UTC)):
        assert load_credentials(SUITES[2], *paths, at=date).eui64 == eui64


def test_the_ca_in_a_folder_goes_on_and_what_is_there_stays(althan: Althan) -> None:
    althan("issue", "--eui64", ONE, "--out", "ca")
    before = contents(Path("ca"))
    assert althan("issue", "--eui64", TWO, "--out", "ca").status == 0
    after = contents(Path("ca"))
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 2
    is_bad_input(althan("issue", "--eui64", "00db1234567890b3", "--eui64", ONE, "--out", "ca"), "holds another 00db")
    assert contents(Path("ca")) == after, "all or nothing"


@pytest.mark.parametrize("source", ["ca", "ca/ca-private-key.txt"])
def test_another_folder_may_have_the_same_ca(althan: Althan, source: str) -> None:
    althan("issue", "--eui64", ONE, "--out", "ca")
    assert althan("issue", "--eui64", TWO, "--out", "more", "--ca", source).status == 0
    assert read_authority(Path("more")) == read_authority(Path("ca"))


def test_what_cannot_be_issued_is_named_and_nothing_is_written(althan: Althan, tmp_path: Path) -> None:
    is_bad_input(althan("issue", "--out", "ca"), "--eui64")
    is_bad_input(althan("issue", "--eui64", "12", "--out", "ca"), "no EUI-64")
    is_bad_input(althan("issue", "--eui64", ONE, "--out", "ca", "--suite", "3"), "--suite", "1, 2")
    is_bad_input(althan("issue", "--eui64", ONE, "--out", "ca", "--ca", "absent"), "absent", "no such file")
    assert not (tmp_path / "ca").exists()
    althan("issue", "--eui64", ONE, "--out", "ca")
    is_bad_input(althan("issue", "--eui64", TWO, "--out", "ca", "--suite", "1"), "--suite", "crypto suite 2")
    is_bad_input(althan("issue", "--eui64", TWO, "--out", "b", "--ca", "ca/ca-public-key.txt"), "no CA Private Key")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("dear")
    is_bad_input(althan("issue", "--eui64", ONE, "--out", "mine"), "not empty")
    assert contents(tmp_path / "mine") == {"letter": b"dear"}
    althan("issue", "--eui64", TWO, "--out", "other")
    is_bad_input(althan("issue", "--eui64", TWO, "--out", "ca", "--ca", "other"), "holds another ca-p")
