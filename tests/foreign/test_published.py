"""Published scores of a card: what is wrong with them is said before anything is shown beside ours."""

from __future__ import annotations

from typing import Any

import pytest

from srbench.foreign import published


def test_scores_by_set_protocol_and_metric_are_right() -> None:
    assert published.mistake({"set5": {"matlab": {"psnr": 32.5, "ssim": 1}, "basicsr": {"psnr": 32.4}}}) is False
    assert published.mistake({}) is False


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (32.5, True),
        ({"set5": 32.5}, "'set5' has no protocol"),
        ({"set5": {"matlab": 32.5}}, "'set5.matlab' has no scores"),
        ({"set5": {"matlab": {"psnr": "32.5"}}}, "'set5.matlab' has no scores"),
        ({"set5": {"matlab": {"psnr": True}}}, "'set5.matlab' has no scores"),
        ({"set5": {"matlab": {"psnr": float("nan")}}}, "'set5.matlab' has no scores"),
        ({"set5": {"matlap": {"psnr": 32.5}}}, "Unknown protocol 'matlap'"),
        ({"set5": {"matlab": {"psrn": 32.5}}}, "Unknown metric 'psrn'"),
    ],
)
def test_what_is_wrong_is_named(value: Any, expected: bool | str) -> None:
    found = published.mistake(value)
    assert found is True if expected is True else str(found).startswith(str(expected))
