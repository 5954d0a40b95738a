from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from srbench import images
from srbench.errors import StudyError
from srbench.mos.design import originals, stimuli
from srbench.mos.design.study import Calibration, ImageSet, StudyDesign


@pytest.fixture
def own_set(tmp_path: Path) -> Path:
    """Two pictures of somebody's own, of which one is no multiple of the scale."""
    folder, source = tmp_path / "mine", np.random.default_rng(3)
    for name, size in (("a", (16, 20)), ("b", (18, 21))):
        images.write(folder / f"{name}.png", source.integers(0, 256, (*size, 3), dtype=np.uint8))
    return folder


@pytest.fixture
def run(own_set: Path, tmp_path: Path) -> Path:
    """A run of `own_set` that has bicubic pictures and no originals."""
    run = tmp_path / "run"
    for name, size in (("a", (16, 20)), ("b", (16, 20))):
        images.write(run / "images" / "bicubic" / "mine" / f"{name}.png", np.zeros((*size, 3), np.uint8))
    info = {
        "schema_version": 1,
        "scale": 4,
        "methods": {"bicubic": {}},
        "datasets": {"mine": {n: {"hr_sha256": images.file_sha256(own_set / f"{n}.png")} for n in "ab"}},
        "commands": [{"command": ["srbench", "run", "--datasets", f"set5,{own_set}", "--methods", "bicubic"]}],
    }
    (run / "run.json").write_text(json.dumps(info))
    return run


def info(run: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((run / "run.json").read_text())
    return found


def test_originals_that_the_run_lacks_come_from_the_folder_it_was_made_on(run: Path, own_set: Path) -> None:
    found = originals.find(run, info(run), "mine")
    assert sorted(found) == ["a", "b"]
    assert np.array_equal(found["b"](), images.read(own_set / "b.png")[:16, :20])


def test_a_copy_in_the_run_wins(run: Path) -> None:
    grey = np.full((16, 20, 3), 9, np.uint8)
    images.write(run / "images" / "hr" / "mine" / "a.png", grey)
    assert np.array_equal(originals.find(run, info(run), "mine")["a"](), grey)


def test_an_original_that_was_changed_or_is_gone_says_how_to_add_it(run: Path, own_set: Path) -> None:
    images.write(own_set / "b.png", np.zeros((18, 21, 3), np.uint8))
    with pytest.raises(StudyError, match=r"mine/b was changed since the run.*--methods hr --out"):
        originals.find(run, info(run), "mine")
    (own_set / "b.png").unlink()
    with pytest.raises(StudyError, match=r"mine/b is gone"):
        originals.find(run, info(run), "mine")
    own_set.rename(own_set.parent / "moved")
    with pytest.raises(StudyError, match=r"has no originals of mine.*srbench run --datasets mine --methods hr"):
        originals.find(run, info(run), "mine")


def test_a_study_of_ones_own_pictures_needs_no_originals_in_the_run(run: Path, own_set: Path, studies: Path) -> None:
    design = StudyDesign("own", 1, (ImageSet("mine", ("bicubic", "hr")),), calibration=Calibration(count=0))
    made = stimuli.make(design, run, studies)
    original = next(s for s in made.stimuli if (s.image, s.method) == ("b", "hr"))
    shown = images.read(studies / "own" / "stimuli" / f"{original.id}.png")
    assert np.array_equal(shown, images.read(own_set / "b.png")[:16, :20])
