"""A light device that has a stack of straw; `now` moves only when a test says so."""

from __future__ import annotations

import random
from collections.abc import Callable

from emulator.core.standards import Standards
from emulator.devices.joining.life import Life
from emulator.devices.light.model import LightDevice
from emulator.devices.profile import LightProfile
from emulator.devices.profile_loading import load_light
from emulator.ports.aps import NetworkDown, Outcome
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zdo import MatchDescReq, MatchDescRsp, decode_zdo, encode_zdo
from tests.devices.fake_port import DEVICE, SHORT, UP, FakePort, Reports, indication


class LoneLight:
    """One device, the hub behind it played by the test."""

    def __init__(self, profile: str | LightProfile = "ihd") -> None:
        self.port = FakePort(DEVICE)
        self.reports = Reports()
        self.now = 0
        known = load_light(profile) if isinstance(profile, str) else profile
        self.device = LightDevice(self.port, known, bytes(16), Standards(), random.Random(1), self.reports)

    def joining(self) -> LoneLight:
        """Booted, and told by its stack that it knows no network."""
        self.device.power_on(self.now)
        self.pass_time(lambda: self.device.life is Life.JOINING)
        self.device.network(NetworkDown("not-joined"), self.now)
        return self

    def up(self) -> LoneLight:
        """On the network."""
        self.joining().device.network(UP, self.now)
        assert self.device.life is Life.RUNNING
        return self

    def pass_time(self, until: Callable[[], bool], steps: int = 200) -> None:
        for _ in range(steps):
            if until():
                return
            at = self.device.next_timeout()
            assert at is not None
            self.now = max(at, self.now)
            self.device.on_timeout(self.now)
        raise AssertionError("it never came to that")

    def pass_span(self, span: int) -> None:
        """Let so many µs pass."""
        end = self.now + span
        while (at := self.device.next_timeout()) is not None and at <= end:
            self.now = max(at, self.now)
            self.device.on_timeout(self.now)
        self.now = end

    def take(self, cluster: int, frame: ZclFrame | bytes, **changes: object) -> None:
        self.device.received(indication(cluster, frame, **changes), self.now)

    def confirm(self, outcome: Outcome = Outcome.DELIVERED) -> None:
        """Say of the last message what became of it."""
        self.device.sent(len(self.port.sent), outcome, self.now)

    def searched(self) -> list[int]:
        """The clusters that it looked for."""
        found = [decode_zdo(one.cluster, one.payload)[1] for one in self.port.sent if one.destination_endpoint == 0]
        return [cluster for each in found if isinstance(each, MatchDescReq) for cluster in each.in_clusters]

    def answer_searches(self, endpoint: int | None = 2) -> None:
        """The hub has every cluster that was looked for so far on that endpoint, or on none."""
        for one in [one for one in self.port.sent if one.destination_endpoint == 0]:
            sequence, request = decode_zdo(one.cluster, one.payload)
            if isinstance(request, MatchDescReq):
                response = MatchDescRsp(0, 0, () if endpoint is None else (endpoint,))
                _, payload = encode_zdo(sequence, response)
                zdo = {"source_endpoint": 0, "destination_endpoint": 0, "profile": 0, "link_key": False}
                self.take(MatchDescRsp.cluster, payload, **zdo)


__all__ = ["SHORT", "LoneLight"]
