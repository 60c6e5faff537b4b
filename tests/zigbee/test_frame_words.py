"""Frames in words: what anybody can see, and what the network key shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.aes import CcmStar
from emulator.core.eui64 import Eui64
from emulator.zigbee.frame_words import in_words
from emulator.zigbee.frames import aps, mac, nwk, zcl
from emulator.zigbee.frames.aps import ApsFrame, ApsFrameType, Fragment, FragmentKind
from emulator.zigbee.frames.aps_commands import SwitchKey
from emulator.zigbee.frames.aps_commands import encode_command as encode_aps_command
from emulator.zigbee.frames.beacon import Beacon, encode_beacon
from emulator.zigbee.frames.mac import FrameType, MacFrame
from emulator.zigbee.frames.mac_commands import DataRequest
from emulator.zigbee.frames.mac_commands import encode_command as encode_mac_command
from emulator.zigbee.frames.nwk import NwkFrame, NwkFrameType
from emulator.zigbee.frames.nwk_commands import Leave
from emulator.zigbee.frames.nwk_commands import encode_command as encode_nwk_command
from emulator.zigbee.frames.zdo import ActiveEpReq, encode_zdo
from emulator.zigbee.security import nwk as security

KEY, OTHER_KEY = CcmStar(bytes(range(16))), CcmStar(bytes(16))
HUB = Eui64(0x00DB_1200_0000_0001)
OTA = 0x0019


def on_air(payload: bytes, kind: FrameType = FrameType.DATA) -> bytes:
    return mac.encode(MacFrame(kind, 7, 0x1A62, 0x0000, 0x1A62, 0x1234, payload))


def network(payload: bytes, kind: NwkFrameType = NwkFrameType.DATA, *, secure: bool = True) -> bytes:
    header = nwk.encode_header(NwkFrame(kind, 0x0000, 0x1234, 30, 9, security=secure))
    return on_air(header + (security.secure(header, payload, KEY, 77, HUB, 2) if secure else payload))


def message(payload: bytes, cluster: int = OTA, profile: int = 0x0109, fragment: Fragment | None = None) -> bytes:
    header = ApsFrame(
        ApsFrameType.DATA, 5, destination_endpoint=1, source_endpoint=2, cluster=cluster, profile=profile,
        fragment=fragment,
    )  # fmt: skip
    return network(aps.encode_header(header) + payload)


BLOCK_REQUEST = zcl.encode(zcl.ZclFrame(True, False, 8, 0x03, bytes(14)))
NWK = "MAC 1234 > 0000 PAN 1a62 seq 7, NWK 1234 > 0000 radius 30 seq 9"
OPENED = f"{NWK}, counter 77 of 00db120000000001 key 2"


@pytest.mark.parametrize(
    "psdu, words",
    [
        (mac.acknowledgement(200, True), "acknowledgement 200, more is pending"),
        (mac.acknowledgement(200, False), "acknowledgement 200"),
        (on_air(encode_mac_command(DataRequest()), FrameType.COMMAND), "MAC 1234 > 0000 PAN 1a62 seq 7, data request"),
        (on_air(b"\xee", FrameType.COMMAND), "unreadable"),
        (network(encode_nwk_command(Leave()), NwkFrameType.COMMAND, secure=False), "radius 30 seq 9, leave"),
        (network(b"x"), f"{NWK}, protected, counter 77 of 00db120000000001 key 2"),
        (b"", "0 octets that are no frame"),
        (on_air(b"\x00"), "1 octets that are no NWK frame"),
    ],
)
def test_what_anybody_can_see(psdu: bytes, words: str) -> None:
    assert words in in_words(psdu)


def test_a_beacon_says_which_network_and_whether_it_lets_anybody_in() -> None:
    beacon = encode_beacon(Beacon(True, True, True, True, 0, HUB, 3))
    psdu = mac.encode(MacFrame(FrameType.BEACON, 1, None, None, 0x1A62, 0x0000, beacon))
    words = in_words(psdu)
    assert words == "beacon 0000 > - PAN 1a62 seq 1, network 00db120000000001, permits joining, depth 0, update 3"


@pytest.mark.parametrize(
    "psdu, words",
    [
        (message(BLOCK_REQUEST), "APS SE OTA Upgrade endpoint 2 > 1 counter 5, ImageBlockRequest tsn 8, 14 octets"),
        (message(BLOCK_REQUEST, 0xFC00, 0xC000), "APS c000 0xfc00 endpoint 2 > 1 counter 5, command 03 tsn 8"),
        (message(b"\x00\x09\x00"), "general command 00 tsn 9, 0 octets"),
        (message(b""), "unreadable"),
        (message(b"more", fragment=Fragment(FragmentKind.FIRST, 3)), "first of 3 blocks"),
        (message(b"more", fragment=Fragment(FragmentKind.LATER, 2)), "block 2, 4 octets"),
        (message(encode_zdo(1, ActiveEpReq(0))[1], 0x0005, 0), "APS ZDO 0005 endpoint 2 > 1 counter 5, active ep req"),
        (network(encode_nwk_command(Leave()), NwkFrameType.COMMAND), "leave"),
        (network(b""), "0 octets that are no APS frame"),
        (
            network(aps.encode_header(ApsFrame(ApsFrameType.COMMAND, 5)) + encode_aps_command(SwitchKey(1))),
            "APS command counter 5, switch key",
        ),
        (
            network(aps.encode(ApsFrame(ApsFrameType.COMMAND, 5, security=True, payload=bytes(30)))),
            "APS command counter 5, under a link key",
        ),
    ],
)
def test_what_the_network_key_shows(psdu: bytes, words: str) -> None:
    assert in_words(psdu).startswith(f"{NWK.partition(',')[0]}, NWK")
    assert words in in_words(psdu, [OTHER_KEY, KEY])
    assert words not in in_words(psdu, [OTHER_KEY])


def test_a_message_is_told_as_deep_as_it_goes() -> None:
    assert in_words(message(BLOCK_REQUEST), [KEY]).startswith(f"{OPENED}, APS SE ")


@given(st.binary(max_size=127), st.booleans())
def test_whatever_it_is_there_is_one_line_on_it(octets: bytes, framed: bool) -> None:
    psdu = octets[:-2] + mac.fcs(octets[:-2]).to_bytes(2, "little") if framed else octets
    words = in_words(psdu, [KEY])
    assert words
    assert "\n" not in words


@given(st.binary(max_size=90))
def test_whatever_is_under_the_key_there_is_one_line_on_it(payload: bytes) -> None:
    for kind in NwkFrameType:
        assert in_words(network(payload, kind), [KEY])
