from __future__ import annotations

import numpy as np
import pytest

from srbench import paper
from srbench.errors import StudyError
from srbench.mos.design import simulation as simulate
from srbench.mos.design.simulation import Spread
from srbench.mos.store.definitions import SYNTHETIC
from srbench.mos.store.rows import RATING_COLUMNS


def test_simulated_means_are_those_that_were_asked_for() -> None:
    wanted = [1.11, 2.0, 3.56, 4.46]
    source = np.random.default_rng(0)
    spread = Spread()
    drawn = np.mean([simulate.draw(wanted, 60, 60, spread, source).mean(axis=(1, 2)) for _ in range(40)], axis=0)
    assert drawn == pytest.approx(wanted, abs=0.05)


def test_simulated_scores_are_whole_and_on_the_scale() -> None:
    scores = simulate.draw([1.05, 4.95], 30, 30, Spread(), np.random.default_rng(1))
    assert set(np.unique(scores)) <= {1.0, 2.0, 3.0, 4.0, 5.0}


def test_effects_of_raters_and_pictures_are_crossed() -> None:
    spread = Spread(image=0.8, rater=0.8, method_image=0.01, method_rater=0.01, rest=0.01)
    scores = simulate.draw([3.0, 3.0], 40, 40, spread, np.random.default_rng(2))
    assert np.corrcoef(scores[0].mean(axis=0), scores[1].mean(axis=0))[0, 1] > 0.98
    assert np.corrcoef(scores[0].mean(axis=1), scores[1].mean(axis=1))[0, 1] > 0.98


@pytest.mark.parametrize("mean", [1.0, 5.0, 0.0, float("nan")])
def test_a_mean_that_no_ratings_can_have_is_refused(mean: float) -> None:
    with pytest.raises(StudyError, match="between 1 and 5"):
        simulate.latent_mean(mean, 1.0)


def test_a_synthetic_study_has_the_papers_size_and_means_and_says_what_it_is() -> None:
    ratings = simulate.paper_study(seed=3)
    assert list(ratings.columns) == RATING_COLUMNS
    assert len(ratings) == paper.RATINGS
    assert all(ratings[name].str.startswith(SYNTHETIC).all() for name in ("study", "rater", "image"))
    means = ratings.groupby(["dataset", "method"])["score"].mean()
    assert max(abs(means[key] - mos) for key, mos in paper.mos().items()) < 0.6
    large = means.loc["bsd100"]
    assert max(abs(large[m] - paper.mos()["bsd100", m]) for m in paper.versions("bsd100")) < 0.25
    assert (ratings.groupby("rater")["trial"].apply(sorted).map(lambda t: t == list(range(1, 1129)))).all()
    assert simulate.paper_study(seed=3).equals(ratings)
