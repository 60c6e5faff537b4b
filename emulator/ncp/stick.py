"""One virtual stick behind a line of octets: ASH, EZSP over it, the chip, and the bootloader beside them.

Sans-IO: octets and `now` in, octets out by what `connected` was given.  A stick on a serial line cannot see its host
come and go; over TCP it can, and then starts anew for every host, as those sticks do that are a host's own process.

The octets are ASH's while the application runs and the bootloader's while that does.  A host gets into the bootloader
by launchStandaloneBootloader, and out of it by `run`; a bootloader takes no notice of hosts that come and go.  Where
the firmware does not run, the stick comes up in its bootloader, and goes back there whenever it is to run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from emulator.core.clock import SECOND
from emulator.core.events import Report
from emulator.ncp.ash.effects import CallbackLost, Delivered, Effect, ResetRequested, WriteOctets
from emulator.ncp.ash.frames import ResetCode
from emulator.ncp.ash.link import AshLink
from emulator.ncp.ash.settings import AshSettings
from emulator.ncp.bootloader import effects as boot
from emulator.ncp.bootloader.gbl_image import GblImage
from emulator.ncp.bootloader.machine import Bootloader
from emulator.ncp.bootloader.machine_table import BootloaderState
from emulator.ncp.bootloader.settings import BootloaderSettings
from emulator.ncp.chip import Chip
from emulator.ncp.commands.callbacks import Callbacks
from emulator.ncp.commands.catalogue import commands
from emulator.ncp.commands.session import Departure
from emulator.ncp.firmware import Firmware
from emulator.ncp.session import Session

ANSWER_WAIT: Final = 1 * SECOND
"""So long (µs) at most an answer may wait for the host to take what was sent before, until the session ends."""


class Stick:
    """One stick.

    Args:
        chip: what is inside.
        report: told of everything that is dropped or refused.
        settings: of the serial link.

    Attributes:
        woken: called when the next timeout may have come nearer without a call from outside.
    """

    def __init__(self, chip: Chip, report: Report, settings: AshSettings | None = None) -> None:
        self.chip = chip
        self.woken: Callable[[], None] = _nothing
        self._write: Callable[[bytes], None] = _nowhere
        self._report = report
        self._settings = settings or AshSettings()
        self._link = AshLink(self._settings, report)
        self._session = Session(chip, commands(self._leave), report)
        self._bootloader = self._new_bootloader()
        self._held: list[tuple[str, dict[str, Any]]] | None = None
        self._departure: Departure | None = None
        self._depart_by = 0
        self._starts = 0
        """How often anything was started: what was to be done before is not done any more."""
        chip.callback = self._callback
        chip.attach(Callbacks(chip))

    def _new_bootloader(self) -> Bootloader:
        return Bootloader(self._report, BootloaderSettings(version=self.chip.flash.bootloader))

    @property
    def in_bootloader(self) -> bool:
        """Whether it is its bootloader, and no application runs."""
        return self._bootloader.state is not BootloaderState.OFF

    # The line

    def connected(self, write: Callable[[bytes], None], now: int) -> None:
        """A host opened the line: start anew, and say so; a bootloader goes on with what it was at."""
        self._write = write
        if not self.in_bootloader:
            self._start(ResetCode.POWER_ON, now)

    def received(self, octets: bytes, now: int) -> None:
        """Octets from the host."""
        if self.in_bootloader:
            self._do(self._bootloader.received(octets, now), now)
        else:
            self._carry_out(self._link.received(octets, now), now)

    def disconnected(self, now: int) -> None:
        """The host is gone; the stack, or the bootloader, goes on without it until the next one comes."""
        self._write = _nowhere
        if self._departure is not None:
            self._depart(now)

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        if self.in_bootloader:
            return self._bootloader.next_timeout()
        departs = None if self._departure is None else self._depart_by
        moments = (self._link.next_timeout(), self.chip.next_timeout(), departs)
        return min((at for at in moments if at is not None), default=None)

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        if self.in_bootloader:
            self._do(self._bootloader.on_timeout(now), now)
            return
        self.chip.on_timeout(now)
        self._carry_out(self._link.on_timeout(now), now)
        if self._departure is not None and now >= self._depart_by:
            self._report("ncp.stick.answer-lost", "host-not-listening", {"to": self._departure.value}, now)
            self._depart(now)

    # What happens to it

    def reset(self, code: int, now: int) -> None:
        """It starts anew by itself, also out of its bootloader; the host hears of it by RSTACK, and begins again."""
        self._start(code, now)

    def power_off(self, now: int) -> None:
        """It has no power, until `connected`: whatever is not in flash is gone, and the host hears nothing."""
        if self.in_bootloader:
            self._bootloader = self._new_bootloader()
        self._forget(now)
        self._link = AshLink(self._settings, self._report)

    def fail(self, code: int, now: int) -> None:
        """Its link fails: the host hears of it by ERROR.  A bootloader has none that could."""
        if self.in_bootloader:
            self._report("ncp.stick.ignored", "in-bootloader", {"code": code}, now)
            return
        self._carry_out(self._link.fail(code, now), now)

    # The application

    def _start(self, code: int, now: int) -> None:
        """Power, or a reset: the application, if there is one that runs."""
        fault = self.chip.flash.start_fault
        if fault is not None:
            self._report("ncp.stick.not-started", fault.value, {}, now)
            self._enter_bootloader(now)
            return
        if self.in_bootloader:
            self._do(self._bootloader.stop(now), now)
        self._restart(code, now)

    def _restart(self, code: int, now: int) -> None:
        self._forget(now)
        self._carry_out(self._link.reset(code, now), now)

    def _forget(self, now: int) -> None:
        """What is in RAM."""
        self._starts += 1
        if self._departure is not None:
            self._report("ncp.stick.departure-lost", "reset", {"to": self._departure.value}, now)
            self._departure = None
        # In this order: a host hears nothing of what the reset does inside.
        self._session.reset()
        self.chip.reset(now)

    def _carry_out(self, effects: Iterable[Effect], now: int) -> None:
        starts = self._starts
        for effect in effects:
            if starts != self._starts:
                break
            if isinstance(effect, WriteOctets):
                self._write(effect.octets)
            elif isinstance(effect, Delivered):
                self._obey(effect.payload, now)
            elif isinstance(effect, ResetRequested):
                self._restart(ResetCode.SOFTWARE, now)
            elif isinstance(effect, CallbackLost):
                self._session.overflow = True
        if self._departure is not None and self._answer_is_out():
            self._depart(now)
        self.woken()

    def _obey(self, payload: bytes, now: int) -> None:
        if self._departure is not None:
            self._report("ezsp.refused", "leaving", {"to": self._departure.value}, now)
            return
        # Hosts take a callback that comes before the response, and bears its sequence number, for that.
        held: list[tuple[str, dict[str, Any]]] = []
        self._held = held
        answer = self._session.obey(payload, now)
        self._held = None
        if answer is not None:
            self._carry_out(self._link.send(answer, now), now)
        for name, values in held:
            self._callback(name, values, now)

    def _callback(self, name: str, values: dict[str, Any], now: int) -> None:
        """Something happened in the chip."""
        if self._held is not None:
            self._held.append((name, values))
            return
        octets = self._session.callback(name, values)
        if octets is not None:
            self._carry_out(self._link.send(octets, now, callback=True), now)

    # Out of it

    def _leave(self, departure: Departure, now: int) -> None:
        """A command ends the session; its answer comes first."""
        self._departure = departure
        self._depart_by = now + ANSWER_WAIT

    def _answer_is_out(self) -> bool:
        """More than a window of frames is never on its way, and an answer overtakes callbacks that are held back.

        That the host acknowledges it is not waited for: there are hosts that say nothing more after this answer.
        """
        return self._link.unfinished <= self._settings.window

    def _depart(self, now: int) -> None:
        departure, self._departure = self._departure, None
        if departure is Departure.BOOTLOADER:
            self._enter_bootloader(now)
        elif departure is Departure.RESET:
            self._start(ResetCode.SOFTWARE, now)

    # The bootloader

    def _enter_bootloader(self, now: int) -> None:
        """Its menu; the stack is off the air, and ASH hears and says nothing more."""
        effects = self._bootloader.start(now)
        self._forget(now)
        self._do(effects, now)

    def _do(self, effects: Iterable[boot.Effect], now: int) -> None:
        """What the bootloader asks for."""
        for effect in effects:
            if isinstance(effect, boot.WriteOctets):
                self._write(effect.octets)
            elif isinstance(effect, boot.ImageReceived):
                self._install(effect.image, now)
            elif isinstance(effect, boot.BootloaderReplaced):
                self.chip.flash.bootloader = effect.version
                self.chip.kept()
            else:
                self._start(ResetCode.BOOTLOADER, now)
        self.woken()

    def _install(self, image: GblImage, now: int) -> None:
        firmware = Firmware.of(image)
        self.chip.flash.install(firmware)
        self.chip.kept()
        self._report("ncp.stick.installed", firmware.fault, firmware.to_dict(), now)


def _nowhere(octets: bytes) -> None:
    """Nobody listens."""


def _nothing() -> None:
    """Nobody waits."""
