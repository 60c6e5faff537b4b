"""What a server makes of block and page requests, where they are not routine (`OtaServer.received`)."""

from __future__ import annotations

from emulator.core.clock import MILLISECOND, SECOND
from emulator.ota.effects import Reply
from emulator.ota.errors import Unacceptable
from emulator.ota.policy import ServerMisdeed
from emulator.ota.server_actions import Occasion, fire
from emulator.ota.server_table import ServerTrigger
from emulator.ota.session import ServerMemory, ServerSession
from emulator.ota.shelf import image_key
from emulator.zigbee.clusters.ota import IMAGE_BLOCK_REQUEST, IMAGE_BLOCK_RESPONSE, IMAGE_PAGE_REQUEST
from emulator.zigbee.clusters.ota_blocks import (
    BlockRefused,
    ImageBlockRequest,
    ImagePageRequest,
    WaitForData,
    decode_image_block_request,
    decode_image_page_request,
    encode_image_block_response,
)
from emulator.zigbee.frames.zcl_status import Status


def block_request(memory: ServerMemory, client: int, payload: bytes, sequence: int, now: int) -> None:
    """Image Block Request."""
    request = decode_image_block_request(payload)
    session = _serving(memory, client, request, sequence, now)
    if session is None:
        return
    if request.file_offset >= session.image.identity.image_size or not request.maximum_data_size:
        memory.refuse(client, IMAGE_BLOCK_REQUEST, Status.MALFORMED_COMMAND, sequence)
        raise Unacceptable("offset-past-end", offset=request.file_offset, octets=request.maximum_data_size)
    if _misdeed(memory, client, sequence, now) or _put_off(memory, session, request, sequence, now):
        return
    occasion = Occasion(sequence, offset=request.file_offset, octets=request.maximum_data_size)
    fire(memory, session, ServerTrigger.BLOCK_REQUESTED, occasion, now)


def page_request(memory: ServerMemory, client: int, payload: bytes, sequence: int, now: int) -> None:
    """Image Page Request."""
    request = decode_image_page_request(payload)
    if not memory.policy.page_requests:
        memory.refuse(client, IMAGE_PAGE_REQUEST, Status.UNSUP_CLUSTER_COMMAND, sequence)
        raise Unacceptable("page-request-unsupported")
    session = _serving(memory, client, request, sequence, now)
    if session is None:
        return
    past_end = request.file_offset >= session.image.identity.image_size
    if past_end or not request.maximum_data_size or request.page_size < request.maximum_data_size:
        memory.refuse(client, IMAGE_PAGE_REQUEST, Status.MALFORMED_COMMAND, sequence)
        reason = "offset-past-end" if past_end else "page-size"
        raise Unacceptable(reason, offset=request.file_offset, octets=request.page_size)
    if _misdeed(memory, client, sequence, now) or _put_off(memory, session, request, sequence, now):
        return
    fire(memory, session, ServerTrigger.PAGE_REQUESTED, Occasion(sequence, page=request), now)


def _serving(
    memory: ServerMemory, client: int, request: ImageBlockRequest | ImagePageRequest, sequence: int, now: int
) -> ServerSession | None:
    """The session that a request for data belongs to; ABORT is sent where its image is not here for that client."""
    key = image_key(request.manufacturer_code, request.image_type, request.file_version)
    image = memory.shelf.by_key(client, key)
    if image is not None:
        return memory.heard(client, image, now)
    abort = encode_image_block_response(BlockRefused(Status.ABORT))
    memory.out.append(Reply(client, IMAGE_BLOCK_RESPONSE, abort, sequence))
    memory.note("ota.server.refused", "image-gone", client, {"version": f"{request.file_version:08X}"})
    return None


def _misdeed(memory: ServerMemory, client: int, sequence: int, now: int) -> bool:
    """Do wrong instead of answering, where the rules say so."""
    if memory.rules.fires(ServerMisdeed.IGNORE_BLOCK_REQUEST):
        raise Unacceptable("misdeed")
    if memory.rules.fires(ServerMisdeed.ABORT_BLOCK):
        abort = encode_image_block_response(BlockRefused(Status.ABORT))
        memory.out.append(Reply(client, IMAGE_BLOCK_RESPONSE, abort, sequence))
        return True
    rule = memory.rules.fires(ServerMisdeed.DELAY_BLOCK)
    if rule is not None:
        _wait(memory, client, rule.value, 0, sequence, now)
    return rule is not None


def _put_off(
    memory: ServerMemory, session: ServerSession, request: ImageBlockRequest | ImagePageRequest, sequence: int, now: int
) -> bool:
    """Answer WAIT_FOR_DATA where the server is busy, or the client asks faster than it may."""
    policy = memory.policy
    period_ms = policy.min_block_period_ms
    if now < memory.busy_until:
        memory.report("ota.server.waiting", "busy", session, {"until": memory.busy_until})
        _wait(memory, session.client, -(-(memory.busy_until - now) // SECOND), period_ms, sequence, now)
        return True
    if memory.busy_until:
        memory.busy_until = 0
        memory.routine = not period_ms and not memory.rules
    known = request.minimum_block_period if isinstance(request, ImageBlockRequest) else None
    if not period_ms or (known is not None and known >= period_ms):
        return False
    if known is not None:
        memory.report("ota.server.waiting", "min-block-period", session, {"period_ms": period_ms})
        _wait(memory, session.client, 0, period_ms, sequence, now)
        return True
    if not policy.pace_in_seconds or session.last_block_at is None:
        return False
    left = session.last_block_at + period_ms * MILLISECOND - now
    if left > 0:
        _wait(memory, session.client, -(-left // SECOND), period_ms, sequence, now)
    return left > 0


def _wait(memory: ServerMemory, client: int, seconds: int, period_ms: int, sequence: int, now: int) -> None:
    current = memory.utc(now)
    payload = encode_image_block_response(WaitForData(current, current + seconds, period_ms))
    memory.out.append(Reply(client, IMAGE_BLOCK_RESPONSE, payload, sequence))
