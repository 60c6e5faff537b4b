"""What the client does: the actions of `client_table`, each with the session already in its next state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from emulator.core.clock import MILLISECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.events import Value
from emulator.ota import client_ending as ending
from emulator.ota.behaviour import ClientMisdeed
from emulator.ota.client_session import Cause, ClientSession
from emulator.ota.client_table import LOCAL_TRIGGERS, TRANSITIONS, Action, ClientState, Trigger
from emulator.ota.download import Download
from emulator.ota.effects import DefaultResponse, FindServer, image_fields
from emulator.ota.errors import SlotError, Unacceptable
from emulator.zigbee.clusters.ota import (
    QUERY_NEXT_IMAGE_REQUEST,
    QUERY_SPECIFIC_FILE_REQUEST,
    ImageIdentity,
    QueryNextImageRequest,
    QuerySpecificFileRequest,
    encode_query_next_image_request,
    encode_query_specific_file_request,
)
from emulator.zigbee.frames.zcl_status import Status


def fire(session: ClientSession, trigger: Trigger, cause: Cause, now: int) -> None:
    """Carry out the row of the table for what has happened.

    Raises:
        LocalProtocolError: there is no row, and it was our own device's doing.
        Unacceptable: there is no row, and it was the peer's.
    """
    state = session.state
    row = TRANSITIONS[state].get(trigger)
    if row is None:
        if trigger in LOCAL_TRIGGERS:
            raise LocalProtocolError(f"OTA client: {trigger.value} cannot happen while {state.value}")
        raise Unacceptable("unexpected", state=state.value, trigger=trigger.value)
    if state is ClientState.PACED and row.next_state is not state:
        session.tally.pace_us += now - session.paced_since
    session.state = row.next_state
    ACTIONS[row.action](session, cause, now)


def _ignore(_session: ClientSession, _cause: Cause, _now: int) -> None:
    """Nothing."""


def _reset(session: ClientSession, cause: Cause, now: int) -> None:
    """Powered up: see whether the image in the slot is the one that runs now, then look for a server."""
    session.clear()
    session.current_version = cause.value
    image = session.slot.identity
    if (
        image is not None
        and image.file_version == session.current_version
        and session.slot.received == image.image_size
    ):
        session.erase()
        session.report("ota.activated", None, image_fields(image))
    _seek(session, cause, now)


def _stop(session: ClientSession, _cause: Cause, _now: int) -> None:
    session.clear()


def _seek(session: ClientSession, _cause: Cause, now: int) -> None:
    session.out.append(FindServer())
    session.deadline = now + session.settings.find_interval


def _found(session: ClientSession, cause: Cause, now: int) -> None:
    _moved(session, cause, now)
    settings = session.settings
    session.deadline = now + settings.start_delay + session.jitter(settings.start_jitter)


def _moved(session: ClientSession, cause: Cause, _now: int) -> None:
    session.server = cause.value


def _ignore_notify(session: ClientSession, _cause: Cause, _now: int) -> None:
    session.report("ota.notify", "busy", {"state": session.state.value})


def _query(session: ClientSession, cause: Cause, now: int) -> None:
    session.specific = None
    session.retries = 0
    session.report("ota.query", cause.reason or "poll", {"running": f"{session.current_version:08X}"})
    _send_query(session, now)


def _fetch(session: ClientSession, cause: Cause, now: int) -> None:
    """Ask for a device specific file: `cause` has its image type (status) and version (value)."""
    session.specific = ImageIdentity(session.identity.manufacturer_code, cause.status, cause.value, 0)
    session.retries = 0
    session.report("ota.query", "specific-file", {"image_type": f"{cause.status:04x}"})
    _send_query(session, now)


def _query_again(session: ClientSession, _cause: Cause, now: int) -> None:
    session.count_repetition(now)
    session.report("ota.query", "timeout", {"retry": session.retries})
    _send_query(session, now)


def _send_query(session: ClientSession, now: int) -> None:
    identity, wanted = session.identity, session.wanted()
    names = (wanted.manufacturer_code, wanted.image_type, wanted.file_version)
    if session.specific:
        specific = QuerySpecificFileRequest(identity.eui64, *names, identity.stack_version)
        session.send(QUERY_SPECIFIC_FILE_REQUEST, encode_query_specific_file_request(specific), now)
    else:
        query = QueryNextImageRequest(*names, identity.hardware_version)
        session.send(QUERY_NEXT_IMAGE_REQUEST, encode_query_next_image_request(query), now)


def _begin(session: ClientSession, _cause: Cause, now: int) -> None:
    """Take the offer: go on where the slot's image stopped if it is the very same, else from the first octet."""
    image = session.offered
    assert image is not None
    session.report("ota.offer", None, image_fields(image))
    try:
        if session.slot.identity != image:
            session.forget("other-image-offered")
            session.slot.begin(image)
        session.download = download = _new_download(session, image)
        download.check_file()
    except SlotError as problem:
        session.download = _new_download(session, image)
        fire(session, Trigger.STORE_FAILED, Cause(problem.reason, Status.ABORT), now)
        return
    except Unacceptable as problem:
        fire(session, Trigger.FILE_UNFIT, Cause(problem.reason, Status.INVALID_IMAGE, fields=problem.fields), now)
        return
    fields = {**image_fields(image), "offset": download.offset}
    session.report("ota.started", "resumed" if download.offset else None, fields)
    _take_up(session, now)
    if download.complete:
        fire(session, Trigger.COMPLETE, Cause(), now)
    else:
        _send_request(session, now)


def _new_download(session: ClientSession, image: ImageIdentity) -> Download:
    download = Download(image, session.slot, session.settings, session.identity, session.tally)
    download.limit_rate(session.period_ms)
    return download


def _take_up(session: ClientSession, now: int) -> None:
    """The counts of a download begin, and the rest of one that was given up ends."""
    if session.gave_up_at is not None and session.slot.received:
        session.tally.retry_us += now - session.gave_up_at
    session.gave_up_at = None
    session.retries = session.waits = session.waited = 0


def _refuse_offer(session: ClientSession, cause: Cause, now: int) -> None:
    session.report("ota.refused", cause.reason, cause.fields)
    if session.settings.refuse_aloud:
        session.out.append(DefaultResponse(None, cause.value, cause.status, session.query_sequence))
    session.rest(now)


def _defer(session: ClientSession, cause: Cause, now: int) -> None:
    """It would be taken, but not now: ask again at the next poll; what the slot has already stays there."""
    assert session.offered is not None
    session.report("ota.deferred", cause.reason, image_fields(session.offered))
    session.rest(now)


def _rest(session: ClientSession, cause: Cause, now: int) -> None:
    session.report("ota.query", cause.reason, {})
    session.rest(now)


def _no_answer(session: ClientSession, _cause: Cause, now: int) -> None:
    session.report("ota.query", "no-response", {"retries": session.retries})
    session.rest(now, resume=True)


def _give_up(session: ClientSession, cause: Cause, now: int) -> None:
    """Leave it for now; the slot keeps what it has."""
    session.gave_up_at = session.sent_at
    where: dict[str, Value] = {"octets": session.slot.received, "retries": session.retries}
    session.report("ota.failed", cause.reason or "no-response", {**where, **cause.fields, "resumable": True})
    session.rest(now, resume=True)


def _fail(session: ClientSession, _cause: Cause, now: int) -> None:
    """The image was refused, and the server has been told."""
    refusal = session.refusal
    session.report("ota.failed", refusal.reason, {**refusal.fields, "resumable": False})
    session.rest(now)


def _request(session: ClientSession, _cause: Cause, now: int) -> None:
    _send_request(session, now)


def _send_request(session: ClientSession, now: int) -> None:
    assert session.download is not None
    rule = session.rules.fires(ClientMisdeed.MISALIGNED_OFFSET)
    command_id, payload = session.download.request(rule.value if rule else 0)
    session.send(command_id, payload, now)


def _request_again(session: ClientSession, cause: Cause, now: int) -> None:
    assert session.download is not None
    session.count_repetition(now)
    session.download.lost()
    if session.rules.fires(ClientMisdeed.RESTART_FROM_ZERO):
        session.slot.begin(session.download.image)
        session.download = _new_download(session, session.download.image)
    fields: dict[str, Value] = {"offset": session.download.offset, "retry": session.retries}
    session.report("ota.block.resent", cause.reason or "timeout", fields)
    _send_request(session, now)


def _back_off(session: ClientSession, cause: Cause, now: int) -> None:
    session.report("ota.send-failed", cause.reason, {"state": session.state.value})
    session.deadline = now + session.settings.send_failed_delay


def _await_block(session: ClientSession, _cause: Cause, now: int) -> None:
    """A block of a page has come: others will come unasked."""
    settings = session.settings
    session.deadline = now + settings.response_timeout + settings.page_spacing_ms * MILLISECOND


def _pace(session: ClientSession, cause: Cause, now: int) -> None:
    assert session.download is not None
    session.download.put_off()
    session.outstanding = -1
    session.paced_since = now
    session.deadline = now + cause.value
    # The minimum block period holds for every block, too often for the log.
    if cause.reason != "min-block-period":
        session.report("ota.waiting", cause.reason, {"wait_us": cause.value})


def _without_pages(session: ClientSession, cause: Cause, now: int) -> None:
    assert session.download is not None
    session.report("ota.block.resent", cause.reason, {"offset": session.download.offset})
    session.download.without_pages()
    _send_request(session, now)


def _silence(session: ClientSession, cause: Cause, _now: int) -> None:
    session.report("ota.waiting", cause.reason, {})
    session.outstanding = -1
    session.deadline = None


ACTIONS: Final[dict[Action, Callable[[ClientSession, Cause, int], None]]] = {
    Action.RESET: _reset,
    Action.STOP: _stop,
    Action.SEEK: _seek,
    Action.FOUND: _found,
    Action.MOVED: _moved,
    Action.IGNORE: _ignore,
    Action.IGNORE_NOTIFY: _ignore_notify,
    Action.QUERY: _query,
    Action.QUERY_AGAIN: _query_again,
    Action.FETCH: _fetch,
    Action.BEGIN: _begin,
    Action.REFUSE_OFFER: _refuse_offer,
    Action.DEFER: _defer,
    Action.REST: _rest,
    Action.NO_ANSWER: _no_answer,
    Action.GIVE_UP: _give_up,
    Action.FAIL: _fail,
    Action.REQUEST: _request,
    Action.REQUEST_AGAIN: _request_again,
    Action.BACK_OFF: _back_off,
    Action.AWAIT_BLOCK: _await_block,
    Action.PACE: _pace,
    Action.WITHOUT_PAGES: _without_pages,
    Action.SILENCE: _silence,
    Action.VERIFY: ending.verify,
    Action.END: ending.end,
    Action.END_AGAIN: ending.end_again,
    Action.END_BADLY: ending.end_badly,
    Action.END_BADLY_AGAIN: ending.end_badly_again,
    Action.ASK_FOR_MORE: ending.ask_for_more,
    Action.HOLD: ending.hold,
    Action.HOLD_ON: ending.hold_on,
    Action.ASK_TO_ACTIVATE: ending.ask_to_activate,
    Action.AWAIT_RELEASE: ending.await_release,
    Action.COUNT_DOWN: ending.count_down,
    Action.ACTIVATE: ending.activate,
    Action.ACTIVATED: ending.activated,
    Action.ACTIVATED_OFF: ending.activated_off,
    Action.ACTIVATION_FAILED: ending.activation_failed,
    Action.ACTIVATION_FAILED_OFF: ending.activation_failed_off,
}
