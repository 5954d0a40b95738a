"""One way to print a number."""

from __future__ import annotations

import math

import pytest

from srbench.tables.numbers import MINUS, count, number, p_text, span


@pytest.mark.parametrize(
    ("value", "sign", "text"),
    [
        (1.005, False, "1.00"),
        (-1.5, False, "\u22121.50"),
        (1.5, True, "+1.50"),
        (-0.001, True, "0.00"),
        (math.inf, False, "\u221e"),
        (math.inf, True, "+\u221e"),
        (-math.inf, True, "\u2212\u221e"),
        (math.nan, False, "\u2013"),
    ],
)
def test_numbers_have_a_true_minus_an_infinity_and_no_signed_zero(value, sign, text):
    assert number(value, sign=sign) == text


def test_an_interval_may_end_in_infinity_but_not_in_nothing():
    assert span(0.5, math.inf, sign=True) == "[+0.50, +\u221e]"
    assert span(0.5, math.nan) == "\u2013"


def test_a_small_p_says_how_small():
    assert (p_text(0.00009), p_text(0.0001), p_text(1.0), p_text(math.nan)) == ("< 0.0001", "0.0001", "1", "\u2013")


def test_things_are_counted_in_words():
    assert (count(1, "pair"), count(0, "pair"), count(1234, "pair")) == ("1 pair", "0 pairs", "1,234 pairs")


def test_an_end_of_an_interval_is_printed_as_0_only_where_it_is_0():
    assert span(-0.12, -0.0021, sign=True) == f"[{MINUS}0.12, {MINUS}0.002]"
    assert span(0.00004, 0.5) == "[0.00004, 0.50]"
    assert span(-0.5, 0.0, sign=True) == f"[{MINUS}0.50, 0.00]"
