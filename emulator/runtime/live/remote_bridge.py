"""A bridge on another stick, or a real one, as the hub and its Access Control Broker see it."""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.core.eui64 import Eui64, eui64_text
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.runtime.outcome import Alert, VersionReading


@dataclass(slots=True, eq=False)
class RemoteBridge:
    """One device that is to join the hub's HAN.

    Attributes:
        eui64: its address.
        install_code: without its CRC.
        han_device_type: what it joins as.
        speaks_gbcs: whether its public keys are known, so that its alerts can be verified and it can be sent Commands.
        transferred: it has the whole image, and was told to activate it.
        refusal: why nothing comes of its image.
        alert: the last 0x8F8B.
        reading: the last answer to CS08.
    """

    eui64: Eui64
    install_code: bytes = field(repr=False)
    han_device_type: HanDeviceType = HanDeviceType.PPMID
    speaks_gbcs: bool = False
    transferred: bool = False
    refusal: str | None = None
    alert: Alert | None = None
    reading: VersionReading | None = None

    @property
    def name(self) -> str:
        """In messages: its address."""
        return eui64_text(self.eui64)

    @property
    def entity_id(self) -> Eui64:
        """Who it is for GBCS: a bridge has one address for both."""
        return self.eui64

    def take_alert(self, alert: Alert) -> None:
        """It raised 0x8F8B."""
        self.alert = alert

    def give_up(self, reason: str) -> None:
        """The hub says that nothing comes of its image."""
        self.refusal = reason
