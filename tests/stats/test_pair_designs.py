"""The model of pairs on small studies: few trials a rater, methods that always win, none or nearly only ties."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy import special

from srbench import stats

ALL = ("method:rater", "method:image", "rater")


def small_study(
    seed: int,
    *,
    raters: int,
    trials: int,
    spread: float = 1.0,
    tie: float = 0.0,
    wins: bool = False,
    taste: float = 0.3,
) -> pd.DataFrame:
    """Return comparisons of six methods on ten images, each rater's drawn from all of them.

    Args:
        seed: Of the draw.
        raters: Number of raters.
        trials: Comparisons of each.
        spread: Half the latent distance from the worst method to the best.
        tie: Latent differences below it are no preference.
        wins: Whether the last method always wins.
        taste: Standard deviation of the taste of raters, and of what suits an image.
    """
    source = np.random.default_rng(seed)
    quality = np.linspace(-spread, spread, 6) + np.array([0, 0, 0, 0, 0, 50.0 * wins])
    own, suit = (taste * source.standard_normal((size, 6)) for size in (raters, 10))
    cells = [(*pair, image) for pair in combinations(range(6), 2) for image in range(10)]
    rows = []
    for rater in range(raters):
        for place in source.choice(len(cells), trials, replace=False):
            *pair, image = cells[place]
            left, right = source.permutation(pair)
            latent = quality + own[rater] + suit[image]
            difference = latent[left] - latent[right] + source.standard_normal()
            score = 1.5 if abs(difference) < tie else 1.0 if difference > 0 else 2.0
            rows.append((f"r{rater}", "d", f"i{image}", f"m{left}", f"m{right}", score))
    return pd.DataFrame(rows, columns=["rater", "dataset", "image", "left", "right", "score"])


@pytest.mark.parametrize(
    ("raters", "trials", "spread", "tie", "wins"),
    [
        (12, 10, 0.0, 2.0, False),  # 110 of 120 are ties: the random effects grew without end
        (3, 10, 0.0, 2.0, False),  # 25 of 30
        *product((3,), (15,), (3.0,), (0.3,), (False, True)),
        *product((12,), (10,), (3.0,), (0.0, 0.3), (True,)),
        (12, 12, 1.0, 0.0, False),
        (4, 8, 1.0, 0.0, True),
    ],
)
def test_small_studies_have_a_finite_answer(raters: int, trials: int, spread: float, tie: float, wins: bool) -> None:
    study = small_study(2, raters=raters, trials=trials, spread=spread, tie=tie, wins=wins)
    for link, effects in (("probit", ()), ("probit", ALL), ("logit", None)):
        model = stats.pair_model(study, link=link, effects=effects)  # type: ignore[arg-type]
        table = model.contrasts()
        assert np.isfinite(table[["estimate", "error", "low", "high"]].to_numpy()).all()
        assert table["error"].between(0.01, 10.0).all()
        assert (table["estimate"].abs() < 20.0).all()
        assert max(model.sds.values(), default=0.0) < 3.0
        best = model.quality().set_index("method")["quality"].idxmax()
        assert not wins or best == "m5"


def test_a_method_that_always_wins_is_the_best_and_has_the_widest_intervals() -> None:
    table = stats.pair_model(small_study(1, raters=12, trials=15, wins=True)).contrasts()
    winner = table["b"] == "m5"
    assert table[winner]["error"].min() > table[~winner]["error"].max()
    assert (table[winner]["estimate"] < -2.0).all()
    assert table[winner & table["a"].isin(["m0", "m1", "m2"])]["differs"].all()


def test_intervals_of_small_studies_hold_the_truth_as_often_as_they_say() -> None:
    truth = np.linspace(-1, 1, 6) / special.ndtri(0.75)
    held = 0
    for seed in range(20):
        study = small_study(seed, raters=12, trials=12, taste=0.0)
        table = stats.pair_model(study, effects=()).contrasts()
        expected = [truth[int(a[1])] - truth[int(b[1])] for a, b in zip(table["a"], table["b"], strict=True)]
        held += int(table["low"].lt(expected).all() and table["high"].gt(expected).all())
    assert held >= 16  # 19 of 20 are wanted; fewer than 16 come by chance in less than one of 300 draws
