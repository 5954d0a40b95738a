"""Which tables a report has: those that its run and study have data for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from srbench.reports.findings import Findings, Opinions
from srbench.reports.inputs import SYNTHETIC
from srbench.tables.comparisons import friedman_table, pair_tables
from srbench.tables.names import Names
from srbench.tables.opinions import agreement_table, concordance_table, mos_table
from srbench.tables.pairs import preference_pairs_table, preference_table
from srbench.tables.paper_tables import Material, paper_tables
from srbench.tables.raters import (
    calibration_table,
    exclusion_table,
    gold_table,
    ordinal_table,
    rater_table,
    reliability_table,
    retest_table,
    taste_table,
)
from srbench.tables.table import Table


def main_tables(findings: Findings) -> list[Table]:
    """Return the paper's two tables."""
    return paper_tables(
        Material(
            names=findings.names,
            means=findings.means,
            comparisons=findings.comparisons,
            protocol=findings.protocol,
            scale=findings.scale,
            synthetic=findings.synthetic,
        )
    )


def statistics_tables(findings: Findings) -> list[Table]:
    """Return the tables of significance, opinions and raters."""
    names = findings.names
    made = list(pair_tables(findings.comparisons, names, findings.choices.alpha))
    made += [friedman_table(findings.critical, names)] if findings.critical else []
    if findings.opinions is not None:
        of_opinions = list(_opinions(findings.opinions, names))
    elif findings.preferences is not None and findings.preferences.models:
        models = findings.preferences.models
        of_opinions = [preference_table(models, names), preference_pairs_table(models, names)]
    else:
        return made
    if not findings.synthetic:
        return [*made, *of_opinions]
    rated = {"comparisons-mos", "friedman", *(table.name for table in of_opinions)}
    return [
        replace(table, caption=table.caption + SYNTHETIC) if table.name in rated else table
        for table in [*made, *of_opinions]
    ]


def _opinions(found: Opinions, names: Names) -> Iterator[Table]:
    yield mos_table(found.mos, found.ranks, found.recovered, found.sos, names)
    yield reliability_table(found.reliability, names)
    yield rater_table(found.screening)
    if len(found.exclusions):
        yield exclusion_table(found.exclusions, names)
    if len(found.gold):
        yield gold_table(found.gold, names)
    if found.study.calibration is not None and len(found.study.calibration):
        yield calibration_table(found.study.calibration)
    if len(found.taste):
        yield taste_table(found.taste, names)
    if any(each.ordinal is not None for each in found.models):
        yield ordinal_table(found.models, names)
    if len(found.retest):
        yield retest_table(found.retest, names)
    if len(found.agreement):
        yield agreement_table(found.agreement, names)
    if len(found.concordance):
        yield concordance_table(found.concordance, names)
