"""Any message there can be, for Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from emulator.core.eui64 import Eui64
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.message import SHAPES, Message

U64 = st.integers(0, 2**64 - 1)
TITLES = U64.map(Eui64)


@st.composite
def headers(draw: st.DrawFn, cra: Cra) -> GroupingHeader:
    supplements = draw(st.integers(0, 3))
    return GroupingHeader(
        cra=cra,
        originator_counter=draw(U64),
        originator=draw(TITLES),
        recipient=draw(TITLES),
        message_code=draw(st.integers(0, 0xFFFF)),
        date_time=draw(st.none() | st.binary(min_size=12, max_size=12)),
        supplementary_remote_party_id=draw(TITLES) if supplements > 0 else None,
        supplementary_remote_party_counter=draw(U64) if supplements > 1 else None,
        other_information=draw(st.binary(min_size=1, max_size=600)) if supplements > 2 else b"",
    )


@st.composite
def messages(draw: st.DrawFn) -> Message:
    cra, signed, has_mac = draw(st.sampled_from(sorted(SHAPES)))
    return Message(
        header=draw(headers(cra)),
        payload=draw(st.binary(max_size=2_000)),
        signature=draw(st.binary(min_size=64, max_size=64)) if signed else None,
        mac=draw(st.binary(min_size=12, max_size=12)) if has_mac else None,
    )
