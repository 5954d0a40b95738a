"""What the tests say: which differences are significant, and whether raters agree with each other and themselves."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from srbench.reports.findings import Findings, Opinions
from srbench.reports.phrases import listed, percent
from srbench.stats import RULES, Pairs, detectable
from srbench.stats import rules as screening_rules
from srbench.stats.signed_rank import smallest_p
from srbench.tables.names import lines
from srbench.tables.numbers import count, number, p_text, span
from srbench.tables.table import OPINIONS

ALPHA = 0.05
"""Below this p the tests of a model of pairs are told."""


def significance(findings: Findings, metric: str) -> list[str]:
    """Return one sentence per data set on which pairs are told apart by `metric`."""
    table = findings.comparisons
    if not len(table):
        return []
    rows = table[table["metric"] == metric]
    return [_verdict(findings, metric, name, rows[rows["dataset"] == name]) for name in dict.fromkeys(rows["dataset"])]


def _verdict(findings: Findings, metric: str, dataset: str, rows: pd.DataFrame) -> str:
    lead = f"{findings.names.dataset(dataset)}, {findings.names.metric(metric)}"
    compared = rows[rows["n"] > 0]
    lost = len(rows) - len(compared)
    unseen = f" Not compared, for want of a common image: {count(lost, 'pair')}." if lost else ""
    if not len(compared):
        return f"{lead}: nothing is known.{unseen}"
    if not compared["family_low"].notna().any():
        return f"{lead}: inconclusive, because no difference has an interval.{_wilcoxon(findings, compared)}{unseen}"
    clear = int(compared["significant"].sum())
    same = [_pair(findings, row) for _, row in compared[~compared["significant"]].iterrows()]
    named = f"; not told apart: {'; '.join(same)}" if len(same) <= 12 else f"; {len(same)} pairs are not told apart"
    if not same:
        told = f"all {len(compared)} differences are significant" if clear > 1 else "the difference is significant"
    elif not clear:
        told = f"none of the {count(len(compared), 'difference')} is significant"
    else:
        told = f"{clear} of {len(compared)} differences {'is' if clear == 1 else 'are'} significant{named}"
    least = _detectable(findings, dataset, compared) if metric == "mos" else detectable(compared)
    if metric in OPINIONS and not math.isnan(least):
        told += f"; a difference of {number(least)} is found in 4 of 5 such studies"
    return f"{lead}: {told}.{_wilcoxon(findings, compared)}{_scope(compared)}{unseen}"


def _detectable(findings: Findings, dataset: str, rows: pd.DataFrame) -> float:
    """Return the difference that is found in 4 of 5 studies: that of the table of power, where there is one."""
    power = findings.opinions.modelled.power if findings.opinions is not None else pd.DataFrame()
    known = power[power["dataset"] == dataset] if len(power) else power
    return float(known["detectable"].iloc[0]) if len(known) else detectable(rows)


def _wilcoxon(findings: Findings, rows: pd.DataFrame) -> str:
    """Return what the test of papers says beside the rule of the report, and whether it can say anything."""
    n, alpha = int(rows["n"].max()), findings.choices.alpha
    least = smallest_p(n)
    if least * len(rows) < alpha:
        return f" Wilcoxon's test with Holm's adjustment calls {int((rows['p_adjusted'] < alpha).sum())} significant."
    adjusted = f", which Holm's adjustment for {len(rows)} comparisons makes {p_text(min(1.0, least * len(rows)))}"
    return (
        f" Wilcoxon's test can call nothing significant at the {percent(alpha)} level, whatever the data: "
        f"{count(n, 'pair')} can reach no p below {p_text(least)}{adjusted if len(rows) > 1 else ''}."
    )


def _scope(rows: pd.DataFrame) -> str:
    """Return what the intervals do not speak of."""
    kinds = [kind for kind in ("One image", "One rater") if rows["note"].str.contains(f"{kind}:").any()]
    other = {"One image": "images", "One rater": "raters"}
    return "".join(f" {kind}: nothing is said about other {other[kind]}." for kind in kinds)


def _pair(findings: Findings, row: pd.Series) -> str:
    return f"{findings.names.method(row['a'])} and {findings.names.method(row['b'])}"


def preferences(findings: Findings) -> list[str]:
    """Return one sentence per data set on which pairs are told apart by comparisons, and on sides and the model."""
    found = findings.preferences
    return [] if found is None else [_preference(findings, name, model) for name, model in found.models.items()]


def _preference(findings: Findings, dataset: str, model: Pairs) -> str:
    table = model.contrasts()
    clear = int(table["differs"].sum())
    same = [_pair(findings, row) for _, row in table[~table["differs"].astype(bool)].iterrows()]
    named = f"; not told apart: {'; '.join(same)}" if 0 < len(same) <= 12 else ""
    verb = "is" if clear == 1 else "are"
    told = f"{clear} of {count(len(table), 'difference')} in JOD {verb} significant{named}"
    p = dict(zip(model.tests()["test"], model.tests()["p"], strict=True))
    said = [f"{findings.names.dataset(dataset)}, preference: {told}."]
    if p["order"] < ALPHA:
        side = "left" if model.order > 0 else "right"
        said.append(f"People lean to the {side} by {number(abs(model.order))} JOD (p {p_text(p['order'])}).")
    if p["fit"] < ALPHA:
        said.append(f"One scale does not explain all pairs (p {p_text(p['fit'])}): look at the table of pairs.")
    return " ".join(said)


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
    made += [*_screened(findings, found), found.people.sentence]
    made += [_retest(findings, line) for _, line in found.retest.iterrows()]
    return made


def _screened(findings: Findings, found: Opinions) -> list[str]:
    """Return one sentence for all rules that flag the same raters, with what excluding them would change."""
    rules = screening_rules(found.scale)
    by_rules = [row for row in lines(found.exclusions) if row.reason in RULES]
    if not by_rules:
        return ["No rule of screening flags anybody."]
    reasons: dict[tuple[str, ...], list[Any]] = {}
    for row in by_rules:
        reasons.setdefault(row.raters, []).append(row)
    said = [
        f"{listed(names)}: {'; '.join(rules[row.reason] for row in rows)}. "
        f"Without {'them' if len(names) > 1 else 'this rater'} {_changed(findings, rows[0])}."
        for names, rows in reasons.items()
    ]
    every = [row for row in lines(found.exclusions) if row.reason == "any rule"]
    if len(reasons) > 1 and every:
        said.append(f"All who are flagged, {listed(every[0].raters)}: without them {_changed(findings, every[0])}.")
    return said


def _changed(findings: Findings, row: Any) -> str:
    """Return what leaving raters out would change, to stand behind `without them`."""
    if math.isnan(row.mos_change):
        return "nobody would be left"
    place = f"{findings.names.method(row.method)} on {findings.names.dataset(row.dataset)}"
    return (
        f"the largest change of a {findings.names.metric('mos')} is {number(row.mos_change, sign=True)} ({place}), and "
        f"{_turned(row)}"
    )


def _turned(row: Any) -> str:
    """Return which decisions leaving raters out would change: differences that are lost, and those that are gained."""
    if not row.lost + row.gained:
        return f"all {row.pairs} decisions stay"
    lost, gained = (count(each, "difference") for each in (row.lost, row.gained))
    said = [f"{lost} would no longer be significant"] * bool(row.lost)
    said += [f"{gained} would newly be significant"] * bool(row.gained)
    return f"of {row.pairs} pairs, {listed(said)}"


def _retest(findings: Findings, row: pd.Series) -> str:
    lead = (
        f"{findings.names.dataset(row['dataset'])}, shown twice to {count(row['raters'], 'rater')} ({row['n']} pairs)"
    )
    verdict = (
        f"equivalent within {row['margin']:g} (TOST p {p_text(row['p_equivalence'])})"
        if row["equivalent"]
        else f"not shown to be equivalent within {row['margin']:g} (TOST p {p_text(row['p_equivalence'])})"
    )
    return (
        f"{lead}: second minus first {number(row['mean_difference'], sign=True)} "
        f"{span(row['low'], row['high'], sign=True)}, {verdict}, 90 % interval "
        f"{span(row['low_90'], row['high_90'], sign=True)}; ICC(A,1) {number(row['icc_a1'])}, weighted kappa "
        f"{number(row['kappa'])}. Wilcoxon's p of {p_text(row['p'])} says nothing about reliability: no significant "
        "difference is not the same as no difference."
    )
