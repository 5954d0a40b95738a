"""The tables of raters: agreement, screening, gold versions, calibration, taste and retest."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from srbench.stats import RULES, Models, RatingScale
from srbench.stats import rules as screening_rules
from srbench.tables.names import Names, lines
from srbench.tables.numbers import DASH, number, p_text, span
from srbench.tables.table import Table, TableCell, cells, group_rules


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
        spreads = (
            row.sd_image, row.sd_rater, row.sd_method_image, row.sd_method_rater, row.sd_rater_image, row.sd_rest
        )  # fmt: skip
        rows.append(cells(title, *(number(value) for value in spreads), p_text(row.p)))
        notes += [f"{title}: {row.note}"] if row.note else []
    head = ["Set", "Image", "Rater", "Method x image", "Method x rater", "Rater x image", "Rest", "p (taste)"]
    notes.insert(
        0,
        "Standard deviations of crossed random effects in points (linear mixed model, REML). Method x rater holds "
        "taste, and what raters' own use of the scale makes of severity; p (taste): likelihood-ratio test of method x "
        "rater in an ordinal model that gives every rater a spread of answers and a width of the scale. Taste that is "
        "small or of few raters is not found: a large p does not say that there is none.",
    )
    return Table("taste", "Where opinion scores vary", head, rows, notes=notes)


def ordinal_table(models: Sequence[Models], names: Names) -> Table:
    """Return the latent quality of every version, and the scores that it gets, from `stats.mixed_models`."""
    rows: list[list[TableCell]] = []
    scores = sorted({score for each in models if each.ordinal is not None for score in each.ordinal.scores})
    for each in models:
        if each.ordinal is None:
            continue
        found = each.ordinal.quality().merge(each.ordinal.distributions(), on="method")
        by_method = {str(row["method"]): row for row in found.to_dict("records")}
        for method in (name for name in names.methods if name in by_method):
            row = by_method[method]
            shares = [100 * float(row.get(f"{score:g}", 0.0)) for score in scores]
            texts = (
                f"{number(row['quality'], sign=True)} {span(row['low'], row['high'], sign=True)}",
                *(number(share, 0) for share in shares),
                number(row["mean"]),
            )
            rows.append(cells(names.dataset(each.dataset), names.method(method), *texts))
    note = (
        "Cumulative logit model with random effects of raters, images, method x rater and method x image (Laplace's "
        "approximation). Quality: on the latent scale, against the mean of all versions of the set, with 95 % "
        "intervals that hold for all versions at once. Shares: how a new rater is expected to score a new image, "
        "in percent, and the mean of these scores."
    )
    head = ["Set", "Version", "Quality", *(f"{score:g}" for score in scores), "Mean"]
    return Table("ordinal", "Ordinal model", head, rows, group_rules(rows), [note], 2)


def rater_table(screening: pd.DataFrame, scale: RatingScale) -> Table:
    """Return every rater, from `stats.screening`; `scale` is what raters could answer."""
    rows = [
        [
            *cells(
                str(row.rater),
                str(row.n),
                number(row.mean),
                number(row.bias, sign=True),
                number(row.inconsistency),
                number(row.correlation),
                f"{100 * row.share:.1f} %",
                f"{100 * row.same:.0f} %",
                number(row.seconds, 1),
                number(row.repeats),
            ),
            TableCell(", ".join(rule for rule in RULES if getattr(row, rule)) or DASH, bold=bool(row.flagged)),
        ]
        for row in lines(screening)
    ]
    head = [
        "Rater", "Ratings", "Mean", "Bias", "Inconsistency", "Correlation", "Deviant scores", "Most frequent score",
        "Seconds", "Repeats differ by", "Flagged",
    ]  # fmt: skip
    explained = (
        "Bias and inconsistency: maximum-likelihood model of ITU-T P.910. Correlation: with the mean of the others. "
        "Deviant scores: screening of ITU-R BT.500. Seconds: median per rating."
    )
    rules = f"Rules: {'; '.join(f'{rule}: {text}' for rule, text in screening_rules(scale).items())}."
    return Table("raters", "Raters", head, rows, notes=[explained, rules, *sorted(set(screening["note"]) - {""})])


def exclusion_table(exclusions: pd.DataFrame, names: Names) -> Table:
    """Return what leaving raters out would change, from `stats.exclusions`."""
    rows = [
        cells(
            str(row.reason),
            ", ".join(row.raters),
            str(row.left),
            number(row.mos_change, sign=True),
            f"{names.method(row.method)}, {names.dataset(row.dataset)}" if row.method else DASH,
            str(row.lost),
            str(row.gained),
            str(row.pairs),
        )
        for row in lines(exclusions)
    ]
    change = f"Largest change of {names.metric('mos')}"
    head = ["Flagged by", "Raters", "Left", change, "of", "Differences lost", "Differences gained", "Pairs"]
    note = (
        "Against the ratings of everybody. Lost, gained: pairs that are significantly different with them only, and "
        "without them only."
    )
    return Table("exclusions", "What leaving raters out would change", head, rows, notes=[note], labels=2)


def gold_table(gold: pd.DataFrame, names: Names, step: float) -> Table:
    """Return the versions whose score is known, from `stats.gold`; `step` is how far off counts."""
    rows = []
    for method, part in gold.groupby("method"):
        off = ", ".join(map(str, part.loc[part["off"], "rater"])) or "nobody"
        title = names.method(str(method))
        rows.append(cells(title, f"{part['expected'].iloc[0]:g}", number(float(part["median"].iloc[0])), off))
    head = ["Version", "Expected", "Median of raters", f"More than {'one step' if step == 1 else f'{step:g}'} off"]
    return Table("gold", "Versions whose score is known", head, rows)


def calibration_table(calibration: pd.DataFrame) -> Table:
    """Return how calibration went: the columns of a store as they are."""
    head = [str(name).replace("_", " ").capitalize() for name in calibration.columns]
    rows = [
        [TableCell(f"{value:g}" if isinstance(value, float) else str(value)) for value in row]
        for row in calibration.itertuples(index=False)
    ]
    return Table("calibration", "Calibration before rating", head, rows)
