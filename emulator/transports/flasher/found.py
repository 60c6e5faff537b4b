"""What answers at a port."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from emulator.core.eui64 import Eui64, eui64_text
from emulator.transports.ezsp.uri import FlowControl


class Kind(StrEnum):
    """The kinds of firmware that are told apart."""

    EZSP = "ezsp"
    """A ZigBee network co-processor."""
    BOOTLOADER = "bootloader"
    """A Gecko bootloader, or its predecessor."""
    CPC = "cpc"
    """A radio co-processor for several stacks at once."""
    SPINEL = "spinel"
    """A radio co-processor of OpenThread."""
    ROUTER = "router"
    """A ZigBee router with a command line."""


@dataclass(frozen=True, slots=True)
class StoredNetwork:
    """The network that a stick is in.

    Attributes:
        state: `up`, or why the stick cannot go on with it, machine-readable.
        node_type: `coordinator`, `router`, `end-device` or `sleepy-end-device`; None like all others: not told.
    """

    state: str
    node_type: str | None = None
    short: int | None = None
    channel: int | None = None
    pan_id: int | None = None
    extended_pan_id: Eui64 | None = None


@dataclass(frozen=True, slots=True)
class EzspFacts:
    """What a stick says of itself over EZSP.

    Attributes:
        version: of EZSP.
        stack: release of EmberZNet, `7.4.3.0 build 0`; None: not told.
        eui64: its address; None: not told.
        manufacturer, board: manufacturing tokens MFG_STRING and MFG_BOARD_NAME; None: never written.
        network: None: it is in none, or was not asked.
    """

    version: int
    stack: str | None = None
    eui64: Eui64 | None = None
    manufacturer: str | None = None
    board: str | None = None
    network: StoredNetwork | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What answers.

    Attributes:
        version: of the firmware or the bootloader, in its own words; None: not told.
        baud: at which it answered; of no meaning over TCP, like `flow`.
        ezsp: what it says of itself, if it is `Kind.EZSP`.
    """

    kind: Kind
    version: str | None
    baud: int
    flow: FlowControl = FlowControl.NONE
    ezsp: EzspFacts | None = None

    def facts(self) -> dict[str, Any]:
        """Everything, JSON-ready."""
        facts = asdict(self) | {"kind": self.kind.value, "flow": self.flow.value}
        if self.ezsp is not None:
            facts["ezsp"]["eui64"] = _text(self.ezsp.eui64)
            if self.ezsp.network is not None:
                facts["ezsp"]["network"]["extended_pan_id"] = _text(self.ezsp.network.extended_pan_id)
        return facts


def _text(eui64: Eui64 | None) -> str | None:
    return None if eui64 is None else eui64_text(eui64)
