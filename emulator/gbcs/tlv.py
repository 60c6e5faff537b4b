"""DER one element at a time: what payloads by schema (`der`), certificates and requests for them are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emulator.core.errors import DecodeError
from emulator.core.octets import Reader
from emulator.gbcs.envelope import encode_length, read_length

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31
CONTEXT = 0x80
CONTEXT_CONSTRUCTED = 0xA0

P256_KEY = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
"""AlgorithmIdentifier of every public key."""
ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
"""AlgorithmIdentifier of every signature."""

_MORE_TAG_OCTETS = 0x1F


def encode(tag: int, *content: bytes) -> bytes:
    """One element, with the shortest length; LocalProtocolError over 65535 octets."""
    inside = b"".join(content)
    return bytes((tag,)) + encode_length(len(inside)) + inside


@dataclass(frozen=True, slots=True)
class Element:
    """One element.

    Attributes:
        tag: its tag, one octet.
        content: what is inside.
        octets: the whole, with tag and length.
    """

    tag: int
    content: bytes
    octets: bytes

    def children(self, what: str) -> Iterator[Element]:
        """The elements inside, one after the other; DecodeError names `what` where there is something else."""
        reader = DerReader(self.content)
        while reader.remaining:
            yield reader.element(what)


class DerReader(Reader):
    """Walks over DER elements."""

    __slots__ = ()

    def element(self, what: str, tag: int | None = None) -> Element:
        """The next element; DecodeError names `what` where it is cut short, or its tag is not the one asked for."""
        start = self.position
        found = self.big(1, what)
        if found & _MORE_TAG_OCTETS == _MORE_TAG_OCTETS:
            raise DecodeError(f"{what}: tag {found:#04x} is not of one octet")
        if tag is not None and found != tag:
            raise DecodeError(f"{what}: tag {found:#04x}, not {tag:#04x}")
        content = self.octets(read_length(self, what), what)
        return Element(found, content, self._data[start : self.position])

    def next_tag(self) -> int | None:
        """The tag of the next element; None at the end."""
        return self._data[self.position] if self.remaining else None

    def if_next(self, what: str, tag: int) -> Element | None:
        """The next element if it has this tag; otherwise None, and nothing is read."""
        return self.element(what, tag) if self.next_tag() == tag else None


def only_element(octets: bytes, what: str, tag: int | None = None) -> Element:
    """The one element that fills `octets`; DecodeError names `what` otherwise."""
    reader = DerReader(octets)
    element = reader.element(what, tag)
    reader.finish(what)
    return element
