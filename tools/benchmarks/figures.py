"""A figure: what was measured in each round, beside the budget it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from statistics import median


class Bound(Enum):
    """Which side of its budget a figure is to be on."""

    AT_MOST = "<="
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Budget:
    """What a figure is to keep; `aim` is the wish beyond it."""

    limit: float
    bound: Bound = Bound.AT_MOST
    aim: float | None = None

    def kept(self, value: float) -> bool:
        """Whether `value` is within the limit."""
        return value <= self.limit if self.bound is Bound.AT_MOST else value >= self.limit


def at_most(limit: float, aim: float | None = None) -> Budget:
    """A budget that must not be passed."""
    return Budget(limit, Bound.AT_MOST, aim)


def at_least(limit: float) -> Budget:
    """A budget that must be reached."""
    return Budget(limit, Bound.AT_LEAST)


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure of one round.

    Attributes:
        name: what was measured, in words.
        unit: of the value; empty for a plain ratio.
        budget: None where there is none.
        digits: behind the point, when it is shown.
    """

    name: str
    value: float
    unit: str
    budget: Budget | None = None
    digits: int = 2


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure over all rounds."""

    suite: str
    name: str
    unit: str
    budget: Budget | None
    digits: int
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """What the budget is held against."""
        return median(self.values)

    @property
    def verdict(self) -> str:
        """`ok`, `OVER`, or nothing where there is no budget."""
        if self.budget is None:
            return ""
        return "ok" if self.budget.kept(self.median) else "OVER"

    def as_object(self) -> Mapping[str, object]:
        """For `--json`."""
        budget = self.budget
        return {
            "suite": self.suite,
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "min": min(self.values),
            "max": max(self.values),
            "values": list(self.values),
            "budget": None if budget is None else budget.limit,
            "bound": None if budget is None else budget.bound.value,
            "aim": None if budget is None else budget.aim,
            "verdict": self.verdict or None,
        }


def collect(suite: str, rounds: Iterable[Iterable[Sample]]) -> list[Figure]:
    """The samples of all rounds put together by name, in the order in which the names first came."""
    by_name: dict[str, list[Sample]] = {}
    for samples in rounds:
        for sample in samples:
            by_name.setdefault(sample.name, []).append(sample)
    return [
        Figure(suite, name, found[0].unit, found[0].budget, found[0].digits, tuple(each.value for each in found))
        for name, found in by_name.items()
    ]
