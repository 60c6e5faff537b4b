"""The PKI of a running HAN in a folder, so that others can make messages for its devices."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from emulator.control.held_folder import held_folder
from emulator.core.errors import BadInput, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams, SystemStreams
from emulator.gbcs.keys import PublicKeys
from emulator.gbcs.pki import StoredCredential, generate_pki
from emulator.gbcs.pki_folder import check_target, is_pki_folder, load_pki, read_ring, stored_credentials, write_pki
from emulator.gbcs.roles import KeyUsage


class SharedPki:
    """A PKI in a folder that several programs share: read where it is there already, else made and written at once.

    Args:
        folder: of the PKI, or where one is to be.
        seed: for keys that are made: the same every time; None: nobody can guess them.

    Attributes:
        pki: what devices and Access Control Broker of the run are made with.

    Raises:
        BadInput: the folder holds anything else, is damaged, cannot be written, or lacks private keys that a HAN needs.
    """

    def __init__(self, folder: Path, seed: int | None) -> None:
        check_target(folder)
        self._folder = folder
        streams = SystemStreams() if seed is None else SeededStreams(seed)
        with held_folder(folder) if not is_pki_folder(folder) else self._held():
            # Whoever comes at the same moment takes the keys of who was first.
            there = is_pki_folder(folder)
            self.pki = load_pki(folder, streams) if there else generate_pki(streams, ())
            self._check_private_keys()
            if not there:
                self._write()

    @contextmanager
    def making(self) -> Iterator[None]:
        """What is made inside for new devices is in the folder afterwards; what others have made before is taken.

        They wait meanwhile, so that two programs never make keys for one device.

        Raises:
            BadInput: the folder is damaged, or cannot be written.
        """
        with self._held(), self._keys_checked():
            self.pki.learn(_stored(self._folder))
            yield
            self._write()

    def publish(self) -> None:
        """Write whatever the folder has not got yet, e.g. new devices; BadInput where it cannot be written."""
        with self._held(), self._keys_checked():
            self._write()

    def _held(self) -> AbstractContextManager[None]:
        """Hold the folder, unless nobody can write it anyway."""
        return held_folder(self._folder) if os.access(self._folder.absolute().parent, os.W_OK) else nullcontext()

    @contextmanager
    def _keys_checked(self) -> Iterator[None]:
        """BadInput where a private key is needed that the folder lacks."""
        try:
            yield
        except LocalProtocolError as error:
            raise BadInput(str(error), where=str(self._folder), allowed="a PKI with the private keys") from error

    def _write(self) -> None:
        """Write what is new; what others have written stays.  The folder is held."""
        there = _stored(self._folder) if is_pki_folder(self._folder) else {}
        whole = stored_credentials(self.pki) | there
        if len(whole) > len(there):
            write_pki(self._folder, whole)

    def public_keys(self, device: Eui64) -> PublicKeys | None:
        """The keys of a device as the folder has them now: it may have come up after this program; None: it has none.

        Raises:
            BadInput: the folder is damaged.
        """
        if not is_pki_folder(self._folder):
            return None
        ring = read_ring(self._folder, [device])
        signing = ring.of(device, KeyUsage.DIGITAL_SIGNATURE)
        agreement = ring.of(device, KeyUsage.KEY_AGREEMENT)
        return PublicKeys(signing[0].public_key, agreement[0].public_key) if signing and agreement else None

    def _check_private_keys(self) -> None:
        """Those of who acts in a run: the Access Control Broker, and the issuer of what is made for new devices."""
        with self._keys_checked():
            self.pki.access_control_broker.keys  # noqa: B018 - looked at for what it raises
            self.pki.device_issuer.private_key  # noqa: B018 - as above


def _stored(folder: Path) -> dict[str, StoredCredential]:
    """Everything in the folder, also what no run has a use for."""
    return {
        one.name: StoredCredential(one.certificate.octets, one.private_key) for one in read_ring(folder).credentials
    }
