"""Scalars in powers of the Frobenius endomorphism τ, which costs two squarings where a doubling costs ten operations.

On a Koblitz curve τ(x, y) = (x², y²) satisfies τ² = μτ - 2, μ = -1 for a = 0 and 1 for a = 1.  A scalar becomes an
element r0 + r1·τ of Z[τ], and that a sum of powers of τ with coefficients -1, 0 and 1, no two neighbours of which are
both non-zero (Solinas, "Efficient arithmetic on Koblitz curves", 2000).
"""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.errors import LocalProtocolError


@dataclass(frozen=True, slots=True)
class TauAdic:
    """The ring Z[τ] of one curve.

    Attributes:
        mu: 1 or -1.
        order: of the subgroup in which scalars may be reduced.
        one0, one1: (τ^m - 1) / (τ - 1) as one0 + one1·τ: multiplies every point of that subgroup to infinity.
    """

    mu: int
    order: int
    one0: int
    one1: int

    @classmethod
    def of(cls, degree: int, a: int, order: int) -> TauAdic:
        """That of the curve y² + xy = x³ + ax² + 1 over GF(2^degree).

        Raises:
            LocalProtocolError: `order` is not what the curve has.
        """
        mu = 1 if a else -1
        power0, power1, sum0, sum1 = 1, 0, 0, 0
        for _ in range(degree):
            sum0, sum1 = sum0 + power0, sum1 + power1
            power0, power1 = -2 * power1, power0 + mu * power1
        if sum0 * sum0 + mu * sum0 * sum1 + 2 * sum1 * sum1 != order:
            raise LocalProtocolError("order of the curve")
        return cls(mu, order, sum0, sum1)

    def reduced(self, scalar: int) -> tuple[int, int]:
        """A short r0 + r1·τ that multiplies the points of the subgroup as `scalar` does."""
        # scalar / (one0 + one1·τ), the conjugate of τ being μ - τ, rounded to whole numbers.
        quotient0 = _rounded(scalar * (self.one0 + self.mu * self.one1), self.order)
        quotient1 = _rounded(-scalar * self.one1, self.order)
        return (
            scalar - quotient0 * self.one0 + 2 * quotient1 * self.one1,
            -quotient0 * self.one1 - quotient1 * self.one0 - self.mu * quotient1 * self.one1,
        )

    def digits(self, r0: int, r1: int) -> list[int]:
        """The coefficients of r0 + r1·τ, that of τ^0 first: -1, 0 or 1."""
        digits = []
        while r0 or r1:
            digit = 2 - (r0 - 2 * r1) % 4 if r0 & 1 else 0
            half = (r0 - digit) // 2
            r0, r1 = r1 + self.mu * half, -half
            digits.append(digit)
        return digits


def _rounded(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)
