"""The PKI of a running HAN in a folder, so that others can make messages for its devices."""

from __future__ import annotations

from pathlib import Path

from emulator.core.errors import BadInput, LocalProtocolError
from emulator.core.rng import SeededStreams, SystemStreams
from emulator.gbcs.pki import StoredCredential, generate_pki
from emulator.gbcs.pki_folder import check_target, is_pki_folder, load_pki, read_ring, stored_credentials, write_pki


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
        if made:
            self._kept |= made
            write_pki(self._folder, self._kept)
        return bool(made)

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
