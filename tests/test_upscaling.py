"""Enlarging pictures: arrays in a notebook, files and folders with all that real ones hold."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageCms, ImageOps
from typer.testing import CliRunner

from srbench import images
from srbench.cli import app
from srbench.errors import ImageError, MethodError
from srbench.ready import ready
from srbench.registry import Setup
from srbench.resize import enlarge
from srbench.upscaling import plan, upscale, upscale_files
from tests.commands import run_here

RNG = np.random.default_rng(2)
RGB = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)


@pytest.mark.parametrize("image", [RGB, RGB[..., 0], RGB[::2, ::-1], RGB[:1, :1]])
def test_an_array_is_enlarged_as_the_bench_does_it(image: np.ndarray) -> None:
    assert np.array_equal(upscale(image, "bicubic", scale=3), enlarge(np.ascontiguousarray(image), 3))


def test_a_file_is_enlarged_like_its_array(tmp_path: Path) -> None:
    images.write(tmp_path / "a.png", RGB)
    for path in (tmp_path / "a.png", str(tmp_path / "a.png")):
        assert np.array_equal(upscale(path, "bicubic"), upscale(RGB, "bicubic"))


@pytest.mark.parametrize(
    "image",
    [RGB / 255, RGB.astype(np.uint16), RGB[..., :2], np.dstack([RGB, RGB[..., :1]]), RGB[0, 0], RGB[:0], RGB[None]],
)
def test_what_is_no_8_bit_image_is_refused_with_what_came(image: np.ndarray) -> None:
    with pytest.raises(ImageError, match=rf"got {image.dtype} and \({image.shape[0]},"):
        upscale(image, "nearest")


def tilted(lr: np.ndarray) -> np.ndarray:
    """Enlarge by repetition and add what grows to the right, so that each orientation gives another answer."""
    large = lr.repeat(2, 0).repeat(2, 1).astype(np.float32)
    return large + np.linspace(0, 3, large.shape[1], dtype=np.float32).reshape(1, -1, *[1] * (lr.ndim - 2))


@pytest.mark.parametrize("shape", [(6, 9, 3), (6, 9), (1, 4)])
def test_the_mean_of_orientations_is_taken_before_rounding(shape: tuple[int, ...]) -> None:
    lr = RNG.integers(10, 240, shape, dtype=np.uint8)
    nearest = ready("nearest", Setup(scale=2))
    method = dataclasses.replace(nearest, upscaler=tilted)
    expected = []
    for mirrored in (False, True):
        for turns in range(4):
            sr = tilted(np.rot90(lr[:, ::-1] if mirrored else lr, turns))
            sr = np.rot90(sr, 4 - turns)
            expected.append(sr[:, ::-1] if mirrored else sr)
    for count in (1, 2, 8):
        mean = np.mean(expected[:count], axis=0, dtype=np.float64)
        assert np.array_equal(method.on_image(lr, count), np.floor(mean + 0.5).astype(np.uint8))
    assert len({image.tobytes() for image in expected}) > 2
    assert np.array_equal(nearest.on_image(lr, 8), nearest.on_image(lr))


def test_orientations_of_what_is_no_such_image_are_refused_as_one_is() -> None:
    nearest = ready("nearest", Setup(scale=2))
    for wrong, message in [
        (lambda lr: lr, "returned shape"),
        (lambda lr: tilted(lr) * np.nan, "not finite"),
        (lambda _: None, "returned NoneType"),
        (lambda lr: tilted(lr) / 255, "expected the 0..255 scale"),
    ]:
        with pytest.raises(MethodError, match=message):
            dataclasses.replace(nearest, upscaler=wrong).on_image(RGB, 8)
    for count in (0, 9):
        with pytest.raises(MethodError, match=f"Expected 1 to 8 orientations, but got {count}"):
            nearest.on_image(RGB, count)


def test_files_are_enlarged_in_several_orientations_as_arrays_are(tmp_path: Path) -> None:
    images.write(tmp_path / "a.png", RGB)
    done = CliRunner().invoke(
        app,
        [
            "upscale",
            str(tmp_path / "a.png"),
            "--method",
            "espcn",
            "--out",
            str(tmp_path / "b.png"),
            "--orientations",
            "8",
        ],
    )
    assert done.exit_code == 0, done.output
    made = images.read(tmp_path / "b.png")
    assert np.array_equal(made, upscale(tmp_path / "a.png", "espcn", orientations=8, device="cpu"))
    assert not np.array_equal(made, upscale(RGB, "espcn", device="cpu"))


def test_a_method_that_needs_the_original_is_refused() -> None:
    with pytest.raises(MethodError, match="'hr' needs the original and cannot enlarge"):
        upscale(RGB, "hr")


def photograph(path: Path, turn: int, profile: bytes) -> None:
    tag = PillowImage.Exif()
    tag[274] = turn
    PillowImage.fromarray(RGB).save(path, exif=tag, icc_profile=profile)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_a_photograph_is_the_right_way_up_and_keeps_its_colours(tmp_path: Path, name: str, turn: int) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photograph(tmp_path / name, turn, profile)
    files, left_out = plan(tmp_path / name, tmp_path / "out.png")
    assert list(upscale_files(files, "nearest", Setup(2))) == [tmp_path / "out.png"]
    assert left_out == ()
    with PillowImage.open(tmp_path / name) as before, PillowImage.open(tmp_path / "out.png") as after:
        shown = np.asarray(ImageOps.exif_transpose(before))
        assert np.array_equal(np.asarray(ImageOps.exif_transpose(after)), shown.repeat(2, 0).repeat(2, 1))
        assert after.info["icc_profile"] == profile


def test_what_a_folder_holds_besides_is_named(tmp_path: Path) -> None:
    first, second = (PillowImage.fromarray(image) for image in (RGB, RGB[::-1]))
    images.write(tmp_path / "in" / "a.png", RGB)
    images.write(tmp_path / "in" / "sub" / "b.png", RGB)
    first.save(tmp_path / "in" / "c.gif")
    first.save(tmp_path / "in" / "d.png", save_all=True, append_images=[second])
    (tmp_path / "in" / ".hidden.png").write_bytes(b"")
    done = run_here("upscale", tmp_path / "in", "--method", "nearest", "--out", tmp_path / "out")
    assert done.returncode == 0
    assert done.stdout == f"{tmp_path / 'out' / 'a.png'}\n"
    assert done.stderr == (
        "3 left out: c.gif (no image that srbench reads); d.png (several frames in one file); sub (a folder)\n"
    )
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.png"]


def test_a_folder_without_pictures_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "a.gif").write_bytes(b"")
    with pytest.raises(ImageError, match=r"holds no images .* 1 left out: a\.gif"):
        plan(tmp_path, tmp_path / "out")


def test_two_pictures_that_would_become_one_are_refused(tmp_path: Path) -> None:
    images.write(tmp_path / "a.png", RGB)
    PillowImage.fromarray(RGB).save(tmp_path / "a.jpg")
    with pytest.raises(ImageError, match=r"two images called 'a': both would become a\.png"):
        plan(tmp_path, tmp_path / "out")
    with pytest.raises(ImageError, match=r"expected a name that ends in \.png"):
        plan(tmp_path / "a.png", tmp_path / "out.jpg")
    with pytest.raises(ImageError, match="name a folder"):
        plan(tmp_path, tmp_path / "a.png")
