"""A network that others learn from: the mean of what it makes of each crop's orientations.

Turned and mirrored, an image gives a network seven more chances to be wrong in another way, and the mean of its answers
is nearer to the original than each of them (Timofte et al., "Seven ways to improve example-based single image super
resolution", 2016). It is what a network of the same size can learn without the scatter of originals.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from srbench.training import orientations


@dataclass(frozen=True)
class Teacher:
    """Makes what is learned in the place of HR crops.

    Attributes:
        network: Makes SR crops, (N, C, H, W), of LR crops.
        count: In how many orientations it sees each, 1..8; they are drawn anew each time.
        autocast: The context in which it computes.
    """

    network: nn.Module
    count: int
    autocast: Callable[[], AbstractContextManager[Any]]

    def __post_init__(self) -> None:
        self.network.eval().requires_grad_(False)

    def __call__(self, lr: Tensor) -> Tensor:
        """Return the mean SR crops of the orientations, float32, as upright as `lr`."""
        drawn = torch.randperm(orientations.COUNT)[: self.count].tolist()
        with torch.no_grad(), self.autocast():
            return orientations.answers(self.network, lr, drawn).mean(0)
