"""Folders laid out as public data sets are: the LR files that came with them are used, or refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from srbench import images
from srbench.datasets import load
from srbench.errors import DatasetError, ImageError
from srbench.resize import reduce

RNG = np.random.default_rng(5)
HR = {name: RNG.integers(0, 256, (24, 36, 3), dtype=np.uint8) for name in ("baby", "bird")}
OWN = {name: RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8) for name in HR}  # unlike any that we would make


def write(root: Path, hr: str, lr: str, own: dict[str, np.ndarray] = OWN) -> Path:
    for name in HR:
        images.write(root / f"{hr.format(name)}.png", HR[name])
        images.write(root / f"{lr.format(name)}.png", own[name])
    return root


LAYOUTS = {
    "EDSR": ("HR/{}", "LR_bicubic/X4/{}x4"),
    "EDSR, flat": ("HR/{}", "LR_bicubic_X4/{}x4"),
    "srbench": ("HR/{}", "LR_bicubic_x4/{}"),
    "LR": ("HR/{}", "LR/{}"),
    "LR_x4": ("HR/{}", "LR_x4/{}"),
    "LR/4": ("HR/{}", "LR/4/{}"),
    "X4": ("HR/{}", "X4/{}"),
    "x4, in lower case": ("hr/{}", "x4/{}"),
    "BasicSR": ("GTmod12/{}", "LRbicx4/{}"),
    "BasicSR's words": ("GT/{}", "LQ/{}"),
    "SelfExSR": ("image_SRF_4/{}_SRF_4_HR", "image_SRF_4/{}_SRF_4_LR"),
    "RealSR": ("{}_HR", "{}_LR4"),
    "DIV2K": ("DIV2K_valid_HR/{}", "DIV2K_valid_LR_bicubic/X4/{}x4"),
    "RCAN's names": ("HR/{}_HR_x4", "LR/{}_LRBI_x4"),
    "_x4": ("HR/{}", "LR/{}_x4"),
    "_bicLRx4": ("HR/{}", "LR/{}_bicLRx4"),
    "originals without a folder": ("{}", "LR_x4/{}"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_lr_files_that_came_with_a_set_are_used(tmp_path: Path, name: str):
    dataset = load(str(write(tmp_path / "Mine", *LAYOUTS[name])))
    assert dataset.name == "Mine"
    assert [pair.name.removesuffix("_HR_x4") for pair in dataset] == ["baby", "bird"]
    assert [np.array_equal(pair.hr(), hr) for pair, hr in zip(dataset, HR.values(), strict=True)] == [True] * 2
    assert [np.array_equal(pair.lr(), lr) for pair, lr in zip(dataset, OWN.values(), strict=True)] == [True] * 2
    assert dataset.lr_origin.startswith(f"the LR files in {tmp_path}/Mine")
    assert dataset.left_out == ()


@pytest.mark.parametrize(
    ("name", "folder", "called"),
    [
        ("EDSR", "HR", "Mine"),
        ("BasicSR", "GTmod12", "Mine"),
        ("SelfExSR", "image_SRF_4", "Mine"),
        ("DIV2K", "DIV2K_valid_HR", "DIV2K_valid_HR"),
    ],
)
def test_the_folder_of_originals_may_be_named_itself(tmp_path: Path, name: str, folder: str, called: str):
    dataset = load(str(write(tmp_path / "Mine", *LAYOUTS[name]) / folder))
    assert dataset.name == called
    assert np.array_equal(dataset[0].lr(), OWN["baby"])


@pytest.mark.parametrize("name", ["EDSR", "LR_x4", "X4", "BasicSR", "RealSR"])
def test_lr_files_of_another_scale_are_not_taken_and_said_to_be_there(tmp_path: Path, name: str):
    dataset = load(str(write(tmp_path / "Mine", *LAYOUTS[name])), 2)
    assert [pair.lr_path for pair in dataset] == [None, None]
    assert np.array_equal(dataset[0].lr(), reduce(HR["baby"], 2))
    assert dataset.lr_origin.startswith("made from HR")
    said = dataset.lr_origin + str(dataset.left_out)
    assert "x4" in said


def test_a_set_with_nothing_for_the_scale_says_what_there_is(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"Mine holds image_SRF_4 and nothing for x3\. Name one"):
        load(str(write(tmp_path / "Mine", *LAYOUTS["SelfExSR"])), 3)


def test_every_scale_has_its_own_files(tmp_path: Path):
    root = write(tmp_path / "Mine", *LAYOUTS["EDSR"])
    half = {name: np.kron(lr, np.ones((2, 2, 1), np.uint8)) for name, lr in OWN.items()}
    write(root, "HR/{}", "LR_bicubic/X2/{}x2", half)
    assert np.array_equal(load(str(root), 2)[0].lr(), half["baby"])
    assert np.array_equal(load(str(root), 4)[0].lr(), OWN["baby"])


def test_the_paper_s_blur_leaves_lr_files_aside_and_says_so(tmp_path: Path):
    dataset = load(str(write(tmp_path / "Mine", *LAYOUTS["EDSR"])), degradation="gaussian")
    assert dataset[0].lr_path is None
    assert dataset.lr_origin.endswith("LR_bicubic/X4 are not used")


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name not in {"SelfExSR", "RealSR"}])
def test_lr_files_of_a_wrong_size_are_refused_before_anything_is_computed(tmp_path: Path, name: str):
    wrong = {name: lr[:, :8].copy() for name, lr in OWN.items()}
    with pytest.raises(
        ImageError, match=r"baby\S*\.png has 8x6 pixels; expected 9x6, 1/4 of .*rename|a name that"
    ) as it:
        load(str(write(tmp_path / "Mine", *LAYOUTS[name], wrong)))
    assert "\n" not in str(it.value)


def test_an_original_without_lr_file_is_named(tmp_path: Path):
    root = write(tmp_path / "Mine", *LAYOUTS["EDSR"])
    (root / "LR_bicubic" / "X4" / "birdx4.png").unlink()
    with pytest.raises(DatasetError, match=r"X4 holds no image 'bird' for .*bird\.png\. Add it"):
        load(str(root))
    assert len(load(str(root), limit=1)) == 1


def test_lr_files_that_belong_to_nothing_are_named(tmp_path: Path):
    root = write(tmp_path / "Mine", *LAYOUTS["EDSR"])
    images.write(root / "LR_bicubic" / "X4" / "womanx4.png", OWN["baby"])
    images.write(root / "LR_bicubic" / "X4" / "birdx2.png", OWN["baby"])
    images.write(root / "stray.png", HR["baby"])
    reasons = {item.name: item.reason for item in load(str(root)).left_out}
    assert reasons == {
        "stray.png": "beside the folder HR",
        "womanx4.png": "an LR file without an original of its name",
        "birdx2.png": "an LR file without an original of its name",
    }


def test_two_lr_files_for_one_original_are_refused(tmp_path: Path):
    root = write(tmp_path / "Mine", *LAYOUTS["EDSR"])
    images.write(root / "LR_bicubic" / "X4" / "baby.png", OWN["baby"])
    with pytest.raises(DatasetError, match=r"two LR files for 'baby': baby\.png and babyx4\.png"):
        load(str(root))


def test_bicubic_files_are_preferred_and_two_sets_of_them_are_refused(tmp_path: Path):
    root = write(tmp_path / "Mine", *LAYOUTS["EDSR"])
    write(root, "HR/{}", "LR_unknown/X4/{}x4", HR)
    assert np.array_equal(load(str(root))[0].lr(), OWN["baby"])
    write(root, "HR/{}", "LR_x4/{}")
    with pytest.raises(DatasetError, match=r"two folders of LR images for x4: LR_bicubic/X4 and LR_x4"):
        load(str(root))


def test_several_folders_of_originals_must_be_told_apart(tmp_path: Path):
    root = write(tmp_path / "Mine", *LAYOUTS["DIV2K"])
    write(root, "DIV2K_train_HR/{}", "DIV2K_train_LR_bicubic/X4/{}x4")
    with pytest.raises(DatasetError, match=r"DIV2K_train_HR, DIV2K_valid_HR\. Name the one that is meant"):
        load(str(root))
    assert np.array_equal(load(str(root / "DIV2K_valid_HR"))[0].lr(), OWN["baby"])
    both = write(tmp_path / "B", "GTmod12/{}", "LRbicx4/{}")
    write(both, "original/{}", "LRbicx4/{}")
    dataset = load(str(both))
    assert dataset[0].hr_path.parent.name == "GTmod12"
    assert [(item.name, item.reason) for item in dataset.left_out] == [("original", "another folder of originals")]


def test_gray_and_colour_files_of_one_image_fit_where_no_value_changes(tmp_path: Path):
    gray = {name: lr[..., 0].copy() for name, lr in OWN.items()}
    root = write(tmp_path / "A", "HR/{}", "LR/{}", gray)
    assert np.array_equal(load(str(root))[0].lr(), np.dstack([gray["baby"]] * 3))
    for name, image in HR.items():
        images.write(root / "HR" / f"{name}.png", image[..., 0].copy())
        images.write(root / "LR" / f"{name}.png", np.dstack([gray[name]] * 3))
    assert np.array_equal(load(str(root))[0].lr(), gray["baby"])
    write(root / "LR", "{}", "{}", OWN)
    for name, image in HR.items():
        images.write(root / "HR" / f"{name}.png", image[..., 0].copy())
    with pytest.raises(ImageError, match=r"baby\.png has shape \(6, 9, 3\); expected \(6, 9\)"):
        load(str(root))[0].lr()
