"""Blur, noise and JPEG are those of other libraries, and random degradations depend on their seed alone."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as PillowImage
from scipy import ndimage

from srbench import datasets, images, resize
from srbench.degradations import chain, parse
from srbench.images import Image


@pytest.fixture(scope="module")
def hr() -> Image:
    y, x = np.mgrid[:96, :128].astype(float)
    planes = [
        127 + 60 * np.sign(np.sin(x * a + y * b)) + 40 * np.sin(x * b) for a, b in ((0.2, 0.1), (0.1, 0.3), (0.3, 0))
    ]
    return images.to_8bit(np.stack(planes, axis=2))


def degraded(hr: Image, spec: str, key: str = "a", scale: int = 4) -> Image:
    degradation = parse(spec)
    return chain.degrade(hr, scale, degradation, chain.generator(degradation, key))


def test_plain_degradations_are_those_of_resize(hr: Image) -> None:
    assert np.array_equal(degraded(hr, "bicubic"), resize.reduce(hr, 4))
    assert np.array_equal(degraded(hr, "gaussian"), resize.blur_decimate(hr, 4))


@pytest.mark.parametrize("sigma", [0.7, 2.5])
def test_blur_is_scipys_gaussian_filter_before_the_reduction(hr: Image, sigma: float) -> None:
    blurred = ndimage.gaussian_filter(hr.astype(float), (sigma, sigma, 0), mode="reflect", truncate=4.0)
    expected = images.to_8bit(resize.reduce(blurred, 4))
    assert np.abs(degraded(hr, f"blur={sigma}").astype(int) - expected).max() <= 1


def test_noise_comes_after_the_reduction_with_the_deviation_that_was_asked_for() -> None:
    flat = np.full((400, 400, 3), 128, np.uint8)
    noise = degraded(flat, "noise=8").astype(float) - 128
    assert noise.std() == pytest.approx(8, rel=0.03)
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.05  # each channel has its own


def test_jpeg_comes_last_and_is_pillows(hr: Image) -> None:
    buffer = io.BytesIO()
    PillowImage.fromarray(resize.reduce(hr, 4)).save(buffer, "JPEG", quality=40, subsampling="4:2:0")
    assert np.array_equal(degraded(hr, "jpeg=40"), np.asarray(PillowImage.open(buffer)))


@pytest.mark.parametrize("spec", ["blur=0.2..3,noise=1..20,jpeg=30..95", "real-esrgan"])
def test_random_numbers_depend_on_the_seed_and_the_image_alone(hr: Image, spec: str) -> None:
    first = degraded(hr, spec)
    assert np.array_equal(first, degraded(hr, spec))
    assert not np.array_equal(first, degraded(hr, spec, key="b"))
    assert not np.array_equal(first, degraded(hr, f"{spec},seed=1"))


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("gray", [False, True])
def test_real_esrgans_chain_makes_worse_pictures_of_the_right_size(hr: Image, scale: int, gray: bool) -> None:
    original = hr[..., 0].copy() if gray else hr
    clean = resize.reduce(original, scale).astype(float)
    errors = []
    for key in "abcdefgh":
        lr = degraded(original, "real-esrgan", key, scale)
        assert lr.dtype == np.uint8
        assert lr.shape == clean.shape
        errors.append(float(np.abs(lr - clean).mean()))
    assert np.median(errors) > 4  # bicubic reduction by other means differs by less than 2
    assert len(set(errors)) == 8


def test_lr_images_of_a_data_set_are_made_by_it_and_scores_of_other_seeds_are_other_scores() -> None:
    first, again, other, plain = (
        datasets.load("demo", 4, degradation=spec, limit=1)[0]
        for spec in ("real-esrgan", "real-esrgan, seed=0", "real-esrgan,seed=5", "bicubic")
    )
    assert np.array_equal(first.lr(), again.lr())
    assert first.input_hash == again.input_hash
    assert len({pair.input_hash for pair in (first, other, plain)}) == 3
    assert not np.array_equal(first.lr(), other.lr())
    assert datasets.load("demo", 4, degradation="jpeg=30").lr_origin == "made from HR by jpeg=30"
