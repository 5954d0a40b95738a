"""Published figures: what was printed decides how near a value must be."""

from __future__ import annotations

import pytest

from srbench.errors import MetricError
from srbench.explanation.figures import PublishedFigure, parse


@pytest.mark.parametrize(
    ("text", "value", "fits"),
    [
        ("32.13", 32.1311, True),
        ("32.13", 32.1251, True),
        ("32.13", 32.1249, False),
        ("32.13", 32.135, True),  # a tie is printed up by one program and down by another
        ("32.130", 32.1311, False),
        ("32", 32.4, True),
        ("0.8948", 0.89475, True),
        ("0.8948", 0.89474, False),
    ],
)
def test_a_value_fits_when_it_rounds_to_what_was_printed(text: str, value: float, fits: bool) -> None:
    assert PublishedFigure("psnr", text).fits(value) == fits


def test_up_to_one_it_is_an_ssim_and_two_with_a_slash_are_both() -> None:
    assert [figure.metric for figure in parse("0.9")] == ["ssim"]
    assert [figure.metric for figure in parse("27")] == ["psnr"]
    assert [figure.metric for figure in parse(0.5, "psnr")] == ["psnr"]
    assert [(figure.metric, figure.text) for figure in parse("27.10 / 0.80")] == [("psnr", "27.10"), ("ssim", "0.80")]


@pytest.mark.parametrize("text", ["", "x", "32,13", "1/2/3", "-3", "32.13 dB", "nan", "1e3", "0.9/"])
def test_what_is_no_figure_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(MetricError, match=r"Cannot read the published figure .*such as 32\.13"):
        parse(text)


def test_impossible_figures_and_other_metrics_are_refused() -> None:
    with pytest.raises(MetricError, match=r"An SSIM of 32\.13 is not possible"):
        parse("0.9/32.13")
    with pytest.raises(MetricError, match="expected 'psnr' or 'ssim'"):
        parse("0.2", "lpips")
    with pytest.raises(MetricError, match="expected one number, the psnr"):
        parse("32.1/0.9", "psnr")
