"""What a device tells its OTA client."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Started:
    """Powered up and on the network, running `current_version`; everything volatile begins anew."""

    current_version: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """Powered down: nothing more is sent, no timer runs; the slot keeps what it has."""


@dataclass(frozen=True, slots=True)
class ServerFound:
    """There is an OTA server; `eui64` is 0xFFFFFFFFFFFFFFFF where it is not known."""

    short: int
    endpoint: int
    eui64: int = 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """A cluster command from the server; `OtaClient.received` is the same without the object."""

    command_id: int
    payload: bytes
    sequence: int
    broadcast: bool = False


@dataclass(frozen=True, slots=True)
class DefaultResponseReceived:
    """A ZCL Default Response to one of our commands."""

    command_id: int
    status: int


@dataclass(frozen=True, slots=True)
class SendFailed:
    """The stack could not deliver the message of that transaction sequence number."""

    sequence: int


@dataclass(frozen=True, slots=True)
class QueryNow:
    """Ask the server now, whatever the poll interval says."""


@dataclass(frozen=True, slots=True)
class FetchSpecificFile:
    """Fetch a file made for this device, of a device specific image type (0xFFC0 to 0xFFFE)."""

    image_type: int
    file_version: int = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of `Verify`.

    Attributes:
        reason: why not, where `ok` is false, e.g. `bad-signature`.
        more_needed: the image is good, but can only be activated together with others that are still to come.
    """

    ok: bool
    reason: str | None = None
    more_needed: bool = False


@dataclass(frozen=True, slots=True)
class ActivationReleased:
    """What the device waits for under the out-of-band activation policy has happened."""


@dataclass(frozen=True, slots=True)
class Activated:
    """What became of `Activate`; `version` is the one that runs now."""

    ok: bool
    version: int
    reason: str | None = None


ClientEvent = (
    Started
    | Stopped
    | ServerFound
    | CommandReceived
    | DefaultResponseReceived
    | SendFailed
    | QueryNow
    | FetchSpecificFile
    | Verified
    | ActivationReleased
    | Activated
)
