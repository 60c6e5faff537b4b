"""A stick as its host meets it: the application, the bootloader, and the ways between them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import SECOND
from emulator.ncp.ash.frames import CANCEL, ResetCode, RstAckFrame, RstFrame, encode
from emulator.ncp.ash.settings import AshSettings
from emulator.ncp.bootloader.firmware_metadata import FirmwareMetadata
from emulator.ncp.bootloader.gbl_build import build_bootloader, build_firmware, build_gbl
from emulator.ncp.bootloader.gbl_image import BootloaderVersion, TagId
from emulator.ncp.ezsp.status import Status
from emulator.ncp.firmware import StartFault
from emulator.ncp.stick import ANSWER_WAIT
from tests.ncp.bootloader.host import ACK, EOT, MENU, frames
from tests.ncp.stick_world import (
    BOOTLOADER_VERSION,
    GET_CONFIGURATION,
    GET_TOKEN_DATA,
    LAUNCH,
    NOP,
    RESET_NODE,
    SET_CONFIGURATION,
    SET_TOKEN_DATA,
    World,
    firmware,
    power_cycled,
)

TOKEN = bytes.fromhex("01200000 00000000")
"""Number and index of a token of the stack."""
CONTENTS = bytes.fromhex("03000000 616263")
STARTED = bytes((CANCEL,)) + encode(RstAckFrame(ResetCode.BOOTLOADER))
CUSTOMER = BootloaderVersion(2, 3, 4)


def plugged(settings: AshSettings | None = None) -> World:
    world = World(settings=settings)
    world.plug()
    world.connect()
    return world


def in_bootloader() -> World:
    world = plugged()
    world.launch()
    return world


# --- into the bootloader ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0, 1])
def test_the_answer_goes_out_before_the_menu(mode: int) -> None:
    world = plugged()
    world.read()
    assert world.command(LAUNCH, bytes((mode,))) == b"\x00"
    said = world.read()
    assert said.endswith(MENU)
    assert len(said) > len(MENU)
    assert world.stick.in_bootloader


def test_another_mode_is_refused_and_the_session_goes_on() -> None:
    world = plugged()
    assert world.command(LAUNCH, b"\x02") == b"\x01"
    assert not world.stick.in_bootloader
    assert world.command(NOP) == b""


def test_what_the_host_said_behind_the_command_is_not_obeyed() -> None:
    world = plugged()
    world.read()
    for frame in (world.frame(LAUNCH, b"\x01"), world.frame(NOP)):
        world.host.send(frame, world.now)
    octets = bytes(world.host.out)
    world.host.out.clear()
    world.listening = False
    world.put(octets)
    assert world.read().endswith(MENU)
    assert world.log.reasons("ezsp.refused") == []


def test_a_host_that_says_nothing_more_once_it_has_its_answer_gets_the_menu() -> None:
    world = plugged()
    world.listening = False
    world.host.send(world.frame(LAUNCH, b"\x01"), world.now)
    world.exchange()
    assert world.stick.in_bootloader


def test_nothing_but_the_bootloader_speaks_in_it() -> None:
    world = in_bootloader()
    world.chip.callback("stackStatusHandler", {"status": Status.NETWORK_UP}, world.now)
    world.put(encode(RstFrame())[:1])
    world.wait(60 * SECOND)
    assert world.read() == MENU


def test_the_version_of_the_bootloader_reads_as_hosts_show_it() -> None:
    assert plugged().command(BOOTLOADER_VERSION) == bytes.fromhex("0121 04 18 0f")


def silent(world: World) -> None:
    """The host has a callback that it does not acknowledge, and asks for the bootloader: no room for the answer."""
    world.listening = False
    world.chip.callback("stackStatusHandler", {"status": Status.NETWORK_UP}, world.now)
    world.host.send(world.frame(LAUNCH, b"\x01"), world.now)
    world.exchange()
    assert not world.stick.in_bootloader


def narrow() -> World:
    world = plugged(AshSettings(window=1))
    silent(world)
    return world


def test_an_answer_that_has_to_wait_is_waited_for() -> None:
    world = plugged(AshSettings(window=1))
    world.chip.callback("stackStatusHandler", {"status": Status.NETWORK_UP}, world.now)
    assert len(world.ask(world.frame(LAUNCH, b"\x01"))) == 2
    assert world.stick.in_bootloader


def test_an_answer_that_never_gets_out_is_not_waited_for_long() -> None:
    world = narrow()
    world.wait(ANSWER_WAIT - 1)
    assert not world.stick.in_bootloader
    world.wait(1)
    assert world.stick.in_bootloader
    assert world.log.reasons("ncp.stick.answer-lost") == ["host-not-listening"]


def test_while_the_answer_waits_no_other_command_is_obeyed() -> None:
    world = narrow()
    world.host.send(world.frame(NOP), world.now)
    world.exchange()
    assert world.log.reasons("ezsp.refused") == ["leaving"]


def test_a_reset_before_the_answer_is_out_keeps_the_stick_in_its_application() -> None:
    world = narrow()
    assert world.connect() == 13
    world.wait(2 * ANSWER_WAIT)
    assert not world.stick.in_bootloader
    assert world.log.reasons("ncp.stick.departure-lost") == ["reset"]


def test_a_host_that_goes_before_the_answer_is_out_has_its_will() -> None:
    world = narrow()
    world.unplug()
    assert world.stick.in_bootloader


def test_a_link_that_fails_before_the_answer_is_out_ends_in_the_bootloader() -> None:
    world = narrow()
    world.stick.fail(ResetCode.ASSERT, world.now)
    assert world.stick.in_bootloader


# --- firmware --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stack, version", [("7.4.3.0", 13), ("8.0.1.0", 14), ("8.1.0.0", 16), ("9.1.0.0", 19)])
def test_it_comes_up_with_the_ezsp_of_the_image(stack: str, version: int) -> None:
    world = in_bootloader()
    image = firmware(stack)
    world.upload(image)
    world.read()
    world.put(b"2")
    assert world.read() == STARTED
    assert world.connect() == version
    assert world.flash.firmware is not None
    assert world.flash.firmware.sha256 == hashlib.sha256(image).digest()
    assert world.flash.firmware.octets == len(image)
    assert power_cycled(world).flash == world.flash


def test_new_firmware_finds_the_tokens_of_the_old() -> None:
    world = plugged()
    assert not any(world.command(SET_TOKEN_DATA, TOKEN + CONTENTS))
    world.launch()
    world.upload(firmware("8.1.0.0"))
    world.put(b"2")
    world.connect()
    assert world.command(GET_TOKEN_DATA, TOKEN).endswith(CONTENTS)


def test_an_image_is_kept_when_it_is_whole_and_not_when_it_runs() -> None:
    world = in_bootloader()
    before = world.kept
    world.open_upload()
    *most, last = (*frames(firmware()), EOT)
    for octets in most:
        world.put(octets)
    assert (world.kept, world.flash.firmware) == (before, None)
    world.put(last)
    world.wait(SECOND)
    assert world.kept == before + 1
    assert power_cycled(world).flash.version == 16


DOES_NOT_RUN = {
    StartFault.NO_METADATA: build_firmware(None),
    StartFault.DAMAGED_METADATA: build_gbl([(TagId.ERASE_PROGRAM, bytes(8)), (TagId.METADATA, b"{}")]),
    StartFault.NOT_EZSP: firmware("8.1.0.0", "openthread_rcp"),
    StartFault.NO_STACK_VERSION: firmware(None),
    StartFault.VERSION_NOT_SERVED: firmware("6.10.3.0"),
}


def test_every_fault_of_an_image_is_tried() -> None:
    assert set(DOES_NOT_RUN) == set(StartFault)


@pytest.mark.parametrize("fault", DOES_NOT_RUN)
def test_an_image_that_does_not_run_leaves_it_in_the_bootloader(fault: StartFault) -> None:
    world = in_bootloader()
    world.upload(DOES_NOT_RUN[fault])
    world.read()
    world.put(b"2")
    assert world.read() == MENU
    assert world.log.reasons("ncp.stick.installed") == [fault]
    assert world.log.reasons("ncp.stick.not-started") == [fault]


@pytest.mark.parametrize("fault", DOES_NOT_RUN)
def test_with_an_image_that_does_not_run_power_brings_up_the_bootloader_and_another_image_mends_it(
    fault: StartFault,
) -> None:
    broken = in_bootloader()
    broken.upload(DOES_NOT_RUN[fault])
    world = power_cycled(broken)
    world.listening = False
    world.plug()
    assert world.read() == MENU
    world.upload(firmware("8.0.0.0"))
    world.put(b"2")
    assert world.connect() == 14


def test_metadata_with_a_stack_version_that_is_none_is_damaged() -> None:
    world = in_bootloader()
    world.upload(build_firmware(FirmwareMetadata(ezsp_version="new", fw_type="zigbee_ncp")))
    assert world.log.reasons("ncp.stick.installed") == [StartFault.DAMAGED_METADATA]


def test_a_refused_file_changes_nothing() -> None:
    world = in_bootloader()
    before = world.flash.to_dict()
    world.open_upload()
    damaged = bytearray(firmware())
    damaged[-1] ^= 1
    for octets in frames(bytes(damaged)):
        world.put(octets)
    world.wait(SECOND)
    assert world.flash.to_dict() == before
    world.put(b"2")
    assert world.connect() == 13


def test_another_bootloader_stays() -> None:
    world = in_bootloader()
    world.upload(build_bootloader(CUSTOMER))
    world.put(b"2")
    assert b"v2.03.04" in world.read()
    world.put(b"2")
    world.connect()
    assert world.command(BOOTLOADER_VERSION)[:2] == bytes.fromhex("0423")
    again = power_cycled(world)
    again.plug()
    again.connect()
    again.launch()
    again.put(b"\n")
    assert b"v2.03.04" in again.read()


# --- out of the bootloader, and cuts ---------------------------------------------------------------------------------


def test_run_starts_what_was_there() -> None:
    world = in_bootloader()
    world.put(b"2")
    assert world.read() == STARTED
    assert world.connect() == 13


@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_a_connection_that_ends_tells_the_bootloader_nothing(blocks: int) -> None:
    world = in_bootloader()
    world.open_upload()
    stream = (*frames(firmware(program=bytes(400))), EOT)
    for octets in stream[:blocks]:
        world.put(octets)
    world.unplug()
    world.read()
    world.plug()
    assert world.read() == b""
    for octets in stream[blocks:]:
        world.put(octets)
        assert world.read() == ACK
    world.wait(SECOND)
    assert world.flash.version == 16


@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_power_that_fails_in_an_upload_leaves_what_was_there(blocks: int) -> None:
    world = in_bootloader()
    world.open_upload()
    for octets in list(frames(firmware(program=bytes(400))))[:blocks]:
        world.put(octets)
    again = power_cycled(world)
    again.plug()
    assert again.connect() == 13


def test_a_reset_from_outside_ends_an_upload_and_starts_the_application() -> None:
    world = in_bootloader()
    world.open_upload()
    world.stick.reset(ResetCode.EXTERNAL, world.now)
    world.exchange()
    assert world.read() == bytes((CANCEL,)) + encode(RstAckFrame(ResetCode.EXTERNAL))
    assert world.connect() == 13


def test_a_bootloader_has_no_link_that_could_fail() -> None:
    world = in_bootloader()
    world.stick.fail(ResetCode.ASSERT, world.now)
    assert world.read() == b""
    assert world.log.reasons("ncp.stick.ignored") == ["in-bootloader"]


# --- the application -------------------------------------------------------------------------------------------------


def test_a_host_that_comes_finds_a_stick_that_has_just_started() -> None:
    world = plugged()
    world.unplug()
    world.read()
    world.plug()
    assert world.read() == bytes((CANCEL,)) + encode(RstAckFrame(ResetCode.POWER_ON))
    assert world.connect() == 13


def test_reset_node_is_answered_and_then_the_stick_starts_anew() -> None:
    world = plugged()
    world.read()
    assert world.command(RESET_NODE) == b""
    assert world.read().endswith(encode(RstAckFrame(ResetCode.SOFTWARE)))
    assert world.host.codes[-1] == ResetCode.SOFTWARE
    assert world.connect() == 13


def test_a_stick_that_fails_says_so_and_takes_a_reset() -> None:
    world = plugged()
    world.stick.fail(ResetCode.ASSERT, world.now)
    world.exchange()
    assert world.host.failed
    assert world.connect() == 13


def test_what_happens_after_a_long_silence_is_told_once() -> None:
    world = plugged()
    world.wait(60 * SECOND)
    told = len(world.host.delivered)
    world.chip.callback("stackStatusHandler", {"status": Status.NETWORK_UP}, world.now)
    # The stick is looked at before the host has acknowledged: its time to do so has just begun.
    world.stick.on_timeout(world.now)
    world.exchange()
    world.wait(SECOND)
    assert len(world.host.delivered) == told + 1
    assert world.log.reasons("ash.resent") == []


def _run_again(world: World) -> None:
    world.launch()
    world.put(b"2")


def _reset_node(world: World) -> None:
    world.command(RESET_NODE)


def _power(world: World) -> None:
    world.unplug()
    world.plug()


def _from_outside(world: World) -> None:
    world.stick.reset(ResetCode.EXTERNAL, world.now)
    world.exchange()


@pytest.mark.parametrize("anew", [_run_again, _reset_node, _power, _from_outside])
def test_a_stick_that_starts_anew_has_forgotten_what_is_not_in_flash(anew: Callable[[World], None]) -> None:
    world = plugged()
    before = world.command(GET_CONFIGURATION, b"\x1e")
    assert world.command(SET_CONFIGURATION, b"\x1e\x63\x00") == b"\x00"
    assert world.command(GET_CONFIGURATION, b"\x1e") != before
    anew(world)
    world.connect()
    assert world.command(GET_CONFIGURATION, b"\x1e") == before


@pytest.mark.parametrize("anew", [_run_again, _reset_node, _power, _from_outside])
def test_with_a_stick_that_starts_anew_a_version_has_to_be_agreed_on_anew(anew: Callable[[World], None]) -> None:
    world = plugged()
    anew(world)
    world.inbox.clear()
    world.listening = True
    world.host.connect(world.now)
    world.exchange()
    world.command(NOP, invalid=True)
    assert world.log.reasons("ezsp.refused") == ["version-not-set"]


# --- whatever comes --------------------------------------------------------------------------------------------------

Act = Callable[[World], object]
ESCAPED = bytes((0x7D, 0x7E, 0x1A, 0x18, 0x11, 0x13, 0xC0, ord("1"), ord("2"), ord("\n"), 0x01, 0x04))


def _octets(octets: bytes) -> Act:
    return lambda world: world.put(octets)


def _wait(span: int) -> Act:
    return lambda world: world.wait(span)


def _ask(parameters: tuple[int, bytes]) -> Act:
    return lambda world: world.ask(world.frame(*parameters))


def _reset(world: World) -> None:
    world.stick.reset(ResetCode.WATCHDOG, world.now)
    world.exchange()


def _fail(world: World) -> None:
    world.stick.fail(ResetCode.ASSERT, world.now)
    world.exchange()


def _greet(world: World) -> None:
    world.listening = True
    world.host.connect(world.now)
    world.exchange()
    world.ask(bytes((0, 0, 0, world.flash.version)))


def _happen(world: World) -> None:
    world.chip.callback("stackStatusHandler", {"status": Status.NETWORK_UP}, world.now)
    world.exchange()


def _upload(file: bytes) -> Act:
    def act(world: World) -> None:
        for octets in (b"\n1", *frames(file), EOT):
            world.put(octets)
            world.wait(10_000)

    return act


COMMANDS = st.tuples(st.sampled_from((NOP, LAUNCH, RESET_NODE, BOOTLOADER_VERSION, 0xFFFF)), st.binary(max_size=2))
ACTS: st.SearchStrategy[Act] = st.one_of(
    st.binary(max_size=40).map(_octets),
    st.lists(st.sampled_from(ESCAPED), max_size=20).map(bytes).map(_octets),
    st.integers(0, 5 * SECOND).map(_wait),
    COMMANDS.map(_ask),
    st.sampled_from([firmware(), firmware("6.0.0.0"), build_bootloader(CUSTOMER), b"no image"]).map(_upload),
    st.sampled_from([World.plug, World.unplug, _reset, _fail, _greet, _happen]),
    st.just(_ask((LAUNCH, b"\x01"))),
)


def to_application(world: World) -> int:
    """What a host does that finds a stick in any state; the version agreed on."""
    world.plug()
    world.listening = False
    world.wait(60 * SECOND)
    if world.stick.in_bootloader:
        for _ in range(2):
            world.put(b"\n")
            world.wait(4 * SECOND)
        world.read()
        world.put(b"\n")
        assert world.read().startswith(b"\r\nGecko Bootloader")
        world.upload(firmware("8.2.0.0"))
        world.put(b"2")
        world.put(b"2")
    return world.connect()


@given(st.lists(ACTS, max_size=12))
def test_whatever_comes_at_any_moment_the_next_host_can_work_with_it(acts: list[Act]) -> None:
    world = World()
    world.plug()
    for act in acts:
        act(world)
    assert power_cycled(world).flash == world.flash
    version = to_application(world)
    assert version == world.flash.version
    assert world.command(NOP) == b""


# --- without power ---------------------------------------------------------------------------------------------------


def test_a_stick_without_power_forgets_what_is_not_in_flash_and_starts_again_when_it_has_some() -> None:
    world = World()
    world.plug()
    world.connect()
    world.stick.power_off(world.now)
    world.read()
    world.wait(60 * SECOND)
    assert world.read() == b""
    assert world.stick.next_timeout() is None
    world.plug()
    assert world.read().startswith(bytes((CANCEL,)) + encode(RstAckFrame(ResetCode.POWER_ON)))
    assert world.connect() == 13


def test_a_stick_that_loses_its_power_in_the_bootloader_comes_up_in_its_application() -> None:
    world = World()
    world.plug()
    world.connect()
    world.launch()
    world.stick.power_off(world.now)
    assert not world.stick.in_bootloader
    world.plug()
    assert world.connect() == 13
