"""A PKI and a test CA that several programs share: nobody's keys are lost, whoever writes last."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from emulator.cbke.authority import CertificateAuthority
from emulator.cbke.authority_folder import CA_PRIVATE_KEY, CA_PUBLIC_KEY, authority_files, certificate_file
from emulator.cbke.credentials import BadCredentials
from emulator.cbke.suite import SUITES
from emulator.control.shared_authority import SharedAuthority, check_suites, credentials_in
from emulator.control.shared_pki import SharedPki
from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams

ONE, OTHER = Eui64(0x00DB_1200_0000_0001), Eui64(0x00DB_1200_0000_0002)


def authority(folder: Path, ca: Path | None = None, seed: int = 1) -> SharedAuthority:
    return SharedAuthority(folder / "cbke", ca, SeededStreams(seed), within=folder)


def test_a_device_that_another_program_made_meanwhile_stays(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    first, second = SharedPki(folder, 1), SharedPki(folder, 2)
    first.pki.identity(ONE)
    second.pki.identity(OTHER)
    first.publish()
    second.publish()
    assert first.public_keys(OTHER) is not None
    assert SharedPki(folder, 3).public_keys(ONE) is not None


def test_two_programs_that_begin_at_the_same_moment_have_the_same_pki(tmp_path: Path) -> None:
    folder, together = tmp_path / "pki", threading.Barrier(6)

    def begin(seed: int) -> SharedPki:
        together.wait(timeout=60)
        return SharedPki(folder, seed)

    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(begin, range(6)))
    brokers = {shared.pki.access_control_broker.digital_signature.certificate_octets for shared in found}
    assert len(brokers) == 1


def test_whoever_makes_the_keys_of_a_device_first_makes_them_for_all(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    hub, bridge = SharedPki(folder, 1), SharedPki(folder, 2)
    for shared in (hub, bridge):
        with shared.making():
            shared.pki.identity(ONE)
    keys = [shared.pki.device(ONE).digital_signature.certificate_octets for shared in (hub, bridge)]
    assert keys[0] == keys[1]
    assert bridge.public_keys(ONE) == hub.pki.device(ONE).public_keys


def test_a_private_key_that_lacks_is_said_where_it_is_needed_and_nowhere_else(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    shared = SharedPki(folder, 1)
    with shared.making():
        shared.pki.identity(ONE)
    keys = list((folder / "devices").rglob("*.key"))
    assert keys
    for key in keys:
        key.unlink()
    again = SharedPki(folder, 2)
    with again.making():
        assert again.pki.device(ONE).public_keys == shared.pki.device(ONE).public_keys

    def be_the_device() -> None:
        with again.making():
            again.pki.identity(ONE)

    with pytest.raises(BadInput, match="pki: no private key is known of"):
        be_the_device()


def test_a_pki_that_nobody_may_write_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "pki"
    first = SharedPki(folder, 1)
    with first.making():
        first.pki.identity(ONE)
    lock = tmp_path / ".pki.lock"
    lock.unlink()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    again = SharedPki(folder, 2)
    with again.making():
        again.pki.identity(ONE)
    assert again.public_keys(ONE) == first.pki.device(ONE).public_keys
    assert not lock.exists()


def test_of_what_could_not_be_made_nothing_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    shared = SharedPki(folder, 1)

    def begin() -> None:
        with shared.making():
            shared.pki.identity(ONE)
            raise BadInput("no such profile")

    with pytest.raises(BadInput, match="no such profile"):
        begin()
    assert shared.public_keys(ONE) is None


def test_keys_of_a_device_that_comes_up_later_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    hub = SharedPki(folder, 1)
    assert hub.public_keys(ONE) is None
    bridge = SharedPki(folder, 2)
    identity = bridge.pki.identity(ONE)
    bridge.publish()
    found = hub.public_keys(ONE)
    assert found is not None
    assert found.digital_signature == bridge.pki.device(identity.entity_id).public_keys.digital_signature


def test_the_test_ca_beside_a_pki_outlives_a_writing_of_the_pki(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    pki = SharedPki(folder, 1)
    issued = authority(folder).issued(ONE)
    pki.pki.identity(ONE)
    pki.publish()
    assert authority(folder, seed=2).credentials_of(ONE) == issued
    assert (folder / "cbke" / CA_PRIVATE_KEY).stat().st_mode & 0o077 == 0


def test_a_certificate_that_is_there_is_not_made_anew(tmp_path: Path) -> None:
    first = authority(tmp_path / "pki").issued(ONE)
    second = authority(tmp_path / "pki", seed=2)
    assert second.issued(ONE) == first
    assert second.credentials_of(OTHER) is None
    assert second.issued(OTHER).ca_public_key == first.ca_public_key


def test_a_ca_that_is_given_is_taken_and_another_than_the_one_there_is_refused(tmp_path: Path) -> None:
    given = tmp_path / "ca"
    given.mkdir()
    made = CertificateAuthority.generate(SUITES[1], SeededStreams(5))
    for name, file in authority_files(made).items():
        (given / name).write_text(file.text)
    assert authority(tmp_path / "a", given / CA_PRIVATE_KEY).suite is SUITES[1]
    authority(tmp_path / "b")
    before = (tmp_path / "b" / "cbke" / CA_PUBLIC_KEY).read_text()
    with pytest.raises(BadInput, match=r"holds another ca-.* already"):
        authority(tmp_path / "b", given)
    assert (tmp_path / "b" / "cbke" / CA_PUBLIC_KEY).read_text() == before


def test_a_certificate_file_brings_its_key_and_ca_from_beside_it_or_has_all_three(tmp_path: Path) -> None:
    issued = authority(tmp_path).issued(ONE)
    folder = tmp_path / "cbke"
    beside = folder / certificate_file(ONE)
    assert credentials_in(beside, None) == issued
    whole = tmp_path / "all.txt"
    names = (beside.name, beside.name.replace("certificate", "private-key"), CA_PUBLIC_KEY)
    whole.write_text("".join((folder / name).read_text() for name in names))
    assert credentials_in(whole, None) == issued


@pytest.mark.parametrize("octets, words", [(47, "47 octets"), (0, "holds no")])
def test_a_file_without_a_whole_certificate_is_refused(tmp_path: Path, octets: int, words: str) -> None:
    path = tmp_path / "one-certificate.txt"
    path.write_text(bytes(octets).hex())
    with pytest.raises(BadCredentials, match=words):
        credentials_in(path, None)


def test_a_certificate_of_a_suite_that_the_device_has_not_is_refused(tmp_path: Path) -> None:
    issued = authority(tmp_path).issued(ONE)
    check_suites(issued, (1, 2), "port")
    with pytest.raises(BadInput, match=r"port: a certificate of .*suite 1, as the profile has it"):
        check_suites(issued, (1,), "port")
