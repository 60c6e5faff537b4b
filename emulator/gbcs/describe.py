"""A message in words: every field by its name, JSON-ready."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.core.errors import DecodeError
from emulator.core.eui64 import eui64_text
from emulator.core.events import Value
from emulator.gbcs import crypto
from emulator.gbcs.crypto import PublicKey
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.message import Message
from emulator.gbcs.message_codes import message_code_text, use_case_name
from emulator.gbcs.use_cases import cs09
from emulator.gbcs.use_cases.catalogue import decode_payload


def describe(
    message: Message,
    *,
    shared_secret: bytes | None = None,
    signer_public_key: PublicKey | None = None,
) -> dict[str, Value]:
    """Every field of a message by name.

    Identifiers and octets are lower-case hex without separators, counters are numbers, what is absent is None.  `valid`
    of MAC and signature is None where there is none, or no key to check it with.

    Args:
        message: as decoded.
        shared_secret: Z between the two parties, 32 octets, to check the MAC with.
        signer_public_key: the originator's digital signature key, to check the signature with.
    """
    header = message.header
    return {
        "shape": message.shape,
        "cra": header.cra.name.lower(),
        "originator_counter": header.originator_counter,
        "originator": eui64_text(header.originator),
        "recipient": eui64_text(header.recipient),
        "date_time": _hex(header.date_time),
        "message_code": message_code_text(header.message_code),
        "use_case": _use_case(message),
        "supplementary_remote_party_id": _party(header.supplementary_remote_party_id),
        "supplementary_remote_party_counter": header.supplementary_remote_party_counter,
        **_other_information(header),
        "payload": _payload(message),
        "mac": {"present": message.mac is not None, "valid": _mac_valid(message, shared_secret)},
        "signature": {
            "present": message.signature is not None,
            "valid": _signature_valid(message, signer_public_key),
        },
    }


def flatten(value: Value, name: str = "") -> Iterator[tuple[str, str]]:
    """Fields inside fields as text, each named by its way down: `roles 1 / cells 2 / key_usage`; None is left out."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from flatten(part, f"{name} / {key}" if name else key)
    elif isinstance(value, list):
        for number, part in enumerate(value, 1):
            yield from flatten(part, f"{name} {number}")
    elif value is not None:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)


def _other_information(header: GroupingHeader) -> dict[str, Value]:
    """What few messages have; no field at all in the others."""
    return {"other_information": header.other_information.hex()} if header.other_information else {}


def _hex(octets: bytes | None) -> str | None:
    return None if octets is None else octets.hex()


def _party(entity_id: int | None) -> str | None:
    return None if entity_id is None else eui64_text(entity_id)


def _use_case(message: Message) -> str | None:
    code = message.header.message_code
    if message.header.cra is Cra.ALERT and code == cs09.OTHER_MESSAGE_CODE:
        code = cs09.MESSAGE_CODE
    return use_case_name(code)


def _payload(message: Message) -> dict[str, Value]:
    """The named fields; `raw` instead where the payload has no decoder, and `error` beside it where it is damaged."""
    raw: dict[str, Value] = {"raw": message.payload.hex()}
    try:
        payload = decode_payload(message)
    except DecodeError as error:
        return raw | {"error": str(error)}
    return raw if payload is None else payload.fields()


def _mac_valid(message: Message, shared_secret: bytes | None) -> bool | None:
    if message.mac is None or shared_secret is None:
        return None
    return crypto.mac_is_valid(message, shared_secret)


def _signature_valid(message: Message, key: PublicKey | None) -> bool | None:
    if message.signature is None or key is None:
        return None
    return crypto.signature_is_valid(message, key)
