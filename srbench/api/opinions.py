"""Opinions: ratings and comparisons that somebody else has collected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srbench.ratings import Understood


def read_ratings(
    file: str | Path,
    scale: str = "",
    *,
    form: str = "",
    split: str = "",
    columns: Mapping[str, str] | None = None,
    skip: Sequence[str] = (),
    dataset: str = "imported",
    reference: str = "",
    design: str = "",
    separator: str = "",
    decimal: str = "",
) -> Understood:
    """Read somebody's ratings or comparisons and say what was understood: what `srbench ratings show` does.

    Its `table` is what `srbench.stats` takes; `sentences()` says what was understood.

    Args:
        file: A text table, a Parquet file, a data set of sureal, or results of webMUSHRA or the P.910 toolkit.
        scale: What raters could answer, such as `0:100`; empty takes what the file says, else 1 to 5.
        form: One of `srbench.ratings.FORMS`; empty takes what the header shows.
        split: How the name of a stimulus holds image and method, such as `{image}_{method}.png`.
        columns: What the file calls our columns, {ours: theirs}.
        skip: Columns that hold no ratings.
        dataset: Name of the data set where the file names none.
        reference: The method that is the original.
        design: `acr`, `acr-hr` or `dcr`, where it is known.
        separator: `comma`, `semicolon`, `tab` or `bar`.
        decimal: `point` or `comma`.

    Raises:
        StudyError, StatisticsError: The file cannot be read or says too little, or what is said of it is wrong.
    """
    from srbench.ratings import Declaration, understand

    declared = Declaration(
        form=form,
        scale=scale,
        split=split,
        columns=dict(columns or {}),
        skip=tuple(skip),
        dataset=dataset,
        reference=reference,
        design=design,
        separator=separator,
        decimal=decimal,
    )
    return understand(file, declared)
