"""The smaller tables of a report: opinions, comparisons, raters, and metrics against people."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from srbench.reports.findings import Findings, Opinions
from srbench.reports.inputs import MINUS, SYNTHETIC, lines
from srbench.tables.rendering import DASH, Cell, Table, cells


def more_tables(findings: Findings) -> list[Table]:
    """Return every table besides the paper's two that this run and study have data for."""
    objective, opinions = [*_comparisons(findings), *_friedman(findings)], list(_study(findings))
    if findings.opinions is None or not findings.opinions.study.synthetic:
        return [*objective, *opinions]
    rated = {"comparisons-mos", "friedman", *(table.name for table in opinions)}
    return [
        replace(table, caption=table.caption + SYNTHETIC) if table.name in rated else table
        for table in [*objective, *opinions]
    ]


def p_text(p: float) -> str:
    """Return p with three significant digits, or how small it is.

    >>> p_text(0.0625), p_text(0.00001234)
    ('0.0625', '< 0.0001')
    """
    if math.isnan(p):
        return DASH
    return "< 0.0001" if p < 0.0001 else f"{p:.3g}"


def number(value: float, digits: int = 2, sign: bool = False) -> str:
    """Return a number, or a dash where there is none."""
    if not math.isfinite(value):
        return DASH
    text = f"{value:{'+' if sign else ''}.{digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", MINUS)


def span(low: float, high: float, digits: int = 2, sign: bool = False) -> str:
    """Return an interval in brackets, or a dash where there is none."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return DASH
    return f"[{number(low, digits, sign)}, {number(high, digits, sign)}]"


def _comparisons(findings: Findings) -> Iterator[Table]:
    if not len(findings.comparisons):
        return
    for metric, table in findings.comparisons.groupby("metric", sort=False):
        title, digits = findings.names.metric(str(metric)), findings.names.digits(str(metric))
        rows: list[list[Cell]] = []
        rules, last = set(), None
        for row in lines(table):
            if row.dataset != last:
                rules.add(len(rows))
                last = row.dataset
            rows.append(
                [
                    Cell(findings.names.dataset(str(row.dataset))),
                    Cell(f"{findings.names.method(str(row.a))} {DASH} {findings.names.method(str(row.b))}"),
                    *cells(
                        number(row.difference, digits, sign=True),
                        span(row.low, row.high, digits, sign=True),
                        p_text(row.p),
                        p_text(row.p_adjusted),
                        number(row.rank_biserial, 2, sign=True),
                        number(row.vargha_delaney),
                        str(row.n),
                    ),
                    Cell("yes" if row.significant else "no", bold=bool(row.significant)),
                ]
            )
        head = ["Set", "Pair", "Difference", "95 % interval", "p", "p (Holm)", "r", "A", "n", "significant"]
        yield Table(
            f"comparisons-{metric}", f"All pairs, {title}", head, rows, frozenset(rules - {0}), _pair_notes(table), 2
        )


def _pair_notes(table: pd.DataFrame) -> list[str]:
    unit = str(table["unit"].iloc[0])
    paired = "means over raters, paired by image" if unit == "image" else "single ratings, paired by rater and image"
    kinds = " and ".join(sorted(set(table["test"])))
    explained = (
        f"Difference: first minus second. p: two-sided Wilcoxon signed-rank test ({paired}; zero differences dropped; "
        f"{kinds}). p (Holm): adjusted over all pairs of the set. r: matched-pairs rank-biserial correlation. "
        "A: Vargha and Delaney's probability that the first is higher. n: pairs."
    )
    said = table[table["note"] != ""].groupby("note").size()
    return [explained, *(f"{count} pairs: {note}" for note, count in said.items())]


def _friedman(findings: Findings) -> Iterator[Table]:
    rows = [
        cells(
            findings.names.metric(metric),
            findings.names.dataset(dataset),
            number(found.statistic, 1),
            p_text(found.p),
            number(found.kendall_w),
            number(found.critical_difference),
            str(found.n),
        )
        for (dataset, metric), found in findings.critical.items()
    ]
    if rows:
        head = ["Metric", "Set", "Chi-square", "p", "Kendall's W", "Critical difference", "Images"]
        note = "Friedman's test over all methods, on image means; critical difference of mean ranks by Nemenyi."
        yield Table("friedman", "All methods at once", head, rows, notes=[note], labels=2)


def _study(findings: Findings) -> Iterator[Table]:
    found = findings.opinions
    if found is None:
        return
    yield _mos(findings, found)
    yield _reliability(findings, found)
    yield _raters(found)
    if len(found.gold):
        yield _gold(findings, found)
    if found.study.calibration is not None and len(found.study.calibration):
        yield _calibration(found.study.calibration)
    yield _taste(findings, found)
    if len(found.retest):
        yield _retest(findings, found)
    if len(found.agreement):
        yield _agreement(findings, found)
    if len(found.concordance):
        yield _concordance(findings, found)


def _mos(findings: Findings, found: Opinions) -> Table:
    table = found.mos.merge(found.ranks[["dataset", "method", "rank"]], on=["dataset", "method"])
    rows: list[list[Cell]] = []
    rules = set()
    for dataset in dict.fromkeys([*findings.names.datasets, *table["dataset"]]):
        part = table[table["dataset"] == dataset].set_index("method")
        rules.add(len(rows))
        for method in findings.measured("mos", dataset):
            row = part.loc[method]
            rows.append(
                [
                    Cell(findings.names.dataset(dataset)),
                    Cell(findings.names.method(method)),
                    *cells(
                        number(row["mos"]),
                        span(row["low"], row["high"]),
                        number(row["sd"]),
                        number(row["rank"]),
                        str(int(row["n"])),
                    ),
                ]
            )
    head = ["Set", "Version", "MOS", "95 % interval", "sd", "Mean rank", "Ratings"]
    note = (
        "Interval: bootstrap over raters and images. sd: of single ratings. Mean rank: per image and rater, 1 = best."
    )
    return Table("mos", "Mean opinion scores", head, rows, frozenset(rules - {0}), [note], 2)


def _reliability(findings: Findings, found: Opinions) -> Table:
    rows, notes = [], []
    for row in lines(found.reliability):
        title = findings.names.dataset(str(row.dataset))
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


def _raters(found: Opinions) -> Table:
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
            Cell("flagged" if row.flagged else "no", bold=bool(row.flagged)),
        ]
        for row in lines(found.screening)
    ]
    head = ["Rater", "Ratings", "Mean", "Bias", "Inconsistency", "Deviant scores", "Balance", "BT.500"]
    explained = (
        "Bias and inconsistency: maximum-likelihood model of ITU-T P.910. Deviant scores, balance and flag: screening "
        "of ITU-R BT.500. Both are shown side by side; nobody was left out."
    )
    notes = [explained, *sorted(set(found.screening["note"]) - {""})]
    return Table("raters", "Raters", head, rows, notes=notes)


def _gold(findings: Findings, found: Opinions) -> Table:
    rows = []
    for method, part in found.gold.groupby("method"):
        off = ", ".join(map(str, part.loc[part["off"], "rater"])) or "nobody"
        title = findings.names.method(str(method))
        rows.append(cells(title, number(float(part["expected"].iloc[0]), 0), number(float(part["mean"].median())), off))
    head = ["Version", "Expected", "Median of raters", "More than one step off"]
    return Table("gold", "Versions whose score is known", head, rows)


def _calibration(calibration: pd.DataFrame) -> Table:
    head = [str(name).replace("_", " ").capitalize() for name in calibration.columns]
    rows = [
        [Cell(f"{value:g}" if isinstance(value, float) else str(value)) for value in row]
        for row in calibration.itertuples(index=False)
    ]
    return Table("calibration", "Calibration before rating", head, rows)


def _taste(findings: Findings, found: Opinions) -> Table:
    rows, notes = [], []
    for row in lines(found.taste):
        title = findings.names.dataset(str(row.dataset))
        spreads = (row.sd_image, row.sd_rater, row.sd_method_image, row.sd_method_rater, row.sd_rest)
        rows.append(cells(title, *(number(value) for value in spreads), p_text(row.p)))
        notes += [f"{title}: {row.note}"] if row.note else []
    head = ["Set", "Image", "Rater", "Method x image", "Method x rater", "Rest", "p (method x rater)"]
    notes.insert(0, "Standard deviations of crossed random effects. Method x rater is taste: who likes which method.")
    return Table("taste", "Where opinion scores vary", head, rows, notes=notes)


def _retest(findings: Findings, found: Opinions) -> Table:
    rows, notes = [], []
    for row in lines(found.retest):
        title = findings.names.dataset(str(row.dataset))
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
    margin = float(found.retest["margin"].iloc[0])
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


def _agreement(findings: Findings, found: Opinions) -> Table:
    rows: list[list[Cell]] = []
    rules, notes, last = set(), [], None
    for row in lines(found.agreement):
        if row.metric != last:
            rules.add(len(rows))
            last = row.metric
        rows.append(
            cells(
                findings.names.metric(str(row.metric)),
                findings.names.dataset(str(row.dataset)),
                f"{number(row.plcc)} {span(row.plcc_low, row.plcc_high)}",
                f"{number(row.srcc)} {span(row.srcc_low, row.srcc_high)}",
                f"{number(row.krcc)} {span(row.krcc_low, row.krcc_high)}",
                number(row.rmse),
                number(row.rmse_star),
                str(row.n),
            )
        )
        if row.note:
            notes.append(
                f"{findings.names.metric(str(row.metric))}, {findings.names.dataset(str(row.dataset))}: {row.note}"
            )
    notes.insert(
        0,
        "Over stimuli, the original left out. PLCC, RMSE and RMSE* after a monotone logistic of four parameters; RMSE* "
        "counts errors beyond a stimulus's 95 % interval only (ITU-T P.1401). Intervals: bootstrap over images.",
    )
    head = ["Metric", "Set", "PLCC", "SRCC", "KRCC", "RMSE", "RMSE*", "Stimuli"]
    return Table("agreement", "Metrics against people", head, rows, frozenset(rules - {0}), notes, 2)


def _concordance(findings: Findings, found: Opinions) -> Table:
    rows = [
        cells(
            findings.names.metric(str(row.metric)),
            findings.names.dataset(str(row.dataset)),
            str(row.pairs),
            f"{row.same} ({100 * row.share:.0f} %)",
            str(row.opposite),
        )
        for row in lines(found.concordance.sort_values("metric", kind="stable"))
    ]
    note = "Pairs of methods, the original left out. Reversed: the metric finds the opposite order, significantly."
    head = ["Metric", "Set", "Pairs people tell apart", "Same order", "Reversed"]
    return Table("concordance", "Do metrics order methods as people do?", head, rows, notes=[note], labels=2)
