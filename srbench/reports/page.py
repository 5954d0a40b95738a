"""One self-contained HTML page, and the same report as Markdown and as LaTeX, from Jinja2 templates."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
from markupsafe import Markup
from PIL import Image as PillowImage

from srbench import __version__, content, paper
from srbench.images import Image
from srbench.ratings.answers import NOBODY
from srbench.reports import bibliography, pictures
from srbench.reports.cautions import NO_PEOPLE, UNIT_WARNING, cautions
from srbench.reports.figures import Drawing
from srbench.reports.findings import Findings
from srbench.reports.methods_section import methods_section
from srbench.reports.phrases import kind
from srbench.reports.predictions import course, predictions
from srbench.reports.summary import metric_sentences, summary
from srbench.reports.verdicts import preferences, reliability, significance
from srbench.tables import rendering
from srbench.tables.rendering.latex import escape as latex_escape
from srbench.tables.rendering.markdown import escape as markdown_escape
from srbench.tables.rendering.markdown import paragraph as markdown_paragraph
from srbench.tables.table import Table


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure of the report.

    Attributes:
        drawing: Its name, title, caption and section.
        files: The bytes per format: svg, pdf, png.
    """

    drawing: Drawing
    files: Mapping[str, bytes]

    @property
    def address(self) -> str:
        """A data address of the SVG, for the page."""
        return _address("image/svg+xml", self.files["svg"])


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a report shows.

    Attributes:
        findings: What was found.
        main: The paper's tables, and what the methods cost.
        statistics: The tables of significance, opinions and raters.
        figures: Every figure, drawn.
        slider: `{image: {method: address}}`, see the function of that name.
    """

    findings: Findings
    main: Sequence[Table]
    statistics: Sequence[Table]
    figures: Sequence[Drawn]
    slider: Mapping[str, Mapping[str, str]]

    def table(self, name: str) -> Table | None:
        """Return one of the tables of statistics, or None where there is no data for it."""
        return next((table for table in self.statistics if table.name == name), None)

    def of(self, section: str) -> list[Drawn]:
        """Return the figures of a section."""
        return [figure for figure in self.figures if figure.drawing.section == section]

    @property
    def pairs(self) -> list[Table]:
        """The tables of all pairs, one per metric."""
        return [table for table in self.statistics if table.name.startswith("comparisons-")]


def slider(findings: Findings) -> dict[str, dict[str, str]]:
    """Return `{image: {method: address}}`: lossless WebP of the part of each image that the slider offers."""
    made = {}
    for region in pictures.slider_regions(findings):
        versions = pictures.load(findings, region.dataset, region.image)
        title = f"{findings.names.dataset(region.dataset)}, {region.image}"
        made[title] = {
            findings.names.method(name): _address("image/webp", _webp(region.cut(versions[name])))
            for name in pictures.order(list(versions))
        }
    return made


def _webp(picture: Image) -> bytes:
    buffer = io.BytesIO()
    PillowImage.fromarray(picture).save(buffer, "WEBP", lossless=True, quality=60, method=4)
    return buffer.getvalue()


def _address(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def html(report: Report) -> str:
    """Return the page: one file with all pictures and scripts inside, which loads nothing."""
    return _render("report.html.jinja", report, autoescape=True)


def markdown(report: Report) -> str:
    """Return the report as Markdown; its figures lie in the folder `figures` beside it."""
    return _render("report.md.jinja", report, autoescape=False)


def latex(report: Report) -> str:
    """Return the report as a LaTeX document; figures and tables lie in folders beside it."""
    return _render("report.tex.jinja", report, autoescape=False)


def _render(template: str, report: Report, autoescape: bool) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(content.folder("reports") / "templates"),
        autoescape=autoescape,  # noqa: S701  # off for Markdown and LaTeX, which have their own escapes
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "table_html": lambda table: Markup(rendering.html(table)),  # noqa: S704  # the renderer escapes
        "table_markdown": rendering.markdown,
        "md": markdown_escape,
        "md_paragraph": markdown_paragraph,
        "tex": latex_escape,
    }
    return environment.get_template(template).render(_context(report))


def _context(report: Report) -> dict[str, Any]:
    findings = report.findings
    compared = list(dict.fromkeys(findings.comparisons["metric"])) if len(findings.comparisons) else []
    found = findings.opinions
    return {
        "report": report,
        "title": _title(findings),
        "facts": _facts(findings),
        "synthetic": NO_PEOPLE if findings.synthetic else "",
        "summary": summary(findings),
        "warnings": cautions(findings),
        "significance": [sentence for metric in compared for sentence in significance(findings, metric)],
        "preferences": preferences(findings),
        "reliability": reliability(findings),
        "agreement": [*metric_sentences(findings), *predictions(findings)],
        "course": course(findings),
        "methods": methods_section(findings),
        "bibtex": bibliography.bibtex(findings),
        "unit_warning": UNIT_WARNING if findings.choices.unit == "rating" and found is not None else "",
        "citation": paper.CITATION,
        "slider": Markup(json.dumps(report.slider).replace("<", "\\u003c")),  # noqa: S704  # JSON of our own
        "first_images": list(report.slider),
        "provenance": _provenance(findings),
    }


def _title(findings: Findings) -> str:
    sets = ", ".join(findings.names.dataset(name) for name in findings.names.datasets)
    if findings.run is None:
        return f"Opinions of people on {sets}{kind(findings)}"
    return f"Super-resolution x{findings.scale} on {sets}{kind(findings)}"


def _facts(findings: Findings) -> list[tuple[str, str]]:
    facts = [("methods", str(len(findings.compared)))]
    if findings.run is not None:
        sizes = findings.scores.groupby("dataset")["image"].nunique()
        facts += [("images", str(int(sizes.sum()))), ("protocol", findings.protocol)]
    if findings.preferences is not None:
        compared = findings.preferences.study.ratings
        raters = "?" if set(compared["rater"]) == {NOBODY} else str(compared["rater"].nunique())
        facts += [("comparisons", f"{len(compared):,}"), ("raters", raters)]
    if findings.opinions is not None:
        rated = findings.opinions.ratings
        if findings.run is None:
            facts.append(("images", str(len(rated[["dataset", "image"]].drop_duplicates()))))
        facts += [("ratings", f"{len(rated):,}"), ("raters", str(rated["rater"].nunique()))]
    return facts


def _provenance(findings: Findings) -> list[tuple[str, str]]:
    info = findings.info
    rows = [("srbench", str(info.get("srbench", __version__)))]
    rows += [(f"protocol {name}", str(version)) for name, version in sorted(info.get("protocols", {}).items())]
    rows += [(name, str(version)) for name, version in sorted(info.get("versions", {}).items())]
    rows += [(f"machine, {name}", str(value)) for name, value in sorted(info.get("machine", {}).items())]
    for name, about in sorted(info.get("methods", {}).items()):
        if about.get("weights_sha256"):
            rows.append((f"weights of {name}, SHA-256", str(about["weights_sha256"])))
    return rows
