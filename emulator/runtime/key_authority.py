"""Gives every device of a run what it establishes keys with; in virtual time, certificates of a CA of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
from emulator.runtime.computing import DrivenComputer
from emulator.runtime.driver import DeviceDriver

Issue = Callable[[Eui64, Iterable[int]], tuple[Credentials, ...]]
"""Gives a device its credentials in these suites, or in some of them."""


class SeededIssue:
    """A test CA in each suite under the seed of the run, made when first needed.

    Args:
        streams: where its keys come from.
        epoch: the date at which the run begins, UTC; its certificates are valid by then.
    """

    def __init__(self, streams: Streams, epoch: datetime) -> None:
        # Where that is past, so that a device has the same certificate whenever `althan serve` is called.
        self._valid_from = min(epoch, VIRTUAL_EPOCH)
        self._streams = streams

    def __call__(self, eui64: Eui64, suites: Iterable[int]) -> tuple[Credentials, ...]:
        authorities, since = self._authorities, self._valid_from
        return tuple(authorities[number].issue(eui64, self._streams, since) for number in suites)

    @cached_property
    def _authorities(self) -> Mapping[int, CertificateAuthority]:
        return {number: CertificateAuthority.generate(suite, self._streams) for number, suite in SUITES.items()}


class KeyAuthority:
    """Gives every device of a run what it establishes keys with.

    Args:
        issue: where certificates come from.
        computer: makes who does a device's arithmetic.
        standards: the open questions.
        epoch: the date at which the run begins, UTC.
    """

    def __init__(
        self, issue: Issue, computer: Callable[[], DrivenComputer], standards: Standards, epoch: datetime
    ) -> None:
        self._open_clusters = open_clusters(standards)
        self._epoch = checked_epoch(standards, epoch)
        self._issue = issue
        self._computer = computer
        self._computers: dict[Eui64, DrivenComputer] = {}

    def means(self, eui64: Eui64, profile: DeviceProfile) -> KeyEstablishmentMeans:
        """What a device has: the credentials that its profile names, or those that it is given, one a suite.

        Raises:
            BadCredentials: what the profile names cannot be used, or is not valid when the run begins.
        """
        own, table = own_credentials(profile, self._epoch), profile.cbke
        computer = self._computers[eui64] = self._computer()
        return KeyEstablishmentMeans(
            (own,) if own else self._issue(eui64, table.suites),
            computer,
            self._open_clusters,
            table.ephemeral_seconds,
            table.confirm_seconds,
            self._epoch,
        )

    def driven(self, eui64: Eui64, driver: DeviceDriver) -> None:
        """The device has its driver, which looks for the next deadline after each result."""
        computer = self._computers.get(eui64)
        if computer is not None:
            computer.armed = driver.arm
