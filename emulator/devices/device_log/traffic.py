"""How a device of the log was heard, and what CCS05 and CCS06 say of that.

What the fields mean beyond their names, over which time they are counted, and what a device that was never heard has in
them was not found: they count from the device's entry in the log, and are zero before anything was heard.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntFlag
from typing import Final, NamedTuple

from emulator.core.clock import HOUR, date_at
from emulator.core.eui64 import Eui64
from emulator.gbcs import dlms
from emulator.gbcs.use_cases.ccs05 import ActiveDevice

REPORTING_WITHIN: Final = HOUR
"""A device heard within these µs counts as actively reporting: an assumption."""

_UNSIGNED8: Final = 0xFF
_RSSI: Final = (-0x80, 0x7F)


class DeviceStatus(IntFlag):
    """The status bits, the first the most significant.

    General knowledge of the ZigBee network control class, not checked against its text; the published CCS06 message
    has the first two and the last.
    """

    AUTHORISED = 0x80
    ACTIVELY_REPORTING = 0x40
    UNAUTHORISED_BUT_REPORTED = 0x20
    AUTHORISED_AFTER_SWAP_OUT = 0x10
    SEP_TRANSMITTING = 0x08


class Traffic(NamedTuple):
    """What was heard from a device and sent to it; a named tuple, because one is made for every message.

    Attributes:
        heard_frames: how many.
        rssi_maximum, rssi_sum, rssi_minimum: of these frames, dBm.
        lqi_maximum, lqi_sum, lqi_minimum: of these frames.
        last_heard: µs; None for never.
        hops: on the way from the device, the last time.
        failures, successes: messages to the device.
        application_version, stack_version: attributes of its Basic cluster.
    """

    heard_frames: int = 0
    rssi_maximum: int = 0
    rssi_sum: int = 0
    rssi_minimum: int = 0
    lqi_maximum: int = 0
    lqi_sum: int = 0
    lqi_minimum: int = 0
    last_heard: int | None = None
    hops: int = 0
    failures: int = 0
    successes: int = 0
    application_version: int = 0
    stack_version: int = 0

    def heard(self, rssi: int, lqi: int, hops: int, now: int) -> Traffic:
        """After one more frame from the device."""
        frames, high, rssi_sum, low, best, lqi_sum, worst, _, _, *others = self
        if not frames:
            return Traffic(1, rssi, rssi, rssi, lqi, lqi, lqi, now, hops, *others)
        high, low = rssi if rssi > high else high, rssi if rssi < low else low
        best, worst = lqi if lqi > best else best, lqi if lqi < worst else worst
        return Traffic(frames + 1, high, rssi_sum + rssi, low, best, lqi_sum + lqi, worst, now, hops, *others)

    def transmitted(self, delivered: bool) -> Traffic:
        """After one more message to the device."""
        if delivered:
            return self._replace(successes=self.successes + 1)
        return self._replace(failures=self.failures + 1)

    def with_versions(self, application: int, stack: int) -> Traffic:
        """After the device told its versions."""
        return self._replace(application_version=application, stack_version=stack)

    def status(self, trusted: bool, restored: bool, now: int) -> DeviceStatus:
        """The status bits; that SEP_TRANSMITTING follows from the first two is an assumption."""
        reporting = self.last_heard is not None and now - self.last_heard <= REPORTING_WITHIN
        bits = {
            DeviceStatus.AUTHORISED: trusted,
            DeviceStatus.ACTIVELY_REPORTING: reporting,
            DeviceStatus.UNAUTHORISED_BUT_REPORTED: not trusted and self.last_heard is not None,
            DeviceStatus.AUTHORISED_AFTER_SWAP_OUT: trusted and restored,
            DeviceStatus.SEP_TRANSMITTING: trusted and reporting,
        }
        return DeviceStatus(sum(bit for bit, is_set in bits.items() if is_set))

    def active_device(self, device: Eui64, status: int, epoch: datetime) -> ActiveDevice:
        """As CCS05 and CCS06 tell it; what does not fit into its field stops at the field's limit."""
        heard = self.last_heard
        frames = self.heard_frames or 1
        return ActiveDevice(
            device,
            status,
            (_signed8(self.rssi_maximum), _signed8(round(self.rssi_sum / frames)), _signed8(self.rssi_minimum)),
            (_unsigned8(self.lqi_maximum), _unsigned8(round(self.lqi_sum / frames)), _unsigned8(self.lqi_minimum)),
            dlms.NOT_SPECIFIED if heard is None else dlms.date_time(date_at(heard, epoch)),
            _unsigned8(self.hops),
            _unsigned8(self.failures),
            _unsigned8(self.successes),
            _unsigned8(self.application_version),
            _unsigned8(self.stack_version),
        )


def _unsigned8(value: int) -> int:
    return min(max(value, 0), _UNSIGNED8)


def _signed8(value: int) -> int:
    return min(max(value, _RSSI[0]), _RSSI[1])
