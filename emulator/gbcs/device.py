"""The device's end: a bridge (or PPMID) that answers CS08 and raises CS09.

A PPMID knows the Access Control Broker, with both its keys (RTDS 4.5.0); what else it knows was not found.
The order of the checks is ours: what costs nothing first, and nothing of a message is believed before its protection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.gbcs import crypto
from emulator.gbcs.counters import Counters
from emulator.gbcs.crypto import KeyAgreement
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.keys import EntityKeys, TrustAnchor, TrustAnchors
from emulator.gbcs.message import Message
from emulator.gbcs.refusal import Reason, Refusal, Refused
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases import cs08, cs09

_NOT_CRITICAL_COMMAND = "b"


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """How a device reads what GBCS leaves open; the first two are standards switches of the same name.

    Attributes:
        cs08_repeats: whether a CS08 command whose counter is not above the last one accepted is answered all the same.
        cs09_version_on_failure: which version the alert carries when an activation failed.
        ecdsa_deterministic: RFC 6979 signatures, so that the same run signs the same octets.
    """

    cs08_repeats: bool = True
    cs09_version_on_failure: Literal["running", "failed"] = "running"
    ecdsa_deterministic: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """A Command that was acted upon, and the answer to send.

    Attributes:
        octets: the Response, ready to send.
        command: what was asked.
        response: what is answered.
    """

    octets: bytes
    command: Message
    response: Message


class GbcsDevice:
    """A device that takes GBCS Commands from the Access Control Broker and raises alerts.

    `counters` is all it must keep over a restart: store `counters.to_dict()` whenever it changed, before what was
    returned is sent, and hand `Counters.from_dict(...)` to the next object.

    Args:
        keys: the device's own, with its entity identifier.
        trust_anchors: what it holds of remote parties.
        firmware_version: gives the version that runs now; None = it cannot be read.
        settings: the open questions; their defaults if None.
        counters: as they were stored last; None = a new device.
    """

    def __init__(
        self,
        keys: EntityKeys,
        trust_anchors: TrustAnchors,
        firmware_version: Callable[[], int | None],
        settings: DeviceSettings | None = None,
        counters: Counters | None = None,
    ) -> None:
        self.entity_id = keys.entity_id
        self.counters = counters or Counters()
        self._signing_key = keys.digital_signature
        self._key_agreement = KeyAgreement(keys.key_agreement)
        self._trust_anchors = trust_anchors
        self._firmware_version = firmware_version
        self._settings = settings or DeviceSettings()
        self._commands: Mapping[int, Callable[[Message], bytes]] = {cs08.MESSAGE_CODE: self._read_firmware_version}

    def receive(self, octets: bytes, now: int) -> Reply | Refusal:
        """Take what the hub brought; the answer, or why there is none.  A refused message changes nothing."""
        message = None
        try:
            message = Message.decode(octets)
            return self._answer(message)
        except DecodeError as error:
            reason = Reason.PAYLOAD_UNDECODABLE if message else Reason.UNDECODABLE
            return Refusal(now, reason, str(error), message)
        except Refused as error:
            return Refusal(now, error.reason, error.detail, message)

    def firmware_activation_alert(
        self, running: int, result: cs09.Result, at: datetime, attempted: int | None = None
    ) -> bytes:
        """The signed alert 0x8F8B to the Access Control Broker; takes the next alert counter.

        LocalProtocolError where no trust anchor says who that is.

        Args:
            running: the version that runs after the activation, or still runs after a failed one.
            result: how it went.
            at: when, UTC.
            attempted: the version that failed; carried instead where the setting says so.
        """
        version = running
        if result is cs09.Result.FAILURE and self._settings.cs09_version_on_failure == "failed":
            version = running if attempted is None else attempted
        return self._alert(cs09.MESSAGE_CODE, cs09.Alert(at, version, result).encode())

    def _alert(self, message_code: int, payload: bytes) -> bytes:
        broker = self._broker(KeyUsage.DIGITAL_SIGNATURE)
        if broker is None:
            raise LocalProtocolError("an alert has nobody to go to: no trust anchor of the Access Control Broker")
        self.counters = self.counters.next_alert()
        header = GroupingHeader(Cra.ALERT, self.counters.alert, self.entity_id, broker.subject, message_code)
        message = crypto.sign(
            Message(header, payload), self._signing_key, ecdsa_deterministic=self._settings.ecdsa_deterministic
        )
        return message.encode()

    def _answer(self, command: Message) -> Reply:
        header = command.header
        if header.recipient != self.entity_id:
            raise Refused(Reason.WRONG_TARGET, f"meant for {header.recipient:016x}")
        if header.cra is not Cra.COMMAND:
            raise Refused(Reason.NOT_A_COMMAND, f"a device takes no {header.cra.name.lower()}")
        act = self._commands.get(header.message_code)
        if act is None:
            raise Refused(Reason.UNKNOWN_USE_CASE, f"message code {header.message_code:04x}")
        secret = self._check_mac_of_broker(command)
        response = crypto.authenticate(Message(header.response(), act(command)), secret)
        return Reply(response.encode(), command, response)

    def _check_mac_of_broker(self, command: Message) -> bytes:
        """Only the Access Control Broker, and with a MAC alone; the secret shared with it."""
        broker = self._broker(KeyUsage.KEY_AGREEMENT)
        if broker is None or command.header.originator != broker.subject:
            raise Refused(Reason.WRONG_ORIGINATOR, f"from {command.header.originator:016x}, no trust anchor")
        if command.shape != _NOT_CRITICAL_COMMAND:
            raise Refused(Reason.WRONG_SHAPE, f"shape {command.shape}, not {_NOT_CRITICAL_COMMAND}")
        secret = self._key_agreement.shared_secret(broker.public_key)
        if not crypto.mac_is_valid(command, secret):
            raise Refused(Reason.MAC_INVALID, "the MAC does not match the octets and the parties' keys")
        return secret

    def _broker(self, usage: KeyUsage) -> TrustAnchor | None:
        return self._trust_anchors.get((RemotePartyRole.ACCESS_CONTROL_BROKER, usage))

    def _read_firmware_version(self, command: Message) -> bytes:
        cs08.Command.decode(command.payload)
        if not self._settings.cs08_repeats:
            self._accept_counter(RemotePartyRole.ACCESS_CONTROL_BROKER, command.header.originator_counter)
        return cs08.Response.of(self._firmware_version()).encode()

    def _accept_counter(self, role: RemotePartyRole, counter: int) -> None:
        if not self.counters.is_new(role, counter):
            raise Refused(Reason.COUNTER_REPEATED, f"counter {counter}, {self.counters.accepted[role]} was accepted")
        self.counters = self.counters.accept(role, counter)
