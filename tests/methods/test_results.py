"""Stored results, in the folders and under the names that people have."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from srbench import datasets, images, registry
from srbench.datasets import ImagePair
from srbench.errors import MethodError, MissingError
from srbench.registry import Setup

RNG = np.random.default_rng(11)


@pytest.fixture
def set5(data_root: Path) -> Sequence[ImagePair]:
    return datasets.load("set5", data_root=data_root)


@pytest.fixture
def set14(data_root: Path) -> Sequence[ImagePair]:
    return datasets.load("set14", data_root=data_root)


def own_set(tmp_path: Path, *names: str) -> Sequence[ImagePair]:
    for name in names:
        images.write(tmp_path / "mine" / f"{name}.png", RNG.integers(0, 256, (8, 12, 3), dtype=np.uint8))
    return datasets.load(str(tmp_path / "mine"))


def store(pairs: Sequence[ImagePair], folder: Path, pattern: str) -> None:
    """Store each original as its own result: what is found for a pair is then known to be right, or wrong."""
    for pair in pairs:
        alias = pair.aliases[0] if pair.aliases else pair.name
        images.write(folder / f"{pattern.format(name=pair.name, alias=alias)}.png", pair.hr())


def methods(folder: Path) -> dict[str, str]:
    method, _ = registry.find(f"results:{folder}")
    assert method.expand is not None
    return dict(method.expand(str(folder)))


def read(folder: Path | str, pair: ImagePair) -> np.ndarray:
    return registry.create(f"results:{folder}", Setup(pair.scale))(pair)


def assert_all_right(folder: Path, pairs: Sequence[ImagePair], label: str) -> None:
    found = methods(folder)
    assert list(found) == [f"results/{label}"]
    for pair in pairs:
        assert np.array_equal(read(found[f"results/{label}"], pair), pair.hr()), pair.name


LAYOUTS = {
    "plain": ("{name}", "R"),
    "EDSR's mark": ("{name}x4", "R"),
    "a mark and a model": ("{name}_EDSR_Lx4_f256b32", "R"),
    "SelfExSR": ("{name}_SRF_4_SelfExSR", "R"),
    "the authors' own names": ("{alias}_SRResNet-MSE", "R"),
    "own names, a mark, SR": ("{alias}_x4_SR", "R"),
    "a folder for the set": ("set5/{name}", "R"),
    "set and factor": ("Set5/x4/{alias}", "R"),
    "factor and set": ("X4/Set5/{alias}", "R"),
    "set and SelfExSR's folder": ("Set5/image_SRF_4/{name}_SRF_4_ScSR", "R"),
    "a folder for each image": ("Set5/{alias}/{alias}_EDSR", "R"),
    "a folder for each image, no set": ("{name}/result", "R"),
    "BasicSR": ("EDSR_Lx4/visualization/Set5/{alias}_EDSR_Lx4", "EDSR_Lx4"),
    "BasicSR in training": ("visualization/{alias}/{alias}_5000", "R"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_results_are_found_as_people_have_them(set5: Sequence[ImagePair], tmp_path: Path, name: str):
    pattern, label = LAYOUTS[name]
    store(set5, tmp_path / "R", pattern)
    assert_all_right(tmp_path / "R", set5, label)


def test_the_images_own_names_find_all_of_set14(set14: Sequence[ImagePair], tmp_path: Path):
    store(set14, tmp_path / "R", "{alias}_SRGAN-VGG54")
    assert_all_right(tmp_path / "R", set14, "R")
    (tmp_path / "R" / "lenna_SRGAN-VGG54.png").rename(tmp_path / "R" / "lena_SRGAN-VGG54.png")
    assert np.array_equal(read(tmp_path / "R", set14[8]), set14[8].hr())


@pytest.mark.parametrize("pattern", ["{name}", "{name}_SR", "sr_{name}", "{name}x4", "mine_{name}_x4"])
@pytest.mark.parametrize(
    "names", [("photo", "photo_2", "my photo_2"), ("1", "2", "3", "4", "12"), ("0801", "0802"), ("p3", "p3_x2")]
)
def test_an_image_never_gets_the_picture_of_another(tmp_path: Path, names: tuple[str, ...], pattern: str):
    pairs = own_set(tmp_path, *names)
    store(pairs, tmp_path / "R", pattern)
    assert_all_right(tmp_path / "R", pairs, "R")
    for pair in pairs:
        (tmp_path / "R" / f"{pattern.format(name=pair.name)}.png").unlink()
        if any((tmp_path / "R").iterdir()):
            with pytest.raises(MissingError, match="found none"):
                read(tmp_path / "R", pair)


@pytest.mark.parametrize("pattern", ["{name}_SRF_4", "{name}_model_2", "model_2_{name}"])
def test_a_number_in_the_name_of_a_model_or_a_factor_is_no_image(tmp_path: Path, pattern: str):
    pairs = own_set(tmp_path, "1", "2", "3", "4")
    store(pairs, tmp_path / "R", pattern)
    assert_all_right(tmp_path / "R", pairs, "R")
    (tmp_path / "R" / f"{pattern.format(name='2')}.png").unlink()
    with pytest.raises(MissingError):
        read(tmp_path / "R", pairs[1])


@pytest.mark.parametrize("pattern", ["{alias}x2", "{alias}_x2_SR", "Set5/x2/{alias}", "x2/Set5/{alias}"])
def test_results_for_another_factor_are_not_scored(set5: Sequence[ImagePair], tmp_path: Path, pattern: str):
    store(set5, tmp_path / "R", pattern)
    with pytest.raises(MissingError, match="found none"):
        read(tmp_path / "R", set5[0])
    four = pattern.replace("x2", "x4")
    store(set5, tmp_path / "R", four)
    assert_all_right(tmp_path / "R", set5, "R")


def test_folders_and_files_called_hr_and_lr_are_no_results(set5: Sequence[ImagePair], tmp_path: Path):
    for folder in ("HR", "LR", "GTmod12", "LR_bicubic/X4", "ours"):
        store(set5, tmp_path / "R" / folder, "{name}")
    assert_all_right(tmp_path / "R", set5, "ours")
    store(set5, tmp_path / "S", "{name}_SRF_4_HR")
    with pytest.raises(MissingError):
        read(tmp_path / "S", set5[0])
    store(set5, tmp_path / "S", "{name}_SRF_4_ours")
    assert_all_right(tmp_path / "S", set5, "S")
    shutil.rmtree(tmp_path / "R" / "ours")
    with pytest.raises(MethodError, match=r"no images in this folder or below it \(those in HR and LR are none\)"):
        methods(tmp_path / "R")


def test_results_for_a_folder_called_like_a_published_set_are_found(set5: Sequence[ImagePair], tmp_path: Path):
    store(set5, tmp_path / "Set5", "{alias}")
    pairs = datasets.load(str(tmp_path / "Set5"))
    assert pairs.name == "Set5-folder"
    for place in ("Set5", "Set5-folder"):
        store(pairs, tmp_path / place / "R" / place, "{name}")
        for pair in pairs:
            assert np.array_equal(read(tmp_path / place / "R", pair), pair.hr())


def test_a_folder_of_methods_gives_one_row_each(set5: Sequence[ImagePair], tmp_path: Path):
    store(set5, tmp_path / "R", "paper/A/set5/{name}")
    store(set5, tmp_path / "R", "paper/B/Set5/x4/{alias}")
    store(set5, tmp_path / "R", "C/visualization/Set5/{alias}_C")
    store(set5, tmp_path / "R", "set5/D/{name}")
    found = methods(tmp_path / "R")
    assert list(found) == ["results/C", "results/paper/A", "results/paper/B", "results/set5/D"]
    for folder in found.values():
        assert np.array_equal(read(folder, set5[2]), set5[2].hr())


def test_two_pictures_for_one_image_are_named(set5: Sequence[ImagePair], tmp_path: Path):
    store(set5, tmp_path / "R", "{alias}_5000")
    store(set5, tmp_path / "R", "{alias}_10000")
    with pytest.raises(MethodError, match=r"'img_001', found baby_10000\.png, baby_5000\.png\."):
        read(tmp_path / "R", set5[0])


def test_a_picture_that_is_missing_is_no_fault_and_its_source_says_the_same(set5: Sequence[ImagePair], tmp_path: Path):
    store(set5[:4], tmp_path / "R", "{name}")
    method, _ = registry.find(f"results:{tmp_path / 'R'}")
    assert method.source is not None
    assert method.source(str(tmp_path / "R"), set5[3]).name == "img_004.png"
    with pytest.raises(MissingError, match=r"name holds 'img_005', found none"):
        method.source(str(tmp_path / "R"), set5[4])


def test_what_appears_later_in_the_folder_is_found(set5: Sequence[ImagePair], tmp_path: Path):
    store(set5[:1], tmp_path / "R", "{name}")
    with pytest.raises(MissingError):
        read(tmp_path / "R", set5[1])
    os.utime(tmp_path / "R", ns=(1, 1))  # clocks of file systems tick slowly
    store(set5[1:2], tmp_path / "R", "{name}")
    assert np.array_equal(read(tmp_path / "R", set5[1]), set5[1].hr())


def test_gray_results_stay_gray_and_colour_ones_are_taken_for_a_gray_original(
    set14: Sequence[ImagePair], tmp_path: Path
):
    bridge = set14[2]
    gray = bridge.hr()
    images.write(tmp_path / "R" / "bridge.png", np.dstack([gray] * 3))
    assert np.array_equal(registry.to_8bit("r", read(tmp_path / "R", bridge), gray.shape), gray)
    tinted = np.dstack([gray, gray // 2, gray])
    images.write(tmp_path / "R" / "bridge.png", tinted)
    assert np.array_equal(registry.to_8bit("r", read(tmp_path / "R", bridge), gray.shape), tinted)
    with pytest.raises(MethodError, match="expected"):
        registry.to_8bit("r", tinted[..., :2], gray.shape)


def test_a_gray_result_stands_for_a_colour_file_that_holds_a_gray_original(tmp_path: Path):
    gray, colour = (RNG.integers(0, 256, shape, dtype=np.uint8) for shape in ((8, 8), (8, 8, 3)))
    images.write(tmp_path / "mine" / "a.png", np.dstack([gray] * 3))
    images.write(tmp_path / "mine" / "b.png", colour)
    for name in "ab":
        images.write(tmp_path / "R" / f"{name}.png", gray)
    first, second = datasets.load(str(tmp_path / "mine"))
    assert np.array_equal(read(tmp_path / "R", first), first.hr())
    with pytest.raises(MethodError, match=r"returned shape \(8, 8\); expected \(8, 8, 3\)"):
        registry.to_8bit("r", read(tmp_path / "R", second), second.hr().shape)


def test_16_bit_results_are_rounded(set5: Sequence[ImagePair], tmp_path: Path):
    import cv2

    (tmp_path / "R").mkdir()
    hr = set5[0].hr()
    cv2.imwrite(str(tmp_path / "R" / "baby.png"), (hr.astype(np.uint16) * 257)[..., ::-1])
    assert np.array_equal(read(tmp_path / "R", set5[0]), hr)


def test_names_that_are_not_utf8_have_a_row_and_a_fingerprint(tmp_path: Path):
    (pair,) = own_set(tmp_path, "a")
    folder = tmp_path / "R" / os.fsdecode(b"m\xe9thode")
    store([pair], folder, "{name}")
    ((label, place),) = methods(tmp_path / "R").items()
    assert label == "results/m\\xe9thode"
    assert np.array_equal(read(place, pair), pair.hr())
    assert len(registry.fingerprint(f"results:{place}", Setup())) == 16
