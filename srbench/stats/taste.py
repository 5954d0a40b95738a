"""Where opinion scores vary, and whether raters differ in taste beyond what their use of the scale explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from srbench.errors import StatisticsError
from srbench.stats import linear_mixed, ordinal
from srbench.stats.crossed import estimable
from srbench.stats.linear_mixed import LinearMixed
from srbench.stats.ordinal import Ordinal
from srbench.stats.rating_scale import RatingScale
from srbench.stats.tables import CheckedRatings, RatingTable, checked_ratings

TASTE = "method:rater"


@dataclass(frozen=True, slots=True)
class Models:
    """The mixed models of one data set.

    Attributes:
        dataset: Its name.
        raters: Number of raters.
        images: Number of images.
        ordinal: The ordinal model; None where it cannot be fitted.
        linear: The linear one; None where it cannot be fitted.
        p_taste: p of the likelihood-ratio test of method x rater in an ordinal model in which raters have a spread and
            a width of their own (`ordinal.effect_p`); NaN where it is not defined.
        note: What a reader must know; empty otherwise.
    """

    dataset: str
    raters: int
    images: int
    ordinal: Ordinal | None
    linear: LinearMixed | None
    p_taste: float
    note: str


def mixed_models(ratings: RatingTable) -> list[Models]:
    """Fit both mixed models to every data set, once for all that is made of them.

    Effects that a design cannot tell apart (an image that each rater sees in one version, say) are left out, and
    the note names them.
    """
    checked = checked_ratings(ratings)
    parts = checked.first.groupby("dataset")
    return [_models(str(name), part.reset_index(drop=True), checked.scale) for name, part in parts]


def _models(dataset: str, frame: pd.DataFrame, scale: RatingScale) -> Models:
    methods, raters, images = (int(frame[name].nunique()) for name in ("method", "rater", "image"))
    nan, notes = float("nan"), []
    if min(methods, raters, images) < 2:
        short = f"Mixed models need two methods, raters and images; found {methods}, {raters} and {images}."
        return Models(dataset, raters, images, None, None, nan, short)
    checked = CheckedRatings(frame, frame, (), (), scale)
    usable = estimable(frame, linear_mixed.EFFECTS)
    if lost := [name for name in linear_mixed.EFFECTS if name not in usable]:
        notes.append(f"Cannot be told from the rest in this design: {', '.join(lost)}.")
    of_ordinal, of_linear, p = None, None, nan
    try:
        of_linear = linear_mixed.linear_mixed_model(checked, effects=usable)
        of_ordinal = ordinal.ordinal_model(checked, effects=[name for name in ordinal.EFFECTS if name in usable])
        if TASTE in of_ordinal.sds:
            p = ordinal.effect_p(checked, TASTE, effects=list(of_ordinal.sds), start=of_ordinal)
    except StatisticsError as error:
        notes.append(str(error))
    return Models(dataset, raters, images, of_ordinal, of_linear, p, " ".join(notes))


def taste(models: RatingTable | list[Models]) -> pd.DataFrame:
    """Return the standard deviations of all effects per data set, and whether raters differ in taste.

    The deviations are those of the linear mixed model, in points of the scale. In points, a severe rater and a
    lenient one differ less where the scale ends, and who uses a narrow part of it differs less everywhere, which looks
    like taste; so taste is tested in an ordinal model whose thresholds are the ends of the scale and lie further apart
    for some raters than for others. Raters who differ in taste make Wilcoxon's test on image means reject too often:
    it treats the raters as given. The crossed interval does not suffer from this.

    Args:
        models: From `mixed_models`, or ratings.

    Returns:
        One row per data set: dataset, raters, images, sd_image, sd_rater, sd_method_image, sd_method_rater,
        sd_rater_image, sd_rest, p (see `Models.p_taste`), differs (p < 0.05), note. Figures that are not defined are
        NaN, and the note says why.
    """
    fitted = models if isinstance(models, list) else mixed_models(models)
    return pd.DataFrame([_row(each) for each in fitted])


def _row(models: Models) -> dict[str, object]:
    sds = {} if models.linear is None else models.linear.sds
    named = {f"sd_{name.replace(':', '_')}": sds.get(name, np.nan) for name in (*linear_mixed.EFFECTS, "rest")}
    return {
        "dataset": models.dataset, "raters": models.raters, "images": models.images, **named, "p": models.p_taste,
        "differs": bool(models.p_taste < 0.05), "note": models.note,
    }  # fmt: skip
