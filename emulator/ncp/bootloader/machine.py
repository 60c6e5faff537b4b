"""The bootloader: a menu, an upload, and the way back to the application.

A sans-IO machine: octets and `now` (µs) in, effects out.  What follows stands in `machine_table`; here it is found out
what happened, and done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from emulator.core.errors import LocalProtocolError
from emulator.core.events import Report
from emulator.ncp.bootloader import messages
from emulator.ncp.bootloader.effects import BootloaderReplaced, Effect, ImageReceived, RunApplication, WriteOctets
from emulator.ncp.bootloader.gbl import GblError, GblScanner
from emulator.ncp.bootloader.gbl_image import BootloaderVersion, GblImage
from emulator.ncp.bootloader.machine_table import (
    BOOTLOADER_TRANSITIONS,
    BootloaderAction,
    BootloaderState,
    BootloaderTrigger,
)
from emulator.ncp.bootloader.settings import BootloaderSettings
from emulator.ncp.bootloader.xmodem import NO_SENDER, TransferEnded, XmodemEffect, XmodemReceiver

INPUT_OCTETS: Final = 512
"""What the chip's serial driver keeps for a bootloader that does not look."""

S, T, A = BootloaderState, BootloaderTrigger, BootloaderAction


class _Inspector:
    """Reads the GBL file while it comes."""

    def __init__(self, settings: BootloaderSettings) -> None:
        self._scanner = GblScanner(settings.image_limit, settings.accepts)

    @property
    def image(self) -> GblImage | None:
        return self._scanner.image

    def fault(self, file: bytearray) -> str | None:
        try:
            self._scanner.look(file)
        except GblError as error:
            return error.fault.value
        return None

    def whole(self) -> bool:
        return self._scanner.image is not None


class Bootloader:
    """One bootloader; it is off until `start`.

    Whatever octets come, nothing is raised; what is no choice of the menu brings the menu again.

    Args:
        report: told of every upload, drop, repetition and refusal.
        settings: what kind of bootloader it is.
    """

    def __init__(self, report: Report, settings: BootloaderSettings | None = None) -> None:
        self._settings = settings or BootloaderSettings()
        self._report = report
        self._version = self._settings.version
        self._state = S.OFF
        self._input = bytearray()
        """Of the host, not looked at yet."""
        self._deadline: int | None = None
        self._inspector = _Inspector(self._settings)
        self._receiver: XmodemReceiver | None = None
        self._reason: str | None = None
        """Why the last transfer failed."""
        self._replacement: BootloaderVersion | None = None
        self._out: list[Effect] = []

    @property
    def state(self) -> BootloaderState:
        """Where it stands."""
        return self._state

    @property
    def version(self) -> BootloaderVersion:
        """What it is now."""
        return self._version

    def start(self, now: int) -> list[Effect]:
        """The chip has come up in its bootloader, from whatever it did before: it shows its menu."""
        self._out = []
        self._fire(T.STARTED, now)
        return self._out

    def stop(self, now: int) -> list[Effect]:
        """No power, or a reset into the application: what was under way is lost."""
        self._out = []
        self._fire(T.STOPPED, now)
        return self._out

    def received(self, octets: bytes, now: int) -> list[Effect]:
        """Octets of the host, in pieces of any size."""
        self._out = []
        if self._state is S.OFF:
            self._drop(len(octets), "off", now)
        elif self._state is S.OPENING:
            self._drop(len(octets), "premature", now)
        elif self._receiver is not None:
            self._pass_on(self._receiver.received(octets, now), now)
        else:
            self._keep(octets, now)
            self._read_input(now)
        return self._out

    def next_timeout(self) -> int | None:
        """When `on_timeout` wants to be called (µs), or None."""
        return self._deadline if self._receiver is None else self._receiver.next_timeout()

    def on_timeout(self, now: int) -> list[Effect]:
        """A wait may be over."""
        self._out = []
        if self._receiver is not None:
            self._pass_on(self._receiver.on_timeout(now), now)
        elif self._deadline is not None and now >= self._deadline:
            self._fire(T.WAITED, now)
            self._read_input(now)
        return self._out

    # What the host does

    def _keep(self, octets: bytes, now: int) -> None:
        room = INPUT_OCTETS - len(self._input)
        self._input += octets[:room]
        self._drop(len(octets) - room, "receive-buffer-full", now)

    def _read_input(self, now: int) -> None:
        """One octet after another, as long as there is a menu to choose from."""
        while self._input and self._state is S.MENU:
            self._fire(self._choice(self._input.pop(0)), now)

    def _choice(self, octet: int) -> BootloaderTrigger:
        if octet == ord("1"):
            return T.UPLOAD_CHOSEN
        if octet != ord("2"):
            return T.MENU_CHOSEN
        newer = self._replacement is not None and self._replacement > self._version
        return T.REPLACEMENT_CHOSEN if newer else T.RUN_CHOSEN

    def _pass_on(self, effects: Iterable[XmodemEffect], now: int) -> None:
        for effect in effects:
            if isinstance(effect, TransferEnded):
                self._transfer_ended(effect, now)
            else:
                self._out.append(effect)

    def _transfer_ended(self, ended: TransferEnded, now: int) -> None:
        self._receiver = None
        self._reason = ended.reason
        image = self._inspector.image if ended.file is not None else None
        if image is not None:
            self._take(image, now)
        self._fire(T.NO_SENDER if ended.reason == NO_SENDER else T.TRANSFER_ENDED, now)

    def _take(self, image: GblImage, now: int) -> None:
        """A bootloader waits for `run`; what has neither that nor an application changes nothing."""
        self._replacement = image.bootloader
        if image.has_program:
            self._out.append(ImageReceived(image))
        fields: dict[str, object] = {"octets": len(image.octets), "application": image.has_program}
        self._report("ncp.bootloader.image", None, fields, now)

    def _drop(self, count: int, reason: str, now: int) -> None:
        if count > 0:
            self._report("ncp.bootloader.dropped", reason, {"octets": count}, now)

    def _fire(self, trigger: BootloaderTrigger, now: int) -> None:
        row = BOOTLOADER_TRANSITIONS[self._state].get(trigger)
        if row is None:
            raise LocalProtocolError(f"bootloader: {trigger.value} while {self._state.value}")
        self._state = row.next_state
        self._deadline = None
        ACTIONS[row.action](self, now)

    def _lose(self, reason: str, now: int) -> None:
        """What is in memory is lost: an upload, input, and what is known of the last image."""
        if self._receiver is not None:
            self._report("ncp.bootloader.aborted", reason, {}, now)
        self._receiver = None
        self._replacement = None
        self._drop(len(self._input), reason, now)
        self._input.clear()


def _show_menu(bootloader: Bootloader, now: int) -> None:  # noqa: ARG001 - the shape of every action
    bootloader._out.append(WriteOctets(messages.menu(bootloader._version)))


def _start(bootloader: Bootloader, now: int) -> None:
    bootloader._lose("reset", now)
    bootloader._report("ncp.bootloader.started", None, {}, now)
    _show_menu(bootloader, now)


def _stop(bootloader: Bootloader, now: int) -> None:
    bootloader._lose("reset", now)
    bootloader._report("ncp.bootloader.stopped", None, {}, now)


def _open(bootloader: Bootloader, now: int) -> None:
    bootloader._lose("premature", now)
    bootloader._report("ncp.bootloader.upload", None, {}, now)
    bootloader._out.append(WriteOctets(messages.BEGIN_UPLOAD))
    bootloader._deadline = now + bootloader._settings.opening


def _receive(bootloader: Bootloader, now: int) -> None:
    settings = bootloader._settings
    bootloader._inspector = inspector = _Inspector(settings)
    bootloader._receiver = XmodemReceiver(settings.image_limit, inspector, bootloader._report, settings.xmodem)
    bootloader._pass_on(bootloader._receiver.start(now), now)


def _close(bootloader: Bootloader, now: int) -> None:
    bootloader._deadline = now + bootloader._settings.closing


def _conclude(bootloader: Bootloader, now: int) -> None:
    reason = bootloader._reason
    if reason is not None:
        bootloader._report("ncp.bootloader.aborted", reason, {}, now)
    text = messages.COMPLETE if reason is None else messages.aborted(reason)
    bootloader._out.append(WriteOctets(text))
    _show_menu(bootloader, now)


def _run(bootloader: Bootloader, now: int) -> None:
    bootloader._lose("reset", now)
    bootloader._report("ncp.bootloader.run", None, {}, now)
    bootloader._out.append(RunApplication())


def _replace(bootloader: Bootloader, now: int) -> None:
    version = bootloader._replacement
    assert version is not None
    bootloader._lose("reset", now)
    bootloader._version = version
    bootloader._report("ncp.bootloader.replaced", None, {"version": f"{version.word:08x}"}, now)
    bootloader._out.append(BootloaderReplaced(version))
    _show_menu(bootloader, now)


ACTIONS: Final[dict[BootloaderAction, Callable[[Bootloader, int], None]]] = {
    A.START: _start,
    A.SHOW_MENU: _show_menu,
    A.STOP: _stop,
    A.OPEN: _open,
    A.RECEIVE: _receive,
    A.CLOSE: _close,
    A.CONCLUDE: _conclude,
    A.RUN: _run,
    A.REPLACE: _replace,
}
