"""Scores are means over images; what cannot be measured says why."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from srbench import audit, datasets, images, metrics, resize
from srbench.audit.scores import niqe
from srbench.images import Image


@dataclass(frozen=True)
class Pair:
    """A test image that is not on the disk."""

    picture: Image
    name: str = "picture"
    dataset: str = "made"
    scale: int = 4

    def hr(self) -> Image:
        return self.picture

    def lr(self) -> Image:
        return resize.reduce(self.picture, 4)


def bicubic(pair: Pair) -> Image:
    return resize.enlarge(pair.lr(), 4)


LARGE = [Pair(skimage.data.astronaut()[:256, :256], "left"), Pair(skimage.data.coffee()[:256, 100:400], "right")]


def test_every_score_is_the_mean_over_images_and_a_picture_is_made_once() -> None:
    made: list[str] = []

    def upscale(pair: Pair) -> Image:
        made.append(pair.name)
        return bicubic(pair)

    scores = audit.measure("bicubic", upscale, LARGE)
    pairs = [(bicubic(pair), pair.hr(), pair.lr()) for pair in LARGE]
    assert made == ["left", "right"]
    assert scores.missing == {}
    assert scores.texture == pytest.approx(np.mean([audit.texture(sr, hr) for sr, hr, _ in pairs]))
    assert scores.correlation == pytest.approx(np.mean([audit.correlation(sr, hr) for sr, hr, _ in pairs]))
    assert scores.consistency == pytest.approx(np.mean([audit.consistency(sr, lr) for sr, _, lr in pairs]))
    assert scores.grid == pytest.approx(np.mean([audit.grid(sr) for sr, _, _ in pairs]))
    assert scores.niqe == pytest.approx(np.mean([metrics.niqe(images.shave(sr, 4)) for sr, _, _ in pairs]))
    assert scores.niqe == niqe(bicubic, LARGE)
    assert scores.psnr == pytest.approx(
        np.mean([metrics.evaluate(sr, hr, scale=4, names=["psnr"])["psnr"] for sr, hr, _ in pairs])
    )


def test_a_picture_too_small_for_a_figure_leaves_it_out_by_name() -> None:
    small = Pair(skimage.data.camera()[:60, :60].copy(), "tiny")
    scores = audit.measure("bicubic", bicubic, [*LARGE, small])
    assert scores.grid is None
    assert scores.niqe is None
    assert scores.missing["grid"].startswith("tiny: The grid figure needs 64 pixels one way")
    assert scores.missing["niqe"].startswith("tiny: NIQE needs two blocks of 96x96 pixels")
    assert scores.psnr > 20


def test_colour_beside_a_gray_original_is_measured_as_the_mean_of_its_channels() -> None:
    gray = Pair(skimage.data.camera()[:256, :256].copy())
    noise = np.random.default_rng(1).integers(-2, 3, (256, 256, 3))

    def tinted(pair: Pair) -> Image:
        return images.to_8bit(bicubic(pair)[..., None] + noise)

    def mean(pair: Pair) -> Image:
        return images.to_8bit(tinted(pair).mean(axis=2))

    assert audit.measure("x", tinted, [gray]) == audit.measure("x", mean, [gray])


def test_the_originals_of_set14_have_the_measured_figures(data_root: Path) -> None:
    pairs = datasets.load("set14", scale=4, data_root=data_root)
    scores = audit.measure("hr", lambda pair: pair.hr(), pairs)
    assert scores.psnr == math.inf
    assert scores.texture == scores.correlation == pytest.approx(1)
    assert scores.grid == pytest.approx(0.85, abs=0.005)
    assert scores.niqe == pytest.approx(4.92, abs=0.005)
