"""One call from pictures, as arrays or files, to scores and LR images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data
from skimage.metrics import peak_signal_noise_ratio

import srbench as sb
from srbench import images
from srbench.errors import ImageError, MetricError
from srbench.images import Image


@pytest.fixture
def hr() -> Image:
    return np.ascontiguousarray(skimage.data.astronaut()[100:202, 200:303])


def test_scores_of_arrays_and_of_their_files_are_the_same_numbers(hr: Image, tmp_path: Path) -> None:
    sr = np.clip(hr.astype(int) + 3, 0, 255).astype(np.uint8)
    images.write(tmp_path / "sr.png", sr)
    images.write(tmp_path / "hr.png", hr)
    of_arrays = sb.evaluate(sr, hr, metrics=["psnr", "gmsd"])
    assert of_arrays == sb.evaluate(tmp_path / "sr.png", str(tmp_path / "hr.png"), metrics=["psnr", "gmsd"])
    assert list(of_arrays) == ["psnr", "gmsd"]


def test_a_gray_score_is_that_of_the_rounded_pixels_without_their_border(hr: Image) -> None:
    gray = hr[..., 1].copy()
    other = gray ^ 1
    expected = peak_signal_noise_ratio(gray[4:-4, 4:-4], other[4:-4, 4:-4], data_range=255)
    assert sb.evaluate(other, gray, metrics="psnr")["psnr"] == pytest.approx(expected, abs=1e-9)
    assert sb.evaluate(gray, gray, metrics="psnr")["psnr"] == float("inf")


def test_an_lr_image_is_that_of_the_original_cropped_to_whole_pixels(hr: Image, tmp_path: Path) -> None:
    images.write(tmp_path / "hr.png", hr)
    lr = sb.degrade(tmp_path / "hr.png", 4)
    assert lr.shape == (25, 25, 3)
    np.testing.assert_array_equal(lr, sb.degrade(hr[:100, :100], 4))


def test_what_cannot_be_scored_is_one_sentence(hr: Image, tmp_path: Path) -> None:
    with pytest.raises(MetricError, match="Unknown metric 'psrn'"):
        sb.evaluate(hr, hr, metrics="psrn")
    with pytest.raises(MetricError, match=r"\(101, 103, 3\), the HR image \(102, 103, 3\)"):
        sb.evaluate(hr[1:], hr)
    with pytest.raises(ImageError, match=f"{tmp_path}/none.png"):
        sb.evaluate(tmp_path / "none.png", hr)
    with pytest.raises(ImageError, match="too small for scale 4: expected 4x4 or more"):
        sb.degrade(hr[:3, :3], 4)


def test_distances_of_sets_of_pictures_come_with_what_they_were_made_of(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(3):
        picture = rng.integers(0, 256, (136, 136, 3), dtype=np.uint8)
        images.write(tmp_path / "hr" / f"{number}.png", picture)
        images.write(tmp_path / "sr" / f"{number}.png", picture if number else 255 - picture)
    images.write(tmp_path / "hr" / "odd.png", picture)

    def features(patches: np.ndarray) -> np.ndarray:
        return patches.reshape(len(patches), -1).astype(float)[:, :8]

    frame = sb.set_scores(tmp_path / "sr", tmp_path / "hr", "kid", patch=32, features=features)
    assert list(frame.columns) == ["metric", "value", "images", "patches", "settings"]
    assert frame["images"].tolist() == [3]
    # 128 pixels remain: four patches of 32 side by side, and three from half a patch further in, each way.
    assert frame["patches"].tolist() == [3 * (16 + 9)]
    assert any("odd" in note for note in frame.attrs["notes"])
