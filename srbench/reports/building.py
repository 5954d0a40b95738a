"""Builds a report, and writes it: documents, figures and tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from srbench.bench.results import RunResults
from srbench.errors import ReportError, unknown
from srbench.images import write_atomically
from srbench.reports import figures, page, pdf
from srbench.reports.analysis import find
from srbench.reports.findings import Findings
from srbench.reports.inputs import Choices, StudyRatings
from srbench.reports.selection import cost_tables, main_tables, statistics_tables
from srbench.tables import rendering

FORMATS = ("html", "md", "latex", "pdf")
USUAL = ("html", "md", "latex")


def build(run: RunResults | None, study: StudyRatings | None = None, choices: Choices | None = None) -> page.Report:
    """Compute and draw a report.

    Raises:
        ReportError: The inputs do not fit together.
        StatisticsError: Scores or ratings are damaged.
    """
    findings = find(run, study, choices)
    with figures.style.house_style():
        drawn = []
        for drawing in figures.all_figures(findings):
            picture = drawing.draw()
            files = {form: figures.style.save(picture, form) for form in figures.style.FORMATS}
            drawn.append(page.Drawn(drawing, files))
    slider = page.slider(findings) if run is not None and findings.choices.pictures else {}
    main = [*main_tables(findings), *cost_tables(findings)]
    return page.Report(findings, main, statistics_tables(findings), drawn, slider)


def _in_full(findings: Findings) -> dict[str, pd.DataFrame]:
    """Return what is written in full precision: all pairs, and score and distribution of every stimulus."""
    if findings.opinions is None:
        return {"comparisons.csv": findings.comparisons}
    stimuli, distributions = findings.opinions.stimuli, findings.opinions.modelled.distributions
    if len(distributions):
        keys = ["dataset", "image", "method"]
        fitted = distributions.drop(columns=["n", "mos"]).round(6)
        stimuli = stimuli.merge(fitted, on=keys, how="left", validate="one_to_one")
    return {"comparisons.csv": findings.comparisons, "stimuli.csv": stimuli}


def check_formats(formats: Sequence[str]) -> None:
    """Raise ReportError when no format is named, or one is unknown or cannot be made here."""
    if not formats:
        raise ReportError(f"No format was named. Known: {', '.join(FORMATS)}.")
    for name in formats:
        if name not in FORMATS:
            raise ReportError(unknown("format", name, FORMATS))
    if "pdf" in formats:
        pdf.browser()


def save(report: page.Report, out: Path, formats: Sequence[str] = USUAL) -> list[Path]:
    """Write a report into the folder `out` and return the documents: figures and tables lie in folders beside them.

    Raises:
        ReportError: A format is unknown, or PDF is asked for where no Chromium is installed.
    """
    check_formats(formats)
    for figure in report.figures:
        for form, data in figure.files.items():
            write_atomically(out / "figures" / f"{figure.drawing.name}.{form}", data)
    for table in [*report.main, *report.statistics]:
        write_atomically(out / "tables" / f"{table.name}.md", f"{rendering.markdown(table)}\n".encode())
        write_atomically(out / "tables" / f"{table.name}.tex", rendering.latex(table).encode())
    for name, full in _in_full(report.findings).items():
        write_atomically(out / "tables" / name, full.to_csv(index=False, lineterminator="\n").encode())
    made = []
    texts = {
        "html": ("report.html", page.html),
        "md": ("report.md", page.markdown),
        "latex": ("report.tex", page.latex),
    }
    for name, (file, render) in texts.items():
        if name in formats:
            write_atomically(out / file, render(report).encode())
            made.append(out / file)
    if "pdf" in formats:
        write_atomically(out / "report.pdf", pdf.render(page.html(report)))
        made.append(out / "report.pdf")
    return made
