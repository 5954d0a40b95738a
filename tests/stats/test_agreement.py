"""Metrics against people: correlations against scipy, weights against copies, intervals that cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize
from scipy import stats as scipy_stats

from srbench import stats
from srbench.errors import StatisticsError
from srbench.stats import agreement, compare, compare_scores, concordance, image_agreement, logistic, metric_contrasts
from srbench.stats.correlations import grouped, kendall, pearson, pooled, spearman
from srbench.stats.jackknife import Estimate

COLUMNS = ["dataset", "image", "method", "metric", "value"]


def interval(value: float, without: np.ndarray) -> tuple[float, float]:
    """Return the interval over images alone."""
    return Estimate(value, without, np.empty(0), long_tails=True).interval("fisher")


def _sigmoid(seed: int, sign: float = 1.0, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    source = np.random.default_rng(seed)
    x = source.uniform(20, 40, 300)
    return x, 3 + sign * 1.8 * np.tanh((x - 30) / 4) + source.normal(0, noise, 300)


def _scored(ratings: pd.DataFrame, seed: int = 0, metric: str = "psnr") -> pd.DataFrame:
    mos = ratings.groupby(["dataset", "image", "method"], as_index=False)["score"].mean()
    noise = np.random.default_rng(seed).normal(0, 1, len(mos))
    return mos.assign(metric=metric, value=25 + 2 * mos["score"] + noise)[COLUMNS]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_logistic_fit_is_as_good_as_an_unbounded_one_from_the_truth(sign):
    x, y = _sigmoid(0, sign)
    found = logistic.fit(x, y)

    def curve(t, start, end, centre, width):
        return start + (end - start) / (1 + np.exp(-(t - centre) / width))

    truth, _ = optimize.curve_fit(curve, x, y, p0=[3 - sign * 1.8, 3 + sign * 1.8, 30, 2])
    assert found.form == "logistic4"
    assert found.parameters == pytest.approx(tuple(truth), rel=1e-4)
    assert found(x) == pytest.approx(curve(x, *truth), abs=1e-4)


@pytest.mark.parametrize("form", ["logistic4", "logistic5"])
@pytest.mark.parametrize("seed", range(8))
def test_no_data_makes_the_mapping_diverge_or_turn_round(form, seed):
    source = np.random.default_rng(seed)
    x = np.concatenate([source.normal(0, 1, 30), [1e4, -1e3]][: 1 + seed % 2])
    y = source.uniform(1, 5, x.size)
    found = logistic.fit(x, y, form)
    grid = found(np.linspace(x.min(), x.max(), 500))
    steps = np.diff(grid)
    assert np.isfinite(grid).all()
    assert (steps >= -1e-9).all() or (steps <= 1e-9).all()
    assert grid.min() > -8
    assert grid.max() < 14


def test_five_parameters_fit_at_least_as_well_as_four():
    x, y = _sigmoid(4)
    errors = [((logistic.fit(x, y, form)(x) - y) ** 2).sum() for form in ("linear", "logistic4", "logistic5")]
    assert errors[0] > errors[1] >= errors[2] - 1e-6


@pytest.mark.parametrize(("x", "y"), [(np.ones(9), np.arange(9.0)), (np.arange(9.0), np.ones(9))])
def test_a_constant_has_no_mapping(x, y):
    with pytest.raises(StatisticsError, match="constant"):
        logistic.fit(x, y)


def test_weighted_correlations_are_scipys_on_the_copied_stimuli():
    source = np.random.default_rng(0)
    picture = np.repeat(np.arange(8), 5)
    x, y = source.integers(0, 9, (2, 40)).astype(float)
    weights = source.multinomial(8, np.full(8, 1 / 8), size=100).astype(float)
    fast = pearson(x, y, weights[:, picture]), spearman(x, y, weights[:, picture]), kendall(x, y, picture, weights)
    for b in range(100):
        copies = np.repeat(np.arange(40), weights[b, picture].astype(int))
        slow = (
            np.corrcoef(x[copies], y[copies])[0, 1],
            scipy_stats.spearmanr(x[copies], y[copies]).statistic,
            scipy_stats.kendalltau(x[copies], y[copies]).statistic,
        )
        assert [values[b] for values in fast] == pytest.approx(slow, abs=1e-9)


def test_correlations_are_scipys_and_lie_in_their_intervals(ratings):
    scores = _scored(ratings)
    row = agreement(scores, ratings).iloc[0]
    mos = ratings.groupby(["image", "method"])["score"].mean()
    value = scores.set_index(["image", "method"])["value"].loc[mos.index]
    assert row["srcc"] == pytest.approx(scipy_stats.spearmanr(value, mos).statistic, abs=1e-9)
    assert row["krcc"] == pytest.approx(scipy_stats.kendalltau(value, mos).statistic, abs=1e-9)
    fitted = logistic.fit(value.to_numpy(), mos.to_numpy())(value.to_numpy())
    assert row["plcc"] == pytest.approx(np.corrcoef(fitted, mos)[0, 1], abs=1e-6)
    for name in ("plcc", "srcc", "krcc"):
        assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]
    assert row["rmse_star"] < row["rmse"]


def test_the_interval_is_students_over_pseudo_values_on_fishers_scale():
    without = np.array([0.6, 0.7, 0.65, 0.72, 0.5, 0.68, 0.61])
    pseudo = 7 * np.arctanh(0.66) - 6 * np.arctanh(without)
    expected = scipy_stats.t.interval(0.95, 3, pseudo.mean(), scipy_stats.sem(pseudo))
    assert np.arctanh(interval(0.66, without)) == pytest.approx(expected)


@pytest.mark.parametrize("images", [5, 14])
def test_intervals_of_correlations_cover_what_more_images_would_show(images):
    source = np.random.default_rng(3)

    def study(count):
        quality = np.linspace(1.2, 4.5, 6) + source.normal(0, 0.4, (count, 1)) + source.normal(0, 0.3, (count, 6))
        return 2 * quality + source.normal(0, 1.5, (count, 1)) + source.normal(0, 0.6, (count, 6)), quality

    def correlations(x, y, weights):
        picture = np.repeat(np.arange(len(x)), 6)
        return spearman(x.ravel(), y.ravel(), weights[:, picture]), pearson(x.ravel(), y.ravel(), weights[:, picture])

    true = [float(value[0]) for value in correlations(*study(2000), np.ones((1, 2000)))]
    inside = np.zeros(2)
    for _ in range(300):
        x, y = study(images)
        whole, parts = (correlations(x, y, w) for w in (np.ones((1, images)), 1 - np.eye(images)))
        ends = [interval(float(value[0]), part) for value, part in zip(whole, parts, strict=True)]
        inside += [low <= value <= high for value, (low, high) in zip(true, ends, strict=True)]
    assert (inside / 300 >= 0.925).all()


def test_a_perfect_correlation_has_no_interval():
    assert np.isnan(interval(1.0, np.ones(9))).all()


def test_a_metric_of_which_less_is_better_has_negative_rank_correlations(ratings):
    scores = _scored(ratings)
    turned = agreement(scores.assign(value=-scores["value"]), ratings).iloc[0]
    straight = agreement(scores, ratings).iloc[0]
    assert turned["srcc"] == pytest.approx(-straight["srcc"])
    assert turned["plcc"] == pytest.approx(straight["plcc"], abs=1e-6)


def test_every_set_and_all_together_have_a_row_per_metric(ratings):
    both = pd.concat([ratings, ratings.assign(dataset="set5")])
    scores = pd.concat([_scored(both), _scored(both, 1, "ssim")])
    table = agreement(scores, both)
    assert table[["metric", "dataset"]].to_numpy().tolist() == [
        [metric, name] for metric in ("psnr", "ssim") for name in ("set14", "set5", "all")
    ]


def test_infinite_values_take_no_part(ratings):
    scores = _scored(ratings)
    scores.loc[scores["method"] == "srgan", "value"] = np.inf
    assert agreement(scores, ratings).loc[0, "n"] == 24


def test_a_constant_metric_is_nan_with_a_sentence(ratings):
    row = agreement(_scored(ratings).assign(value=1.0), ratings).iloc[0]
    assert np.isnan(row["plcc"])
    assert "constant" in row["note"]


def test_one_image_has_no_interval(ratings):
    few = ratings[ratings["image"] == "img_000"]
    more = pd.concat([few.assign(method=few["method"] + str(k), score=few["score"].to_numpy()) for k in range(3)])
    row = agreement(_scored(more), more).iloc[0]
    assert np.isnan(row["srcc_low"])
    assert "1 image: too few for an interval." in row["note"]


def test_an_interval_needs_five_images(ratings):
    for images, usable in ((4, False), (5, True)):
        few = ratings[ratings["image"].isin(sorted(ratings["image"].unique())[:images])]
        assert np.isfinite(agreement(_scored(few), few).iloc[0]["srcc_low"]) == usable


def test_a_run_and_a_study_without_a_common_stimulus_are_an_error(ratings):
    with pytest.raises(StatisticsError, match="no stimulus in common"):
        agreement(_scored(ratings).assign(dataset="elsewhere"), ratings)


def test_concordance_counts_the_pairs_that_a_metric_turns_round(ratings):
    mos = ratings.groupby("method")["score"].mean()
    rows = [
        ("set14", f"img_{i:03d}", method, "psnr", {"bicubic": 26.0, "srcnn": 28.0, "srgan": 25.0}[method] + i / 100)
        for method in mos.index
        for i in range(12)
    ]
    metric = compare_scores(pd.DataFrame(rows, columns=COLUMNS), "psnr", methods=["srgan", "srcnn", "bicubic"])
    row = concordance(compare(ratings), metric).iloc[0]
    assert (row["pairs"], row["same"], row["opposite"]) == (3, 1, 2)
    turned = concordance(compare(ratings), metric, lower_is_better=["psnr"]).iloc[0]
    assert (turned["same"], turned["opposite"]) == (2, 1)


def _grid(seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return scores and ratings of 5 methods on 8 images by 6 raters, one stimulus missing."""
    source = np.random.default_rng(seed)
    cells = pd.MultiIndex.from_product([list("abcde"), range(8), range(6)], names=["method", "image", "rater"])
    quality = np.linspace(1.5, 4.5, 5)[:, None, None] + source.normal(0, 0.4, (5, 8, 1))
    score = np.clip(np.rint(quality + source.normal(0, 0.6, (5, 8, 6))), 1, 5)
    ratings = pd.DataFrame({"score": score.ravel()}, index=cells).reset_index().assign(dataset="d")
    ratings = ratings.astype({"image": str, "rater": str})
    scores = _scored(ratings, seed)
    return scores[(scores["method"] != "c") | (scores["image"] != "4")], ratings


def test_correlations_within_and_across_images_are_means_of_scipys() -> None:
    scores, ratings = _grid()
    table = scores.merge(ratings.groupby(["image", "method"], as_index=False)["score"].mean())
    fitted = logistic.fit(table["value"].to_numpy(), table["score"].to_numpy())
    table["fitted"] = fitted(table["value"].to_numpy())
    found = image_agreement(scores, ratings).set_index("kind")
    for kind, group in (("within", "image"), ("across", "method")):
        parts = [part for _, part in table.groupby(group)]
        expected = {
            "plcc": np.mean([np.corrcoef(part["fitted"], part["score"])[0, 1] for part in parts]),
            "srcc": np.mean([scipy_stats.spearmanr(part["value"], part["score"]).statistic for part in parts]),
            "krcc": np.mean([scipy_stats.kendalltau(part["value"], part["score"]).statistic for part in parts]),
        }
        assert found.loc[kind, list(expected)].tolist() == pytest.approx(list(expected.values()), abs=1e-9)
        assert found.loc[kind, ["groups", "undefined"]].tolist() == [len(parts), 0]
        assert (found.loc[kind, "srcc_low"] < found.loc[kind, "srcc"] < found.loc[kind, "srcc_high"]).all()


@pytest.mark.parametrize("kind", ["within", "across"])
def test_what_is_left_out_one_by_one_is_what_the_others_give(kind) -> None:
    scores, ratings = _grid()
    whole = stats.stimuli(scores, ratings)[0]
    found, _, _ = grouped(whole, whole.value, kind)
    for image in range(8):
        other = stats.stimuli(scores[scores["image"] != str(image)], ratings)[0]
        expected, _, _ = grouped(other, other.value, kind)
        assert [found[name].images[image] for name in found] == pytest.approx(
            [expected[name].value for name in expected], abs=1e-9
        )
    for rater in range(6):
        other = stats.stimuli(scores, ratings[ratings["rater"] != str(rater)])[0]
        expected, _, _ = grouped(other, other.value, kind)
        assert [found[name].raters[rater] for name in found] == pytest.approx(
            [expected[name].value for name in expected], abs=1e-9
        )


def test_images_on_which_nothing_differs_are_counted_and_left_out() -> None:
    scores, ratings = _grid()
    flat = ratings.assign(score=ratings["score"].where(ratings["image"] != "2", 3.0))
    row = image_agreement(scores, flat).set_index("kind").loc["within"]
    assert (row["groups"], row["undefined"]) == (8, 1)
    rest = image_agreement(scores[scores["image"] != "2"], flat).set_index("kind").loc["within"]
    assert row["srcc"] == pytest.approx(rest["srcc"])


def test_a_metric_that_is_wrong_inside_images_and_not_across_them_shows_both() -> None:
    _, ratings = _grid()
    mos = ratings.groupby(["image", "method"], as_index=False)["score"].mean()
    level = mos.groupby("image")["score"].transform("mean")
    turned = mos.assign(value=20 * level - mos["score"], metric="odd", dataset="d")[COLUMNS]
    found = image_agreement(turned, ratings).set_index("kind")
    assert found.loc["within", "srcc"] == pytest.approx(-1.0)
    assert found.loc["across", "srcc"] > 0.0


def test_a_metric_is_closer_to_people_than_another_only_where_the_interval_says_so() -> None:
    scores, ratings = _grid()
    noise = np.random.default_rng(5).normal(0, 1, len(scores))
    bad = scores.assign(metric="bad", value=noise)
    less = scores.assign(metric="less", value=-scores["value"])
    table = metric_contrasts(pd.concat([scores, bad, less]), ratings, lower_is_better=["less"])
    by_pair = table.set_index(["a", "b"])
    assert by_pair.loc[("bad", "psnr"), "differs"]
    assert by_pair.loc[("bad", "psnr"), "high"] < 0
    assert by_pair.loc[("less", "psnr"), "difference"] == pytest.approx(0.0)
    assert not by_pair.loc[("less", "psnr"), "differs"]


def test_intervals_speak_of_other_raters_too() -> None:
    scores, ratings = _grid()
    found = pooled(stats.stimuli(scores, ratings)[0], scores["value"].to_numpy())["srcc"]
    alone = Estimate(found.value, found.images, np.empty(0))
    assert found.error()[0] > alone.error()[0]


def test_the_band_of_the_curve_covers_the_true_curve() -> None:
    source, inside = np.random.default_rng(8), 0
    at = np.array([24.0, 30.0, 36.0])
    for _ in range(80):
        image = np.repeat(np.arange(30), 6)
        x = source.uniform(20, 40, 180)
        y = 3 + 1.8 * np.tanh((x - 30) / 4) + source.normal(0, 0.2, 30)[image] + source.normal(0, 0.2, 180)
        mapping = logistic.fit(x, y)
        half = logistic.band(mapping, x, y, image, at)
        inside += np.abs(mapping(at) - 3 - 1.8 * np.tanh((at - 30) / 4)) <= half
    assert (inside / 80 >= 0.88).all()
