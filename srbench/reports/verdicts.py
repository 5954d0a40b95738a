"""What the tests say: which differences are significant, and whether raters agree with each other and themselves."""

from __future__ import annotations

import math

import pandas as pd

from srbench.reports.findings import Findings
from srbench.reports.phrases import percent
from srbench.stats.signed_rank import smallest_p
from srbench.tables.numbers import number, p_text, span


def significance(findings: Findings, metric: str) -> list[str]:
    """Return one sentence per data set on which pairs are told apart by `metric`."""
    table = findings.comparisons
    if not len(table):
        return []
    rows = table[table["metric"] == metric]
    return [_verdict(findings, metric, name, rows[rows["dataset"] == name]) for name in dict.fromkeys(rows["dataset"])]


def _verdict(findings: Findings, metric: str, dataset: str, rows: pd.DataFrame) -> str:
    lead = f"{findings.names.dataset(dataset)}, {findings.names.metric(metric)}"
    n = int(rows["n"].max())
    least = smallest_p(n)
    if least < findings.choices.alpha <= least * len(rows):
        return (
            f"{lead}: inconclusive. {n} pairs can reach no p below {p_text(least)}, which Holm's adjustment for "
            f"{len(rows)} comparisons makes {p_text(min(1.0, least * len(rows)))}, so no difference can be significant "
            f"at the {percent(findings.choices.alpha)} level, whatever the data. Fewer methods or more images can."
        )
    if least >= findings.choices.alpha:
        return (
            f"{lead}: inconclusive. {n} {'image' if n == 1 else 'pairs'} can reach no p below {p_text(least)}, so no "
            f"difference can be significant at the {percent(findings.choices.alpha)} level, whatever the data."
        )
    clear = int(rows["significant"].sum())
    same = [_pair(findings, row) for _, row in rows[~rows["significant"]].iterrows()]
    ends = f" (smallest p that {n} pairs can reach: {p_text(least)})"
    if not same:
        return f"{lead}: all {len(rows)} differences are significant{ends}."
    if not clear:
        return f"{lead}: none of the {len(rows)} differences is significant{ends}."
    named = f"not told apart: {'; '.join(same)}" if len(same) <= 12 else f"{len(same)} pairs are not told apart"
    return f"{lead}: {clear} of {len(rows)} differences are significant{ends}; {named}."


def _pair(findings: Findings, row: pd.Series) -> str:
    return f"{findings.names.method(row['a'])} and {findings.names.method(row['b'])}"


def reliability(findings: Findings) -> list[str]:
    """Return sentences on whether raters agree with each other and with themselves."""
    found = findings.opinions
    if found is None:
        return []
    made = []
    row = found.reliability.iloc[-1]
    if not math.isnan(row["icc_ak"]):
        made.append(
            f"The mean of {row['raters']} raters has a reliability of {number(row['icc_ak'], 3)} "
            f"{span(row['icc_ak_low'], row['icc_ak_high'], 3)} (ICC(A,k)); a single rating has "
            f"{number(row['icc_a1'])} (ICC(A,1)); Krippendorff's alpha is {number(row['alpha'])}."
        )
    flagged = list(map(str, found.screening.loc[found.screening["flagged"], "rater"]))
    who = f"{', '.join(flagged)}" if flagged else "nobody"
    made.append(f"The screening of BT.500 flags {who}. Every rater is in every figure and number here.")
    made += [_retest(findings, line) for _, line in found.retest.iterrows()]
    return made


def _retest(findings: Findings, row: pd.Series) -> str:
    lead = f"{findings.names.dataset(row['dataset'])}, shown twice to {row['raters']} raters ({row['n']} pairs)"
    verdict = (
        f"equivalent within {row['margin']:g} (TOST p {p_text(row['p_equivalence'])})"
        if row["equivalent"]
        else f"not shown to be equivalent within {row['margin']:g} (TOST p {p_text(row['p_equivalence'])})"
    )
    return (
        f"{lead}: second minus first {number(row['mean_difference'], sign=True)} "
        f"{span(row['low'], row['high'], sign=True)}, {verdict}; ICC(A,1) {number(row['icc_a1'])}, weighted kappa "
        f"{number(row['kappa'])}. Wilcoxon's p of {p_text(row['p'])} says nothing about reliability: no significant "
        "difference is not the same as no difference."
    )
