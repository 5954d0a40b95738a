"""Power is what simulated studies show, by the rule that decides everywhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from srbench import stats
from srbench.stats.intervals import crossed_means, shared_critical
from srbench.stats.power import StudySize

SIZE = StudySize(methods=3, raters=12, images=10, ratings=120, method_rater=0.15, method_image=0.25, rest=0.6)


def test_so_many_studies_find_the_detectable_difference() -> None:
    difference, found = SIZE.detectable(0.8), 0
    source = np.random.default_rng(0)
    for _ in range(150):
        table = _study(source, difference)
        row = stats.compare(table).query("a == 'a' and b == 'c'").iloc[0]
        found += bool(row["significant"])
    assert 0.7 <= found / 150 <= 0.9


@pytest.mark.parametrize("methods", [2, 9])
@pytest.mark.parametrize(("taste", "suits"), [(0.0, 0.0), (0.05, 0.15), (0.15, 0.25)])
def test_on_five_images_so_many_studies_find_the_detectable_difference(
    methods: int, taste: float, suits: float
) -> None:
    # With few images a family's degrees of freedom differ much from study to study.
    size = StudySize(methods, 26, 5, 130, taste, suits, 0.6)
    difference, found = size.detectable(0.8), 0
    source, (first, second) = np.random.default_rng(0), np.triu_indices(methods, 1)
    for _ in range(300):
        scores = (
            source.normal(0, taste, (methods, 26, 1))
            + source.normal(0, suits, (methods, 1, 5))
            + source.normal(0, 0.6, (methods, 26, 5))
        )
        scores[1] -= difference
        value, error, degrees = crossed_means(scores[first] - scores[second])
        found += bool(value[0] > shared_critical(methods, degrees) * error[0])
    assert 0.72 <= found / 300 <= 0.88


def _study(source: np.random.Generator, difference: float) -> pd.DataFrame:
    m, r, i = SIZE.methods, SIZE.raters, SIZE.images
    scores = (
        np.array([2.5, 3.0, 2.5 + difference])[:, None, None]
        + source.normal(0, SIZE.method_rater, (m, r, 1))
        + source.normal(0, SIZE.method_image, (m, 1, i))
        + source.normal(0, SIZE.rest, (m, r, i))
    )
    cells = pd.MultiIndex.from_product([list("abc"), map(str, range(r)), map(str, range(i))],
                                       names=["method", "rater", "image"])  # fmt: skip
    table = pd.DataFrame({"score": np.clip(scores, 1, 5).ravel()}, index=cells).reset_index()
    return table.assign(dataset="d")


def test_power_grows_with_the_difference_and_equal_methods_are_hardly_ever_told_apart() -> None:
    powers = [SIZE.power(difference) for difference in (0.0, 0.2, 0.4, 0.8, 3.0)]
    assert powers == sorted(powers)
    assert powers[0] < 0.05
    assert powers[-1] > 0.999
    assert SIZE.power(SIZE.detectable(0.9)) == pytest.approx(0.9, abs=1e-4)
    assert SIZE.power(-0.4) == pytest.approx(SIZE.power(0.4))


def test_the_table_says_what_more_raters_and_images_would_give(ratings: pd.DataFrame) -> None:
    row = stats.achieved_power(ratings, differences=(0.5,)).iloc[0]
    assert (row["methods"], row["raters"], row["images"]) == (3, 8, 12)
    assert 0 < row["power_0.5"] < 1
    assert max(row["detectable_raters"], row["detectable_images"]) < row["detectable"]


def test_without_any_variance_every_difference_is_found() -> None:
    sure = StudySize(3, 12, 10, 120, 0.0, 0.0, 0.0)
    assert (sure.power(0.0), sure.power(0.1), sure.detectable()) == (0.0, 1.0, 0.0)
