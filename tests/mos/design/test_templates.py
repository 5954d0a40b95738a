"""Every template is a study that can be made of a run, opened, and rated; and the command line finds it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from srbench.cli import app
from srbench.errors import StudyError
from srbench.mos.design import choice, planning, schedule, studyfile, templates
from srbench.mos.design.study import StudyDesign
from srbench.mos.store.definitions import DESIGNS, SELECTIONS
from srbench.mos.study import Study

NAMES = list(templates.descriptions())


def test_there_is_a_template_of_every_design_every_selection_and_an_open_study() -> None:
    designs = {name: choice.choose(name, "x", seed=1).settings for name in NAMES}
    assert {each.design for each in designs.values()} == set(DESIGNS)
    assert {each.selection for each in designs.values() if each.design == "pc"} == set(SELECTIONS)
    assert designs["open"].gold
    assert designs["open"].traps
    assert {"consent", "colour", "contrast", "before", "after"} <= set(designs["open"].asks)


@pytest.mark.parametrize("name", NAMES)
def test_a_template_makes_a_study_of_all_that_a_run_has(
    name: str, run_folder: Path, teaching: Path, tmp_path: Path
) -> None:
    study = Study.create(
        "mine", run_folder, design=name, folder=tmp_path, seed=2, calibration=str(teaching), calibration_count=3
    )
    made = study.design
    assert {each.name: each.versions for each in made.sets} == {
        "set5": ("nearest", "bicubic", "srgan-vgg54", "hr"),
        "bsd100": ("nearest", "bicubic", "srgan-vgg54", "hr"),
    }
    study.open()
    assert len(study.invite(2)) == 2
    (first, _) = study.status().raters
    assert first.total == schedule.length(made) + made.settings.checks
    assert studyfile.parse(studyfile.write(made)) == made


@pytest.mark.parametrize("name", NAMES)
def test_a_template_is_printed_as_it_lies_and_can_be_planned_with(name: str) -> None:
    printed = CliRunner().invoke(app, ["mos", "templates", name])
    assert printed.output == templates.path(name).read_text(encoding="utf-8")
    without_run: StudyDesign = choice.choose(name, "x", seed=1)
    assert {each.name for each in without_run.sets} == {"set5", "set14", "bsd100"}
    small = replace(without_run, sets=tuple(replace(each, count=5) for each in without_run.sets))
    found = planning.plan(small, 2, 0.5, simulations=1)
    assert found.cost.trials == planning.trials(small, {each.name: 5 for each in small.sets})


def test_the_list_names_all_and_a_wrong_name_says_which_there_are() -> None:
    listed = CliRunner().invoke(app, ["mos", "templates"]).output
    assert [line.split()[0] for line in listed.splitlines()] == NAMES
    with pytest.raises(StudyError, match="pc-active"):
        templates.path("pc-aktive")
