"""Messages that the stick hands over: put together, freed of what is not the device's, and mined for addresses."""

from __future__ import annotations

from collections.abc import Callable

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.ports.aps import ApplicationZdo, ApsIndication, StackConfiguration
from emulator.transports.ezsp.callbacks import (
    APS_FRAGMENT,
    APS_LINK_KEY,
    APS_RESPONSE_REQUIRED,
    ApsHeader,
    MessageArrived,
)
from emulator.transports.ezsp.fragments import Reassembly
from emulator.transports.ezsp.memory import HostMemory
from emulator.zigbee.frames.zdo import RESPONSE, DeviceAnnce, IeeeAddrRsp, NwkAddrRsp, ZdoStatus, decode_zdo


class Receiver:
    """From callbacks to indications.

    Args:
        configuration: which ZDO requests the device wants, and the window of long messages.
        memory: what is learnt of addresses.
        report: told of what is dropped, and why.
        acknowledge: asked to acknowledge blocks of a long message: to whom, the header of the block, the new `group`.
        announced: told of a device that announces itself.
    """

    def __init__(
        self,
        configuration: StackConfiguration,
        memory: HostMemory,
        report: Report,
        acknowledge: Callable[[int, ApsHeader, int], None],
        announced: Callable[[DeviceAnnce, int], None],
    ) -> None:
        self._configuration = configuration
        self._memory = memory
        self._report = report
        self._acknowledge = acknowledge
        self._announced = announced
        self._reassembly = Reassembly(configuration.fragment_window)
        self._next_sender: Eui64 | None = None

    def sender_follows(self, device: Eui64) -> None:
        """EZSP 13: who sends the message that comes next."""
        self._next_sender = device

    def take(self, message: MessageArrived, now: int) -> ApsIndication | None:
        """The indication for the device, if it is to have one."""
        known, self._next_sender = self._next_sender, None
        if message.own:
            return None
        sender = message.source_eui64 or known
        if sender is not None:
            self._memory.learn(sender, message.source)
        aps = message.aps
        if aps.profile == 0 and aps.destination_endpoint == 0 and not self._zdo(message, now):
            return None
        payload: bytes | None = message.payload
        if aps.options & APS_FRAGMENT:
            payload = self._whole(message, now)
        return None if payload is None else self._indication(message, payload)

    def _indication(self, message: MessageArrived, payload: bytes) -> ApsIndication:
        aps = message.aps
        return ApsIndication(
            message.source, self._memory.eui64_of(message.source), aps.source_endpoint, aps.destination_endpoint,
            aps.profile, aps.cluster, payload, bool(aps.options & APS_LINK_KEY), message.broadcast, message.rssi,
            message.lqi, aps.sequence, response_required=bool(aps.options & APS_RESPONSE_REQUIRED),
        )  # fmt: skip

    def _whole(self, message: MessageArrived, now: int) -> bytes | None:
        taken = self._reassembly.take(message.source, message.aps, message.payload, now)
        if taken.refusal is not None:
            self._report("aps.dropped", taken.refusal, {"source": message.source}, now)
        if taken.reply is not None:
            self._acknowledge(message.source, message.aps, taken.reply)
        return taken.whole

    def _zdo(self, message: MessageArrived, now: int) -> bool:
        """Learn from a ZDO message; whether the device wants to see it."""
        self._learn(message, now)
        cluster, options = message.aps.cluster, message.aps.options
        if cluster & RESPONSE or options & APS_RESPONSE_REQUIRED:
            return True
        return ApplicationZdo.SUPPORTED in self._configuration.application_zdo

    def _learn(self, message: MessageArrived, now: int) -> None:
        if message.aps.cluster not in (DeviceAnnce.cluster, NwkAddrRsp.cluster, IeeeAddrRsp.cluster):
            return
        try:
            _, content = decode_zdo(message.aps.cluster, message.payload)
        except DecodeError:
            self._report("zdo.dropped", "malformed", {"source": message.source}, now)
            return
        if isinstance(content, DeviceAnnce):
            self._memory.learn(content.eui64, content.short)
            self._announced(content, now)
        elif isinstance(content, NwkAddrRsp | IeeeAddrRsp) and content.status == ZdoStatus.SUCCESS:
            self._memory.learn(content.eui64, content.short)
