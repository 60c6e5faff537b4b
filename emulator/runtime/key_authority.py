"""The certificate authority of a run: gives every device what it establishes keys with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property

from emulator.cbke.authority import CertificateAuthority
from emulator.cbke.credentials import Credentials
from emulator.cbke.settings import checked_epoch
from emulator.cbke.suite import SUITES
from emulator.core.clock import VIRTUAL_EPOCH
from emulator.core.eui64 import Eui64
from emulator.core.rng import Streams
from emulator.core.standards import Standards
from emulator.devices.joining.credentials import own_credentials
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans, open_clusters
from emulator.devices.profile import DeviceProfile
from emulator.ports.schedule import Scheduler
from emulator.runtime.computing import InlineComputer
from emulator.runtime.driver import DeviceDriver


class KeyAuthority:
    """A test CA under the seed of the run, made when it is first needed.

    Args:
        scheduler: the engine.
        streams: where its keys come from.
        standards: the open questions.
        epoch: the date at which the run begins, UTC; its certificates are valid by then.
    """

    def __init__(self, scheduler: Scheduler, streams: Streams, standards: Standards, epoch: datetime) -> None:
        self._open_clusters = open_clusters(standards)
        self._epoch = checked_epoch(standards, epoch)
        # Where that is past, so that a device has the same certificate whenever `althan serve` is called.
        self._valid_from = min(epoch, VIRTUAL_EPOCH)
        self._scheduler = scheduler
        self._streams = streams
        self._computers: dict[Eui64, InlineComputer] = {}

    @cached_property
    def _authorities(self) -> Mapping[int, CertificateAuthority]:
        return {number: CertificateAuthority.generate(suite, self._streams) for number, suite in SUITES.items()}

    def means(self, eui64: Eui64, profile: DeviceProfile) -> KeyEstablishmentMeans:
        """What a device has: the credentials that its profile names, or certificates of this CA, one a suite.

        Raises:
            BadCredentials: what the profile names cannot be used, or is not valid when the run begins.
        """
        own, table = own_credentials(profile, self._epoch), profile.cbke
        computer = self._computers[eui64] = InlineComputer(self._scheduler)
        return KeyEstablishmentMeans(
            (own,) if own else self._issued(eui64, table.suites),
            computer,
            self._open_clusters,
            table.ephemeral_seconds,
            table.confirm_seconds,
            self._epoch,
        )

    def _issued(self, eui64: Eui64, suites: Iterable[int]) -> tuple[Credentials, ...]:
        authorities, since = self._authorities, self._valid_from
        return tuple(authorities[number].issue(eui64, self._streams, since) for number in suites)

    def driven(self, eui64: Eui64, driver: DeviceDriver) -> None:
        """The device has its driver, which looks for the next deadline after each result."""
        computer = self._computers.get(eui64)
        if computer is not None:
            computer.armed = driver.arm
