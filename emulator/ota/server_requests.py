"""What a server makes of queries and Upgrade End: from octets to a trigger of `server_table`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from emulator.core.errors import DecodeError
from emulator.core.events import Value
from emulator.ota.effects import Reply
from emulator.ota.errors import Unacceptable
from emulator.ota.policy import Activation, ServerMisdeed
from emulator.ota.server_actions import Occasion, fire
from emulator.ota.server_blocks import block_request, page_request
from emulator.ota.server_table import ServerTrigger
from emulator.ota.session import ServerMemory
from emulator.ota.shelf import ServedImage, image_key
from emulator.zigbee.clusters.ota import (
    ANY_FILE_VERSION,
    ANY_STACK_VERSION,
    IMAGE_BLOCK_REQUEST,
    IMAGE_PAGE_REQUEST,
    QUERY_NEXT_IMAGE_REQUEST,
    QUERY_NEXT_IMAGE_RESPONSE,
    QUERY_SPECIFIC_FILE_REQUEST,
    QUERY_SPECIFIC_FILE_RESPONSE,
    UPGRADE_END_REQUEST,
    QueryNextImageRequest,
    QuerySpecificFileRequest,
    decode_query_next_image_request,
    decode_query_specific_file_request,
    decode_upgrade_end_request,
)
from emulator.zigbee.frames.zcl_status import Status, status_reason


def read(memory: ServerMemory, client: int, command_id: int, payload: bytes, sequence: int, now: int) -> None:
    """Answer one request; what cannot be read is answered MALFORMED_COMMAND."""
    reader = _READERS.get(command_id)
    if reader is None:
        memory.refuse(client, command_id, Status.UNSUP_CLUSTER_COMMAND, sequence)
        raise Unacceptable("unknown-command")
    try:
        reader(memory, client, payload, sequence, now)
    except DecodeError as problem:
        memory.refuse(client, command_id, Status.MALFORMED_COMMAND, sequence)
        raise Unacceptable("undecodable", what=str(problem)) from problem


def _query(memory: ServerMemory, client: int, payload: bytes, sequence: int, now: int) -> None:
    query = decode_query_next_image_request(payload)
    if memory.rules.fires(ServerMisdeed.IGNORE_QUERY):
        raise Unacceptable("misdeed")
    rule = memory.rules.fires(ServerMisdeed.REFUSE_QUERY)
    if rule is not None:
        _no_image(memory, client, rule.value, sequence, "misdeed")
        return
    image = memory.shelf.for_query(client, query.manufacturer_code, query.image_type)
    if image is None:
        _no_image(memory, client, memory.policy.nothing_status, sequence, "nothing-for-device")
        return
    session = memory.heard(client, image, now)
    reason = _unfit(memory, client, image, query)
    if reason is None:
        fields: dict[str, Value] = {"running": f"{query.current_file_version:08X}"}
        occasion = Occasion(sequence, QUERY_NEXT_IMAGE_RESPONSE, fields=fields)
        fire(memory, session, ServerTrigger.QUERIED, occasion, now)
        return
    _no_image(memory, client, Status.NO_IMAGE_AVAILABLE, sequence, reason)
    if reason != "already-through":
        occasion = Occasion(reason=reason, status=Status.NO_IMAGE_AVAILABLE)
        fire(memory, session, ServerTrigger.UNWANTED, occasion, now)


def _unfit(memory: ServerMemory, client: int, image: ServedImage, query: QueryNextImageRequest) -> str | None:
    """Why a client that may have the image gets it not, or None."""
    policy = memory.policy
    running = query.current_file_version
    if running == image.identity.file_version and image.outcomes.get(client) == Status.SUCCESS:
        return "already-running"
    if running >= image.identity.file_version and not policy.offer_not_newer:
        return "already-running" if running == image.identity.file_version else "not-newer"
    hardware = query.hardware_version
    if policy.check_hardware and hardware is not None and not image.header.takes_hardware(hardware):
        return "wrong-hardware"
    outcome = image.outcomes.get(client)
    if outcome is None:
        return None
    # A client that went down before it activated asks again; one that cannot activate must not do so for ever.
    image.offers_again[client] = again = image.offers_again.get(client, 0) + 1
    allowed = outcome == Status.SUCCESS and again <= policy.offers_after_delivery
    return None if allowed else "already-through"


def _no_image(memory: ServerMemory, client: int, status: int, sequence: int, reason: str) -> None:
    reply = Reply(client, QUERY_NEXT_IMAGE_RESPONSE, bytes((status,)), sequence)
    memory.out.append(reply)
    memory.note("ota.server.query", reason, client, {"status": int(status)})


def _specific_query(memory: ServerMemory, client: int, payload: bytes, sequence: int, now: int) -> None:
    query = decode_query_specific_file_request(payload)
    image = next((image for image in _specific_files(memory, query) if _fits(query, image)), None)
    if image is None or query.request_node_address != client:
        status = bytes((Status.NO_IMAGE_AVAILABLE,))
        memory.out.append(Reply(client, QUERY_SPECIFIC_FILE_RESPONSE, status, sequence))
        memory.note("ota.server.query", "no-specific-file", client, {"image_type": f"{query.image_type:04x}"})
        return
    session = memory.heard(client, image, now)
    fire(memory, session, ServerTrigger.QUERIED, Occasion(sequence, QUERY_SPECIFIC_FILE_RESPONSE), now)


def _specific_files(memory: ServerMemory, query: QuerySpecificFileRequest) -> list[ServedImage]:
    return memory.shelf.for_specific_query(query.request_node_address, query.manufacturer_code, query.image_type)


def _fits(query: QuerySpecificFileRequest, image: ServedImage) -> bool:
    header = image.header
    version = query.file_version in {ANY_FILE_VERSION, header.file_version}
    return version and query.current_zigbee_stack_version in {ANY_STACK_VERSION, header.stack_version}


def _upgrade_end(memory: ServerMemory, client: int, payload: bytes, sequence: int, now: int) -> None:
    request = decode_upgrade_end_request(payload)
    if memory.rules.fires(ServerMisdeed.IGNORE_UPGRADE_END):
        raise Unacceptable("misdeed")
    key = image_key(request.manufacturer_code, request.image_type, request.file_version)
    image = memory.shelf.by_key(client, key)
    if image is None:
        status = Status.SUCCESS if request.status else Status.NOT_AUTHORIZED
        memory.refuse(client, UPGRADE_END_REQUEST, status, sequence)
        raise Unacceptable("image-gone", status=request.status, version=f"{request.file_version:08X}")
    session = memory.heard(client, image, now)
    trigger, reason = ServerTrigger.ENDED_WITHOUT, status_reason(request.status)
    if request.status == Status.SUCCESS:
        held = memory.policy.activation is Activation.WAIT and not session.released
        trigger = ServerTrigger.ENDED_AND_HELD if held else ServerTrigger.ENDED
    elif request.status == Status.REQUIRE_MORE_IMAGE:
        trigger = ServerTrigger.MORE_WANTED
    elif request.status == Status.ABORT:
        reason = "client-abort"
    fire(memory, session, trigger, Occasion(sequence, reason=reason, status=request.status), now)


_REFUSALS: Final[dict[int, str]] = {
    Status.INSUFFICIENT_SPACE: "image-too-large",
    Status.DUPLICATE_EXISTS: "not-an-upgrade",
    Status.INVALID_FIELD: "offer-refused",
}
"""What a client's Default Response to an offer means, as our own client uses them."""


def default_response(memory: ServerMemory, client: int, command_id: int, status: int, now: int) -> None:
    """A ZCL Default Response from a client to something of ours."""
    if status == Status.SUCCESS:
        return
    reason = status_reason(status)
    session = memory.sessions.get(client)
    if session is None or command_id not in {QUERY_NEXT_IMAGE_RESPONSE, QUERY_SPECIFIC_FILE_RESPONSE}:
        raise Unacceptable("unexpected", default_response=reason)
    occasion = Occasion(reason=_REFUSALS.get(status, reason), status=status)
    fire(memory, session, ServerTrigger.REFUSED, occasion, now)


_READERS: Final[dict[int, Callable[[ServerMemory, int, bytes, int, int], None]]] = {
    QUERY_NEXT_IMAGE_REQUEST: _query,
    IMAGE_BLOCK_REQUEST: block_request,
    IMAGE_PAGE_REQUEST: page_request,
    UPGRADE_END_REQUEST: _upgrade_end,
    QUERY_SPECIFIC_FILE_REQUEST: _specific_query,
}
