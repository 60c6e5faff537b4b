"""The OTA server: holds images, and hands them out block by block to the clients they are for.

A sans-IO machine as the client is.  It obeys the client's offsets and keeps no count of its own that would decide what
is sent, so either side may restart at any block; every request is answered, one that comes while an answer is under way
too.  Sessions only record how far each client is (`server_table`).
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from struct import Struct
from typing import Final

from emulator.core.clock import zigbee_utc
from emulator.core.errors import LocalProtocolError
from emulator.core.events import Value
from emulator.ota.effects import Reply, Report, ServerEffect, Unsolicited, image_fields
from emulator.ota.errors import Unacceptable
from emulator.ota.policy import ServerPolicy
from emulator.ota.server_actions import Occasion, fire
from emulator.ota.server_requests import default_response, read
from emulator.ota.server_table import ServerTrigger
from emulator.ota.session import NOTIFY, PAGE, ServerMemory, ServerSession, SessionView
from emulator.ota.shelf import ServedImage, image_key
from emulator.zigbee.clusters.ota import (
    IMAGE_BLOCK_REQUEST,
    IMAGE_BLOCK_RESPONSE,
    IMAGE_NOTIFY,
    ImageIdentity,
    ImageNotify,
    encode_image_notify,
)
from emulator.zigbee.frames.zcl_status import Status

_PLACE: Final = Struct("<IB")
_PLACE_AT: Final = 9
_REQUEST_LENGTHS: Final = (14, 22, 16, 24)
"""Octets of a block request by the two bits of its field control."""


class OtaServer:
    """One OTA server.

    Args:
        policy: how it hands images out.
        rng: for misdeeds by chance.
        utc_offset: ZCL UTCTime at `now` 0, in seconds.
    """

    def __init__(self, policy: ServerPolicy, rng: random.Random, utc_offset: int | None = None) -> None:
        self._memory = ServerMemory(policy, rng, zigbee_utc(0) if utc_offset is None else utc_offset)
        self._cap = policy.block_octets

    # What the hub sees

    @property
    def images(self) -> tuple[ImageIdentity, ...]:
        """The images held, the oldest first; files made for one device are not among them."""
        return tuple(image.identity for image in self._memory.shelf.images)

    def sessions(self) -> tuple[SessionView, ...]:
        """How far each client is, by EUI-64."""
        return tuple(session.view() for _, session in sorted(self._memory.sessions.items()))

    def session(self, client: int) -> SessionView | None:
        """How far that client is."""
        session = self._memory.sessions.get(client)
        return session.view() if session else None

    def load(self, octets: bytes, now: int, targets: Iterable[int] | None = None) -> list[ServerEffect]:
        """Hold an image and offer it to `targets` (EUI-64), or to everybody it fits.

        Where there is no room the oldest image is overwritten; whoever was not through with it is Finished,
        `image-overwritten`. The very same image again only gains targets.

        Raises:
            ImageRefused: with its reason; nothing has changed.
        """
        memory = self._memory
        memory.out = []
        image, gone = memory.shelf.put(octets, targets, now)
        for old in gone:
            self._overwritten(old, now)
        for client in image.unfinished():
            memory.session(client, image, now)
        fields: dict[str, Value] = {**image_fields(image.identity), "overwritten": len(gone)}
        memory.out.append(Report("ota.server.loaded", None, fields))
        return memory.out

    def load_specific(self, octets: bytes, client: int, now: int) -> list[ServerEffect]:
        """Hold a file made for one client; it takes no image block.

        Raises:
            ImageRefused: `not-device-specific` where the image type is not one of those, or as `load`.
        """
        memory = self._memory
        memory.out = []
        image = memory.shelf.put_specific(octets, client, now)
        memory.note("ota.server.loaded", "device-specific", client, image_fields(image.identity))
        return memory.out

    def unload(self, image: ImageIdentity, now: int, reason: str = "image-withdrawn") -> list[ServerEffect]:
        """Hold an image no longer; whoever was not through with it is Finished with `reason`."""
        self._memory.out = []
        gone = self._memory.shelf.take_down(image_key(image.manufacturer_code, image.image_type, image.file_version))
        if gone is not None:
            self._overwritten(gone, now, reason)
        return self._memory.out

    def notify(self, client: int, now: int) -> list[ServerEffect]:
        """Send a client an Image Notify about the image that is for it, repeated while it does not ask.

        Raises:
            LocalProtocolError: nothing is for it.
        """
        memory = self._memory
        memory.out = []
        session = memory.sessions.get(client)
        if session is None:
            image = next((image for image in reversed(memory.shelf.images) if image.is_for(client)), None)
            if image is None:
                raise LocalProtocolError(f"OTA server: nothing is for {client:016x}")
            session = memory.session(client, image, now)
        session.notifies = 0
        fire(memory, session, ServerTrigger.NOTIFY, Occasion(), now)
        return memory.out

    def broadcast_notify(self, notify: ImageNotify) -> list[ServerEffect]:
        """Send an Image Notify to everybody."""
        self._memory.out = [Unsolicited(None, IMAGE_NOTIFY, encode_image_notify(notify))]
        return self._memory.out

    def release(self, client: int, now: int) -> list[ServerEffect]:
        """Tell a client that has the image to activate it now.

        Raises:
            LocalProtocolError: it does not have it.
        """
        memory = self._memory
        memory.out = []
        session = memory.sessions.get(client)
        if session is None:
            raise LocalProtocolError(f"OTA server: no session with {client:016x}")
        fire(memory, session, ServerTrigger.RELEASED, Occasion(), now)
        return memory.out

    def set_busy(self, until: int) -> None:
        """Put block and page requests off until then (µs)."""
        self._memory.busy_until = until
        self._memory.routine = False
        for session in self._memory.sessions.values():
            session.routine = False

    # What the stack delivers

    def received(self, client: int, command_id: int, payload: bytes, sequence: int, now: int) -> list[ServerEffect]:
        """A cluster command from a client.

        Args:
            client: its EUI-64.
            command_id: as in the ZCL header.
            payload: what follows the ZCL header.
            sequence: ZCL transaction sequence number; the answer carries it too.
            now: µs.
        """
        memory = self._memory
        if command_id == IMAGE_BLOCK_REQUEST:
            session = memory.sessions.get(client)
            if (
                session is not None
                and session.routine
                and payload.startswith(session.image.key, 1)
                and len(payload) == _REQUEST_LENGTHS[payload[0] & 3]
            ):
                offset, octets = _PLACE.unpack_from(payload, _PLACE_AT)
                image = session.image
                data = image.octets[offset : offset + min(octets, self._cap)]
                if data:
                    session.last_at = now
                    session.blocks += 1
                    if offset < session.offset:
                        session.repeated += 1
                    session.offset = offset + len(data)
                    body = image.head + _PLACE.pack(offset, len(data)) + data
                    return [Reply(client, IMAGE_BLOCK_RESPONSE, body, sequence)]
        memory.out = []
        try:
            read(memory, client, command_id, payload, sequence, now)
        except Unacceptable as problem:
            fields: dict[str, Value] = {"command": command_id, **problem.fields}
            memory.note("ota.server.dropped", problem.reason, client, fields)
        return memory.out

    def default_response(self, client: int, command_id: int, status: int, now: int) -> list[ServerEffect]:
        """A ZCL Default Response from a client to something of ours."""
        memory = self._memory
        memory.out = []
        try:
            default_response(memory, client, command_id, status, now)
        except Unacceptable as problem:
            memory.note("ota.server.dropped", problem.reason, client, {"command": command_id, **problem.fields})
        return memory.out

    def send_failed(self, client: int, sequence: int) -> list[ServerEffect]:
        """The stack could not deliver an answer; the client will ask again."""
        self._memory.out = []
        self._memory.note("ota.server.send-failed", "send-failed", client, {"sequence": sequence})
        return self._memory.out

    def next_timeout(self) -> int | None:
        """When `on_timeout` wants to be called (µs), or None."""
        at, sweep_at = self._memory.timers.next_timeout(), self._memory.sweep_at
        if at is None or sweep_at is None:
            return sweep_at if at is None else at
        return min(at, sweep_at)

    def on_timeout(self, now: int) -> list[ServerEffect]:
        """Timers may have fallen due: blocks of pages, notifies, silent sessions."""
        memory = self._memory
        memory.out = []
        for kind, client in memory.timers.due(now):
            session = memory.sessions.get(client)
            if session is None:
                continue
            trigger = ServerTrigger.PAGE_DUE if kind == PAGE else ServerTrigger.NOTIFY_DUE
            fire(memory, session, trigger, Occasion(reason="no-query"), now)
        if memory.sweep_at is not None and memory.sweep_at <= now:
            self._sweep(now)
        return memory.out

    # Housekeeping

    def _overwritten(self, image: ServedImage, now: int, reason: str = "image-overwritten") -> None:
        """An image is gone: tell of everybody who was not through with it."""
        memory = self._memory
        fields: dict[str, Value] = {**image_fields(image.identity)}
        memory.out.append(Report("ota.server.unloaded", reason, fields))
        sessions = {client: session for client, session in memory.sessions.items() if session.image is image}
        for client in sessions:
            memory.timers.cancel((NOTIFY, client))
            del memory.sessions[client]
        for client in image.unfinished():
            sessions.setdefault(client, ServerSession(client, image, now))
        for _, session in sorted(sessions.items()):
            fire(memory, session, ServerTrigger.TAKEN_DOWN, Occasion(reason=reason, status=Status.ABORT), now)

    def _sweep(self, now: int) -> None:
        """End sessions that have been silent, and offers that have stood, too long."""
        memory = self._memory
        policy = memory.policy
        memory.sweep_at = None
        for client, session in sorted(memory.sessions.items()):
            if now - session.image.loaded_at >= policy.offer_lifetime:
                occasion = Occasion(reason="offer-expired", status=Status.TIMEOUT)
                fire(memory, session, ServerTrigger.EXPIRED, occasion, now)
                del memory.sessions[client]
            elif now - session.last_at >= policy.session_idle:
                fire(memory, session, ServerTrigger.SILENT, Occasion(), now)
        if memory.sessions:
            memory.sweep_at = now + min(policy.session_idle, policy.offer_lifetime)
