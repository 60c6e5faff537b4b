"""What a client makes of the messages that are not blocks: from octets to a trigger of `client_table`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from emulator.ota.activation import check_answer, weigh_answer
from emulator.ota.behaviour import ClientMisdeed
from emulator.ota.client_actions import fire
from emulator.ota.client_blocks import block_refused
from emulator.ota.client_session import Cause, ClientSession
from emulator.ota.client_table import ClientState, Trigger
from emulator.ota.errors import Unacceptable
from emulator.ota.offer import notify_concerns, refusal_status, weigh_offer
from emulator.zigbee.clusters.ota import (
    IMAGE_BLOCK_REQUEST,
    IMAGE_BLOCK_RESPONSE,
    IMAGE_NOTIFY,
    IMAGE_PAGE_REQUEST,
    QUERY_JITTER_MAXIMUM,
    QUERY_NEXT_IMAGE_REQUEST,
    QUERY_NEXT_IMAGE_RESPONSE,
    QUERY_SPECIFIC_FILE_REQUEST,
    QUERY_SPECIFIC_FILE_RESPONSE,
    UPGRADE_END_REQUEST,
    UPGRADE_END_RESPONSE,
    ImageIdentity,
    decode_image_notify,
    decode_query_next_image_response,
    decode_query_specific_file_response,
    decode_upgrade_end_response,
)
from emulator.zigbee.frames.zcl_status import Status, status_reason

_RECEIVING: Final = frozenset((ClientState.DOWNLOADING, ClientState.PACED))
_QUERYING: Final = frozenset((ClientState.QUERYING,))
_ENDED: Final = frozenset((ClientState.ENDING, ClientState.REFUSING, ClientState.WAITING, ClientState.MORE))
_NO_PAGES: Final = (Status.UNSUP_CLUSTER_COMMAND, Status.MALFORMED_COMMAND, Status.INVALID_FIELD)
"""What servers that cannot serve pages answer: blocks may still do."""
_AWAITED_IN: Final = {
    QUERY_NEXT_IMAGE_REQUEST: _QUERYING,
    QUERY_SPECIFIC_FILE_REQUEST: _QUERYING,
    IMAGE_BLOCK_REQUEST: _RECEIVING,
    IMAGE_PAGE_REQUEST: _RECEIVING,
    UPGRADE_END_REQUEST: _ENDED,
}
"""The states in which a Default Response to one of our commands means anything."""


def _notified(session: ClientSession, payload: bytes, _sequence: int, broadcast: bool, now: int) -> None:
    """Image Notify."""
    notify = decode_image_notify(payload)
    if session.rules.fires(ClientMisdeed.IGNORE_NOTIFY):
        raise Unacceptable("misdeed")
    if broadcast:
        # A unicast notify is always answered with a query; a broadcast one only if it concerns us, and by chance.
        reason = notify_concerns(notify, session.identity, session.current_version)
        if reason is None and session.rng.randint(1, QUERY_JITTER_MAXIMUM) > notify.query_jitter:
            reason = "jitter"
        if reason is not None:
            raise Unacceptable(reason)
    fire(session, Trigger.NOTIFIED, Cause("notified"), now)


def _answered(session: ClientSession, payload: bytes, sequence: int, _broadcast: bool, now: int) -> None:
    """Query Next Image Response."""
    answer = decode_query_next_image_response(payload)
    if session.state is not ClientState.QUERYING or session.specific is not None:
        raise Unacceptable("unexpected", state=session.state.value)
    _weigh(session, answer.status, answer.image, Cause(value=QUERY_NEXT_IMAGE_RESPONSE, status=sequence), now)


def _answered_specific(session: ClientSession, payload: bytes, sequence: int, _broadcast: bool, now: int) -> None:
    """Query Device Specific File Response."""
    answer = decode_query_specific_file_response(payload)
    if session.state is not ClientState.QUERYING or session.specific is None:
        raise Unacceptable("unexpected", state=session.state.value)
    _weigh(session, answer.status, answer.image, Cause(value=QUERY_SPECIFIC_FILE_RESPONSE, status=sequence), now)


def _weigh(session: ClientSession, status: int, offered: ImageIdentity | None, answer: Cause, now: int) -> None:
    """Take what a query was answered with, or not; `answer` has the command identifier and sequence number."""
    if offered is None:
        fire(session, Trigger.NO_OFFER, Cause(status_reason(status), status), now)
        return
    wanted = session.wanted()
    session.offered = offered
    session.query_sequence = answer.status
    try:
        weigh_offer(offered, wanted, session.settings, specific=session.specific is not None)
    except Unacceptable as problem:
        refusal = refusal_status(problem.reason, offered, wanted)
        fire(session, Trigger.OFFER_UNFIT, Cause(problem.reason, refusal, answer.value, problem.fields), now)
        return
    if session.rules.fires(ClientMisdeed.IGNORE_OFFER):
        fire(session, Trigger.NO_OFFER, Cause("misdeed"), now)
        return
    hindrance = session.hindrance(now)
    if hindrance is None:
        fire(session, Trigger.OFFERED, Cause(), now)
    else:
        fire(session, Trigger.DEFERRED, Cause(hindrance), now)


def _end_answered(session: ClientSession, payload: bytes, _sequence: int, _broadcast: bool, now: int) -> None:
    """Upgrade End Response."""
    answer = decode_upgrade_end_response(payload)
    if session.download is None:
        raise Unacceptable("unexpected", state=session.state.value)
    check_answer(answer, session.download.image)
    trigger, left, reason = weigh_answer(answer, session.settings)
    fire(session, trigger, Cause(reason, value=left), now)


def default_response(session: ClientSession, command_id: int, status: int, now: int) -> None:
    """A ZCL Default Response to one of our commands."""
    reason = status_reason(status)
    if session.state not in _AWAITED_IN.get(command_id, ()):
        raise Unacceptable("unexpected", state=session.state.value, default_response=reason)
    if status == Status.SUCCESS:
        fire(session, Trigger.CONFIRMED, Cause(), now)
    elif command_id == IMAGE_PAGE_REQUEST and status in _NO_PAGES:
        fire(session, Trigger.PAGE_UNSUPPORTED, Cause("page-request-unsupported", status), now)
    else:
        fire(session, Trigger.DENIED, Cause(reason, status), now)


READERS: Final[dict[int, Callable[[ClientSession, bytes, int, bool, int], None]]] = {
    IMAGE_NOTIFY: _notified,
    QUERY_NEXT_IMAGE_RESPONSE: _answered,
    IMAGE_BLOCK_RESPONSE: block_refused,
    UPGRADE_END_RESPONSE: _end_answered,
    QUERY_SPECIFIC_FILE_RESPONSE: _answered_specific,
}
"""Reader of each command that a server sends."""
