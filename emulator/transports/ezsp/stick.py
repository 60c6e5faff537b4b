"""A stick that is open: commands with their answers as mappings, callbacks as values, statuses in one numbering."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol

from bellows.ash import NcpFailure  # type: ignore[import-untyped]  # as in `structures`
from bellows.exception import InvalidCommandError  # type: ignore[import-untyped]  # as above

from emulator.core.errors import BadInput, DecodeError, RemoteProtocolError
from emulator.transports.ezsp.callbacks import NEW_LAYOUT as _NEW_LAYOUT
from emulator.transports.ezsp.callbacks import (
    ApsHeader,
    Callback,
    ChildChanged,
    DeviceKnocked,
    FrameHeard,
    KeySwitched,
    MessageSent,
    NotUnderstood,
    PollCompleted,
    SenderEui64,
    StackStatus,
    read_message_arrived,
    read_message_sent,
)
from emulator.transports.ezsp.status import Status, status_text
from emulator.transports.ezsp.structures import eui64_of, sl_status, sl_status_of_octet, unicast_octets
from emulator.transports.ezsp.tapped_ezsp import INCOMING, STICK_RESET, UNICAST, TappedEzsp
from emulator.transports.ezsp.versions import SUPPORTED, request_fields

Fields = Mapping[str, Any]

_SLEEPY_TYPE: Final = 4
_SCAN_PERIOD_S: Final = 0.015_36
_SCAN_MARGIN_S: Final = 10


class StickLost(RemoteProtocolError):
    """The stick does not answer any more, or has reset itself; `reason` in machine-readable words."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class StickRefused(RemoteProtocolError):
    """The stick answered a command with another status than OK."""

    def __init__(self, command: str, status: int) -> None:
        super().__init__(f"{command}: {status_text(status)}")
        self.command = command
        self.status = status


class StickUser(Protocol):
    """Who has a stick."""

    def heard(self, callback: Callback) -> None:
        """The stick said something by itself."""

    def lost(self, reason: str) -> None:
        """The stick is gone."""


class Stick:
    """An open stick of a version that is supported.

    Args:
        ezsp: connected, its version agreed.

    Attributes:
        version: of EZSP.
        user: whom to tell; nobody at first.
    """

    def __init__(self, ezsp: TappedEzsp) -> None:
        self.user: StickUser | None = None
        self._ezsp = ezsp
        self._listeners: list[asyncio.Queue[int]] = []
        self._resetting: asyncio.Task[None] | None = None
        ezsp.tap = self._tapped
        ezsp.add_callback(self._called_back)

    @property
    def version(self) -> int:
        return int(self._ezsp.ezsp_version)

    @property
    def over(self) -> BadInput | None:
        """Why there is nothing to go on with, once a stick out of a recording has no more to say."""
        return self._ezsp.over

    async def ask(self, command: str, **fields: object) -> dict[str, Any]:
        """Ask and return the answer's fields, a status among them as it came.

        Raises:
            StickLost: no answer.
            StickRefused: the stick does not know the command.
            BadInput: a stick out of a recording was never asked that.
        """
        if self.over is not None:
            raise self.over
        try:
            answer = await self._ezsp._command(command, **request_fields(self.version, command, fields))
        except (InvalidCommandError, AttributeError) as error:
            raise StickRefused(command, Status.NOT_FOUND) from error
        except TimeoutError as error:
            raise StickLost("no-answer", command) from error
        except (NcpFailure, OSError) as error:
            raise StickLost(STICK_RESET, str(error)) from error
        except BadInput:
            raise
        except Exception as error:
            # bellows raises bare errors of many kinds where its connection is gone; what it was asked is well-formed.
            raise StickLost("connection-lost", f"{command}: {error}") from error
        schema = self._ezsp._protocol.COMMANDS[command][2]
        if isinstance(schema, Mapping):
            return dict(zip(schema, answer, strict=False))
        # One structure, as getTokenData has it, or nothing at all.
        return {} if isinstance(schema, tuple) else {field.name: getattr(answer, field.name) for field in schema.fields}

    async def unicast(self, destination: int, aps: ApsHeader, tag: int, payload: bytes) -> tuple[int, int]:
        """`sendUnicast` to a short address: the status in the numbers of `Status`, and the APS counter; as `ask`."""
        answer = await self.ask(UNICAST, octets=unicast_octets(self.version, destination, aps, tag, payload))
        return sl_status(answer["status"]), int(answer["sequence"])

    async def must(self, command: str, **fields: object) -> dict[str, Any]:
        """As `ask`; another status than OK is StickRefused."""
        answer = await self.ask(command, **fields)
        status = sl_status(answer["status"]) if "status" in answer else Status.OK
        if status != Status.OK:
            raise StickRefused(command, status)
        return answer

    async def status_of(self, command: str, **fields: object) -> int:
        """The status of the answer, in the numbers of `Status`; one of a command unknown to the stick is NOT_FOUND."""
        try:
            await self.must(command, **fields)
        except StickRefused as refusal:
            return refusal.status
        return Status.OK

    async def scan(self, channel_mask: int, duration: int) -> list[list[Any]]:
        """Active scan: `EmberZigbeeNetwork`, LQI and RSSI of every beacon; none where the stick refuses."""
        try:
            async with asyncio.timeout(_scan_limit(channel_mask, duration)):
                found = await self._ezsp.startScan(scanType=1, channelMask=channel_mask, duration=duration)
        except TimeoutError as error:
            raise StickLost("no-answer", "startScan") from error
        except BadInput:
            raise
        except Exception as error:
            raise StickRefused("startScan", Status.FAIL) from error
        return [answer for answer in found if len(answer) > 2]  # noqa: PLR2004 - an energy result has two fields

    async def write_configuration(self, values: Mapping[str, int]) -> None:
        """Sizes and limits, bellows' defaults but for `values`; what the stick does not take is passed over."""
        try:
            await self._ezsp.write_config(dict(values))
        except ValueError as error:
            raise StickRefused("configuration", Status.FAIL) from error
        except BadInput:
            raise
        except Exception as error:
            raise StickLost("connection-lost", f"configuration: {error}") from error

    async def reset(self) -> None:
        """Everything that the stick has in RAM is gone, and it is off the air.

        A reset that is under way does for whoever asks next, and goes on where nobody waits for it any more: a stick
        answers every order to reset itself, and an answer to none reads as if it had done so by itself.
        """
        if self._resetting is None or self._resetting.done():
            self._resetting = asyncio.create_task(self._reset())
        await asyncio.shield(self._resetting)

    async def _reset(self) -> None:
        self._ezsp.forget_frames()
        try:
            try:
                await self._start_anew()
            except NcpFailure:
                # It has reset itself once more, or says twice that it has.
                await self._start_anew()
        except BadInput:
            raise
        except Exception as error:
            raise StickLost("no-answer", f"reset: {error}") from error
        if self.version not in SUPPORTED:
            raise StickLost("version-changed", str(self.version))

    async def _start_anew(self) -> None:
        await self._ezsp.reset()
        await self._ezsp.version()

    async def close(self) -> None:
        """Give the serial port back."""
        self.user = None
        if self._resetting is not None:
            self._resetting.cancel()
            await asyncio.wait((self._resetting,))
        self._ezsp.forget_frames()
        # It is being thrown away, in whatever state it is.
        with suppress(Exception):
            await self._ezsp.disconnect()

    @contextmanager
    def statuses(self) -> Iterator[asyncio.Queue[int]]:
        """Stack statuses that come from now on, for whoever waits for the end of a procedure."""
        queue: asyncio.Queue[int] = asyncio.Queue()
        self._listeners.append(queue)
        try:
            yield queue
        finally:
            self._listeners.remove(queue)

    # From bellows

    def _tapped(self, command: int, body: bytes) -> None:
        try:
            if command == INCOMING:
                self._tell(read_message_arrived(body, self.version))
            else:
                tag, status = read_message_sent(body, self.version)
                self._tell(MessageSent(tag, status if self.version >= _NEW_LAYOUT else sl_status_of_octet(status)))
        except (DecodeError, ValueError):
            self._tell(NotUnderstood("incomingMessageHandler" if command == INCOMING else "messageSentHandler"))

    def _called_back(self, name: str, values: list[Any]) -> None:
        read = _READERS.get(name)
        if read is None:
            return
        try:
            callback = read(values)
        except (IndexError, ValueError, AttributeError):
            callback = NotUnderstood(name)
        if isinstance(callback, StackStatus):
            for queue in self._listeners:
                queue.put_nowait(callback.status)
        self._tell(callback)

    def _tell(self, callback: Callback) -> None:
        if self.user is not None:
            self.user.heard(callback)


def _scan_limit(channel_mask: int, duration: int) -> float:
    """How long (s) the stick may take for a scan: what the channels take, twice, and some more."""
    return 2 * channel_mask.bit_count() * ((1 << duration) + 1) * _SCAN_PERIOD_S + _SCAN_MARGIN_S


def _knocked(values: list[Any]) -> Callback:
    return DeviceKnocked(eui64_of(values[1]), int(values[0]), int(values[4]), int(values[2]), int(values[3]))


def _child(values: list[Any]) -> Callback:
    return ChildChanged(eui64_of(values[3]), int(values[2]), bool(values[1]), int(values[4]) == _SLEEPY_TYPE)


_READERS: Mapping[str, Callable[[list[Any]], Callback]] = {
    "stackStatusHandler": lambda values: StackStatus(sl_status(values[0])),
    "pollCompleteHandler": lambda values: PollCompleted(sl_status(values[0])),
    "trustCenterJoinHandler": _knocked,
    "childJoinHandler": _child,
    "switchNetworkKeyHandler": lambda values: KeySwitched(int(values[0])),
    "mfglibRxHandler": lambda values: FrameHeard(bytes(values[2]), int(values[0]), int(values[1])),
    "incomingSenderEui64Handler": lambda values: SenderEui64(eui64_of(values[0])),
}
