"""What a form of file gives before scales, names and repeats are looked at: answers with their places in the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from srbench.stats.rating_scale import RatingScale

LEFT, EITHER, RIGHT = "1", "1.5", "2"
"""Answers of a comparison, as `srbench.stats.pair_model` takes them."""
NOBODY = "unknown"
"""The rater of answers whose file names none."""


@dataclass(frozen=True)
class Answers:
    """The answers of a file.

    Attributes:
        path: The file.
        form: What kind of file it is, for people.
        frame: One row per answer, all words: rater, score, place (line, or line and column), and either stimulus or
            image and method, or for comparisons left and right; dataset, trial, repeat, seconds and study where the
            file has them.
        compares: Whether people compared pairs.
        sides: Whether the file says which version of a pair was on the left.
        scale: The scale that files of this form always have, or that this one names; None where it says nothing.
        design: The design that the file names; empty where it says nothing.
        notes: What a reader must know.
        decimal: Whether scores may have a decimal comma.
        separator: What stands between cells; empty where the file is no text table.
    """

    path: Path
    form: str
    frame: pd.DataFrame
    compares: bool = False
    sides: bool = True
    scale: RatingScale | None = None
    design: str = ""
    notes: Sequence[str] = field(default=())
    decimal: bool = True
    separator: str = ""

    def of(self, separator: str) -> Answers:
        """Return the same answers of a text table with that separator."""
        return replace(self, separator=separator)
