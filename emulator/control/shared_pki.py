"""The PKI of a running HAN in a folder, so that others can make messages for its devices."""

from __future__ import annotations

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
    """A PKI that is read from a folder where it is there already, and written with the devices of the HAN in it.

    Args:
        folder: of the PKI, or where one is to be.
        seed: for keys that are made: the same every time; None: nobody can guess them.

    Attributes:
        pki: what devices and Access Control Broker of the run are made with.

    Raises:
        BadInput: the folder holds anything else, is damaged, or lacks private keys that a HAN needs.
    """

    def __init__(self, folder: Path, seed: int | None) -> None:
        check_target(folder)
        self._folder = folder
        self._kept: dict[str, StoredCredential] = {}
        streams = SystemStreams() if seed is None else SeededStreams(seed)
        if is_pki_folder(folder):
            self._kept = _stored(folder)
            self.pki = load_pki(folder, streams)
        else:
            self.pki = generate_pki(streams, ())
        self._check_private_keys()

    def publish(self) -> bool:
        """Write whatever the folder has not got yet, e.g. new devices; whether there was anything.

        Raises:
            BadInput: it cannot be written.
        """
        made = {name: one for name, one in stored_credentials(self.pki).items() if name not in self._kept}
        if not made:
            return False
        with held_folder(self._folder):
            # Others may have written meanwhile: what they made stays.
            there = _stored(self._folder) if is_pki_folder(self._folder) else {}
            self._kept = made | self._kept | there
            write_pki(self._folder, self._kept)
        return True

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
        try:
            self.pki.access_control_broker.keys  # noqa: B018 - looked at for what it raises
            self.pki.device_issuer.private_key  # noqa: B018 - as above
        except LocalProtocolError as error:
            raise BadInput(str(error), where=str(self._folder), allowed="a PKI with the keys of both") from error


def _stored(folder: Path) -> dict[str, StoredCredential]:
    """Everything in the folder, also what no run has a use for."""
    return {
        one.name: StoredCredential(one.certificate.octets, one.private_key) for one in read_ring(folder).credentials
    }
