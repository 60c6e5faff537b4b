"""What the client does once an image is complete, or refused: Upgrade End, the wait, the activation.

Actions of `client_table`, as in `client_actions`.
"""

from __future__ import annotations

from emulator.core.events import Value
from emulator.ota.behaviour import ClientMisdeed
from emulator.ota.client_session import Cause, ClientSession
from emulator.ota.effects import Activate, Verify, image_fields
from emulator.zigbee.clusters.ota import (
    UPGRADE_END_REQUEST,
    UpgradeEndRequest,
    encode_upgrade_end_request,
)
from emulator.zigbee.frames.zcl_status import Status, status_reason


def verify(session: ClientSession, _cause: Cause, _now: int) -> None:
    """Every octet is there: have the image checked."""
    assert session.download is not None
    session.outstanding = -1
    session.deadline = None
    session.report("ota.downloaded", None, {**image_fields(session.download.image), "blocks": session.tally.blocks})
    session.out.append(Verify(session.download.image))


def end(session: ClientSession, cause: Cause, now: int) -> None:
    """The image is good: tell the server."""
    assert session.download is not None
    session.retries = 0
    session.report("ota.verified", cause.reason, image_fields(session.download.image))
    _send_end(session, Status.SUCCESS, now)


def end_again(session: ClientSession, _cause: Cause, now: int) -> None:
    """No answer came to Upgrade End with SUCCESS."""
    session.count_repetition(now)
    _send_end(session, Status.SUCCESS, now)


def end_badly(session: ClientSession, cause: Cause, now: int) -> None:
    """Refuse the image; what is invalid is forgotten, what was only broken off is kept."""
    assert session.download is not None
    session.retries = 0
    session.refusal = cause
    session.report("ota.refused", cause.reason, {**image_fields(session.download.image), **cause.fields})
    if cause.status == Status.INVALID_IMAGE:
        session.forget(cause.reason)
    _send_end(session, cause.status, now)


def end_badly_again(session: ClientSession, _cause: Cause, now: int) -> None:
    """No answer came to Upgrade End with another status."""
    session.count_repetition(now)
    _send_end(session, session.refusal.status, now)


def ask_for_more(session: ClientSession, _cause: Cause, now: int) -> None:
    """Good, but of use only together with others: ask for the next one as soon as the server may have heard."""
    assert session.download is not None
    session.report("ota.verified", "more-needed", image_fields(session.download.image))
    _send_end(session, Status.REQUIRE_MORE_IMAGE, now)


def _send_end(session: ClientSession, status: int, now: int) -> None:
    assert session.download is not None
    image = session.download.image
    rule = session.rules.fires(ClientMisdeed.UPGRADE_END_STATUS)
    status = rule.value if rule else status
    session.report("ota.end", status_reason(status), {**image_fields(image), "retry": session.retries})
    if session.rules.fires(ClientMisdeed.NO_UPGRADE_END):
        session.deadline = None
        return
    message = UpgradeEndRequest(status, image.manufacturer_code, image.image_type, image.file_version)
    session.send(UPGRADE_END_REQUEST, encode_upgrade_end_request(message), now)


def hold(session: ClientSession, cause: Cause, now: int) -> None:
    """Told to wait with the activation; ask again every now and then."""
    session.retries = 0
    hold_on(session, cause, now)


def hold_on(session: ClientSession, cause: Cause, now: int) -> None:
    """Told so once more: the tries so far count."""
    session.outstanding = -1
    session.report("ota.waiting", cause.reason or "wait-for-upgrade", {"tries": session.retries})
    session.deadline = now + session.settings.upgrade_wait_interval


def ask_to_activate(session: ClientSession, _cause: Cause, now: int) -> None:
    """It has been a while: ask once more when to activate."""
    session.retries += 1
    _send_end(session, Status.SUCCESS, now)
    session.deadline = now + session.settings.upgrade_wait_interval


def await_release(session: ClientSession, _cause: Cause, _now: int) -> None:
    """The activation policy is out-of-band: wait for its event."""
    session.deadline = None
    session.report("ota.waiting", "out-of-band", {})


def count_down(session: ClientSession, cause: Cause, now: int) -> None:
    """Told when to activate: wait until then."""
    session.deadline = now + cause.value
    session.report("ota.waiting", "count-down", {"wait_us": cause.value})


def activate(session: ClientSession, cause: Cause, _now: int) -> None:
    """Have the image run."""
    assert session.download is not None
    session.deadline = None
    session.outstanding = -1
    session.report("ota.activating", cause.reason, image_fields(session.download.image))
    session.out.append(Activate(session.download.image, cause.reason))


def activated(session: ClientSession, cause: Cause, now: int) -> None:
    """The image runs, and the device has not restarted."""
    activated_off(session, cause, now)
    session.rest(now)


def activated_off(session: ClientSession, cause: Cause, _now: int) -> None:
    """The image runs; the device is restarting."""
    session.current_version = cause.value
    session.erase()
    session.report("ota.activated", None, {"version": f"{cause.value:08X}"})


def activation_failed(session: ClientSession, cause: Cause, now: int) -> None:
    """The image does not run, and will not be tried again."""
    activation_failed_off(session, cause, now)
    session.rest(now)


def activation_failed_off(session: ClientSession, cause: Cause, _now: int) -> None:
    """The same while the device is restarting."""
    session.current_version = cause.value
    session.erase()
    fields: dict[str, Value] = {"running": f"{cause.value:08X}", "resumable": False}
    session.report("ota.failed", cause.reason or "activation-failed", fields)
