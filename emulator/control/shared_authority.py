"""The test CA of key establishment that a hub and the bridges on other sticks share, and its certificates, in a folder.

The folder is one as `althan cbke issue` makes it; beside a PKI it is that PKI's subfolder `cbke`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from emulator.cbke.authority import CertificateAuthority
from emulator.cbke.authority_folder import (
    CA_PUBLIC_KEY,
    TextFile,
    authority_files,
    certificate_file,
    device_files,
    private_key_file,
    read_authority,
    read_folder,
)
from emulator.cbke.credential_text import Part, load_credentials, part_of, read_text
from emulator.cbke.credentials import BadCredentials, Credentials
from emulator.cbke.suite import SUITES, Suite
from emulator.control.held_folder import held_folder
from emulator.core.clock import VIRTUAL_EPOCH
from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.rng import Streams
from emulator.gbcs.folder_writing import FileContent, write_folder

GREAT_BRITAINS_SUITE: Final = 2


class SharedAuthority:
    """A folder with a CA and certificates of it.

    Args:
        folder: where it is, or is to be.
        ca: a CA to be used in place of the one in the folder: a file with its private key, or a folder.
        streams: for keys that are made.
        within: the folder that is exchanged as a whole where this one is part of it; None: itself.

    Raises:
        BadInput: the folder holds anything else, or another CA than `ca`.
    """

    def __init__(self, folder: Path, ca: Path | None, streams: Streams, *, within: Path | None = None) -> None:
        self._folder = folder
        self._held = within or folder
        self._streams = streams
        given = None if ca is None else read_authority(ca)
        with held_folder(self._held):
            held = read_folder(folder)
            self._authority = given or (read_authority(folder) if held else _new(streams))
            self._add({})

    @property
    def suite(self) -> Suite:
        """Of its certificates."""
        return self._authority.suite

    def credentials_of(self, device: Eui64) -> Credentials | None:
        """What the folder has for a device; None where it has nothing.

        Raises:
            BadCredentials: it is damaged.
        """
        paths = [self._folder / name for name in (certificate_file(device), private_key_file(device), CA_PUBLIC_KEY)]
        if not paths[0].exists():
            return None
        return load_credentials(self.suite, paths[0], paths[1], paths[2], eui64=device)

    def issued(self, device: Eui64) -> Credentials:
        """What the folder has for a device, made now where it has nothing.

        Raises:
            BadInput: it cannot be written, or is damaged.
        """
        with held_folder(self._held):
            there = self.credentials_of(device)
            if there is not None:
                return there
            made = self._authority.issue(device, self._streams, min(VIRTUAL_EPOCH, datetime.now(UTC)))
            self._add(device_files([made]))
            return made

    def _add(self, files: dict[str, TextFile]) -> None:
        """Write the CA and these files beside what is there; the folder is held."""
        held = read_folder(self._folder)
        made = authority_files(self._authority) | files
        for name, one in made.items():
            if held.get(name, one) != one:
                raise BadInput(f"holds another {name} already", where=str(self._folder), allowed="another folder")
        whole = held | made
        if whole != held:
            contents = {name: FileContent(one.text.encode("latin-1"), one.secret) for name, one in whole.items()}
            write_folder(self._folder, contents)


def _new(streams: Streams) -> CertificateAuthority:
    return CertificateAuthority.generate(SUITES[GREAT_BRITAINS_SUITE], streams)


def credentials_in(certificate: Path, at: datetime | None) -> Credentials:
    """The credentials whose certificate is in this file.

    Private key and CA's public key are in the same file, or beside it under the names that `althan cbke issue` gives.

    Args:
        certificate: the file.
        at: the date, UTC, at which the certificate must be valid; None: whatever its dates say.

    Raises:
        BadCredentials: with its reason, naming the file.
    """
    octets = part_of(read_text(certificate), Part.CERTIFICATE, str(certificate))
    suite = next((one for one in SUITES.values() if one.certificate_octets == len(octets)), None)
    if suite is None:
        allowed = " or ".join(f"{one.certificate_octets} for {one}" for one in SUITES.values())
        raise BadCredentials(
            "damaged-certificate", f"{len(octets)} octets", where=str(certificate), allowed=allowed
        )  # fmt: skip
    key = _beside(certificate, Part.PRIVATE_KEY, certificate.name.replace("-certificate", "-private-key"))
    return load_credentials(suite, certificate, key, _beside(certificate, Part.CA_PUBLIC_KEY, CA_PUBLIC_KEY), at=at)


def _beside(certificate: Path, part: Part, name: str) -> Path:
    """The file itself where it holds the part, else the one of that name in the same folder."""
    try:
        part_of(read_text(certificate), part, str(certificate))
    except BadCredentials:
        return certificate.with_name(name)
    return certificate


def check_suites(credentials: Credentials, suites: Iterable[int], where: str) -> None:
    """BadInput where a device of this profile has no use for a certificate of that suite."""
    if credentials.suite.number not in suites:
        what = f"a certificate of {credentials.suite} for {eui64_text(credentials.eui64)}"
        raise BadInput(what, where=where, allowed=f"suite {', '.join(map(str, suites))}, as the profile has it")
