"""NWK commands as they arrive: each goes to whoever deals with its kind."""

from __future__ import annotations

from emulator.core.errors import DecodeError
from emulator.core.events import Report
from emulator.zigbee.frames.nwk_commands import (
    EndDeviceTimeoutRequest,
    Leave,
    LinkStatus,
    NetworkStatus,
    NwkCommand,
    RejoinRequest,
    RejoinResponse,
    RouteReply,
    RouteRequest,
    decode_command,
)
from emulator.zigbee.node.departures import Departures
from emulator.zigbee.node.discovery import RouteFinder
from emulator.zigbee.node.family import Family
from emulator.zigbee.node.headers import NwkHeader
from emulator.zigbee.node.nwk import Heard
from emulator.zigbee.node.rejoining import Rejoiner


class NwkCommands:
    """The commands of one node.

    Args:
        departures: leave.
        finder, family: a router's and the coordinator's, None for a sleepy device.
        rejoiner: a device's, None for the coordinator.
        report: told of what is dropped.
    """

    def __init__(
        self,
        departures: Departures,
        finder: RouteFinder | None,
        family: Family | None,
        rejoiner: Rejoiner | None,
        report: Report,
    ) -> None:
        self._departures = departures
        self._finder = finder
        self._family = family
        self._rejoiner = rejoiner
        self._report = report

    def received(self, header: NwkHeader, payload: bytes, heard: Heard, now: int) -> None:
        """A command under the network key; a kind that this node has no use for is nothing to it."""
        command = self._decode(payload, now)
        if isinstance(command, Leave):
            self._departures.received(command, header, heard, now)
        elif isinstance(command, RejoinResponse):
            if self._rejoiner is not None:
                self._rejoiner.response(command, header.source, now, secured=True)
        elif self._family is not None and isinstance(command, RejoinRequest):
            self._family.readmission.secured(command, header, heard, now)
        elif self._family is not None and isinstance(command, EndDeviceTimeoutRequest):
            self._family.children.timeout_requested(command, header.source, now)
        elif self._finder is not None and command is not None:
            self._route(self._finder, command, header, heard, now)

    def _route(self, finder: RouteFinder, command: NwkCommand, header: NwkHeader, heard: Heard, now: int) -> None:
        if isinstance(command, LinkStatus):
            finder.link_status(header, command, heard.lqi, now)
        elif isinstance(command, RouteRequest):
            finder.request(header, command, heard.previous_hop, heard.lqi, now)
        elif isinstance(command, RouteReply):
            finder.reply(command, heard.previous_hop, heard.lqi, now)
        elif isinstance(command, NetworkStatus):
            finder.status(command)

    def received_plain(self, header: NwkHeader, payload: bytes, previous_hop: int, now: int) -> None:
        """A command without protection: only coming back without the network key goes like that."""
        command = self._decode(payload, now)
        if self._family is not None and isinstance(command, RejoinRequest):
            self._family.readmission.unsecured(command, header, previous_hop, now)
        elif self._rejoiner is not None and isinstance(command, RejoinResponse):
            self._rejoiner.response(command, header.source, now, secured=False)
        elif command is not None:
            self._report("nwk.dropped", "unsecured", {"from": f"{header.source:04x}"}, now)

    def _decode(self, payload: bytes, now: int) -> NwkCommand | None:
        try:
            return decode_command(payload)
        except DecodeError as error:
            self._report("nwk.dropped", "undecodable", {"error": str(error)}, now)
            return None
