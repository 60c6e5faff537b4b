"""What the device log wants done, and why it refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from emulator.core.eui64 import Eui64
from emulator.gbcs.dlms import date_time, long_invoke_id
from emulator.gbcs.use_cases import cs14
from emulator.gbcs.use_cases.chf_device_log import Backup


class KeyOrigin(StrEnum):
    """Where a link key comes from under which a device may have the network key."""

    INSTALL_CODE = "install-code"
    HISTORIC = "historic"
    """The link key that it had when it was removed from the log."""
    RESTORED = "restored"
    """The hash of the link key that it has with the hub before this one."""
    ESTABLISHED = "established"


class LogReason(StrEnum):
    """Every reason for which the log refuses something, or has a device removed."""

    NOT_IN_LOG = "not-in-log"
    JOIN_TIMEOUT_OVER = "join-timeout-over"
    JOINING_DISABLED = "joining-disabled"
    LOG_FULL = "log-full"
    TYPE_1_LIMIT = "type1-limit-reached"
    UNKNOWN_DEVICE_TYPE = "unknown-device-type"
    DEVICE_TWICE = "device-twice"
    REMOVED_FROM_LOG = "removed-from-log"
    NOT_IN_RESTORED_LOG = "not-in-restored-log"
    KEY_ESTABLISHMENT_NOT_FINISHED = "key-establishment-not-finished"
    NOT_CLASSIFIED = "not-classified"
    """A restored device: it is not known yet what it is."""
    NO_FIRMWARE_FOR_TYPE = "no-firmware-for-type"


# --- effects ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Permit:
    """The device may be given the network key under this link key, and under no other one.

    Attributes:
        device: which one.
        link_key: 16 octets.
        until: µs; until then it may join as well.  None: it may come back at any time, but not by association.
        origin: where the key comes from.
    """

    device: Eui64
    link_key: bytes = field(repr=False)
    until: int | None
    origin: KeyOrigin


@dataclass(frozen=True, slots=True)
class Forbid:
    """The device may not join any more: whatever `Permit` gave it is void."""

    device: Eui64


@dataclass(frozen=True, slots=True)
class RemoveFromHan:
    """The device must leave the HAN, and its keys with the stack are void; a `Permit` may follow."""

    device: Eui64
    reason: LogReason


@dataclass(frozen=True, slots=True)
class RestorePan:
    """Form the HAN anew, with this extended PAN id."""

    extended_pan_id: Eui64


@dataclass(frozen=True, slots=True)
class Alert:
    """Raise CS14: the log changed.

    Attributes:
        date: when, UTC.
        log: what is in it now.
    """

    date: datetime
    log: Backup

    def payload(self, originator_counter: int) -> bytes:
        """The payload of the alert with this Originator Counter."""
        return cs14.Alert(long_invoke_id(originator_counter), date_time(self.date), self.log).encode()


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """A Command changed nothing.

    Attributes:
        device: which one it was about; None where it was the whole log.
        reason: why.
    """

    device: Eui64 | None
    reason: LogReason


Effect = Permit | Forbid | RemoveFromHan | RestorePan | Alert | CommandRefused
Effects = tuple[Effect, ...]


# --- answers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Admitted:
    """A device that knocked may come in, under this link key (16 octets)."""

    link_key: bytes = field(repr=False)
    origin: KeyOrigin


@dataclass(frozen=True, slots=True)
class Refused:
    """A device that knocked may not come in."""

    reason: LogReason


Admission = Admitted | Refused
