"""The tables of models of a study: score distributions, drift over the study, and power."""

from __future__ import annotations

import pandas as pd

from srbench.stats import Drift
from srbench.tables.names import Names, lines
from srbench.tables.numbers import DASH, number, p_text, span
from srbench.tables.table import Table, TableCell, cells, group_rules


def distribution_table(distributions: pd.DataFrame, fit: pd.DataFrame, names: Names) -> Table:
    """Return the generalised score distributions of every version, as means over its images.

    Args:
        distributions: From `stats.score_distributions`.
        fit: From `stats.distribution_fit`.
        names: Titles and orders.
    """
    rows: list[list[TableCell]] = []
    for dataset in sorted(set(distributions["dataset"]), key=names.place):
        part = distributions[(distributions["dataset"] == dataset) & distributions["psi"].notna()]
        for method in (name for name in names.methods if name in set(part["method"])):
            here = part[part["method"] == method]
            rows.append(
                cells(
                    names.dataset(dataset),
                    names.method(method),
                    number(here["psi"].mean()),
                    number((here["psi_high"] - here["psi_low"]).mean() / 2),
                    number(here["rho"].mean()),
                    f"{number(here['rho'].min())} to {number(here['rho'].max())}"
                    if here["rho"].notna().any()
                    else DASH,
                    f"{int((here['p'] <= 0.05).sum())} of {len(here)}",
                )
            )
    explained = (
        "Two numbers describe the scores of one stimulus: their mean psi, and rho, how far raters agree (1: as near to "
        "each other as whole scores of that mean can be; 0: they use both ends only). Fitted by maximum likelihood; "
        "here the means over images. Half width: of the 95 % interval of psi of one stimulus, by the profile "
        "likelihood. Poor fit: a parametric bootstrap of the G statistic has p of at most 0.05. Every stimulus stands "
        "in stimuli.csv."
    )
    notes = [explained]
    for row in lines(fit):
        verdict = (
            f"more than chance explains (p {p_text(row.p)}): some stimuli divide the raters, or single raters "
            "answer unlike all others"
            if row.p < 0.05
            else "no more than chance explains"
        )
        notes.append(
            f"{names.dataset(str(row.dataset))}: {row.poor} of {row.stimuli:,} stimuli are fitted "
            f"poorly, {number(row.expected, 1)} expected by chance: {verdict}."
        )
    head = ["Set", "Version", "Psi", "Half width", "Rho", "Range of rho", "Poor fit"]
    return Table(
        "distributions", "Generalised score distribution", head, rows, group_rules(rows), notes, 2
    )  # fmt: skip


def drift_table(drift: Drift) -> Table:
    """Return the trend of every rater over the study, from `stats.drift`."""
    # Where raters' trends are not seen to differ, each one's is that of all.
    alike = pd.DataFrame([("all, alike", drift.raters["n"].sum(), drift.trend, drift.low, drift.high, drift.p < 0.05)])
    found = alike.set_axis(drift.raters.columns, axis=1) if drift.p_sd == 1 else drift.raters
    rows = [
        [
            *cells(str(row.rater), str(row.n), number(row.trend, sign=True), span(row.low, row.high, sign=True)),
            TableCell("yes" if row.drifts else "no", bold=bool(row.drifts)),
        ]
        for row in lines(found)
    ]
    note = (
        "Change of scores from the first trial to the last, in points, in a linear mixed model that "
        "knows images and versions; predicted trends of raters are drawn towards that of all. Intervals are of each "
        f"rater alone; 'drifts' holds for all raters at once. Standard deviation of trends: {number(drift.sd)} (p "
        f"{p_text(drift.p_sd)})."
    )
    head = ["Rater", "Ratings", "Trend", "95 % interval", "Drifts"]
    return Table("drift", "Drift over the study", head, rows, notes=[note, *drift.notes])


def power_table(power: pd.DataFrame, names: Names) -> Table:
    """Return what the study could find, from `stats.achieved_power`."""
    differences = [name for name in power.columns if str(name).startswith("power_")]
    rows = [
        cells(
            names.dataset(str(row["dataset"])),
            *(str(row[name]) for name in ("methods", "raters", "images")),
            *(f"{100 * row[name]:.0f} %" for name in differences),
            *(number(row[name]) for name in ("detectable", "detectable_raters", "detectable_images")),
        )
        for row in power.to_dict("records")
    ]
    note = (
        "Probability that two versions are told apart whose mean opinion scores differ by so much, by the rule of "
        "this report, for the variances that the linear mixed model found. Found in 4 of 5: the difference for which "
        "that is 80 %, as the study is, with twice as many raters, and with twice as many images. Nothing here uses "
        "the differences that were found: power at those says no more than their intervals."
    )
    head = [
        "Set", "Versions", "Raters", "Images", *(str(name).removeprefix("power_") for name in differences),
        "Found in 4 of 5", "twice the raters", "twice the images",
    ]  # fmt: skip
    return Table("power", "What this study could find", head, rows, notes=[note])
