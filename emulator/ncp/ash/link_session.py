"""What the stick's end knows of its link, and what it can do with it."""

from __future__ import annotations

from enum import Enum

from emulator.core.events import Report
from emulator.core.timers import Alarm, Timers
from emulator.ncp.ash.effects import Delivered, Effect, WriteOctets
from emulator.ncp.ash.frames import MODULUS, AckFrame, DataFrame, Frame, NakFrame, ResetCode, encode
from emulator.ncp.ash.link_table import LinkState
from emulator.ncp.ash.reader import AshReader
from emulator.ncp.ash.sender import Sender
from emulator.ncp.ash.settings import AshSettings


class LinkTimer(Enum):
    """The deadlines of a link, by the names of UG101 7."""

    RX_ACK = "rx-ack"
    TX_ACK = "tx-ack"
    REMOTE_NOT_READY = "remote-not-ready"

    # See `LinkState`.
    __hash__ = object.__hash__


class LinkSession:
    """As `link.AshLink`, which hands everything on to it."""

    def __init__(self, settings: AshSettings, report: Report, alarm: Alarm | None) -> None:
        self.settings = settings
        self.tell = report
        self.timers: Timers[LinkTimer] = Timers(alarm)
        self.reader = AshReader(settings.longest_data)
        self.sender = Sender(settings)
        self.state = self.before = LinkState.WAITING
        """Where the link stands, and where it stood when what is being dealt with happened."""
        self.error: int = ResetCode.UNKNOWN
        """What ERROR says while the link has failed."""
        self.out: list[Effect] = []
        self.forget()

    def forget(self) -> None:
        """Begin anew: no frame sent or received, none under way."""
        self.timers.clear()
        self.sender.clear()
        self.expected = 0
        """Number of the DATA frame that comes next."""
        self.owes_ack = False
        self.rejecting = False
        """UG101 5.9, the reject condition: a NAK is out, and no DATA frame in sequence has come since."""
        self.host_ready = True

    def begin(self) -> list[Effect]:
        """Where the effects of this call are gathered."""
        self.out = []
        return self.out

    # Frames that are ours

    def write(self, frame: Frame) -> None:
        """One frame to the host."""
        self.out.append(WriteOctets(encode(frame)))

    def write_data(self, number: int, payload: bytes, *, again: bool) -> None:
        """A DATA frame, and with it the acknowledgement that is owed."""
        self.write(DataFrame(number, again, self.expected, payload))
        self.ack_is_out()

    def ack_is_out(self) -> None:
        """A frame with our latest ackNum has been written."""
        self.owes_ack = False
        self.timers.cancel(LinkTimer.TX_ACK)

    def write_ack(self) -> None:
        """An acknowledgement by itself."""
        self.write(AckFrame(self.expected))
        self.ack_is_out()

    def send_new(self, now: int) -> None:
        """Whatever waits and fits into the window."""
        if not self.sender.waits:
            return
        for number, payload in self.sender.new(now, callbacks=self.host_ready):
            self.write_data(number, payload, again=False)
        self.watch(now)

    def send_again(self, reason: str, now: int) -> None:
        """Everything that is not acknowledged, in order."""
        frames = self.sender.outstanding
        if frames:
            self.tell("ash.resent", reason, {"frames": frames, "t_rx_ack_us": self.sender.t_rx_ack}, now)
        for number, payload in self.sender.again():
            self.write_data(number, payload, again=True)
        self.timers.cancel(LinkTimer.RX_ACK)
        self.watch(now)

    def watch(self, now: int) -> None:
        """There is a deadline as long as an acknowledgement is missing."""
        if not self.sender.outstanding:
            self.timers.cancel(LinkTimer.RX_ACK)
        elif LinkTimer.RX_ACK not in self.timers:
            self.timers.set(LinkTimer.RX_ACK, now + self.sender.t_rx_ack)

    # Frames of the host

    def acknowledged(self, number: int, now: int) -> bool:
        """Take an ackNum, of whatever frame; whether it can be."""
        count = self.sender.acknowledge(number, now)
        if count:
            self.timers.cancel(LinkTimer.RX_ACK)
            self.watch(now)
        return count is not None

    def heed_ready(self, frame: AckFrame | NakFrame, now: int) -> None:
        """Send no callbacks until the host says that it is ready, or for T_REMOTE_NOTRDY (nRdy, UG101 2.1 and 7)."""
        self.host_ready = not frame.not_ready
        if self.host_ready:
            self.timers.cancel(LinkTimer.REMOTE_NOT_READY)
        else:
            self.timers.set(LinkTimer.REMOTE_NOT_READY, now + self.settings.t_remote_not_ready)

    def reject(self, reason: str, fields: dict[str, object], now: int) -> None:
        """UG101 5.9: one NAK, and no other before a DATA frame in sequence has come."""
        if self.rejecting:
            self.tell("ash.dropped", reason, fields, now)
            return
        self.tell("ash.rejected", reason, fields, now)
        self.rejecting = True
        self.write(NakFrame(self.expected))
        self.ack_is_out()

    def accept(self, frame: DataFrame, now: int) -> None:
        """The DATA frame that comes next; its acknowledgement waits for a frame of ours to go with."""
        self.expected = (self.expected + 1) % MODULUS
        self.rejecting = False
        self.out.append(Delivered(frame.payload))
        if not self.owes_ack:
            self.owes_ack = True
            self.timers.set(LinkTimer.TX_ACK, now + self.settings.t_tx_ack_delay)
