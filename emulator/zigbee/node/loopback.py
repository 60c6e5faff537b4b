"""What a node sends to itself: it does not go on the air, and comes once the call that sent it is over."""

from __future__ import annotations

from emulator.core.eui64 import Eui64
from emulator.ports.aps import ApsIndication, ApsMessage
from emulator.zigbee.node.news import News

_NO_RSSI, _BEST_LQI = 0, 255


class Loopback:
    """The way of a node to itself.

    Args:
        eui64: its address.
        news: brings the messages, with whatever else is to come later.
    """

    def __init__(self, eui64: Eui64, news: News) -> None:
        self._eui64 = eui64
        self._news = news

    def send(self, message: ApsMessage, now: int) -> None:
        """A message for this very node."""
        indication = ApsIndication(
            message.destination, self._eui64, message.source_endpoint, message.destination_endpoint, message.profile,
            message.cluster, message.payload, message.link_key, False, _NO_RSSI, _BEST_LQI, fragment=message.fragment,
        )  # fmt: skip
        self._news.later(indication, now)
