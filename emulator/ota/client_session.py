"""What a client has in mind between two events, and the few things that every action needs."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from emulator.core.clock import MILLISECOND
from emulator.core.events import Value
from emulator.ota.behaviour import ClientBehaviour
from emulator.ota.client_table import ClientState
from emulator.ota.counters import Tally
from emulator.ota.download import Download
from emulator.ota.effects import ClientEffect, Report, Send, image_fields
from emulator.ota.errors import SlotError
from emulator.ota.rules import RuleBook
from emulator.ota.settings import ClientIdentity, ClientSettings
from emulator.ota.slot import ImageSlot
from emulator.zigbee.clusters.ota import ANY_FILE_VERSION, ImageIdentity
from emulator.zigbee.frames.zcl_status import Status

NO_SERVER: Final = 0xFFFFFFFFFFFFFFFF

Hindrance = Callable[[int], str | None]
"""Asked at `now` (µs) when an offer would be taken: why the device puts it off, machine-readable, or None."""


def nothing_hinders(_now: int) -> str | None:
    """A device that can take an image at any time."""
    return None


class Cause:
    """Why a trigger came, for the action and its report.

    Attributes:
        reason: machine-readable.
        status: a ZCL status that goes with it.
        value: µs to wait, or what else the action needs.
        fields: of the report.
    """

    __slots__ = ("fields", "reason", "status", "value")

    def __init__(
        self,
        reason: str | None = None,
        status: int = Status.SUCCESS,
        value: int = 0,
        fields: dict[str, Value] | None = None,
    ) -> None:
        self.reason = reason
        self.status = status
        self.value = value
        self.fields = fields or {}


class ClientSession:
    """The client's memory.

    Attributes:
        state: row of the table.
        out: effects of the event being handled.
        deadline: µs, or None: the one timer.
        outstanding: sequence number of the message that an answer is awaited to, or -1.
        sent_at: when that was sent (µs).
        block_at: when the last block of a page came since then, else the same.
        retries: of that message so far.
        waits, waited: WAIT_FOR_DATA in a row, and the µs they asked for.
        specific: what is asked for in a query for a device specific file, else None.
        offered: what the last query was answered with.
        gave_up_at: since when (µs) a download that was given up lies still.
        hindrance: why an offer has to be put off.
    """

    __slots__ = (
        "_last_progress",
        "_resumes_left",
        "_sequence",
        "block_at",
        "current_version",
        "deadline",
        "download",
        "gave_up_at",
        "hindrance",
        "identity",
        "offered",
        "out",
        "outstanding",
        "paced_since",
        "period_ms",
        "query_sequence",
        "refusal",
        "retries",
        "rng",
        "rules",
        "sent_at",
        "server",
        "settings",
        "slot",
        "specific",
        "state",
        "tally",
        "waited",
        "waits",
    )

    def __init__(
        self,
        identity: ClientIdentity,
        settings: ClientSettings,
        slot: ImageSlot,
        rng: random.Random,
        behaviour: ClientBehaviour,
        hindrance: Hindrance = nothing_hinders,
    ) -> None:
        self.identity = identity
        self.settings = settings
        self.slot = slot
        self.hindrance = hindrance
        self.rng = rng
        self.rules = RuleBook(behaviour.rules, rng)
        self.tally = Tally()
        self.state = ClientState.OFF
        self.current_version = ANY_FILE_VERSION
        self.out: list[ClientEffect] = []
        self._sequence = rng.randrange(256)
        self._resumes_left = settings.resumes
        self._last_progress = -1
        self.clear()

    def clear(self) -> None:
        """Forget everything volatile: power was lost.  State, running version, counters and the slot stay."""
        self.deadline: int | None = None
        self.server = NO_SERVER
        self.download: Download | None = None
        self.specific: ImageIdentity | None = None
        self.offered: ImageIdentity | None = None
        self.period_ms = self.settings.min_block_period_ms
        self.outstanding = -1
        self.query_sequence = 0
        self.retries = 0
        self.waits = self.waited = 0
        self.sent_at = self.block_at = self.paced_since = 0
        self.gave_up_at: int | None = None
        self.refusal = Cause()

    def send(self, command_id: int, payload: bytes, now: int) -> None:
        """Send and await the answer; every message has a sequence number of its own, as stacks drop equal ones."""
        self._sequence = sequence = (self._sequence + 1) & 0xFF
        self.outstanding = sequence
        self.sent_at = self.block_at = now
        self.deadline = now + self.settings.response_timeout
        self.out.append(Send(command_id, payload, sequence))

    def count_repetition(self, now: int) -> None:
        """A message came to nothing and is being repeated."""
        self.retries += 1
        self.tally.retries += 1
        if self.gave_up_at is None:
            self.tally.retry_us += now - self.block_at

    def count_spacing(self, now: int) -> None:
        """A block of a page has come: the server was asked to let some time pass since the one before."""
        if self.block_at > self.sent_at:
            spacing = self.settings.page_spacing_ms * MILLISECOND
            self.tally.pace_us += min(now - self.block_at, spacing)
        self.block_at = now

    def rest(self, now: int, *, resume: bool = False) -> None:
        """Wait for the next query: soon where there is something to take up again, else for the poll interval."""
        self.outstanding = -1
        self.download = None
        if resume and self._may_resume():
            self.deadline = now + self.settings.resume_interval
        elif self.settings.poll_interval:
            self.deadline = now + self.settings.poll_interval + self.jitter(self.settings.poll_jitter)
        else:
            self.deadline = None

    def _may_resume(self) -> bool:
        if self.slot.identity is None:
            return False
        if self.slot.received != self._last_progress:
            self._last_progress = self.slot.received
            self._resumes_left = self.settings.resumes
        self._resumes_left -= 1
        return self._resumes_left >= 0

    def forget(self, reason: str | None) -> None:
        """Erase the slot, and say so if there was anything in it."""
        image = self.slot.identity
        if image is not None:
            self.report("ota.erased", reason, {**image_fields(image), "octets": self.slot.received})
            self.erase()

    def erase(self) -> None:
        """Empty the slot; what it will not give up is said, and overwritten by the next image."""
        try:
            if self.slot.identity is not None:
                self.slot.erase()
        except SlotError as problem:
            self.report("ota.failed", problem.reason, {"resumable": False})

    def wanted(self) -> ImageIdentity:
        """What we ask for; its version is the one that runs, or the one wanted of a device specific file."""
        if self.specific:
            return self.specific
        return ImageIdentity(self.identity.manufacturer_code, self.identity.image_type, self.current_version, 0)

    def jitter(self, most: int) -> int:
        """µs between 0 and `most`."""
        return self.rng.randrange(most + 1) if most else 0

    def report(self, kind: str, reason: str | None, fields: dict[str, Value]) -> None:
        """Put something into the log."""
        self.out.append(Report(kind, reason, fields))

    def drop(self, reason: str, command_id: int, fields: dict[str, Value]) -> None:
        """A message was not followed."""
        self.tally.dropped += 1
        self.report("ota.dropped", reason, {"command": command_id, **fields})
