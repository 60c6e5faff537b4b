"""Recording what goes into one device and what it asks of its stack, so that it can be played again without either.

How a run uses it, with any `Scheduler`, any `ApsPort`, any driver and any handles:

    recording = Recording.open(path, clock)               # `clock` gives µs; before the stick is opened
    opener = partial(open_stick, address, tap=recording.serial)       # the octets of the line, if there is one
    ...
    around = Surroundings(name, standards, rng, epoch)    # before anything was drawn from `rng`
    port, credentials = recording.bridge(around, port, profile, credentials, memory, verifier)
    device = Bridge(port, profile, credentials, ...)      # for a hub: port, chf, means = recording.hub(around, ...)
    driver = DeviceDriver(scheduler, port, device)        # as without a recording
    recording.watch(device)                               # last: whoever calls it from now on is recorded
    ...
    recording.close()

`watch` puts itself before every public method of that one object that takes `now`, so power, images, GBCS octets and
whatever else comes from outside are recorded whoever calls; neither drivers nor handles know of it.  A recording that
nobody described holds the octets of a stick alone.

What makes it play again to the octet: a device has no clock, and draws from one generator, whose state is recorded.
Keys are in the file; it is made for its owner alone (mode 0600).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64
from emulator.devices.bridge.battery import RadioUse
from emulator.devices.bridge.memory import BridgeMemory
from emulator.devices.bridge.model import Bridge, BridgeCredentials
from emulator.devices.hub.kept import HubKept
from emulator.devices.hub.model import CommsHub
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans
from emulator.devices.profile import HubProfile, JoinerProfile
from emulator.gbcs.crypto import PrivateKey
from emulator.gbcs.device.identity import DeviceIdentity
from emulator.gbcs.device.own_keys import OwnKeys
from emulator.gbcs.roles import KeyUsage
from emulator.image.signature import Verifier, not_checked
from emulator.ports.aps import ApsPort
from emulator.ports.compute import Computer
from emulator.ports.gateway import HanGatewayUser
from emulator.runtime.replay.recorded_device import Surroundings, bridge_facts, hub_facts
from emulator.transports.recording.entries import END, Kind
from emulator.transports.recording.port import RecordingPort
from emulator.transports.recording.tape import Tape
from emulator.transports.recording.values import Json
from emulator.transports.recording.writing import RecordingFile

FLUSH_EVERY_S: Final = 0.5
"""So much at most is lost by a kill, while an asyncio loop turns."""
ROLE: Final = "role"
STICK: Final = "stick"
"""Role of a recording without a device."""

Result = TypeVar("Result")
RecordedDevice = Bridge | CommsHub


class Recording:
    """One device's recording, while it is made.

    Args:
        file: takes the lines.
        clock: µs, for what comes over the serial line.

    Attributes:
        serial: to be handed to `open_stick` as its `tap`.
    """

    def __init__(self, file: RecordingFile, clock: Callable[[], int]) -> None:
        self.serial = SerialTap(self._write, clock)
        self._file = file
        self._clock = clock
        self._tape = Tape(self._write)
        self._held: list[dict[str, Json]] | None = []
        """Entries before the header is known."""
        self._flush_due: asyncio.TimerHandle | None = None
        self._closed = False

    @classmethod
    def open(cls, path: Path, clock: Callable[[], int]) -> Self:
        """Begin a recording; an older file of the name is gone.

        Args:
            path: where; a name that ends in `.gz` is compressed.
            clock: µs.

        Raises:
            BadInput: it cannot be created.
        """
        return cls(RecordingFile(path), clock)

    @property
    def failure(self) -> BadInput | None:
        """Why it could not be written any more, e.g. as the disk is full; the run itself goes on."""
        return self._file.failure

    def describe(self, facts: Mapping[str, Json]) -> None:
        """What the device is made of (`recorded_device`), and anything else for the header; once."""
        assert self._held is not None, "described already"
        self._file.header(facts)
        held, self._held = self._held, None
        for fields in held:
            self._file.line(fields)
        self.flush()

    def note(self, what: str, **fields: Json) -> None:
        """A remark, which is not played."""
        self._tape.note(what, fields, self._clock())

    def flush(self) -> None:
        """Hand everything to the operating system; happens by itself while an asyncio loop turns."""
        if self._flush_due is not None:
            self._flush_due.cancel()
            self._flush_due = None
        self._file.flush()

    def close(self) -> None:
        """That is all; a second time is nothing."""
        if self._held is not None:
            self.describe({ROLE: STICK})
        if not self._closed:
            self._closed = True
            self.note(END)
        self.flush()
        self._file.close()

    # What the device is made with

    def bridge(
        self,
        around: Surroundings,
        port: ApsPort,
        profile: JoinerProfile,
        credentials: BridgeCredentials,
        memory: BridgeMemory | None = None,
        verifier: Verifier = not_checked,
    ) -> tuple[RecordingPort, BridgeCredentials]:
        """Describe a bridge that is about to be made of these; the port and the credentials to make it with.

        Raises:
            BadInput: a bridge of these cannot be recorded.
        """
        self.describe(bridge_facts(around, port.eui64, profile, credentials, memory, verifier))
        return self.port(port), self.credentials(credentials)

    def hub(
        self,
        around: Surroundings,
        port: ApsPort,
        profile: HubProfile,
        chf: DeviceIdentity,
        means: KeyEstablishmentMeans | None = None,
        kept: HubKept | None = None,
    ) -> tuple[RecordingPort, DeviceIdentity, KeyEstablishmentMeans | None]:
        """Describe a hub that is about to be made of these; the port, identity and means to make it with.

        Raises:
            BadInput: a hub of these cannot be recorded.
        """
        self.describe(hub_facts(around, port.eui64, profile, chf, means, kept))
        return self.port(port), self.identity(chf), None if means is None else self.means(means)

    def port(self, port: ApsPort) -> RecordingPort:
        """The stack that the device is to be made with: everything that it asks is recorded."""
        return RecordingPort(port, self._tape)

    def credentials(self, credentials: BridgeCredentials) -> BridgeCredentials:
        """Those that a bridge is to be made with."""
        identity, means = credentials.gbcs, credentials.cbke
        return replace(
            credentials,
            gbcs=None if identity is None else self.identity(identity),
            cbke=None if means is None else self.means(means),
        )

    def identity(self, identity: DeviceIdentity) -> DeviceIdentity:
        """That which a device is to be made with: keys that it makes later are recorded."""
        return replace(identity, own_keys=_RecordedKeys(identity.own_keys, self._tape).own_keys)

    def means(self, means: KeyEstablishmentMeans) -> KeyEstablishmentMeans:
        """Those that a device is to be made with: when its arithmetic is done is recorded."""
        return replace(means, computer=RecordingComputer(means.computer, self._tape))

    # The device

    def watch(self, device: RecordedDevice) -> None:
        """Record every call of this device from now on."""
        self._tape.made()
        for name, place in entries_of(type(device)).items():
            setattr(device, name, _entry(self._tape, name, getattr(device, name), place))
        if isinstance(device, CommsHub):
            _put(device, "attach_gateway_user", partial(self._attach, device.attach_gateway_user))
        elif device.supply is not None:
            battery, tape = device.supply.battery, self._tape
            meter = battery.radio
            battery.radio = lambda: RadioUse(*tape.ask("radio_use", (), tuple(meter())))

    def _attach(self, attach: Callable[[HanGatewayUser], None], user: HanGatewayUser) -> None:
        tape = self._tape
        tape.into("attach_gateway_user", (), self._clock(), lambda: attach(RecordingGatewayUser(user, tape)))

    def _write(self, fields: dict[str, Json]) -> None:
        if self._held is not None:
            self._held.append(fields)
            return
        if self._closed and fields.get(Kind.NOTE.value) != END:
            return
        self._file.line(fields)
        if self._flush_due is None:
            try:
                self._flush_due = asyncio.get_running_loop().call_later(FLUSH_EVERY_S, self.flush)
            except RuntimeError:
                return


class SerialTap:
    """Takes the octets of a serial line, as `open_stick` sees them.

    Args:
        write: takes an entry.
        clock: µs.
    """

    def __init__(self, write: Callable[[dict[str, Json]], None], clock: Callable[[], int]) -> None:
        self._write = write
        self._clock = clock

    def opened(self) -> None:
        """The line is open; what came before is of another life."""
        self._write({"at": self._clock(), Kind.LINE.value: "opened"})

    def received(self, octets: bytes) -> None:
        """From the stick."""
        self._write({"at": self._clock(), Kind.RX.value: octets.hex()})

    def sent(self, octets: bytes) -> None:
        """To the stick."""
        self._write({"at": self._clock(), Kind.TX.value: octets.hex()})


class RecordingComputer:
    """Passes work on, and records when it is done; what comes of it follows from the work.

    Args:
        computer: does it.
        tape: takes note.
    """

    def __init__(self, computer: Computer, tape: Tape) -> None:
        self._computer = computer
        self._tape = tape
        self._count = 0

    def compute(self, work: Callable[[], Result], done: Callable[[Result, int], None]) -> None:
        number = self._count
        self._count += 1
        tape = self._tape

        def told(result: Result, now: int) -> None:
            tape.into("computed", (number,), now, lambda: done(result, now))

        tape.out("compute", (type(work).__name__,), None, lambda: self._computer.compute(work, told))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - what only this computer has
        return getattr(self._computer, name)


class RecordingGatewayUser:
    """Passes on what a hub says upwards.

    Args:
        user: the DCC side.
        tape: takes note.
    """

    def __init__(self, user: HanGatewayUser, tape: Tape) -> None:
        self._user = user
        self._tape = tape

    def gbcs_from_device(self, device: Eui64, octets: bytes, now: int) -> None:
        tell = partial(self._user.gbcs_from_device, device, octets, now)
        self._tape.out("gbcs_from_device", (device, octets), now, tell)

    def image_status(self, device: Eui64, status: str, reason: str | None, now: int) -> None:
        tell = partial(self._user.image_status, device, status, reason, now)
        self._tape.out("image_status", (device, status, reason), now, tell)


class _RecordedKeys:
    """The keys that a device makes of its own, and its maker's certificates: answers that are not to be computed."""

    def __init__(self, keys: OwnKeys, tape: Tape) -> None:
        self.own_keys = OwnKeys(self._new_key, self._made_with)
        self._keys = keys
        self._tape = tape

    def _new_key(self, usage: KeyUsage, number: int) -> PrivateKey:
        key = self._keys.new_key(usage, number)
        self._tape.ask("new_key", (usage.value, number), key_octets(key))
        return key

    def _made_with(self, usage: KeyUsage) -> bytes:
        return self._tape.ask("made_with", (usage.value,), self._keys.made_with(usage))


def key_octets(key: PrivateKey) -> bytes:
    """A private key as PKCS #8, DER, not encrypted."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def entries_of(kind: type) -> dict[str, int]:
    """The public methods of a device that take `now`, and at which place among their arguments."""
    found = {}
    for name in dir(kind):
        method = getattr(kind, name)
        if name.startswith("_") or not callable(method):
            continue
        names = [each.name for each in signature(method).parameters.values() if each.kind is _PLAIN]
        if "now" in names:
            found[name] = names.index("now") - 1
    return found


_PLAIN: Final = Parameter.POSITIONAL_OR_KEYWORD


def _entry(tape: Tape, name: str, method: Callable[..., Result], place: int) -> Callable[..., Result]:
    """A method that is recorded where it is not the device itself that calls it."""

    def entered(*args: Any, **named: Any) -> Result:  # noqa: ANN401 - whatever the method takes
        if tape.running:
            return method(*args, **named)
        if named:
            bound = signature(method).bind(*args, **named)
            bound.apply_defaults()
            args = bound.args
        others = (*args[:place], *args[place + 1 :])
        return tape.into(name, others, args[place], lambda: method(*args))

    return entered


def _put(device: object, name: str, method: object) -> None:
    """In the place of a method, for this one object."""
    setattr(device, name, method)
