"""The entries of the device log and what becomes of them: who may join when, under which key, and who is put out.

Every change of standing stands in the table of `life`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Self

from emulator.core.clock import MINUTE
from emulator.core.eui64 import Eui64
from emulator.core.standards import Standards
from emulator.core.timers import Alarm, Timers
from emulator.devices.device_log.effects import (
    Admission,
    Admitted,
    Effects,
    Forbid,
    KeyOrigin,
    LogReason,
    Permit,
    Refused,
    RemoveFromHan,
)
from emulator.devices.device_log.life import DEVICE_LOG_LIFE, LogAction, LogEvent, Standing
from emulator.devices.device_log.state import Entry, JoinWindow
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType, HashedKey
from emulator.zigbee.security.keys import install_code_key

TYPE_1: Final = frozenset({HanDeviceType.PPMID, HanDeviceType.HCALCS})
"""Types of which a hub takes a few only; bridges are PPMIDs here."""


@dataclass(frozen=True, slots=True)
class DeviceLogRules:
    """How a hub reads what is left open.

    Attributes:
        type_1_devices: of Type 1 at most.
        key_establishment: whether devices run CBKE; without it the key they joined under is their link key.
        join_limit: µs for key establishment after joining; 0 = without limit.
    """

    type_1_devices: int = 6
    key_establishment: bool = True
    join_limit: int = 20 * MINUTE

    @classmethod
    def of(cls, standards: Standards, *, key_establishment: bool) -> Self:
        """As the standards of a run have it."""
        limit = round(standards.amount("cbke.join_limit_minutes") * MINUTE)
        return cls(standards.number("limits.type1_devices"), key_establishment, limit)


class LogEntries:
    """The entries of one device log, the oldest first.

    Args:
        entries: as they were stored last.
        joining: whether joining is enabled.
        rules: the open questions.
        alarm: moved forward by everything that falls due.

    Attributes:
        timers: the ends of the times for joining, and of those for key establishment.
    """

    def __init__(self, entries: Iterable[Entry], joining: bool, rules: DeviceLogRules, alarm: Alarm | None) -> None:
        self.joining = joining
        self.timers: Timers[Eui64] = Timers(alarm)
        self._rules = rules
        self._entries: dict[Eui64, Entry] = {}
        for entry in entries:
            self.put(entry)

    def __contains__(self, device: Eui64) -> bool:
        return device in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    def __getitem__(self, device: Eui64) -> Entry:
        return self._entries[device]

    def get(self, device: Eui64) -> Entry | None:
        """The entry of a device, if it has one."""
        return self._entries.get(device)

    def hashed_keys(self) -> tuple[HashedKey, ...]:
        """The log as messages tell it."""
        return tuple(entry.hashed() for entry in self._entries.values())

    def has_room_for_type_1(self, device: Eui64) -> bool:
        """Whether this device may be of Type 1, the others being what they are."""
        others = sum(entry.device_type in TYPE_1 for entry in self if entry.device != device)
        return others < self._rules.type_1_devices

    def put(self, entry: Entry) -> None:
        """Have this entry, instead of the one that its device had."""
        self._entries[entry.device] = entry
        if entry.deadline is None:
            self.timers.cancel(entry.device)
        else:
            self.timers.set(entry.device, entry.deadline)

    def drop(self, device: Eui64) -> None:
        """Have no entry of this device any more."""
        del self._entries[device]
        self.timers.cancel(device)

    # --- what happens to a device of the log -------------------------------------------------------------------------

    def open(self, device: Eui64, windows: tuple[JoinWindow, ...], now: int) -> Effects:
        """Let a device join or come back at these times, and at no others."""
        entry = self._entries[device]
        if windows == entry.windows:
            return ()
        self.put(replace(entry, windows=windows))
        return self._step(device, LogEvent.INVITED if windows else LogEvent.WINDOW_ENDED, now)

    def knocked(self, device: Eui64, now: int) -> Admission:
        """It wants the network key: under which link key it may have it, or why it may not."""
        entry = self._entries[device]
        window = next((one for one in entry.windows if not one.is_over(now)), None)
        if window is not None:
            return Admitted(window.link_key, window.origin)
        if entry.standing is Standing.JOINED:  # it comes back, and key establishment is still to be finished
            return Admitted(install_code_key(entry.install_code), KeyOrigin.INSTALL_CODE)
        return Refused(self._why_not_invited())

    def joined(self, device: Eui64, now: int) -> Effects:
        """It was given the network key."""
        effects = self._catch_up(device, now)
        window = self._invitation(device)
        if window is None or (self._rules.key_establishment and window.origin is not KeyOrigin.HISTORIC):
            return effects + self._step(device, LogEvent.JOINED, now)
        return effects + self._step(device, LogEvent.KEY_ESTABLISHED, now, window.link_key)

    def spoke(self, device: Eui64, now: int) -> Effects:
        """It spoke under its link key, as it may do under its historic key without joining anew."""
        effects = self._catch_up(device, now)
        window = self._invitation(device)
        if window is None or window.origin is not KeyOrigin.HISTORIC:
            return effects
        return effects + self._step(device, LogEvent.KEY_ESTABLISHED, now, window.link_key)

    def key_established(self, device: Eui64, link_key: bytes, now: int) -> Effects:
        """It finished key establishment."""
        return self._catch_up(device, now) + self._step(device, LogEvent.KEY_ESTABLISHED, now, link_key)

    def left(self, device: Eui64, now: int) -> Effects:
        """It left the HAN."""
        if self._entries[device].standing is not Standing.JOINED:
            return ()
        return self._step(device, LogEvent.LEFT, now) + self._settle(device, now)

    def on_timeout(self, now: int) -> Effects:
        """Whatever is due."""
        effects: Effects = ()
        for device in self.timers.due(now):
            effects += self._catch_up(device, now)
        return effects

    def resume(self, now: int) -> Effects:
        """Power is back: what fell due meanwhile, and then who may join or come back now."""
        due = tuple(effect for effect in self.on_timeout(now) if not isinstance(effect, Permit))
        return due + tuple(_permit(entry) for entry in self if entry.windows)

    # --- how ---------------------------------------------------------------------------------------------------------

    def _catch_up(self, device: Eui64, now: int) -> Effects:
        """Do what is due for one device, in case nobody has asked for it yet."""
        entry = self._entries[device]
        windows = tuple(window for window in entry.windows if not window.is_over(now))
        effects: Effects = ()
        if windows != entry.windows:
            self.put(replace(entry, windows=windows))
            effects = self._step(device, LogEvent.NEXT_KEY if windows else LogEvent.WINDOW_ENDED, now)
        if entry.finish_by is not None and entry.finish_by <= now:
            effects += self._step(device, LogEvent.TOO_SLOW, now) + self._settle(device, now)
        return effects

    def _settle(self, device: Eui64, now: int) -> Effects:
        """It is off the HAN again, and may or may not come back."""
        entry = replace(self._entries[device], finish_by=None)
        self.put(entry)
        return self._step(device, LogEvent.INVITED if entry.windows else LogEvent.WINDOW_ENDED, now)

    def _invitation(self, device: Eui64) -> JoinWindow | None:
        """What it may join under now, if that is what it is waited for."""
        entry = self._entries[device]
        return entry.windows[0] if entry.standing is Standing.INVITED else None

    def _why_not_invited(self) -> LogReason:
        return LogReason.JOIN_TIMEOUT_OVER if self.joining else LogReason.JOINING_DISABLED

    def _step(self, device: Eui64, event: LogEvent, now: int, link_key: bytes = b"") -> Effects:
        entry = self._entries[device]
        row = DEVICE_LOG_LIFE[entry.standing].get(event)
        if row is None:
            return ()
        self.put(replace(entry, standing=row.next_state))
        return ACTIONS[row.action](self, self._entries[device], now, link_key)

    def _permit(self, entry: Entry, _now: int, _link_key: bytes) -> Effects:
        return (_permit(entry),)

    def _forbid(self, entry: Entry, _now: int, _link_key: bytes) -> Effects:
        return (Forbid(entry.device),)

    def _watch(self, entry: Entry, now: int, _link_key: bytes) -> Effects:
        if self._rules.join_limit:
            self.put(replace(entry, finish_by=now + self._rules.join_limit))
        return ()

    def _trust(self, entry: Entry, _now: int, link_key: bytes) -> Effects:
        trusted = entry.trusted(link_key)
        self.put(trusted)
        return (_permit(trusted),)

    def _expel_uninvited(self, entry: Entry, _now: int, _link_key: bytes) -> Effects:
        return (RemoveFromHan(entry.device, self._why_not_invited()),)

    def _expel_slow(self, entry: Entry, _now: int, _link_key: bytes) -> Effects:
        return (RemoveFromHan(entry.device, LogReason.KEY_ESTABLISHMENT_NOT_FINISHED),)

    def _note(self, _entry: Entry, _now: int, _link_key: bytes) -> Effects:
        return ()


def _permit(entry: Entry) -> Permit:
    window = entry.windows[0]
    return Permit(entry.device, window.link_key, window.until, window.origin)


ACTIONS: Final[dict[LogAction, Callable[[LogEntries, Entry, int, bytes], Effects]]] = {
    LogAction.PERMIT: LogEntries._permit,
    LogAction.FORBID: LogEntries._forbid,
    LogAction.WATCH: LogEntries._watch,
    LogAction.TRUST: LogEntries._trust,
    LogAction.EXPEL_UNINVITED: LogEntries._expel_uninvited,
    LogAction.EXPEL_SLOW: LogEntries._expel_slow,
    LogAction.NOTE: LogEntries._note,
}
