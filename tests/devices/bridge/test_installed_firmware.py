"""The firmware in the flash of a bridge: one record says what runs, and a cut never leaves half of a switch."""

from __future__ import annotations

import itertools

import pytest

from emulator.core.clock import VIRTUAL_EPOCH
from emulator.devices.bridge.installed_firmware import IMAGE_LOST, InstalledFirmware
from emulator.devices.bridge.memory import Activation, BridgeMemory
from emulator.devices.profile_loading import load_joiner
from emulator.gbcs.use_cases.cs09 import Result
from emulator.image.flash import Cut, Flash, PowerCut
from emulator.zigbee.clusters.ota import ImageIdentity
from tests.devices.fake_port import Reports
from tests.devices.world import NEW, OLD

PROFILE = load_joiner("bridge-1")
OCTETS = bytes(range(200))
IMAGE = ImageIdentity(PROFILE.manufacturer, PROFILE.image_type, NEW, len(OCTETS))
LIMIT = 1_000


def installed(memory: BridgeMemory, reports: Reports | None = None) -> InstalledFirmware:
    return InstalledFirmware(PROFILE, memory, LIMIT, VIRTUAL_EPOCH, Reports() if reports is None else reports)


def fetched(memory: BridgeMemory, reports: Reports | None = None) -> InstalledFirmware:
    """With a new image in the slot."""
    firmware = installed(memory, reports)
    firmware.images.begin(IMAGE)
    firmware.images.write(0, OCTETS)
    return firmware


def test_a_new_bridge_runs_what_it_was_shipped_with() -> None:
    assert installed(BridgeMemory()).version == PROFILE.firmware_version == OLD


def test_without_a_decision_nothing_is_switched() -> None:
    firmware = fetched(BridgeMemory())
    assert firmware.switch_over(0) is None
    assert firmware.version == OLD


def test_the_image_runs_and_that_is_to_be_told_once() -> None:
    memory, reports = BridgeMemory(), Reports()
    firmware = fetched(memory, reports)
    firmware.decide(IMAGE)
    over = firmware.switch_over(0)
    assert over == memory.state.unreported == Activation(VIRTUAL_EPOCH, NEW, Result.SUCCESS, NEW)
    firmware.boot(1)
    assert (firmware.version, memory.state.activating) == (NEW, None)
    assert [kind for kind, _, _ in reports] == ["bridge.activated"]


def test_an_image_that_is_not_there_any_more_fails_and_the_old_one_runs_on() -> None:
    memory, reports = BridgeMemory(), Reports()
    firmware = fetched(memory, reports)
    firmware.decide(IMAGE)
    firmware.images.erase()
    assert firmware.switch_over(0) == Activation(VIRTUAL_EPOCH, OLD, Result.FAILURE, NEW)
    assert (firmware.version, reports.reasons("bridge.activation-failed")) == (OLD, [IMAGE_LOST])


@pytest.mark.parametrize("where", list(Cut))
def test_after_a_cut_at_any_write_the_next_boot_finishes_what_was_decided(where: Cut) -> None:
    for write in itertools.count(1):
        flash = Flash()
        memory = BridgeMemory(flash)
        firmware = fetched(memory)
        firmware.decide(IMAGE)
        cut_at = flash.writes + write
        flash.fault = lambda at, cut_at=cut_at: where if at == cut_at else None
        try:
            firmware.switch_over(0)
            break  # There are no more writes to cut.
        except PowerCut:
            again = BridgeMemory(flash)
            rebooted = installed(again)
            rebooted.boot(1)
            assert rebooted.version == NEW
            assert (again.state.activating, again.state.unreported and again.state.unreported.running) == (None, NEW)
    assert write > 2
