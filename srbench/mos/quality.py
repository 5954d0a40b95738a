"""What the answers so far say of each rater: speed, missed checks, rules of screening; nothing about any method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srbench import stats
from srbench.stats.screening import ENOUGH

if TYPE_CHECKING:
    import pandas as pd

    from srbench.mos.store.analyst import AnalystStore
    from srbench.mos.store.definitions import Settings

CHECKS = "checks"
"""The flag of a rater who answered more gold and trap trials wrongly than the study allows."""

_WHILE_RATING = tuple(rule for rule in stats.RULES if rule != "incomplete")  # nobody is complete before the end
COLUMNS = ["rater", "answers", "seconds", "missed", "checked", "flags"]


def meanings(settings: Settings) -> dict[str, str]:
    """Return the flags that raters of a study can have, and what each of them says."""
    found = {} if settings.compares else {rule: text for rule, text in stats.rules().items() if rule in _WHILE_RATING}
    if settings.gold or settings.traps:
        found[CHECKS] = f"more than {settings.allowed_misses} of the gold and trap trials answered wrongly"
    return found


def quality(analyst: AnalystStore, study: str) -> pd.DataFrame:
    """Return what the answers so far say of each rater, practice left out.

    The rules are those of `stats.screening`, over all raters with ten stimuli or more; with fewer they say nothing yet.
    Comparisons of pairs have no scores that rules could look at.

    Args:
        analyst: Where the answers are.
        study: Name of the study.

    Returns:
        One row per rater who has answered: rater (code), answers, seconds (median of an answer), missed (gold and trap
        trials answered wrongly), checked (answered ones), flags (tuple of names, see `meanings`).

    Raises:
        StudyError: The study is unknown.
    """
    settings = analyst.study(study).settings
    answers = analyst.results(study)
    checks = analyst.checks(study)
    checks = checks[checks["purpose"].isin(["gold", "trap"])]
    by_rater = answers.groupby("rater")["seconds"]
    table = by_rater.agg(answers="count", seconds="median").reset_index()
    wrong = checks.groupby("rater")["right"].agg(missed=lambda right: int((~right).sum()), checked="count")
    counted = wrong.reindex(table["rater"], fill_value=0).reset_index(drop=True).astype(int)
    table = table.join(counted)
    flagged = {} if settings.compares else _by_rules(answers)
    table["flags"] = [
        flagged.get(str(rater), ()) + ((CHECKS,) if missed > settings.allowed_misses else ())
        for rater, missed in zip(table["rater"], table["missed"].astype(int), strict=True)
    ]
    return table[COLUMNS]


def _by_rules(ratings: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    stimuli = ratings[ratings["repeat"] == 0].groupby("rater").size()
    enough = stimuli.index[stimuli >= ENOUGH]
    if enough.empty:
        return {}
    found = stats.screening(ratings[ratings["rater"].isin(enough)]).set_index("rater")
    return {str(rater): tuple(rule for rule in _WHILE_RATING if row[rule]) for rater, row in found.iterrows()}
