"""Each method against its earlier self, checked against SciPy and by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t, ttest_rel, wilcoxon

from srbench.errors import StatisticsError
from srbench.stats import Change, changes
from srbench.stats.changes import as_frame


def status(value: float) -> str:
    return "failed" if math.isnan(value) else "ok"


def scores(values: dict[str, list[float]], **columns: str) -> pd.DataFrame:
    """Return rows of {method: values}, one image each; NaN stands for a failed one."""
    fixed = {"protocol": "daala", "protocol_version": "1", "metric": "psnr", "dataset": "set5"} | columns
    return pd.DataFrame(
        [
            {
                **fixed,
                "method": method,
                "image": f"i{k}",
                "value": value,
                "status": "failed" if value != value else "ok",
            }
            for method, several in values.items()
            for k, value in enumerate(several)
        ]
    )


def one(before: list[float], after: list[float]) -> Change:
    (change,) = changes(scores({"m": before}), scores({"m": after}))
    return change


def test_figures_are_those_of_scipy_on_the_pairs() -> None:
    rng = np.random.default_rng(5)
    before = rng.normal(30, 2, 12)
    after = before + rng.normal(0.3, 0.4, 12)
    change = one(list(before), list(after))
    interval = ttest_rel(after, before).confidence_interval(0.95)
    assert change.difference == pytest.approx(np.mean(after - before), abs=1e-12)
    assert (change.low, change.high) == pytest.approx((interval.low, interval.high), abs=1e-9)
    assert change.p == pytest.approx(wilcoxon(after, before).pvalue, abs=1e-12)
    assert change.p_adjusted == change.p  # one cell is its own family
    assert (change.before, change.after) == pytest.approx((before.mean(), after.mean()))
    assert (change.images, change.images_before, change.images_after, change.equal) == (12, 12, 12, 0)


def test_cells_of_a_metric_that_changed_are_a_family_and_the_others_are_not() -> None:
    base = [30.0, 31.0, 29.0, 33.0, 28.0, 35.0]
    shifts = np.array([0.1, 0.6, 0.2, 0.4, 0.05, 0.25])
    error = shifts.std(ddof=1) / math.sqrt(6)
    alone = shifts.mean() / error
    assert t.ppf(1 - 0.05 / 2, 5) < alone < t.ppf(1 - 0.05 / 8, 5)  # significant alone, not as one of four
    later = list(base + shifts)
    noise = list(base + np.array([0.1, -0.1, 0.2, -0.2, 0.3, -0.31]))
    with_equal = changes(scores({"a": base, "b": base, "c": base, "d": base}),
                         scores({"a": later, "b": base, "c": base, "d": base}))  # fmt: skip
    assert [change.significant for change in with_equal] == [True, False, False, False]
    assert [change.unchanged for change in with_equal] == [False, True, True, True]
    of_four = changes(scores({"a": base, "b": base, "c": base, "d": base}),
                      scores({"a": later, "b": noise, "c": noise, "d": noise}))  # fmt: skip
    assert not any(change.significant for change in of_four)
    assert of_four[0].p_adjusted == pytest.approx(4 * of_four[0].p)
    assert of_four[0].low == with_equal[0].low  # the interval shown is that of the cell alone
    other_metric = pd.concat([scores({"a": later}), scores({"b": noise, "c": noise, "d": noise}, metric="ssim")])
    before = pd.concat([scores({"a": base}), scores({"b": base, "c": base, "d": base}, metric="ssim")])
    assert changes(before, other_metric)[0].significant


def test_a_new_failure_is_counted_and_takes_its_image_out_of_both_means() -> None:
    change = one([30.0, 20.0, math.nan], [30.5, math.nan, math.nan])
    assert (change.newly_failed, change.images, change.images_before, change.images_after) == (1, 1, 3, 3)
    assert (change.before, change.after, change.difference) == (30.0, 30.5, 0.5)
    assert not change.unchanged


def test_cells_of_one_side_only_are_there_without_figures() -> None:
    found = changes(scores({"old": [1.0, 2.0]}), scores({"new": [1.0, 2.0]}))
    assert [(cell.method, cell.images_before, cell.images_after, cell.images) for cell in found] == [
        ("new", 0, 2, 0),
        ("old", 2, 0, 0),
    ]
    assert all(math.isnan(cell.difference) and not cell.significant for cell in found)


def test_two_versions_of_a_protocol_are_never_compared() -> None:
    found = changes(scores({"m": [1.0]}), scores({"m": [2.0]}, protocol_version="2"))
    assert [cell.images for cell in found] == [0, 0]


def test_infinite_scores_take_part() -> None:
    change = one([math.inf, math.inf, 30.0], [math.inf, math.inf, 31.0])
    assert change.equal == 2
    assert change.difference == pytest.approx(1 / 3)
    assert one([math.inf, 30.0], [40.0, 30.0]).difference == -math.inf
    assert math.isnan(one([math.inf, 30.0], [40.0, math.inf]).difference)


def test_a_table_with_two_values_for_an_image_or_without_a_column_is_refused() -> None:
    table = scores({"m": [1.0, 2.0]})
    with pytest.raises(StatisticsError, match=r"before hold .*/m/set5/i0 twice"):
        changes(pd.concat([table, table]), table)
    with pytest.raises(StatisticsError, match="after lack the columns protocol_version, status"):
        changes(table, table.drop(columns=["protocol_version", "status"]))


def test_a_frame_of_nothing_has_all_columns() -> None:
    table = scores({"m": [1.0]})
    assert as_frame(()).columns.tolist() == as_frame(changes(table, table)).columns.tolist()
