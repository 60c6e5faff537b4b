"""What a client makes of Image Block Responses; `block` is the hot path, some 15,000 calls an update."""

from __future__ import annotations

from typing import Final

from emulator.core.clock import MILLISECOND
from emulator.core.events import Value
from emulator.ota.activation import time_left
from emulator.ota.behaviour import AT_A_BLOCK, ClientMisdeed
from emulator.ota.client_actions import fire
from emulator.ota.client_session import Cause, ClientSession
from emulator.ota.client_table import ClientState, Trigger
from emulator.ota.download import Download
from emulator.ota.effects import DefaultResponse
from emulator.ota.errors import SlotError, Unacceptable
from emulator.ota.rules import Rule
from emulator.zigbee.clusters.ota import IMAGE_BLOCK_RESPONSE
from emulator.zigbee.clusters.ota_blocks import BlockRefused, WaitForData, decode_image_block_response
from emulator.zigbee.frames.zcl_status import Status, status_reason

_DOWNLOADING: Final = ClientState.DOWNLOADING
_PACED: Final = ClientState.PACED
_STORED: Final = Trigger.STORED
_FILE_REASONS: Final = frozenset(("header-mismatch", "wrong-hardware", "wrong-destination"))
"""Reasons of `file_check`: the image itself is refused, not the block."""


def block(session: ClientSession, payload: bytes, now: int) -> None:
    """Image Block Response of status SUCCESS: store it, ask for the next one."""
    download = session.download
    state = session.state
    # Compared by identity, because the hash of an Enum member is slow.
    if download is None or not (state is _DOWNLOADING or state is _PACED):
        raise Unacceptable("unexpected", state=state.value)
    if session.rules and session.rules.fires(ClientMisdeed.IGNORE_BLOCK):
        raise Unacceptable("misdeed")
    try:
        trigger = download.take(payload)
    except Unacceptable as problem:
        _faulty_block(session, problem, now)
        return
    except SlotError as problem:
        fire(session, Trigger.STORE_FAILED, Cause(problem.reason, Status.ABORT), now)
        return
    session.retries = session.waits = session.waited = 0
    if session.settings.page_requests:
        session.count_spacing(now)
    if download.progressed:
        _progress(session, download)
    if trigger is _STORED and state is _DOWNLOADING and not session.period_ms and not session.rules:
        command_id, request = download.request()
        session.send(command_id, request, now)
    else:
        _stored(session, trigger, now)


def _stored(session: ClientSession, trigger: Trigger, now: int) -> None:
    """The same where something has to be weighed before the next request."""
    cause = Cause()
    if trigger is _STORED and session.period_ms:
        left = session.sent_at + session.period_ms * MILLISECOND - now
        if left > 0:
            trigger, cause = Trigger.RATE_LIMITED, Cause("min-block-period", value=left)
    if session.rules and trigger in {Trigger.STORED, Trigger.RATE_LIMITED}:
        trigger, cause = _misdeed(session, trigger, cause, now)
    fire(session, trigger, cause, now)


def _faulty_block(session: ClientSession, problem: Unacceptable, now: int) -> None:
    """A block that was not taken; a duplicate is let lie, for anything else the request is repeated."""
    if problem.reason in _FILE_REASONS:
        cause = Cause(problem.reason, Status.INVALID_IMAGE, fields=problem.fields)
        fire(session, Trigger.FILE_UNFIT, cause, now)
        return
    session.drop(problem.reason, IMAGE_BLOCK_RESPONSE, problem.fields)
    if problem.reason != "duplicate":
        spent = session.state is _DOWNLOADING and session.retries >= session.settings.retries
        fire(session, Trigger.SPENT if spent else Trigger.FAULTY_BLOCK, Cause(problem.reason), now)


def _misdeed(session: ClientSession, trigger: Trigger, cause: Cause, now: int) -> tuple[Trigger, Cause]:
    """What we do wrong after storing a block, if anything."""
    for misdeed in AT_A_BLOCK:
        rule = session.rules.fires(misdeed)
        if rule is not None:
            return _misbehave(session, rule, now) or (trigger, cause)
    return trigger, cause


def _misbehave(session: ClientSession, rule: Rule[ClientMisdeed], now: int) -> tuple[Trigger, Cause] | None:
    """Do it; None where the client then goes on as if nothing were wrong."""
    match rule.misdeed:
        case ClientMisdeed.STOP_ASKING:
            return Trigger.FALL_SILENT, Cause("misdeed")
        case ClientMisdeed.ABORT:
            return Trigger.ABANDON, Cause("client-abort", Status.ABORT)
        case ClientMisdeed.UPGRADE_END_EARLY:
            return Trigger.END_EARLY, Cause("misdeed")
        case ClientMisdeed.QUIET:
            return Trigger.RATE_LIMITED, Cause("quiet", value=rule.value * MILLISECOND)
        case ClientMisdeed.DEFAULT_RESPONSE:
            sequence = session.outstanding & 0xFF
            session.out.append(DefaultResponse(None, IMAGE_BLOCK_RESPONSE, rule.value, sequence))
        case _:
            assert session.download is not None
            session.send(*session.download.request(-session.download.last_octets), now)
    return None


def _progress(session: ClientSession, download: Download) -> None:
    download.progressed = False
    place: dict[str, Value] = {"octets": download.offset, "size": download.image.image_size}
    session.report("ota.progress", None, {**place, "percent": download.percent})


def block_refused(session: ClientSession, payload: bytes, _sequence: int, _broadcast: bool, now: int) -> None:
    """Image Block Response of any other status."""
    answer = decode_image_block_response(payload)
    if session.state is not _DOWNLOADING and session.state is not _PACED:
        raise Unacceptable("unexpected", state=session.state.value)
    if isinstance(answer, WaitForData):
        _told_to_wait(session, answer, now)
    elif isinstance(answer, BlockRefused):
        reason = "server-abort" if answer.status == Status.ABORT else status_reason(answer.status)
        fire(session, Trigger.ABORTED, Cause(reason, answer.status), now)


def _told_to_wait(session: ClientSession, answer: WaitForData, now: int) -> None:
    """WAIT_FOR_DATA, as long as the settings' limits are kept."""
    settings = session.settings
    session.tally.waits += 1
    session.waits += 1
    left = time_left(answer.current_time, answer.request_time)
    reason = "wait-for-data" if left else "min-block-period"
    period = answer.minimum_block_period
    if session.period_ms is not None and period is not None and session.download is not None:
        if period > settings.min_block_period_limit_ms:
            fire(session, Trigger.WAIT_LIMIT, Cause("block-period-limit", fields={"period_ms": period}), now)
            return
        session.period_ms = period
        session.download.limit_rate(period)
        left = max(left, session.sent_at + period * MILLISECOND - now)
    session.waited += left
    if session.waits > settings.waits or session.waited > settings.wait_limit:
        fields: dict[str, Value] = {"waits": session.waits, "wait_us": left}
        fire(session, Trigger.WAIT_LIMIT, Cause("wait-limit", fields=fields), now)
    else:
        fire(session, Trigger.TOLD_TO_WAIT, Cause(reason, value=left), now)
