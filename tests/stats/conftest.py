"""Small studies with known effects, drawn from a fixed seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

Draw = Callable[..., pd.DataFrame]


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
