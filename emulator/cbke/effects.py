"""What the two machines ask of the device around them.

Every exchange that began ends in exactly one `Established` or `Failed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emulator.cbke.work import Work
from emulator.core.events import Value
from emulator.zigbee.clusters.key_establishment import KeyEstablishmentMessage


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message, unicast, under the network key only, with an APS acknowledgement, in fragments if need be.

    What became of it is told to `sent`, by the same object `message`.

    Attributes:
        to: EUI-64 of the partner.
        message: of the cluster; the initiator's go from client to server, the responder's the other way.
        sequence: ZCL transaction sequence number of the request that it answers; None: a new one.
    """

    to: int
    message: KeyEstablishmentMessage
    sequence: int | None


@dataclass(frozen=True, slots=True)
class SendDefaultResponse:
    """Send a ZCL Default Response, under the network key only.

    Attributes:
        to: EUI-64 of the partner.
        command: the command it answers.
        status: ZCL status.
        sequence: that command's transaction sequence number.
    """

    to: int
    command: int
    status: int
    sequence: int


@dataclass(frozen=True, slots=True)
class ReadSuites:
    """Initiator: read the partner's attribute KeyEstablishmentSuite, and answer with `suites_read`."""

    of: int


@dataclass(frozen=True, slots=True)
class Compute:
    """Call `work`, where it holds nothing up, and hand the result to `computed` with the token."""

    token: int
    work: Work


@dataclass(frozen=True, slots=True)
class Candidate:
    """Responder: accept frames under this key as well from now on, but go on sending under the old one.

    One that authenticates goes to `authenticated`.  `Established` or `Failed` ends this state.
    """

    partner: int
    link_key: bytes


@dataclass(frozen=True, slots=True)
class Established:
    """The key is in force: it replaces the link key with this partner, its counters begin anew."""

    partner: int
    link_key: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """An exchange ended without a key; the link key with this partner stays what it was.

    Attributes:
        partner: EUI-64.
        reason: machine-readable, e.g. `timeout`, `terminated`, `bad-key-confirm`.
        status: that of the Terminate sent or received, None where there was none.
        retry_at: µs, when the initiator begins again by itself; None: not at all.
    """

    partner: int
    reason: str
    status: int | None = None
    retry_at: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Something to put into the event log; `reason` stands with every drop and refusal."""

    kind: str
    reason: str | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)


Effect = Send | SendDefaultResponse | ReadSuites | Compute | Candidate | Established | Failed | Report
