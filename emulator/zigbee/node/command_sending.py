"""APS commands on their way out: between the trust centre, routers that are parents, and devices that get a key."""

from __future__ import annotations

from emulator.zigbee.frames.aps import ApsFrame, ApsFrameType, encode_header
from emulator.zigbee.frames.aps_commands import ApsCommand, encode_command
from emulator.zigbee.node.aps_sending import ApsSender
from emulator.zigbee.node.nwk import NwkLayer


class ApsCommandSender:
    """Sends APS commands; nobody hears of their outcome.

    Args:
        nwk: to send with.
        sender: gives out APS counters.
    """

    def __init__(self, nwk: NwkLayer, sender: ApsSender) -> None:
        self._nwk = nwk
        self._sender = sender

    def header(self, *, secured: bool) -> bytes:
        """The header of the next command; `secured`: what follows is under a link key."""
        return encode_header(ApsFrame(ApsFrameType.COMMAND, self._sender.next_counter(), security=secured))

    def send(self, destination: int, command: ApsCommand, now: int) -> None:
        """A command under the network key alone."""
        self.send_frame(destination, self.header(secured=False) + encode_command(command), now, secure=True)

    def send_frame(self, destination: int, frame: bytes, now: int, *, secure: bool) -> None:
        """A frame that is whole already, with or without protection under the network key."""
        self._nwk.send(destination, frame, None, now, secure=secure)
