"""The DCC's end: an Access Control Broker that sends Commands to devices and judges what comes back.

It speaks for a user whom the device does not know (unknown remote party pattern, RTDS 4.5.0): it is the
originator with its own counter, the user stands in the supplementary fields and comes back in them unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Value
from emulator.gbcs import crypto, describe
from emulator.gbcs.crypto import KeyAgreement
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.keys import EntityKeys, PublicKeys
from emulator.gbcs.message import Message
from emulator.gbcs.refusal import Reason, Refusal, Refused
from emulator.gbcs.use_cases import cs08, cs09, cs14, generic_alert
from emulator.gbcs.use_cases.catalogue import CREDENTIALS_CODES, decode_payload, payload_type
from emulator.gbcs.use_cases.payload import Payload

_ACTIVATION_CODES = (cs09.MESSAGE_CODE, cs09.OTHER_MESSAGE_CODE)
_RESPONSES = {"a": "d", "b": "c"}
"""By the shape of a Command of the broker, that of its Response; but what replaces credentials is always signed."""
_WITH_MAC = "cf"
_NOT_CRITICAL = (cs14.MESSAGE_CODE, generic_alert.NOT_CRITICAL_MESSAGE_CODE)
"""Alerts with a MAC; all others are signed."""


@dataclass(frozen=True, slots=True)
class FirmwareVersionRead:
    """A CS08 Response that answers one of our Commands.

    Attributes:
        device: who answered.
        response: what it said.
        command: what was asked.
        message: the Response as received.
    """

    device: Eui64
    response: cs08.Response
    command: Message
    message: Message


@dataclass(frozen=True, slots=True)
class FirmwareActivationAlert:
    """A CS09 alert with a good signature.

    Attributes:
        device: who raised it.
        alert: what it says.
        message: the alert as received.
    """

    device: Eui64
    alert: cs09.Alert
    message: Message


@dataclass(frozen=True, slots=True)
class Answered:
    """A Response, other than to CS08, that answers one of our Commands and is protected as it must be.

    Attributes:
        device: who answered.
        command: what was asked.
        message: the Response as received.
    """

    device: Eui64
    command: Message
    message: Message


@dataclass(frozen=True, slots=True)
class Alerted:
    """An alert, other than CS09, with a good signature or MAC.

    Attributes:
        device: who raised it.
        payload: what it says; None for one whose payload is passed on as it is.
        message: the alert as received.
    """

    device: Eui64
    payload: Payload | None
    message: Message


Outcome = FirmwareVersionRead | FirmwareActivationAlert | Answered | Alerted | Refusal


class AccessControlBroker:
    """Sends Commands to devices and judges what comes back.

    Args:
        keys: its own.
        devices: the public keys of the devices that it serves; `register` adds more.
        last_counter: the Originator Counter of the last Command that it sent; the next has one more.
    """

    def __init__(
        self, keys: EntityKeys, devices: Mapping[Eui64, PublicKeys] | None = None, last_counter: int = 0
    ) -> None:
        self.entity_id = keys.entity_id
        self.last_counter = last_counter
        self._signing_key = keys.digital_signature
        self._key_agreement = KeyAgreement(keys.key_agreement)
        self._devices = dict(devices or {})
        self._pending: dict[int, Message] = {}
        self._last_alert: dict[Eui64, int] = {}

    def register(self, device: Eui64, keys: PublicKeys) -> None:
        """Serve one more device, or the same one under new keys."""
        self._devices[device] = keys

    def command_cs08(
        self, device: Eui64, supplementary_remote_party_id: Eui64, supplementary_remote_party_counter: int
    ) -> bytes:
        """The Command to read a device's firmware version, for the user named; LocalProtocolError if it is unknown."""
        header = GroupingHeader(
            cra=Cra.COMMAND,
            originator_counter=self.last_counter + 1,
            originator=self.entity_id,
            recipient=device,
            message_code=cs08.MESSAGE_CODE,
            supplementary_remote_party_id=supplementary_remote_party_id,
            supplementary_remote_party_counter=supplementary_remote_party_counter,
        )
        return self._send(Message(header, cs08.Command().encode()))

    def command(
        self, device: Eui64, message_code: int, payload: bytes, *, signed: bool = False, user: Eui64 | None = None
    ) -> bytes:
        """A Command of any use case, with the next counter; LocalProtocolError if the device is unknown.

        Args:
            device: whom it is for.
            message_code: of the use case.
            payload: its content.
            signed: whether it is critical, and so signed before it gets its MAC.
            user: for whom it is sent, where that is somebody whom the device does not know; its counter is ours.
        """
        header = GroupingHeader(Cra.COMMAND, self.last_counter + 1, self.entity_id, device, message_code)
        if user is not None:
            header = replace(
                header,
                supplementary_remote_party_id=user,
                supplementary_remote_party_counter=header.originator_counter,
            )
        message = Message(header, payload)
        return self._send(crypto.sign(message, self._signing_key) if signed else message)

    def adopt(self, keys: EntityKeys) -> None:
        """Go on with other keys of its own; what it sent under the old ones can no longer be answered with a MAC."""
        self._signing_key = keys.digital_signature
        self._key_agreement = KeyAgreement(keys.key_agreement)

    def receive(self, octets: bytes, now: int) -> Outcome:
        """Take what a hub brought from a device.  What is refused changes nothing: a Command stays pending."""
        message = None
        try:
            message = Message.decode(octets)
            return self._judge(message)
        except DecodeError as error:
            reason = Reason.PAYLOAD_UNDECODABLE if message else Reason.UNDECODABLE
            return Refusal(now, reason, str(error), message)
        except Refused as error:
            return Refusal(now, error.reason, error.detail, message)

    def describe(self, message: Message) -> dict[str, Value]:
        """The message by name, MAC and signature checked with the device's keys where the device is known."""
        header = message.header
        keys = self._devices.get(header.recipient if header.cra is Cra.COMMAND else header.originator)
        if keys is None:
            return describe.describe(message)
        secret = self._key_agreement.shared_secret(keys.key_agreement)
        return describe.describe(message, shared_secret=secret, signer_public_key=keys.digital_signature)

    def _send(self, message: Message) -> bytes:
        device = message.header.recipient
        keys = self._devices.get(device)
        if keys is None:
            raise LocalProtocolError(f"the Access Control Broker has no keys of device {eui64_text(device)}")
        command = crypto.authenticate(message, self._key_agreement.shared_secret(keys.key_agreement))
        self.last_counter = message.header.originator_counter
        self._pending[self.last_counter] = command
        return command.encode()

    def _judge(self, message: Message) -> Outcome:
        header = message.header
        if header.recipient != self.entity_id:
            raise Refused(Reason.WRONG_TARGET, f"meant for {eui64_text(header.recipient)}")
        if header.cra is Cra.COMMAND:
            raise Refused(Reason.UNEXPECTED_COMMAND, "the Access Control Broker takes no Commands")
        keys = self._devices.get(header.originator)
        if keys is None:
            raise Refused(Reason.WRONG_ORIGINATOR, f"no device {eui64_text(header.originator)} is known")
        if header.cra is Cra.ALERT:
            return self._take_alert(message, keys)
        return self._take_response(message, keys)

    def _take_response(self, message: Message, keys: PublicKeys) -> FirmwareVersionRead | Answered:
        header = message.header
        command = self._pending.get(header.originator_counter)
        if command is None or command.header.recipient != header.originator:
            raise Refused(Reason.UNSOLICITED_RESPONSE, f"no Command {header.originator_counter} waits for this device")
        expected = "d" if _replaces_credentials(command) else _RESPONSES[command.shape]
        if message.shape != expected:
            raise Refused(Reason.WRONG_SHAPE, f"shape {message.shape}, not {expected}")
        self._check_protection(message, keys)
        _check_echo(command.header.response(), header)
        outcome = _response_of(command, message)
        del self._pending[header.originator_counter]
        return outcome

    def _take_alert(self, message: Message, keys: PublicKeys) -> FirmwareActivationAlert | Alerted:
        header = message.header
        expected = "f" if header.message_code in _NOT_CRITICAL else "e"
        if message.shape != expected:
            raise Refused(Reason.WRONG_SHAPE, f"shape {message.shape}, not {expected}")
        self._check_protection(message, keys)
        outcome = _alert_of(message)
        last = self._last_alert.get(header.originator, -1)
        if header.originator_counter <= last:
            raise Refused(Reason.COUNTER_REPEATED, f"counter {header.originator_counter}, {last} was taken")
        self._last_alert[header.originator] = header.originator_counter
        return outcome

    def _check_protection(self, message: Message, keys: PublicKeys) -> None:
        if message.shape in _WITH_MAC:
            if not crypto.mac_is_valid(message, self._key_agreement.shared_secret(keys.key_agreement)):
                raise Refused(Reason.MAC_INVALID, "the MAC does not match the octets and the parties' keys")
        elif not crypto.signature_is_valid(message, keys.digital_signature):
            raise Refused(Reason.SIGNATURE_INVALID, "the signature does not match the octets and the device's key")


def _replaces_credentials(command: Message) -> bool:
    return command.header.message_code in CREDENTIALS_CODES


def _response_of(command: Message, message: Message) -> FirmwareVersionRead | Answered:
    device = message.header.originator
    if command.header.message_code == cs08.MESSAGE_CODE:
        return FirmwareVersionRead(device, cs08.Response.decode(message.payload), command, message)
    decode_payload(message)
    return Answered(device, command, message)


def _alert_of(message: Message) -> FirmwareActivationAlert | Alerted:
    header = message.header
    if header.message_code not in _ACTIVATION_CODES:
        if payload_type(message) is None:
            raise Refused(Reason.UNKNOWN_USE_CASE, f"alert with message code {header.message_code:04x}")
        return Alerted(header.originator, decode_payload(message), message)
    alert = cs09.Alert.decode(message.payload)
    if alert.alert_code != cs09.ALERT_CODE:
        raise Refused(Reason.UNKNOWN_USE_CASE, f"alert code {alert.alert_code:04x}")
    return FirmwareActivationAlert(header.originator, alert, message)


def _check_echo(expected: GroupingHeader, received: GroupingHeader) -> None:
    """A Response repeats its Command's message code, and the supplementary fields unchanged."""
    if received.message_code != expected.message_code:
        raise Refused(Reason.UNKNOWN_USE_CASE, f"message code {received.message_code:04x} answers no such Command")
    if (
        received.supplementary_remote_party_id != expected.supplementary_remote_party_id
        or received.supplementary_remote_party_counter != expected.supplementary_remote_party_counter
    ):
        raise Refused(Reason.SUPPLEMENTARY_MISMATCH, "the supplementary remote party is not the one of the Command")
