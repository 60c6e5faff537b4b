from __future__ import annotations

import pytest

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.ports.aps import SimpleDescriptor
from emulator.zigbee.frames import zdo
from emulator.zigbee.frames.mac_commands import Capability

ROUTER = Capability(full_function_device=True, mains_powered=True, receiver_on_when_idle=True, allocate_address=True)
A4 = "a4" + "00" * 7
A0 = "a0" + "00" * 7


@pytest.mark.parametrize(
    "message, cluster, octets",
    [
        (zdo.DeviceAnnce(0x7B21, Eui64(0xA4), ROUTER), 0x0013, "217b" + A4 + "8e"),
        (zdo.NwkAddrReq(Eui64(0xA4)), 0x0000, A4 + "0000"),
        (zdo.NwkAddrRsp(0, Eui64(0xA4), 0x7B21), 0x8000, "00" + A4 + "217b"),
        (zdo.IeeeAddrRsp(0, Eui64(0xA4), 0x7B21, (0x1111,)), 0x8001, "00" + A4 + "217b" + "01001111"),
        (
            zdo.NodeDescRsp(0, 0x7B21, zdo.NodeDescriptor(zdo.LogicalType.ROUTER, ROUTER, 0x105B)),
            0x8002,
            "00217b" + "01408e5b1052dc050000dc0500",
        ),
        (zdo.PowerDescRsp(0, 0x7B21), 0x8003, "00217b" + "10c1"),
        (
            zdo.SimpleDescRsp(0, 0x7B21, SimpleDescriptor(1, 0x0109, 0x0502, 0, (0x0000,), (0x0019,))),
            0x8004,
            "00217b" + "0c" + "010901020500" + "010000" + "011900",
        ),
        (zdo.SimpleDescRsp(zdo.ZdoStatus.NOT_ACTIVE, 0x7B21), 0x8004, "83217b00"),
        (zdo.ActiveEpRsp(0, 0x7B21, (1, 2)), 0x8005, "00217b020102"),
        (zdo.MatchDescReq(0, 0x0109, (0x0800,)), 0x0006, "00000901" + "010008" + "00"),
        (zdo.BindReq(Eui64(0xA4), 1, 0x0019, Eui64(0xA0), 2), 0x0021, A4 + "01190003" + A0 + "02"),
        (zdo.UnbindReq(Eui64(0xA4), 1, 0x0019, None, None, 0x1234), 0x0022, A4 + "0119000134" + "12"),
        (zdo.MgmtLeaveReq(Eui64(0xA4), rejoin=True), 0x0034, A4 + "80"),
        (zdo.MgmtPermitJoiningReq(180), 0x0036, "b401"),
        (zdo.MgmtNwkUpdateReq(0x8000, 0xFE, update_id=1), 0x0038, "00800000fe01"),
        (
            zdo.MgmtLqiRsp(0, 1, 0, (zdo.NeighbourRecord(Eui64(0xA0), Eui64(0xA4), 0x7B21, 1, 1, 1, 2, 3, 200),)),
            0x8031,
            "00010001" + A0 + A4 + "217b" + "15" + "02" + "03" + "c8",
        ),
    ],
)
def test_messages_are_these_octets(message: zdo.ZdoMessage, cluster: int, octets: str) -> None:
    assert zdo.encode_zdo(0x11, message) == (cluster, bytes.fromhex("11" + octets))
    assert zdo.decode_zdo(cluster, bytes.fromhex("11" + octets)) == (0x11, message)


@pytest.mark.parametrize(
    "cluster, octets",
    [
        (0x8002, "11" + "80" + "217b"),
        (0x8003, "11" + "80" + "217b"),
        (0x8005, "1180217b"),
        (0x8031, "1184"),
        (0x8038, "1184"),
    ],
)
def test_a_failure_may_end_after_its_status_and_address(cluster: int, octets: str) -> None:
    sequence, message = zdo.decode_zdo(cluster, bytes.fromhex(octets))
    assert sequence == 0x11
    assert not isinstance(message, zdo.DeviceAnnce)


def test_the_response_of_a_request_has_its_cluster_with_the_top_bit() -> None:
    pairs = (
        (zdo.NwkAddrReq, zdo.NwkAddrRsp),
        (zdo.IeeeAddrReq, zdo.IeeeAddrRsp),
        (zdo.NodeDescReq, zdo.NodeDescRsp),
        (zdo.PowerDescReq, zdo.PowerDescRsp),
        (zdo.SimpleDescReq, zdo.SimpleDescRsp),
        (zdo.ActiveEpReq, zdo.ActiveEpRsp),
        (zdo.MatchDescReq, zdo.MatchDescRsp),
        (zdo.BindReq, zdo.BindRsp),
        (zdo.UnbindReq, zdo.UnbindRsp),
        (zdo.MgmtLqiReq, zdo.MgmtLqiRsp),
        (zdo.MgmtLeaveReq, zdo.MgmtLeaveRsp),
        (zdo.MgmtPermitJoiningReq, zdo.MgmtPermitJoiningRsp),
        (zdo.MgmtNwkUpdateReq, zdo.MgmtNwkUpdateNotify),
    )
    assert all(response.cluster == request.cluster | zdo.RESPONSE for request, response in pairs)


@pytest.mark.parametrize(
    "cluster, octets",
    [
        (0x0013, "11217b"),
        (0x00FF, "11"),
        (0x0000, ""),
        (0x0000, "11" + A4 + "0200"),
        (0x8004, "1100217b05" + "0109010205"),
        (0x8005, "1100217b0501"),
        (0x8031, "110001000a" + "00" * 22),
        (0x0021, "11" + A4 + "0119000234" + "12"),
        (0x8002, "1100217b" + "07" + "00" * 12),
    ],
)
def test_what_is_no_message_is_refused(cluster: int, octets: str) -> None:
    with pytest.raises(DecodeError):
        zdo.decode_zdo(cluster, bytes.fromhex(octets))


@pytest.mark.parametrize(
    "message",
    [
        zdo.MgmtNwkUpdateReq(0, 3),
        zdo.MgmtNwkUpdateReq(0, 0xFE),
        zdo.PowerDescRsp(0, 0, mode=16),
        zdo.SimpleDescRsp(0, 0, SimpleDescriptor(1, 1, 1, 16, (), ())),
        zdo.MgmtLqiRsp(0, 1, 0, (zdo.NeighbourRecord(Eui64(0), Eui64(0), 0, 4, 0, 0, 0, 0, 0),)),
        zdo.ActiveEpRsp(0, 0, (256,)),
    ],
)
def test_a_message_that_cannot_be_written_is_our_own_fault(message: zdo.ZdoMessage) -> None:
    with pytest.raises(LocalProtocolError):
        zdo.encode_zdo(0, message)
