"""What was understood of a file of ratings: the tidy table, and sentences about it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from srbench.errors import StudyError
from srbench.images import write_atomically
from srbench.mos.store.definitions import SYNTHETIC
from srbench.ratings.delimited import named
from srbench.stats.pair_design import EITHER, LEFT, RIGHT
from srbench.stats.rating_scale import RatingScale

_FEW = 3
"""How many of a kind are named."""


@dataclass(frozen=True)
class Understood:
    """A file of ratings, or of comparisons.

    Attributes:
        path: The file.
        form: What kind of file it is.
        separator: What stands between its cells; empty where it is no text table.
        decimal: The decimal sign of its scores.
        answers: One row per answer, with its `place` in the file; scores that are off the scale among them.
        compares: Whether people compared pairs.
        sides: Whether the file says who was on the left.
        scale: What raters could answer; of no meaning for comparisons.
        scale_from: Who said so; empty where it is assumed.
        design: How stimuli were shown; empty where nobody said.
        empty: Cells without an answer.
        again: Answers about a stimulus by a rater who had answered about it, counted as second showings.
        notes: What a reader must know beside all that.
    """

    path: Path
    form: str
    separator: str
    decimal: str
    answers: pd.DataFrame
    compares: bool
    sides: bool
    scale: RatingScale
    scale_from: str
    design: str
    empty: int
    again: int
    notes: Sequence[str]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One rating or comparison per row, as `srbench.stats` takes it.

        Columns of ratings as in `srbench.mos.store.rows.Rating`, with `rating_scale` and `design`; of comparisons
        `left`, `right` and `sides` in place of method and repeat.

        Raises:
            StudyError: A score is no answer of the scale.
        """
        off = self.off
        if len(off):
            row = off.iloc[0]
            raise StudyError(
                f"{self.path}, {row['place']}: expected a score from {self.scale.words}, got {row['score']:g}"
                f"{f' (and {len(off) - 1} more that are off)' if len(off) > 1 else ''}. Correct the file, or declare "
                "its scale with --scale LOW:HIGH."
            )
        study = self.answers["study"].where(self.answers["study"] != "", self.path.stem)
        scores = self.answers["score"]
        frame = self.answers.assign(study=study, score=scores.astype(int) if (scores % 1 == 0).all() else scores)
        first = ["study", "rater", "trial", "dataset", "image"]
        if self.compares:
            frame = frame.assign(sides="known" if self.sides else "unknown", design="pc")
            return frame[[*first, "left", "right", "score", "seconds", "sides", "design"]].copy()
        frame = frame.assign(rating_scale=str(self.scale), design=self.design)
        return frame[[*first, "method", "repeat", "score", "seconds", "rating_scale", "design"]].copy()

    @property
    def off(self) -> pd.DataFrame:
        """The answers that the scale does not have."""
        scores = self.answers["score"].to_numpy(dtype=np.float64)
        wrong = ~np.isin(scores, (LEFT, EITHER, RIGHT)) if self.compares else self.scale.off(scores)
        return self.answers[wrong]

    @property
    def studies(self) -> list[str]:
        """The studies that the file names."""
        return sorted(set(self.answers["study"]) - {""})

    @property
    def synthetic(self) -> bool:
        """Whether a simulation drew the ratings.

        Raises:
            StudyError: Only some of them.
        """
        drawn = self.answers[["study", "rater"]].astype(str).apply(lambda each: each.str.startswith(SYNTHETIC))
        marked = drawn.any(axis=1)
        if marked.any() and not marked.all():
            raise StudyError(f"{self.path} mixes synthetic ratings with others. Keep them in separate files.")
        return bool(marked.any())

    def save(self, out: Path) -> None:
        """Write the table as CSV, or as Parquet where the file's name ends so.

        Raises:
            StudyError: A score is no answer of the scale; or the name ends in something else.
        """
        if out.suffix.lower() not in {".csv", ".parquet"}:
            raise StudyError(f"A table of ratings is written as .csv or .parquet, not as '{out.name}'.")
        if out.suffix.lower() == ".csv":
            write_atomically(out, self.table.to_csv(index=False).encode())
            return
        buffer = io.BytesIO()
        self.table.to_parquet(buffer, index=False)
        write_atomically(out, buffer.getvalue())

    def sentences(self) -> list[str]:
        """Return what was understood, a line each: what the file is, who rated what, and what is missing or wrong."""
        rows = [("form", self._form()), *self._contents(), *self._gaps()]
        width = max(len(name) for name, _ in rows)
        return [f"{name:{width}}  {text}" for name, text in rows] + [f"Note: {note}" for note in self.notes]

    def _form(self) -> str:
        text = f"; separator {named(self.separator)}" if self.separator else ""
        return f"{self.form}{text}{'; decimal comma' if self.decimal == ',' else ''}"

    def _contents(self) -> Iterator[tuple[str, str]]:
        frame = self.answers
        yield "raters", _some(frame["rater"])
        versions = pd.concat([frame["left"], frame["right"]]) if self.compares else frame["method"]
        for dataset, part in frame.groupby("dataset", sort=False):
            methods = versions.loc[part.index]
            text = f"{_number(part['image'].nunique(), 'image')} x {_number(methods.nunique(), 'method')}"
            if not self.compares:
                text += f", {_number(len(part.groupby(['image', 'method'])), 'stimulus')}"
            yield f"set '{dataset}'", text
        yield "methods", _some(versions)
        if self.compares:
            ties = int((frame["score"] == EITHER).sum())
            yield "comparisons", f"{len(frame):,}, {ties} of them ties; sides {'known' if self.sides else 'unknown'}"
            return
        scores = frame["score"]
        span = f"from {scores.min():g} to {scores.max():g}"
        yield "scores", f"{len(frame):,} {span}, {scores.nunique()} different, mean {scores.mean():.4g}"
        origin = self.scale_from or "assumed: say --scale LOW:HIGH if it is another"
        yield "scale", f"{self.scale.words} ({origin})"
        yield "design", self.design or "unknown (--design says how stimuli were shown)"

    def _gaps(self) -> Iterator[tuple[str, str]]:
        yield "missing", self._missing()
        if not self.compares:
            numbered = int((self.answers["repeat"] > 0).sum()) - self.again
            text = f"{self.again} further ratings of a stimulus by the same rater, taken for second showings"
            shown = [text] if self.again else []
            shown += [f"{numbered} second showings"] if numbered else []
            yield "repeats", "; ".join(shown) or "none"
        off = self.off
        named = "; ".join(f"{row.score:g} at {row.place}" for row in off.head(_FEW).itertuples())
        rest = f" and {len(off) - _FEW} more" if len(off) > _FEW else ""
        yield "off scale", f"{len(off)}: {named}{rest}" if len(off) else "none"

    def _missing(self) -> str:
        parts = []
        if not self.compares:
            first = self.answers.drop_duplicates(["rater", "dataset", "image", "method"])
            planned = first["rater"].nunique() * len(first.groupby(["dataset", "image", "method"]))
            if planned > len(first):
                parts.append(f"{planned - len(first):,} of {planned:,} ratings (raters x stimuli)")
        parts += [f"{self.empty} without a score in the file"] if self.empty else []
        return "; ".join(parts) or "none"


def _some(column: pd.Series[str]) -> str:
    """Return how many different names there are, and the first of them."""
    names = list(dict.fromkeys(map(str, column)))
    shown = ", ".join(names[:_FEW]) + (", ..." if len(names) > _FEW else "")
    return f"{len(names)}: {shown}"


def _number(count: int, thing: str) -> str:
    """Return a count with its noun; the plural of stimulus is stimuli."""
    plural = "stimuli" if thing == "stimulus" else f"{thing}s"
    return f"{count:,} {thing if count == 1 else plural}"
