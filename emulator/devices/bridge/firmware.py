"""The firmware part of a bridge: the OTA client on its endpoint, and the check of what it fetched."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from random import Random
from typing import Protocol

from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.standards import Standards
from emulator.devices.bridge.installed_firmware import IMAGE_LOST, InstalledFirmware
from emulator.devices.endpoint import Endpoint
from emulator.devices.profile import JoinerProfile
from emulator.devices.profile_ota import client_identity, client_settings, ota_aps_acks
from emulator.gbcs.use_cases.cs09 import Result
from emulator.image.signature import Verifier, not_checked
from emulator.image.verify import ImageExpectation, inspect
from emulator.ota.behaviour import WELL_BEHAVED, ClientBehaviour
from emulator.ota.client import OtaClient
from emulator.ota.client_table import ClientState
from emulator.ota.counters import ClientCounters
from emulator.ota.effects import Activate, ClientEffect, DefaultResponse, FindServer, Send, Verify
from emulator.ota.effects import Report as ReportEffect
from emulator.ota.events import Activated, SendFailed, ServerFound, Started, Verified
from emulator.ota.events import DefaultResponseReceived as OtaDefaultResponse
from emulator.ports.aps import COORDINATOR, ApsIndication, ApsPort, Outcome
from emulator.zigbee.clusters.ota import IMAGE_NOTIFY, OTA_CLUSTER, ImageIdentity
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import DefaultResponse as ZclDefaultResponse
from emulator.zigbee.frames.zcl_foundation import encode_foundation


class FirmwareUser(Protocol):
    """The bridge."""

    def find_service(self, cluster: int, now: int) -> None:
        """Find out where the hub serves a cluster; `server_found` tells."""

    def activate(self, image: ImageIdentity, now: int) -> None:
        """Write the image in the slot into place, and come back with it."""

    def hindrance(self, now: int) -> str | None:
        """Why an image that is offered is not fetched now, machine-readable; None where it is."""


@dataclass(frozen=True, slots=True)
class FirmwareRules:
    """How a bridge goes about firmware, besides what its profile says.

    Attributes:
        standards: the open questions.
        verifier: checks the manufacturer's signature of an image.
        behaviour: what its OTA client does wrong on purpose.
    """

    standards: Standards
    verifier: Verifier = not_checked
    behaviour: ClientBehaviour = WELL_BEHAVED


class BridgeFirmware:
    """What of a bridge fetches firmware.

    Args:
        user: the bridge.
        endpoint: to send from.
        port: its stack.
        profile: what it is.
        installed: takes the image, and runs it.
        rules: how it goes about it.
        rng: the stream for its jitter.
        report: told of everything that happens to it.

    Attributes:
        client: the OTA client, while it is on the network.
    """

    def __init__(
        self,
        user: FirmwareUser,
        endpoint: Endpoint,
        port: ApsPort,
        profile: JoinerProfile,
        installed: InstalledFirmware,
        rules: FirmwareRules,
        rng: Random,
        report: Report,
    ) -> None:
        self.client: OtaClient | None = None
        self._user = user
        self._endpoint = endpoint
        self._port = port
        self._profile = profile
        self._installed = installed
        self._rules = rules
        self._rng = rng
        self._report = report
        self._settings = client_settings(profile, rules.standards)
        self._link_key = rules.standards.on("ota_aps_security")
        self._acknowledge = ota_aps_acks(profile, rules.standards)
        self._server_endpoint = 1
        self._verify_at: int | None = None
        self._deadline: int | None = None
        self._sending: dict[int, int] = {}
        self._spent = ClientCounters()

    @property
    def counters(self) -> ClientCounters:
        """What its OTA clients counted, over restarts."""
        return self._spent if self.client is None else self._spent.plus(self.client.counters)

    @property
    def block_octets(self) -> int:
        """Octets it asks for in a block."""
        return self._settings.block_octets

    def attribute(self, identifier: int) -> int:
        """An attribute of the OTA cluster's client side; 0 while there is no client."""
        return 0 if self.client is None else self.client.attributes()[identifier]

    def expectation(self) -> ImageExpectation:
        """What an image must be for this bridge to take it."""
        return ImageExpectation(
            manufacturer_code=self._profile.manufacturer,
            image_type=self._profile.image_type,
            hardware_version=self._profile.hardware_version,
            current_version=self._installed.version,
            limit=self._settings.image_limit_octets,
            eui64=self._port.eui64,
            verifier=self._rules.verifier,
        )

    # Life

    def start(self, now: int) -> None:
        """On the network."""
        if self._profile.has_ota:
            installed, rules = self._installed, self._rules
            identity = client_identity(self._profile, self._port.eui64)
            self.client = client = OtaClient(
                identity, self._settings, installed.images, self._rng, rules.behaviour, self._user.hindrance
            )
            self._carry_out(client, client.handle(Started(installed.version), now), now)

    def stop(self, _now: int) -> None:
        """Off the air: everything but flash is lost."""
        self._spent = self.counters
        self.client = None
        self._deadline = None
        self._verify_at = None
        self._sending.clear()

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        at, deadline = self._verify_at, self._deadline
        if at is None or deadline is None:
            return deadline if at is None else at
        return min(at, deadline)

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        if self._verify_at is not None and self._verify_at <= now:
            self._verify_at = None
            self._verify(now)
        client = self.client
        if client is not None and self._deadline is not None and self._deadline <= now:
            self._carry_out(client, client.on_timeout(now), now)

    # What the hub says

    def server_found(self, _cluster: int, endpoint: int, now: int) -> None:
        """The hub serves firmware."""
        self._take_server(endpoint, self._port.eui64_of(COORDINATOR) or Eui64(0), now)

    def server_missing(self, cluster: int, reason: str, now: int) -> None:
        """It does not, or did not say; the OTA client asks again by itself."""

    def _take_server(self, endpoint: int, server: Eui64, now: int) -> None:
        self._server_endpoint = endpoint
        if self.client is not None:
            event = ServerFound(COORDINATOR, endpoint, server)
            self._carry_out(self.client, self.client.handle(event, now), now)

    def received(self, message: ApsIndication, frame: ZclFrame, now: int) -> bool:
        """A command of the OTA cluster's server; False where we have no client of it."""
        client = self.client
        if client is None or not frame.server_to_client:
            return False
        if self._trusted(message, now):
            self._take_notifier_for_server(client, message, frame, now)
            effects = client.received(frame.command, frame.payload, frame.sequence, now, broadcast=message.broadcast)
            self._carry_out(client, effects, now)
        return True

    def _take_notifier_for_server(self, client: OtaClient, message: ApsIndication, frame: ZclFrame, now: int) -> None:
        """Whoever notifies us alone serves firmware, though no descriptor of its stick says so."""
        seeking = client.state is ClientState.SEEKING
        if seeking and frame.command == IMAGE_NOTIFY and not message.broadcast and message.source_eui64 is not None:
            self._take_server(message.source_endpoint, message.source_eui64, now)

    def default_response(self, message: ApsIndication, frame: ZclFrame, response: ZclDefaultResponse, now: int) -> None:
        """The hub refused a command of ours, or has no other answer."""
        client = self.client
        if client is not None and frame.server_to_client and self._trusted(message, now):
            event = OtaDefaultResponse(response.to_command, response.status)
            self._carry_out(client, client.handle(event, now), now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> bool:
        """What became of a message; False if it was none of ours."""
        sequence = self._sending.pop(handle, None)
        if sequence is None:
            return False
        if outcome is not Outcome.DELIVERED and self.client is not None:
            self._carry_out(self.client, self.client.handle(SendFailed(sequence), now), now)
        return True

    def _trusted(self, message: ApsIndication, now: int) -> bool:
        """Only the hub is listened to, and only under the link key where that is asked for."""
        if message.source != COORDINATOR:
            reason = "not-the-hub"
        elif self._link_key and not message.link_key and not message.broadcast:
            reason = "unprotected"
        else:
            return True
        self._report("ota.dropped", reason, {"from": f"{message.source:04x}"}, now)
        return False

    # What the OTA client asks for

    def _carry_out(self, client: OtaClient, effects: list[ClientEffect], now: int) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                frame = ZclFrame(True, False, effect.sequence, effect.command_id, effect.payload)
                self._sending[self._send(frame, now)] = effect.sequence
            elif isinstance(effect, ReportEffect):
                self._report(effect.kind, effect.reason, dict(effect.fields), now)
            elif isinstance(effect, Verify):
                self._verify_at = now + self._profile.verify_time
            elif isinstance(effect, Activate):
                self._user.activate(effect.image, now)
            elif isinstance(effect, FindServer):
                self._user.find_service(OTA_CLUSTER, now)
            elif isinstance(effect, DefaultResponse):
                command, payload = encode_foundation(ZclDefaultResponse(effect.command_id, effect.status))
                self._send(ZclFrame(False, False, effect.sequence, command, payload), now)
        self._deadline = client.next_timeout()

    def _send(self, frame: ZclFrame, now: int) -> int:
        return self._endpoint.send(
            COORDINATOR, self._server_endpoint, OTA_CLUSTER, frame, now,
            acknowledge=self._acknowledge, link_key=self._link_key,
        )  # fmt: skip

    def _verify(self, now: int) -> None:
        """Look at what was received, as a whole."""
        client = self.client
        if client is None:
            return
        octets = self._installed.images.octets()
        received: dict[str, object] = {"octets": len(octets), "sha256": hashlib.sha256(octets).hexdigest()}
        self._report("bridge.image-received", None, received, now)
        findings = inspect(octets, self.expectation())
        for finding in findings:
            self._report("bridge.image-refused", finding.reason, {"text": finding.text}, now)
        verdict = Verified(False, findings[0].reason) if findings else Verified(True)
        self._carry_out(client, client.handle(verdict, now), now)

    # What becomes of an image

    def written(self, now: int) -> None:
        """The time that writing takes is over: the new image runs, or the old one still does."""
        over = self._installed.switch_over(now)
        if self.client is not None and over is not None:
            done = over.result is Result.SUCCESS
            verdict = Activated(done, over.running, None if done else IMAGE_LOST)
            self._carry_out(self.client, self.client.handle(verdict, now), now)
