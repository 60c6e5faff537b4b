"""A hub on a stick: formed or gone on with, its guests let in, updated and asked, until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from emulator.control.live.keys import LiveKeys, key_authority
from emulator.control.live.opening import Opened, opened, stop
from emulator.control.live.plan import HubPlan
from emulator.control.live.telling import Teller
from emulator.core.clock import MILLISECOND, SECOND
from emulator.core.errors import BadInput, DecodeError
from emulator.core.eui64 import Eui64, eui64_text, parse_eui64
from emulator.devices.device_log.state import LOG_SIZE
from emulator.devices.hub.kept import HubKept
from emulator.devices.joining.credentials import own_credentials
from emulator.devices.profile import HubProfile
from emulator.devices.profile_loading import load_hub
from emulator.image.file import OtaFile, read_image
from emulator.ports.aps import NetworkSettings
from emulator.runtime.acb import AcbHandle
from emulator.runtime.device_making import DeviceMaker
from emulator.runtime.identities import network_for
from emulator.runtime.live.hub import LiveHub, check_guests
from emulator.runtime.live.run import LiveRun
from emulator.runtime.simulation import CHANNELS, DEFAULT_CHANNEL

HUB: Final = "hub"
_POWERS: Final = range(-30, 31)
_HUB, _IMAGE, _THROUGH = "hub", "image", "through"


async def run_hub(plan: HubPlan, teller: Teller) -> bool:
    """Carry a plan out until it is cancelled, or, where it is to end, done; whether every guest was seen through.

    Raises:
        BadInput: before anything was sent, or once the stick is gone for good; one line with the remedy.
    """
    profile, image = _checked(plan)
    async with opened(plan.stick, HUB, teller.take, plan.tx_power) as one:
        run, keys = _run(plan, profile, one)
        kept = _kept(one)
        with keys.shared.making():
            handle = DeviceMaker(run, one.recording).hub(HUB, profile, kept)
            if keys.is_shared:
                _make_keys_of_guests(plan, run)
        network = _network(plan, kept, run, handle.eui64)
        acb = AcbHandle(run, handle.device, run.pki(), last_counter=_counter())
        acb.serve_hub(handle.entity_id)
        work = LiveHub(
            run,
            handle,
            acb,
            plan.guests,
            None if image is None else image.octets,
            keys.shared.public_keys,
            _through(one, image),
        )

        def kept_of_device() -> Mapping[str, object]:
            device = handle.device.kept()
            sha256 = None if image is None else image.sha256().hex()
            through = [eui64_text(device) for device in work.through]
            return {_HUB: None if device is None else device.to_dict(), _IMAGE: sha256, _THROUGH: through}

        one.kept_of_device = kept_of_device
        teller.introduce_hub(one, handle, network, plan, keys.folder)
        shown = asyncio.create_task(run.show(lambda: teller.show_hub(run, work, one.times)))
        try:
            await work.start(network)
            done = await work.work()
            if not plan.stick.once:
                await run.until(lambda: False)
            return done
        finally:
            shown.cancel()
            await stop(one, handle.device.power_off)


def _checked(plan: HubPlan) -> tuple[HubProfile, OtaFile | None]:
    """What can be refused before the stick is opened."""
    check_guests(plan.guests, LOG_SIZE)
    if plan.channel is not None and plan.channel not in CHANNELS:
        raise BadInput(f"channel {plan.channel}", where="--channel", allowed=f"{CHANNELS[0]} to {CHANNELS[-1]}")
    if plan.tx_power is not None and plan.tx_power not in _POWERS:
        raise BadInput(f"{plan.tx_power} dBm", where="--tx-power", allowed=f"{_POWERS[0]} to {_POWERS[-1]}")
    if plan.stick.once and not plan.guests:
        raise BadInput("there is nothing to wait for", where="--once", allowed="with --allow")
    limit = plan.stick.standards.number("limits.image_octets")
    image = None if plan.image is None else read_image(plan.image, limit)
    return load_hub(plan.profile, plan.stick.folders), image


def _run(plan: HubPlan, profile: HubProfile, one: Opened) -> tuple[LiveRun, LiveKeys]:
    keys = LiveKeys.open(plan.stick, one)
    authority = None
    if plan.stick.cbke:
        own = own_credentials(profile, datetime.now(UTC))
        issued = None if own is not None else keys.authority(plan.stick.ca).issued(one.port.eui64)
        authority = key_authority(issued, profile, plan.stick, one)
    return one.run(plan.stick, keys.shared.pki, authority), keys


def _kept(one: Opened) -> HubKept | None:
    stored = one.kept.device.get(_HUB)
    try:
        return None if stored is None else HubKept.from_dict(stored)
    except DecodeError as error:
        raise BadInput(str(error), where=str(one.state.folder), allowed="the folder of an earlier run") from error


def _through(one: Opened, image: OtaFile | None) -> list[Eui64]:
    """Who has had this image from an earlier life of the hub."""
    if image is None or one.kept.device.get(_IMAGE) != image.sha256().hex():
        return []
    return [parse_eui64(device) for device in one.kept.device.get(_THROUGH, ())]


def _network(plan: HubPlan, kept: HubKept | None, run: LiveRun, hub: Eui64) -> NetworkSettings:
    """The HAN as it is, or as it is to be."""
    if kept is None:
        settings = network_for(run.streams, "", hub, plan.channel or DEFAULT_CHANNEL)
        return settings if plan.pan_id is None else replace(settings, pan_id=plan.pan_id)
    before = kept.network
    for name, asked, there in (("--channel", plan.channel, before.channel), ("--pan-id", plan.pan_id, before.pan_id)):
        if asked not in (None, there):
            what = f"the HAN of this folder has {there:#06x}" if name == "--pan-id" else f"this HAN is on {there}"
            raise BadInput(what, where=name, allowed="the same, or another folder for another HAN (--state)")
    return before


def _make_keys_of_guests(plan: HubPlan, run: LiveRun) -> None:
    """For those that have none in the PKI that is shared, to take there."""
    for guest in plan.guests:
        run.pki().device(guest.eui64)


def _counter() -> int:
    """The Originator Counter to go on from: ms, so that whatever devices have had is less."""
    return int(datetime.now(UTC).timestamp() * SECOND) // MILLISECOND
