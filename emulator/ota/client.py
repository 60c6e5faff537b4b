"""The OTA client: asks for an image, fetches it block by block, has it verified and activated.

A sans-IO machine: events and messages with `now` (µs) in, effects out, one timer.  `client_table` says what follows on
what, `client_actions` does it; `client_messages` and `client_blocks` find the trigger in a message.  The answer to a
block, sent some 15,000 times an update, takes the row (DOWNLOADING, STORED) without looking it up.

A message that must not be followed is dropped with an `ota.dropped` report; nothing that a peer sends raises.  What our
own device does at the wrong moment is a LocalProtocolError.
"""

from __future__ import annotations

import random
from typing import Final

from emulator.core.errors import DecodeError
from emulator.ota.behaviour import WELL_BEHAVED, ClientBehaviour
from emulator.ota.client_actions import fire
from emulator.ota.client_attributes import attribute_values
from emulator.ota.client_blocks import block
from emulator.ota.client_messages import READERS, default_response
from emulator.ota.client_session import Cause, ClientSession, Hindrance, nothing_hinders
from emulator.ota.client_table import UPGRADE_STATUS, ClientState, Trigger
from emulator.ota.counters import ClientCounters
from emulator.ota.download import Download
from emulator.ota.effects import ClientEffect, DefaultResponse
from emulator.ota.errors import Unacceptable
from emulator.ota.events import (
    Activated,
    ActivationReleased,
    ClientEvent,
    CommandReceived,
    DefaultResponseReceived,
    FetchSpecificFile,
    QueryNow,
    SendFailed,
    ServerFound,
    Started,
    Stopped,
    Verified,
)
from emulator.ota.settings import ClientIdentity, ClientSettings
from emulator.ota.slot import ImageSlot
from emulator.zigbee.clusters.ota import (
    IMAGE_BLOCK_RESPONSE,
    IMAGE_NOTIFY,
    ImageUpgradeStatus,
    UpgradeTimeoutPolicy,
)
from emulator.zigbee.frames.zcl_status import Status

_SPENT_REASONS: Final = {
    ClientState.ENDING: "no-end-response",
    ClientState.WAITING: "upgrade-timeout",
}
"""Why the client stops asking; `no-response` elsewhere."""


class OtaClient:
    """One OTA client.

    Args:
        identity: what we are.
        settings: how we go about it.
        store: where the image goes; what it holds already is resumed, if the server still offers the very same.
        rng: for jitter, the first sequence number, and misdeeds by chance.
        behaviour: what we do wrong on purpose.
        hindrance: why the device puts an offer off that it would take; it is asked at each.
    """

    __slots__ = ("_session",)

    def __init__(
        self,
        identity: ClientIdentity,
        settings: ClientSettings,
        store: ImageSlot,
        rng: random.Random,
        behaviour: ClientBehaviour = WELL_BEHAVED,
        hindrance: Hindrance = nothing_hinders,
    ) -> None:
        self._session = ClientSession(identity, settings, store, rng, behaviour, hindrance)

    @property
    def state(self) -> ClientState:
        """Where the client stands."""
        return self._session.state

    @property
    def status(self) -> ImageUpgradeStatus:
        """The attribute ImageUpgradeStatus."""
        return UPGRADE_STATUS[self._session.state]

    @property
    def counters(self) -> ClientCounters:
        """Where blocks and time went so far."""
        return self._session.tally.snapshot()

    @property
    def download(self) -> Download | None:
        """The image being received or just received, if any."""
        return self._session.download

    def attributes(self) -> dict[int, int]:
        """Every attribute of the cluster's client side by identifier (`OtaAttribute`)."""
        session = self._session
        return attribute_values(
            session.identity,
            session.settings,
            session.slot,
            self.status,
            session.server,
            session.current_version,
            session.period_ms,
        )

    def next_timeout(self) -> int | None:
        """When `on_timeout` wants to be called (µs), or None."""
        return self._session.deadline

    def on_timeout(self, now: int) -> list[ClientEffect]:
        """The timer may have fallen due; too early is nothing."""
        session = self._session
        if session.deadline is None or now < session.deadline:
            return []
        session.out = []
        session.deadline = None
        trigger = self._due()
        fire(session, trigger, Cause(None if trigger is Trigger.TIMEOUT else _SPENT_REASONS.get(session.state)), now)
        return session.out

    def received(
        self, command_id: int, payload: bytes, sequence: int, now: int, *, broadcast: bool = False
    ) -> list[ClientEffect]:
        """A cluster command from the server.

        Args:
            command_id: as in the ZCL header.
            payload: what follows the ZCL header.
            sequence: ZCL transaction sequence number.
            now: µs.
            broadcast: it was not sent to us alone.
        """
        session = self._session
        session.out = []
        try:
            if command_id == IMAGE_BLOCK_RESPONSE and payload and not payload[0]:
                block(session, payload, now)
            else:
                self._read(command_id, payload, sequence, broadcast, now)
        except Unacceptable as problem:
            session.drop(problem.reason, command_id, problem.fields)
        except DecodeError as problem:
            session.drop("undecodable", command_id, {"what": str(problem)})
            if command_id == IMAGE_NOTIFY and not broadcast:
                session.out.append(DefaultResponse(None, command_id, Status.MALFORMED_COMMAND, sequence))
        return session.out

    def handle(self, event: ClientEvent, now: int) -> list[ClientEffect]:
        """Something happened at the device.

        Raises:
            LocalProtocolError: it cannot have happened in this state.
        """
        if isinstance(event, CommandReceived):
            return self.received(event.command_id, event.payload, event.sequence, now, broadcast=event.broadcast)
        session = self._session
        session.out = []
        if isinstance(event, DefaultResponseReceived):
            try:
                default_response(session, event.command_id, event.status, now)
            except Unacceptable as problem:
                session.drop(problem.reason, event.command_id, problem.fields)
        elif isinstance(event, SendFailed):
            if event.sequence == session.outstanding:
                session.outstanding = -1
                fire(session, Trigger.SEND_FAILED, Cause("send-failed"), now)
        else:
            fire(session, *_local(event), now)
        return session.out

    def _read(self, command_id: int, payload: bytes, sequence: int, broadcast: bool, now: int) -> None:
        reader = READERS.get(command_id)
        if reader is None:
            if not broadcast:
                status = Status.UNSUP_CLUSTER_COMMAND
                self._session.out.append(DefaultResponse(None, command_id, status, sequence))
            raise Unacceptable("unknown-command")
        reader(self._session, payload, sequence, broadcast, now)

    def _due(self) -> Trigger:
        """What it means that the timer fell due."""
        session = self._session
        limit = self._limit()
        if limit is None or session.retries < limit:
            return Trigger.TIMEOUT
        apply = session.settings.timeout_policy is UpgradeTimeoutPolicy.APPLY
        if apply and session.state in {ClientState.ENDING, ClientState.WAITING}:
            return Trigger.SPENT_APPLY
        return Trigger.SPENT

    def _limit(self) -> int | None:
        """How often what this state does may be repeated; None where nothing is counted."""
        settings = self._session.settings
        match self._session.state:
            case ClientState.QUERYING:
                return settings.query_retries
            case ClientState.DOWNLOADING:
                return settings.retries
            case ClientState.ENDING | ClientState.REFUSING:
                return settings.end_retries
            case ClientState.WAITING:
                return settings.upgrade_wait_tries
            case _:
                return None


_Local = Started | Stopped | ServerFound | QueryNow | FetchSpecificFile | ActivationReleased | Verified | Activated


def _local(event: _Local) -> tuple[Trigger, Cause]:
    """What our own device has done, as a trigger."""
    match event:
        case Started() | Stopped() | ServerFound():
            return _power(event)
        case QueryNow():
            return Trigger.QUERY_NOW, Cause("asked")
        case FetchSpecificFile(image_type, version):
            return Trigger.FETCH, Cause(status=image_type, value=version)
        case ActivationReleased():
            return Trigger.RELEASED, Cause("out-of-band")
        case Verified() | Activated():
            return _result(event)


def _power(event: Started | Stopped | ServerFound) -> tuple[Trigger, Cause]:
    match event:
        case Started(version):
            return Trigger.STARTED, Cause(value=version)
        case Stopped():
            return Trigger.STOPPED, Cause()
        case ServerFound():
            return Trigger.SERVER_FOUND, Cause(value=event.eui64)


def _result(event: Verified | Activated) -> tuple[Trigger, Cause]:
    """What became of something that the device was asked to do."""
    if isinstance(event, Activated):
        trigger = Trigger.ACTIVATED if event.ok else Trigger.ACTIVATION_FAILED
        return trigger, Cause(event.reason, value=event.version)
    if not event.ok:
        return Trigger.VERIFY_FAILED, Cause(event.reason or "invalid-image", Status.INVALID_IMAGE)
    return (Trigger.MORE_NEEDED if event.more_needed else Trigger.VERIFIED), Cause()
