"""Finished lines of a run's journals in one Parquet file, a tenth of their size and read by columns."""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench.bench.rows import NO_FILES, ImageOutcome, Score
from srbench.errors import RunError
from srbench.images import write_atomically

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "journal.parquet"
LEAST = 10_000
"""Lines from which on it is worth its while: fewer stay as they are, for people and older versions to read."""

_FIELDS = [field.name for field in fields(ImageOutcome)]
_SCORE = [field.name for field in fields(Score)]
_NUMBERS = {"seconds": "float64", "peak_mb": "float64", "value": "float64", "revision": "int64"}


def write(run: Path, outcomes: Iterable[ImageOutcome]) -> None:
    """Write the outcomes of a run, which replace what was compacted before.

    The file is either old or complete, and on the disk under its name when this returns: only then may the lines that
    it stands for be removed.

    Raises:
        OSError: It cannot be written.
    """
    import pyarrow.parquet as parquet

    buffer = io.BytesIO()
    parquet.write_table(_table(list(outcomes)), buffer, compression="zstd")
    write_atomically(run / NAME, buffer.getvalue())
    folder = os.open(run, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read(run: Path) -> list[ImageOutcome]:
    """Return the outcomes that were compacted; none where nothing was.

    Raises:
        RunError: The file is damaged.
    """
    if not (run / NAME).is_file():
        return []
    columns = {name: column.to_pylist() for name, column in _columns(run, _FIELDS).items() if name != "scores"}
    columns["files"] = [dict(files) if files else NO_FILES for files in columns["files"]]
    columns["scores"] = _scores(_columns(run, ["scores"])["scores"])
    return [ImageOutcome(*values).shared() for values in zip(*(columns[name] for name in _FIELDS), strict=True)]


def _columns(run: Path, names: Sequence[str]) -> dict[str, pa.ChunkedArray]:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        table = parquet.read_table(run / NAME, columns=list(names))
        return {name: table.column(name) for name in names}
    except (OSError, pa.ArrowException, KeyError) as error:
        raise RunError(
            f"{run / NAME} is damaged ({error}). Restore it, or delete it and run again: its scores are computed again."
        ) from None


def _table(outcomes: Sequence[ImageOutcome]) -> pa.Table:
    import pyarrow as pa

    columns = {
        name: pa.array([getattr(outcome, name) for outcome in outcomes], _type(name))
        for name in _FIELDS
        if name not in ("scores", "files")
    }
    files = [list(outcome.files.items()) for outcome in outcomes]
    columns["files"] = pa.array(files, pa.map_(pa.string(), pa.string()))
    several = [score for outcome in outcomes for score in outcome.scores]
    parts = [pa.array([getattr(score, name) for score in several], _type(name)) for name in _SCORE]
    ends = list(itertools.accumulate((len(outcome.scores) for outcome in outcomes), initial=0))
    columns["scores"] = pa.ListArray.from_arrays(ends, pa.StructArray.from_arrays(parts, names=_SCORE))
    return pa.table({name: columns[name] for name in _FIELDS})


def _type(name: str) -> Any:
    import pyarrow as pa

    return pa.type_for_alias(_NUMBERS.get(name, "string"))


def _scores(column: pa.ChunkedArray) -> list[tuple[Score, ...]]:
    found: list[tuple[Score, ...]] = []
    for chunk in column.chunks:
        parts = [chunk.values.field(name).to_pylist() for name in _SCORE]
        several = [Score(*values) for values in zip(*parts, strict=True)]
        ends = chunk.offsets.to_pylist()
        found += [tuple(several[start:end]) for start, end in itertools.pairwise(ends)]
    return found
