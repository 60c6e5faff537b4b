"""What a hub keeps over an end of its program."""

from __future__ import annotations

import json

import pytest

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.devices.device_log.state import DeviceLogState
from emulator.devices.hub.kept import HubKept
from emulator.gbcs.roles import RemotePartyRole
from emulator.ports.aps import NetworkSettings
from tests.devices.world import CHF, pki

HUB = Eui64(0x00DB_1200_0000_0001)


def kept() -> HubKept:
    chf = pki().identity(CHF, RemotePartyRole.WAN_PROVIDER).state
    return HubKept(NetworkSettings(15, 0x1A62, HUB, bytes(range(16))), DeviceLogState(HUB), chf)


def test_it_comes_back_as_it_was() -> None:
    stored = json.loads(json.dumps(kept().to_dict()))
    again = HubKept.from_dict(stored)
    assert (again.network, again.log) == (kept().network, kept().log)
    assert again.to_dict() == stored


@pytest.mark.parametrize("part", ["network", "log", "chf"])
def test_it_is_damaged_without_any_of_its_parts(part: str) -> None:
    stored = kept().to_dict()
    del stored[part]
    with pytest.raises(DecodeError, match="stored hub: damaged"):
        HubKept.from_dict(stored)
