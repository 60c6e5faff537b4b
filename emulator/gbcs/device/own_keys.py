"""CS02c, CS02d and CS02e on a device: new keys of its own, their certificates, and showing them.

For a meter its supplier sends them (RTDS 4.5.0).  That the Access Control Broker sends them to a PPMID follows the
other critical Commands to one; where `DeviceSettings.authority` says so, a supplier may as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from emulator.gbcs.crypto import PrivateKey
from emulator.gbcs.device.settings import DeviceSettings
from emulator.gbcs.device.use_case import Answer, Request, UseCase, permits
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases import cs02c, cs02d, cs02e

NewKey = Callable[[KeyUsage, int], PrivateKey]
"""Makes a key pair for a use, for the Command with this counter."""


def no_certificate(_usage: KeyUsage) -> bytes:
    """A device whose maker gave it no certificates."""
    return b""


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """What the use cases need of the device.

    Attributes:
        new_key: makes the key pairs of CS02c.
        made_with: the certificate, DER, that the device was made with.
    """

    new_key: NewKey
    made_with: Callable[[KeyUsage], bytes] = no_certificate

    def use_cases(self, settings: DeviceSettings) -> dict[int, UseCase]:
        """By message code."""
        supplier = (RemotePartyRole.SUPPLIER,) if settings.authority == "supplier" else ()
        ways = permits("a", (RemotePartyRole.ACCESS_CONTROL_BROKER, *supplier))
        return {
            cs02c.MESSAGE_CODE: UseCase(ways, self._issue),
            cs02d.MESSAGE_CODE: UseCase(ways, self._update),
            cs02e.MESSAGE_CODE: UseCase(ways, self._provide, replay_protected=False),
        }

    def _issue(self, request: Request) -> Answer:
        asked, state = cs02c.Command.decode(request.command.payload), request.state
        key = self.new_key(asked.key_usage, request.command.header.originator_counter)
        own, response = state.own.issue(asked, key)
        return Answer(response.encode(), replace(state, own=own))

    def _update(self, request: Request) -> Answer:
        asked, state = cs02d.Command.decode(request.command.payload), request.state
        own, response = state.own.update(asked)
        return Answer(response.encode(), replace(state, own=own))

    def _provide(self, request: Request) -> Answer:
        asked, state = cs02e.Command.decode(request.command.payload), request.state
        return Answer(state.own.provide(asked, self.made_with).encode(), state)
