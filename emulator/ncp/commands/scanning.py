"""What a scan finds, as callbacks."""

from __future__ import annotations

from emulator.ncp.chip import Chip
from emulator.ncp.ezsp.status import Status
from emulator.zigbee.node.scanning import NetworkFound


class ScanCallbacks:
    """A `ScanUser` that tells the host."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip

    def network_found(self, network: NetworkFound, now: int) -> None:
        """`networkFoundHandler`."""
        found = {
            "channel": network.channel,
            "panId": network.pan_id,
            "extendedPanId": int(network.extended_pan_id),
            "allowingJoin": network.permits_joining,
            "stackProfile": network.stack_profile,
            "nwkUpdateId": network.update_id,
        }
        values = {"networkFound": found, "lastHopLqi": network.lqi, "lastHopRssi": network.rssi}
        self._chip.callback("networkFoundHandler", values, now)

    def energy_found(self, channel: int, rssi: int, now: int) -> None:
        """`energyScanResultHandler`."""
        self._chip.callback("energyScanResultHandler", {"channel": channel, "maxRssiValue": rssi}, now)

    def scan_done(self, now: int) -> None:
        """`scanCompleteHandler`."""
        self._chip.callback("scanCompleteHandler", {"channel": 0xFF, "status": Status.SUCCESS}, now)
