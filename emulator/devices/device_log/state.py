"""What the hub keeps of its device log over a power cut: one value, stored as a whole.

Times are µs of the run's clock, as everywhere; a state is of use only in the run that it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from emulator.core.errors import BadInput, DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text, parse_eui64
from emulator.devices.device_log.effects import KeyOrigin
from emulator.devices.device_log.life import Standing
from emulator.devices.device_log.traffic import Traffic
from emulator.gbcs.use_cases.ccs01 import INSTALL_CODE_OCTETS
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType, HashedKey
from emulator.zigbee.security.keys import KEY_OCTETS, install_code_key, swap_out_key

LOG_SIZE: Final = 16
"""Devices in the log at most."""
HISTORIC_LOG_SIZE: Final = 15
"""Devices in the historic log at most; the oldest gives way."""


@dataclass(frozen=True, slots=True)
class JoinWindow:
    """A time in which a device may be given the network key under one link key.

    Attributes:
        link_key: 16 octets.
        until: µs, exclusive; None for a device that may come back at any time, but not by association.
        origin: where the key comes from.
    """

    link_key: bytes = field(repr=False)
    until: int | None
    origin: KeyOrigin

    def __post_init__(self) -> None:
        _check_octets("a link key", self.link_key, KEY_OCTETS)

    def is_over(self, now: int) -> bool:
        """Whether its time has passed."""
        return self.until is not None and self.until <= now

    def to_list(self) -> list[object]:
        """JSON-ready."""
        return [self.link_key.hex(), self.until, self.origin.value]

    @classmethod
    def from_list(cls, stored: list[Any]) -> Self:
        """What `to_list` made."""
        link_key, until, origin = stored
        return cls(bytes.fromhex(link_key), None if until is None else _time(until), KeyOrigin(origin))


@dataclass(frozen=True, slots=True)
class Entry:
    """A device in the log.

    Attributes:
        device: its entity identifier.
        device_type: what it is; None for a restored device until that is found out.
        install_code: 16 octets without the CRC; empty for a restored device.
        added_at: µs; when it was put into the log.
        standing: how far it has come.
        windows: when it may join and under which keys, one after the other.
        finish_by: µs by which it must have finished key establishment; None where it need not.
        link_key: its trust centre link key, 16 octets; empty where it has none of its own yet.
        hashed_key: what CS14 tells of that key, 16 octets or empty; for a restored device what CCS03 said.
        restored: whether it came into the log by CCS03.
    """

    device: Eui64
    device_type: HanDeviceType | None
    install_code: bytes = field(repr=False)
    added_at: int
    standing: Standing = Standing.LISTED
    windows: tuple[JoinWindow, ...] = ()
    finish_by: int | None = None
    link_key: bytes = field(default=b"", repr=False)
    hashed_key: bytes = field(default=b"", repr=False)
    restored: bool = False

    def __post_init__(self) -> None:
        _check_octets("an install code", self.install_code, 0, INSTALL_CODE_OCTETS)
        _check_octets("a link key", self.link_key, 0, KEY_OCTETS)
        _check_octets("a hashed link key", self.hashed_key, 0, KEY_OCTETS)

    @property
    def has_key(self) -> bool:
        """Whether there is any key under which it can ever join."""
        return bool(self.install_code or self.hashed_key)

    @property
    def deadline(self) -> int | None:
        """When something about it falls due, µs."""
        until = self.windows[0].until if self.windows else None
        return min((at for at in (until, self.finish_by) if at is not None), default=None)

    def hashed(self) -> HashedKey:
        """As CS14 and CCS07 tell it."""
        return HashedKey(self.device, self.hashed_key)

    def windows_until(self, until: int, historic_key: bytes | None, now: int) -> tuple[JoinWindow, ...]:
        """When and under which keys it may join up to `until` (µs), and come back after that.

        Under the key that it has with this hub or the one before; else under its historic key, if there is one, for
        the first half of the time, and under its install code after that.
        """
        lasting = self.lasting_windows()
        if lasting:
            return (replace(lasting[0], until=until), *lasting)
        windows = (JoinWindow(install_code_key(self.install_code), until, KeyOrigin.INSTALL_CODE),)
        if historic_key is None:
            return windows
        return (JoinWindow(historic_key, now + (until - now) // 2, KeyOrigin.HISTORIC), *windows)

    def lasting_windows(self) -> tuple[JoinWindow, ...]:
        """The windows without an end."""
        return tuple(window for window in self.windows if window.until is None)

    def trusted(self, link_key: bytes) -> Self:
        """The same with a trust centre link key of its own."""
        window = JoinWindow(link_key, None, KeyOrigin.ESTABLISHED)
        hashed_key = swap_out_key(link_key)
        return replace(self, windows=(window,), finish_by=None, link_key=link_key, hashed_key=hashed_key)

    def of_type(self, device_type: HanDeviceType) -> Self:
        """The same, known to be this."""
        return replace(self, device_type=device_type)

    def to_dict(self) -> dict[str, object]:
        """JSON-ready, keys included."""
        return {
            "device": eui64_text(self.device),
            "device_type": None if self.device_type is None else self.device_type.name.lower(),
            "install_code": self.install_code.hex(),
            "added_at": self.added_at,
            "standing": self.standing.value,
            "windows": [window.to_list() for window in self.windows],
            "finish_by": self.finish_by,
            "link_key": self.link_key.hex(),
            "hashed_key": self.hashed_key.hex(),
            "restored": self.restored,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """What `to_dict` made; ValueError and the like for anything else."""
        name, finish_by = stored["device_type"], stored["finish_by"]
        entry = cls(
            parse_eui64(stored["device"]),
            None if name is None else HanDeviceType[name.upper()],
            bytes.fromhex(stored["install_code"]),
            _time(stored["added_at"]),
            Standing(stored["standing"]),
            tuple(JoinWindow.from_list(window) for window in stored["windows"]),
            None if finish_by is None else _time(finish_by),
            bytes.fromhex(stored["link_key"]),
            bytes.fromhex(stored["hashed_key"]),
            _flag(stored["restored"]),
        )
        if (entry.standing is Standing.TRUSTED) != bool(entry.link_key):
            raise ValueError("a trusted device has a link key, and no other has")
        needs_window = entry.standing is Standing.INVITED or not entry.install_code
        if needs_window and entry.standing is not Standing.LISTED and not entry.windows:
            raise ValueError("an invited device may join")
        return entry


@dataclass(frozen=True, slots=True)
class HistoricDevice:
    """A device that was removed from the log, with the trust centre link key that it had."""

    device: Eui64
    link_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _check_octets("a link key", self.link_key, KEY_OCTETS)

    def hashed(self) -> HashedKey:
        """As CCS07 tells it."""
        return HashedKey(self.device, swap_out_key(self.link_key))


@dataclass(frozen=True, slots=True)
class DeviceLogState:
    """Everything about the log that must not be forgotten.

    Attributes:
        extended_pan_id: of the HAN.
        joining: whether joining is enabled, as CCS01 set it last.
        entries: the log, the oldest first.
        historic: the historic log, the oldest first.
        traffic: how the devices of the log were heard.
    """

    extended_pan_id: Eui64
    joining: bool = True
    entries: tuple[Entry, ...] = ()
    historic: tuple[HistoricDevice, ...] = ()
    traffic: Mapping[Eui64, Traffic] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_devices("the log", [entry.device for entry in self.entries], LOG_SIZE)
        _check_devices("the historic log", [one.device for one in self.historic], HISTORIC_LOG_SIZE)

    def to_dict(self) -> dict[str, object]:
        """A plain form for non-volatile memory, keys included; JSON-ready."""
        return {
            "extended_pan_id": eui64_text(self.extended_pan_id),
            "joining": self.joining,
            "entries": [entry.to_dict() for entry in self.entries],
            "historic": [[eui64_text(one.device), one.link_key.hex()] for one in self.historic],
            "traffic": {eui64_text(device): list(traffic) for device, traffic in self.traffic.items()},
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """What `to_dict` made; DecodeError if it is damaged."""
        try:
            return cls(
                parse_eui64(stored["extended_pan_id"]),
                _flag(stored["joining"]),
                tuple(Entry.from_dict(entry) for entry in stored["entries"]),
                tuple(HistoricDevice(parse_eui64(device), bytes.fromhex(key)) for device, key in stored["historic"]),
                {parse_eui64(device): _traffic(numbers) for device, numbers in stored["traffic"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError, BadInput, LocalProtocolError) as error:
            raise DecodeError(f"stored device log: damaged: {error}") from error


def _check_octets(what: str, octets: bytes, *lengths: int) -> None:
    if len(octets) not in lengths:
        raise LocalProtocolError(f"{what} has {lengths[-1]} octets, not {len(octets)}")


def _check_devices(what: str, devices: list[Eui64], most: int) -> None:
    if len(devices) > most or len(set(devices)) != len(devices):
        raise LocalProtocolError(f"{what} holds {most} different devices at most")


def _time(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no time")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _traffic(numbers: list[Any]) -> Traffic:
    traffic = Traffic._make(numbers)  # just as many as there are
    for field_name, number in zip(Traffic._fields, traffic, strict=True):
        if number is not None or field_name != "last_heard":
            _time(number)
    return traffic
