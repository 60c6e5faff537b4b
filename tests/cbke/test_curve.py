"""The two curves: their published parameters, the group, and what is refused as a public key."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.cbke.curve import SECT163K1, SECT283K1, InvalidPoint, KoblitzCurve, Point
from emulator.core.errors import LocalProtocolError

CURVES = {curve.name: curve for curve in (SECT163K1, SECT283K1)}
every_curve = pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES)


def slow_multiple(curve: KoblitzCurve, scalar: int, point: Point | None) -> Point | None:
    """By doubling and adding, with the affine formulae."""
    total: Point | None = None
    for bit in f"{scalar:b}":
        total = affine_sum(curve, total, total)
        if bit == "1":
            total = affine_sum(curve, total, point)
    return total


def affine_sum(curve: KoblitzCurve, left: Point | None, right: Point | None) -> Point | None:
    field = curve.field
    if left is None or right is None:
        return left or right
    if left.x == right.x and (left.y != right.y or not left.x):
        return None
    if left == right:
        slope = left.x ^ field.divide(left.y, left.x)
        x = field.square(slope) ^ slope ^ curve.a
        return Point(x, field.square(left.x) ^ field.multiply(slope ^ 1, x))
    slope = field.divide(left.y ^ right.y, left.x ^ right.x)
    x = field.square(slope) ^ slope ^ left.x ^ right.x ^ curve.a
    return Point(x, field.multiply(slope, left.x ^ x) ^ x ^ left.y)


def any_point(curve: KoblitzCurve, rng: random.Random) -> Point:
    """Of whatever order."""
    while True:
        x = rng.getrandbits(curve.field.degree).to_bytes(curve.field.octets, "big")
        try:
            return curve.decode(bytes((2 | rng.getrandbits(1),)) + x)
        except InvalidPoint:
            continue


def point_of_order_four(curve: KoblitzCurve) -> Point:
    """(1, y): its double has x = 1 + b/1 = 0."""
    return curve.decode(b"\x02" + (1).to_bytes(curve.field.octets, "big"))


def test_the_parameters_are_the_published_ones(published: dict[str, Any]) -> None:
    for name, parameters in published["curves"].items():
        curve = CURVES[name]
        assert curve.generator == Point(int(parameters["gx"], 16), int(parameters["gy"], 16))
        assert (curve.order, curve.cofactor) == (int(parameters["n"], 16), parameters["h"])
        assert (curve.field.degree, curve.a) == (parameters["m"], int(parameters["a"]))


@every_curve
def test_the_generator_is_on_the_curve_and_has_the_order(curve: KoblitzCurve) -> None:
    assert curve.generator in curve
    assert slow_multiple(curve, curve.order, curve.generator) is None
    assert curve.multiply(curve.order, curve.generator) is None
    assert Point(curve.generator.x, curve.generator.y ^ 1) not in curve
    assert Point(1 << curve.field.degree, 0) not in curve


@every_curve
def test_multiplication_is_repeated_addition(curve: KoblitzCurve, seed: int) -> None:
    rng = random.Random(seed)
    scalars = [1, 2, 3, 4, 5, 7, 8, curve.order - 1, curve.order + 2, *(rng.randrange(curve.order) for _ in range(3))]
    point = curve.multiply(rng.randrange(1, curve.order), curve.generator)
    assert point is not None
    for scalar in scalars:
        assert curve.multiply(scalar, point) == slow_multiple(curve, scalar % curve.order, point)
    assert curve.multiply(0, point) is None


@every_curve
def test_sums_with_infinity_the_same_and_the_opposite_point(curve: KoblitzCurve) -> None:
    one, two = curve.generator, curve.multiply(2, curve.generator)
    assert curve.add(None, one) == curve.add(one, None) == one
    assert curve.add(None, None) is None
    assert curve.add(one, one) == two
    assert curve.add(one, curve.negate(one)) is None
    assert curve.add(one, two) == curve.multiply(3, one)


@every_curve
def test_the_quick_look_for_the_subgroup_agrees_with_multiplication_by_the_order(
    curve: KoblitzCurve, seed: int
) -> None:
    rng = random.Random(seed)
    points = [any_point(curve, rng) for _ in range(8)]
    points += [one for one in map(curve.times_cofactor, points) if one is not None]
    found = [curve.in_subgroup(point) for point in points]
    assert found == [slow_multiple(curve, curve.order, point) is None for point in points]
    assert True in found
    assert False in found


@every_curve
def test_a_point_outside_the_subgroup_is_not_multiplied(curve: KoblitzCurve) -> None:
    with pytest.raises(LocalProtocolError):
        curve.multiply(5, Point(0, 1))


@given(st.sampled_from(sorted(CURVES)), st.integers(1, 1 << 60))
def test_a_compressed_point_is_read_back(name: str, scalar: int) -> None:
    curve = CURVES[name]
    point = curve.public_key(scalar)
    octets = curve.encode(point)
    assert len(octets) == curve.point_octets
    assert curve.decode_public_key(octets) == point
    assert curve.decode_public_key(curve.encode(curve.negate(point))) == curve.negate(point)


@given(st.sampled_from(sorted(CURVES)), st.binary(max_size=40))
def test_any_octets_are_a_point_or_refused(name: str, octets: bytes) -> None:
    curve = CURVES[name]
    try:
        point = curve.decode(octets)
    except InvalidPoint:
        return
    assert point in curve
    assert curve.encode(point) == octets


@every_curve
def test_what_is_no_public_key_is_refused_with_the_reason(curve: KoblitzCurve, seed: int) -> None:
    def reason(octets: bytes) -> str:
        with pytest.raises(InvalidPoint) as caught:
            curve.decode_public_key(octets)
        return caught.value.reason

    octets, good = curve.field.octets, curve.encode(curve.generator)
    assert reason(b"\0") == "infinity"
    assert reason(good[:-1]) == reason(good + b"\0") == reason(b"\x04" + good[1:]) == reason(b"") == "malformed"
    assert reason(b"\x02" + b"\xff" * octets) == "malformed", "a coordinate that is no element"
    assert reason(b"\x03" + bytes(octets)) == "off-curve"
    assert reason(off_curve(curve)) == "off-curve"
    assert reason(b"\x02" + bytes(octets)) == "low-order", "(0, 1), of order 2"
    rng = random.Random(seed)
    outside = next(point for point in iter(lambda: any_point(curve, rng), None) if not curve.in_subgroup(point))
    assert reason(curve.encode(outside)) == "low-order", "n times h"


def off_curve(curve: KoblitzCurve) -> bytes:
    """A compressed point whose x no point of the curve has."""
    for x in range(1, 100):
        octets = b"\x02" + x.to_bytes(curve.field.octets, "big")
        try:
            curve.decode(octets)
        except InvalidPoint:
            return octets
    raise AssertionError


def test_every_point_of_low_order_is_refused() -> None:
    curve = SECT283K1
    four = point_of_order_four(curve)
    assert affine_sum(curve, four, four) == Point(0, 1)
    for point in (four, curve.negate(four), Point(0, 1)):
        assert not curve.in_subgroup(point)
        assert curve.times_cofactor(point) is None


@every_curve
def test_there_is_no_public_key_to_the_private_key_zero(curve: KoblitzCurve) -> None:
    with pytest.raises(LocalProtocolError):
        curve.public_key(curve.order)
