"""What is put into octets here is what bellows makes of the same fields."""

from __future__ import annotations

import bellows.types as t  # type: ignore[import-untyped]  # bellows carries no marker for type checkers
import pytest
from bellows.ezsp import EZSP  # type: ignore[import-untyped]  # as above
from hypothesis import given
from hypothesis import strategies as st

from emulator.transports.ezsp.callbacks import ApsHeader
from emulator.transports.ezsp.structures import Octets, aps_frame, unicast_octets
from emulator.transports.ezsp.versions import SUPPORTED

OCTET, WORD = st.integers(0, 0xFF), st.integers(0, 0xFFFF)
HEADERS = st.builds(ApsHeader, WORD, WORD, OCTET, OCTET, WORD, WORD, OCTET)


@pytest.mark.parametrize("version", SUPPORTED)
@given(destination=WORD, aps=HEADERS, tag=OCTET, payload=st.binary(max_size=100))
def test_a_unicast_in_octets_is_the_same_as_bellows_makes_of_it(
    version: int, destination: int, aps: ApsHeader, tag: int, payload: bytes
) -> None:
    _, schema, _ = EZSP._BY_VERSION[version].COMMANDS["sendUnicast"]
    expected = t.serialize_dict((0, destination, aps_frame(aps), tag, payload), {}, schema)
    octets = unicast_octets(version, destination, aps, tag, payload)
    assert octets == expected
    assert Octets(octets).serialize() == octets
