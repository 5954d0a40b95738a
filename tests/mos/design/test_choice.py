from __future__ import annotations

from pathlib import Path

import pytest

from srbench.errors import RunError, StudyError
from srbench.mos.design import choice
from srbench.mos.design.study import StudyDesign, paper_design


def test_the_design_of_a_run_shows_all_its_methods_and_the_original_on_all_its_sets(run_folder: Path) -> None:
    design = choice.choose("run", "mine", run=run_folder, seed=4)
    assert (design.name, design.seed) == ("mine", 4)
    assert {each.name: each.versions for each in design.sets} == dict.fromkeys(
        ("set5", "bsd100"), ("nearest", "bicubic", "srgan-vgg54", "hr")
    )
    with pytest.raises(RunError, match="not a finished run"):
        choice.choose("run", "mine", run=run_folder / "images")


def test_a_design_that_is_given_gets_the_new_name_and_forgets_its_pictures(small: StudyDesign) -> None:
    design = choice.choose(small, "again", seed=5, calibration="elsewhere")
    assert (design.name, design.seed, design.stimuli, design.run) == ("again", 5, (), "")
    assert design.calibration.source == "elsewhere"
    assert design.sets == small.sets


def test_seeds_are_drawn_unless_given_and_the_retest_must_fit() -> None:
    assert choice.choose("paper", "x", seed=3) == paper_design("x", 3)
    assert choice.choose("paper", "x").seed != choice.choose("paper", "x").seed
    assert choice.choose("paper", "x", retest="srgan-vgg54").retest.method == "srgan-vgg54"
    with pytest.raises(StudyError, match="retest needs"):
        choice.choose("paper", "x", retest="srgan-vgg99")
    with pytest.raises(StudyError, match="Cannot read the study papr: No such file"):
        choice.choose("papr", "x")
