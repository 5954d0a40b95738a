"""Training crops are parts of what the tested imresize makes of whole photographs, at any place and turn."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from srbench import resize
from srbench.training import patches
from srbench.training.patches import Cutter, Shape
from srbench.training.photographs import Photographs, pack, to_luma

# Noise, because every sample of it answers to every tap of the kernel.
NOISE = [np.random.default_rng(i).integers(0, 256, (83 + i, 97 - i, 3), dtype=np.uint8) for i in range(3)]


def packed(smallest: int, luma: bool = False) -> Photographs:
    return pack([(Path(f"{i}.png"), image) for i, image in enumerate(NOISE)], smallest, luma)


def turned(image: np.ndarray, turn: int) -> np.ndarray:
    """Flip and transpose, with NumPy's means, a whole image as the cutter turns crops."""
    if turn & 2:
        image = image[::-1]
    if turn & 4:
        image = image[:, ::-1]
    return image.swapaxes(0, 1) if turn & 1 else image


def place_after(turn: int, height: int, width: int, top: int, left: int, size: int) -> tuple[int, int]:
    """Return where the window at (top, left) begins once the whole image is turned."""
    mask = np.zeros((height, width), bool)
    mask[top : top + size, left : left + size] = True
    rows, columns = np.nonzero(turned(mask, turn))
    return int(rows.min()), int(columns.min())


def eight_bit(crops: torch.Tensor) -> np.ndarray:
    values = (crops[0] * 255).permute(1, 2, 0).numpy()
    assert np.abs(values - values.round()).max() < 1e-3
    return values.round().astype(np.uint8)


@pytest.mark.parametrize("luma", [False, True])
@pytest.mark.parametrize("scale", [2, 3, 4])
@settings(max_examples=40, deadline=None, database=None)
@given(data=st.data())
def test_a_crop_is_a_part_of_the_reduced_whole_photograph_at_any_place_and_turn(scale, luma, data) -> None:
    shape = Shape(4 * scale, scale, enlarge=data.draw(st.booleans()))
    number = data.draw(st.integers(0, len(NOISE) - 1))
    photo = to_luma(NOISE[number])[:, :, None] if luma else NOISE[number]
    top = data.draw(st.integers(0, photo.shape[0] - shape.window))
    left = data.draw(st.integers(0, photo.shape[1] - shape.window))
    turn = data.draw(st.integers(0, 7))

    batch = Cutter(packed(shape.window, luma), shape).cut(*(torch.tensor([n]) for n in (number, top, left, turn)))

    # LR pixels lie on a grid, so the photograph has to begin a whole number of them before the crop.
    grid = photo[top % scale :, left % scale :]
    grid = grid[: grid.shape[0] // scale * scale, : grid.shape[1] // scale * scale]
    row, column = place_after(turn, *grid.shape[:2], top // scale * scale, left // scale * scale, shape.window)
    row, column, size = row + shape.border, column + shape.border, shape.crop
    whole = np.ascontiguousarray(turned(grid, turn))
    np.testing.assert_array_equal(eight_bit(batch.hr), whole[row : row + size, column : column + size])
    lr = resize.reduce(whole, scale)
    part = (slice(row // scale, (row + size) // scale), slice(column // scale, (column + size) // scale))
    np.testing.assert_array_equal(eight_bit(batch.lr), lr[part])
    if batch.enlarged is not None:
        big = resize.enlarge(lr, scale)
        np.testing.assert_array_equal(eight_bit(batch.enlarged), big[row : row + size, column : column + size])


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_validation_images_are_reduced_and_enlarged_as_imresize_would(scale: int) -> None:
    image = NOISE[0][: 18 * scale, : 22 * scale]
    reduced = patches.reduced(torch.tensor(image).permute(2, 0, 1)[None].float(), scale)
    lr = resize.reduce(image, scale, boundary="replicate")
    np.testing.assert_array_equal(reduced[0].permute(1, 2, 0).numpy(), lr)
    enlarged = patches.enlarged(reduced, scale)[0].permute(1, 2, 0).numpy()
    inside = (slice(2 * scale, -2 * scale),) * 2  # at the border `enlarged` repeats edges and `enlarge` mirrors them
    np.testing.assert_array_equal(enlarged[inside], resize.enlarge(lr, scale)[inside])


def test_no_drawn_crop_runs_over_the_edge_of_its_photograph_and_none_is_forgotten() -> None:
    shape = Shape(40, 4)
    photos = packed(shape.window)
    pixels, ends = photos.pixels.clone(), [*photos.offsets[1:].tolist(), len(photos.pixels)]
    for number, (first, last) in enumerate(zip(photos.offsets.tolist(), ends, strict=True)):
        pixels[first:last] = 50 * number  # a crop of two photographs would have two colours
    cutter = Cutter(dataclasses.replace(photos, pixels=pixels), shape)
    colours = (cutter.draw(200, torch.Generator().manual_seed(0)).hr.flatten(1) * 255).round()
    assert torch.equal(colours.amin(1), colours.amax(1))
    assert set(colours[:, 0].int().tolist()) == {0, 50, 100}
