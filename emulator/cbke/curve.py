"""The Koblitz curves sect163k1 and sect283k1: points, their encoding and check, and multiplication.

`cryptography` has had no binary curves since 47.0, hence this.  Formulae: "Guide to Elliptic Curve Cryptography",
chapter 3, projective coordinates of López and Dahab; parameters and the encoding of points: SEC 1 and SEC 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from emulator.cbke.field import BinaryField
from emulator.cbke.tau_adic import TauAdic
from emulator.core.errors import DecodeError, LocalProtocolError

EVEN, ODD = 0x02, 0x03
"""First octet of a compressed point, by the lowest bit of y/x."""


class InvalidPoint(DecodeError):
    """Octets that are no public key.

    Args:
        reason: `malformed`, `off-curve`, `infinity` or `low-order`.
        text: the same for people.
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a curve other than infinity, which is None everywhere."""

    x: int
    y: int


_Projective = tuple[int, int, int]
"""X, Y, Z for x = X/Z, y = Y/Z²; infinity where Z is 0."""
_INFINITY: Final[_Projective] = (1, 0, 0)

_SPANS: Final = (2, 3)
"""Distances of two coefficients, never neighbours, that are added in one step; that halves the additions nearly."""


class KoblitzCurve:
    """y² + xy = x³ + ax² + 1 over GF(2^m), a 0 or 1.

    Args:
        name: as SEC 2 has it.
        field: GF(2^m).
        a: 0 or 1.
        generator: G, of prime order.
        order: n.
        cofactor: h; 2 for a = 1, 4 for a = 0.
    """

    __slots__ = ("_tau", "a", "cofactor", "field", "generator", "name", "order")

    def __init__(self, name: str, field: BinaryField, *, a: int, generator: Point, order: int, cofactor: int) -> None:
        self.name = name
        self.field = field
        self.a = a
        self.generator = generator
        self.order = order
        self.cofactor = cofactor
        self._tau = TauAdic.of(field.degree, a, order)

    # Encoding

    @property
    def point_octets(self) -> int:
        """Length of a compressed point."""
        return 1 + self.field.octets

    def encode(self, point: Point) -> bytes:
        """The compressed point: 02 or 03, then x, most significant octet first."""
        odd = self.field.divide(point.y, point.x) & 1 if point.x else 0
        return bytes((ODD if odd else EVEN,)) + self.encode_x(point)

    def encode_x(self, point: Point) -> bytes:
        """The x coordinate, most significant octet first, zeros in front kept."""
        return point.x.to_bytes(self.field.octets, "big")

    def decode(self, octets: bytes) -> Point:
        """A point of the curve, of whatever order; InvalidPoint where the octets are none."""
        if octets == b"\0":
            raise InvalidPoint("infinity", "the point at infinity")
        if len(octets) != self.point_octets or octets[0] not in {EVEN, ODD}:
            raise InvalidPoint("malformed", f"no compressed point of {self.name}")
        x = int.from_bytes(octets[1:], "big")
        if x not in self.field:
            raise InvalidPoint("malformed", f"coordinate out of the range of {self.name}")
        return self._with_x(x, octets[0] & 1)

    def _with_x(self, x: int, odd: int) -> Point:
        """The point with this x whose y/x is `odd`; z = y/x solves z² + z = x + a + 1/x²."""
        field = self.field
        if not x:
            if odd:
                raise InvalidPoint("off-curve", f"not on {self.name}")
            return Point(0, 1)
        constant = x ^ self.a ^ field.square(field.invert(x))
        if field.trace(constant):
            raise InvalidPoint("off-curve", f"not on {self.name}")
        z = field.half_trace(constant)
        return Point(x, field.multiply(x, z ^ (z & 1) ^ odd))

    def decode_public_key(self, octets: bytes) -> Point:
        """A point in the subgroup of order n; InvalidPoint otherwise."""
        point = self.decode(octets)
        if not self.in_subgroup(point):
            raise InvalidPoint("low-order", f"not in the subgroup of prime order of {self.name}")
        return point

    def __contains__(self, point: Point) -> bool:
        field, x, y = self.field, point.x, point.y
        if x not in field or y not in field:
            return False
        left = field.square(y) ^ field.multiply(x, y)
        return left == field.multiply(field.square(x), x ^ self.a) ^ 1

    def in_subgroup(self, point: Point) -> bool:
        """Whether a point of the curve has order n, without multiplying by n.

        The group is cyclic of order h·n, so the subgroup is what can be halved once (h = 2) or twice (h = 4).  A point
        can be halved where the trace of x is that of a; a half then has x² = y + x·(z + 1) with z² + z = x + a.
        """
        field, x = self.field, point.x
        if field.trace(x ^ self.a):
            return False
        if self.cofactor == 2:  # noqa: PLR2004 - h is 2 or 4
            return True
        z = field.half_trace(x ^ self.a)
        return not field.trace(point.y ^ field.multiply(x, z ^ 1) ^ self.a)

    # The group

    def negate(self, point: Point) -> Point:
        """-P."""
        return Point(point.x, point.x ^ point.y)

    def add(self, left: Point | None, right: Point | None) -> Point | None:
        """P + Q, whatever they are."""
        if left is None or right is None:
            return left or right
        return self._affine(self._add((left.x, left.y, 1), right))

    def times_cofactor(self, point: Point | None) -> Point | None:
        """h·P, for a point of any order: in the subgroup, or None."""
        if point is None:
            return None
        total: _Projective = (point.x, point.y, 1)
        for _ in range(self.cofactor.bit_length() - 1):
            total = self._double(total)
        return self._affine(total)

    def multiply(self, scalar: int, point: Point) -> Point | None:
        """scalar·P, for a point of the subgroup of order n.

        Raises:
            LocalProtocolError: the point is not in it; scalars may not be reduced there.
        """
        if not self.in_subgroup(point):
            raise LocalProtocolError(f"point not in the subgroup of {self.name}")
        digits = self._tau.digits(*self._tau.reduced(scalar))
        multiples = self._multiples(point)
        total, position = _INFINITY, len(digits)
        while position:
            position -= 1
            digit = digits[position]
            span = self._span(digits, position)
            position -= span
            total = self._frobenius(total, span + 1)
            if digit:
                multiple = multiples[span, digit * digits[position]]
                total = self._add(total, multiple if digit > 0 else self.negate(multiple))
        return self._affine(total)

    @staticmethod
    def _span(digits: list[int], position: int) -> int:
        """How far below this coefficient stands the one that is added with it; 0: there is none."""
        if digits[position]:
            for span in _SPANS:
                if span <= position and digits[position - span]:
                    return span
        return 0

    def _multiples(self, point: Point) -> dict[tuple[int, int], Point]:
        """What a step can add, by span and by the sign of the lower coefficient: P, and τ^span·P ± P."""
        multiples = {(0, 1): point}
        for span in _SPANS:
            x, y, _ = self._frobenius((point.x, point.y, 1), span)
            for sign, lower in ((1, point), (-1, self.negate(point))):
                multiple = self.add(Point(x, y), lower)
                assert multiple is not None  # in the subgroup none of these is
                multiples[span, sign] = multiple
        return multiples

    def _frobenius(self, point: _Projective, times: int) -> _Projective:
        """τ^times: all coordinates squared so often."""
        x, y, z = point
        square = self.field.square
        for _ in range(times):
            x, y, z = square(x), square(y), square(z)
        return x, y, z

    def public_key(self, private_key: int) -> Point:
        """d·G; LocalProtocolError for a multiple of n."""
        point = self.multiply(private_key, self.generator)
        if point is None:
            raise LocalProtocolError("private key is 0")
        return point

    def _affine(self, point: _Projective) -> Point | None:
        x, y, z = point
        if not z:
            return None
        field = self.field
        inverse = field.invert(z)
        return Point(field.multiply(x, inverse), field.multiply(y, field.square(inverse)))

    def _double(self, point: _Projective) -> _Projective:
        field = self.field
        x, y, z = point
        x_squared, z_squared = field.square(x), field.square(z)
        z_fourth = field.square(z_squared)
        new_z = field.multiply(x_squared, z_squared)
        new_x = field.square(x_squared) ^ z_fourth
        inner = field.square(y) ^ z_fourth ^ (new_z if self.a else 0)
        return new_x, field.multiply(z_fourth, new_z) ^ field.multiply(new_x, inner), new_z

    def _add(self, left: _Projective, right: Point) -> _Projective:
        field = self.field
        multiply, square = field.multiply, field.square
        x, y, z = left
        if not z:
            return right.x, right.y, 1
        slope = y ^ multiply(right.y, square(z))
        span = x ^ multiply(right.x, z)
        if not span:
            return _INFINITY if slope else self._double(left)
        width = multiply(span, z)
        new_z = square(width)
        factor = slope ^ square(span) ^ (width if self.a else 0)
        new_x = square(slope) ^ multiply(width, factor)
        inner = multiply(right.x, new_z) ^ new_x
        new_y = multiply(inner, multiply(slope, width) ^ new_z) ^ multiply(right.x ^ right.y, square(new_z))
        return new_x, new_y, new_z


SECT163K1: Final = KoblitzCurve(
    "sect163k1",
    BinaryField(163, (7, 6, 3)),
    a=1,
    generator=Point(
        0x02FE13C0537BBC11ACAA07D793DE4E6D5E5C94EEE8,
        0x0289070FB05D38FF58321F2E800536D538CCDAA3D9,
    ),
    order=0x04000000000000000000020108A2E0CC0D99F8A5EF,
    cofactor=2,
)
SECT283K1: Final = KoblitzCurve(
    "sect283k1",
    BinaryField(283, (12, 7, 5)),
    a=0,
    generator=Point(
        0x0503213F78CA44883F1A3B8162F188E553CD265F23C1567A16876913B0C2AC2458492836,
        0x01CCDA380F1C9E318D90F95D07E5426FE87E45C0E8184698E45962364E34116177DD2259,
    ),
    order=0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE9AE2ED07577265DFF7F94451E061E163C61,
    cofactor=4,
)
