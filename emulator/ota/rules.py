"""When a misdeed happens: the first time, the nth, every nth, for a while, always, or by chance.

A misdeed is part of what a device is, so the rules are values that a profile can hold; what they count is kept beside
them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from emulator.core.errors import BadInput

Misdeed = TypeVar("Misdeed", bound=Enum)


class ScopeKind(Enum):
    """The forms of a scope; `number` is n, or the probability in percent."""

    FIRST = "first"
    NTH = "nth"
    EVERY = "every"
    UNTIL = "until"
    FROM = "from"
    ALWAYS = "always"
    CHANCE = "chance"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which of the occasions, counted from 1, a rule is for.

    Attributes:
        number: the nth, every nth, until the nth (inclusive), from the nth on; percent for CHANCE; else unused.
    """

    kind: ScopeKind = ScopeKind.ALWAYS
    number: int = 1

    def __post_init__(self) -> None:
        if self.number < 1:
            raise BadInput(f"{self.number}", where=f"scope {self.kind.value}", allowed="1 or more")

    def covers(self, occasion: int, rng: random.Random) -> bool:
        """Whether the rule is for that occasion; only CHANCE draws from `rng`."""
        number = self.number
        return {
            ScopeKind.FIRST: occasion == 1,
            ScopeKind.NTH: occasion == number,
            ScopeKind.EVERY: occasion % number == 0,
            ScopeKind.UNTIL: occasion <= number,
            ScopeKind.FROM: occasion >= number,
            ScopeKind.ALWAYS: True,
            ScopeKind.CHANCE: self.kind is ScopeKind.CHANCE and rng.random() * 100 < number,
        }[self.kind]


@dataclass(frozen=True, slots=True)
class Rule(Generic[Misdeed]):
    """Do `misdeed` in `scope`; `value` is what it needs, e.g. a status or a number of octets."""

    misdeed: Misdeed
    scope: Scope = Scope()
    value: int = 0


class RuleBook(Generic[Misdeed]):
    """The rules of one device and how often each occasion has come so far."""

    __slots__ = ("_occasions", "_rng", "_rules")

    def __init__(self, rules: Sequence[Rule[Misdeed]], rng: random.Random) -> None:
        self._rules = tuple(rules)
        self._rng = rng
        self._occasions: Counter[Misdeed] = Counter()

    def __bool__(self) -> bool:
        return bool(self._rules)

    def fires(self, misdeed: Misdeed) -> Rule[Misdeed] | None:
        """An occasion for `misdeed` has come: the rule that applies, if one does."""
        if not self._rules:
            return None
        self._occasions[misdeed] += 1
        occasion = self._occasions[misdeed]
        for rule in self._rules:
            if rule.misdeed is misdeed and rule.scope.covers(occasion, self._rng):
                return rule
        return None
