"""Key establishment between a device and the trust centre: the machines of `cbke` on an endpoint of the HAN.

Everything goes under the network key alone, with APS acknowledgements; only after it Smart Energy's other clusters
answer, and then under the new link key (source: implementations that quote the table of Smart Energy 1.4).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from emulator.cbke.credentials import Credentials, suites_of
from emulator.cbke.effects import (
    Candidate,
    Compute,
    Effect,
    Established,
    Failed,
    ReadSuites,
    Send,
    SendDefaultResponse,
)
from emulator.cbke.effects import Report as ReportEffect
from emulator.cbke.initiator import Initiator
from emulator.cbke.responder import Responder
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.standards import Standards
from emulator.devices.attributes import Reading
from emulator.devices.endpoint import Endpoint
from emulator.ports.aps import ApsIndication, ApsPort, Outcome
from emulator.ports.compute import Computer
from emulator.zigbee.clusters.key_establishment import (
    KEY_ESTABLISHMENT_CLUSTER,
    KEY_ESTABLISHMENT_SUITE,
    SUITE_2,
    KeyEstablishmentMessage,
    TerminateKeyEstablishment,
    decode_key_establishment,
    encode_key_establishment,
)
from emulator.zigbee.clusters.ota import OTA_CLUSTER
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import (
    DefaultResponse,
    ReadAttributes,
    ReadAttributesResponse,
    encode_foundation,
)
from emulator.zigbee.frames.zcl_types import Value

CLUSTERS_WITHOUT_LINK_KEY: Final = frozenset((0x0000, 0x0001, 0x0003, 0x0009, KEY_ESTABLISHMENT_CLUSTER))
"""Clusters that answer under the network key alone: Basic, Power Configuration, Identify, Alarms and Key Establishment
(source: implementations that quote the table of Smart Energy 1.4)."""


@dataclass(frozen=True, slots=True)
class KeyEstablishmentMeans:
    """What a device establishes keys with.

    Attributes:
        credentials: its own, one for each suite that it has.
        computer: does the arithmetic.
        open_clusters: those that answer without a link key.
        ephemeral_seconds, confirm_seconds: what it tells its partner that it may need, 0 to 254.
        epoch: the date of `now` = 0, at which its partner's certificate must be valid; None: its dates are not looked
            at.
    """

    credentials: tuple[Credentials, ...]
    computer: Computer
    open_clusters: frozenset[int] = CLUSTERS_WITHOUT_LINK_KEY
    ephemeral_seconds: int = 10
    confirm_seconds: int = 15
    epoch: datetime | None = None


def key_establishment_attributes(means: KeyEstablishmentMeans | None) -> dict[int, Value | Reading]:
    """What a device shows in the cluster, at either side; one that goes without says suite 2, Great Britain's."""
    return {KEY_ESTABLISHMENT_SUITE: SUITE_2 if means is None else suites_of(means.credentials)}


def open_clusters(standards: Standards) -> frozenset[int]:
    """Clusters that answer without a link key, in a HAN with key establishment."""
    ota = frozenset() if standards.on("ota_aps_security") else frozenset((OTA_CLUSTER,))
    return CLUSTERS_WITHOUT_LINK_KEY | ota


class KeyEstablishmentUser(Protocol):
    """The device."""

    def key_established(self, partner: Eui64, link_key: bytes, now: int) -> None:
        """A link key (16 octets) is in force with a partner; the stack has it already."""

    def key_establishment_failed(self, partner: Eui64, reason: str, retry_at: int | None, now: int) -> None:
        """There is none; `retry_at` (µs) says when the machine itself begins again."""


class KeyEstablishment:
    """One machine, initiator or responder, on one endpoint.

    Args:
        port: the stack, which is given the key.
        endpoint: to send from.
        machine: what decides.
        user: the device.
        computer: does the arithmetic.
        report: told of everything that happens.
    """

    def __init__(
        self,
        port: ApsPort,
        endpoint: Endpoint,
        machine: Initiator | Responder,
        user: KeyEstablishmentUser,
        computer: Computer,
        report: Report,
    ) -> None:
        self.machine = machine
        self._port = port
        self._endpoint = endpoint
        self._user = user
        self._computer = computer
        self._report = report
        self._endpoints: dict[Eui64, int] = {}
        self._sending: dict[int, KeyEstablishmentMessage] = {}
        self._candidate: tuple[Eui64, bytes] | None = None

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        return self.machine.next_timeout()

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        self._carry_out(self.machine.on_timeout(now), now)

    def stop(self, now: int) -> None:
        """Off the air."""
        self._sending.clear()
        self._carry_out(self.machine.stop(now), now)

    # What the partner does

    def start(self, partner: Eui64, endpoint: int, now: int) -> None:
        """Initiator: establish a key with a partner whose cluster is on that endpoint."""
        assert isinstance(self.machine, Initiator)
        self._endpoints[partner] = endpoint
        self._carry_out(self.machine.start(partner, now), now)

    def received(self, message: ApsIndication, frame: ZclFrame, now: int) -> bool:
        """A command of the cluster; False where it is not for this side."""
        sender = message.source_eui64
        if sender is None or message.broadcast:
            self._report("cbke.dropped", "broadcast" if message.broadcast else "unknown-device", {}, now)
            return True
        # A Terminate is taken from either side: the direction of the one that ends an exchange is not settled.
        is_terminate = frame.command == TerminateKeyEstablishment.command
        if frame.server_to_client is not isinstance(self.machine, Initiator) and not is_terminate:
            return False
        self._endpoints.setdefault(sender, message.source_endpoint)
        self._carry_out(self._taken(sender, frame, now), now)
        return True

    def _taken(self, sender: Eui64, frame: ZclFrame, now: int) -> list[Effect]:
        try:
            command = decode_key_establishment(frame.command, frame.payload)
        except DecodeError:
            if isinstance(self.machine, Initiator):
                return self.machine.undecodable(sender, now)
            return self.machine.undecodable(sender, frame.sequence, now)
        return self.machine.received(sender, command, frame.sequence, now)

    def default_response(self, message: ApsIndication, response: DefaultResponse, now: int) -> None:
        """A ZCL Default Response in the cluster."""
        sender, machine = message.source_eui64, self.machine
        if sender is None:
            return
        if isinstance(machine, Initiator):
            self._carry_out(machine.default_response(sender, response.status, now), now)
        else:
            self._carry_out(machine.default_response(sender, response.to_command, response.status, now), now)

    def attributes_read(self, response: ReadAttributesResponse, now: int) -> None:
        """Initiator: the partner's suites."""
        if isinstance(self.machine, Initiator):
            suites = next((one.value for one in response.records if one.attribute == KEY_ESTABLISHMENT_SUITE), None)
            mask = None if suites is None or not isinstance(suites.value, int) else suites.value
            self._carry_out(self.machine.suites_read(mask, now), now)

    def heard(self, message: ApsIndication, now: int) -> None:
        """Any message: one under the link key that is not certain yet shows that the partner has it."""
        if self._candidate is None or not message.link_key or message.source_eui64 != self._candidate[0]:
            return
        partner, key = self._candidate
        if isinstance(self.machine, Responder) and self._port.link_key_with(partner) == key:
            self._carry_out(self.machine.authenticated(partner, now), now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> bool:
        """What became of a message; False if it was none of ours."""
        message = self._sending.pop(handle, None)
        if message is None:
            return False
        self._carry_out(self.machine.sent(message, now, delivered=outcome is Outcome.DELIVERED), now)
        return True

    # What the machine asks for

    def _carry_out(self, effects: Iterable[Effect], now: int) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self._send(effect, now)
            elif isinstance(effect, SendDefaultResponse):
                command, payload = encode_foundation(DefaultResponse(effect.command, effect.status))
                self._send_frame(Eui64(effect.to), False, command, payload, effect.sequence, now)
            elif isinstance(effect, ReadSuites):
                command, payload = encode_foundation(ReadAttributes((KEY_ESTABLISHMENT_SUITE,)))
                self._send_frame(Eui64(effect.of), False, command, payload, None, now)
            elif isinstance(effect, Compute):
                self._compute(effect)
            else:
                self._tell(effect, now)

    def _compute(self, effect: Compute) -> None:
        token = effect.token
        self._computer.compute(
            effect.work, lambda result, now: self._carry_out(self.machine.computed(token, result, now), now)
        )

    def _send(self, effect: Send, now: int) -> None:
        command, payload = encode_key_establishment(effect.message)
        handle = self._send_frame(Eui64(effect.to), True, command, payload, effect.sequence, now)
        if handle is None:
            self._carry_out(self.machine.sent(effect.message, now, delivered=False), now)
        else:
            self._sending[handle] = effect.message

    def _send_frame(
        self, to: Eui64, specific: bool, command: int, payload: bytes, sequence: int | None, now: int
    ) -> int | None:
        """Send a frame to a partner; None where the stack does not know it any more."""
        short = self._port.short_of(to)
        if short is None:
            return None
        number = self._endpoint.next_sequence() if sequence is None else sequence
        server = isinstance(self.machine, Responder)
        frame = ZclFrame(specific, server, number, command, payload)
        return self._endpoint.send(short, self._endpoints.get(to, 1), KEY_ESTABLISHMENT_CLUSTER, frame, now)

    def _tell(self, effect: Effect, now: int) -> None:
        if isinstance(effect, ReportEffect):
            self._report(effect.kind, effect.reason, dict(effect.fields), now)
        elif isinstance(effect, Established):
            partner = Eui64(effect.partner)
            self._candidate = None
            self._port.set_link_key(partner, effect.link_key, now)
            self._user.key_established(partner, effect.link_key, now)
        elif isinstance(effect, Failed):
            partner = Eui64(effect.partner)
            self._withdraw(partner, now)
            self._user.key_establishment_failed(partner, effect.reason, effect.retry_at, now)
        elif isinstance(effect, Candidate):
            self._candidate = (Eui64(effect.partner), effect.link_key)
            self._port.offer_link_key(*self._candidate, now)

    def _withdraw(self, partner: Eui64, now: int) -> None:
        """The key that was not certain yet is none."""
        if self._candidate is not None and self._candidate[0] == partner:
            self._candidate = None
            self._port.offer_link_key(partner, None, now)
