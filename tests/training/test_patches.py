"""Crops are what reducing the whole photograph would give, wherever and however they are cut."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from srbench import resize
from srbench.errors import TrainingError
from srbench.training import patches, photographs
from srbench.training.patches import Cutter, Shape
from srbench.training.photographs import Photographs
from tests.training.conftest import picture


def numbers(*values: int) -> torch.Tensor:
    return torch.tensor(values)


@pytest.mark.parametrize("scale", [2, 4])
def test_the_lr_crop_is_a_part_of_the_reduced_photograph(packed: Photographs, scale: int) -> None:
    shape = Shape(24, scale)
    top, left = 2 * scale, 3 * scale
    batch = Cutter(packed, shape).cut(numbers(1), numbers(top), numbers(left), numbers(0))
    whole = resize.reduce(picture(1), scale)
    row, column = (top + shape.border) // scale, (left + shape.border) // scale
    expected = whole[row : row + 24 // scale, column : column + 24 // scale]
    assert np.array_equal((batch.lr[0] * 255).round().numpy().transpose(1, 2, 0), expected)


def test_the_enlarged_crop_is_a_part_of_the_enlarged_lr_image() -> None:
    photos = photographs.pack([(None, picture(2))], 32, luma=True)  # type: ignore[list-item] # no file is behind it
    shape = Shape(24, 4, enlarge=True)
    batch = Cutter(photos, shape).cut(numbers(0), numbers(4), numbers(8), numbers(0))
    bicubic = resize.enlarge(resize.reduce(photographs.to_luma(picture(2)), 4), 4)
    top, left = 4 + shape.border, 8 + shape.border
    assert np.array_equal((batch.enlarged[0, 0] * 255).round().numpy(), bicubic[top : top + 24, left : left + 24])
    assert batch.lr.shape == (1, 1, 6, 6)


@pytest.mark.parametrize("turn", range(8))
def test_both_ways_of_cutting_agree_for_all_flips_and_rotations(packed: Photographs, turn: int) -> None:
    size = Shape(16, 4).window
    places = torch.stack([numbers(packed.offsets[1].item() + 5), numbers(96 * 112), numbers(112), numbers(turn)])
    assert torch.equal(patches._sliced(packed, size, places), patches._gathered(packed, size, places))


def test_the_eight_turns_are_eight_different_crops(packed: Photographs) -> None:
    crops = Cutter(packed, Shape(16, 4)).cut(*(torch.zeros(8, dtype=torch.long) for _ in range(3)), torch.arange(8)).hr
    assert len({crop.numpy().tobytes() for crop in crops}) == 8


def test_shares_of_a_team_make_up_the_batch_of_one_process(packed: Photographs) -> None:
    cutter = Cutter(packed, Shape(16, 4))
    draw = lambda share: cutter.draw(4, torch.Generator().manual_seed(1), share).hr  # noqa: E731 - used three times
    assert torch.equal(draw(slice(None))[1::2], draw(slice(1, None, 2)))
    assert torch.equal(draw(slice(None))[0::2], draw(slice(0, None, 2)))


def test_luma_is_the_same_on_arrays_and_tensors() -> None:
    image = picture(3)
    tensor = torch.tensor(image).permute(2, 0, 1)[None].float()
    assert np.array_equal(patches.luma(tensor)[0, 0].numpy(), photographs.to_luma(image))


def test_a_whole_image_is_reduced_like_the_test_sets() -> None:
    image = picture(4)
    ours = patches.reduced(torch.tensor(image).permute(2, 0, 1)[None].float(), 4)
    theirs = resize.reduce(image, 4, boundary="replicate")
    assert np.array_equal(ours[0].numpy().transpose(1, 2, 0), theirs)


def test_photographs_that_are_too_small_are_left_out_or_refused() -> None:
    small, large = picture(0, 20, 20), picture(1)
    assert len(photographs.pack([(None, small), (None, large)], 32)) == 1  # type: ignore[list-item]
    with pytest.raises(TrainingError, match="smaller crops with --crop"):
        photographs.pack([(None, small)], 32)  # type: ignore[list-item]
