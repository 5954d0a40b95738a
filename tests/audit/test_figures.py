"""Figures of one picture: of patterns, noise and smooth pictures as their spectra say, and of photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

from srbench import audit, images, resize
from srbench.errors import MetricError
from srbench.images import Image

RNG = np.random.default_rng(7)
PHOTOGRAPH = skimage.data.astronaut()[:320, :320].copy()


def with_pattern(image: Image, strength: float) -> Image:
    """Lay a pattern of 4x4 pixels over a picture, as a faulty upsampling does."""
    cell = np.array([[1, -1, 0, 0], [0, 0, 0, 0], [0, 0, -1, 1], [0, 0, 0, 0]])
    pattern = np.tile(cell, (image.shape[0] // 4, image.shape[1] // 4))
    return images.to_8bit(image + strength * pattern[..., None])


def test_white_noise_has_no_grid() -> None:
    noise = RNG.integers(0, 256, (516, 516), dtype=np.uint8)
    assert audit.grid(noise) == pytest.approx(1.0, abs=0.03)


def test_a_flat_picture_has_no_grid_and_a_pure_pattern_nothing_else() -> None:
    flat = np.full((136, 136, 3), 120, np.uint8)
    assert audit.grid(flat) < 1e-3
    assert audit.grid(with_pattern(flat, 3)) > 1e5


def test_a_smooth_picture_has_less_than_a_sharp_one() -> None:
    blurred = resize.enlarge(resize.reduce(PHOTOGRAPH, 8), 8)
    assert audit.grid(blurred) < audit.grid(PHOTOGRAPH) < 1


def test_a_pattern_that_hardly_shows_is_seen_in_flat_areas_first() -> None:
    flat = images.to_8bit(120 + RNG.normal(0, 1.5, (264, 264, 3)))
    for picture, strengths, least in ((flat, (0, 1, 2), 2.5), (PHOTOGRAPH, (0, 2, 4, 8), 1.1)):
        values = [audit.grid(with_pattern(picture, strength)) for strength in strengths]
        assert values == sorted(values)
        assert values[0] < 1.1
        assert values[1] > least * values[0]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 3), st.integers(0, 3))
def test_where_the_pattern_begins_does_not_matter(down: int, right: int) -> None:
    picture = with_pattern(PHOTOGRAPH, 8)
    shifted = picture[down : down + 264, right : right + 264]
    assert audit.grid(shifted) == pytest.approx(audit.grid(picture[:264, :264]), rel=0.1)


@pytest.mark.parametrize("period", [3, 5, 6, 8])
def test_other_periods_than_four_are_no_grid(period: int) -> None:
    # Eight pixels repeat every four as well where they hold a second harmonic; a pure wave holds none.
    wave = 4 * np.cos(2 * np.pi * np.arange(264) / period)
    noise = RNG.normal(0, 3, (264, 264))
    assert audit.grid(images.to_8bit(128 + noise + wave + wave[:, None])) < 1.3


def test_brightness_and_contrast_do_not_matter() -> None:
    darker = images.to_8bit(PHOTOGRAPH * 0.7 + 20)
    assert audit.grid(darker) == pytest.approx(audit.grid(PHOTOGRAPH), rel=0.03)


def test_a_pattern_along_one_direction_counts_half() -> None:
    noise = 128 + RNG.normal(0, 6, (520, 520))
    stripes = images.to_8bit(noise + np.tile([2, 0, -2, 0], 130))
    both = images.to_8bit(noise + np.tile([2, 0, -2, 0], 130) + np.tile([2, 0, -2, 0], 130)[:, None])
    assert audit.grid(stripes) - 1 == pytest.approx((audit.grid(both) - 1) / 2, rel=0.1)


def test_a_narrow_picture_is_measured_along_its_length_and_a_small_one_says_what_it_needs() -> None:
    strip = np.ascontiguousarray(with_pattern(PHOTOGRAPH, 3)[:40])
    assert audit.grid(strip) > 1
    with pytest.raises(MetricError, match="needs 64 pixels one way after 4 are removed from each side; 63x63 are left"):
        audit.grid(PHOTOGRAPH[:71, :71])


def test_the_originals_and_the_authors_pictures_have_the_measured_grid(data_root: Path, shared: Path) -> None:
    def mean(folder: Path) -> float:
        files = sorted(folder.glob("*.png"))
        assert files
        return float(np.mean([audit.grid(images.read(path)) for path in files]))

    assert mean(data_root / "set14" / "HR") == pytest.approx(0.85, abs=0.005)
    authors = shared / "results" / "ledig2017"
    if not authors.is_dir():
        pytest.skip("needs the authors' published outputs")
    original = mean(data_root / "set5" / "HR")
    assert mean(authors / "SRGAN-VGG54" / "set5") == pytest.approx(original, rel=0.15)
    assert mean(authors / "SRResNet-MSE" / "set5") < 0.85 * original


def test_figures_of_an_image_against_itself_are_perfect() -> None:
    image = RNG.integers(0, 256, (64, 80, 3)).astype(np.uint8)
    assert audit.texture(image, image) == pytest.approx(1)
    assert audit.correlation(image, image) == pytest.approx(1)
    assert audit.correlation(np.full((64, 80), 7, np.uint8), image) == 0
    assert audit.consistency(image, resize.reduce(image, 4)) > 50


def test_texture_is_the_energy_of_fine_detail_alone() -> None:
    noise = RNG.normal(0, 8, (128, 128))
    fine, finer = images.to_8bit(128 + noise), images.to_8bit(128 + 2 * noise)
    assert audit.texture(finer, fine) == pytest.approx(4, rel=0.02)
    brighter = images.to_8bit(fine + 40 * np.cos(2 * np.pi * np.arange(128) / 128))
    assert audit.texture(brighter, fine) == pytest.approx(1, abs=0.05)


def test_detail_in_other_places_does_not_correlate() -> None:
    left, right = np.full((128, 128), 128.0), np.full((128, 128), 128.0)
    left[:, :64] += RNG.normal(0, 9, (128, 64))
    right[:, 64:] += RNG.normal(0, 9, (128, 64))
    assert audit.correlation(images.to_8bit(left), images.to_8bit(right)) < -0.5
    assert audit.correlation(images.to_8bit(left), images.to_8bit(left[::-1])) > 0.9
