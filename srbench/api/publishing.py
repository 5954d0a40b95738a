"""Publishing: reports, boards, and claims that others can compute again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from srbench.api.runs import Run, results_of
from srbench.bench.results import RunResults

if TYPE_CHECKING:
    from srbench.claims import Claim, Verdict
    from srbench.reports import Choices, StudyRatings


def report(
    run: Run | RunResults | str | Path | None,
    study: StudyRatings | str | Path | None = None,
    out: str | Path | None = None,
    *,
    formats: Sequence[str] = ("html", "md", "latex"),
    choices: Choices | None = None,
    pairs: StudyRatings | str | Path | None = None,
) -> list[Path]:
    """Write the report of a run, of an opinion study, or of both: what `srbench report` does.

    Args:
        run: A run, or its folder; None for a study alone.
        study: Name of a study, a file of ratings (see `read_ratings`), or ratings.
        out: Folder of the report; None: `reports/` and the name of the run, or of the study.
        formats: Some of `html`, `md`, `latex` and `pdf`.
        choices: What the reader decides; see `srbench.reports.Choices`.
        pairs: A study by pair comparison of the same versions, joined with the ratings on one scale.

    Returns:
        The documents; figures and tables lie in folders beside them.

    Raises:
        ReportError, RunError, StudyError, StatisticsError: An input is missing, damaged, or does not fit.
    """
    from srbench import reports

    finished = run.results if isinstance(run, Run) else run
    return reports.write(finished, study, out, formats=formats, choices=choices, pairs=pairs)


def board(
    runs: Run | RunResults | str | Path | Sequence[Run | RunResults | str | Path],
    out: str | Path = "board",
    *,
    pictures: bool = True,
    title: str | None = None,
) -> Path:
    """Write a static site of one run or several: what `srbench board` does.

    Args:
        runs: Runs, or their folders.
        out: Folder of the board; a new one, or an earlier board.
        pictures: Whether the runs' pictures are copied, so that they can be compared.
        title: What the board is called; None for a name made of its data sets.

    Returns:
        The page to open, `out/index.html`; the folder works on any static host, and from the disk.

    Raises:
        RunError: A folder is no run.
        ReportError: None of the runs has scores, a picture is not the one that was scored, or `out` holds something
            else than a board.
    """
    from srbench import boards

    given = [runs] if isinstance(runs, Run | RunResults | str | Path) else runs
    return boards.write([results_of(run) for run in given], out, pictures=pictures, title=title)


def claim(run: Run | RunResults | str | Path, method: str, out: str | Path | None = None) -> Claim:
    """Return what a run says of a method, as a claim that others can compute again; what `srbench claim` does.

    Args:
        run: A run, or its folder.
        method: Name of the method.
        out: File to write it to; None for none.

    Raises:
        ClaimError: The run has no such method, or not every score and checksum of it.
    """
    from srbench import claims

    made = claims.claim_of(results_of(run), method)
    if out is not None:
        claims.write(made, Path(out))
    return made


def verify(
    claim: Claim | str | Path,
    *,
    pictures: str | Path | None = None,
    method: str | None = None,
    datasets: Sequence[str] | None = None,
    data_root: str | Path | None = None,
    tolerance: float = 1e-6,
    jobs: int | None = None,
) -> Verdict:
    """Compute a claim again, from weights or from pictures; what `srbench verify` does.

    Args:
        claim: A claim, or its file.
        pictures: Folder with SET/IMAGE.png; None to make the pictures anew.
        method: What the method is called here; None for the claim's name.
        datasets: Names or folders of its data sets here; None for the claim's names.
        data_root: Folder that already holds the data sets.
        tolerance: By how much a score may differ.
        jobs: Worker processes; None: one per usable core.

    Raises:
        ClaimError: The file is no claim, or was changed after it was made.
        SrbenchError: It cannot be computed here.
    """
    from srbench import claims

    known = claims.read(claim) if isinstance(claim, str | Path) else claim
    return claims.verify(
        known, pictures=pictures, method=method, sets=datasets, data_root=data_root, tolerance=tolerance, jobs=jobs
    )
