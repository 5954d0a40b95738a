"""How long the report of a full run and a study takes, and how much memory.

    python benchmarks/report.py RUN [RATINGS]

RUN is the folder of a finished run, RATINGS a file of ratings; without one a synthetic study of the paper's size
(29,328 ratings) is drawn. Prints the time of each part, the largest memory and the size of the page.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from srbench import reports, results
from srbench.mos import simulate
from srbench.reports import findings, studies


def main() -> None:
    """Print one line per part."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    started = time.perf_counter()
    run = results.load(sys.argv[1])
    if len(sys.argv) > 2:
        study = studies.from_file(Path(sys.argv[2]))
    else:
        ratings = simulate.paper_study()
        study = reports.Study(str(ratings["study"].iloc[0]), ratings, "synthetic")
    print(f"{len(run.scores):,} scores, {len(study.ratings):,} ratings")
    _tell("read", started)
    before = time.perf_counter()
    findings.find(run, study)
    _tell("statistics", before)
    with tempfile.TemporaryDirectory() as folder:
        before = time.perf_counter()
        made = reports.build(run, study)
        _tell("statistics, figures and pictures", before)
        before = time.perf_counter()
        reports.write(made, Path(folder))
        _tell("files", before)
        size = (Path(folder) / "report.html").stat().st_size / 1e6
    _tell("all", started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{len(made.figures)} figures; page {size:.1f} MB; largest memory {peak:.2f} GB (asked: 60 s, 25 MB, 2 GB)")


def _tell(part: str, since: float) -> None:
    print(f"{part:34} {time.perf_counter() - since:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
