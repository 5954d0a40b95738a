from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from srbench.errors import StudyError
from srbench.mos.design import studyfile
from srbench.mos.design.study import ImageSet, StudyDesign


def test_study_toml_gives_back_an_equal_study(made: StudyDesign, studies: Path) -> None:
    assert studyfile.read(studies / "small" / "study.toml") == made
    odd = replace(made, run='C:\\runs\\"x"\x7f\u00e9', sets=(ImageSet("s\n", ("a", "b"), ("i'\"",)),))
    assert studyfile.parse(studyfile.write(odd)) == odd


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = [", "it is no TOML"),
        ('name = "x"\nseed = 1', "sets"),
        ('name = "x"\nseed = 1\nsets = []', "at least one"),
        ('name = "x"\nseed = "1"\n[[sets]]\nname = "s"\nversions = ["a"]', "entry 'seed' must be a whole number"),
        ('name = "x"\nseed = 1\nseeed = 1\n[[sets]]\nname = "s"\nversions = ["a"]', "Did you mean 'seed'"),
        ('name = "x"\nseed = 1\n[[sets]]\nname = "s"\nversions = [1]', "list of texts"),
        ('name = "x"\nseed = 1\n[[sets]]\nname = "s"\nversions = ["a", "a"]', "each of them once"),
        ('name = "x"\nseed = 1\ndesign = "acr-hr"\n[[sets]]\nname = "s"\nversions = ["a"]', "needs the version 'hr'"),
        ('name = "x"\nseed = 1\ndesign = "pc"\n[[sets]]\nname = "s"\nversions = ["a"]', "two versions"),
        ('name = "x"\nseed = 1\ndesign = "acrr"\n[[sets]]\nname = "s"\nversions = ["a"]', "Did you mean 'acr'"),
        (
            'name = "x"\nseed = 1\n[settings]\nsession_minutes = 45\n[[sets]]\nname = "s"\nversions = ["a"]',
            "up to 30 minutes",
        ),
        ('name = "x"\nseed = 1\n[retest]\nmethod = "b"\n[[sets]]\nname = "s"\nversions = ["a"]', "retest needs"),
        ("schema_version = 9", "schema_version 9"),
    ],
)
def test_a_wrong_study_toml_is_one_clear_sentence(text: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        studyfile.parse(text)


def test_a_design_needs_neither_name_nor_seed_and_sizes_follow_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "design.toml"
    path.write_text('design = "pc"\n[[sets]]\nname = "set5"\nversions = ["a", "hr"]\n')
    design = studyfile.design_from(path, "mine", 5)
    assert (design.name, design.seed) == ("mine", 5)
    assert (design.settings.seconds_per_trial, design.settings.tolerance, design.settings.choices) == (8.0, 0, 2)
    with pytest.raises(StudyError, match="Make a study with: srbench mos new"):
        studyfile.design_from(tmp_path / "none.toml", "mine", 5)
