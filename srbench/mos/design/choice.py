"""From the words of whoever wants a study to its design: the paper's, what a run has, or a file."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

from srbench.bench.results import load_info
from srbench.errors import RunError
from srbench.mos.design import studyfile, templates
from srbench.mos.design.study import REFERENCE, ImageSet, StudyDesign, check, paper_design


def choose(
    source: str | Path | StudyDesign,
    name: str,
    *,
    run: Path | None = None,
    seed: int | None = None,
    retest: str = "",
    calibration: str = "",
    calibration_count: int | None = None,
) -> StudyDesign:
    """Return the design of a new study.

    Args:
        source: `paper`; `run` for every version of every picture that `run` has; the name of a template; a study.toml;
            or a design. A template or file without sets shows what the run has, or the paper's without a run.
        name: Name of the study.
        run: The run, for `run`.
        seed: Decides every order; drawn where it is None.
        retest: Method whose pictures are shown twice, or empty.
        calibration: Data set or folder with the calibration's pictures, where it is not the design's.
        calibration_count: How many of them are shown, where it is not the design's; 0 for no calibration.

    Raises:
        StudyError: The design cannot be followed, or its file not be read.
        RunError: There is no finished run.
    """
    chosen = secrets.randbelow(2**31) if seed is None else seed
    if isinstance(source, StudyDesign):
        design = replace(source, name=name, seed=chosen, stimuli=(), run="", run_sha256="")
    elif str(source) == "paper":
        design = paper_design(name, chosen)
    elif str(source) == "run":
        design = run_design(name, chosen, run)
    else:
        path = templates.path(str(source)) if str(source) in templates.descriptions() else Path(source)
        design = studyfile.design_from(path, name, chosen, lambda: _all_sets(name, run))
    if retest:
        design = replace(design, retest=replace(design.retest, method=retest))
    if calibration:
        design = replace(design, calibration=replace(design.calibration, source=calibration))
    if calibration_count is not None:
        design = replace(design, calibration=replace(design.calibration, count=calibration_count))
    check(design, "the design")
    return design


def _all_sets(name: str, run: Path | None) -> tuple[ImageSet, ...]:
    return (run_design(name, 0, run) if run is not None else paper_design(name, 0)).sets


def run_design(name: str, seed: int, run: Path | None) -> StudyDesign:
    """Return the ACR study of every version of every picture that a run has, the original among them.

    Raises:
        RunError: `run` is not a finished run, or has no pictures.
    """
    info = None if run is None else load_info(run)
    if run is None or info is None:
        raise RunError(f"{run} is not a finished run: expected run.json in it. Make one with: srbench run")
    sets = []
    for dataset in info.get("datasets", {}):
        methods = [method for method in info.get("methods", {}) if (run / "images" / method / dataset).is_dir()]
        if methods:
            sets.append(ImageSet(dataset, tuple(dict.fromkeys([*methods, REFERENCE]))))
    if not sets:
        raise RunError(f"{run} has no pictures. Make some with: srbench run --out {run}")
    return StudyDesign(name, seed, tuple(sets))
