"""The CHF, a hub's own end of GBCS: its device log read and changed by Commands, its alerts CCS08 and CS14.

Its entity identifier is not the address of the hub's radio, which is that of the GPF.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

from emulator.core.clock import SECOND, date_at
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.devices.device_log import commands as log_commands
from emulator.devices.device_log.effects import (
    Alert,
    CommandRefused,
    Effects,
    Forbid,
    KeyOrigin,
    Permit,
    Refused,
    RemoveFromHan,
    RestorePan,
)
from emulator.devices.device_log.log import DeviceLog
from emulator.gbcs.device.gbcs_device import GbcsDevice, Reply
from emulator.gbcs.device.identity import DeviceIdentity
from emulator.gbcs.device.remote_parties import HUB_MODES, details_use_case, update_use_cases
from emulator.gbcs.device.security_log import SecurityLog
from emulator.gbcs.device.settings import DeviceSettings
from emulator.gbcs.device.use_case import Answer, Request, UseCase
from emulator.gbcs.device.use_case import Permit as CommandPermit
from emulator.gbcs.message_codes import message_code_text
from emulator.gbcs.roles import RemotePartyRole
from emulator.gbcs.use_cases import ccs01, ccs02, ccs03, ccs08, cs02a, cs14
from emulator.ports.aps import ApsIndication, ApsPort, JoinRefused
from emulator.zigbee.clusters.ota import ImageIdentity

_REPLAY_PROTECTED: Final = (ccs01.MESSAGE_CODE, ccs02.MESSAGE_CODE, ccs03.MESSAGE_CODE)
"""The others are reads (source: the GBCS 4.0 catalogue of use cases)."""

_TRANSFER_CODES: Final[Mapping[str | None, ccs08.ResponseCode]] = {
    None: ccs08.ResponseCode.SUCCESS,
    "image-overwritten": ccs08.ResponseCode.IMAGE_DISCARDED,
    "wrong-hardware": ccs08.ResponseCode.HARDWARE_VERSION_MISMATCH,
}
"""The code of CCS08 by how a transfer ended; any other end is a failure of the transfer."""

NO_KEY: Final = "unknown-device"
"""Why a stack refuses a device that it was given no key for."""
HEARD_INTERVAL: Final = SECOND
"""µs between two notes of how a device is heard; with every block of an image it would be too often."""

Upwards = Callable[[Eui64, bytes, int], None]
"""Takes a device, the octets it sent, and `now`."""


class ChfUser(Protocol):
    """Whatever formed the HAN."""

    def restore_pan(self, extended_pan_id: Eui64, now: int) -> None:
        """The HAN of the hub before this one, with this extended PAN id, is this one's now."""


class HubChf:
    """What of a hub is a GBCS device.

    Args:
        port: its stack, which lets in whom the log names.
        user: has formed its HAN.
        identity: what it was made with.
        log: its device log.
        settings: the open questions.
        upwards: where its messages go.
        report: told of everything that happens.
        epoch: the date of `now` = 0.
    """

    def __init__(
        self,
        port: ApsPort,
        user: ChfUser,
        identity: DeviceIdentity,
        log: DeviceLog,
        settings: DeviceSettings,
        upwards: Upwards,
        report: Report,
        epoch: datetime,
    ) -> None:
        self.log = log
        self._port = port
        self._user = user
        self._upwards = upwards
        self._report = report
        self._epoch = epoch
        self._effects: Effects = ()
        self._now = 0
        self._heard_until: dict[int, int] = {}
        self._held: list[bytes] = []
        taken = {cs02a.MESSAGE_CODE: details_use_case()} | update_use_cases(settings, HUB_MODES, hub=True)
        taken |= {code: self._about_log(code) for code in log_commands.COMMANDS}
        taken |= identity.own_keys.use_cases(settings)
        self.device = GbcsDevice(identity.state, taken, settings)

    @property
    def entity_id(self) -> Eui64:
        """Its entity identifier."""
        return self.device.entity_id

    @property
    def security_log(self) -> SecurityLog:
        """What was refused, why, and when."""
        return self.device.security_log

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        date, at = self.device.next_date(), self.log.timers.next_timeout()
        if date is None:
            return at
        dated = (date - self._epoch) // timedelta(microseconds=1)
        return dated if at is None else min(at, dated)

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        self.carry_out(self.log.on_timeout(now), now)
        while (done := self.device.on_date(date_at(now, self._epoch))) is not None:
            self._report("gbcs.executed", None, {"message_code": message_code_text(done.message_code)}, now)
            if done.alert is not None:
                self._upwards(self.entity_id, done.alert, now)

    def resume(self, now: int) -> None:
        """Power is back."""
        self.carry_out(self.log.resume(now), now)

    # Commands

    def received(self, octets: bytes, now: int) -> None:
        """A message of the DCC side for the hub itself."""
        self._now = now
        answer = self.device.receive(octets, now, date_at(now, self._epoch))
        effects, self._effects = self._effects, ()
        if not isinstance(answer, Reply):
            self._report("gbcs.refused", answer.reason.value, {"detail": answer.detail}, now)
            return
        code = message_code_text(answer.command.header.message_code)
        for fault in answer.faults:
            self._report("gbcs.cell-refused", fault.reason, {"message_code": code, "detail": fault.detail}, now)
        self._report("gbcs.answered", None, {"message_code": code}, now)
        self._upwards(self.entity_id, answer.octets, now)
        self.carry_out(effects, now)

    def hold(self, octets: bytes) -> None:
        """The same while the hub is off: it is obeyed when it is back."""
        self._held.append(octets)

    def obey_held(self, now: int) -> None:
        """The hub is back."""
        held, self._held = self._held, []
        for octets in held:
            self.received(octets, now)

    def _about_log(self, message_code: int) -> UseCase:
        ways = (CommandPermit("b", RemotePartyRole.ACCESS_CONTROL_BROKER),)
        act: Callable[[Request], Answer] = partial(self._obey, message_code)
        return UseCase(ways, act, replay_protected=message_code in _REPLAY_PROTECTED)

    def _obey(self, message_code: int, request: Request) -> Answer:
        done = log_commands.obey(self.log, message_code, request.command.payload, self._now)
        self._effects = done.effects
        return Answer(done.payload, request.state)

    # The device log

    def register(self, device: Eui64, device_type: int, install_code: bytes, join_timeout: int, now: int) -> None:
        """What CCS01 does, for an install code of a length that CCS01 cannot carry."""
        reason, effects = self.log.add(device, device_type, install_code, now)
        if reason is None:
            effects += self.log.permit_joining(device, join_timeout, now)
        else:
            effects = (CommandRefused(device, reason),)
        self.carry_out(effects, now)

    def carry_out(self, effects: Effects, now: int) -> None:
        """Do what the log wants done."""
        for effect in effects:
            if isinstance(effect, Alert):
                self._report("hub.device-log", None, {"devices": self._log_lines()}, now)
                payload = effect.payload(self.device.next_counter())
                self._raise(self.device.alert_with_mac(cs14.MESSAGE_CODE, payload), "8f12", now)
            elif isinstance(effect, CommandRefused):
                about = "" if effect.device is None else eui64_text(effect.device)
                self._report("hub.log-refused", effect.reason.value, {"device": about}, now)
            elif isinstance(effect, RestorePan):
                self._user.restore_pan(effect.extended_pan_id, now)
            else:
                self._let(effect, now)

    def _log_lines(self) -> list[dict[str, object]]:
        """The device log as events tell it: who, of what type, and how far each has come."""
        lines: list[dict[str, object]] = []
        for entry in self.log.backup(self._now).devices:
            device_type, standing = self.log.type_of(entry.entity_id), self.log.standing(entry.entity_id)
            lines.append(
                {
                    "device": eui64_text(entry.entity_id),
                    "type": None if device_type is None else device_type.name.lower(),
                    "standing": None if standing is None else standing.value,
                }
            )
        return lines

    def _let(self, effect: Permit | Forbid | RemoveFromHan, now: int) -> None:
        """Let somebody in, keep somebody out, or put somebody out."""
        if isinstance(effect, Permit):
            self._permit(effect, now)
        elif isinstance(effect, Forbid):
            self._port.forbid(effect.device)
        else:
            self._report("hub.device-removed", effect.reason.value, {"device": eui64_text(effect.device)}, now)
            self._port.remove(effect.device, now)

    def _permit(self, permit: Permit, now: int) -> None:
        """A restored device comes back by a rejoin, for which its key has to be in force; others associate."""
        device, key = permit.device, permit.link_key
        if permit.origin is KeyOrigin.RESTORED and self._port.link_key_with(device) != key:
            self._port.set_link_key(device, key, now)
        if permit.origin is not KeyOrigin.RESTORED or permit.until is not None:
            self._port.allow(device, key)
        if permit.until is not None:
            self._port.permit_joining(permit.until, now)

    def why_refused(self, event: JoinRefused, now: int) -> str:
        """The stack knows no more than that it has no key for a device; the log knows why."""
        if event.reason != NO_KEY:
            return event.reason
        admission = self.log.knocked(event.eui64, now)
        return admission.reason.value if isinstance(admission, Refused) else event.reason

    def heard(self, message: ApsIndication, now: int) -> None:
        """A message came from the HAN."""
        device = message.source_eui64
        if device is not None and now >= self._heard_until.get(message.source, 0):
            self._heard_until[message.source] = now + HEARD_INTERVAL
            self.carry_out(self.log.heard(device, message.rssi, message.lqi, now, link_key=message.link_key), now)

    # Alerts

    def transferred(self, device: Eui64, image: ImageIdentity, reason: str | None, now: int) -> None:
        """A device is through with an image, for good where `reason` is None."""
        code = _TRANSFER_CODES.get(reason, ccs08.ResponseCode.FILE_TRANSFER_FAILURE)
        date = date_at(now, self._epoch).replace(microsecond=0)
        alert = ccs08.Alert.of(date, device, image.file_version, code)
        self._raise(self.device.alert(ccs08.MESSAGE_CODE, alert.encode()), f"{alert.alert_code:04x}", now)

    def _raise(self, octets: bytes, alert_code: str, now: int) -> None:
        self._report("gbcs.alert", None, {"alert_code": alert_code, "octets": octets.hex()}, now)
        self._upwards(self.entity_id, octets, now)
