"""What the parts of a port share: the work on the stick, what is known of the network, and who is to be told."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.ports.aps import ApsUser, MessageTap, NetworkEvent, NodeType, StackConfiguration
from emulator.transports.ezsp.memory import HostMemory
from emulator.transports.ezsp.recovery import Work
from emulator.transports.ezsp.settings import EzspSettings

_TRANSACTIONS: Final = 256


class Host:
    """The host of one stick.

    Args:
        work: the stick's one task.
        settings: how the stick is treated.
        memory: what is kept over restarts.
        rng: see `open_port`.
        reporter: told of every drop, retry and refusal.
        clock: µs.

    Attributes:
        eui64: of the stick; 0 until it was opened.
        up: whether the stick is on its network now; `Membership` alone says so.
        user: the device above, once there is one.
        tap: told of every message, for whoever measures.
    """

    def __init__(
        self,
        work: Work,
        settings: EzspSettings,
        memory: HostMemory,
        rng: Random,
        reporter: Report,
        clock: Callable[[], int],
    ) -> None:
        self.work = work
        self.settings = settings
        self.memory = memory
        self.rng = rng
        self.reporter = reporter
        self.clock = clock
        self.eui64 = Eui64(0)
        self.up = False
        self.user: ApsUser | None = None
        self.tap: MessageTap | None = None
        self._configuration: StackConfiguration | None = None

    @property
    def is_configured(self) -> bool:
        """Whether it is known what the stick is to be."""
        return self._configuration is not None

    def configure(self, configuration: StackConfiguration) -> None:
        """Say what the stick is to be."""
        self._configuration = configuration

    def configured(self) -> StackConfiguration:
        """What the stick is to be; LocalProtocolError before that was said."""
        if self._configuration is None:
            raise LocalProtocolError("a stack is configured before it goes on the air")
        return self._configuration

    @property
    def is_trust_centre(self) -> bool:
        """Whether the stick is a coordinator; LocalProtocolError as `configured`."""
        return self.configured().node_type is NodeType.COORDINATOR

    def transaction(self) -> int:
        """A number for a ZDO request."""
        return self.rng.randrange(_TRANSACTIONS)

    def tell(self, event: NetworkEvent) -> None:
        """Tell the device something about the network."""
        if self.user is not None:
            self.user.network(event, self.clock())

    def report(self, kind: str, reason: str | None, fields: dict[str, object]) -> None:
        """Report what happens now."""
        self.reporter(kind, reason, fields, self.clock())
