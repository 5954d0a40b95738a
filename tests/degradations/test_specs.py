"""Degradations are written in one way, and what makes no sense is refused in one line."""

from __future__ import annotations

import pytest

from srbench.degradations import Degradation, Range, is_plain, parse
from srbench.errors import DegradationError


@pytest.mark.parametrize(
    ("spec", "same"),
    [
        ("bicubic", "bicubic"),
        ("gaussian", "gaussian"),
        ("real-esrgan , seed=0", "real-esrgan"),
        ("jpeg=60, blur=0.20..3.0", "blur=0.2..3,jpeg=60"),
        ("noise=5..5,seed=12", "noise=5,seed=12"),
    ],
)
def test_equal_degradations_have_one_spelling_that_means_the_same(spec: str, same: str) -> None:
    found = parse(spec)
    assert str(found) == same
    assert parse(str(found)) == found


def test_numbers_and_ranges_are_read() -> None:
    assert parse("blur=1.6,noise=1..30") == Degradation("steps", Range(1.6, 1.6), Range(1.0, 30.0))
    assert [is_plain(spec) for spec in ("bicubic", "gaussian", "blur=1", "real-esrgan")] == [True, True, False, False]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "Unknown degradation ''"),
        ("bicubix", "Did you mean 'bicubic'"),
        ("blur=abc", "Expected a number or a range for blur, but got 'abc'"),
        ("blur=3..1", r"Expected blur between 0 and 20, but got '3\.\.1'"),
        ("noise=-1", "Expected noise between 0 and 255"),
        ("noise=nan", "Expected noise between 0 and 255"),
        ("jpeg=0", "Expected jpeg between 1 and 100"),
        ("blur=1,blur=2", "Cannot use 'blur=2'"),
        ("bicubic,noise=3", "Cannot use 'noise=3'"),
        ("bicubic,seed=3", "Cannot use 'seed=3'"),
        ("blur=1,sharpen=2", "Cannot use 'sharpen=2'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(spec: str, message: str) -> None:
    with pytest.raises(DegradationError, match=message) as caught:
        parse(spec)
    assert "\n" not in str(caught.value)
