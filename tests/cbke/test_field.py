"""Arithmetic in GF(2^m), against definitions that take no short cuts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.cbke.curve import SECT163K1, SECT283K1
from emulator.cbke.field import BinaryField

FIELDS = {163: SECT163K1.field, 283: SECT283K1.field}
MODULI = {163: 1 << 163 | 1 << 7 | 1 << 6 | 1 << 3 | 1, 283: 1 << 283 | 1 << 12 | 1 << 7 | 1 << 5 | 1}


@st.composite
def elements(draw: st.DrawFn, count: int) -> tuple[BinaryField, list[int]]:
    degree = draw(st.sampled_from(sorted(FIELDS)))
    return FIELDS[degree], [draw(st.integers(0, (1 << degree) - 1)) for _ in range(count)]


def product(field: BinaryField, left: int, right: int) -> int:
    """By the school's method, bit by bit."""
    total = 0
    while right:
        total ^= left if right & 1 else 0
        right >>= 1
        left <<= 1
        left ^= MODULI[field.degree] if left >> field.degree else 0
    return total


@given(elements(2))
def test_a_product_is_that_of_the_polynomials(drawn: tuple[BinaryField, list[int]]) -> None:
    field, (left, right) = drawn
    assert field.multiply(left, right) == product(field, left, right)


@given(elements(1))
def test_a_square_is_the_product_with_itself(drawn: tuple[BinaryField, list[int]]) -> None:
    field, (element,) = drawn
    assert field.square(element) == product(field, element, element)


@given(elements(1))
def test_an_inverse_multiplies_to_one(drawn: tuple[BinaryField, list[int]]) -> None:
    field, (element,) = drawn
    if element:
        inverse = field.invert(element)
        assert inverse in field
        assert product(field, element, inverse) == 1
        assert field.divide(element, element) == 1


@given(elements(1))
def test_the_trace_is_the_sum_of_the_conjugates(drawn: tuple[BinaryField, list[int]]) -> None:
    field, (element,) = drawn
    total = conjugate = element
    for _ in range(1, field.degree):
        conjugate = field.square(conjugate)
        total ^= conjugate
    assert field.trace(element) == total


@given(elements(1))
def test_the_half_trace_solves_the_quadratic_equation_wherever_there_is_a_solution(
    drawn: tuple[BinaryField, list[int]],
) -> None:
    field, (element,) = drawn
    solution = field.half_trace(element)
    assert field.square(solution) ^ solution == element ^ field.trace(element)
