"""The Grouping Header: who says what to whom, under which counter.

Source: the messages of RTDS 4.5.0.  Most significant octet first throughout.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from struct import Struct

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.octets import Reader
from emulator.gbcs.envelope import encode_length, read_length

GROUPING_HEADER_TAG = 0xDF
TRANSACTION_ID_OCTETS = 9
SYSTEM_TITLE_OCTETS = 8
DATE_TIME_OCTETS = 12

# Tag, transaction id (length, CRA flag, counter), originator and recipient (length, title), length of the date-time.
_FIXED = Struct(">BBBQBQBQB")
_CODE_OCTETS = 2
_SUPPLEMENT_OCTETS = 8


class Cra(IntEnum):
    """The CRA flag: what kind of message this is."""

    COMMAND = 1
    RESPONSE = 2
    ALERT = 3


@dataclass(frozen=True, slots=True)
class GroupingHeader:
    """A Grouping Header without the content length, which belongs to the payload.

    Attributes:
        cra: Command, Response or Alert.
        originator_counter: 64 bits; a Response repeats its Command's.
        originator: system title of the originator; in a Command that of the Business Originator.
        recipient: system title of the recipient.
        message_code: names the use case, 16 bits.
        date_time: a DLMS date-time of 12 octets, or None.
        supplementary_remote_party_id: the party behind the Access Control Broker (unknown remote party pattern).
        supplementary_remote_party_counter: that party's own counter, 64 bits; only with its id.
        other_information: what follows in the Other Information, kept as it is: a Supplementary Originator Counter or
            a key agreement certificate in messages that carry encrypted data; only with both fields before.
    """

    cra: Cra
    originator_counter: int
    originator: Eui64
    recipient: Eui64
    message_code: int
    date_time: bytes | None = None
    supplementary_remote_party_id: Eui64 | None = None
    supplementary_remote_party_counter: int | None = None
    other_information: bytes = b""

    def __post_init__(self) -> None:
        if self.date_time is not None and len(self.date_time) != DATE_TIME_OCTETS:
            raise LocalProtocolError(f"a date-time has {DATE_TIME_OCTETS} octets, not {len(self.date_time)}")
        if self.supplementary_remote_party_counter is not None and self.supplementary_remote_party_id is None:
            raise LocalProtocolError("a supplementary remote party counter needs the party's id")
        if self.other_information and self.supplementary_remote_party_counter is None:
            raise LocalProtocolError("further other information needs a supplementary remote party and counter")
        numbers = (self.originator_counter, self.originator, self.recipient, self.supplementary_remote_party_id or 0)
        _check_range(_SUPPLEMENT_OCTETS, *numbers, self.supplementary_remote_party_counter or 0)
        _check_range(_CODE_OCTETS, self.message_code)

    def response(self, date_time: bytes | None = None) -> GroupingHeader:
        """The header of the Response to this Command: titles swapped, counter and supplementary party echoed.

        `date_time` is for the Responses of use cases that can be future dated.
        """
        return replace(
            self,
            cra=Cra.RESPONSE,
            originator=self.recipient,
            recipient=self.originator,
            date_time=date_time,
            other_information=b"",
        )

    def encode(self, payload_octets: int) -> bytes:
        """The octets, ending with the content length for a payload of so many octets."""
        date_time = self.date_time or b""
        fixed = _FIXED.pack(
            GROUPING_HEADER_TAG,
            TRANSACTION_ID_OCTETS,
            self.cra,
            self.originator_counter,
            SYSTEM_TITLE_OCTETS,
            self.originator,
            SYSTEM_TITLE_OCTETS,
            self.recipient,
            len(date_time),
        )
        other = self._other_information()
        return b"".join((fixed, date_time, encode_length(len(other)), other, encode_length(payload_octets)))

    def _other_information(self) -> bytes:
        supplements = (self.supplementary_remote_party_id, self.supplementary_remote_party_counter)
        octets = (part.to_bytes(_SUPPLEMENT_OCTETS, "big") for part in supplements if part is not None)
        return b"".join((self.message_code.to_bytes(_CODE_OCTETS, "big"), *octets, self.other_information))

    @classmethod
    def decode(cls, reader: Reader) -> tuple[GroupingHeader, int]:
        """Read a header; it and the content length, which is no more than the octets left.  DecodeError otherwise."""
        tag, transaction, flag, counter, first, originator, second, recipient, date_length = _FIXED.unpack(
            reader.octets(_FIXED.size, "grouping header")
        )
        if tag != GROUPING_HEADER_TAG:
            raise DecodeError(f"grouping header: tag {tag:#04x}, not {GROUPING_HEADER_TAG:#04x}")
        if transaction != TRANSACTION_ID_OCTETS:
            raise DecodeError(f"grouping header: transaction id: {transaction} octets, not {TRANSACTION_ID_OCTETS}")
        if first != SYSTEM_TITLE_OCTETS or second != SYSTEM_TITLE_OCTETS:
            raise DecodeError(f"grouping header: system titles: {first} and {second} octets, not {SYSTEM_TITLE_OCTETS}")
        cra = _cra(flag)
        date_time = _date_time(reader, date_length)
        code, party, party_counter, further = _read_other_information(reader)
        header = cls(cra, counter, Eui64(originator), Eui64(recipient), code, date_time, party, party_counter, further)
        return header, read_length(reader, "grouping header: content length")


def _check_range(octets: int, *numbers: int) -> None:
    if min(numbers) < 0 or max(numbers) >> octets * 8:
        raise LocalProtocolError(f"a number of a grouping header does not fit into {octets} octets")


def _cra(flag: int) -> Cra:
    try:
        return Cra(flag)
    except ValueError as error:
        raise DecodeError(f"grouping header: CRA flag {flag:#04x}, not 01, 02 or 03") from error


def _date_time(reader: Reader, length: int) -> bytes | None:
    if length not in (0, DATE_TIME_OCTETS):
        raise DecodeError(f"grouping header: date-time: {length} octets, not 0 or {DATE_TIME_OCTETS}")
    return reader.octets(length, "grouping header: date-time") or None


def _read_other_information(reader: Reader) -> tuple[int, Eui64 | None, int | None, bytes]:
    """Message code, supplementary remote party id and counter, and what follows them."""
    length = read_length(reader, "grouping header: other information")
    other = Reader(reader.octets(length, "grouping header: other information"))
    code = other.big(_CODE_OCTETS, "grouping header: message code")
    party = counter = None
    if other.remaining:
        party = Eui64(other.big(_SUPPLEMENT_OCTETS, "grouping header: supplementary remote party id"))
    if other.remaining:
        counter = other.big(_SUPPLEMENT_OCTETS, "grouping header: supplementary remote party counter")
    return code, party, counter, other.rest()
