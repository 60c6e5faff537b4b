"""The Communications Hub's device log: which devices may be on its HAN, under which keys, and since when.

Sans-IO: told what happens, it answers with effects, which the hub carries out in their order once it has stored
`DeviceLog.state`.  Messages that read or change the log go through `commands`.

Bridges stand in it as PPMIDs: a hub cannot tell the two apart.  What is known of the use cases of Communications Hubs,
from their catalogue and the messages of RTDS 4.5.0, leaves much open.  These are assumptions:

* a time-out to join is each device's own, though the attribute belongs to the whole log;
* CCS01 for a device that is in the log already lets it join once more, under the key that it had;
* CCS01 that disables joining ends the time of every device that has not joined, and nobody's right to come back;
* only a device with a trust centre link key goes into the historic log, where it stays until fifteen others came;
* a device that joins or speaks under its historic key is trusted without key establishment;
* a restored device may come back under its hashed key without a time limit, and counts as Type 1 once it is classified;
* CCS03 takes the place of the whole log, and leaves the historic log as it is.

Hand-held terminals, which no device type stands for, are not modelled.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from emulator.core.clock import SECOND, VIRTUAL_EPOCH, date_at
from emulator.core.eui64 import Eui64
from emulator.core.timers import Alarm, Timers
from emulator.devices.device_log.effects import (
    Admission,
    Alert,
    Effects,
    Forbid,
    KeyOrigin,
    LogReason,
    Refused,
    RemoveFromHan,
    RestorePan,
)
from emulator.devices.device_log.entries import TYPE_1, DeviceLogRules, LogEntries
from emulator.devices.device_log.life import Standing
from emulator.devices.device_log.state import (
    HISTORIC_LOG_SIZE,
    LOG_SIZE,
    DeviceLogState,
    Entry,
    HistoricDevice,
    JoinWindow,
)
from emulator.devices.device_log.traffic import Traffic
from emulator.gbcs.dlms import date_time
from emulator.gbcs.use_cases.ccs05 import ActiveDevice
from emulator.gbcs.use_cases.chf_device_log import Backup, HanDeviceType, HashedKey

MEMORY_OF_REFUSALS: Final = 16
"""Devices that could not be put into the log and are told why when they knock; the oldest are forgotten."""

Verdict = tuple[LogReason | None, Effects]
"""Why a change of the log was refused, None for success; and its effects."""


class DeviceLog:
    """The device log of one hub.

    Args:
        state: as it was stored last.
        rules: the open questions; their defaults if None.
        epoch: the date of `now` = 0, UTC.
        alarm: moved forward by everything that falls due.
    """

    def __init__(
        self,
        state: DeviceLogState,
        rules: DeviceLogRules | None = None,
        *,
        epoch: datetime = VIRTUAL_EPOCH,
        alarm: Alarm | None = None,
    ) -> None:
        self._epoch = epoch
        self._extended_pan_id = state.extended_pan_id
        self._entries = LogEntries(state.entries, state.joining, rules or DeviceLogRules(), alarm)
        self._historic = state.historic
        self._traffic = {entry.device: state.traffic.get(entry.device, Traffic()) for entry in state.entries}
        self._refused: dict[Eui64, LogReason] = {}

    @property
    def state(self) -> DeviceLogState:
        """Everything that is to be stored; after `heard`, `transmitted` and `versions_read` that can wait."""
        entries = self._entries
        return DeviceLogState(self._extended_pan_id, entries.joining, tuple(entries), self._historic, {**self._traffic})

    @property
    def timers(self) -> Timers[Eui64]:
        """When `on_timeout` is to be called next."""
        return self._entries.timers

    # --- what the hub asks -------------------------------------------------------------------------------------------

    @property
    def extended_pan_id(self) -> Eui64:
        """Of the HAN."""
        return self._extended_pan_id

    def __contains__(self, device: Eui64) -> bool:
        return device in self._entries

    def type_of(self, device: Eui64) -> HanDeviceType | None:
        """What the device is; None where it is not in the log, or was restored and is not classified."""
        entry = self._entries.get(device)
        return None if entry is None else entry.device_type

    def unclassified(self) -> tuple[Eui64, ...]:
        """Restored devices that hold a link key of their own, and of which it is not known what they are."""
        trusted = (entry for entry in self._entries if entry.standing is Standing.TRUSTED)
        return tuple(entry.device for entry in trusted if entry.device_type is None)

    def is_type_1(self, device: Eui64) -> bool:
        """Whether it is one of those of which there are a few only."""
        return self.type_of(device) in TYPE_1

    def standing(self, device: Eui64) -> Standing | None:
        """How far the device has come; None where it is not in the log."""
        entry = self._entries.get(device)
        return None if entry is None else entry.standing

    def firmware_refusal(self, device: Eui64, served: Collection[str]) -> LogReason | None:
        """Why a hub that has firmware for the types `served` (`esme`, ...) has none for this device; None if it has."""
        if device not in self._entries:
            return LogReason.NOT_IN_LOG
        device_type = self.type_of(device)
        if device_type is None:
            return LogReason.NOT_CLASSIFIED
        return None if device_type.name.lower() in served else LogReason.NO_FIRMWARE_FOR_TYPE

    def backup(self, now: int) -> Backup:
        """The log, as CS14 and CCS07 tell it."""
        return self._backup(self._entries.hashed_keys(), now)

    def historic_backup(self, now: int) -> Backup:
        """The historic log, as CCS07 tells it."""
        return self._backup(tuple(one.hashed() for one in self._historic), now)

    def active_devices(self, now: int) -> tuple[ActiveDevice, ...]:
        """The log, as CCS05 and CCS06 tell it."""
        told = []
        for entry in self._entries:
            traffic = self._traffic[entry.device]
            status = traffic.status(entry.standing is Standing.TRUSTED, entry.restored, now)
            told.append(traffic.active_device(entry.device, status, self._epoch))
        return tuple(told)

    # --- what commands change ----------------------------------------------------------------------------------------

    def add(self, device: Eui64, device_type: int, install_code: bytes, now: int) -> Verdict:
        """Put a device into the log; nothing changes where it is there with a key already.

        Args:
            device: its entity identifier.
            device_type: a HanDeviceType; any other octet is refused.
            install_code: 16 octets without the CRC.
            now: µs.
        """
        entry = self._entries.get(device)
        if entry is not None and entry.has_key:
            return None, ()
        reason = self._why_not_added(device, device_type)
        self._refused.pop(device, None)
        if reason is not None:
            self._refused[device] = reason
            self._refused = dict(list(self._refused.items())[-MEMORY_OF_REFUSALS:])
            return reason, ()
        before = self._entries.hashed_keys()
        self._put(Entry(device, HanDeviceType(device_type), install_code, now))
        return None, self._with_alert((), before, now)

    def permit_joining(self, device: Eui64, join_timeout: int, now: int) -> Effects:
        """Enable joining, for a device of the log and so many seconds."""
        self._entries.joining = True
        entry = self._entries[device]
        windows = entry.lasting_windows()
        if join_timeout:
            historic_key = next((one.link_key for one in self._historic if one.device == device), None)
            windows = entry.windows_until(now + join_timeout * SECOND, historic_key, now)
        return self._entries.open(device, windows, now)

    def disable_joining(self, now: int) -> Effects:
        """No device may join any more; those that may come back at any time still may."""
        self._entries.joining = False
        effects: Effects = ()
        for entry in self._entries:
            effects += self._entries.open(entry.device, entry.lasting_windows(), now)
        return effects

    def remove(self, device: Eui64, now: int) -> Verdict:
        """Take a device out of the log; its link key goes into the historic log."""
        entry = self._entries.get(device)
        if entry is None:
            return LogReason.NOT_IN_LOG, ()
        before = self._entries.hashed_keys()
        if entry.link_key:
            others = (one for one in self._historic if one.device != device)
            self._historic = (*others, HistoricDevice(device, entry.link_key))[-HISTORIC_LOG_SIZE:]
        self._drop(device)
        return None, self._with_alert((RemoveFromHan(device, LogReason.REMOVED_FROM_LOG),), before, now)

    def restore(self, extended_pan_id: Eui64, devices: Sequence[HashedKey], now: int) -> Verdict:
        """Take over the HAN and the log of the hub before this one."""
        if len(devices) > LOG_SIZE:
            return LogReason.LOG_FULL, ()
        restored = {one.entity_id: one for one in devices}
        if len(restored) < len(devices):
            return LogReason.DEVICE_TWICE, ()
        before = self._entries.hashed_keys()
        effects: Effects = ()
        for entry in self._entries:
            self._drop(entry.device)
            if entry.device not in restored:
                effects += (RemoveFromHan(entry.device, LogReason.NOT_IN_RESTORED_LOG),)
        self._extended_pan_id = extended_pan_id
        effects += (RestorePan(extended_pan_id),)
        for one in devices:
            effects += self._restore_device(one, now)
        return None, self._with_alert(effects, before, now)

    # --- what the hub tells ------------------------------------------------------------------------------------------

    def knocked(self, device: Eui64, now: int) -> Admission:
        """A device wants the network key: under which link key it may have it, or why it may not."""
        if device not in self._entries:
            return Refused(self._refused.get(device, LogReason.NOT_IN_LOG))
        return self._entries.knocked(device, now)

    def joined(self, device: Eui64, now: int) -> Effects:
        """A device was given the network key."""
        if device not in self._entries:
            return (RemoveFromHan(device, LogReason.NOT_IN_LOG),)
        before = self._entries.hashed_keys()
        return self._with_alert(self._entries.joined(device, now), before, now)

    def key_established(self, device: Eui64, link_key: bytes, now: int) -> Effects:
        """Key establishment with a device is over, and `link_key` (16 octets) is its trust centre link key."""
        if device not in self._entries:
            return (RemoveFromHan(device, LogReason.NOT_IN_LOG),)
        before = self._entries.hashed_keys()
        return self._with_alert(self._entries.key_established(device, link_key, now), before, now)

    def left(self, device: Eui64, now: int) -> Effects:
        """A device left the HAN, or was made to."""
        return self._entries.left(device, now) if device in self._entries else ()

    def classified(self, device: Eui64, device_type: HanDeviceType, now: int) -> Effects:
        """It was found out what a restored device is; nothing changes where the log knows what the device is."""
        entry = self._entries.get(device)
        if entry is None or entry.device_type is not None:
            return ()
        if device_type not in TYPE_1 or self._entries.has_room_for_type_1(device):
            self._entries.put(entry.of_type(device_type))
            return ()
        before = self._entries.hashed_keys()
        self._drop(device)
        return self._with_alert((RemoveFromHan(device, LogReason.TYPE_1_LIMIT),), before, now)

    def heard(self, device: Eui64, rssi: int, lqi: int, now: int, *, link_key: bool = False, hops: int = 1) -> Effects:
        """A frame came from a device.

        Args:
            device: which one.
            rssi: dBm.
            lqi: 0 to 255.
            now: µs.
            link_key: whether its link key protected the frame.
            hops: that the frame made.
        """
        traffic = self._traffic.get(device)
        if traffic is None:
            return ()
        self._traffic[device] = traffic.heard(rssi, lqi, hops, now)
        if not link_key or self._entries[device].standing is not Standing.INVITED:
            return ()
        before = self._entries.hashed_keys()
        return self._with_alert(self._entries.spoke(device, now), before, now)

    def transmitted(self, device: Eui64, *, delivered: bool) -> None:
        """What became of a message to a device."""
        traffic = self._traffic.get(device)
        if traffic is not None:
            self._traffic[device] = traffic.transmitted(delivered)

    def versions_read(self, device: Eui64, application_version: int, stack_version: int) -> None:
        """The Basic cluster of a device told these, one octet each."""
        traffic = self._traffic.get(device)
        if traffic is not None:
            self._traffic[device] = traffic.with_versions(application_version, stack_version)

    def on_timeout(self, now: int) -> Effects:
        """Whatever is due."""
        return self._entries.on_timeout(now)

    def resume(self, now: int) -> Effects:
        """Power is back: what fell due meanwhile, and then who may join or come back now."""
        return self._entries.resume(now)

    # --- how ---------------------------------------------------------------------------------------------------------

    def _put(self, entry: Entry) -> None:
        self._entries.put(entry)
        self._traffic[entry.device] = Traffic()

    def _drop(self, device: Eui64) -> None:
        self._entries.drop(device)
        del self._traffic[device]

    def _why_not_added(self, device: Eui64, device_type: int) -> LogReason | None:
        if device_type not in set(HanDeviceType):
            return LogReason.UNKNOWN_DEVICE_TYPE
        if device not in self._entries and len(self._entries) >= LOG_SIZE:
            return LogReason.LOG_FULL
        if device_type in TYPE_1 and not self._entries.has_room_for_type_1(device):
            return LogReason.TYPE_1_LIMIT
        return None

    def _restore_device(self, restored: HashedKey, now: int) -> Effects:
        device, key = restored.entity_id, restored.hashed_key
        self._put(Entry(device, None, b"", now, hashed_key=key, restored=True))
        if not key:
            return (Forbid(device),)
        return self._entries.open(device, (JoinWindow(key, None, KeyOrigin.RESTORED),), now)

    def _backup(self, hashed_keys: tuple[HashedKey, ...], now: int) -> Backup:
        return Backup(date_time(date_at(now, self._epoch)), self._extended_pan_id, hashed_keys)

    def _with_alert(self, effects: Effects, before: tuple[HashedKey, ...], now: int) -> Effects:
        """The effects, and CS14 where entries or hashed keys are no longer what they were before."""
        if self._entries.hashed_keys() == before:
            return effects
        return (*effects, Alert(date_at(now, self._epoch), self.backup(now)))
