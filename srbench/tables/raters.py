"""The tables of raters: agreement, screening, gold versions, calibration, taste and retest."""

from __future__ import annotations

import pandas as pd

from srbench.tables.names import Names, lines
from srbench.tables.numbers import number, p_text, span
from srbench.tables.table import Table, TableCell, cells


def reliability_table(reliability: pd.DataFrame, names: Names) -> Table:
    """Return how far raters agree, from `stats.reliability`."""
    rows, notes = [], []
    for row in lines(reliability):
        title = names.dataset(str(row.dataset))
        rows.append(
            cells(
                title,
                str(row.raters),
                str(row.stimuli),
                f"{number(row.icc_a1)} {span(row.icc_a1_low, row.icc_a1_high)}",
                f"{number(row.icc_ak, 3)} {span(row.icc_ak_low, row.icc_ak_high, 3)}",
                number(row.alpha),
            )
        )
        notes += [f"{title}: {row.note}"] if row.note else []
    head = ["Set", "Raters", "Stimuli", "ICC(A,1)", "ICC(A,k)", "Krippendorff's alpha"]
    notes.insert(0, "ICC(A,1): one rating; ICC(A,k): the mean of all raters; alpha: ordinal. 95 % intervals.")
    return Table("reliability", "Agreement between raters", head, rows, notes=notes)


def retest_table(retest: pd.DataFrame, names: Names) -> Table:
    """Return what raters said of the same stimulus twice, from `stats.retest`."""
    rows, notes = [], []
    for row in lines(retest):
        title = names.dataset(str(row.dataset))
        rows.append(
            cells(
                title,
                str(row.n),
                f"{number(row.mean_difference, sign=True)} {span(row.low, row.high, sign=True)}",
                number(row.sd_difference),
                f"{100 * row.same:.0f} %",
                f"{number(row.icc_a1)} {span(row.icc_a1_low, row.icc_a1_high)}",
                number(row.kappa),
                p_text(row.p),
                p_text(row.p_equivalence),
                "yes" if row.equivalent else "no",
            )
        )
        notes += [f"{title}: {row.note}"] if row.note else []
    margin = float(retest["margin"].iloc[0])
    notes.insert(
        0,
        f"Second minus first showing. Equivalent: both one-sided tests reject a shift of {margin:g} or more. "
        "A large Wilcoxon p alone is no evidence of reliability.",
    )
    head = [
        "Set", "Pairs", "Mean difference", "sd", "Same score", "ICC(A,1)", "Weighted kappa", "Wilcoxon p", "TOST p",
        "Equivalent",
    ]  # fmt: skip
    return Table("retest", "The same stimulus shown twice", head, rows, notes=notes)


def taste_table(taste: pd.DataFrame, names: Names) -> Table:
    """Return where opinion scores vary, from `stats.taste`."""
    rows, notes = [], []
    for row in lines(taste):
        title = names.dataset(str(row.dataset))
        spreads = (row.sd_image, row.sd_rater, row.sd_method_image, row.sd_method_rater, row.sd_rest)
        rows.append(cells(title, *(number(value) for value in spreads), p_text(row.p)))
        notes += [f"{title}: {row.note}"] if row.note else []
    head = ["Set", "Image", "Rater", "Method x image", "Method x rater", "Rest", "p (method x rater)"]
    notes.insert(0, "Standard deviations of crossed random effects. Method x rater is taste: who likes which method.")
    return Table("taste", "Where opinion scores vary", head, rows, notes=notes)


def rater_table(screening: pd.DataFrame) -> Table:
    """Return every rater, from `stats.screening`."""
    rows = [
        [
            *cells(
                str(row.rater),
                str(row.n),
                number(row.mean),
                number(row.bias, sign=True),
                number(row.inconsistency),
                f"{100 * row.share:.1f} %",
                number(row.balance),
            ),
            TableCell("flagged" if row.flagged else "no", bold=bool(row.flagged)),
        ]
        for row in lines(screening)
    ]
    head = ["Rater", "Ratings", "Mean", "Bias", "Inconsistency", "Deviant scores", "Balance", "BT.500"]
    explained = (
        "Bias and inconsistency: maximum-likelihood model of ITU-T P.910. Deviant scores, balance and flag: screening "
        "of ITU-R BT.500. Both are shown side by side; nobody was left out."
    )
    notes = [explained, *sorted(set(screening["note"]) - {""})]
    return Table("raters", "Raters", head, rows, notes=notes)


def gold_table(gold: pd.DataFrame, names: Names) -> Table:
    """Return the versions whose score is known, from `stats.gold`."""
    rows = []
    for method, part in gold.groupby("method"):
        off = ", ".join(map(str, part.loc[part["off"], "rater"])) or "nobody"
        title = names.method(str(method))
        rows.append(
            cells(title, number(float(part["expected"].iloc[0]), 0), number(float(part["median"].iloc[0])), off)
        )
    head = ["Version", "Expected", "Median of raters", "More than one step off"]
    return Table("gold", "Versions whose score is known", head, rows)


def calibration_table(calibration: pd.DataFrame) -> Table:
    """Return how calibration went: the columns of a store as they are."""
    head = [str(name).replace("_", " ").capitalize() for name in calibration.columns]
    rows = [
        [TableCell(f"{value:g}" if isinstance(value, float) else str(value)) for value in row]
        for row in calibration.itertuples(index=False)
    ]
    return Table("calibration", "Calibration before rating", head, rows)
