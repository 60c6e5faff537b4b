"""The firmware part of a hub: one image block, the offers that wait for it, and the OTA server that hands it out.

Devices of one product share an offer; another product waits until everybody is through with it, unless it is loaded
over it on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Final, Protocol

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.standards import Standards
from emulator.devices.discovery import NO_ANSWER
from emulator.devices.endpoint import Endpoint
from emulator.devices.hub.offers import HubOffers, offer_of
from emulator.devices.hub.ota_clients import OtaClients
from emulator.devices.hub.setup import server_policy
from emulator.ota.effects import DefaultResponse, Finished, Reply, ServerEffect, Unsolicited
from emulator.ota.effects import Report as ReportEffect
from emulator.ota.queue import QueuedOffer
from emulator.ota.server import OtaServer
from emulator.ports.aps import ApsIndication, ApsPort, Outcome
from emulator.zigbee.clusters.ota import (
    QUERY_NEXT_IMAGE_REQUEST,
    ImageIdentity,
    decode_query_next_image_request,
)
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import DefaultResponse as ZclDefaultResponse
from emulator.zigbee.frames.zcl_foundation import encode_foundation

NO_IMAGE_BLOCK: Final = "hub-has-no-firmware-for-ppmids"
NO_OTA_CLUSTER: Final = "no-ota-cluster"
OVERWRITTEN: Final = "image-overwritten"
NOT_ON_THE_HAN: Final = "not-on-the-han"

Status = Callable[[Eui64, str, str | None, int], None]
"""Takes a device, `queued`, `offered`, `transferred` or `failed`, the reason, and `now`."""


class HubFirmwareUser(Protocol):
    """The hub."""

    def find_ota_client(self, short: int, now: int) -> None:
        """Find out where a device has its OTA client; `client_found` or `client_missing` tells."""

    def firmware_refusal(self, device: Eui64) -> str | None:
        """Why a device may have no firmware at all; None where it may."""

    def image_settled(self, device: Eui64, image: ImageIdentity, reason: str | None, now: int) -> None:
        """A device is through with an image; `reason` says why it does not have it."""


class HubFirmware:
    """What of a hub serves firmware.

    Args:
        user: the hub.
        port: its stack.
        endpoint: to send from.
        standards: the open questions.
        rng: the stream for chance decisions.
        utc_offset: ZCL UTCTime at `now` 0, seconds.
        status: told how it stands with an image for a device.
        report: told of everything that happens.

    Attributes:
        image_limit: octets of the largest image it loads.
        serves: whether it has an image block for bridges at all.
    """

    def __init__(
        self,
        user: HubFirmwareUser,
        port: ApsPort,
        endpoint: Endpoint,
        standards: Standards,
        rng: Random,
        utc_offset: int,
        status: Status,
        report: Report,
    ) -> None:
        self.image_limit = standards.number("limits.image_octets")
        self.serves = True
        self._user = user
        self._port = port
        self._endpoint = endpoint
        self._rng = rng
        self._utc_offset = utc_offset
        self._status = status
        self._report = report
        self._policy = server_policy(standards)
        self._on = False
        self._offers = HubOffers()
        self._clients = OtaClients(port, endpoint, standards, report)
        self._server = OtaServer(self._policy, rng, utc_offset)

    # Life

    def start(self, now: int) -> None:
        """On the network: serve what is in the block to whom it is for, and notify those who are not through."""
        self._on = True
        self._server = OtaServer(self._policy, self._rng, self._utc_offset)
        block, remaining = self._offers.block, self._offers.remaining
        if remaining is not None and (block is None or block.image != remaining.image):
            self._load(remaining, now)
        elif block is not None:
            self._carry_out(self._server.load(block.octets, now, block.targets), now)
            owed = [target for target in block.targets if self._offers.is_owed(target, block.image)]
            self._look_for(owed, block, now)

    def stop(self) -> None:
        """Off the air: sessions are lost; images, the queue and what is owed are kept."""
        self._on = False
        self._clients.stop()

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        return self._server.next_timeout() if self._on else None

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        if self._on:
            self._carry_out(self._server.on_timeout(now), now)

    # The gateway

    def deliver(self, image: bytes, targets: Sequence[Eui64], now: int) -> None:
        """Take an OTA file for devices of the HAN; its turn comes when the block is free.

        Raises:
            BadInput: it is none, over the limit, or for nobody.
        """
        offer = self._offer(image, targets, now)
        if offer is None:
            return
        first = self._offers.add(offer)
        if first is None:
            for target in offer.targets:
                self._status(Eui64(target), "queued", None, now)
        elif first.targets and self._on:
            self._load(first, now)

    def overwrite(self, image: bytes, targets: Sequence[Eui64], now: int) -> None:
        """Load an image at once: whoever was not through with the one in the block fails, `image-overwritten`.

        Raises:
            BadInput: as `deliver`.
        """
        offer = self._offer(image, targets, now)
        if offer is None:
            return
        before = self._offers.overwrite(offer)
        if self._on:
            self._load(offer, now)
        if before is not None:
            # Where there are several blocks the server still has it; a hub that is off tells when it cannot serve it.
            self._carry_out(self._server.unload(before.image, now, OVERWRITTEN), now)
            for target in before.targets:
                self._finished(target, before.image, OVERWRITTEN, now)

    def release(self, device: Eui64, now: int) -> None:
        """Tell a device that was told to wait to activate now.

        Raises:
            LocalProtocolError: it has nothing to activate.
        """
        self._carry_out(self._server.release(device, now), now)

    def device_left(self, device: Eui64, reason: str, now: int) -> None:
        """A device left the HAN for good: nothing will come of its offers."""
        for image in self._offers.owed_to(device):
            self._finished(device, image, reason, now)

    def _offer(self, image: bytes, targets: Sequence[Eui64], now: int) -> QueuedOffer | None:
        """An image for those who may have firmware, of the others it is told why; None where nobody may."""
        offer = offer_of(image, targets, self.image_limit)
        self._offers.check_name(offer)
        refused = {target: self._refusal(Eui64(target)) for target in offer.targets}
        for target, reason in refused.items():
            if reason is not None:
                self._status(Eui64(target), "failed", reason, now)
        allowed = tuple(target for target in offer.targets if refused[target] is None)
        return replace(offer, targets=allowed) if allowed else None

    def _refusal(self, device: Eui64) -> str | None:
        return self._user.firmware_refusal(device) if self.serves else NO_IMAGE_BLOCK

    # Offers

    def _load(self, offer: QueuedOffer, now: int) -> None:
        self._offers.loaded(offer)
        self._carry_out(self._server.load(offer.octets, now, offer.targets), now)
        self._look_for(offer.targets, offer, now)

    def _look_for(self, targets: Sequence[int], offer: QueuedOffer, now: int) -> None:
        """Find the OTA clients of devices, before they are notified."""
        for target in targets:
            short = self._port.short_of(Eui64(target))
            if short is None:
                self._finished(target, offer.image, NOT_ON_THE_HAN, now)
            else:
                self._user.find_ota_client(short, now)

    def client_found(self, short: int, endpoint: int, now: int) -> None:
        """A device has an OTA client: notify it."""
        self._clients.found(short, endpoint)
        device = self._port.eui64_of(short)
        if device is not None and self._offers.expects(device):
            self._status(device, "offered", None, now)
            self._carry_out(self._server.notify(device, now), now)

    def client_missing(self, short: int, reason: str, now: int) -> None:
        """A device has none: nothing will come of the offer; one that is silent may come and ask later."""
        device = self._port.eui64_of(short)
        running = self._offers.running
        if device is None or running is None:
            return
        if reason == NO_ANSWER:
            self._report("ota.server.notify", reason, {"client": eui64_text(device)}, now)
            self.client_found(short, self._clients.endpoint_of(short), now)
        elif self._offers.expects(device):
            self._finished(device, running.image, NO_OTA_CLUSTER, now)

    def _finished(self, client: int, image: ImageIdentity, reason: str | None, now: int) -> None:
        """A device is through with an image: tell the DCC side, once, and go on with the next offer."""
        if not self._offers.is_owed(client, image):
            return
        following = self._offers.finished(client, image)
        self._status(Eui64(client), "failed" if reason else "transferred", reason, now)
        self._user.image_settled(Eui64(client), image, reason, now)
        if following is not None and self._on:
            self._load(following, now)

    # What devices say

    def received(self, device: Eui64, message: ApsIndication, frame: ZclFrame, now: int) -> None:
        """A command of the OTA cluster."""
        if not self._clients.trusted(device, message, now):
            return
        self._clients.found(message.source, message.source_endpoint)
        effects = self._server.received(device, frame.command, frame.payload, frame.sequence, now)
        self._carry_out(effects, now)
        if frame.command == QUERY_NEXT_IMAGE_REQUEST:
            self._compare(device, frame.payload, now)

    def default_response(self, device: Eui64, message: ApsIndication, response: ZclDefaultResponse, now: int) -> None:
        """A device refused a command of ours, or has no other answer."""
        if self._clients.trusted(device, message, now):
            effects = self._server.default_response(device, response.to_command, response.status, now)
            self._carry_out(effects, now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> bool:
        """What became of a message; False if it was none of ours."""
        context = self._clients.sent(handle)
        if context is None:
            return False
        if outcome is not Outcome.DELIVERED:
            self._carry_out(self._server.send_failed(*context), now)
        return True

    def _compare(self, device: Eui64, query: bytes, now: int) -> None:
        """A target of the running offer that turns out to be another product will never fetch it."""
        running = self._offers.running
        if running is None or not self._offers.expects(device):
            return
        try:
            asked = decode_query_next_image_request(query)
        except DecodeError:
            return  # the server has answered that
        if asked.manufacturer_code != running.image.manufacturer_code:
            self._finished(device, running.image, "wrong-manufacturer", now)
        elif asked.image_type != running.image.image_type:
            self._finished(device, running.image, "wrong-image-type", now)

    # What the OTA server asks for

    def _carry_out(self, effects: list[ServerEffect], now: int) -> None:
        for effect in effects:
            if isinstance(effect, Reply):
                self._clients.send(effect.to, _command(effect.sequence, effect.command_id, effect.payload), now)
            elif isinstance(effect, ReportEffect):
                self._report(effect.kind, effect.reason, dict(effect.fields), now)
            elif isinstance(effect, Finished):
                self._finished(effect.client, effect.image, effect.reason, now)
            elif isinstance(effect, Unsolicited):
                sequence = self._endpoint.next_sequence()
                self._clients.send(effect.to, _command(sequence, effect.command_id, effect.payload), now)
            elif isinstance(effect, DefaultResponse):
                command, payload = encode_foundation(ZclDefaultResponse(effect.command_id, effect.status))
                self._clients.send(effect.to, ZclFrame(False, True, effect.sequence, command, payload), now)


def _command(sequence: int, command: int, payload: bytes) -> ZclFrame:
    """Nothing the server sends wants a default response, where all is well."""
    return ZclFrame(True, True, sequence, command, payload, disable_default_response=True)
