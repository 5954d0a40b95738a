"""How long the report of a full run and a study takes, and how much memory.

    python benchmarks/report.py RUN [RATINGS]

RUN is the folder of a finished run, RATINGS a file of ratings; without one a synthetic study of the paper's size
(29,328 ratings) is drawn, and its images get the names of the run's, so that metrics are compared with people too.
Prints the time of each part, the largest memory and the size of the page.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from srbench import reports
from srbench.bench import results
from srbench.mos.design import simulation as simulate
from srbench.reports import analysis, studies


def main() -> None:
    """Print one line per part."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    started = _now()
    run = results.load(sys.argv[1])
    if len(sys.argv) > 2:
        study = studies.from_file(Path(sys.argv[2]))
    else:
        ratings = _about(run.scores, simulate.paper_study())
        study = reports.StudyRatings(str(ratings["study"].iloc[0]), ratings, "synthetic")
    print(f"{len(run.scores):,} scores, {len(study.ratings):,} ratings")
    _tell("read", started)
    before = _now()
    analysis.find(run, study)
    _tell("statistics", before)
    with tempfile.TemporaryDirectory() as folder:
        before = _now()
        made = reports.build(run, study)
        _tell("statistics, figures and pictures", before)
        before = _now()
        reports.save(made, Path(folder))
        _tell("files", before)
        size = (Path(folder) / "report.html").stat().st_size / 1e6
    _tell("all", started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{len(made.figures)} figures; page {size:.1f} MB; largest memory {peak:.2f} GB (asked: 60 s, 25 MB, 2 GB)")


def _about(scores: pd.DataFrame, ratings: pd.DataFrame) -> pd.DataFrame:
    """Return the ratings with their images named as the run names its own, one by one as far as they go."""
    names = {}
    for dataset, part in ratings.groupby("dataset"):
        ours = sorted(scores.loc[scores["dataset"] == dataset, "image"].unique())
        names |= {(dataset, old): new for old, new in zip(sorted(part["image"].unique()), ours, strict=False)}
    places = zip(ratings["dataset"], ratings["image"], strict=True)
    return ratings.assign(image=[names.get(place, place[1]) for place in places])


def _now() -> tuple[float, float]:
    """Return wall time and processor time: on a busy machine the first says little about the report."""
    return time.perf_counter(), time.process_time()


def _tell(part: str, since: tuple[float, float]) -> None:
    wall, busy = (after - before for after, before in zip(_now(), since, strict=True))
    print(f"{part:34} {wall:6.1f} s, {busy:6.1f} s of the processor", flush=True)


if __name__ == "__main__":
    main()
