"""The seam between the DCC side and a Communications Hub, over the SM WAN: images and GBCS octets, nothing decoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from emulator.core.eui64 import Eui64


class HanGatewayUser(Protocol):
    """The DCC side, as the hub sees it."""

    def gbcs_from_device(self, device: Eui64, octets: bytes, now: int) -> None:
        """A GBCS response or alert from a device of the HAN."""

    def image_status(self, device: Eui64, status: str, reason: str | None, now: int) -> None:
        """How it stands with an image for `device`: `queued`, `offered`, `transferred` or `failed`."""


class HanGateway(Protocol):
    """A hub, as the DCC side sees it."""

    def attach_gateway_user(self, user: HanGatewayUser) -> None:
        """Whom to tell."""

    def deliver_image(self, image: bytes, targets: Sequence[Eui64], now: int) -> None:
        """An OTA file for devices of the HAN.

        Raises:
            BadInput: it is no OTA file, or over the limit, before anything is sent.
        """

    def deliver_gbcs(self, device: Eui64, octets: bytes, now: int) -> None:
        """A GBCS command for a device of the HAN."""
