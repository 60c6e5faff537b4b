"""A bridge on a stick: it says what it is, joins or goes on, and takes what its hub offers, until told to stop."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final

from emulator.cbke.credentials import Credentials
from emulator.control.live.keys import LiveKeys, key_authority
from emulator.control.live.opening import Opened, opened, stop
from emulator.control.live.plan import BridgePlan
from emulator.control.live.telling import Teller
from emulator.control.shared_authority import credentials_in
from emulator.core.clock import MINUTE, SECOND
from emulator.core.errors import BadInput
from emulator.core.eui64 import eui64_text
from emulator.core.events import Event
from emulator.devices.bridge.memory import BridgeMemory
from emulator.devices.joining.credentials import own_credentials
from emulator.devices.profile import JoinerProfile
from emulator.devices.profile_loading import load_joiner
from emulator.devices.profile_ota import signature_verifier
from emulator.runtime.device_making import DeviceMaker
from emulator.runtime.han import BridgeHandle
from emulator.runtime.identities import InstallCode, install_code_for
from emulator.runtime.live.file_flash import FileFlash
from emulator.runtime.live.run import LiveRun
from emulator.zigbee.security.keys import install_code_key

BRIDGE: Final = "bridge"
FLASH: Final = "flash"
"""Subfolder of the state with the bridge's own memory."""
ASKED_WITHIN: Final = MINUTE
ANSWER_WITHIN: Final = 2 * SECOND
"""For the answer to get through the tunnel."""
_CERTIFICATE: Final = "--certificate"


async def run_bridge(plan: BridgePlan, teller: Teller) -> bool:
    """Carry a plan out until it is cancelled, or, where it is to end, an update is over; whether that went well.

    Raises:
        BadInput: before anything was sent, or once the stick is gone for good; one line with the remedy.
    """
    profile = load_joiner(plan.profile, plan.stick.folders)
    verifier = signature_verifier(profile, plan.stick.standards)
    async with opened(plan.stick, BRIDGE, teller.take) as one:
        run, keys = _run(plan, profile, one)
        memory = BridgeMemory(FileFlash(one.state.folder / FLASH))
        code = _install_code(plan, profile, one)
        with keys.shared.making():
            handle = DeviceMaker(run, one.recording).bridge(BRIDGE, (profile, verifier), code=code, memory=memory)
        teller.introduce_bridge(one, handle, code, plan, keys.folder)
        shown = asyncio.create_task(run.show(lambda: teller.show_bridge(run, handle, one.times)))
        try:
            handle.expect_update()
            handle.power_on()
            outcome = await _updated(run, handle)
            if not plan.stick.once:
                await run.until(lambda: False)
            return outcome
        finally:
            shown.cancel()
            await stop(one, handle.device.power_off)


async def _updated(run: LiveRun, handle: BridgeHandle) -> bool:
    """Wait until an update is over, and the hub has what the bridge has to say of it; whether it went well.

    A hub that knows the bridge asks it then what it runs: it is given a while for that.
    """
    ended: list[bool] = []
    asked: list[Event] = []

    def watch(event: Event) -> None:
        if event.kind in ("bridge.activated", "bridge.activation-failed"):
            ended.append(event.kind == "bridge.activated")
        elif event.kind == "ota.refused":
            ended.append(False)
        elif ended and event.kind == "gbcs.answered":
            asked.append(event)

    run.recorder.watch(handle.name, watch)
    await run.until(lambda: bool(ended) and _has_told(handle))
    if handle.device.speaks_gbcs:
        await run.until(lambda: bool(asked), run.now + ASKED_WITHIN)
        await run.until(lambda: False, run.now + ANSWER_WITHIN)
    return ended[-1]


def _has_told(handle: BridgeHandle) -> bool:
    state = handle.device.memory.state
    return handle.is_up and state.unreported is None and not state.alerts


def _run(plan: BridgePlan, profile: JoinerProfile, one: Opened) -> tuple[LiveRun, LiveKeys]:
    keys = LiveKeys.open(plan.stick, one)
    authority = None
    if plan.stick.cbke:
        authority = key_authority(_credentials(plan, profile, one, keys), profile, plan.stick, one)
    return one.run(plan.stick, keys.shared.pki, authority), keys


def _credentials(plan: BridgePlan, profile: JoinerProfile, one: Opened, keys: LiveKeys) -> Credentials | None:
    """From the file, the profile (None then), or the test CA; each for this stick, before anything is sent."""
    eui64, now = one.port.eui64, datetime.now(UTC)
    if plan.certificate is not None:
        found = credentials_in(plan.certificate, now)
        if found.eui64 != eui64:
            what = f"a certificate for {eui64_text(found.eui64)}, and the stick is {eui64_text(eui64)}"
            raise BadInput(what, where=str(plan.certificate), allowed="a certificate for the stick")
        return found
    if own_credentials(profile, now) is not None:
        return None
    if plan.issue:
        return keys.authority(plan.stick.ca).issued(eui64)
    held = keys.authority(None).credentials_of(eui64) if keys.has_authority else None
    if held is None:
        allowed = "a file, --issue-test-certificate with the CA of the hub (--pki or --ca), or --no-cbke"
        raise BadInput(f"there is no certificate for {eui64_text(eui64)}", where=_CERTIFICATE, allowed=allowed)
    return held


def _install_code(plan: BridgePlan, profile: JoinerProfile, one: Opened) -> InstallCode:
    """As given; else the profile's; else one that stays with the state."""
    if plan.install_code is None:
        return install_code_for(one.streams, BRIDGE, profile)
    return InstallCode(plan.install_code, install_code_key(plan.install_code))
