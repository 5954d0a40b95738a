"""DRCN: one convolution applied many times, with a prediction after each time."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn


class DRCN(nn.Module):
    """The network of Kim et al., "Deeply-recursive convolutional network ..." (CVPR 2016).

    Initialised as in the paper: the recursive convolution starts as the identity, all others from He's normal
    distribution; but the very last one starts at zero, so that training sets out from bicubic interpolation and not
    from noise on top of it. The predictions are averaged with learned weights that are divided by their sum.

    Args:
        recursions: How often the recursive convolution is applied (1,775,121 parameters with 16).
        width: Channels of every hidden layer.
        averaged: Of how many recursions the predictions are averaged, counted from the last; None averages those of
            all, as the paper does. What is not averaged is not computed: predictions are half of all arithmetic.
    """

    architecture: ClassVar[str] = "drcn"

    def __init__(self, recursions: int = 16, width: int = 256, averaged: int | None = None) -> None:
        super().__init__()
        self.averaged = recursions if averaged is None else averaged
        self.arguments: dict[str, object] = {"recursions": recursions, "width": width, "averaged": self.averaged}
        self.embedding = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(inplace=True),
        )
        self.recursion = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU(inplace=True))
        self.reconstruction = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(width, 1, 3, padding=1)
        )
        self.weights = nn.Parameter(torch.full((recursions,), 1 / recursions))
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type] # all convolutions here have one
        nn.init.dirac_(self.recursion[0].weight)  # type: ignore[arg-type] # a Sequential forgets its types
        nn.init.zeros_(self.reconstruction[-1].weight)  # type: ignore[arg-type] # a Sequential forgets its types

    @property
    def parts(self) -> list[nn.Module]:
        """The modules that are compiled one by one: unrolled, as many recursions as a step makes take minutes each."""
        return [self.embedding, self.recursion, self.reconstruction]

    @property
    def halo(self) -> int:
        """How many input pixels around a piece its output depends on."""
        return 2 + self.weights.numel() + 2

    def predictions(self, enlarged: Tensor, count: int | None = None) -> Tensor:
        """Return the predictions that are averaged, (predictions, N, 1, H, W), to supervise each of them.

        Args:
            enlarged: Bicubically enlarged luma, (N, 1, H, W).
            count: How many recursions to make; None makes all of them.
        """
        count = count or self.weights.numel()
        hidden = self.embedding(enlarged)
        outputs = []
        for number in range(count):
            hidden = self.recursion(hidden)
            if number >= count - self.averaged:
                outputs.append(enlarged + self.reconstruction(hidden))
        return torch.stack(outputs)

    def shares(self, count: int | None = None) -> Tensor:
        """Return the weight of each prediction that `predictions` returns, the sum of them being one."""
        weights = self.weights[:count][-self.averaged :]
        return weights / weights.sum()

    def average(self, predictions: Tensor, count: int | None = None) -> Tensor:
        """Return the weighted average of what `predictions` returned for `count`, shape (N, 1, H, W)."""
        # Under autocast the predictions may be wider or narrower than the parameters.
        mean: Tensor = torch.tensordot(self.shares(count).to(predictions.dtype), predictions, dims=1)
        return mean

    def forward(self, enlarged: Tensor) -> Tensor:
        """Return the sharpened luma; both are (N, 1, H, W) with 0..1 standing for the 8-bit values 0..255."""
        return self.average(self.predictions(enlarged))
