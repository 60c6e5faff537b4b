"""What a server remembers of a client, and what all of its sessions share."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from emulator.core.clock import SECOND
from emulator.core.events import Value
from emulator.core.timers import Timers
from emulator.ota.effects import DefaultResponse, Finished, Report, ServerEffect, image_fields
from emulator.ota.policy import ServerPolicy
from emulator.ota.rules import RuleBook
from emulator.ota.server_table import ServerState
from emulator.ota.shelf import ServedImage, Shelf
from emulator.zigbee.frames.zcl_status import Status

PAGE: Final = "page"
NOTIFY: Final = "notify"

_OVER: Final = (ServerState.FAILED, ServerState.DELIVERED, ServerState.EXPECTED)
"""States whose sessions are given up first."""


@dataclass(frozen=True, slots=True)
class SessionView:
    """How far a client is.

    Attributes:
        offset: octets up to the end of the last block it was sent.
        last_at: when it was heard last (µs).
        blocks: blocks it was sent; `repeated`: of those, not the one after the one before.
    """

    client: int
    version: int
    state: ServerState
    offset: int
    size: int
    blocks: int
    repeated: int
    last_at: int


class ServerSession:
    """One client and one image; some hundred octets.

    Attributes:
        routine: block requests may be answered without further thought: it is being sent blocks, and nothing is to be
            weighed.
        notifies: Image Notify sent since it was heard last.
        released: it was told to activate after all.
        page_offset, page_end, page_octets, page_spacing, page_sequence: the page being sent: next octet, end, largest
            block, µs between blocks, sequence number of the request.
    """

    __slots__ = (
        "blocks",
        "client",
        "image",
        "last_at",
        "last_block_at",
        "notifies",
        "offset",
        "page_end",
        "page_octets",
        "page_offset",
        "page_sequence",
        "page_spacing",
        "released",
        "repeated",
        "routine",
        "state",
    )

    def __init__(self, client: int, image: ServedImage, now: int) -> None:
        self.client = client
        self.image = image
        self.state = ServerState.EXPECTED
        self.routine = False
        self.offset = 0
        self.blocks = self.repeated = 0
        self.last_at = now
        self.last_block_at: int | None = None
        self.notifies = 0
        self.released = False
        self.page_offset = self.page_end = self.page_octets = self.page_spacing = self.page_sequence = 0

    def view(self) -> SessionView:
        """A snapshot."""
        identity = self.image.identity
        return SessionView(
            self.client,
            identity.file_version,
            self.state,
            self.offset,
            identity.image_size,
            self.blocks,
            self.repeated,
            self.last_at,
        )


class ServerMemory:
    """What a server knows.

    Attributes:
        out: effects of what is being handled.
        routine: whether block requests are ever answered without further thought under this policy.
        busy_until: µs; until then requests are put off.
        sweep_at: when sessions are looked through for silent ones, or None while there are none.
    """

    def __init__(self, policy: ServerPolicy, rng: random.Random, utc_offset: int) -> None:
        self.policy = policy
        self.rules = RuleBook(policy.rules, rng)
        self.utc_offset = utc_offset
        self.shelf = Shelf(policy.image_blocks, policy.image_limit_octets)
        self.sessions: dict[int, ServerSession] = {}
        self.timers: Timers[tuple[str, int]] = Timers()
        self.out: list[ServerEffect] = []
        self.routine = not policy.min_block_period_ms and not self.rules
        self.busy_until = 0
        self.sweep_at: int | None = None

    def session(self, client: int, image: ServedImage, now: int) -> ServerSession:
        """The session of that client and image, a new one where it has none."""
        session = self.sessions.get(client)
        if session is None or session.image is not image:
            self.timers.cancel((PAGE, client))
            self.timers.cancel((NOTIFY, client))
            self.sessions.pop(client, None)
            self._make_room()
            session = self.sessions[client] = ServerSession(client, image, now)
        if self.sweep_at is None:
            self.sweep_at = now + min(self.policy.session_idle, self.policy.offer_lifetime)
        return session

    def heard(self, client: int, image: ServedImage, now: int) -> ServerSession:
        """The session of a client that has just asked for something about that image."""
        session = self.session(client, image, now)
        session.last_at = now
        if session.notifies:
            session.notifies = 0
            self.timers.cancel((NOTIFY, client))
        return session

    def refuse(self, client: int, command_id: int, status: int, sequence: int) -> None:
        """Answer a request with a Default Response."""
        self.out.append(DefaultResponse(client, command_id, status, sequence))

    def _make_room(self) -> None:
        """Let the session go that matters least: over before under way, then the longest unheard."""
        if len(self.sessions) < self.policy.sessions:
            return
        least = min(self.sessions.values(), key=lambda session: (session.state not in _OVER, session.last_at))
        del self.sessions[least.client]
        self.timers.cancel((PAGE, least.client))
        self.timers.cancel((NOTIFY, least.client))
        self.report("ota.server.dropped", "too-many-sessions", least, {})

    def finish(self, session: ServerSession, status: int, reason: str | None) -> None:
        """The client is through; said once for each image."""
        image = session.image
        first = session.client not in image.outcomes
        if first or status == Status.SUCCESS:
            image.outcomes[session.client] = status
        self.report("ota.server.finished", reason, session, {"status": int(status), "again": not first})
        if first:
            self.out.append(Finished(session.client, image.identity, status, reason))

    def utc(self, now: int) -> int:
        """`now` (µs) as ZCL UTCTime in whole seconds, or 0 where this server does not tell the time."""
        return now // SECOND + self.utc_offset if self.policy.tells_time else 0

    def report(self, kind: str, reason: str | None, session: ServerSession, fields: dict[str, Value]) -> None:
        """Put something about a client into the log."""
        client = {"client": f"{session.client:016x}"}
        self.out.append(Report(kind, reason, {**client, **image_fields(session.image.identity), **fields}))

    def note(self, kind: str, reason: str | None, client: int, fields: dict[str, Value]) -> None:
        """The same where there is no session."""
        self.out.append(Report(kind, reason, {"client": f"{client:016x}", **fields}))
