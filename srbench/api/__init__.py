"""The library's front door: names in, objects out. The command line and the web pages stand on the same functions."""

from __future__ import annotations

from srbench.api.listings import datasets, methods, metrics, protocols
from srbench.api.opinions import read_ratings
from srbench.api.pictures import degrade, evaluate, set_scores
from srbench.api.publishing import board, claim, report, verify
from srbench.api.runs import Run, compare_runs, open_run, run
from srbench.mos.study import Study
from srbench.upscaling import upscale

__all__ = [
    "Run",
    "Study",
    "board",
    "claim",
    "compare_runs",
    "datasets",
    "degrade",
    "evaluate",
    "methods",
    "metrics",
    "open_run",
    "protocols",
    "read_ratings",
    "report",
    "run",
    "set_scores",
    "upscale",
    "verify",
]
