from __future__ import annotations

from typing import Any

import pytest

from srbench.errors import StudyError
from srbench.mos.design import study
from srbench.mos.store.definitions import Settings


def test_the_papers_design_has_its_versions_on_each_set() -> None:
    design = study.paper_design("x", 1)
    assert {s.name: (len(s.versions), s.count) for s in design.sets} == {
        "set5": (12, 5),
        "set14": (12, 14),
        "bsd100": (9, 100),
    }
    assert not set(design.sets[2].versions) & {"srresnet-vgg22", "srgan-mse", "srgan-vgg22"}
    assert (design.settings.design, design.calibration.source, design.calibration.count) == ("acr", "bsds300-train", 20)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", ".hidden", "x;y", "ü", "a" * 101, "synthetic-x"])
def test_a_name_that_could_be_a_path_or_hides_a_simulation_is_refused(name: str) -> None:
    with pytest.raises(StudyError):
        study.paper_design(name, 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"repeats": 2}, "nothing twice: leave out repeats"),
        ({"small_screens": "leave-out"}, "none can be left out: take small_screens = 'refuse'"),
        ({"trials_per_rater": 0}, "needs trials_per_rater"),
        ({"design": "acr"}, "take design = 'pc'"),
    ],
)
def test_active_selection_refuses_what_it_cannot_do(settings: dict[str, Any], message: str) -> None:
    chosen = Settings(**{"design": "pc", "selection": "active", "trials_per_rater": 10, **settings})
    with pytest.raises(StudyError, match=message):
        study.check(study.StudyDesign("pairs", 1, (study.ImageSet("set5", ("a", "b", "hr")),), chosen), "the design")
