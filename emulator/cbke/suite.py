"""The two crypto suites: a curve, and the sizes that follow from it.  Both hash with AES-MMO."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from emulator.cbke.curve import SECT163K1, SECT283K1, KoblitzCurve
from emulator.core.errors import DecodeError
from emulator.zigbee.clusters.key_establishment import CERTIFICATE_OCTETS, SUITE_1, SUITE_2


@dataclass(frozen=True)
class Suite:
    """One crypto suite.

    Attributes:
        number: 1 or 2.
        mask: its bit in the attribute KeyEstablishmentSuite and in messages.
        curve: what its keys are points of.
    """

    number: int
    mask: int
    curve: KoblitzCurve

    def __reduce__(self) -> tuple[object, tuple[int]]:
        # A suite that goes to another process is that process's own one.
        return suite_numbered, (self.number,)

    def __str__(self) -> str:
        return f"crypto suite {self.number} ({self.curve.name})"

    @property
    def certificate_octets(self) -> int:
        """Length of an implicit certificate."""
        return CERTIFICATE_OCTETS[self.mask]

    @property
    def private_key_octets(self) -> int:
        """Length of a private key, most significant octet first with zeros in front."""
        return self.curve.field.octets

    @cached_property
    def avf_bits(self) -> int:
        """t: half the bits of the order, rounded up; 82 or 141."""
        return -(-self.curve.order.bit_length() // 2)

    def private_key(self, octets: bytes) -> int:
        """The scalar of these octets; one of n or more counts modulo n, as in annex C.6.

        Raises:
            DecodeError: wrong length, or a multiple of n.
        """
        if len(octets) != self.private_key_octets:
            raise DecodeError(f"private key of {len(octets)} octets in {self}, not {self.private_key_octets}")
        scalar = int.from_bytes(octets, "big") % self.curve.order
        if not scalar:
            raise DecodeError("private key is 0")
        return scalar

    def private_key_octets_of(self, private_key: int) -> bytes:
        """The octets of a scalar."""
        return private_key.to_bytes(self.private_key_octets, "big")


SUITES: Final = {1: Suite(1, SUITE_1, SECT163K1), 2: Suite(2, SUITE_2, SECT283K1)}
"""By number."""


def suite_numbered(number: int) -> Suite:
    """The suite 1 or 2; DecodeError for any other."""
    suite = SUITES.get(number)
    if suite is None:
        raise DecodeError(f"no crypto suite {number}")
    return suite
