"""What a hub on a stick does by itself: lets guests in, offers each the image, hears the alert, reads the version."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Final

from emulator.core.clock import MINUTE
from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64, eui64_text, parse_eui64
from emulator.core.events import Event
from emulator.devices.device_log.effects import Admitted
from emulator.devices.device_log.life import Standing
from emulator.gbcs.keys import PublicKeys
from emulator.ports.aps import NetworkSettings
from emulator.runtime.acb import AcbHandle, CannotRead
from emulator.runtime.han import HubHandle
from emulator.runtime.live.formation import until_up
from emulator.runtime.live.remote_bridge import RemoteBridge
from emulator.runtime.run import Run

INVITE_AGAIN: Final = MINUTE
"""Between two looks at a guest that has not come yet."""
ALERT_WITHIN: Final = 15 * MINUTE
"""For the alert after the image was transferred."""
_AWAY: Final = (None, Standing.LISTED)

KeysOf = Callable[[Eui64], PublicKeys | None]
"""Gives the public keys of a device, None where nobody knows them."""


class LiveHub:
    """The work of one hub; its life is that of `HubHandle`.

    Args:
        run: whose hub it is.
        hub: the hub, off.
        acb: the Access Control Broker behind it.
        guests: who may join.
        image: OTA file for them; None: nobody is offered any.
        keys_of: public keys of guests.
        through: guests that have had this image in an earlier life.
    """

    def __init__(
        self,
        run: Run,
        hub: HubHandle,
        acb: AcbHandle,
        guests: Sequence[RemoteBridge],
        image: bytes | None,
        keys_of: KeysOf,
        through: Collection[Eui64] = (),
    ) -> None:
        self.hub = hub
        self.guests = tuple(guests)
        self._run = run
        self._acb = acb
        self._image = image
        self._keys_of = keys_of
        for guest in self.guests:
            guest.transferred = guest.eui64 in through
        self._by_address = {guest.eui64: guest for guest in self.guests}
        self._report = run.recorder.reporter(hub.name)
        run.recorder.watch("acb", self._watch)
        run.recorder.watch(hub.name, self._watch_hub)

    @property
    def through(self) -> list[Eui64]:
        """Guests that have the image."""
        return [guest.eui64 for guest in self.guests if guest.transferred]

    async def start(self, network: NetworkSettings) -> None:
        """Switch it on, and wait until its HAN is up; `network` counts where it has none yet.

        Raises:
            BadInput: it does not come up, e.g. as the stick has left it.
        """
        self.hub.device.power_on(network, self._run.now)
        self._run.arm(self.hub.device)
        await until_up(self._run, self.hub)

    async def work(self) -> bool:
        """See every guest through, whatever becomes of the others; whether all went well."""
        return all(await asyncio.gather(*(self._see_through(guest) for guest in self.guests)))

    # One guest

    async def _see_through(self, guest: RemoteBridge) -> bool:
        await self._let_in(guest)
        if self._image is None:
            return True
        if guest.transferred:  # in an earlier life; so perhaps was the alert heard
            return not guest.speaks_gbcs or await self._asked(guest)
        while not guest.transferred:
            await self._offer(guest)
            if guest.refusal is not None and not self._is_away(guest):
                return False
            await self._let_in(guest)
        return await self._hear(guest)

    async def _let_in(self, guest: RemoteBridge) -> None:
        """Keep the HAN open for it until it is on it and may use everything."""
        while not self._is_here(guest):
            if self._is_away(guest):
                self._acb.invite(guest)
            await self._run.until(lambda: self._is_here(guest), self._run.now + INVITE_AGAIN)
        self._know(guest)

    def _standing(self, guest: RemoteBridge) -> Standing | None:
        return self.hub.device.chf.log.standing(guest.eui64)

    def _is_away(self, guest: RemoteBridge) -> bool:
        return self._standing(guest) in _AWAY

    def _is_here(self, guest: RemoteBridge) -> bool:
        """Without key establishment nobody gets further than to have joined."""
        goal = (Standing.TRUSTED,) if self.hub.device.cbke is not None else (Standing.TRUSTED, Standing.JOINED)
        known = self.hub.stack.short_of(guest.eui64) is not None
        return self.hub.is_up and known and self._standing(guest) in goal

    def _know(self, guest: RemoteBridge) -> None:
        """Its public keys may have been published since the last time."""
        keys = self._keys_of(guest.eui64)
        if keys is None:
            self._report("hub.keys-unknown", "no-certificate", {"device": eui64_text(guest.eui64)}, self._run.now)
        else:
            guest.speaks_gbcs = True
            self._acb.serve(guest, keys)

    async def _offer(self, guest: RemoteBridge) -> None:
        """Give it the image, and wait until it has it or never will."""
        assert self._image is not None
        guest.refusal = None
        self.hub.device.deliver_image(self._image, [guest.eui64], self._run.now)
        self._run.arm(self.hub.device)
        await self._run.until(lambda: guest.transferred or guest.refusal is not None)

    async def _hear(self, guest: RemoteBridge) -> bool:
        """Its alert, and its answer to CS08; a device whose keys nobody has can be asked nothing."""
        if not guest.speaks_gbcs:
            return True
        heard = await self._run.until(lambda: guest.alert is not None, self._run.now + ALERT_WITHIN)
        if not heard:
            self._report("hub.no-alert", "time-limit", {"device": eui64_text(guest.eui64)}, self._run.now)
        await self._let_in(guest)
        return await self._asked(guest) and guest.alert is not None and guest.alert.result == 0

    async def _asked(self, guest: RemoteBridge) -> bool:
        """CS08; whether it answered."""
        try:
            guest.reading = await self._acb.read_firmware_version(guest)
        except CannotRead:
            self._report("hub.no-reading", "time-limit", {"device": eui64_text(guest.eui64)}, self._run.now)
            return False
        return True

    def _watch_hub(self, event: Event) -> None:
        """Whoever joined did so under a key, and which that was says why."""
        if event.kind == "hub.device-joined":
            device = parse_eui64(str(event.fields["device"]))
            admission = self.hub.device.chf.log.knocked(device, event.at)
            if isinstance(admission, Admitted):
                self._report("hub.let-in", admission.origin.value, {"device": eui64_text(device)}, event.at)

    def _watch(self, event: Event) -> None:
        if event.kind == "hub.image" and event.fields.get("status") == "transferred":
            guest = self._by_address.get(parse_eui64(str(event.fields["device"])))
            if guest is not None:
                guest.transferred = True


def check_guests(guests: Sequence[RemoteBridge], most: int) -> None:
    """BadInput where more are to be let in than a device log has room for, or one is named twice."""
    if len({guest.eui64 for guest in guests}) != len(guests):
        raise BadInput("a device is named twice", where="--allow", allowed="each device once")
    if len(guests) > most:
        raise BadInput(f"{len(guests)} devices", where="--allow", allowed=f"at most {most}")
