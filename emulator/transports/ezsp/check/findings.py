"""What comes of a point: proven, refused or not tried, once for each stick that took the first part in it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from emulator.core.errors import EmulatorError
from emulator.transports.ezsp.assumptions import Assumption


class Verdict(Enum):
    """How it stands with an assumption; the later, the less it may be relied on."""

    PROVEN = "proven"
    NOT_TRIED = "not-tried"
    REFUSED = "refused"


class Otherwise(EmulatorError):
    """The sticks did something else than what is taken for granted; the text says what was seen."""


class NotTried(EmulatorError):
    """It could not be tried, or not to its end; the text says why."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One go at a point.

    Attributes:
        hub: name of the stick that was the hub, or that was alone.
        seen: what was seen, statuses by name; why, where it was not tried.
    """

    hub: str
    verdict: Verdict
    seen: str


@dataclass(frozen=True, slots=True)
class Finding:
    """All that is known of one assumption after the check."""

    assumption: Assumption
    trials: tuple[Trial, ...]

    @property
    def verdict(self) -> Verdict:
        """The least favourable one; not tried where there was no trial."""
        verdicts = {trial.verdict for trial in self.trials}
        return next((each for each in reversed(Verdict) if each in verdicts), Verdict.NOT_TRIED)

    def to_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "name": self.assumption.name,
            "assumed": self.assumption.text,
            "place": self.assumption.place,
            "result": self.verdict.value,
            "trials": [{"hub": trial.hub, "result": trial.verdict.value, "seen": trial.seen} for trial in self.trials],
        }
