"""A replayed stick under an address that bellows opens like a serial port: `althan-replay://FILE`.

It speaks ASH at the stick's end; nothing is ever lost on its line, so nothing is sent twice.  Each host that opens it
finds the recording at its beginning, but for one that comes back because the recorded stick was lost there: that one
goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import serialx
from bellows.ash import AckFrame, AshProtocol, DataFrame, ErrorFrame, NcpState, RStackFrame, RstFrame  # type: ignore[import-untyped]  # as in `exchanges`
from bellows.types import NcpResetCode  # type: ignore[import-untyped]  # as above

from emulator.core.errors import BadInput
from emulator.transports.recording.exchanges import Lost
from emulator.transports.recording.stick import NotRecorded, ReplayedStick, replayed_stick

SCHEME: Final = "althan-replay://"
_HANDLER: Final = "althan-replay-file://"
_ASH_VERSION: Final = 2
_MODULUS: Final = 8

_lost: dict[str, ReplayedStick] = {}
"""Sticks that were lost as they were when recorded, until their host is back."""


class _AshEnd(AshProtocol):  # type: ignore[misc]  # its base is untyped
    """The stick's end of ASH."""

    _rx_seq: int
    _tx_seq: int

    def __init__(self, stick: ReplayedStick, write: Callable[[bytes], None], over: Callable[[object], None]) -> None:
        super().__init__(None)
        self._stick = stick
        self._put = write
        self._over = over

    def frame_received(self, frame: object) -> None:
        """From bellows' reader."""
        if isinstance(frame, RstFrame):
            self._restart(NcpResetCode.RESET_SOFTWARE)
        elif isinstance(frame, DataFrame) and self._ncp_state is NcpState.CONNECTED:
            if frame.frm_num == self._rx_seq:
                self._rx_seq = (self._rx_seq + 1) % _MODULUS
                self._obey(bytes(frame.ezsp_frame))
            else:
                self._write_frame(AckFrame(res=0, ncp_ready=0, ack_num=self._rx_seq))

    def _restart(self, code: int) -> None:
        self._ncp_state = NcpState.CONNECTED
        self._tx_seq = self._rx_seq = 0
        self._write_frame(RStackFrame(version=_ASH_VERSION, reset_code=NcpResetCode(code)))

    def _obey(self, frame: bytes) -> None:
        self._write_frame(AckFrame(res=0, ncp_ready=0, ack_num=self._rx_seq))
        try:
            said = self._stick.asked(frame)
        except NotRecorded as error:
            self._over(error)
            return
        for each in said:
            if isinstance(each, Lost):
                self._lose(each)
                return
            number = self._tx_seq
            self._tx_seq = (number + 1) % _MODULUS
            self._write_frame(DataFrame(frm_num=number, re_tx=0, ack_num=self._rx_seq, ezsp_frame=each))

    def _lose(self, loss: Lost) -> None:
        """As it was lost then."""
        self._over(self._stick)
        if loss.failed:
            self._ncp_state = NcpState.FAILED
            self._write_frame(ErrorFrame(version=_ASH_VERSION, reset_code=NcpResetCode(loss.code)))
        else:
            self._restart(loss.code)

    def _reject_frame(self) -> None:
        """What is no frame is none."""

    def _write_frame(self, frame: Any, **_: object) -> None:  # noqa: ANN401 - of bellows
        self._put(self._stuff_bytes(frame.to_bytes()) + b"\x7e")


class _Transport(serialx.BaseSerialTransport):
    """The connection of one host."""

    _end: _AshEnd | None = None
    _device = ""

    async def _connect(self, *, path: str | None, **kwargs: Any) -> None:  # noqa: ANN401, ARG002 - of any kind
        self._device = path or ""
        file = self._device.removeprefix(SCHEME)
        stick = _lost.pop(self._device, None) or replayed_stick(Path(file), f"replay:{file}")
        self._end = _AshEnd(stick, self._from_stick, self._over)
        self._call_protocol_connection_made()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        # Octets come to either end in a turn of the loop of their own, as on any line.
        asyncio.get_running_loop().call_soon(self._to_stick, bytes(data))

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        self._closing = True
        self._end = None
        asyncio.get_running_loop().call_soon(self._call_protocol_connection_lost, None)

    def abort(self) -> None:
        self.close()

    def _to_stick(self, octets: bytes) -> None:
        if self._end is not None:
            self._end.data_received(octets)

    def _from_stick(self, octets: bytes) -> None:
        asyncio.get_running_loop().call_soon(self._to_host, octets)

    def _to_host(self, octets: bytes) -> None:
        if self._end is not None:
            self._protocol.data_received(octets)

    def _over(self, why: object) -> None:
        """The recording has no more to say, or loses its stick here."""
        if isinstance(why, ReplayedStick):
            _lost[self._device] = why
        elif isinstance(why, BadInput):
            asyncio.get_running_loop().call_soon(self._end_with, why)

    def _end_with(self, error: BadInput) -> None:
        if self._end is not None:
            self._end, self._closing = None, True
            self._call_protocol_connection_lost(error)


# What is abstract in both is of no use here: this line has no modem pins and no settings, and nobody blocks on it.
serialx.register_uri_handler(
    scheme=SCHEME,
    unique_scheme=_HANDLER,
    sync_cls=serialx.BaseSerial,  # type: ignore[type-abstract]  # as above
    async_transport_cls=_Transport,  # type: ignore[type-abstract]  # as above
)
