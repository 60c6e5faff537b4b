"""The ZCL side of a device's endpoint: commands out, general commands answered, everything else handed on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Protocol

from emulator.core.errors import DecodeError
from emulator.core.events import Report
from emulator.devices.attributes import Attributes
from emulator.ports.aps import ApsIndication, ApsMessage, ApsPort
from emulator.zigbee.frames.zcl import ZclFrame, decode, encode
from emulator.zigbee.frames.zcl_foundation import (
    ConfigureReportingResponse,
    DefaultResponse,
    DiscoverAttributes,
    DiscoverAttributesResponse,
    FoundationCommand,
    ReadAttributes,
    ReadAttributesResponse,
    ReportAttributes,
    WriteAttributes,
    WriteAttributesNoResponse,
    WriteAttributesResponse,
    WriteAttributesUndivided,
    decode_foundation,
    encode_foundation,
)
from emulator.zigbee.frames.zcl_status import Status

ALL_ENDPOINTS: Final = 0xFF

_UNANSWERED: Final = frozenset(
    kind.command
    for kind in (
        ReadAttributesResponse,
        WriteAttributesResponse,
        WriteAttributesNoResponse,
        ConfigureReportingResponse,
        ReportAttributes,
        DefaultResponse,
        DiscoverAttributesResponse,
    )
)
"""General commands that are answers themselves, or want none: never answered, or two devices could go on for ever."""


class EndpointUser(Protocol):
    """The device."""

    def cluster_command(self, message: ApsIndication, frame: ZclFrame, now: int) -> bool:
        """A cluster's own command; False if nothing here takes it, DecodeError where it cannot be read."""

    def default_response(self, message: ApsIndication, frame: ZclFrame, response: DefaultResponse, now: int) -> None:
        """The answer to a command of ours that has no other, or to one that was refused."""

    def attributes_read(self, message: ApsIndication, response: ReadAttributesResponse, now: int) -> None:
        """Attributes that we asked for."""


class Endpoint:
    """One endpoint.

    Args:
        port: the stack.
        number: the endpoint.
        profile: profile identifier of all that it sends and takes.
        user: the device.
        report: told of what is dropped or refused.
    """

    def __init__(self, port: ApsPort, number: int, profile: int, user: EndpointUser, report: Report) -> None:
        self.server = Attributes()
        self.client = Attributes()
        self._port = port
        self._number = number
        self._profile = profile
        self._user = user
        self._report = report
        self._sequence = 0
        self.open_clusters: Collection[int] | None = None
        """Clusters that answer without a link key; None: all, because there is no key establishment."""

    def next_sequence(self) -> int:
        """A fresh ZCL transaction sequence number."""
        self._sequence = (self._sequence + 1) & 0xFF
        return self._sequence

    def send(
        self,
        destination: int,
        endpoint: int,
        cluster: int,
        frame: ZclFrame,
        now: int,
        *,
        acknowledge: bool = True,
        link_key: bool = False,
    ) -> int:
        """Send a ZCL frame; the handle that the stack will name."""
        return self._port.send(
            ApsMessage(
                destination, endpoint, self._number, self._profile, cluster, encode(frame), acknowledge, link_key
            ),
            now,
        )

    def reply(self, message: ApsIndication, frame: ZclFrame, now: int) -> int:
        """Send a ZCL frame to where a message came from, protected as that was."""
        return self.send(
            message.source, message.source_endpoint, message.cluster, frame, now, link_key=message.link_key
        )

    def received(self, message: ApsIndication, now: int) -> None:
        """A message for this endpoint; nothing that comes in raises."""
        if message.profile != self._profile:
            self._drop(message, "wrong-profile", {"profile": f"{message.profile:04x}"}, now)
            return
        if message.destination_endpoint not in (self._number, ALL_ENDPOINTS):
            self._drop(message, "wrong-endpoint", {"endpoint": message.destination_endpoint}, now)
            return
        if self.open_clusters is not None and not message.link_key and message.cluster not in self.open_clusters:
            self._drop(message, "no-link-key", {"cluster": f"{message.cluster:04x}"}, now)
            return
        try:
            frame = decode(message.payload)
        except DecodeError as error:
            self._drop(message, "undecodable", {"error": str(error)}, now)
            return
        try:
            if frame.cluster_specific:
                self._specific(message, frame, now)
            else:
                self._general(message, frame, now)
        except DecodeError as error:
            self._drop(message, "undecodable", {"error": str(error)}, now)
            self.refuse(message, frame, Status.MALFORMED_COMMAND, now)

    def refuse(self, message: ApsIndication, frame: ZclFrame, status: int, now: int) -> None:
        """Answer a command with a default response, unless it was not for us alone or is an answer itself."""
        if message.broadcast or (not frame.cluster_specific and frame.command in _UNANSWERED):
            return
        self._answer(message, frame, DefaultResponse(frame.command, status), now)

    def _answer(self, message: ApsIndication, frame: ZclFrame, answer: FoundationCommand, now: int) -> None:
        command, payload = encode_foundation(answer)
        direction = not frame.server_to_client
        self.reply(message, ZclFrame(False, direction, frame.sequence, command, payload, frame.manufacturer), now)

    def _specific(self, message: ApsIndication, frame: ZclFrame, now: int) -> None:
        if frame.manufacturer is not None:
            self._refuse_aloud(message, frame, "manufacturer-specific", Status.UNSUP_MANUF_CLUSTER_COMMAND, now)
        elif not self._user.cluster_command(message, frame, now):
            known = message.cluster in self.server or message.cluster in self.client
            status = Status.UNSUP_CLUSTER_COMMAND if known else Status.UNSUPPORTED_CLUSTER
            self._refuse_aloud(message, frame, "unsupported-command" if known else "unsupported-cluster", status, now)

    def _general(self, message: ApsIndication, frame: ZclFrame, now: int) -> None:
        if frame.manufacturer is not None:
            self._refuse_aloud(message, frame, "manufacturer-specific", Status.UNSUP_MANUF_GENERAL_COMMAND, now)
            return
        if frame.command not in _KNOWN:
            if frame.command not in _UNANSWERED:
                self._refuse_aloud(message, frame, "unsupported-command", Status.UNSUP_GENERAL_COMMAND, now)
            return
        command = decode_foundation(frame.command, frame.payload)
        if isinstance(command, DefaultResponse):
            self._user.default_response(message, frame, command, now)
            return
        if isinstance(command, ReadAttributesResponse):
            self._user.attributes_read(message, command, now)
            return
        side = self.client if frame.server_to_client else self.server
        if message.cluster not in side:
            self._refuse_aloud(message, frame, "unsupported-cluster", Status.UNSUPPORTED_CLUSTER, now)
        elif isinstance(command, ReadAttributes):
            self._answer(message, frame, side.read(message.cluster, command, now), now)
        elif isinstance(command, WriteAttributes | WriteAttributesUndivided):
            self._answer(message, frame, side.write(message.cluster, command), now)
        elif isinstance(command, DiscoverAttributes):
            self._answer(message, frame, side.discover(message.cluster, command), now)

    def _refuse_aloud(self, message: ApsIndication, frame: ZclFrame, reason: str, status: int, now: int) -> None:
        """The same as `refuse`, and said in the log."""
        fields: dict[str, object] = {
            "from": f"{message.source:04x}",
            "cluster": f"{message.cluster:04x}",
            "command": frame.command,
        }
        self._report("zcl.refused", reason, fields, now)
        self.refuse(message, frame, status, now)

    def _drop(self, message: ApsIndication, reason: str, fields: dict[str, object], now: int) -> None:
        self._report("zcl.dropped", reason, {"from": f"{message.source:04x}", **fields}, now)


_KNOWN: Final = frozenset(
    kind.command
    for kind in (
        ReadAttributes,
        ReadAttributesResponse,
        WriteAttributes,
        WriteAttributesUndivided,
        DiscoverAttributes,
        DefaultResponse,
    )
)
"""General commands that are looked at."""
