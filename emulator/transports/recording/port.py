"""An `ApsPort` around another one, which notes what the device asks of its stack."""

from __future__ import annotations

from typing import Any

from emulator.core.eui64 import Eui64
from emulator.ports.aps import ApsMessage, ApsPort, ApsUser, JoinSettings, NetworkSettings, StackConfiguration
from emulator.transports.recording.tape import Tape


class RecordingPort:
    """Passes everything on, whatever else the port has besides included.

    Args:
        port: the stack.
        tape: takes note.
    """

    def __init__(self, port: ApsPort, tape: Tape) -> None:
        self._port = port
        self._tape = tape

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - what only this port has
        return getattr(self._port, name)

    @property
    def eui64(self) -> Eui64:
        """The stack's own address."""
        return self._port.eui64

    def attach(self, user: ApsUser) -> None:
        self._port.attach(user)

    # What a device asks

    def link_key_with(self, device: Eui64) -> bytes | None:
        return self._tape.ask("link_key_with", (device,), self._port.link_key_with(device))

    def has_established_key(self, device: Eui64) -> bool:
        return self._tape.ask("has_established_key", (device,), self._port.has_established_key(device))

    def short_of(self, device: Eui64) -> int | None:
        return self._tape.ask("short_of", (device,), self._port.short_of(device))

    def eui64_of(self, short: int) -> Eui64 | None:
        return self._tape.ask("eui64_of", (short,), self._port.eui64_of(short))

    # What it does

    def configure(self, configuration: StackConfiguration) -> None:
        self._tape.out("configure", (configuration,), None, lambda: self._port.configure(configuration))

    def allow(self, device: Eui64, link_key: bytes) -> None:
        self._tape.out("allow", (device, link_key), None, lambda: self._port.allow(device, link_key))

    def forbid(self, device: Eui64) -> None:
        self._tape.out("forbid", (device,), None, lambda: self._port.forbid(device))

    def form(self, settings: NetworkSettings, now: int) -> None:
        self._tape.out("form", (settings,), now, lambda: self._port.form(settings, now))

    def permit_joining(self, until: int, now: int) -> None:
        self._tape.out("permit_joining", (until,), now, lambda: self._port.permit_joining(until, now))

    def set_link_key(self, device: Eui64, key: bytes, now: int) -> None:
        self._tape.out("set_link_key", (device, key), now, lambda: self._port.set_link_key(device, key, now))

    def offer_link_key(self, device: Eui64, key: bytes | None, now: int) -> None:
        self._tape.out("offer_link_key", (device, key), now, lambda: self._port.offer_link_key(device, key, now))

    def remove(self, device: Eui64, now: int) -> None:
        self._tape.out("remove", (device,), now, lambda: self._port.remove(device, now))

    def rotate_network_key(self, key: bytes, now: int) -> None:
        self._tape.out("rotate_network_key", (key,), now, lambda: self._port.rotate_network_key(key, now))

    def join(self, settings: JoinSettings, now: int) -> None:
        self._tape.out("join", (settings,), now, lambda: self._port.join(settings, now))

    def seek_trust_centre(self, now: int) -> None:
        self._tape.out("seek_trust_centre", (), now, lambda: self._port.seek_trust_centre(now))

    def resume(self, now: int) -> None:
        self._tape.out("resume", (), now, lambda: self._port.resume(now))

    def stop(self, now: int) -> None:
        self._tape.out("stop", (), now, lambda: self._port.stop(now))

    def leave(self, now: int) -> None:
        self._tape.out("leave", (), now, lambda: self._port.leave(now))

    def send(self, message: ApsMessage, now: int) -> int:
        return self._tape.out("send", (message,), now, lambda: self._port.send(message, now))
