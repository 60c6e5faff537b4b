"""Sizes and durations of `mem:aps` against real frames and the published table."""

from __future__ import annotations

import random

import pytest

from emulator.core.aes import CcmStar
from emulator.core.eui64 import Eui64
from emulator.transports.memory import aps_timing as timing
from emulator.zigbee.frames import aps, mac, nwk
from emulator.zigbee.frames.aps import ApsFrame, ApsFrameType, Fragment, FragmentKind
from emulator.zigbee.frames.aps_commands import (
    ApsCommand,
    SwitchKey,
    TransportNetworkKey,
    Tunnel,
    UpdateDevice,
    UpdateDeviceStatus,
    encode_command,
)
from emulator.zigbee.frames.beacon import Beacon, encode_beacon
from emulator.zigbee.frames.mac import FrameType, MacFrame
from emulator.zigbee.frames.mac_commands import (
    AssociationRequest,
    AssociationResponse,
    BeaconRequest,
    Capability,
    DataRequest,
)
from emulator.zigbee.frames.mac_commands import encode_command as encode_mac_command
from emulator.zigbee.frames.nwk import NwkFrame, NwkFrameType
from emulator.zigbee.frames.nwk_commands import Leave, Link, LinkStatus, RejoinRequest, RejoinResponse
from emulator.zigbee.frames.nwk_commands import encode_command as encode_nwk_command
from emulator.zigbee.security import aps as aps_security
from emulator.zigbee.security import nwk as nwk_security
from emulator.zigbee.security.aps import KeyIdentifier

DEVICE = Eui64(0x00DB_0000_0000_0001)
CIPHER = CcmStar(bytes(16))


def in_mac(payload: bytes) -> int:
    """PSDU octets of an NWK frame on the air."""
    return len(mac.encode(MacFrame(FrameType.DATA, 1, 0x1234, 1, 0x1234, 0, payload, acknowledge=True)))


def in_nwk(payload: bytes, kind: NwkFrameType = NwkFrameType.DATA, *, secure: bool = True) -> int:
    header = nwk.encode_header(NwkFrame(kind, 1, 0, 30, 1, b"", secure))
    protected = nwk_security.secure(header, payload, CIPHER, 1, DEVICE, 0) if secure else payload
    return in_mac(header + protected)


def aps_data(asdu: bytes, fragment: Fragment | None = None, *, link_key: bool = False) -> bytes:
    header = aps.encode_header(
        ApsFrame(
            ApsFrameType.DATA, 1, destination_endpoint=1, source_endpoint=1, cluster=0x19, profile=0x0109,
            security=link_key, acknowledge=True, fragment=fragment,
        )
    )  # fmt: skip
    if not link_key:
        return header + asdu
    return header + aps_security.secure(header, asdu, CIPHER, 1, DEVICE, KeyIdentifier.DATA, extended_nonce=False)


def aps_command(command: ApsCommand, *, secured: bool = False) -> bytes:
    header = aps.encode_header(ApsFrame(ApsFrameType.COMMAND, 1, security=secured))
    octets = encode_command(command)
    if not secured:
        return header + octets
    return header + aps_security.secure(header, octets, CIPHER, 1, DEVICE, KeyIdentifier.KEY_TRANSPORT)


def mac_command(payload: bytes, *, source_extended: bool = True, response: bool = False) -> int:
    frame = MacFrame(
        FrameType.COMMAND, 1, 0x1234, DEVICE if response else 0, 0x1234, DEVICE, payload, acknowledge=True,
        destination_extended=response, source_extended=source_extended,
    )  # fmt: skip
    return len(mac.encode(frame if source_extended else MacFrame(FrameType.COMMAND, 1, 0x1234, 0, 0x1234, 1, payload)))


@pytest.mark.parametrize("octets", [0, 17, 67, 73])
def test_a_data_frame_has_the_size_of_the_real_one(octets: int) -> None:
    assert in_nwk(aps_data(bytes(octets))) == timing.DATA + octets
    assert in_nwk(aps_data(bytes(octets), link_key=True)) == timing.DATA + timing.LINK_KEY_OCTETS + octets


def test_a_fragment_has_the_size_of_the_real_one() -> None:
    data = aps_data(bytes(80), Fragment(FragmentKind.FIRST, 2))
    assert in_nwk(data) == timing.DATA + timing.FRAGMENT_OCTETS + 80


def test_commands_of_a_join_have_the_sizes_of_the_real_ones() -> None:
    key = TransportNetworkKey(bytes(16), 0, DEVICE, DEVICE)
    transported = aps_command(key, secured=True)
    update = UpdateDevice(DEVICE, 1, UpdateDeviceStatus.UNSECURED_JOIN)
    capability = Capability(
        full_function_device=True, mains_powered=True, receiver_on_when_idle=True, allocate_address=True
    )
    assert len(transported) == timing.TRANSPORTED_KEY
    assert in_nwk(transported, secure=False) == timing.TRANSPORT_KEY
    assert in_nwk(aps_command(Tunnel(DEVICE, transported))) == timing.TUNNEL
    assert in_nwk(aps_command(update)) == timing.UPDATE_DEVICE
    assert mac_command(encode_mac_command(DataRequest())) == timing.EXTENDED_DATA_REQUEST
    assert mac_command(encode_mac_command(DataRequest()), source_extended=False) == timing.DATA_REQUEST
    assert mac_command(encode_mac_command(AssociationResponse(1, 0)), response=True) == timing.ASSOCIATION_RESPONSE
    request = MacFrame(
        FrameType.COMMAND, 1, 0x1234, 0, 0xFFFF, DEVICE, encode_mac_command(AssociationRequest(capability)),
        acknowledge=True, source_extended=True,
    )  # fmt: skip
    assert len(mac.encode(request)) == timing.ASSOCIATION_REQUEST


def test_beacons_and_network_commands_have_the_sizes_of_the_real_ones() -> None:
    beacon = Beacon(
        association_permit=True,
        pan_coordinator=True,
        router_capacity=True,
        end_device_capacity=True,
        depth=0,
        extended_pan_id=DEVICE,
    )
    scan = MacFrame(FrameType.COMMAND, 1, 0xFFFF, 0xFFFF, None, None, encode_mac_command(BeaconRequest()))
    answer = MacFrame(FrameType.BEACON, 1, None, None, 0x1234, 0, encode_beacon(beacon))
    assert len(mac.encode(scan)) == timing.BEACON_REQUEST
    assert len(mac.encode(answer)) == timing.BEACON
    links = tuple(Link(short, 1, 1) for short in range(4))
    status = in_nwk(encode_nwk_command(LinkStatus(links)), NwkFrameType.COMMAND)
    assert status == timing.LINK_STATUS + 4 * timing.LINK_STATUS_ENTRY
    assert in_nwk(encode_nwk_command(Leave()), NwkFrameType.COMMAND) == timing.LEAVE


@pytest.mark.parametrize("secure", [True, False])
def test_commands_of_a_rejoin_have_the_sizes_of_the_real_ones(secure: bool) -> None:
    security = timing.NWK_SECURITY_OCTETS if secure else 0
    asked = NwkFrame(NwkFrameType.COMMAND, 1, 0, 1, 1, security=secure, source_eui64=DEVICE)
    request = nwk.encode_header(asked) + encode_nwk_command(RejoinRequest(Capability()))
    assert in_mac(request + bytes(security)) == timing.REJOIN_REQUEST + security
    response = encode_nwk_command(RejoinResponse(1, 0))
    assert in_nwk(response, NwkFrameType.COMMAND, secure=secure) == timing.REJOIN_RESPONSE + security


def test_commands_of_a_new_network_key_have_the_sizes_of_the_real_ones() -> None:
    transported = aps_command(TransportNetworkKey(bytes(16), 1, DEVICE, DEVICE), secured=True)
    assert in_nwk(transported) == timing.NETWORK_KEY_UPDATE
    assert in_nwk(aps_command(SwitchKey(1))) == timing.SWITCH_KEY


def test_the_mean_backoff_is_that_of_the_table() -> None:
    rng = random.Random(1)
    mean = sum(timing.backoff(rng) for _ in range(20_000)) / 20_000
    assert mean == pytest.approx(1_120, rel=0.02)


@pytest.mark.parametrize(
    "data, link_key, acks, milliseconds",
    [(64, False, False, 11.7), (64, False, True, 20.2), (50, False, False, 11.2), (50, False, True, 19.7),
     (56, True, True, 21.1)],
)  # fmt: skip
def test_a_block_takes_what_the_table_says(data: int, link_key: bool, acks: bool, milliseconds: float) -> None:
    overhead = timing.DATA + (timing.LINK_KEY_OCTETS if link_key else 0)
    frames = [overhead + 17, overhead + 17 + data] + ([overhead] * 2 if acks else [])
    total = sum(timing.exchange(psdu) + 1_120 for psdu in frames)
    assert total / 1_000 == pytest.approx(milliseconds, abs=0.06)
