"""What a device that joined does with the clusters of the hub: each part of it is a client of some of them."""

from __future__ import annotations

from typing import Protocol

from emulator.ports.aps import ApsIndication
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import DefaultResponse


class ClusterClient(Protocol):
    """Uses clusters of the hub, and is told what happens in those alone."""

    def server_found(self, cluster: int, endpoint: int, now: int) -> None:
        """The hub serves a cluster there."""

    def server_missing(self, cluster: int, reason: str, now: int) -> None:
        """It does not (`not-served`), or did not say (`no-answer`): to be looked for again later."""

    def received(self, message: ApsIndication, frame: ZclFrame, now: int) -> bool:
        """A cluster's own command; False where it is not for us, DecodeError where it cannot be read."""

    def default_response(self, message: ApsIndication, frame: ZclFrame, response: DefaultResponse, now: int) -> None:
        """A ZCL Default Response: `frame` is what carried it."""


class Part(ClusterClient, Protocol):
    """The same of what is at work only while there is a link key with the hub."""

    def start(self, now: int) -> None:
        """Begin: find the clusters, and use them."""

    def stop(self, now: int) -> None:
        """Off the network, or without power; it may be stopped already."""
