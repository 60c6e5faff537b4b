"""Arithmetic in GF(2^m), elements as integers: bit i is the coefficient of x^i.

Addition is `^`.  Python's integers are not constant-time, so keys leak through timing: fine for an emulator, and the
reason not to use this in a product.
"""

from __future__ import annotations


class BinaryField:
    """The field modulo x^m + x^k3 + x^k2 + x^k1 + 1, m odd.

    Args:
        degree: m.
        terms: the exponents between m and 0, the largest first; all below half of m.
    """

    __slots__ = ("_mask", "_modulus", "_terms", "_trace_mask", "degree", "octets")

    def __init__(self, degree: int, terms: tuple[int, int, int]) -> None:
        self.degree = degree
        self.octets = (degree + 7) // 8
        self._terms = terms
        self._mask = (1 << degree) - 1
        self._modulus = 1 << degree | 1 | sum(1 << term for term in terms)
        self._trace_mask = _trace_mask(degree, {degree - term for term in terms})

    def __contains__(self, element: int) -> bool:
        return 0 <= element <= self._mask

    def _reduce(self, product: int) -> int:
        """The remainder of a product: x^m is the sum of the other terms, twice over."""
        degree, mask = self.degree, self._mask
        third, second, first = self._terms
        high = product >> degree
        product = product & mask ^ high ^ high << first ^ high << second ^ high << third
        high = product >> degree
        return product & mask ^ high ^ high << first ^ high << second ^ high << third

    def multiply(self, left: int, right: int) -> int:
        """The product, four bits of `left` at a time."""
        r2, r4, r8 = right << 1, right << 2, right << 3
        r3, r6, r12 = right ^ r2, r2 ^ r4, r4 ^ r8
        r10, r14 = r8 ^ r2, r8 ^ r6
        r8_to_11 = r8, r8 ^ right, r10, r10 ^ right
        r12_to_15 = r12, r12 ^ right, r14, r14 ^ right
        multiples = (0, right, r2, r3, r4, r4 ^ right, r6, r6 ^ right, *r8_to_11, *r12_to_15)
        product = 0
        for octet in left.to_bytes(self.octets, "big"):
            product = product << 8 ^ multiples[octet >> 4] << 4 ^ multiples[octet & 15]
        return self._reduce(product)

    def square(self, element: int) -> int:
        """The square: a zero between any two bits, which is reading binary digits in base four."""
        return self._reduce(int(format(element, "b"), 4))

    def invert(self, element: int) -> int:
        """The inverse of an element that is not 0, by the extended Euclidean algorithm."""
        u, v, inverse, other = element, self._modulus, 1, 0
        while u != 1:
            shift = u.bit_length() - v.bit_length()
            if shift < 0:
                u, v, inverse, other, shift = v, u, other, inverse, -shift
            u ^= v << shift
            inverse ^= other << shift
        return self._reduce(inverse)

    def divide(self, dividend: int, divisor: int) -> int:
        """The quotient; the divisor is not 0."""
        return self.multiply(dividend, self.invert(divisor))

    def trace(self, element: int) -> int:
        """0 or 1: the sum of the m conjugates."""
        return (element & self._trace_mask).bit_count() & 1

    def half_trace(self, element: int) -> int:
        """A solution z of z^2 + z = element, where the trace of `element` is 0; the other one is z + 1."""
        conjugate = total = element
        for _ in range(self.degree // 2):
            conjugate = self.square(self.square(conjugate))
            total ^= conjugate
        return total


def _trace_mask(degree: int, coefficients: set[int]) -> int:
    """The powers of x whose trace is 1, by Newton's identities; `coefficients` are the distances of terms from x^m."""
    traces = [degree & 1]
    for power in range(1, degree):
        trace = power & 1 if power in coefficients else 0
        for distance in coefficients:
            if distance < power:
                trace ^= traces[power - distance]
        traces.append(trace)
    return sum(trace << power for power, trace in enumerate(traces))
