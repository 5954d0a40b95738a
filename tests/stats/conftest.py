"""Small studies with known effects, drawn from a fixed seed."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

Draw = Callable[..., pd.DataFrame]
GOLDEN = Path(__file__).parent / "golden"
SCORE_COLUMNS = ["dataset", "image", "method", "metric", "value"]


def draw_study(
    means: dict[str, float],
    *,
    raters: int = 8,
    images: int = 12,
    dataset: str = "set14",
    seed: int = 0,
    method_image: float = 0.3,
    method_rater: float = 0.0,
    noise: float = 0.7,
) -> pd.DataFrame:
    """Return whole scores 1..5 with crossed effects of images and raters around `means`."""
    source = np.random.default_rng(seed)
    m = len(means)
    scores = (
        np.array(list(means.values()))[:, None, None]
        + source.normal(0, 0.3, (1, raters, 1))
        + source.normal(0, 0.3, (1, 1, images))
        + source.normal(0, method_image, (m, 1, images))
        + source.normal(0, method_rater, (m, raters, 1))
        + source.normal(0, noise, (m, raters, images))
    )
    whole = np.clip(np.rint(scores), 1, 5)
    names: Sequence[str] = list(means)
    rows = [
        ("s", f"r{r:02d}", r * 1000 + k, dataset, f"img_{i:03d}", names[k], 0, whole[k, r, i], 2.0)
        for k in range(m)
        for r in range(raters)
        for i in range(images)
    ]
    columns = ["study", "rater", "trial", "dataset", "image", "method", "repeat", "score", "seconds"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture(scope="session")
def draw() -> Draw:
    return draw_study


@pytest.fixture
def ratings() -> pd.DataFrame:
    return draw_study({"bicubic": 1.8, "srcnn": 2.3, "srgan": 3.7})


@pytest.fixture(scope="session")
def sample(golden: Path) -> np.ndarray:
    """79 stimuli x 26 raters of a real study."""
    return np.loadtxt(golden / "mos" / "bt500_p910_sample_ratings.csv", delimiter=",")


def random_panel(seed: int, shape: tuple[int, int] = (30, 7)) -> np.ndarray:
    """Return scores of stimuli x raters."""
    source = np.random.default_rng(seed)
    return np.clip(np.rint(source.uniform(1, 5, (shape[0], 1)) + source.normal(0, 0.8, shape)), 1, 5)


def by_sureal(scores: np.ndarray, model: str, **options: object) -> dict[str, Any]:
    """Return what a model of sureal makes of scores of stimuli x raters."""
    from sureal import subjective_model
    from sureal.dataset_reader import RawDatasetReader
    from sureal.tools.misc import empty_object

    dataset = empty_object()
    dataset.dataset_name, dataset.yuv_fmt, dataset.width, dataset.height = "x", "yuv420p", 1, 1
    dataset.ref_videos = [{"content_id": 0, "content_name": "c", "path": "r"}]
    dataset.dis_videos = [
        {"content_id": 0, "asset_id": j, "path": f"d{j}", "os": row.tolist()} for j, row in enumerate(scores)
    ]
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(invalid="ignore", divide="ignore"):
        return getattr(subjective_model, model)(RawDatasetReader(dataset)).run_modeling(**options)


def simulated(name: str) -> pd.DataFrame:
    """Return one of the studies that R's models were fitted to."""
    return pd.read_csv(GOLDEN / f"{name}.csv").assign(dataset="golden")


def scored(ratings: pd.DataFrame, seed: int = 0, metric: str = "psnr") -> pd.DataFrame:
    """Return the scores of a metric that follows the opinions with some noise."""
    mos = ratings.groupby(["dataset", "image", "method"], as_index=False)["score"].mean()
    noise = np.random.default_rng(seed).normal(0, 1, len(mos))
    return mos.assign(metric=metric, value=25 + 2 * mos["score"] + noise)[SCORE_COLUMNS]


def score_grid(seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return scores and ratings of 5 methods on 8 images by 6 raters, one stimulus missing."""
    source = np.random.default_rng(seed)
    cells = pd.MultiIndex.from_product([list("abcde"), range(8), range(6)], names=["method", "image", "rater"])
    quality = np.linspace(1.5, 4.5, 5)[:, None, None] + source.normal(0, 0.4, (5, 8, 1))
    score = np.clip(np.rint(quality + source.normal(0, 0.6, (5, 8, 6))), 1, 5)
    ratings = pd.DataFrame({"score": score.ravel()}, index=cells).reset_index().assign(dataset="d")
    ratings = ratings.astype({"image": str, "rater": str})
    scores = scored(ratings, seed)
    return scores[(scores["method"] != "c") | (scores["image"] != "4")], ratings
