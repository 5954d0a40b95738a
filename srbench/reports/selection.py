"""Which tables a report has: those that its run and study have data for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from srbench.reports.findings import Findings, Opinions
from srbench.reports.inputs import SYNTHETIC
from srbench.reports.study_models import StudyModels
from srbench.tables.comparisons import friedman_table, pair_tables
from srbench.tables.costs import cost_table
from srbench.tables.joint import joint_table
from srbench.tables.names import Names
from srbench.tables.opinions import agreement_table, concordance_table, dmos_table, mos_table
from srbench.tables.pairs import preference_pairs_table, preference_table
from srbench.tables.paper_tables import Material, paper_tables
from srbench.tables.people import accuracy_table, contrasts_table, image_agreement_table
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
from srbench.tables.study_models import distribution_table, drift_table, power_table
from srbench.tables.table import OPINIONS, Table


def main_tables(findings: Findings) -> list[Table]:
    """Return the paper's two tables; none without a run."""
    if findings.run is None:
        return []
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


def cost_tables(findings: Findings) -> list[Table]:
    """Return the table of what the methods cost, where anything is known of that."""
    if findings.run is None:
        return []
    table = cost_table(findings.scores, findings.info, findings.names)
    return [table] if table is not None else []


def statistics_tables(findings: Findings) -> list[Table]:
    """Return the tables of significance, opinions and raters."""
    names = findings.names
    made = list(pair_tables(findings.comparisons, names, findings.choices.alpha))
    made += [friedman_table(findings.critical, names)] if findings.critical else []
    of_opinions: list[Table] = []
    if findings.opinions is not None:
        of_opinions += _opinions(findings.opinions, names, findings.choices.crush)
    if findings.preferences is not None and findings.preferences.models:
        models = findings.preferences.models
        of_opinions += [preference_table(models, names), preference_pairs_table(models, names)]
    if findings.joint:
        of_opinions.append(joint_table(findings.joint, names))
    if not findings.synthetic:
        return [*made, *of_opinions]
    rated = {*(f"comparisons-{metric}" for metric in OPINIONS), "friedman", *(table.name for table in of_opinions)}
    return [
        replace(table, caption=table.caption + SYNTHETIC) if table.name in rated else table
        for table in [*made, *of_opinions]
    ]


def _opinions(found: Opinions, names: Names, crushed: bool) -> Iterator[Table]:
    yield mos_table(found.mos, found.ranks, found.recovered, found.sos, names)
    if len(found.dmos):
        yield dmos_table(found.dmos, found.scale.high, names, crushed)
    yield reliability_table(found.reliability, names)
    yield rater_table(found.screening, found.scale)
    if len(found.exclusions):
        yield exclusion_table(found.exclusions, names)
    if len(found.gold):
        yield gold_table(found.gold, names, found.scale.point)
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
    yield from _modelled(found.modelled, names)


def _modelled(found: StudyModels, names: Names) -> Iterator[Table]:
    if len(found.image_agreement):
        yield image_agreement_table(found.image_agreement, names)
    if len(found.pair_accuracy):
        yield accuracy_table(found.pair_accuracy, names)
    if len(found.metric_contrasts):
        yield contrasts_table(found.metric_contrasts, names)
    if len(found.distributions):
        yield distribution_table(found.distributions, found.distribution_fit, names)
    if found.drift is not None:
        yield drift_table(found.drift)
    if len(found.power):
        yield power_table(found.power, names)
