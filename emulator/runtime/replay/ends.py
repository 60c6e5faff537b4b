"""What stands around a device that is played, all out of the file: stack, computer, keys, and the DCC side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from cryptography.hazmat.primitives.serialization import load_der_private_key

from emulator.core.eui64 import Eui64
from emulator.gbcs.crypto import PrivateKey
from emulator.gbcs.device.own_keys import OwnKeys
from emulator.gbcs.roles import KeyUsage
from emulator.ports.aps import ApsMessage, ApsUser, JoinSettings, NetworkSettings, StackConfiguration

Result = TypeVar("Result")


class Play(Protocol):
    """The pass through the recording."""

    def ask(self, name: str, *args: int | str) -> Any:  # noqa: ANN401 - whatever was answered
        """What the device was answered when it asked this."""

    def out(self, name: str, args: tuple[object, ...], now: int | None = None) -> Any:  # noqa: ANN401 - as above
        """The device makes a call; what it was answered."""

    def compute(self, work: str, carry_out: Callable[[int], None]) -> None:
        """The device wants something computed."""


class ReplayedPort:
    """An `ApsPort` that answers what was answered.

    Args:
        play: has it.
        eui64: the stack's own address.
    """

    def __init__(self, play: Play, eui64: Eui64) -> None:
        self._play = play
        self._eui64 = eui64

    @property
    def eui64(self) -> Eui64:
        """The stack's own address."""
        return self._eui64

    def attach(self, user: ApsUser) -> None:
        """Nobody tells anybody anything but the recording."""

    def link_key_with(self, device: Eui64) -> bytes | None:
        key: bytes | None = self._play.ask("link_key_with", device)
        return key

    def has_established_key(self, device: Eui64) -> bool:
        return bool(self._play.ask("has_established_key", device))

    def short_of(self, device: Eui64) -> int | None:
        short: int | None = self._play.ask("short_of", device)
        return short

    def eui64_of(self, short: int) -> Eui64 | None:
        device: Eui64 | None = self._play.ask("eui64_of", short)
        return device

    def configure(self, configuration: StackConfiguration) -> None:
        self._play.out("configure", (configuration,))

    def allow(self, device: Eui64, link_key: bytes) -> None:
        self._play.out("allow", (device, link_key))

    def forbid(self, device: Eui64) -> None:
        self._play.out("forbid", (device,))

    def form(self, settings: NetworkSettings, now: int) -> None:
        self._play.out("form", (settings,), now)

    def permit_joining(self, until: int, now: int) -> None:
        self._play.out("permit_joining", (until,), now)

    def set_link_key(self, device: Eui64, key: bytes, now: int) -> None:
        self._play.out("set_link_key", (device, key), now)

    def offer_link_key(self, device: Eui64, key: bytes | None, now: int) -> None:
        self._play.out("offer_link_key", (device, key), now)

    def remove(self, device: Eui64, now: int) -> None:
        self._play.out("remove", (device,), now)

    def rotate_network_key(self, key: bytes, now: int) -> None:
        self._play.out("rotate_network_key", (key,), now)

    def join(self, settings: JoinSettings, now: int) -> None:
        self._play.out("join", (settings,), now)

    def seek_trust_centre(self, now: int) -> None:
        self._play.out("seek_trust_centre", (), now)

    def resume(self, now: int) -> None:
        self._play.out("resume", (), now)

    def stop(self, now: int) -> None:
        self._play.out("stop", (), now)

    def leave(self, now: int) -> None:
        self._play.out("leave", (), now)

    def send(self, message: ApsMessage, now: int) -> int:
        handle: int = self._play.out("send", (message,), now)
        return handle


class ReplayedComputer:
    """A `Computer` whose results come when they came; what they are follows from the work.

    Args:
        play: knows when.
    """

    def __init__(self, play: Play) -> None:
        self._play = play

    def compute(self, work: Callable[[], Result], done: Callable[[Result, int], None]) -> None:
        self._play.compute(type(work).__name__, lambda now: done(work(), now))


class ReplayedGatewayUser:
    """The DCC side, which was told the same.

    Args:
        play: knows what.
    """

    def __init__(self, play: Play) -> None:
        self._play = play

    def gbcs_from_device(self, device: Eui64, octets: bytes, now: int) -> None:
        self._play.out("gbcs_from_device", (device, octets), now)

    def image_status(self, device: Eui64, status: str, reason: str | None, now: int) -> None:
        self._play.out("image_status", (device, status, reason), now)


class ReplayedKeys:
    """Keys that a device made of its own, and its maker's certificates.

    Args:
        play: has them.
    """

    def __init__(self, play: Play) -> None:
        self.own_keys = OwnKeys(self._new_key, self._made_with)
        self._play = play

    def _new_key(self, usage: KeyUsage, number: int) -> PrivateKey:
        key = load_der_private_key(self._play.ask("new_key", usage.value, number), None)
        assert isinstance(key, PrivateKey)
        return key

    def _made_with(self, usage: KeyUsage) -> bytes:
        octets: bytes = self._play.ask("made_with", usage.value)
        return octets
