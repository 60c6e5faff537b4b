"""How the two machines go about it; the defaults are what devices in the field do, where they differ the kinder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from emulator.core.clock import MINUTE, SECOND, date_at
from emulator.core.standards import Standards

REPEATED_INITIATE: Final = "cbke_repeated_initiate"
"""The switch that `ResponderSettings.restart` comes from."""
TIME_CHECKS: Final = "cbke.time_checks"
"""The switch whether a certificate counts only between its dates."""


@dataclass(frozen=True, slots=True)
class ExchangeSettings:
    """What both sides have.  Times are µs unless the name says seconds.

    Attributes:
        ephemeral_seconds: advertised for our ephemeral data, 0 to 254; implementations say 10 to 22.
        confirm_seconds: advertised for our key confirmation, 0 to 254; 15 to 32.
        allowance: for the way there and back, on top of what the partner advertises; at least 2 s.
        memory: for how long repetitions of the last message are passed over after the end.
        epoch: the date of `now` = 0, at which the partner's certificate must be valid; None: its dates are not looked
            at.
    """

    ephemeral_seconds: int = 10
    confirm_seconds: int = 15
    allowance: int = 10 * SECOND
    memory: int = 5 * SECOND
    epoch: datetime | None = None

    def date(self, now: int) -> datetime | None:
        """The date at which the partner's certificate must be valid, UTC; None: any."""
        return None if self.epoch is None else date_at(now, self.epoch)


@dataclass(frozen=True, slots=True)
class InitiatorSettings(ExchangeSettings):
    """An initiator's.

    Attributes:
        read_suites: ask for the partner's suites first; not done over Inter-PAN.
        response_wait: for its suites and for the Initiate Response; at least 2 s.
        tries: in a row, before a pause; at most 10.
        pause: after those, at least 15 minutes.
        retry_delay: before the second try, doubled with each; an assumption, as are the next two.
        retry_delay_limit: the longest of these.
        retry_jitter: up to so much more, so that devices started together do not meet again.
    """

    read_suites: bool = True
    response_wait: int = 10 * SECOND
    tries: int = 10
    pause: int = 15 * MINUTE
    retry_delay: int = 5 * SECOND
    retry_delay_limit: int = 60 * SECOND
    retry_jitter: int = 2 * SECOND


@dataclass(frozen=True, slots=True)
class ResponderSettings(ExchangeSettings):
    """A responder's.

    Attributes:
        busy_seconds: wait time told to whoever comes while another exchange is under way, 0 to 254; 20 to 30.
        settling: how long the old key is kept while nothing shows that the partner has the new one; an assumption.
        restart: begin anew where a partner does so in the midst of an exchange; else that is out of order.
    """

    busy_seconds: int = 30
    settling: int = 20 * SECOND
    restart: bool = True

    @classmethod
    def of(cls, standards: Standards) -> ResponderSettings:
        """The defaults, with what the standards leave open as the switches say."""
        return cls(restart=standards.word(REPEATED_INITIATE) == "restart")


def checked_epoch(standards: Standards, epoch: datetime) -> datetime | None:
    """`ExchangeSettings.epoch` in a run that begins at that date, as the switch says."""
    return epoch if standards.on(TIME_CHECKS) else None
