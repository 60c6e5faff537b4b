"""How a client misbehaves on purpose; without rules it is well-behaved.

The list is the union of what test objects offer and products were seen to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from emulator.ota.rules import Rule


class ClientMisdeed(Enum):
    """What a client can do wrong; the occasion that its scope counts, and what `value` means."""

    IGNORE_NOTIFY = "ignore-notify"
    """Each Image Notify."""
    IGNORE_OFFER = "ignore-offer"
    """Each offer that it would take: go back to sleep."""
    IGNORE_BLOCK = "ignore-block"
    """Each block response: behave as if it had not come."""
    MISALIGNED_OFFSET = "misaligned-offset"
    """Each block request: ask `value` octets further on."""
    REPEAT_BLOCK = "repeat-block"
    """Each block stored: ask for it once more."""
    QUIET = "quiet"
    """Each block stored: say nothing for `value` ms."""
    STOP_ASKING = "stop-asking"
    """Each block stored: never ask again until restarted."""
    ABORT = "abort"
    """Each block stored: send Upgrade End with ABORT."""
    DEFAULT_RESPONSE = "default-response"
    """Each block stored: send a Default Response with status `value` as well."""
    RESTART_FROM_ZERO = "restart-from-zero"
    """Each repetition of a block request: forget everything received so far."""
    UPGRADE_END_EARLY = "upgrade-end-early"
    """Each block stored: send Upgrade End with SUCCESS although the image is not complete."""
    UPGRADE_END_STATUS = "upgrade-end-status"
    """Each Upgrade End: send status `value` instead."""
    NO_UPGRADE_END = "no-upgrade-end"
    """Each Upgrade End: do not send it, and wait."""


AT_A_BLOCK = (
    ClientMisdeed.DEFAULT_RESPONSE,
    ClientMisdeed.STOP_ASKING,
    ClientMisdeed.ABORT,
    ClientMisdeed.UPGRADE_END_EARLY,
    ClientMisdeed.QUIET,
    ClientMisdeed.REPEAT_BLOCK,
)
"""Misdeeds whose occasion is a block stored, in the order they are looked at."""


@dataclass(frozen=True, slots=True)
class ClientBehaviour:
    """The rules of one client."""

    rules: tuple[Rule[ClientMisdeed], ...] = ()


WELL_BEHAVED = ClientBehaviour()
