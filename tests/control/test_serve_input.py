"""What `althan serve` and `althan gbcs send` cannot use: status 2 and one line, before anything is served or sent."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from emulator.cbke.authority_folder import certificate_file
from emulator.control.cli.app import main
from tests.runtime.test_key_authority import EUI64, profile_with_files

FREE = ("--listen", "127.0.0.1:0")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def is_bad_input(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], *words: str) -> None:
    """Status 2, nothing on stdout, one line on stderr that has these words."""
    status = main(arguments)
    printed = capsys.readouterr()
    assert (status, printed.out) == (2, "")
    assert printed.err.startswith("althan: ")
    assert printed.err.count("\n") == 1
    for word in words:
        assert word in printed.err


@pytest.mark.parametrize(
    "options,words",
    [
        (("--listen", "0.0.0.0:0"), ("--listen", "--allow-remote", "password")),
        (("--listen", "here"), ("--listen", "HOST:PORT")),
        ((*FREE, "--speed", "fast"), ("--speed",)),
        ((*FREE, "--fidelity", "air"), ("fidelity",)),
        ((*FREE, "--profile", "bridge-9"), ("bridge-9",)),
        ((*FREE, "--hub", "bridge-1"), ("a hub",)),
        ((*FREE, "--set", "x=1"), ("x",)),
        ((*FREE, "--profiles", "absent"), ("absent",)),
        ((*FREE, *["--profile", "bridge-1"] * 7), ("limits.type1_devices",)),
        ((*FREE, "--premises", "gasfar"), ("gasfar", "gas-far")),
        ((*FREE, "--premises", "absent.toml"), ("absent.toml",)),
        ((*FREE, "--premises", "gas-far", "--profile", "bridge-1"), ("--premises", "without --profile and --hub")),
        ((*FREE, "--premises", "gas-far", "--hub", "hub"), ("--premises", "without --profile and --hub")),
        ((*FREE, "--premises", "gas-far", "--set", "limits.type1_devices=1"), ("limits.type1_devices",)),
    ],
    ids=lambda value: " ".join(value)[:50],
)
def test_what_cannot_be_served(
    capsys: pytest.CaptureFixture[str], folder: Path, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    is_bad_input(capsys, ("serve", *options), *words)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("command", [("serve", *FREE), ("demo", "--out", "out")], ids=["serve", "demo"])
def test_a_profile_whose_certificate_has_expired(
    capsys: pytest.CaptureFixture[str], folder: Path, command: tuple[str, ...]
) -> None:
    profile = profile_with_files(folder, datetime(2020, 1, 1, tzinfo=UTC), 86_400)
    words = (certificate_file(EUI64), "2020-01-01 00:00:00 UTC to 2020-01-02 00:00:00 UTC", "cbke.time_checks=false")
    is_bad_input(capsys, (*command, "--profile", str(profile)), *words)
    assert not (folder / "out").exists()


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        is_bad_input(capsys, ("serve", "--listen", f"127.0.0.1:{port}"), "--listen", "in use")


def test_a_folder_that_is_no_pki_or_cannot_be_one_is_left_alone(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "letter").write_text("dear")
    (folder / "file").write_text("")
    is_bad_input(capsys, ("serve", *FREE, "--pki", "mine"), "mine", "no PKI of ours")
    is_bad_input(capsys, ("serve", *FREE, "--pki", "file/pki"), "file/pki")
    assert sorted(path.name for path in folder.rglob("*")) == ["file", "letter", "mine"]


@pytest.mark.parametrize("missing", ["organisations/90b3d51f30000002-ka.key", "authorities/device-issuer.key"])
def test_a_pki_without_the_private_keys_that_a_han_needs(
    capsys: pytest.CaptureFixture[str], folder: Path, missing: str
) -> None:
    assert main(["pki", "create", "pki"]) == 0
    (folder / "pki" / missing).unlink()
    capsys.readouterr()
    is_bad_input(capsys, ("serve", *FREE, "--pki", "pki"), "pki", "no private key")


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1", "127.0.0.1:8420", "http://", "http://h:x", "http://127.0.0.1/api", "http://[::1"]
)
def test_a_url_that_is_none(capsys: pytest.CaptureFixture[str], url: str) -> None:
    is_bad_input(capsys, ("gbcs", "send", "00", "--url", url), "--url")


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-nobody\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"])
def test_something_else_that_answers_is_no_han(capsys: pytest.CaptureFixture[str], answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, _answering(listener, answer):
        port = listener.getsockname()[1]
        is_bad_input(capsys, ("gbcs", "send", "00", "--url", f"http://127.0.0.1:{port}"), "no HAN at")


@pytest.mark.parametrize(
    "arguments,word",
    [
        (("00", "--to", "12"), "--to"),
        (("00", "--wait", "0"), "--wait"),
        (("00", "--wait", "nan"), "--wait"),
        (("absent.hex",), "absent.hex"),
    ],
    ids=["to", "no time", "no number", "no file"],
)
def test_what_cannot_be_sent(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], word: str) -> None:
    is_bad_input(capsys, ("gbcs", "send", *arguments), word)


@contextmanager
def _answering(listener: socket.socket, octets: bytes) -> Iterator[None]:
    """Take one connection, and answer that whatever comes."""

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(octets)

    thread = Thread(target=answer, daemon=True)
    thread.start()
    yield
    thread.join(timeout=60)
