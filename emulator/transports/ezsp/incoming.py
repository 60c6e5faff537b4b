"""Messages that come: who is shown each, and the acknowledgement of blocks of a long one."""

from __future__ import annotations

from emulator.ports.aps import NOT_JOINED, StackConfiguration
from emulator.transports.ezsp.callbacks import ApsHeader, MessageArrived, SenderEui64
from emulator.transports.ezsp.devices import Devices
from emulator.transports.ezsp.host import Host
from emulator.transports.ezsp.jobs import Job
from emulator.transports.ezsp.link_keys import LinkKeys
from emulator.transports.ezsp.receiving import Receiver
from emulator.transports.ezsp.stick import Stick
from emulator.transports.ezsp.structures import aps_frame


class Incoming:
    """The messages that a port receives.

    Args:
        host: of the port.
        link_keys: shown every message, as one may be the first under a new key.
        devices: told of those that announce themselves.
    """

    def __init__(self, host: Host, link_keys: LinkKeys, devices: Devices) -> None:
        self._host = host
        self._link_keys = link_keys
        self._devices = devices
        self._receiver: Receiver | None = None

    def configure(self, configuration: StackConfiguration) -> None:
        """Begin anew, with what the device wants to see."""
        host = self._host
        self._receiver = Receiver(configuration, host.memory, host.reporter, self._acknowledge, self._devices.announced)

    def sender_follows(self, callback: SenderEui64) -> None:
        """EZSP 13: who sends the message that comes next."""
        if self._receiver is not None:
            self._receiver.sender_follows(callback.eui64)

    def arrived(self, message: MessageArrived) -> None:
        """The stick hands over a message."""
        host, now = self._host, self._host.clock()
        if self._receiver is None or not host.up:
            host.report("aps.dropped", NOT_JOINED, {"source": message.source})
            return
        indication = self._receiver.take(message, now)
        if indication is None:
            return
        self._link_keys.heard(indication)
        if host.tap is not None:
            host.tap.heard(indication, now)
        if host.user is not None:
            host.user.received(indication, now)

    def _acknowledge(self, source: int, aps: ApsHeader, group: int) -> None:
        reply = ApsHeader(
            aps.profile, aps.cluster, aps.destination_endpoint, aps.source_endpoint, aps.options, group, aps.sequence
        )

        async def answer(stick: Stick) -> None:
            await stick.must("sendReply", sender=source, apsFrame=aps_frame(reply), messageContents=b"")

        self._host.work.queue(Job(answer, cut_short=True))
