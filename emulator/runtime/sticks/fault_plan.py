"""What is to go wrong at virtual sticks, and the words it is asked for by.

One grammar for all of it, `[STICK/]NAME[=AMOUNT][@MOMENT[:DURATION]]`:

    lose=2             2 percent of the octets, all the time
    nak=100@30s:5s     from 30 s after the start on, for 5 s
    1/unplug@2m:10s    stick 1 alone is away for 10 s
    version=16@30s     it comes back with EZSP 16

Moments and durations are numbers with `ms`, `s` or `m`, seconds without.  `reset=30` and `error=30` are `reset@30s` and
`error@30s`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from emulator.core.clock import MILLISECOND, SECOND
from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64, parse_eui64

FAULT_OPTION: Final = "--fault"


class FaultKind(StrEnum):
    """What can go wrong; machine-readable."""

    LOSE = "lose"
    FLIP = "flip"
    DOUBLE = "double"
    DELAY = "delay"
    JITTER = "jitter"
    NAK = "nak"
    LOST_ACK = "lost-ack"
    HANG = "hang"
    FULL = "full"
    RESET = "reset"
    ERROR = "error"
    UNPLUG = "unplug"
    EUI64 = "eui64"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class StickFault:
    """One thing that goes wrong.

    Attributes:
        amount: by its kind a share (0 to 1), a time in µs, an EZSP version, or an EUI-64 (0: any other one).
        at: µs after the stick's start.
        lasts: µs; None: for good, or, where a stick is exchanged, as long as that takes.
        stick: the number of the only stick that it befalls; None: every one.
    """

    kind: FaultKind
    amount: float = 0
    at: int = 0
    lasts: int | None = None
    stick: int | None = None


@dataclass(frozen=True, slots=True)
class StickFaults:
    """Everything that goes wrong at the sticks of a bench."""

    faults: tuple[StickFault, ...] = ()

    def of(self, stick: int) -> StickFaults:
        """What befalls one stick."""
        return StickFaults(tuple(fault for fault in self.faults if fault.stick in (None, stick)))


@dataclass(frozen=True, slots=True)
class _Word:
    """How a kind is asked for.

    Attributes:
        most: the greatest amount; None: it takes none.
        unit: what the amount counts, in the words of help and errors.
        scale: what an amount is multiplied by.
        begins: whether it needs a moment.
        lasts: whether it can be over again.
    """

    most: int | None
    unit: str = ""
    scale: float = 1
    least: int = 0
    begins: bool = False
    lasts: bool = True


_OCTETS: Final = _Word(100, "percent of octets", 0.01)
_FRAMES: Final = _Word(100, "percent of frames", 0.01)
_TIME: Final = _Word(60_000, "ms", MILLISECOND)
_STATE: Final = _Word(None, begins=True)
_ONCE: Final = _Word(None, begins=True, lasts=False)
_WORDS: Final = {
    FaultKind.LOSE: _OCTETS,
    FaultKind.FLIP: _OCTETS,
    FaultKind.DOUBLE: _OCTETS,
    FaultKind.DELAY: _TIME,
    FaultKind.JITTER: _TIME,
    FaultKind.NAK: _FRAMES,
    FaultKind.LOST_ACK: _FRAMES,
    FaultKind.HANG: _STATE,
    FaultKind.FULL: _STATE,
    FaultKind.RESET: _ONCE,
    FaultKind.ERROR: _ONCE,
    FaultKind.UNPLUG: _STATE,
    FaultKind.EUI64: _STATE,
    FaultKind.VERSION: _Word(255, "EZSP version", least=4, begins=True),
}

_SHAPE: Final = re.compile(
    r"(?:(?P<stick>[^/=@]*)/)?(?P<name>[^/=@]*)(?:=(?P<amount>[^@]*))?(?:@(?P<at>[^@]*?)(?::(?P<lasts>[^:]*))?)?"
)
_TIME_TEXT: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)?")
_UNITS: Final = {"ms": MILLISECOND, "s": SECOND, "m": 60 * SECOND, None: SECOND}
_LONGEST: Final = 86_400 * SECOND
_A_TIME: Final = "0 to 86400 s, e.g. 30s, 500ms or 2m"
_LAST_STICK: Final = 63


def parse_faults(texts: Iterable[str]) -> StickFaults:
    """Read what was asked for.

    Raises:
        BadInput: what is none, with what is allowed there.
    """
    faults: list[StickFault] = []
    for text in texts:
        fault = _parsed(text)
        if any((one.kind, one.at, one.stick) == (fault.kind, fault.at, fault.stick) for one in faults):
            raise _bad(f"{text!r}: {fault.kind} is given twice for one moment", "each once, or at another moment")
        faults.append(fault)
    return StickFaults(tuple(faults))


def _parsed(text: str) -> StickFault:
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise _bad(f"{text!r} is no fault", "[STICK/]NAME[=AMOUNT][@MOMENT[:DURATION]]")
    name, amount, at, lasts = (match[part] for part in ("name", "amount", "at", "lasts"))
    if name not in set(FaultKind):
        raise _bad(f"no fault is called {name!r}", allowed_faults())
    kind = FaultKind(name)
    word = _WORDS[kind]
    if not word.lasts and at is None:
        amount, at = None, amount
    if word.begins and at is None:
        raise _bad(f"{text!r} says no moment", f"{kind}@MOMENT: {_A_TIME}")
    if lasts is not None and not word.lasts:
        raise _bad(f"{kind} cannot last {lasts!r}", f"{kind}@MOMENT: it happens once")
    return StickFault(
        kind, _amount(kind, word, amount), _time(kind, at) or 0, _time(kind, lasts), _stick(match["stick"])
    )


def _amount(kind: FaultKind, word: _Word, text: str | None) -> float:
    if kind is FaultKind.EUI64:
        return 0 if text is None else _eui64(text)
    if word.most is None:
        if text is not None:
            raise _bad(f"{kind} cannot be {text!r}", f"{kind}@MOMENT, without an amount")
        return 0
    value = _number(text or "")
    if value is None or not word.least <= value <= word.most or (kind is FaultKind.VERSION and value % 1):
        given = f"cannot be {text!r}" if text else "has no amount"
        raise _bad(f"{kind} {given}", f"{word.least} to {word.most} {word.unit}")
    return value if word.scale == 1 else value * word.scale


def _eui64(text: str) -> Eui64:
    try:
        return parse_eui64(text)
    except BadInput as error:
        raise _bad(f"eui64 cannot be {text!r}", "an EUI-64 of 16 hex digits, or none for any other one") from error


def _number(text: str) -> float | None:
    match = re.fullmatch(r"\d+(?:\.\d+)?", text, re.ASCII)
    return None if match is None else float(text)


def _time(kind: FaultKind, text: str | None) -> int | None:
    """µs; None where nothing is said."""
    if text is None:
        return None
    match = _TIME_TEXT.fullmatch(text)
    value = None if match is None else round(float(match[1]) * _UNITS[match[2]])
    if value is None or value > _LONGEST:
        raise _bad(f"{kind} cannot be at, or last, {text!r}", _A_TIME)
    return value


def _stick(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,2}", text, re.ASCII) or int(text) > _LAST_STICK:
        raise _bad(f"no stick is called {text!r}", f"0 to {_LAST_STICK}, as `serve` counts them")
    return int(text)


def allowed_faults() -> str:
    """Every name, with what it takes."""
    return ", ".join(_shown(kind, word) for kind, word in _WORDS.items())


def _shown(kind: FaultKind, word: _Word) -> str:
    amount, unit = ("", "") if word.most is None else ("=N", f" ({word.unit})")
    return f"{kind}{amount}{'@MOMENT' if word.begins else ''}{unit}"


def _bad(what: str, allowed: str) -> BadInput:
    return BadInput(what, where=FAULT_OPTION, allowed=allowed)
