"""One codec for every shape of GBCS message.

With `GH` the Grouping Header and `P` the payload, all 1275 messages of RTDS 4.5.0 have one of these shapes:

    a  MAC header, GH, P, 40, signature, MAC   Commands, critical
    b  MAC header, GH, P, 00, MAC              Commands, not critical
    c  as b                                    Responses to b
    d  GH, P, 40, signature                    Responses to a
    e  as d                                    Alerts, critical
    f  as b                                    Alerts, not critical
    g  as d                                    Commands, signed only
    h  GH, P                                   Pre-Commands
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.octets import Reader
from emulator.gbcs.envelope import MAC_HEADER_TAG, MAC_OCTETS, MacHeader
from emulator.gbcs.header import Cra, GroupingHeader

SIGNATURE_OCTETS = 64
_NO_SIGNATURE = b"\x00"
_SIGNATURE_LENGTH = bytes((SIGNATURE_OCTETS,))

SHAPES: Mapping[tuple[Cra, bool, bool], str] = {
    (Cra.COMMAND, True, True): "a",
    (Cra.COMMAND, False, True): "b",
    (Cra.RESPONSE, False, True): "c",
    (Cra.RESPONSE, True, False): "d",
    (Cra.ALERT, True, False): "e",
    (Cra.ALERT, False, True): "f",
    (Cra.COMMAND, True, False): "g",
    (Cra.COMMAND, False, False): "h",
}
"""The shape of a message by its CRA flag, whether it is signed, and whether it has a MAC."""


@dataclass(frozen=True, slots=True)
class Message:
    """A GBCS message, or one on its way to being signed and authenticated.

    Attributes:
        header: the Grouping Header.
        payload: the content, as it stands on the wire.
        signature: r and s, 32 octets each, most significant first; None = not signed.
        mac: 12 octets; None = none, and then no MAC Header either.
    """

    header: GroupingHeader
    payload: bytes
    signature: bytes | None = None
    mac: bytes | None = None
    # Signature and MAC cover the header as its sender encoded it, which may be with longer lengths than needed.  Not an
    # argument, so that `dataclasses.replace` never carries it over to another header or payload.
    _received_header: bytes = field(default=b"", init=False, compare=False, repr=False)

    @property
    def shape(self) -> str:
        """The letter of the shape; LocalProtocolError if there is none (a Response or Alert without protection)."""
        shape = SHAPES.get((self.header.cra, self.signature is not None, self.mac is not None))
        if shape is None:
            raise LocalProtocolError(f"no {self.header.cra.name.lower()} is protected like this")
        return shape

    @property
    def to_be_signed(self) -> bytes:
        """What the signature covers: the Grouping Header without its tag, and the payload."""
        return self._grouping_header[1:] + self.payload

    @property
    def to_be_authenticated(self) -> bytes:
        """What the MAC covers: Grouping Header, payload, and the signature with its length."""
        signature = _NO_SIGNATURE if self.signature is None else _SIGNATURE_LENGTH + self.signature
        return self._grouping_header + self.payload + signature

    @property
    def _grouping_header(self) -> bytes:
        return self._received_header or self.header.encode(len(self.payload))

    def encode(self) -> bytes:
        """The octets on the wire, every length in its shortest form."""
        shape = self.shape
        content = self.header.encode(len(self.payload)) + self.payload
        if shape == "h":
            return content
        content += _NO_SIGNATURE if self.signature is None else _SIGNATURE_LENGTH + self.signature
        return content if self.mac is None else MacHeader.around(content).encode() + content + self.mac

    @classmethod
    def decode(cls, octets: bytes) -> Message:
        """Read one message, which fills `octets`; DecodeError says which part is wrong and how.

        Signature and MAC are not checked here: that takes keys (`crypto`).
        """
        reader = Reader(octets)
        has_mac = octets[:1] == bytes((MAC_HEADER_TAG,))
        if has_mac:
            MacHeader.decode(reader)
        start = reader.position
        header, payload_octets = GroupingHeader.decode(reader)
        received_header = octets[start : reader.position]
        payload = reader.octets(payload_octets, "payload")
        signature = _read_signature(reader, has_mac=has_mac)
        mac = reader.octets(MAC_OCTETS, "MAC") if has_mac else None
        reader.finish("message")
        if (header.cra, signature is not None, has_mac) not in SHAPES:
            raise DecodeError(f"message: no {header.cra.name.lower()} is protected like this")
        message = cls(header, payload, signature, mac)
        object.__setattr__(message, "_received_header", received_header)
        return message


def _read_signature(reader: Reader, *, has_mac: bool) -> bytes | None:
    if not has_mac and not reader.remaining:
        return None  # a Pre-Command has not even the length octet
    length = reader.octets(1, "signature length")
    if length == _SIGNATURE_LENGTH:
        return reader.octets(SIGNATURE_OCTETS, "signature")
    if length == _NO_SIGNATURE and has_mac:
        return None
    raise DecodeError(f"signature length: {length.hex()}, not {_SIGNATURE_LENGTH.hex()}{' or 00' if has_mac else ''}")
