"""What the server does: the actions of `server_table`, each with the session already in its next state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from struct import Struct
from typing import Final

from emulator.core.clock import MILLISECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.events import Value
from emulator.ota.effects import DefaultResponse, Reply, ServerEffect, Unsolicited
from emulator.ota.errors import Unacceptable
from emulator.ota.policy import Activation, ServerMisdeed
from emulator.ota.server_table import (
    LOCAL_SERVER_TRIGGERS,
    SERVER_TRANSITIONS,
    ServerAction,
    ServerState,
    ServerTrigger,
)
from emulator.ota.session import NOTIFY, PAGE, ServerMemory, ServerSession
from emulator.zigbee.clusters.ota import (
    ANY_FILE_VERSION,
    ANY_IMAGE_TYPE,
    ANY_MANUFACTURER,
    IMAGE_BLOCK_RESPONSE,
    IMAGE_NOTIFY,
    UPGRADE_END_REQUEST,
    UPGRADE_END_RESPONSE,
    WAIT_FOR_COMMAND,
    ImageNotify,
    NotifyPayload,
    QueryNextImageResponse,
    UpgradeEndResponse,
    encode_image_notify,
    encode_query_next_image_response,
    encode_upgrade_end_response,
)
from emulator.zigbee.clusters.ota_blocks import ImagePageRequest
from emulator.zigbee.frames.zcl_status import Status

_PLACE: Final = Struct("<IB")


@dataclass(frozen=True, slots=True)
class Occasion:
    """What set the trigger off, for the action.

    Attributes:
        sequence: of the request to answer.
        command_id: of that answer.
        reason: machine-readable.
        status: a ZCL status that goes with it.
        offset, octets: of the block asked for.
        page: the page asked for.
        fields: of the report.
    """

    sequence: int = 0
    command_id: int = 0
    reason: str | None = None
    status: int = Status.SUCCESS
    offset: int = 0
    octets: int = 0
    page: ImagePageRequest | None = None
    fields: dict[str, Value] = field(default_factory=dict)


def fire(memory: ServerMemory, session: ServerSession, trigger: ServerTrigger, occasion: Occasion, now: int) -> None:
    """Carry out the row of the table for what has happened.

    Raises:
        LocalProtocolError: there is no row, and it was our own doing.
        Unacceptable: there is no row, and it was the client's.
    """
    row = SERVER_TRANSITIONS[session.state].get(trigger)
    if row is None:
        text = f"{trigger.value} cannot happen while {session.state.value}"
        if trigger in LOCAL_SERVER_TRIGGERS:
            raise LocalProtocolError(f"OTA server: {text}")
        raise Unacceptable("unexpected", state=session.state.value, trigger=trigger.value)
    if session.state is ServerState.PAGING and row.next_state is not ServerState.PAGING:
        memory.timers.cancel((PAGE, session.client))
    session.state = row.next_state
    session.routine = memory.routine and row.next_state is ServerState.SENDING
    ACTIONS[row.action](memory, session, occasion, now)


def block_reply(session: ServerSession, offset: int, octets: int, sequence: int) -> Reply:
    """Image Block Response with at most `octets` octets from `offset` on."""
    image = session.image
    data = image.octets[offset : offset + octets]
    return Reply(session.client, IMAGE_BLOCK_RESPONSE, image.head + _PLACE.pack(offset, len(data)) + data, sequence)


def notify_payload(memory: ServerMemory, session: ServerSession) -> bytes:
    """Payload of an Image Notify about the session's image, of the policy's type."""
    policy, image = memory.policy, session.image.identity
    kind = policy.notify_payload
    return encode_image_notify(
        ImageNotify(
            policy.notify_jitter,
            image.manufacturer_code if kind >= NotifyPayload.MANUFACTURER else None,
            image.image_type if kind >= NotifyPayload.IMAGE_TYPE else None,
            image.file_version if kind >= NotifyPayload.FILE_VERSION else None,
        )
    )


def _ignore(_memory: ServerMemory, _session: ServerSession, _occasion: Occasion, _now: int) -> None:
    """Nothing."""


def _notify(memory: ServerMemory, session: ServerSession, occasion: Occasion, now: int) -> None:
    """Tell the client, and again if it does not ask; after that it has to come by itself."""
    policy = memory.policy
    if session.notifies > policy.notify_retries:
        memory.report("ota.server.notify", "no-query", session, {"notifies": session.notifies})
        return
    session.notifies += 1
    memory.out.append(Unsolicited(session.client, IMAGE_NOTIFY, notify_payload(memory, session)))
    memory.timers.set((NOTIFY, session.client), now + policy.notify_interval)
    memory.report("ota.server.notify", occasion.reason, session, {"notifies": session.notifies})


def _offer(memory: ServerMemory, session: ServerSession, occasion: Occasion, _now: int) -> None:
    payload = encode_query_next_image_response(QueryNextImageResponse(Status.SUCCESS, session.image.identity))
    memory.out.append(Reply(session.client, occasion.command_id, payload, occasion.sequence))
    memory.report("ota.server.offer", occasion.reason, session, occasion.fields)


def _send_block(memory: ServerMemory, session: ServerSession, occasion: Occasion, now: int) -> None:
    if session.blocks == 0:
        memory.report("ota.server.started", None, session, {"offset": occasion.offset})
    octets = min(occasion.octets, memory.policy.block_octets)
    memory.out.append(_spoilt_block(memory, session, occasion.offset, octets, occasion.sequence))
    _count_block(session, occasion.offset, octets, now)


def _count_block(session: ServerSession, offset: int, octets: int, now: int) -> None:
    session.blocks += 1
    if offset < session.offset:
        session.repeated += 1
    session.offset = min(offset + octets, len(session.image.octets))
    session.last_block_at = now


def _spoilt_block(
    memory: ServerMemory, session: ServerSession, offset: int, octets: int, sequence: int
) -> ServerEffect:
    """The block, wrong where the rules say so."""
    rules = memory.rules
    if not rules:
        return block_reply(session, offset, octets, sequence)
    rule = rules.fires(ServerMisdeed.WRONG_OFFSET)
    if rule is not None:
        offset = min(offset + rule.value, len(session.image.octets) - 1)
    rule = rules.fires(ServerMisdeed.SHORT_BLOCK)
    reply = block_reply(session, offset, min(octets, rule.value) if rule else octets, sequence)
    rule = rules.fires(ServerMisdeed.FLIP_BIT)
    if rule is None:
        return reply
    payload = bytearray(reply.payload)
    start = len(session.image.head) + _PLACE.size
    payload[start + rule.value % max(1, len(payload) - start)] ^= 1
    return Reply(reply.to, reply.command_id, bytes(payload), sequence)


def _begin_page(memory: ServerMemory, session: ServerSession, occasion: Occasion, now: int) -> None:
    page = occasion.page
    assert page is not None
    spacing_ms = max(page.response_spacing, memory.policy.page_spacing_floor_ms)
    session.page_offset = page.file_offset
    session.page_end = min(page.file_offset + page.page_size, len(session.image.octets))
    session.page_octets = min(page.maximum_data_size, memory.policy.block_octets)
    session.page_spacing = spacing_ms * MILLISECOND
    session.page_sequence = occasion.sequence
    if session.blocks == 0:
        memory.report("ota.server.started", None, session, {"offset": page.file_offset})
    _send_page_block(memory, session, occasion, now)


def _send_page_block(memory: ServerMemory, session: ServerSession, _occasion: Occasion, now: int) -> None:
    offset = session.page_offset
    octets = min(session.page_octets, session.page_end - offset)
    if memory.rules.fires(ServerMisdeed.DROP_PAGE_BLOCK) is None:
        memory.out.append(_spoilt_block(memory, session, offset, octets, session.page_sequence))
    else:
        memory.report("ota.server.dropped", "misdeed", session, {"offset": offset})
    _count_block(session, offset, octets, now)
    session.last_at = now
    session.page_offset = offset + octets
    if session.page_offset >= session.page_end:
        fire(memory, session, ServerTrigger.PAGE_OVER, Occasion(), now)
    else:
        memory.timers.set((PAGE, session.client), now + session.page_spacing)


def _deliver(memory: ServerMemory, session: ServerSession, occasion: Occasion, now: int) -> None:
    """The client has the image: say when to activate."""
    payload = _upgrade_end(memory, session, now)
    memory.out.append(Reply(session.client, UPGRADE_END_RESPONSE, payload, occasion.sequence))
    memory.report("ota.server.end", "held" if session.state is ServerState.HELD else None, session, {"status": 0})
    if session.client not in session.image.outcomes:
        memory.finish(session, Status.SUCCESS, None)


def _upgrade_end(memory: ServerMemory, session: ServerSession, now: int) -> bytes:
    policy, image = memory.policy, session.image.identity
    names = (image.manufacturer_code, image.image_type, image.file_version)
    if policy.wildcards:
        names = (ANY_MANUFACTURER, ANY_IMAGE_TYPE, ANY_FILE_VERSION)
    current = memory.utc(now)
    if session.state is ServerState.HELD:
        times = (current, WAIT_FOR_COMMAND)
    elif policy.activation is Activation.LATER and not session.released:
        times = (current, current + policy.activation_delay_s)
    else:
        times = (0, 0)
    return encode_upgrade_end_response(UpgradeEndResponse(*names, *times))


def _acknowledge_delivery(memory: ServerMemory, session: ServerSession, occasion: Occasion, _now: int) -> None:
    _acknowledge(memory, session, occasion)
    memory.finish(session, Status.SUCCESS, "more-needed")


def _acknowledge_failure(memory: ServerMemory, session: ServerSession, occasion: Occasion, _now: int) -> None:
    _acknowledge(memory, session, occasion)
    memory.finish(session, occasion.status, occasion.reason)


def _acknowledge(memory: ServerMemory, session: ServerSession, occasion: Occasion) -> None:
    response = DefaultResponse(session.client, UPGRADE_END_REQUEST, Status.SUCCESS, occasion.sequence)
    memory.out.append(response)
    memory.report("ota.server.end", occasion.reason, session, {"status": occasion.status})


def _release(memory: ServerMemory, session: ServerSession, _occasion: Occasion, now: int) -> None:
    """Tell a client that waits to activate, unasked."""
    session.released = True
    memory.out.append(Unsolicited(session.client, UPGRADE_END_RESPONSE, _upgrade_end(memory, session, now)))
    memory.report("ota.server.end", "released", session, {"status": 0})


def _lose_sight(memory: ServerMemory, session: ServerSession, _occasion: Occasion, now: int) -> None:
    memory.report("ota.server.silent", "client-silent", session, {"silent_us": now - session.last_at})


def _fail(memory: ServerMemory, session: ServerSession, occasion: Occasion, _now: int) -> None:
    memory.timers.cancel((NOTIFY, session.client))
    memory.finish(session, occasion.status, occasion.reason)


ACTIONS: Final[dict[ServerAction, Callable[[ServerMemory, ServerSession, Occasion, int], None]]] = {
    ServerAction.IGNORE: _ignore,
    ServerAction.NOTIFY: _notify,
    ServerAction.OFFER: _offer,
    ServerAction.SEND_BLOCK: _send_block,
    ServerAction.BEGIN_PAGE: _begin_page,
    ServerAction.SEND_PAGE_BLOCK: _send_page_block,
    ServerAction.DELIVER: _deliver,
    ServerAction.ACKNOWLEDGE_DELIVERY: _acknowledge_delivery,
    ServerAction.ACKNOWLEDGE_FAILURE: _acknowledge_failure,
    ServerAction.RELEASE: _release,
    ServerAction.LOSE_SIGHT: _lose_sight,
    ServerAction.FAIL: _fail,
}
