from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL.PngImagePlugin import PngInfo

from srbench import images
from srbench.errors import RunError, SrbenchError, StudyError
from srbench.mos.design import items, registration, stimuli, study
from srbench.mos.design.study import Calibration, ImageSet, Retest, StudyDesign
from srbench.mos.store.definitions import Settings


def test_every_picture_is_registered_with_its_checksum_and_its_pixels_are_the_runs(
    made: StudyDesign, studies: Path, run_folder: Path
) -> None:
    assert len([s for s in made.stimuli if s.role == "rating"]) == 15 * 4
    registration.check_stimuli(studies / "small", made)
    for each in made.stimuli:
        if each.role == "rating":
            shown = images.read(studies / "small" / "stimuli" / f"{each.id}.png")
            source = images.read(run_folder / "images" / each.method / each.dataset / f"{each.image}.png")
            assert np.array_equal(shown, source)


def test_files_betray_nothing_by_name_order_or_metadata(design: StudyDesign, run_folder: Path, studies: Path) -> None:
    run = studies.parent / "run"
    shutil.copytree(run_folder, run)
    for path in run.rglob("*.png"):
        note = PngInfo()
        note.add_text("Software", "srgan-vgg54")
        PillowImage.open(path).convert("L" if path.stem == "picture1" else "RGB").save(path, pnginfo=note)
    made = stimuli.make(design, run, studies)
    for path in (studies / "small" / "stimuli").iterdir():
        data = path.read_bytes()
        assert b"srgan" not in data
        assert b"tEXt" not in data
        with PillowImage.open(path) as picture:
            assert (picture.mode, picture.info) == ("RGB", {})
    assert [s.id for s in made.stimuli] == sorted(s.id for s in made.stimuli)
    assert len({s.id for s in made.stimuli}) == len(made.stimuli)


def test_names_of_files_are_new_in_every_study(design: StudyDesign, run_folder: Path, studies: Path) -> None:
    one, two = (stimuli.make(replace(design, name=name), run_folder, studies) for name in ("one", "two"))
    assert not {s.id for s in one.stimuli} & {s.id for s in two.stimuli}
    assert [(i.image, i.method) for i in items.items(one)] == [(i.image, i.method) for i in items.items(two)]


def test_calibration_holds_the_nearest_version_and_the_original_of_each_picture(
    made: StudyDesign, studies: Path
) -> None:
    shown = [s for s in made.stimuli if s.role == "calibration"]
    assert sorted((s.image, s.method) for s in shown) == [(f"t{n}", m) for n in range(3) for m in ("hr", "nearest")]
    for each in shown:
        if each.method == "nearest":
            picture = images.read(studies / "small" / "stimuli" / f"{each.id}.png")
            assert np.array_equal(picture, picture[::4, ::4].repeat(4, axis=0).repeat(4, axis=1))


def test_calibration_takes_twenty_bsds300_pictures_but_not_the_photograph_of_set5(
    data_root: Path, design: StudyDesign, run_folder: Path, studies: Path
) -> None:
    made = stimuli.make(replace(design, calibration=Calibration()), run_folder, studies, data_root)
    shown = {s.image for s in made.stimuli if s.role == "calibration"}
    assert len(shown) == 20
    assert "302003" not in shown
    assert {s.dataset for s in made.stimuli if s.role == "calibration"} == {"bsds300-train"}


def test_a_retest_adds_ten_pictures_as_stimuli_of_their_own(
    design: StudyDesign, run_folder: Path, studies: Path
) -> None:
    made = stimuli.make(replace(design, retest=Retest(method="srgan-vgg54")), run_folder, studies)
    again = [s for s in made.stimuli if s.repeat]
    assert {(s.dataset, s.method) for s in again} == {("bsd100", "srgan-vgg54")}
    assert len({s.image for s in again}) == 10
    assert len(items.items(made)) == 70


def test_dcr_registers_the_original_of_every_picture(design: StudyDesign, run_folder: Path, studies: Path) -> None:
    made = stimuli.make(replace(design, settings=Settings(design="dcr")), run_folder, studies)
    assert len([s for s in made.stimuli if s.role == "reference"]) == 15


def test_a_run_without_originals_says_how_to_add_them(design: StudyDesign, run_folder: Path, studies: Path) -> None:
    run = studies.parent / "run"
    shutil.copytree(run_folder, run)
    shutil.rmtree(run / "images" / "hr")
    with pytest.raises(StudyError, match="srbench run --datasets set5 --methods hr --out"):
        stimuli.make(design, run, studies)
    assert not studies.exists() or not list(studies.iterdir())


def test_a_missing_method_and_a_missing_picture_are_named(design: StudyDesign, run_folder: Path, studies: Path) -> None:
    run = studies.parent / "run"
    shutil.copytree(run_folder, run)
    (run / "images" / "bicubic" / "bsd100" / "picture3.png").unlink()
    with pytest.raises(StudyError, match=r"lacks 1 of 12 pictures of bsd100 by bicubic \(first: picture3\)"):
        stimuli.make(design, run, studies)
    other = replace(design, sets=(ImageSet("set5", ("srcnn", "hr")),))
    with pytest.raises(StudyError, match="--methods srcnn"):
        stimuli.make(other, run_folder, studies)


def test_versions_of_different_size_are_refused(design: StudyDesign, run_folder: Path, studies: Path) -> None:
    run = studies.parent / "run"
    shutil.copytree(run_folder, run)
    path = run / "images" / "bicubic" / "set5" / "picture0.png"
    path.write_bytes(images.encode(images.read(path)[:-1]))
    with pytest.raises(StudyError, match="raters would tell them by size"):
        stimuli.make(design, run, studies)
    assert not (studies / "small").exists()


def test_the_papers_study_demands_all_pictures_of_the_paper(run_folder: Path, studies: Path) -> None:
    with pytest.raises(
        StudyError, match=r"set5 \(5\), set14 \(14\), bsd100 \(100\); .* has set5 \(3\), bsd100 \(12\)\..*--from run"
    ):
        stimuli.make(study.paper_design("x", 1), run_folder, studies)


def test_an_unfinished_run_and_an_existing_study_are_refused(
    made: StudyDesign, design: StudyDesign, run_folder: Path, studies: Path
) -> None:
    with pytest.raises(StudyError, match="exists already"):
        stimuli.make(design, run_folder, studies)
    with pytest.raises(RunError, match="not a finished run"):
        stimuli.make(replace(design, name="other"), studies, studies)


def test_an_unknown_calibration_set_is_named(design: StudyDesign, run_folder: Path, studies: Path) -> None:
    with pytest.raises(SrbenchError, match="nowhere"):
        stimuli.make(replace(design, calibration=Calibration(source="nowhere")), run_folder, studies)


def test_larger_pictures_are_cut_to_their_middle_in_all_versions_and_smaller_ones_stay(
    design: StudyDesign, run_folder: Path, studies: Path
) -> None:
    whole = stimuli.make(replace(design, name="whole"), run_folder, studies)
    limit = max(s.height for s in whole.stimuli) - 3
    cut = stimuli.make(replace(design, settings=replace(design.settings, crop_height=limit)), run_folder, studies)
    assert max(s.height for s in cut.stimuli) == limit
    for each in cut.stimuli:
        if each.role != "rating":
            continue
        source = images.read(run_folder / "images" / each.method / each.dataset / f"{each.image}.png")
        top = max(0, source.shape[0] - limit) // 2
        shown = images.read(studies / "small" / "stimuli" / f"{each.id}.png")
        assert np.array_equal(shown, source[top : top + min(limit, source.shape[0])])
        assert each.width == source.shape[1]


def test_a_crop_of_less_than_nothing_is_refused(design: StudyDesign) -> None:
    with pytest.raises(StudyError, match="0 for whole pictures"):
        study.check(replace(design, settings=replace(design.settings, crop_width=-5)), "here")
