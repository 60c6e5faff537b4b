"""What a host is told of what the stack hears."""

from __future__ import annotations

import pytest

from emulator.ncp.chip import APPLICATION_ZDO_FLAGS
from emulator.ncp.commands.callbacks import Callbacks
from emulator.ncp.firmware import SERVED_VERSIONS
from emulator.ports.aps import ApsIndication
from emulator.zigbee.frames.aps import ZDO_PROFILE
from tests.ncp.commands.sticks import Air

ANNOUNCEMENT, NODE_DESCRIPTOR_REQUEST, NODE_DESCRIPTOR_RESPONSE = 0x0013, 0x0002, 0x8002
SMART_ENERGY = 0x0109
NOTHING, SUPPORTED, UNSUPPORTED = 0, 1, 2


def message(profile: int, cluster: int, *, response_required: bool = False) -> ApsIndication:
    return ApsIndication(
        0x1234,
        None,
        0,
        0,
        profile,
        cluster,
        b"\x01",
        link_key=False,
        broadcast=False,
        rssi=-50,
        lqi=188,
        response_required=response_required,
    )


def seen(version: int, flags: int, received: ApsIndication) -> bool:
    """Whether a host that has set these flags is told of a message."""
    stick = Air().stick(version)
    if flags:
        stick.ask("setConfigurationValue", configId=APPLICATION_ZDO_FLAGS, value=flags)
    Callbacks(stick.chip).received(received, 0)
    return [one.name for one in stick.heard] == ["incomingMessageHandler"]


@pytest.mark.parametrize("version", SERVED_VERSIONS)
@pytest.mark.parametrize("flags", [NOTHING, SUPPORTED, UNSUPPORTED, SUPPORTED | UNSUPPORTED])
@pytest.mark.parametrize(
    "received",
    [
        message(ZDO_PROFILE, ANNOUNCEMENT),
        message(ZDO_PROFILE, NODE_DESCRIPTOR_RESPONSE),
        message(ZDO_PROFILE, NODE_DESCRIPTOR_REQUEST, response_required=True),
        message(SMART_ENERGY, NODE_DESCRIPTOR_REQUEST),
    ],
    ids=["announcement", "response", "to-be-answered", "no-zdo"],
)
def test_a_host_hears_of_it_whatever_it_asked_for(version: int, flags: int, received: ApsIndication) -> None:
    assert seen(version, flags, received)


@pytest.mark.parametrize("version", SERVED_VERSIONS)
@pytest.mark.parametrize(
    "flags, expected", [(NOTHING, False), (UNSUPPORTED, False), (SUPPORTED, True), (SUPPORTED | UNSUPPORTED, True)]
)
def test_requests_that_the_stack_answers_are_for_hosts_that_asked(version: int, flags: int, expected: bool) -> None:
    assert seen(version, flags, message(ZDO_PROFILE, NODE_DESCRIPTOR_REQUEST)) is expected
