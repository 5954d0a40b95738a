"""What a reader must know before believing a number: synthetic data, the unit of tests, taste, gaps."""

from __future__ import annotations

from collections.abc import Iterator

from srbench.reports.findings import Findings, Opinions
from srbench.tables.names import lines
from srbench.tables.numbers import number, p_text

UNIT_WARNING = (
    "Wilcoxon's test pairs single ratings here, as papers often do. They are not independent, so its p is too small: "
    "docs/statistics.md says how often, in simulated studies without any true difference. Use it to compare with older "
    "papers only. What this report calls significant does not hang on it."
)
NO_PEOPLE = "The ratings are synthetic: a program drew them. No person rated a picture."


def cautions(findings: Findings) -> list[str]:
    """Return what a reader must know before believing anything: synthetic data, unit, taste, gaps."""
    found = findings.opinions
    made = [NO_PEOPLE] if findings.synthetic else []
    if findings.choices.unit == "rating" and found is not None:
        made.append(UNIT_WARNING)
    if found is not None:
        made += [*_few(found), *_kept(found)]
        for row in lines(found.taste):
            if row.differs:
                made.append(
                    f"{findings.names.dataset(str(row.dataset))}: raters differ in which methods they like, beyond "
                    "what severity, the ends of the scale, and how widely and how reliably each rater uses it explain "
                    f"(method x rater in an ordinal model that allows for these: p {p_text(row.p)}; sd "
                    f"{number(row.sd_method_rater)} points, use of the scale included). Wilcoxon's test treats the "
                    "raters as given and rejects too often then; the intervals over raters and images, which decide "
                    "here, do not." + _suspects(found)
                )
    names = findings.names
    made += [f"{names.method(name)}: {names.notes[name]}." for name in names.methods if name in names.notes]
    return [*made, *findings.notes]


def _kept(found: Opinions) -> Iterator[str]:
    """Yield who is in every number although a rule of screening flags them."""
    odd = _odd(found)
    if odd:
        yield (
            f"A rule of screening flags {len(odd)} of {found.ratings['rater'].nunique()} raters, whose ratings are in "
            f"all numbers: {', '.join(odd)}. The section on raters says why, and what leaving them out would change."
        )


def _odd(found: Opinions) -> list[str]:
    flagged = found.screening.loc[found.screening["flagged"], "rater"].astype(str)
    return sorted(set(flagged) & set(found.ratings["rater"].astype(str)))


def _suspects(found: Opinions) -> str:
    """Return whose answers alone can look like taste."""
    odd = _odd(found)
    return f" Raters whom a rule of screening flags can be the cause alone: {', '.join(odd)}." if odd else ""


def _few(found: Opinions) -> Iterator[str]:
    raters = found.ratings["rater"].nunique()
    if raters == 1:
        yield "Only one person rated: nothing can be said about other people, and intervals cover images only."
    elif raters < 15:
        yield f"Only {raters} people rated; ITU-R BT.500 asks for 15 or more."
