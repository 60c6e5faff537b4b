"""How much of an image fits into one frame: the published limits, from frames that are really built."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator.core.aes import CcmStar
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.zigbee.frames import aps, mac, nwk, zcl
from emulator.zigbee.security import aps as aps_security
from emulator.zigbee.security import nwk as nwk_security

CIPHER = CcmStar(bytes(16))
SOURCE = Eui64(1)
BLOCK_RESPONSE_FIELDS = bytes(14)
HEADER = nwk.NwkFrame(nwk.NwkFrameType.DATA, 1, 0, 30, 1, security=True)
BLOCK = aps.ApsFrame(aps.ApsFrameType.DATA, 1, aps.DeliveryMode.UNICAST, 1, 1, 0x0019, 0x0109, acknowledge=True)


def block_response(octets: int, link_key: bool, addresses: bool, extended_nonce: bool = False) -> bytes:
    asdu = zcl.encode(zcl.ZclFrame(True, True, 1, 5, BLOCK_RESPONSE_FIELDS + bytes(octets)))
    apdu = aps.encode_header(replace(BLOCK, security=link_key))
    if link_key:
        apdu += aps_security.secure(apdu, asdu, CIPHER, 1, SOURCE, extended_nonce=extended_nonce)
    else:
        apdu += asdu
    header = nwk.encode_header(
        replace(HEADER, source_eui64=SOURCE, destination_eui64=Eui64(2)) if addresses else HEADER
    )
    npdu = header + nwk_security.secure(header, apdu, CIPHER, 1, SOURCE, 0)
    return mac.encode(mac.MacFrame(mac.FrameType.DATA, 1, 1, 1, 1, 0, npdu, acknowledge=True))


@pytest.mark.parametrize(
    "octets,link_key,addresses",
    [(65, False, False), (49, False, True), (56, True, False), (40, True, True)],
)
def test_the_largest_block_is_the_published_one(octets: int, link_key: bool, addresses: bool) -> None:
    assert len(block_response(octets, link_key, addresses)) == mac.MAX_PSDU
    with pytest.raises(LocalProtocolError):
        block_response(octets + 1, link_key, addresses)


def test_fifty_octets_under_the_link_key_fit_only_where_the_source_is_not_named() -> None:
    assert len(block_response(50, link_key=True, addresses=False)) <= mac.MAX_PSDU
    with pytest.raises(LocalProtocolError):
        block_response(50, link_key=True, addresses=False, extended_nonce=True)
