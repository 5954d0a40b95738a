"""Whose ratings a report takes: everybody's, those of raters who finished, or what a list says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from srbench import stats
from srbench.errors import ReportError, unknown
from srbench.tables.numbers import count

ALL, FINISHED = "all", "finished"
VERBS = ("exclude", "keep")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The ratings of a report.

    Attributes:
        ratings: Those that count.
        everybody: All usable ones.
        out: The raters who were left out, with the reason.
    """

    ratings: stats.CheckedRatings
    everybody: stats.CheckedRatings
    out: Mapping[str, str]

    @property
    def sentence(self) -> str:
        """Who was left out and why; that nobody was, otherwise."""
        if not self.out:
            return "No rater was excluded."
        ratings = len(self.everybody.first) - len(self.ratings.first)
        named = ", ".join(f"{rater} ({reason})" for rater, reason in self.out.items())
        return f"Left out: {count(len(self.out), 'rater')} with {count(ratings, 'rating')}: {named}."


def choose(ratings: stats.CheckedRatings, wanted: str) -> Chosen:
    """Return the ratings that `wanted` asks for.

    Args:
        ratings: All of them.
        wanted: `all`; `finished` (raters with as many ratings as the one with most); or a text file with one rater per
            line, `exclude NAME REASON` or `keep NAME`, all lines of one kind. Empty lines and those that start with #
            do not count. Such a file can be written and published before the study.

    Raises:
        ReportError: The file cannot be read, names somebody who did not rate, mixes both kinds, or leaves nobody.
    """
    counts = ratings.first.groupby(ratings.first["rater"].astype(str)).size()
    if wanted == ALL:
        return Chosen(ratings, ratings, {})
    if wanted == FINISHED:
        most = int(counts.max())
        out = {str(name): f"{number} of {most} ratings" for name, number in counts.items() if number < most}
    else:
        out = _listed(Path(wanted), [str(name) for name in counts.index])
    if len(out) == len(counts):
        raise ReportError(f"--raters {wanted} leaves nobody of {count(len(counts), 'rater')}. Keep somebody.")
    return Chosen(stats.without(ratings, list(out)) if out else ratings, ratings, out)


def _listed(path: Path, raters: list[str]) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(
            f"Cannot read the list of raters {path}: {error}. Expected 'all', 'finished', or a text file."
        ) from None
    named: dict[str, str] = {}
    verbs = set()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        verb, _, rest = line.strip().partition(" ")
        name, _, reason = rest.strip().partition(" ")
        if verb not in VERBS or not name:
            raise ReportError(f"{path}, line {number}: expected 'exclude NAME REASON' or 'keep NAME', got '{line}'.")
        if name not in raters:
            raise ReportError(f"{path}, line {number}: {unknown('rater', name, raters)}")
        verbs.add(verb)
        named[name] = reason.strip() or f"listed in {path.name}"
    if len(verbs) != 1:
        what = "both 'exclude' and 'keep'" if verbs else "no rater"
        raise ReportError(f"{path} names {what}; expected lines of one kind, 'exclude NAME REASON' or 'keep NAME'.")
    if verbs == {"exclude"}:
        return named
    return {name: f"not kept by {path.name}" for name in raters if name not in named}
