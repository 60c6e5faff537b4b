"""An NWK frame under way through a node: what stays the same while it is protected anew for each hop."""

from __future__ import annotations

from emulator.core.eui64 import Eui64
from emulator.zigbee.frames.nwk import NwkFrame, NwkFrameType, encode_header
from emulator.zigbee.node.headers import nwk_header

FIRST_BROADCAST = 0xFFF8


class Hop:
    """Header fields and plain payload of a frame to be sent.

    Attributes:
        context: the upper layer's, for frames of our own; None for those we only forward, and once it has been told.
        next_hop: the neighbour it went to last.
        source_eui64: named in the header, as a device does that asks to come back.
    """

    __slots__ = (
        "context", "destination", "next_hop", "payload", "radius", "secure", "sequence", "source", "source_eui64",
        "type",
    )  # fmt: skip

    def __init__(
        self,
        type: NwkFrameType,  # noqa: A002 - the field's name in the frame
        destination: int,
        source: int,
        radius: int,
        sequence: int,
        payload: bytes,
        context: object = None,
        secure: bool = True,
        source_eui64: Eui64 | None = None,
    ) -> None:
        self.type = type
        self.destination = destination
        self.source = source
        self.radius = radius
        self.sequence = sequence
        self.payload = payload
        self.context = context
        self.secure = secure
        self.source_eui64 = source_eui64
        self.next_hop = 0xFFFF

    def header(self) -> bytes:
        """Its header on the air."""
        if self.source_eui64 is not None:
            return encode_header(
                NwkFrame(
                    self.type, self.destination, self.source, self.radius, self.sequence, b"", self.secure,
                    source_eui64=self.source_eui64,
                )
            )  # fmt: skip
        return nwk_header(self.type, self.destination, self.source, self.radius, self.sequence, secure=self.secure)

    def copy(self) -> Hop:
        """The same frame, of whose fate nobody asks."""
        return Hop(self.type, self.destination, self.source, self.radius, self.sequence, self.payload)
