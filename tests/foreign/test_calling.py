"""Networks that want more than a picture, or give several, are called as their card says."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from srbench.errors import MethodError
from srbench.foreign.calling import Called


class Several(nn.Module):
    def forward(self, image: Tensor, scale: int = 1, add: float = 0.0) -> Any:
        return [image * scale + add, image - 1]


IMAGE = torch.ones(1, 3, 4, 4)


@pytest.mark.parametrize(("output", "expected"), [(0, 8.0), (1, 0.0), (-1, 0.0), (-2, 8.0)])
def test_the_picture_is_the_output_that_is_named(output: int, expected: float) -> None:
    called = Called(Several(), {"scale": 3, "add": 5.0}, output, "it")
    assert called(IMAGE).unique().tolist() == [expected]


@pytest.mark.parametrize("output", [2, -3])
def test_an_output_that_is_not_there_is_told_with_how_many_there_are(output: int) -> None:
    with pytest.raises(MethodError, match=rf"it gives 2 outputs; the card asks for {output}\."):
        Called(Several(), {}, output, "it")(IMAGE)


def test_a_single_picture_is_no_list_of_its_rows() -> None:
    with pytest.raises(MethodError, match=r"it gives 1 output; the card asks for 0\."):
        Called(nn.Identity(), {}, 0, "it")(IMAGE)
    assert Called(nn.Identity(), {}, None, "it")(IMAGE) is IMAGE


def test_its_weights_are_those_of_the_network_inside() -> None:
    inside = nn.Conv2d(3, 3, 1)
    assert [id(one) for one in Called(inside, {}, None, "it").parameters()] == [id(one) for one in inside.parameters()]
