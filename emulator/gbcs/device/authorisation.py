"""Whether a Command may be believed: its shape, its originator, its MAC and its signature, in this order."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.gbcs import crypto
from emulator.gbcs.crypto import KeyAgreement
from emulator.gbcs.device.own_credentials import OwnCredentials
from emulator.gbcs.device.trust_store import CellContents, TrustStore
from emulator.gbcs.device.use_case import Permit
from emulator.gbcs.message import Message
from emulator.gbcs.refusal import Reason, Refused
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases.cells import TrustAnchorCell

BROKER_AGREES = TrustAnchorCell(RemotePartyRole.ACCESS_CONTROL_BROKER, KeyUsage.KEY_AGREEMENT)
"""Its key makes the MAC of every Command, whoever the originator is."""


class Authorisation:
    """Judges Commands by what a device holds; made anew whenever that changes.

    Args:
        store: the cells of remote parties.
        own: the device's keys.
    """

    def __init__(self, store: TrustStore, own: OwnCredentials) -> None:
        self._store = store
        self._agreement = KeyAgreement(own.keys.key_agreement)
        self._points: dict[bytes, crypto.PublicKey] = {}

    def check(self, command: Message, permits: Sequence[Permit]) -> Permit:
        """The permit under which the Command comes; Refused at the first check that fails."""
        permit = self._permit(command, permits)
        if command.mac is not None and not crypto.mac_is_valid(command, self.secret(BROKER_AGREES)):
            raise Refused(Reason.MAC_INVALID, "the MAC does not match the octets and the parties' keys")
        if command.signature is not None:
            signer = self._public_key(self.held(permit.cell))
            if not crypto.signature_is_valid(command, signer):
                raise Refused(Reason.SIGNATURE_INVALID, "the signature does not match the octets and the party's key")
        return permit

    def has_mac_of_broker(self, command: Message) -> bool:
        """Whether the Access Control Broker has passed the Command, whatever it asks."""
        return BROKER_AGREES in self._store.cells and crypto.mac_is_valid(command, self.secret(BROKER_AGREES))

    def held(self, cell: TrustAnchorCell) -> CellContents:
        """What a cell holds; Refused where the device has no such cell."""
        held = self._store.cells.get(cell)
        if held is None:
            raise Refused(Reason.WRONG_ORIGINATOR, f"no trust anchor {cell}")
        return held

    def secret(self, cell: TrustAnchorCell) -> bytes:
        """Z, shared with the party in a cell."""
        return self._agreement.shared_secret(self._public_key(self.held(cell)))

    def _permit(self, command: Message, permits: Sequence[Permit]) -> Permit:
        of_shape = [permit for permit in permits if permit.shape == command.shape]
        if not of_shape:
            allowed = " or ".join(sorted({permit.shape for permit in permits}))
            raise Refused(Reason.WRONG_SHAPE, f"shape {command.shape}, not {allowed}")
        originator = command.header.originator
        for permit in of_shape:
            held = self._store.cells.get(permit.cell)
            if held is not None and held.subject == originator:
                return permit
        raise Refused(Reason.WRONG_ORIGINATOR, f"from {originator:016x}, no trust anchor")

    def _public_key(self, held: CellContents) -> crypto.PublicKey:
        key = self._points.get(held.point)
        if key is None:
            key = self._points[held.point] = crypto.public_key(held.point)
        return key
