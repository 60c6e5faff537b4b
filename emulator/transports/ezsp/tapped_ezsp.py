"""bellows' `EZSP`, with what is frequent taken out before it, and word of every way in which a stick can be gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bellows.ash import NcpFailure  # type: ignore[import-untyped]  # as in `structures`
from bellows.ezsp import EZSP  # type: ignore[import-untyped]  # as above

from emulator.core.errors import BadInput
from emulator.transports.ezsp.serial_tap import SerialTap, tapped_gateway
from emulator.transports.ezsp.structures import Octets

UNICAST: Final = "unicast"
"""sendUnicast with its parameters in octets."""
INCOMING: Final = 0x0045
"""incomingMessageHandler"""
SENT: Final = 0x003F
"""messageSentHandler"""
STICK_RESET: Final = "stick-reset"
"""Why a stick is lost that has reset itself: all is gone that was in its RAM."""
_HEADER: Final = 5
_EXTENDED: Final = 0x01
_TAPPED: Final = (INCOMING, SENT)


class _Application:
    """What bellows wants to tell of a connection that is lost."""

    def __init__(self, lost: Callable[[str], None]) -> None:
        self._lost = lost

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, BadInput):
            self._lost("recording-over")
        else:
            self._lost(STICK_RESET if isinstance(exc, NcpFailure) else "stick-unplugged")


class TappedEzsp(EZSP):  # type: ignore[misc]  # its base is untyped
    """bellows' EZSP, with the two frequent callbacks taken out of the stream of frames before it reads them.

    Args:
        config: `path`, `baudrate` and `flow_control`.
        lost: told when the stick is gone.
        serial: told of every octet of the line.

    Attributes:
        tap: takes those callbacks.
        over: why there is nothing to go on with, once a stick out of a recording has no more to say.
    """

    def __init__(
        self, config: Mapping[str, object], lost: Callable[[str], None], serial: SerialTap | None = None
    ) -> None:
        super().__init__(dict(config), _Application(lost))
        self.tap: Callable[[int, bytes], None] | None = None
        self.over: BadInput | None = None
        self._serial = serial

    async def connect(self, *, use_thread: bool = False) -> None:
        if self._serial is None:
            await super().connect(use_thread=use_thread)
            return
        self._gw = await tapped_gateway(self._config, self, self._serial)
        await self.startup_reset()

    def frame_received(self, data: bytes) -> None:
        if self.tap is not None and len(data) >= _HEADER and data[2] == _EXTENDED:
            command = data[3] | data[4] << 8
            if command in _TAPPED:
                self.tap(command, bytes(data[_HEADER:]))
                return
        super().frame_received(data)

    def forget_frames(self) -> None:
        """End the tasks that bellows sends frames in for whoever was cancelled: nobody would hear of their failure."""
        ash = getattr(getattr(self._gw, "_obj", self._gw), "_transport", None)
        for acknowledged in getattr(ash, "_pending_data_frames", {}).values():
            acknowledged.cancel()

    def _switch_protocol_version(self, version: int) -> None:
        """Have a quick way to send beside bellows' own of making octets from structures."""
        super()._switch_protocol_version(version)
        frame_id, _, answer = self._protocol.COMMANDS["sendUnicast"]
        self._protocol.COMMANDS = {**self._protocol.COMMANDS, UNICAST: (frame_id, Octets, answer)}

    # The stick is gone

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, BadInput):
            self.over = exc
        if isinstance(exc, BadInput | NcpFailure):
            self._fail_waiting(exc)
        super().connection_lost(exc)

    def _fail_waiting(self, error: Exception) -> None:
        """No answer comes any more to what was asked before."""
        waiting = {} if self._protocol is None else self._protocol._awaiting
        for _, _, future in waiting.values():
            if not future.done():
                future.set_exception(error)
                # Whoever asked may be gone by now, and that is no fault of anybody.
                future.exception()
