"""A board: many runs beside each other, as a folder of files that any host or disk can show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from srbench.bench import results
from srbench.bench.results import RunResults
from srbench.boards import site
from srbench.boards.merging import merge
from srbench.errors import ReportError

__all__ = ["write"]


def write(
    runs: Sequence[RunResults | str | Path], out: str | Path, *, pictures: bool = True, title: str | None = None
) -> Path:
    """Write the board of some runs into the folder `out`; what `srbench board` does.

    Args:
        runs: Runs, or their folders.
        out: Where the board goes; what an earlier board left there is replaced.
        pictures: Whether the pictures of the runs are copied, so that they can be compared on the board.
        title: What the board is called; made of its data sets where nothing is said.

    Returns:
        The page to open: `out/index.html`.

    Raises:
        RunError: A folder is no run.
        ReportError: No run was named, none has scores, a picture is not the one that was scored, or `out` holds
            something else than a board.
    """
    if not runs:
        raise ReportError("No run was named. Name the folders of one run or more.")
    opened = [run if isinstance(run, RunResults) else results.load(run) for run in runs]
    return site.write(merge(opened), Path(out), pictures=pictures, title=title)
