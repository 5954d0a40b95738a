"""What leaving raters out would change: opinion scores, and which methods are told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from srbench.errors import StatisticsError
from srbench.stats.comparison import compare
from srbench.stats.tables import CheckedRatings, RatingTable, checked_ratings, restricted

KEYS = ["dataset", "a", "b"]


def without(ratings: RatingTable, raters: Sequence[str]) -> CheckedRatings:
    """Return the ratings of all other raters.

    Raises:
        StatisticsError: Nobody would be left.
    """
    left = restricted(checked_ratings(ratings), lambda frame: ~frame["rater"].astype(str).isin(list(raters)))
    if left.every.empty:
        raise StatisticsError(f"Without {len(raters)} raters no rating is left. Keep somebody.")
    return left


def exclusions(ratings: RatingTable, out: Mapping[str, Sequence[str]], *, alpha: float = 0.05) -> pd.DataFrame:
    """Return what leaving raters out would change, for several reasons to do so.

    Args:
        ratings: See `check_ratings`.
        out: Raters to leave out, by the reason; a reason without raters has no row.
        alpha: Level of the comparisons.

    Returns:
        One row per reason: reason, raters (a tuple of names), left (how many stay), mos_change (the largest change of a
        mean opinion score, with its sign), dataset and method (of that change), pairs (compared with all raters), lost
        (how many of them are called different with all raters only), gained (without these only). Nobody left: NaN
        and 0.
    """
    checked = checked_ratings(ratings)
    everybody = set(checked.first["rater"].astype(str))
    before = _decided(checked, alpha)
    rows = []
    found: dict[frozenset[str], dict[str, object]] = {}
    for reason, names in out.items():
        gone = frozenset(map(str, names))
        if not gone:
            continue
        if gone not in found:
            found[gone] = _change(checked, gone, before, alpha) if everybody - gone else _nothing()
        rows.append({"reason": reason, "raters": tuple(sorted(gone)), "left": len(everybody - gone), **found[gone]})
    return pd.DataFrame(rows)


def _decided(checked: CheckedRatings, alpha: float) -> pd.Series[bool]:
    if checked.first["method"].nunique() < 2:
        return pd.Series(dtype=bool)
    table = compare(checked, alpha=alpha)
    decided: pd.Series[bool] = table[table["n"] > 0].set_index(KEYS)["significant"]
    return decided


def _change(checked: CheckedRatings, gone: frozenset[str], before: pd.Series[bool], alpha: float) -> dict[str, object]:
    kept = without(checked, sorted(gone))
    means = [part.first.groupby(["dataset", "method"])["score"].mean() for part in (checked, kept)]
    change = (means[1] - means[0]).dropna()
    place: tuple[str, str] = change.index[int(change.abs().argmax())]
    after = _decided(kept, alpha).reindex(before.index, fill_value=False).to_numpy(dtype=bool)
    was = before.to_numpy(dtype=bool)
    return {
        "mos_change": float(change.loc[place]), "dataset": place[0], "method": place[1], "pairs": was.size,
        "lost": int((was & ~after).sum()), "gained": int((after & ~was).sum()),
    }  # fmt: skip


def _nothing() -> dict[str, object]:
    return {"mos_change": np.nan, "dataset": "", "method": "", "pairs": 0, "lost": 0, "gained": 0}
