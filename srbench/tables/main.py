"""The paper's Tables 1 and 2 with our figures, the published ones and the difference."""

from __future__ import annotations

import math
from collections.abc import Sequence

from srbench import paper, stats
from srbench.reports.findings import Findings
from srbench.reports.inputs import ORIGINAL
from srbench.tables.rendering import DASH, Cell, Table

CATEGORIES = (("srresnet-mse", "srresnet-vgg22"), ("srgan-mse", "srgan-vgg22", "srgan-vgg54"))
"""The paper's Table 1 compares losses inside each of these."""


def main_tables(findings: Findings) -> list[Table]:
    """Return Table 2 (every method), and Table 1 (losses) where the run has two methods of a category."""
    tables = [_everything(findings)]
    losses = [m for group in CATEGORIES for m in group if m in findings.names.methods]
    if any(len([m for m in group if m in losses]) > 1 for group in CATEGORIES):
        tables.insert(0, _losses(findings, losses))
    return tables


def _everything(findings: Findings) -> Table:
    methods = findings.names.methods
    category = [name for name in methods if name != ORIGINAL]
    return _table(
        findings,
        "table2",
        f"All methods, as in Table 2 of the paper; x{_scale(findings)}, PSNR and SSIM by protocol {findings.protocol}",
        methods,
        [category],
        "all other methods",
    )


def _losses(findings: Findings, losses: Sequence[str]) -> Table:
    return _table(
        findings,
        "table1",
        f"Losses of SRResNet and SRGAN, as in Table 1 of the paper; x{_scale(findings)}, protocol {findings.protocol}",
        losses,
        [[m for m in group if m in losses] for group in CATEGORIES],
        "all others of its category (SRResNet; SRGAN)",
    )


def _scale(findings: Findings) -> int:
    return int(findings.scores["scale"].iloc[0])


def _table(
    findings: Findings,
    name: str,
    caption: str,
    methods: Sequence[str],
    categories: Sequence[Sequence[str]],
    rivals: str,
) -> Table:
    metrics = [*findings.names.metrics, *(["mos"] if findings.opinions else [])]
    rows: list[list[Cell]] = []
    rules = set()
    starred = False
    for dataset in findings.names.datasets:
        for metric in metrics:
            if not set(findings.measured(metric, dataset)) & set(methods):
                continue
            ours = _row(findings, metric, dataset, methods, categories)
            starred |= any(cell.star for cell in ours)
            rules |= {len(rows)} if metric == metrics[0] else set()
            rows.append([Cell(findings.names.dataset(dataset)), Cell(_label(findings, metric)), *ours])
            rows += _beside(findings, metric, dataset, methods)
    head = ["Set", "", *(findings.names.method(m) for m in methods)]
    return Table(name, caption, head, rows, frozenset(rules - {0}), _notes(findings, methods, starred, rivals), 2)


def _label(findings: Findings, metric: str) -> str:
    if metric == "mos" and findings.opinions is not None and findings.opinions.study.synthetic:
        return "MOS (synthetic)"
    unit = " (dB)" if metric != "mos" and findings.names.digits(metric) == 2 else ""
    arrow = "" if metric == "mos" or findings.names.higher_is_better(metric) else ", less is better"
    return f"{findings.names.metric(metric)}{unit}{arrow}"


def _row(
    findings: Findings, metric: str, dataset: str, methods: Sequence[str], categories: Sequence[Sequence[str]]
) -> list[Cell]:
    values = {method: _ours(findings, metric, dataset, method) for method in methods}
    rounded = {
        m: round(v, findings.names.digits(metric)) for m, v in values.items() if isinstance(v, float) and m != ORIGINAL
    }
    better = max if metric == "mos" or findings.names.higher_is_better(metric) else min
    best = better(rounded.values()) if len(rounded) > 1 else None
    stars = {_highest(findings, metric, dataset, category) for category in categories}
    made = []
    for method in methods:
        value = values[method]
        text = value if isinstance(value, str) else findings.names.number(metric, value)
        made.append(Cell(text, bold=best is not None and rounded.get(method) == best, star=method in stars))
    return made


def _ours(findings: Findings, metric: str, dataset: str, method: str) -> float | str:
    """Return the mean, or the text that stands in its place."""
    if metric == "mos" and findings.opinions is not None:
        table = findings.opinions.mos
        row = table[(table["dataset"] == dataset) & (table["method"] == method)]
        return float(row["mos"].iloc[0]) if len(row) else DASH
    means = findings.means
    row = means[(means["metric"] == metric) & (means["dataset"] == dataset) & (means["method"] == method)]
    if len(row):
        return float(row["value"].iloc[0]) if bool(row["whole"].iloc[0]) else "failed"
    scores = findings.scores
    mine = scores[(scores["metric"] == metric) & (scores["dataset"] == dataset) & (scores["method"] == method)]
    return math.inf if len(mine) and bool((mine["value"] == math.inf).all()) else DASH


def _highest(findings: Findings, metric: str, dataset: str, category: Sequence[str]) -> str | None:
    table = findings.comparisons
    if not len(table):
        return None
    part = table[(table["metric"] == metric) & (table["dataset"] == dataset)]
    if metric != "mos" and not findings.names.higher_is_better(metric):
        part = part.assign(difference=-part["difference"])
    return stats.significantly_highest(part, category).get(dataset)


def _beside(findings: Findings, metric: str, dataset: str, methods: Sequence[str]) -> list[list[Cell]]:
    """Return the rows with the paper's figures and the differences, where it printed any under this protocol."""
    if metric not in {"psnr", "ssim", "mos"} or not _comparable(findings, metric, dataset):
        return []
    published, differences = [], []
    for method in methods:
        figures = paper.published(dataset, method.rpartition("/")[2].lower())
        known = float(getattr(figures, metric)) if figures is not None else math.nan
        ours = _ours(findings, metric, dataset, method)
        published.append(Cell("" if math.isnan(known) else findings.names.number(metric, known), soft=True))
        both = isinstance(ours, float) and math.isfinite(ours) and math.isfinite(known)
        gap = round(round(float(ours), findings.names.digits(metric)) - known, 6) if both else 0.0
        differences.append(Cell(findings.names.number(metric, gap, sign=True) if both else "", soft=True))
    if not any(cell.text for cell in published):
        return []
    return [
        [Cell(""), Cell("paper", soft=True), *published],
        [Cell(""), Cell("difference", soft=True), *differences],
    ]


def _comparable(findings: Findings, metric: str, dataset: str) -> bool:
    if _scale(findings) != 4 or (metric != "mos" and findings.protocol != "daala"):
        return False
    table = findings.opinions.ratings if metric == "mos" and findings.opinions else findings.scores
    return table.loc[table["dataset"] == dataset, "image"].nunique() == paper.SIZES.get(dataset)


def _notes(findings: Findings, methods: Sequence[str], starred: bool, rivals: str) -> list[str]:
    notes = ["Bold: best of the row, the original left aside."]
    if starred:
        notes.append(f"*: significantly better than {rivals} (both Wilcoxon with Holm's adjustment and the interval).")
    notes += [f"{findings.names.method(m)}: {findings.names.notes[m]}." for m in methods if m in findings.names.notes]
    if findings.opinions is not None and findings.opinions.study.synthetic:
        notes.append("MOS: synthetic ratings drawn from numbers; no person saw a picture.")
    return notes
