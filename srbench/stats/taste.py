"""Where opinion scores vary: images, raters, and how much raters differ in which methods they like."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from srbench.stats.tables import Array, Cube, RatingTable, cubes


def taste(ratings: RatingTable) -> pd.DataFrame:
    """Estimate the variance components of methods x raters x images, per data set.

    Raters who differ in taste (method x rater) make Wilcoxon's test on image means reject too often: it
    treats the raters as given. The crossed interval does not suffer from this.

    Returns:
        One row per data set: dataset, raters, images (those that entered: all cells filled), sd_image,
        sd_rater, sd_method_image, sd_method_rater, sd_rest, p (F test of method x rater against the rest),
        differs (p < 0.05), note. Figures that are not defined are NaN, and the note says why.
    """
    return pd.DataFrame([_row(cube) for cube in cubes(ratings)])


def _row(cube: Cube) -> dict[str, object]:
    values, note = _complete(cube)
    m, r, i = values.shape
    nan = float("nan")
    row: dict[str, object] = {"dataset": cube.dataset, "raters": r, "images": i}
    names = ("sd_image", "sd_rater", "sd_method_image", "sd_method_rater", "sd_rest")
    if min(m, r, i) < 2:
        short = f"Needs two methods, raters and images without empty cells; found {m}, {r} and {i}."
        return row | dict.fromkeys(names, nan) | {"p": nan, "differs": False, "note": f"{note} {short}".strip()}
    squares = _mean_squares(values)
    rest = squares["rest"]
    components = (
        (squares["image"] - squares["method_image"] - squares["rater_image"] + rest) / (m * r),
        (squares["rater"] - squares["method_rater"] - squares["rater_image"] + rest) / (m * i),
        (squares["method_image"] - rest) / r,
        (squares["method_rater"] - rest) / i,
        rest,
    )
    sds = {name: float(np.sqrt(max(0.0, part))) for name, part in zip(names, components, strict=True)}
    p = nan
    if rest > 1e-20:
        freedom = ((m - 1) * (r - 1), (m - 1) * (r - 1) * (i - 1))
        p = float(scipy_stats.f.sf(squares["method_rater"] / rest, *freedom))
    return row | sds | {"p": p, "differs": bool(p < 0.05), "note": note}


def _complete(cube: Cube) -> tuple[Array, str]:
    """Drop the raters with gaps, or the images with gaps where that keeps more cells."""
    empty = np.isnan(cube.cells)
    if not empty.any():
        return cube.cells, ""
    raters, images = ~empty.any(axis=(0, 2)), ~empty.any(axis=(0, 1))
    if raters.sum() * len(cube.images) >= images.sum() * len(cube.raters):
        return cube.cells[:, raters], f"{int((~raters).sum())} raters with empty cells do not enter."
    return cube.cells[:, :, images], f"{int((~images).sum())} images with empty cells do not enter."


def _mean_squares(values: Array) -> dict[str, float]:
    m, r, i = values.shape
    grand = values.mean()
    method, rater, image = (values.mean(axis=axes) - grand for axes in ((1, 2), (0, 2), (0, 1)))
    method_rater = values.mean(axis=2) - grand - method[:, None] - rater
    method_image = values.mean(axis=1) - grand - method[:, None] - image
    rater_image = values.mean(axis=0) - grand - rater[:, None] - image
    rest = (
        values - grand - method[:, None, None] - rater[:, None] - image
        - method_rater[:, :, None] - method_image[:, None] - rater_image
    )  # fmt: skip
    return {
        "rater": m * i * float((rater**2).sum()) / (r - 1),
        "image": m * r * float((image**2).sum()) / (i - 1),
        "method_rater": i * float((method_rater**2).sum()) / ((m - 1) * (r - 1)),
        "method_image": r * float((method_image**2).sum()) / ((m - 1) * (i - 1)),
        "rater_image": m * float((rater_image**2).sum()) / ((r - 1) * (i - 1)),
        "rest": float((rest**2).sum()) / ((m - 1) * (r - 1) * (i - 1)),
    }
